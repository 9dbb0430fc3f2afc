#!/bin/sh
# fuzz.sh SECONDS [NAME]: runs every libFuzzer program of tests/fuzz, or the one named, for so many seconds.
# The inputs that reach new code stay in build/fuzz/corpus/NAME; an input that breaks something is written to build/fuzz/crashes.
# fuzz.sh --check SECONDS [NAME]: only fails if the arguments are wrong.
set -eu
case ${1:-} in
  -h | --help)
    sed -n '1d; /^#/!q; s/^# //; 2s/^/usage: /; p' "$0"
    exit 0
    ;;
esac
cd "$(dirname "$0")/.."
check=
[ "${1:-}" != --check ] || { check=yes; shift; }
seconds=${1:-}
only=${2:-}
case $seconds in
  '' | *[!0-9]* | 0)
    echo "error: SECONDS is '$seconds', not a whole number above 0; fuzz.sh --help shows the usage" >&2
    exit 2
    ;;
esac
if [ -n "$only" ] && [ ! -f "tests/fuzz/${only}_fuzz.cc" ]; then
  programs=$(for source in tests/fuzz/*_fuzz.cc; do basename "$source" _fuzz.cc; done | tr '\n' ' ')
  echo "error: there is no fuzz program '$only'; use NAME= with one of: ${programs% }" >&2
  exit 2
fi
[ -z "$check" ] || exit 0
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
  echo "error: the build made no fuzz program${only:+ for $only}" >&2
  exit 1
fi
echo "$ran fuzz programs ran for $seconds s each; none failed."
