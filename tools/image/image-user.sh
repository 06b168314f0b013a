#!/bin/sh
# Runs image.sh as root of a user namespace, for a user who is not root.
# Needs uidmap (newuidmap, newgidmap) and ranges for the user in /etc/subuid and /etc/subgid.
#
# usage: image-user.sh --check                         exits with 0 where this user may do that
#        image-user.sh OUT_DIR SUITE < sources.list
set -eu
export PATH="$PATH:/usr/sbin:/sbin"
unshare="unshare --user --map-root-user --map-auto --mount --pid --fork --kill-child"
if [ "$1" = --check ]; then
  # what the build does: a file of Debian's highest user id, a /proc for the new system
  exec $unshare sh -euc 'mount -t tmpfs none /mnt; : > /mnt/file; chown 65534:65534 /mnt/file; mount -t proc proc /proc'
fi
unset SUDO_UID SUDO_GID
# image.sh works below /var/tmp in a folder that its process id names, and removes the folders of dead processes. Ids of a process namespace
# mean nothing outside of it, so each build has a /var/tmp of its own. A lock is held on it: without one, its build has ended.
SCRIPT=$(dirname "$0")/image.sh BUILDER=$(id -u) exec $unshare sh -euc '
  for old in "/var/tmp/bootseed-image-$BUILDER".*; do
    [ ! -d "$old" ] || flock -n "$old" rm -rf "$old" || true
  done
  work=$(mktemp -d "/var/tmp/bootseed-image-$BUILDER.XXXXXX")
  exec 9< "$work"
  flock 9
  trap "umount /var/tmp; rm -rf \"$work\"" EXIT
  trap "exit 130" INT TERM HUP
  mkdir "$work/tmp"
  mount --bind "$work/tmp" /var/tmp
  sh "$SCRIPT" "$@" 9<&-
  exit 0
' image-user.sh "$@"
