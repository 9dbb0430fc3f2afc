#!/bin/sh
# format.sh [--check]: formats every C++ file git knows of; with --check, changes nothing and lists those to format.
set -eu
case ${1:-} in
  -h | --help)
    sed -n '1d; /^#/!q; s/^# //; 2s/^/usage: /; p' "$0"
    exit 0
    ;;
  '' | --check) ;;
  *)
    echo "error: format.sh takes only --check, but got '$1'; format.sh --help shows its usage" >&2
    exit 2
    ;;
esac
cd "$(dirname "$0")/.."
command -v clang-format-19 >/dev/null || { echo "error: clang-format-19 is not installed" >&2; exit 1; }
files() { git ls-files -z -co --exclude-standard '*.h' '*.cc'; }
if [ "${1:-}" = --check ]; then
  off=$(files | xargs -0 -r clang-format-19 --dry-run 2>&1 | sed -nE 's/^([^:]+):[0-9]+:[0-9]+: .*/\1/p' | sort -u)
  if [ -n "$off" ]; then
    echo "$off"
    echo "error: these files are not formatted; make format does it" >&2
    exit 1
  fi
else
  files | xargs -0 -r clang-format-19 -i
fi
echo "clang-format-19: $(files | tr -cd '\0' | wc -c) files are formatted."
