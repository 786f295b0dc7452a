"""What all who speak to Elasticsearch share: how it is reached, and how it reads our documents."""
