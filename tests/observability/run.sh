#!/bin/sh
# A real Prometheus scrapes a real gate under traffic: metrics, dashboard and alerts. TIDEGATE_BIN names the binary.
# Debian's package `prometheus` holds the server and promtool; what is missing and cannot be installed is named and skipped.
set -eu
cd "$(dirname "$0")"
: "${TIDEGATE_BIN:?names the binary}"
if ! command -v python3 >/dev/null; then echo "skipped: python3 is not installed"; exit 0; fi
python3 ../../tools/dashboard.py --check

has_prometheus() { command -v prometheus >/dev/null && command -v promtool >/dev/null; }
if ! has_prometheus && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  # RUNLEVEL=1: the package does not start a server of its own.
  (apt-get update -qq && RUNLEVEL=1 apt-get install -y -qq --no-install-recommends prometheus) >/dev/null 2>&1 || true
fi
if ! has_prometheus; then
  echo "skipped: prometheus is not installed (apt-get install prometheus), so metrics, dashboard and alerts are not tried"
  exit 0
fi
exec python3 observe.py
