#!/bin/sh
# Everything that the containers read, made from the shop's rule files. Run by `compose.yaml` before
# the others start, and again after the rules were edited: docker compose run --rm prepare
# usage: prepare.sh RULES MADE  (PROMETHEUS_YML: the configuration to copy, beside this script)
set -eu
rules=$1 made=$2
here=$(dirname "$0")

python -m demo_services.shop.containers --rules "$rules" --out "$made/rules" \
    --network "$NETWORK" --elasticsearch "$ELASTICSEARCH_URL"
sidecar check "$made"/rules/*.rules.yaml

mkdir -p "$made/prometheus" "$made/alertmanager" "$made/grafana"
cp "$here/prometheus.yml" "$made/prometheus/"
sidecar alerts "$made"/rules/*.rules.yaml --profile demo --grafana "$GRAFANA_URL" \
    --form prometheus --out "$made/prometheus/alerts.rules.yml"
sidecar alerts "$made"/rules/*.rules.yaml --profile demo \
    --page-to "$PAGER_URL/page" --ticket-to "$PAGER_URL/ticket" \
    --form alertmanager --out "$made/alertmanager/alertmanager.yml"

# Grafana watches nothing here: Alertmanager tells. Rules of both would wake people twice.
sidecar provision grafana --files "$made/grafana" --files-at "$made/grafana" --scrape-interval 1s \
    --prometheus "$PROMETHEUS_URL" --elasticsearch "$ELASTICSEARCH_URL" --traces "$TRACES_URL"
# Its other kinds of provisioning look for their folders, too.
mkdir -p "$made/grafana/plugins" "$made/grafana/alerting"
