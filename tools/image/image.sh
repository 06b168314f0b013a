#!/bin/sh
# Builds a stock Debian cloud image without loop mounts. Needs root, mmdebstrap, e2fsprogs, qemu-utils. About a minute.
#
# usage: image.sh OUT_DIR SUITE < sources.list
#
# OUT_DIR gets base.qcow2 (3 GiB, ext4, no partitions), vmlinuz, initrd, and packages.txt (`name version manual|auto`, one per line).
# Stock means: what Debian's own cloud images have for a first boot and nothing of ours. The one test aid is qemu-guest-agent. In particular
# no Node and no nftables, and python3-cryptography only because cloud-init depends on it. The network is ifupdown's: with netplan,
# systemd-networkd-wait-online holds the boot for two minutes, as a machine on a link-local address is never "online" (measured).
set -eu
out=$1 suite=$2

# root's work is never done below OUT_DIR, so that a build that was killed leaves nothing there that its user cannot remove
for old in /var/tmp/bootseed-image.*; do
  [ -d "/proc/${old##*.}" ] || rm -rf "$old"
done
work=/var/tmp/bootseed-image.$$
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP
mkdir -m 700 "$work" && mkdir "$work/tmp"
export TMPDIR="$work/tmp"
cat > "$work/sources.list"

echo "installing packages"
mmdebstrap --quiet --mode=root --variant=apt --format=directory \
  --aptopt='Apt::Install-Recommends "false"' --dpkgopt=force-unsafe-io --dpkgopt='path-exclude=/usr/share/man/*' \
  --include=linux-image-cloud-amd64,initramfs-tools,systemd-sysv,dbus,udev,kmod,procps,sudo,e2fsprogs,ca-certificates,locales \
  --include=ifupdown,iproute2,systemd-resolved,cloud-init,openssh-server,qemu-guest-agent \
  "$suite" "$work/root" - < "$work/sources.list"

echo "making it an image"
root=$work/root
# what must be new on every machine: the package's host keys and the machine-id
rm -f "$root"/etc/ssh/ssh_host_* && : > "$root/etc/machine-id"
echo "/dev/vda / ext4 defaults 0 1" > "$root/etc/fstab"
echo "LANG=C.UTF-8" > "$root/etc/default/locale"
printf 'virtio_pci\nvirtio_blk\nvirtio_net\n' >> "$root/etc/initramfs-tools/modules"
sed -i 's/^MODULES=.*/MODULES=list/' "$root/etc/initramfs-tools/initramfs.conf"
chroot "$root" update-initramfs -u
chroot "$root" apt-mark showauto > "$work/auto"
chroot "$root" dpkg-query -W -f '${Package} ${Version}\n' |
  awk 'NR == FNR { auto[$1] = 1; next } { print $0, ($1 in auto) ? "auto" : "manual" }' "$work/auto" - > "$out/packages.txt"
cp "$root"/boot/vmlinuz-* "$out/vmlinuz" && cp "$root"/boot/initrd.img-* "$out/initrd"

echo "making the disk"
truncate -s 3G "$work/base.raw"
mke2fs -q -F -t ext4 -L root -d "$root" "$work/base.raw"
qemu-img convert -O qcow2 "$work/base.raw" "$out/base.qcow2"
chmod 0644 "$out"/* && chown "${SUDO_UID:-0}:${SUDO_GID:-0}" "$out"/*
