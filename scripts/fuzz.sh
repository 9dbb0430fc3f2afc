#!/bin/sh
# fuzz.sh SECONDS [NAME]: runs every libFuzzer program of tests/fuzz, or the one named, for so many seconds.
# The inputs that reach new code stay in build/fuzz/corpus/NAME; an input that breaks something is written to build/fuzz/crashes.
set -eu
cd "$(dirname "$0")/.."
seconds=$1
only=${2:-}
scripts/build.sh fuzz -DTORNADO_WERROR=ON
mkdir -p build/fuzz/crashes
ran=0
for program in build/fuzz/tests/fuzz/*_fuzz; do
  [ -x "$program" ] || continue
  name=$(basename "$program" _fuzz)
  [ -z "$only" ] || [ "$only" = "$name" ] || continue
  mkdir -p "build/fuzz/corpus/$name"
  set -- "build/fuzz/corpus/$name"
  [ ! -d "tests/fuzz/seeds/$name" ] || set -- "$@" "tests/fuzz/seeds/$name"
  [ ! -f "tests/fuzz/$name.dict" ] || set -- "$@" "-dict=tests/fuzz/$name.dict"
  echo "Fuzzing $name for $seconds s ..."
  log=build/fuzz/$name.log
  if ! "$program" -max_total_time="$seconds" -timeout=10 -artifact_prefix=build/fuzz/crashes/ "$@" >"$log" 2>&1; then
    tail -40 "$log" >&2
    echo "error: $name found a failure; the input is in build/fuzz/crashes, the output in $log" >&2
    exit 1
  fi
  tail -1 "$log"
  ran=$((ran + 1))
done
if [ "$ran" -eq 0 ]; then
  echo "error: tests/fuzz has no fuzz program${only:+ named '$only'}" >&2
  exit 1
fi
echo "$ran fuzz programs ran for $seconds s each; none failed."
