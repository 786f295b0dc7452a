"""What Grafana should have to show the sidecar: a folder, data sources, dashboards, alerts."""
