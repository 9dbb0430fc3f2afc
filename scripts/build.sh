#!/bin/sh
# build.sh PRESET [-DOPTION=VALUE ...] [TARGET ...]: configures build/PRESET if necessary, then builds the targets, or all.
# The presets are those of CMakePresets.json: cmake --list-presets
set -eu
case ${1:-} in
  -h | --help)
    sed -n '1d; /^#/!q; s/^# //; 2s/^/usage: /; p' "$0"
    exit 0
    ;;
  '' | -*)
    echo "error: the first argument must be a preset, as in build.sh debug; build.sh --help shows the usage" >&2
    exit 2
    ;;
esac
cd "$(dirname "$0")/.."
preset=$1
shift
cache=build/$preset/CMakeCache.txt
log=build/$preset.configure.log

options=
while [ $# -gt 0 ]; do
  case $1 in
    -D*) options="$options $1" ;;
    *) break ;;
  esac
  shift
done
for target in "$@"; do
  case $target in
    -*)
      echo "error: build.sh has no option '$target'; build.sh --help shows its usage" >&2
      exit 2
      ;;
  esac
done
[ $# -gt 0 ] || set -- all

if [ ! -f "$cache" ]; then
  presets=$(cmake --list-presets 2>/dev/null | sed -n 's/^ *"\([^"]*\)".*/\1/p' | tr '\n' ' ')
  case " $presets" in
    " " | *" $preset "*) ;;  # without a list, cmake itself says what is wrong
    *)
      echo "error: there is no preset '$preset'; use one of: ${presets% }" >&2
      exit 2
      ;;
  esac
fi

configure() {
  echo "Configuring build/$preset ..."
  # shellcheck disable=SC2086  # options hold no blanks
  if ! cmake --preset "$preset" $options >"$log" 2>&1 9>&-; then
    cat "$log" >&2
    echo "error: cmake --preset $preset failed; its output is above and in $log" >&2
    exit 1
  fi
}

# Whether the build has a target for each name.
has_targets() {
  for target in "$@"; do
    grep -q "^build $target: " "build/$preset/build.ninja" || return 1
  done
}

# Two builds at once in one folder would overwrite each other's files. The programs that a build starts do not inherit the lock.
mkdir -p build
exec 9>"build/$preset.lock"
if ! flock -n 9; then
  echo "Another command builds in build/$preset. Waiting until it has ended ..."
  flock 9
fi

# A build folder that was moved or copied with the clone still points at the old place.
if [ -f "$cache" ] && ! grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$(pwd -P)" "$cache"; then
  echo "build/$preset was made for another folder; building it from scratch."
  rm -rf "build/$preset"
fi
# A target that is not there may be one whose needs were installed since.
if [ ! -f "build/$preset/build.ninja" ] || [ -n "$options" ] || ! has_targets "$@"; then
  configure
fi
if ! has_targets "$@"; then
  sed -n 's/^-- Off: /  off: /p' "$log" >&2
  echo "error: this build cannot make $*, because something it needs is missing. The list above shows what is off." >&2
  exit 1
fi
echo "Building $* in build/$preset ..."
cmake --build "build/$preset" -j "$(nproc)" --target "$@" 9>&-
