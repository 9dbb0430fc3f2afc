#!/bin/sh
# demo.sh NAME [ARGUMENT ...]: builds final/demos/NAME and runs it in the foreground. The demo `cluster` is a script that runs
# other demos.
set -eu
cd "$(dirname "$0")/.."
name=${1:-}
if [ "$name" = cluster ]; then
  shift
  scripts/build.sh release demo_chat demo_websocket
  exec /usr/bin/python3 final/demos/cluster/cluster.py "$@"
fi
if [ -z "$name" ] || [ ! -f "final/demos/$name/CMakeLists.txt" ]; then
  [ -n "$name" ] && echo "error: there is no demo '$name'." >&2
  [ -n "$name" ] || echo "usage: make demo DEMO=name ARGS=\"--port=9000\"" >&2
  echo "The demos: $(cd final/demos && for d in */CMakeLists.txt; do [ -f "$d" ] && printf '%s ' "${d%/*}"; done)cluster" >&2
  exit 2
fi
shift
scripts/build.sh release "demo_$name"
echo "Running $name; Ctrl-C ends it."
exec "build/release/final/demos/$name/$name" "$@"
