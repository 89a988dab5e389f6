#!/bin/sh
# `tidegate scan` beside other programs: Parquet against pyarrow, and the documented example for Spark against one process.
# TIDEGATE_BIN names the binary; SCAN_SEED gives other data. What is missing is named and skipped.
set -eu
cd "$(dirname "$0")"
root=$(cd ../.. && pwd)
: "${TIDEGATE_BIN:?names the binary}"
if ! command -v python3 >/dev/null; then echo "skipped: python3 is not installed"; exit 0; fi

venv="$root/.venv"
if ! cmp -s requirements.txt "$venv/tests-scan.txt"; then
  python3 -m venv "$venv"
  if ! "$venv/bin/pip" install --quiet -r requirements.txt; then
    echo "skipped: pip could not install pyarrow and pyspark (no network?), so Parquet and Spark are not tried"
    exit 0
  fi
  cp requirements.txt "$venv/tests-scan.txt"
fi
"$venv/bin/python" tables.py

# Spark 4 needs Java 17 or later.
has_java() { java -version >/dev/null 2>&1; }
if ! has_java && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  (apt-get update -qq && apt-get install -y -qq --no-install-recommends openjdk-17-jre-headless) >/dev/null 2>&1 ||
    (apt-get install -y -qq --no-install-recommends default-jre-headless) >/dev/null 2>&1 || true
fi
if ! has_java; then
  echo "skipped: java is not installed (apt-get install default-jre-headless), so the example for Spark is not tried"
  exit 0
fi
exec "$venv/bin/python" spark.py
