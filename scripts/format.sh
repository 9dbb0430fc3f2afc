#!/bin/sh
# format.sh [--check]: formats every C++ file git knows of; with --check changes nothing and names the files off.
set -eu
cd "$(dirname "$0")/.."
command -v clang-format-19 >/dev/null || { echo "error: there is no clang-format-19" >&2; exit 1; }
files() { git ls-files -z -co --exclude-standard '*.h' '*.cc'; }
if [ "${1:-}" = --check ]; then
  off=$(files | xargs -0 -r clang-format-19 --dry-run 2>&1 | sed -nE 's/^([^:]+):[0-9]+:[0-9]+: .*/\1/p' | sort -u)
  if [ -n "$off" ]; then
    echo "$off"
    echo "error: these files are not in format; make format mends them" >&2
    exit 1
  fi
else
  files | xargs -0 -r clang-format-19 -i
fi
echo "clang-format-19: $(files | tr -cd '\0' | wc -c) files are in format."
