#!/bin/sh
# format.sh [--check]: formats every C++ file git knows of; with --check changes nothing and names the files off.
set -eu
cd "$(dirname "$0")/.."
if [ "${1:-}" = --check ]; then
  mode="--dry-run --Werror"
else
  mode=-i
fi
count=$(git ls-files -co --exclude-standard '*.h' '*.cc' | wc -l)
# shellcheck disable=SC2086  # two words on purpose
git ls-files -z -co --exclude-standard '*.h' '*.cc' | xargs -0 -r clang-format-19 $mode
echo "clang-format-19: $count files are in format."
