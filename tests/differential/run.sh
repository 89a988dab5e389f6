#!/bin/sh
# The same bytes to the gate and to real parsers (T23, T24): nothing may be read behind the gate that was not screened.
# TIDEGATE_BIN names the binary; DIFFERENTIAL_SEED and DIFFERENTIAL_COUNT choose what is generated.
set -eu
cd "$(dirname "$0")"
: "${TIDEGATE_BIN:?names the binary}"
if ! command -v python3 >/dev/null; then echo "skipped: python3 is not installed, so no parsers are compared"; exit 0; fi
if ! command -v node >/dev/null; then echo "node is not installed, so only parsers of Python are compared"; fi
exec python3 compare.py
