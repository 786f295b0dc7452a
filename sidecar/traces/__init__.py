"""Traces read back: from files, from Elasticsearch; drawn, and as Grafana asks for them."""
