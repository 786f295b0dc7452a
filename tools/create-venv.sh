#!/usr/bin/env bash
# Create the virtual environment DIRECTORY with the newest Python that works here.
# Leaves one alone that works already. usage: create-venv.sh DIRECTORY
set -euo pipefail

readonly venv=$1
readonly oldest='3, 11'

# A name on PATH proves nothing: it may be a shim without an interpreter behind it, or a Python
# without the modules that make environments. Running it does.
works() {
    "$1" -c "import ensurepip, venv, sys; sys.exit(sys.version_info < ($oldest))" 2>/dev/null
}

has_pip() {
    "$1" -c "import pip, sys; sys.exit(sys.version_info < ($oldest))" 2>/dev/null
}

if has_pip "$venv/bin/python"; then
    exit 0
fi

readonly candidates=${PYTHON:-python3.13 python3.12 python3.11 python3}
for candidate in $candidates; do
    if works "$candidate"; then
        echo "Creating $venv with $("$candidate" --version) ..."
        rm -rf "$venv"
        exec "$candidate" -m venv "$venv"
    fi
done

cat >&2 <<MESSAGE
No usable Python found. The project needs Python 3.11 or later, with its venv and ensurepip
modules (Debian and Ubuntu: apt-get install python3-venv). Tried: $candidates.
Name another one with: make setup PYTHON=/path/to/python3
MESSAGE
exit 1
