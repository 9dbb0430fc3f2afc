#!/bin/sh
# need.sh GROUP...: installs the packages of scripts/packages.txt that are missing, saying which and why.
# With everything there it says nothing, and never uses the network. need.sh --missing GROUP... only lists them.
# The groups are those of scripts/packages.txt. A demo that needs no package has no group.
set -eu
case ${1:-} in
  -h | --help)
    sed -n '1d; /^#/!q; s/^# //; 2s/^/usage: /; p' "$0"
    exit 0
    ;;
esac
cd "$(dirname "$0")/.."
table=scripts/packages.txt

packages_of() {  # the packages of the groups, each once
  for group in "$@"; do
    awk -v group="$group" '$1 == group { print $2 }' "$table"
  done | sort -u
}

check_groups() {
  for group in "$@"; do
    case $group in
      demo-*) continue ;;  # most demos need nothing more
    esac
    if ! awk -v group="$group" '$1 == group { found = 1 } END { exit !found }' "$table"; then
      echo "error: there is no group '$group' of packages; scripts/packages.txt lists them" >&2
      exit 2
    fi
  done
  if [ $# -eq 0 ]; then
    echo "error: no group of packages is named; need.sh --help shows the usage" >&2
    exit 2
  fi
}

list_missing() {
  wanted=$(packages_of "$@")
  if ! command -v dpkg-query >/dev/null 2>&1; then
    echo "$wanted"
    return
  fi
  # shellcheck disable=SC2016,SC2086  # dpkg-query expands its own ${...}; package names hold no blanks
  installed=$(dpkg-query -W -f='${Package} ${db:Status-Status}\n' $wanted 2>/dev/null |
    awk '$2 == "installed" { print $1 }')
  for package in $wanted; do
    case "
$installed
" in
      *"
$package
"*) ;;
      *) echo "$package" ;;
    esac
  done
}

explain() {  # one line a package: its name and what needs it
  for package in "$@"; do
    awk -v package="$package" '$2 == package { sub(/^[^ ]+ +[^ ]+ +/, ""); printf "  %-22s %s\n", package, $0; exit }' "$table"
  done
}

# sudo asks for a password at the terminal, also where its input comes from elsewhere; without a terminal it must not ask.
sudo=sudo
[ -t 0 ] || sudo="sudo -n"

as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  else
    $sudo "$@"
  fi
}

# Reads what apt-get says with APT::Status-Fd=1. Prints each quarter of the way, and keeps everything else in the file $1.
show_progress() {
  shown=
  while IFS= read -r line; do
    case $line in
      dlstatus:*) doing=downloaded ;;
      pmstatus:*) doing=installed ;;
      *)
        printf '%s\n' "$line" >>"$1"
        continue
        ;;
    esac
    percent=${line#*:*:}
    percent=${percent%%[.:]*}
    percent=$((percent / 25 * 25))
    now="$doing $percent"
    [ "$percent" -eq 0 ] || [ "$now" = "$shown" ] || printf '%6d %% %s\n' "$percent" "$doing"
    shown=$now
  done
}

# Fails as apt-get does, and only then shows what it said.
apt() {
  said=$(mktemp)
  failed=$(mktemp)
  # Two clones may be installing at once, or the system its updates.
  { as_root env DEBIAN_FRONTEND=noninteractive flock /tmp apt-get -o DPkg::Lock::Timeout=600 -o APT::Status-Fd=1 "$@" \
    </dev/null 2>&1 || echo failed >"$failed"; } | show_progress "$said"
  status=0
  if [ -s "$failed" ]; then
    status=1
    cat "$said" >&2
  fi
  rm -f "$said" "$failed"
  return "$status"
}

install_with_apt() {
  if ! ls /var/lib/apt/lists/*_Packages* >/dev/null 2>&1; then
    echo "Fetching the package lists (apt-get update) ..."
    apt -qq update
  elif apt -qq -y --no-install-recommends install "$@"; then
    return
  else
    echo "That failed: fetching newer package lists (apt-get update) and trying once more ..."
    apt -qq update
  fi
  apt -qq -y --no-install-recommends install "$@"
}

# Libraries may also come from elsewhere (another distribution, a build of one's own): what counts is that the
# build finds them.
build_finds_everything() {
  case " $groups " in
    *" test-"*) tests=ON ;;
    *) tests=OFF ;;
  esac
  probe=$(mktemp -d)
  status=0
  cmake -S . -B "$probe" -G Ninja -DTORNADO_BUILD_TESTS="$tests" >/dev/null 2>&1 || status=1
  rm -rf "$probe"
  return "$status"
}

only_list=
[ "${1:-}" != --missing ] || { only_list=yes; shift; }
check_groups "$@"
if [ -n "$only_list" ]; then
  list_missing "$@"
  exit 0
fi

groups=$*
missing=$(list_missing "$@")
[ -n "$missing" ] || exit 0

# shellcheck disable=SC2086  # package names hold no blanks
set -- $missing
if command -v apt-get >/dev/null 2>&1 && { [ "$(id -u)" -eq 0 ] || command -v sudo >/dev/null 2>&1; }; then
  echo "Installing with apt-get:"
  explain "$@"
  if install_with_apt "$@"; then
    echo "Installed."
    exit 0
  fi
  why="apt-get could not install them (its words are above). As root: apt-get install $*"
elif command -v apt-get >/dev/null 2>&1; then
  why="As root: apt-get install $*"
else
  why="There is no apt-get here: install what your system calls these."
fi
if build_finds_everything; then
  echo "Not installed as Debian packages, but the build finds what it needs; going on without: $*"
  exit 0
fi
{
  echo "Missing:"
  explain "$@"
  echo "$why"
} >&2
exit 1
