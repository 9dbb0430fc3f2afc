#!/bin/sh
# chapter.sh NN [ARGUMENT ...]: builds the demo of chapters/NN-* and runs it in the foreground.
# chapter.sh --check NN: only fails if there is no such chapter.
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
number=${1:-}
folder=$(echo chapters/"$number"-*/)
case $number in [0-9][0-9]) ;; *) folder= ;; esac
if [ ! -d "$folder" ]; then
  echo "error: $([ -n "$number" ] && echo "there is no chapter '$number'" || echo "no chapter is named"); use CH= with one of:$(cd chapters && for d in [0-9][0-9]-*/; do printf ' %.2s' "$d"; done)" >&2
  exit 2
fi
[ -z "$check" ] || exit 0
shift
source=$(echo "$folder"demo/*.cc)
program=$(basename "$source" .cc)
scripts/build.sh release "$program"
echo "Running chapter $number: $program $*; Ctrl-C ends it."
exec "build/release/$folder$program" "$@"
