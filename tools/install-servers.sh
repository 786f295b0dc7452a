#!/usr/bin/env bash
# Install the Debian packages whose programs the integration tests and benchmarks start.
# Says nothing when all are there. Where it may not install, it says what is missing; the tests
# that need it then skip with that reason (in CI they fail).
set -euo pipefail

# program:package
readonly wanted=(
    curl:curl
    h2load:nghttp2-client
    haproxy:haproxy
    nginx:nginx
    prometheus:prometheus
    promtool:prometheus
    slowhttptest:slowhttptest
    wrk:wrk
)

# Debian keeps servers where only root has them on PATH.
PATH=$PATH:/usr/sbin:/sbin

missing=()
for pair in "${wanted[@]}"; do
    if ! command -v "${pair%%:*}" >/dev/null; then
        missing+=("${pair##*:}")
    fi
done
if [ ${#missing[@]} -eq 0 ]; then
    exit 0
fi

if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    echo "Not installed: ${missing[*]}. Tests that need them will be skipped." >&2
    echo "As root on Debian or Ubuntu, 'make servers' installs them." >&2
    exit 0
fi

# The packages' services would start at once and take ports; the tests start their own.
if [ ! -e /usr/sbin/policy-rc.d ]; then
    printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
    chmod +x /usr/sbin/policy-rc.d
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
fi

echo "Installing ${missing[*]} ..."
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
if ! {
    apt-get update -qq &&
        apt-get install -qq -y --no-install-recommends "${missing[@]}"
} >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    echo "Could not install ${missing[*]}. Tests that need them will be skipped." >&2
fi
rm -f "$log"
