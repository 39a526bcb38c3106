#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# iommu-kernel.sh - the lab's kernel with iommufd, built once; prints its directory
#
# Debian's kernels are built without iommufd, so this builds one from the source package that the
# hosted kernel is built from, with iommu.config, for the machine itself.  Everything is built in:
# the directory has `vmlinuz` and `initrd`, as kernel.sh's, and lies beside it in the cache.
#
# Environment: RING3_CACHE=DIR, JOBS=N, as for compat/linux/build.sh.
set -euo pipefail
export LC_ALL=C PATH=$PATH:/sbin:/usr/sbin

main() {

cd "$(dirname "$0")"
package=linux-source-6.12
tarball=/usr/src/$package.tar.xz
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

say() {
	printf '  %-8s%s\n' "$1" "$2" >&2
}

busybox=$(command -v busybox) || die 'busybox is missing: apt-get install busybox-static'
if [ -f "$tarball" ]; then
	version=$(dpkg-query -W -f '${Version}' $package 2>&1)
else
	version=$(apt-cache policy $package | sed -n 's/^ *Candidate: *//p')
fi
[ -n "$version" ] || die "no package $package: run 'apt-get update'"
hash=$({ echo "$version $(gcc -dumpfullversion)"; cat iommu-kernel.sh iommu.config init "$busybox"; } |
	sha256sum | cut -c1-12)
dir=$cache/iommu-lab-$hash
if [ -f "$dir/ready" ]; then
	echo "$dir"
	exit 0
fi

for tool in gcc make flex bison bc xz cpio gzip; do
	command -v $tool > /dev/null || die "$tool is missing: run tests/demo/prereqs.sh"
done
mkdir -p "$cache"
exec 9> "$cache/iommu-lab.lock"
flock 9
if [ -f "$dir/ready" ]; then
	echo "$dir"
	exit 0
fi
free=$(df -Pk "$cache" | awk 'NR == 2 { print $4 }')
[ "$free" -gt 3000000 ] ||
	die "$cache has $((free / 1024)) MiB free, a kernel build needs 2930: make room or set RING3_CACHE"
new=$(mktemp -d "$cache/lab-new.XXXXXX")
trap 'rm -rf "$new"' EXIT
if [ ! -f "$tarball" ]; then
	say FETCH "$package $version"
	(cd "$new" && apt-get -qq -o APT::Sandbox::User="$(id -un)" download $package >&2) ||
		die "cannot download $package: is there a network, and does 'apt-get update' work?"
	dpkg -x "$new"/*.deb "$new/deb"
	tarball=$new/deb$tarball
fi
say UNPACK "$package $version"
mkdir "$new/linux"
# Other architectures, and what is not built and large.
tar -xJf "$tarball" -C "$new/linux" --strip-components=1 --wildcards \
	--exclude='*/Documentation/[a-z]*' --exclude='*/tools/testing/*' \
	--exclude='*/drivers/gpu/drm/*/*.[ch]' --exclude='*/arch/*/boot/dts' \
	--exclude='*/sound/*.c' --exclude='*/drivers/staging/*.c'

kmake() {
	make -C "$new/linux" ARCH=x86_64 "$@"
}

log=$cache/iommu-lab.log
kmake -s KCONFIG_ALLCONFIG="$PWD/iommu.config" allnoconfig > "$log" 2>&1 ||
	die "the configuration failed: see $log"
# what was asked for and not granted is an error of ours
lost=$(awk 'NR == FNR { have[$0]; next } /^CONFIG_.*=y/ && !($0 in have)' "$new/linux/.config" iommu.config)
[ -z "$lost" ] || die "this kernel has no $lost"
say BUILD "Linux $version with iommufd, for the lab; log: $log"
kmake -j"${JOBS:-$(nproc)}" bzImage >> "$log" 2>&1 || {
	grep -E -A6 'error:|\*\*\*|undefined reference' "$log" | tail -n 40 >&2
	die "the build failed: see $log"
}

root=$new/root
mkdir -p "$root/bin" "$root/modules" "$root/proc" "$root/sys" "$root/dev" "$root/mnt"
cp "$busybox" "$root/bin/busybox"
cp init "$root/init"
: > "$root/modules/order"
mkdir "$new/done"
(cd "$root" && find . | cpio -o -H newc --quiet -R 0:0 | gzip -1) > "$new/done/initrd"
cp "$new/linux/arch/x86/boot/bzImage" "$new/done/vmlinuz"
cp "$new/linux/.config" "$new/done/config"
chmod -R a+rX "$new/done"
touch "$new/done/ready"
rm -rf "$dir"
mv "$new/done" "$dir"
# Those of other versions are of no use any more.
for old in "$cache"/iommu-lab-*; do
	[ "$old" = "$dir" ] || rm -rf "$old"
done
echo "$dir"
}

# Read whole before anything runs, so that this file may be edited meanwhile.
{ main "$@"; exit; }
