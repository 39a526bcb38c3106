#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# kernel.sh - the lab's kernel and initramfs, fetched and made once; prints their directory
#
# Debian's own kernel is downloaded as a package and unpacked into the cache that the hosted
# kernel is in (docs/architecture.md, "Kernel cache"): nothing is installed.  The directory has
# `vmlinuz` and `initrd`, which holds busybox, tests/lab/init, and the modules named below with
# those they need, in the order in which they are to be loaded.
set -euo pipefail
export LC_ALL=C PATH=$PATH:/sbin:/usr/sbin
cd "$(dirname "$0")"

# The lab itself; VFIO; and the lab kernel's own drivers of the devices.
modules=(virtio_pci 9pnet_virtio 9p virtio_console fuse ext4 vfio-pci vfio_iommu_type1
	e1000e nvme e1000 8139cp ne2k-pci)

if [ -n "${RING3_CACHE:-}" ]; then
	cache=$RING3_CACHE
elif [ "$(id -u)" = 0 ]; then
	cache=/var/cache/ring3
else
	cache=${XDG_CACHE_HOME:-$HOME/.cache}/ring3
fi

die() {
	echo "lab: $1" >&2
	exit 1
}

for tool in apt-get dpkg modprobe depmod cpio gzip; do
	command -v $tool > /dev/null || die "$tool is missing: run tests/demo/prereqs.sh"
done
busybox=$(command -v busybox) || die 'busybox is missing: apt-get install busybox-static'

package=$(apt-cache depends linux-image-amd64 | sed -n 's/^ *Depends: *//p' | head -1)
[ -n "$package" ] || die "no package linux-image-amd64: run 'apt-get update'"
version=$(apt-cache policy "$package" | sed -n 's/^ *Candidate: *//p')
hash=$({ echo "$package $version ${modules[*]}"; cat kernel.sh init "$busybox"; } | sha256sum | cut -c1-12)
dir=$cache/lab-$hash
if [ -f "$dir/ready" ]; then
	echo "$dir"
	exit 0
fi

mkdir -p "$cache"
new=$(mktemp -d "$cache/lab-new.XXXXXX")
trap 'rm -rf "$new"' EXIT
echo "  FETCH   $package $version" >&2
(cd "$new" && apt-get -qq -o APT::Sandbox::User="$(id -un)" download "$package" >&2) ||
	die "cannot download $package: is there a network, and does 'apt-get update' work?"
dpkg -x "$new"/*.deb "$new/deb"
release=${package#linux-image-}
depmod -b "$new/deb" "$release"

root=$new/root
mkdir -p "$root/bin" "$root/modules" "$root/proc" "$root/sys" "$root/dev" "$root/mnt"
cp "$busybox" "$root/bin/busybox"
cp init "$root/init"
for m in "${modules[@]}"; do
	modprobe -d "$new/deb" -S "$release" --show-depends "$m"
done | sed -n 's/^insmod \([^ ]*\).*/\1/p' | awk '!seen[$0]++' > "$new/order"
while read -r ko; do
	cp "$ko" "$root/modules/"
	echo "${ko##*/}"
done < "$new/order" > "$root/modules/order"
mkdir "$new/done"
(cd "$root" && find . | cpio -o -H newc --quiet -R 0:0 | gzip -1) > "$new/done/initrd"
cp "$new"/deb/boot/vmlinuz-* "$new/done/vmlinuz"
chmod -R a+rX "$new/done"
touch "$new/done/ready"
rm -rf "$dir"
mv "$new/done" "$dir"
# Those of other versions are of no use any more.
for old in "$cache"/lab-*; do
	case $old in "$dir" | */lab-new.*) ;; *) rm -rf "$old" ;; esac
done
echo "$dir"
