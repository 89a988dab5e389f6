#!/bin/sh
# Runs each fuzz target for so many seconds (the first argument; 60 without one), or those named behind it.
# An input that breaks something is left in fuzz/artifacts; once mended, it becomes a seed. FUZZ_SEED is the seed of
# chance: 1 without it, so that a run can be repeated; 0 draws a new one. FUZZ_AT_ONCE targets run at a time, each on a
# core: as many as there are cores without it.
set -eu
cd "$(dirname "$0")/.."
version=0.13.2
seconds=${1:-60}
[ $# -gt 0 ] && shift
targets=${*:-sse json requests forms views gate models policy audit}
# How this script calls itself, for one target that is built already.
one=${FUZZ_ONE:+$targets}

if [ -z "$one" ] && ! cargo fuzz --version >/dev/null 2>&1; then
  echo "cargo-fuzz is not installed; installing version $version"
  if ! cargo install cargo-fuzz --locked --version "$version" >/dev/null 2>&1; then
    echo "skipped: cargo-fuzz $version is not installed, and could not be (cargo install cargo-fuzz --locked --version $version)"
    exit 0
  fi
fi

# The coverage passes are flags of the compiler that a stable one takes only when told so. Sanitizers need a
# nightly compiler; the code is safe Rust, and overflows and assertions are on.
export RUSTC_BOOTSTRAP=1
[ -n "$one" ] || cargo fuzz build -s none

run_one() {
  target=$1
  mkdir -p "fuzz/corpus/$target"
  log=$(mktemp)
  if ! cargo fuzz run -s none "$target" "fuzz/corpus/$target" "fuzz/seeds/$target" -- \
    -seed="${FUZZ_SEED:-1}" -max_total_time="$seconds" -timeout=20 -max_len=4096 -rss_limit_mb=2048 -print_final_stats=1 >"$log" 2>&1; then
    # What broke and the input that did it come before the backtrace and libFuzzer's advice, which say little.
    said=$(
      grep -a -A 4 'panicked at' "$log" | cut -c 1-2000 || true
      grep -a '^Base64: ' "$log" || true
      tail -20 "$log"
      echo "fuzz $target: FAILED; the input is in fuzz/artifacts/$target"
    )
    echo "$said"
    return 1
  fi
  runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  echo "fuzz $target: ok, $runs inputs in $seconds s"
  rm -f "$log"
}

if [ -n "$one" ]; then
  run_one "$one"
  exit
fi
# A target keeps one core busy: so many run at a time, and one that fails lets the others end.
at_once=${FUZZ_AT_ONCE:-$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1)}
# shellcheck disable=SC2086 # names, one a word
printf '%s\n' $targets | FUZZ_ONE=yes xargs -P "$at_once" -n 1 sh fuzz/run.sh "$seconds"
