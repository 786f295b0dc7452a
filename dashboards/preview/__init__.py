"""Dashboards as pictures, for these pages: drawn from their JSON and from what servers answer.

For documentation alone. It draws what our panels use, much as Grafana does it, and nothing else.
"""
