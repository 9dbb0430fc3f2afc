#!/bin/sh
# doctor.sh: lists what is missing or off on this machine, and changes nothing. Ends with 1 if `make run` or
# `make test` would have to install something.
set -eu
case ${1:-} in
  -h | --help)
    sed -n '1d; /^#/!q; s/^# //; 2s/^/usage: /; p' "$0"
    exit 0
    ;;
  ?*)
    echo "error: doctor.sh takes no argument, but got '$1'; doctor.sh --help shows what it does" >&2
    exit 2
    ;;
esac
cd "$(dirname "$0")/.."
off=0

say() { printf '  %-4s %s\n' "$1" "$2"; }

check_group() {  # GROUP COMMAND NEEDED?
  missing=$(scripts/need.sh --missing "$1" | tr '\n' ' ')
  if [ -z "$missing" ]; then
    say ok "packages for $2"
  elif [ "$3" = needed ]; then
    say MISS "$2 will install: $missing"
    off=1
  else
    say note "$2 will install: $missing"
  fi
}

check_version() {  # NAME FOUND WANTED
  if [ -z "$2" ]; then
    say MISS "$1 is not installed (wanted: $3 or later)"
    off=1
  elif [ "$(printf '%s\n%s\n' "$3" "$2" | sort -V | head -n 1)" = "$3" ]; then
    say ok "$1 $2"
  else
    say OFF "$1 is $2; wanted: $3 or later"
    off=1
  fi
}

version_of() { "$@" 2>/dev/null | grep -oE '[0-9]+(\.[0-9]+)+' | head -n 1 || true; }

echo "Packages:"
check_group build "make run" needed
check_group test-build "make test (build)" needed
check_group test "make test (run)" needed
check_group check "make check" optional
check_group lessons "make chapter" optional
check_group exercises "make exercise" optional
check_group docs "make docs" optional
check_group bench "make bench" optional
check_group tools "make format, lint and fuzz" optional

echo "Tools:"
check_version g++ "$(version_of g++ -dumpfullversion -dumpversion)" 12.2
check_version cmake "$(version_of cmake --version)" 3.25
check_version ninja "$(version_of ninja --version)" 1.10
if command -v ccache >/dev/null 2>&1; then
  say ok "ccache: repeated builds are fast"
else
  say note "no ccache: each build of make check compiles everything (apt-get install ccache)"
fi

echo "Machine:"
say ok "$(nproc) processors, $(awk '/MemAvailable/ { printf "%.1f GiB", $2 / 1048576 }' /proc/meminfo) of memory free"
free_kib=$(df -Pk . | awk 'NR == 2 { print $4 }')
if [ "$free_kib" -lt 3145728 ]; then
  say OFF "$((free_kib / 1024)) MiB of disk free; the builds of make test take 3 GiB, and those of make check 12"
  off=1
else
  say ok "$((free_kib / 1048576)) GiB of disk free"
fi
if [ "$(ulimit -n)" -lt 1024 ]; then
  say OFF "only $(ulimit -n) open files allowed (ulimit -n); the tests need 1024"
  off=1
else
  say ok "$(ulimit -n) open files allowed"
fi
if grep -qs ':22B8 00000000:0000 0A' /proc/net/tcp; then
  say note "port 8888 is in use; make run PORT=9000 takes another"
else
  say ok "port 8888 is free"
fi

[ "$off" -eq 0 ] || { echo "Something is missing or off: see MISS and OFF above." >&2; exit 1; }
echo "Everything is here."
