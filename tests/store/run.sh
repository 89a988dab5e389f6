#!/bin/sh
# The store in SQLite and in a real PostgreSQL: one contract for both, gates that share a database, and what is left
# after the gate or the database is killed; and webhooks, read by the library of Standard Webhooks. TIDEGATE_BIN names the binary.
# Debian's package `postgresql` holds the server; what is missing and cannot be installed is named and skipped.
set -eu
cd "$(dirname "$0")"
: "${TIDEGATE_BIN:?names the binary}"
if ! command -v python3 >/dev/null; then echo "skipped: python3 is not installed"; exit 0; fi

if ! python3 postgres.py --where >/dev/null && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  # RUNLEVEL=1: the package does not start a server of its own.
  (apt-get update -qq && RUNLEVEL=1 apt-get install -y -qq --no-install-recommends postgresql) >/dev/null 2>&1 || true
fi
venv=$(cd ../.. && pwd)/.venv
if ! cmp -s requirements.txt "$venv/tests-store.txt"; then
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet -r requirements.txt
  cp requirements.txt "$venv/tests-store.txt"
fi
exec "$venv/bin/python" store.py
