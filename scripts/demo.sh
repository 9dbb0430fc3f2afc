#!/bin/sh
# demo.sh NAME [ARGUMENT ...]: builds final/demos/NAME and runs it in the foreground. `guide/NAME` is one of the guide's
# programs, and `cluster` a script that runs other demos.
# demo.sh --check NAME: only fails if there is no such demo.
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
name=${1:-}
if [ "$name" = cluster ]; then
  [ -z "$check" ] || exit 0
  shift
  scripts/build.sh release demo_chat demo_websocket
  exec /usr/bin/python3 final/demos/cluster/cluster.py "$@"
fi
folder=${name%%/*}
program=${name#guide/}
case $name in
  '' | .* | guide) known= ;;
  guide/*) known=final/demos/guide/$program.cc ;;
  *) known=final/demos/$name/CMakeLists.txt ;;
esac
if [ ! -f "$known" ]; then
  demos=$(cd final/demos && for d in */CMakeLists.txt; do printf '%s ' "${d%/*}"; done | sed 's/guide //')
  echo "error: $([ -n "$name" ] && echo "there is no demo '$name'" || echo "no demo is named"); use DEMO= with one of: ${demos}cluster" >&2
  exit 2
fi
[ -z "$check" ] || exit 0
shift
scripts/build.sh release "$([ "$folder" = guide ] && echo guide || echo demo)_$program"
echo "Running $name; Ctrl-C ends it."
exec "build/release/final/demos/$folder/$program" "$@"
