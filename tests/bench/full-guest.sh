#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# full-guest.sh - run a script in a whole QEMU TCG guest with Debian's kernel, to compare with
#
# full-guest.sh prepare CACHE             fetch and unpack Debian's kernel below CACHE
# full-guest.sh image CACHE OUT [-m MODULE]... [-f FILE]... SCRIPT
# full-guest.sh boot CACHE IMAGE [QEMU ARG...]
#
# `image` makes an initramfs: MODULEs (names, with their dependencies, or paths of .ko files) are loaded before
# SCRIPT, FILEs are copied to /bin of the guest, which has busybox besides.  `boot` runs it: SCRIPT's
# output, standard error included, comes on stdout; the exit status is SCRIPT's, or 125 if
# the guest did not get that far.  GUEST_TIMEOUT (seconds, default 120) bounds it; GUEST_LOG is a file to
# find its console in meanwhile.
set -euo pipefail

die() { echo "full-guest.sh: $*" >&2; exit 125; }

prepare() {
	local cache=$1 pkg tmp
	mkdir -p "$cache"
	[ -e "$cache/ready" ] && return
	pkg=$(apt-cache depends linux-image-amd64 2>/dev/null | awk '/Depends:/{print $2; exit}')
	[ -n "$pkg" ] || die "apt knows no linux-image-amd64: run 'apt-get update' and try again"
	tmp=$(mktemp -d "$cache/get.XXXXXX")
	chmod 755 "$tmp"
	(cd "$tmp" && apt-get download "$pkg" >&2) || { rm -rf "$tmp"; die "cannot download $pkg"; }
	rm -rf "$cache/deb"
	dpkg -x "$tmp"/*.deb "$cache/deb"
	rm -rf "$tmp"
	touch "$cache/ready"
}

# The .ko files of module $1 (a name) with what it needs, in loading order.
module_files() {
	awk -v name="$1" '{
		file = $1; sub(/:$/, "", file); base = file; sub(/.*\//, "", base); sub(/\.ko$/, "", base)
		gsub(/-/, "_", base)
		if (base == name) { for (i = NF; i > 1; i--) print $i; print file }
	}' "$2"
}

initramfs() {
	local top=$1 moddir=$2 out=$3 m f
	mkdir -p "$top"/{bin,proc,sys,dev,tmp,lib}
	cp /bin/busybox "$top/bin/" || die "busybox is missing: apt-get install busybox-static"
	: > "$top/modules"
	for m in "${modules[@]}"; do
		if [[ $m == *.ko ]]; then
			cp "$m" "$top/lib/"
			echo "/lib/${m##*/}" >> "$top/modules"
			continue
		fi
		for f in $(module_files "${m//-/_}" "$moddir/modules.dep"); do
			cp "$moddir/$f" "$top/lib/"
			echo "/lib/${f##*/}" >> "$top/modules"
		done
	done
	for f in "${files[@]}"; do cp "$f" "$top/bin/"; done
	cp "$script" "$top/script"
	cat > "$top/init" <<-'INIT'
	#!/bin/busybox sh
	/bin/busybox mkdir -p /sbin /usr/bin /usr/sbin
	/bin/busybox --install -s
	mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
	mount -t tmpfs tmp /tmp
	for m in $(awk '!seen[$0]++' /modules); do insmod $m || echo "cannot load $m"; done
	echo '--- guest output'
	sh /script 2>&1
	echo "--- guest status $?"
	poweroff -f
	INIT
	chmod +x "$top/init"
	(cd "$top" && find . | cpio -o -H newc 2>/dev/null | gzip -1) > "$out"
}

image() {
	local cache=$1 out=$2 kernel tmp
	shift 2
	modules=() files=()
	while getopts m:f: opt; do
		case $opt in
		m) modules+=("$OPTARG") ;;
		f) files+=("$OPTARG") ;;
		*) exit 125 ;;
		esac
	done
	shift $((OPTIND - 1))
	script=$1
	kernel=("$cache"/deb/boot/vmlinuz-*)
	local ver=${kernel[0]##*/vmlinuz-}
	# Debian's tree has no modules.dep until it is installed.
	[ -s "$cache/deb/lib/modules/$ver/modules.dep" ] || /sbin/depmod -b "$cache/deb" "$ver"
	tmp=$(mktemp -d)
	# shellcheck disable=SC2064 # expanded now on purpose: tmp is local
	trap "rm -rf '$tmp'" EXIT
	initramfs "$tmp" "$cache/deb/lib/modules/$ver" "$out"
}

boot() {
	local cache=$1 image=$2 kernel log status
	shift 2
	kernel=("$cache"/deb/boot/vmlinuz-*)
	log=${GUEST_LOG:-$(mktemp)}
	# shellcheck disable=SC2064
	trap "rm -f '$log'" EXIT
	# A guest that crashed is told by the missing status line below.
	timeout "${GUEST_TIMEOUT:-120}" qemu-system-x86_64 -accel tcg -M q35 -cpu max -m 512 \
		-nodefaults -display none -no-reboot -serial stdio -kernel "${kernel[0]}" \
		-initrd "$image" -append 'panic=-1 console=ttyS0 quiet' "$@" </dev/null > "$log" || :
	tr -d '\r' < "$log" | sed -n '/^--- guest output/,/^--- guest status/{/^--- guest/!p}'
	status=$(tr -d '\r' < "$log" | sed -n 's/^--- guest status //p')
	[ -n "$status" ] || { cat "$log" >&2; die 'the guest did not finish'; }
	exit "$status"
}

case "${1:-}" in
prepare | image | boot) "$@" ;;
*) die 'usage: full-guest.sh prepare|image|boot CACHE ...' ;;
esac
