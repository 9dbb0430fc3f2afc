#!/bin/sh
# demo.sh NAME [ARGUMENT ...]: builds final/demos/NAME and runs it in the foreground. `guide/NAME` is one of the guide's
# programs, and `cluster` a script that runs other demos.
set -eu
cd "$(dirname "$0")/.."
name=${1:-}
if [ "$name" = cluster ]; then
  shift
  scripts/build.sh release demo_chat demo_websocket
  exec /usr/bin/python3 final/demos/cluster/cluster.py "$@"
fi
folder=${name%%/*}
program=${name#guide/}
if [ -z "$name" ] || [ ! -f "final/demos/$folder/CMakeLists.txt" ] ||
    { [ "$folder" = guide ] && [ ! -f "final/demos/guide/$program.cc" ]; }; then
  [ -n "$name" ] && echo "error: there is no demo '$name'." >&2
  [ -n "$name" ] || echo "usage: make demo DEMO=name ARGS=\"--port=9000\"" >&2
  echo "The demos: $(cd final/demos && for d in */CMakeLists.txt; do printf '%s ' "${d%/*}"; done | sed 's/guide //')cluster" >&2
  exit 2
fi
shift
scripts/build.sh release "$([ "$folder" = guide ] && echo guide || echo demo)_$program"
echo "Running $name; Ctrl-C ends it."
exec "build/release/final/demos/$folder/$program" "$@"
