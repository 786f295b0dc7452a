"""Alerts that follow from rule files: made once, written for Prometheus, Alertmanager, Grafana.

Pure: rule files go in, groups of rules come out, and each writer turns the same groups into what
its reader wants.
"""
