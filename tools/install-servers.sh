#!/usr/bin/env bash
# Install the programs that the integration tests and benchmarks start: Debian's packages, and what
# only Maven Central and the Go module proxy have.
# Says nothing when all are there. Where it may not install, it says what is missing; the tests
# that need it then skip with that reason (in CI they fail).
set -euo pipefail

cd "$(dirname "$0")/.."
# shellcheck source=tools/server-versions.env
source tools/server-versions.env

# program:package
readonly wanted=(
    amtool:prometheus-alertmanager
    chromium:chromium
    curl:curl
    h2load:nghttp2-client
    haproxy:haproxy
    java:default-jre-headless
    mvn:maven
    nginx:nginx
    prometheus:prometheus
    promtool:prometheus
    slowhttptest:slowhttptest
    wrk:wrk
)

# Debian keeps servers where only root has them on PATH.
PATH=$PATH:/usr/sbin:/sbin

log=$(mktemp)
trap 'rm -f "$log"' EXIT

# attempt WHAT COMMAND...: run it quietly; show the end of what it said when it fails.
attempt() {
    local what=$1
    shift
    echo "Installing $what ..."
    if ! "$@" >"$log" 2>&1; then
        tail -n 20 "$log" >&2
        echo "Could not install $what. Tests that need that will be skipped." >&2
        return 1
    fi
}

# --- Debian's packages

missing_packages() {
    local pair
    for pair in "${wanted[@]}"; do
        command -v "${pair%%:*}" >/dev/null || echo "${pair##*:}"
    done
}

apt_install() {
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq && apt-get install -qq -y --no-install-recommends "$@"
}

install_packages() {
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
        echo "Not installed: $*. Tests that need them will be skipped." >&2
        echo "As root on Debian or Ubuntu, 'make servers' installs them." >&2
        return
    fi
    # The packages' services would start at once and take ports; the tests start their own.
    if [ ! -e /usr/sbin/policy-rc.d ]; then
        printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
        chmod +x /usr/sbin/policy-rc.d
        trap 'rm -f "$log" /usr/sbin/policy-rc.d' EXIT
    fi
    # All at once is quickest. Where one is not to be had, the others are.
    if ! attempt "$*" apt_install "$@"; then
        local package
        for package in "$@"; do
            attempt "$package" apt_install "$package" || true
        done
    fi
}

mapfile -t missing < <(missing_packages | sort -u)
if [ ${#missing[@]} -gt 0 ]; then
    install_packages "${missing[@]}"
fi

# --- Elasticsearch: Elastic's own distribution for integration tests, from Maven Central

install_elasticsearch() {
    local version=$1 repository=$HOME/.m2/repository
    local artifact=org.elasticsearch.distribution.integ-test-zip:elasticsearch
    local archive=$repository/org/elasticsearch/distribution/integ-test-zip/elasticsearch
    if [ -e "$archive/$version/elasticsearch-$version.zip" ]; then
        return
    fi
    if ! command -v mvn >/dev/null; then
        echo "Elasticsearch $version needs mvn (Maven) to be fetched." >&2
        return
    fi
    attempt "Elasticsearch $version" \
        mvn --batch-mode --quiet -Dmaven.repo.local="$repository" dependency:get \
        -Dtransitive=false -Dartifact="$artifact:$version:zip" || true
}

install_elasticsearch "$ELASTICSEARCH_8"
install_elasticsearch "$ELASTICSEARCH_9"

# --- toxiproxy, and what reads compose files for `docker compose`: built from their Go modules

# build PROGRAM VERSION PACKAGE: PACKAGE of that version becomes PROGRAM-VERSION.
build() {
    local folder=${XDG_CACHE_HOME:-$HOME/.cache}/governance-sidecar/servers
    local program=$folder/$1-$2
    if [ -x "$program" ]; then
        return
    fi
    if ! command -v go >/dev/null; then
        echo "$1 needs go to be built. Tests that need it will be skipped." >&2
        return
    fi
    mkdir -p "$folder"
    if attempt "$1 $2" env GOBIN="$folder" go install "$3@v$2"; then
        mv "$folder/$(basename "$3")" "$program"
    fi
}

build toxiproxy-server "$TOXIPROXY" github.com/Shopify/toxiproxy/v2/cmd/server
build compose-go "$COMPOSE_GO" github.com/compose-spec/compose-go/v2/cmd
