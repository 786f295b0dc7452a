"""What is shown to whoever watches: queries, panels and dashboards for Grafana, made in Python.

``python -m dashboards`` writes them to ``generated``, which is what is committed and installed.
"""
