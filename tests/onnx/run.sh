#!/bin/sh
# A real transformer in process against onnxruntime: the same texts, the same model, the same embeddings.
# It needs pip and the network once; without them it says so and leaves the tests out.
set -eu
cd "$(dirname "$0")"
root=$(cd ../.. && pwd)
: "${CARGO:=cargo}"
if ! command -v python3 >/dev/null; then echo "skipped: python3 is not installed"; exit 0; fi

venv="$root/.venv"
if ! cmp -s requirements.txt "$venv/tests-onnx.txt"; then
  python3 -m venv "$venv"
  # Of two of the packages only the files are needed, and not the libraries that they name.
  if ! "$venv/bin/pip" install --quiet --no-deps -r requirements.txt ||
     ! "$venv/bin/pip" install --quiet onnxruntime; then
    echo "skipped: pip cannot install tests/onnx/requirements.txt (no network?)"
    exit 0
  fi
  cp requirements.txt "$venv/tests-onnx.txt"
fi
work="$venv/onnx"                    # kept: `cargo bench --bench transformer` reads it too
mkdir -p "$work"
"$venv/bin/python" compare.py "$work"
cd "$root"
TIDEGATE_ONNX_REAL="$work" "$CARGO" test --locked --quiet --test onnx -- --nocapture
