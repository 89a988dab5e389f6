#!/bin/sh
# Remote classifiers that others have made, behind the running binary, which TIDEGATE_BIN names: a Presidio analyzer, an ONNX model in
# MLServer, the detectors of TrustyAI. They need pip and the network once; without them it says so and leaves the tests out.
set -eu
cd "$(dirname "$0")"
root=$(cd ../.. && pwd)
: "${TIDEGATE_BIN:?names the binary}"
if ! command -v python3 >/dev/null; then echo "skipped: python3 is not installed"; exit 0; fi

# A folder of its own: these servers want other versions of what they share with the SDKs.
venv="$root/.venv/hooks"
if ! cmp -s requirements.txt "$venv/tests-hooks.txt"; then
  python3 -m venv "$venv"
  # Most of what is installed is never imported, so nothing is compiled beforehand.
  if ! "$venv/bin/pip" install --quiet --no-compile -r requirements.txt; then
    echo "skipped: pip could not install tests/hooks/requirements.txt (no network?), so hooks are not tried with real servers"
    exit 0
  fi
  cp requirements.txt "$venv/tests-hooks.txt"
fi
export TIDEGATE_BIN
exec "$venv/bin/pytest" "$@"
