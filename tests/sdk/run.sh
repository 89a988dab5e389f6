#!/bin/sh
# The official SDKs against the running binary. TIDEGATE_BIN names it.
set -eu
cd "$(dirname "$0")"
root=$(cd ../.. && pwd)
: "${TIDEGATE_BIN:?names the binary}"
if ! command -v python3 >/dev/null; then echo "skipped: python3 is not installed"; exit 0; fi
venv="$root/.venv"
if ! [ -x "$venv/bin/pytest" ] || ! "$venv/bin/pip" freeze | grep -q "^$(head -1 requirements.txt)$"; then
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet -r requirements.txt
fi
# Two ports that are free now, so that a gate of somebody else is neither in the way nor tested.
ports=$(python3 -c 'import socket
sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
print(*(s.getsockname()[1] for s in sockets))')
export TIDEGATE_LISTEN="127.0.0.1:${ports% *}" TIDEGATE_ADMIN__LISTEN="127.0.0.1:${ports#* }"
"$TIDEGATE_BIN" serve --config tidegate.yaml --demo-rate 0 --no-watch 2>"${TMPDIR:-/tmp}/tidegate-sdk.log" &
gate=$!
trap 'kill $gate 2>/dev/null || true; wait $gate 2>/dev/null || true' EXIT
for _ in $(seq 1 100); do
  if ! kill -0 $gate 2>/dev/null; then
    echo "the gate did not start:"; cat "${TMPDIR:-/tmp}/tidegate-sdk.log"; exit 1
  fi
  if "$TIDEGATE_BIN" health --url "http://$TIDEGATE_ADMIN__LISTEN/readyz" >/dev/null 2>&1; then break; fi
  sleep 0.2
done
"$venv/bin/pytest" -q -p no:cacheprovider test_openai.py
if command -v npm >/dev/null; then
  npm ci --silent --no-audit --no-fund
  node --test test_openai.mjs
else
  echo "skipped: npm is not installed, so the Node SDK was not tried"
fi
