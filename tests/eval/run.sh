#!/bin/sh
# The figures of `tidegate eval` against scikit-learn's, on data by chance; TIDEGATE_BIN names the binary.
#   EVAL_SEED=7 sh run.sh      other data
set -eu
cd "$(dirname "$0")"
root=$(cd ../.. && pwd)
: "${TIDEGATE_BIN:?names the binary}"
if ! command -v python3 >/dev/null; then echo "skipped: python3 is not installed"; exit 0; fi

venv="$root/.venv"
if ! cmp -s requirements.txt "$venv/tests-eval.txt"; then
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet -r requirements.txt
  cp requirements.txt "$venv/tests-eval.txt"
fi
exec "$venv/bin/python" compare.py
