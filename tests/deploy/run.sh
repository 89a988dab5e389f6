#!/bin/sh
# What runs the gate elsewhere, checked here: images, manifests and units by their own tools, every configuration in them by the
# gate, their processes for real without containers, and what a release brings along. TIDEGATE_BIN names the binary.
# What is missing is named and skipped.
set -eu
cd "$(dirname "$0")"
root=$(cd ../.. && pwd)
: "${TIDEGATE_BIN:?names the binary}"
if ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
  echo "skipped: python3, 3.11 or later, is not installed, so deployments are not tried"
  exit 0
fi

venv="$root/.venv"
if ! cmp -s requirements.txt "$venv/tests-deploy.txt"; then
  python3 -m venv "$venv"
  if ! "$venv/bin/pip" install --quiet -r requirements.txt; then
    echo "skipped: pip could not install the checkers of requirements.txt (no network?), so deployments are not tried"
    exit 0
  fi
  cp requirements.txt "$venv/tests-deploy.txt"
fi
PATH="$venv/bin:$PATH"
export PATH
exec python3 -m unittest --quiet "$@"
