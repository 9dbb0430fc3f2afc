#!/bin/sh
# demo.sh NAME [ARGUMENT ...]: builds final/demos/NAME and runs it in the foreground.
set -eu
cd "$(dirname "$0")/.."
name=${1:-}
if [ -z "$name" ] || [ ! -f "final/demos/$name/CMakeLists.txt" ]; then
  [ -n "$name" ] && echo "error: there is no demo '$name'." >&2
  [ -n "$name" ] || echo "usage: make demo DEMO=name ARGS=\"--port=9000\"" >&2
  echo "The demos: $(cd final/demos && for d in */CMakeLists.txt; do [ -f "$d" ] && printf '%s ' "${d%/*}"; done)" >&2
  exit 2
fi
shift
scripts/build.sh release "demo_$name"
echo "Running $name; Ctrl-C ends it."
exec "build/release/final/demos/$name/$name" "$@"
