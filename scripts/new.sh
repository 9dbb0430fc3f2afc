#!/bin/sh
# new.sh NAME [FOLDER]: makes a project on the library, in FOLDER or else in a folder called NAME: a program of one
# handler, its page, its tests, and what builds them. Installed, it is called tornado-new and takes the installed
# library. In a clone it takes the installed library too; if there is none, it builds one and puts it into
# build/installed of the clone, where the project finds it.
set -eu
here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
usage=${TORNADO_NEW_USAGE:-"usage: $(basename "$0") NAME [FOLDER]"}

case ${1:-} in
  -h | --help)
    sed -n "1d; /^#/!q; s/^# //; 2s/^new.sh/usage: $(basename "$0")/; p" "$0"
    exit 0
    ;;
esac

fail() {
  echo "error: $1" >&2
  exit 2
}

name=${1:-}
folder=${2:-$name}
[ $# -le 2 ] || fail "'$3' is one argument too many. $usage"
[ -n "$name" ] || fail "the project has no name. $usage"
case $name in
  *[!a-z0-9_-]* | [!a-z]*)
    fail "the name '$name' cannot be used: it must begin with a letter, followed by letters, digits, - or _, all in lower case." ;;
  all | clean | depend | edit_cache | help | install | package | package_source | rebuild_cache | test | testing | tornado)
    fail "the name '$name' is taken: CMake or the library has a target of that name. Choose another." ;;
esac
[ ! -e "$folder" ] || fail "$folder exists already. Remove it, or choose another folder. $usage"
[ -d "$(dirname "$folder")" ] || fail "there is no folder $(dirname "$folder"). Make it, or choose another one. $usage"

# True if the library is installed with its test kit, where CMake looks by itself.
is_installed() {
  libraries=$(pkg-config --variable=libdir tornado 2>/dev/null) && ls "$libraries"/libtornado_testing.* >/dev/null 2>&1
}

local=
if [ -d "$here/../share/tornado/new" ]; then
  template=$here/../share/tornado/new
else
  template=$here/new
  clone=$(dirname "$here")
  "$here/need.sh" build new
  if ! is_installed; then
    echo "The library is not installed: building it for the project. The first time, this takes some minutes."
    "$here/build.sh" release tornado_install_files
    cmake --install "$clone/build/release" --prefix "$clone/build/installed" >/dev/null
    local="list(APPEND CMAKE_PREFIX_PATH [==[$clone/build/installed]==])"
  fi
fi

mkdir "$folder"
cp -R "$template/." "$folder"
mv "$folder/gitignore" "$folder/.gitignore"
mv "$folder/dockerignore" "$folder/.dockerignore"
find "$folder" -type f -exec sed -i "s/myapp/$name/g" {} +
# The package of this system's library fits this system's release.
release=$(sed -n 's/^VERSION_ID="\(.*\)"/\1/p' /etc/os-release 2>/dev/null || true)
if grep -qx 'ID=debian' /etc/os-release 2>/dev/null && [ -n "$release" ]; then
  sed -i "s/debian:12/debian:$release/" "$folder/Dockerfile"
fi
[ -z "$local" ] || echo "$local" >"$folder/local.cmake"

cat <<END
Made $name in $(cd "$folder" && pwd). Build it and run its tests, then start it:

  cd "$(cd "$folder" && pwd)" && cmake --workflow --preset debug
  build/debug/$name --port=8888
END
