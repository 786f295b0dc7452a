#!/usr/bin/env bash
# Write the lock files from pyproject.toml: every version and hash, for every supported Python
# and platform. What is locked already stays as it is, unless --upgrade is given.
set -euo pipefail

cd "$(dirname "$0")/.."

compile() {
    .venv/bin/uv pip compile --quiet \
        --universal --python-version 3.11 \
        --generate-hashes --no-emit-index-url --no-emit-find-links \
        --custom-compile-command 'make lock' \
        pyproject.toml requirements/build.in "$@" >/dev/null
}

compile --extra dev --output-file requirements/everything.txt "$@"
# The same versions, fewer of them.
compile --extra demo --constraint requirements/everything.txt \
    --output-file requirements/runtime.txt "$@"
