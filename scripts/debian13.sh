#!/bin/sh
# debian13.sh [FOLDER [TARGET [VARIABLE=VALUE ...]]]: runs a make target, else `test`, in a fresh Debian 13 on two processors.
# The system is made in FOLDER, else /var/tmp/tornado-debian13, and kept there: the next run reuses what was installed and
# built in it. It begins with git and make only, so the target must install the rest. It tests the current commit.
# It needs root, 15 GB and the package mmdebstrap. It mounts only in a name space of its own, which ends with it.
set -eu
case ${1:-} in
  -h | --help)
    sed -n '1d; /^#/!q; s/^# //; 2s/^/usage: /; p' "$0"
    exit 0
    ;;
  -*)
    echo "error: debian13.sh has no option '$1'; debian13.sh --help shows its usage" >&2
    exit 2
    ;;
esac
cd "$(dirname "$0")/.."
folder=${1:-/var/tmp/tornado-debian13}
[ $# -eq 0 ] || shift
[ $# -gt 0 ] || set -- test

if [ "$(id -u)" -ne 0 ]; then
  echo "error: only root may make a system and change into it: sudo $0" >&2
  exit 1
fi
if ! command -v mmdebstrap >/dev/null; then
  echo "error: mmdebstrap is not installed: apt-get install mmdebstrap" >&2
  exit 1
fi

if [ ! -e "$folder/etc/os-release" ]; then
  echo "Making a Debian 13 in $folder ..."
  rm -rf "$folder.new"
  mmdebstrap --quiet --variant=minbase --include=ca-certificates,git,make trixie "$folder.new"
  [ ! -d "$folder" ] || rmdir "$folder"
  mv "$folder.new" "$folder"  # complete: an interrupted one is made again
fi
cp /etc/resolv.conf /etc/hosts "$folder/etc/"
# What this machine trusts besides, for a proxy between it and the package mirrors.
if [ -n "$(ls /usr/local/share/ca-certificates 2>/dev/null)" ]; then
  cp /usr/local/share/ca-certificates/* "$folder/usr/local/share/ca-certificates/"
  chroot "$folder" update-ca-certificates >/dev/null
fi

clone=$folder/root/tornado
echo "Copying $(git rev-parse --short HEAD) to $clone ..."
[ -e "$clone" ] || git init -q "$clone"
git -C "$clone" fetch -q "$(pwd)" HEAD
git -C "$clone" reset -q --hard FETCH_HEAD
git -C "$clone" clean -fdq  # build/ is ignored, and stays

echo "Running make $* there ..."
# shellcheck disable=SC2016  # the inner shells expand it
exec unshare --mount --pid --fork --kill-child sh -ec '
  folder=$1
  shift
  mount --bind "$folder" "$folder"  # for programs that mount their root anew
  mount -t proc proc "$folder/proc"
  mount --rbind /dev "$folder/dev"
  exec taskset --cpu-list 0,1 env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin TERM="${TERM:-dumb}" \
    chroot "$folder" sh -c "cd /root/tornado && exec make \"\$@\"" sh "$@"
' sh "$folder" "$@"
