#!/bin/sh
# The gate's spans, read by a collector that knows OTLP from its own definitions; TIDEGATE_BIN names the binary.
set -eu
cd "$(dirname "$0")"
root=$(cd ../.. && pwd)
: "${TIDEGATE_BIN:?names the binary}"
if ! command -v python3 >/dev/null; then echo "skipped: python3 is not installed"; exit 0; fi

venv="$root/.venv"
if ! cmp -s requirements.txt "$venv/tests-otlp.txt"; then
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet -r requirements.txt
  cp requirements.txt "$venv/tests-otlp.txt"
fi
exec "$venv/bin/python" collect.py
