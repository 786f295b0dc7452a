"""Whoever would be woken: takes the webhooks of Alertmanager and Grafana, and says what came."""
