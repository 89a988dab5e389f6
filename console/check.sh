#!/bin/sh
# Whether dist/ is what the sources say: builds it anew, compares, and leaves what was there.
set -eu
cd "$(dirname "$0")"
kept=$(mktemp -d)
trap 'rm -rf dist; mv "$kept/dist" dist; rm -rf "$kept"' EXIT
cp -R dist "$kept/dist"
node build.mjs >/dev/null
if ! diff -r dist "$kept/dist" >/dev/null; then
  echo "console/dist is not what console/src says: run \`npm ci && npm run build\` in console/ and commit dist/" >&2
  exit 1
fi
