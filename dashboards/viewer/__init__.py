"""A dashboard's questions put as Grafana puts them, and the answers in the shape that it draws.

For tests and for pictures: variables are resolved, windows computed, queries sent and answers
transformed as Grafana does it, from the JSON alone.
"""
