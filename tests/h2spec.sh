#!/bin/sh
# HTTP/2 conformance of the gate with h2spec (https://github.com/summerwind/h2spec), where it is installed. It passes when
# at most two tests fail: 3.5/2 always does (a bad preface is answered as HTTP/1 and closed, not with GOAWAY), and one or
# another is lost now and then to an answer that the gate gives before it has read the whole request, as it may.
set -eu
bin=${TIDEGATE_BIN:?the binary of the gate}
if ! command -v "${H2SPEC:-h2spec}" >/dev/null; then
  echo "skipped: h2spec is not installed (H2SPEC=PATH)"
  exit 0
fi
folder=$(mktemp -d)
trap 'kill "$gate" 2>/dev/null || true; rm -rf "$folder"' EXIT
"$bin" serve --config config/tidegate.yaml >"$folder/log" 2>&1 &
gate=$!
for _ in 1 2 3 4 5 6 7 8 9 10; do
  sleep 1
  "$bin" health >/dev/null 2>&1 && break
done
"${H2SPEC:-h2spec}" -h 127.0.0.1 -p 8080 -P /v1/models -o 5 >"$folder/report" 2>&1 || true
sed -n '/^Failures/,$p' "$folder/report"
failed=$(sed -n 's/.* \([0-9]*\) failed$/\1/p' "$folder/report")
test "${failed:-99}" -le 2
