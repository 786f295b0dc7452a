"""Templates that a cluster of Elasticsearch should have for the sidecar's documents."""
