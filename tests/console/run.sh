#!/bin/sh
# The console: who may do what, an identity provider, the description of the interface, and every page in a real browser.
# TIDEGATE_BIN names the binary. Debian's package `chromium` holds the browser; what is missing and cannot be installed is
# named and skipped. CONSOLE_IMAGES=1 writes the pictures of the documents anew.
set -eu
cd "$(dirname "$0")"
: "${TIDEGATE_BIN:?names the binary}"
if ! command -v python3 >/dev/null; then echo "skipped: python3 is not installed"; exit 0; fi

if ! command -v chromium >/dev/null && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  (apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium fonts-noto-cjk) >/dev/null 2>&1 || true
fi
venv=$(cd ../.. && pwd)/.venv
if ! cmp -s requirements.txt "$venv/tests-console.txt"; then
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet -r requirements.txt
  cp requirements.txt "$venv/tests-console.txt"
fi
if ! command -v npm >/dev/null; then
  echo "skipped: npm is not installed, so it is not tried whether console/dist is what console/src says"
else
  (cd ../../console && npm ci --silent --no-audit --no-fund && npm test --silent >/dev/null && sh check.sh)
fi
exec "$venv/bin/python" console.py
