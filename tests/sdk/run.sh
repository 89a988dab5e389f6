#!/bin/sh
# The official SDKs against the running binary, which TIDEGATE_BIN names; docs/dialects.md shows what they saw.
#   sh run.sh [SUITE…]         a suite is a file such as test_anthropic.py or test_ollama.mjs; without one, all of them
#   TIDEGATE_WRITE_MATRIX=1    writes what was seen into docs/dialects.md instead of comparing
set -eu
cd "$(dirname "$0")"
root=$(cd ../.. && pwd)
: "${TIDEGATE_BIN:?names the binary}"
if ! command -v python3 >/dev/null; then echo "skipped: python3 is not installed"; exit 0; fi
write=${TIDEGATE_WRITE_MATRIX:-}
unset TIDEGATE_WRITE_MATRIX
suites=${*:-$(ls test_*.py test_*.mjs)}
python=$(for suite in $suites; do case $suite in test_openai.py) ;; *.py) echo "$suite" ;; esac; done)
node=$(for suite in $suites; do case $suite in test_openai.mjs) ;; *.mjs) echo "$suite" ;; esac; done)

venv="$root/.venv"
if ! cmp -s requirements.txt "$venv/tests-sdk.txt"; then
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet -r requirements.txt
  cp requirements.txt "$venv/tests-sdk.txt"
fi
if ! command -v npm >/dev/null; then
  echo "skipped: npm is not installed, so the Node SDKs are not tried"
elif ! cmp -s package-lock.json node_modules/tests-sdk.json; then
  npm ci --silent --no-audit --no-fund
  cp package-lock.json node_modules/tests-sdk.json
fi

work=$(mktemp -d)
started=
# shellcheck disable=SC2154 # `it` is assigned in the string itself
trap 'for it in $started; do kill "$it" 2>/dev/null || true; done; wait 2>/dev/null || true; rm -rf "$work"' EXIT
trap 'exit 1' INT TERM

# Ports that are free now, so that a gate of somebody else is neither in the way nor tested.
# shellcheck disable=SC2046 # ports, split on purpose
set -- $(python3 -c 'import socket
sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(5)]
print(*(s.getsockname()[1] for s in sockets))')

# gate CONFIG PORT ADMIN_PORT [FLAG…]: starts one and waits until it is ready.
gate() {
  config=$1 listen=127.0.0.1:$2 admin=127.0.0.1:$3
  shift 3
  TIDEGATE_LISTEN=$listen TIDEGATE_ADMIN__LISTEN=$admin "$TIDEGATE_BIN" serve --config "$config" --no-watch "$@" 2>"$work/gate.log" &
  pid=$!
  started="$started $pid"
  for _ in $(seq 1 100); do
    if ! kill -0 $pid 2>/dev/null; then echo "the gate did not start:"; cat "$work/gate.log"; exit 1; fi
    if "$TIDEGATE_BIN" health --url "http://$admin/readyz" >/dev/null 2>&1; then return; fi
    sleep 0.2
  done
  echo "the gate is not ready:"; cat "$work/gate.log"; exit 1
}

gate tidegate.yaml "$1" "$2" --demo-rate 0
python3 upstream.py "$5" >"$work/model.txt" &
started="$started $!"
export TIDEGATE_UPSTREAMS__MODEL__URL="http://127.0.0.1:$5"
gate dialects.yaml "$3" "$4"
unset TIDEGATE_UPSTREAMS__MODEL__URL

failed=0
# The first gate, in front of the demo model.
export TIDEGATE_LISTEN="127.0.0.1:$1" TIDEGATE_ADMIN__LISTEN="127.0.0.1:$2"
case " $suites " in *test_openai.py*) "$venv/bin/pytest" test_openai.py || failed=1 ;; esac
if [ -d node_modules ]; then
  case " $suites " in *test_openai.mjs*) node --test test_openai.mjs || failed=1 ;; esac
fi
# The second, in front of the scripted one.
export SDK_BASE="http://127.0.0.1:$3" SDK_METRICS="http://127.0.0.1:$4/metrics" SDK_UPSTREAM="http://127.0.0.1:$5" SDK_MATRIX="$work/matrix.jsonl"
# shellcheck disable=SC2086 # names without blanks, split on purpose
if [ -n "$python" ]; then "$venv/bin/pytest" $python || failed=1; fi
# shellcheck disable=SC2086 # names without blanks, split on purpose
if [ -n "$node" ] && [ -d node_modules ]; then node --test --test-concurrency=1 $node || failed=1; fi
if [ -e "$SDK_MATRIX" ] && [ $failed = 0 ]; then
  python3 matrix.py "$SDK_MATRIX" "$root/docs/dialects.md" ${write:+--write} || failed=1
fi
exit $failed
