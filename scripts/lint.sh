#!/bin/sh
# lint.sh: the checkers of this project, then clang-tidy on every source of final/.
set -eu
case ${1:-} in
  -h | --help)
    sed -n '1d; /^#/!q; s/^# //; 2s/^/usage: /; p' "$0"
    exit 0
    ;;
  ?*)
    echo "error: lint.sh takes no argument, but got '$1'; lint.sh --help shows what it does" >&2
    exit 2
    ;;
esac
cd "$(dirname "$0")/.."
/usr/bin/python3 scripts/check_await.py
/usr/bin/python3 scripts/check_tree.py
scripts/build.sh clang-debug -DTORNADO_WERROR=ON tornado tornado_curl tornado_metrics tornado_redis tornado_wsgi tornado_wsgi_module
echo "clang-tidy-19 on final/src ..."
if ! run-clang-tidy-19 -quiet -j "$(nproc)" -p build/clang-debug '/final/src/' >build/clang-tidy.log 2>&1; then
  grep -E 'warning:|error:' build/clang-tidy.log | sort -u >&2
  echo "error: clang-tidy found faults; its whole output is in build/clang-tidy.log" >&2
  exit 1
fi
echo "clang-tidy-19: no findings."
