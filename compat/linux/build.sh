#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# build.sh - fetch, overlay, configure and build the hosted kernel, once
#
#   build.sh            build if need be; the last line of stdout is the directory
#   build.sh --dir      only say where it would be
#
# Environment: KERNEL=6.12 (or 6.1), KERNEL_SRC=DIR (any unpacked tree instead),
# FLAVOR=default (or debug: with config.debug), EXTRA_CONFIG=FILE (a fragment on top of
# config.*, such as config.kmemleak),
# RING3_CACHE=DIR, JOBS=N.  The result is keyed by a hash over version, overlay and
# configuration; see docs/architecture.md, "Kernel cache".
set -euo pipefail
export LC_ALL=C

main() {

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
kernel=${KERNEL:-6.12}
flavor=${FLAVOR:-default}
jobs=${JOBS:-$(nproc)}
if [ -n "${RING3_CACHE:-}" ]; then
	cache=$RING3_CACHE
elif [ "$(id -u)" = 0 ]; then
	cache=/var/cache/ring3
else
	cache=${XDG_CACHE_HOME:-$HOME/.cache}/ring3
fi

die() {
	printf 'ring3: %s\n' "$1" >&2
	exit 1
}

say() {
	printf '  %-8s%s\n' "$1" "$2" >&2
}

# ---- which source, which version

package=linux-source-$kernel
if [ -n "${KERNEL_SRC:-}" ]; then
	[ -f "$KERNEL_SRC/arch/um/Kconfig" ] ||
		die "KERNEL_SRC=$KERNEL_SRC is not a Linux source tree with arch/um"
	version=$(make -s -C "$KERNEL_SRC" kernelversion)
	source_id="tree $version $(cd "$KERNEL_SRC" && pwd)"
else
	version=$kernel
	tarball=/usr/src/$package.tar.xz
	if [ -f "$tarball" ]; then
		source_id=$(dpkg-query -W -f '${Version}' "$package" 2>&1)
	else
		source_id=$(apt-cache policy "$package" 2>&1 | sed -n 's/^ *Candidate: *//p')
	fi
	[ -n "$source_id" ] || die "no package $package: run 'apt-get update', or set KERNEL_SRC"
fi

# ---- which configuration

fragments=("$here/config.base" "$here/config.drivers")
case $flavor in
default) tag= ;;
debug)
	tag=-debug
	fragments+=("$here/config.debug")
	;;
*) die "FLAVOR=$flavor: there are default and debug" ;;
esac
if [ -n "${EXTRA_CONFIG:-}" ]; then
	[ -f "$EXTRA_CONFIG" ] || die "EXTRA_CONFIG=$EXTRA_CONFIG: no such file"
	fragments+=("$(realpath "$EXTRA_CONFIG")")
fi

series=$(cut -d. -f1,2 <<<"$version")
patch=$here/patches/$series.patch
if [ ! -f "$patch" ]; then
	# the newest that is not newer than the tree
	patch=$(printf '%s\n' "$here"/patches/*.patch "$here/patches/$series.patch" | sort -V |
		sed -n "\\|/$series.patch\$|q;p" | tail -n 1)
	[ -n "$patch" ] || die "Linux $version is too old: ring3 needs 6.1 or newer"
fi

overlay() {
	cat <<-LIST
		$top/compat/ring3 arch/um/ring3
		$top/compat/ring3/asm arch/um/include/asm
		$top/proxy/client.c arch/um/ring3/client_user.c
		$top/proxy/client-io.c arch/um/ring3/client_io_user.c
		$top/proxy/client-mailbox.c arch/um/ring3/client_mailbox_user.c
		$top/proxy/client-doorbell.c arch/um/ring3/client_doorbell_user.c
		$top/proxy/client.h arch/um/ring3/client.h
		$top/proxy/client-io.h arch/um/ring3/client-io.h
		$top/proxy/vfio_user.h arch/um/ring3/vfio_user.h
	LIST
}

hash=$({
	printf '%s\n%s\n' "$source_id" "$(gcc -dumpfullversion)"
	cat "$patch" "${fragments[@]}" "$here/build.sh"
	find "$top/compat/ring3" "$top"/proxy/client* "$top/proxy/vfio_user.h" -type f |
		sort | xargs cat
} | sha256sum | cut -c1-12)
dir=$cache/kernel-$version$tag-$hash

if [ "${1:-}" = --dir ]; then
	printf '%s\n' "$dir"
	exit 0
fi
if [ -f "$dir/ready" ]; then
	printf '%s\n' "$dir"
	exit 0
fi

# ---- one builder at a time

mkdir -p "$cache"
exec 9>"$cache/lock"
if ! flock -n 9; then
	say WAIT "another build is running in $cache"
	flock 9
	[ ! -f "$dir/ready" ] || { printf '%s\n' "$dir"; exit 0; }
fi

need=4000000
free=$(df -Pk "$cache" | awk 'NR == 2 { print $4 }')
[ "$free" -gt "$need" ] ||
	die "$cache has $((free / 1024)) MiB free, a kernel build needs $((need / 1024)): make room or set RING3_CACHE"

missing=
for tool in gcc make flex bison bc xz cpio rsync patch depmod; do
	command -v "$tool" >/dev/null || [ -x "/sbin/$tool" ] || missing="$missing $tool"
done
[ -z "$missing" ] || die "missing:$missing. Run: apt-get install build-essential flex bison bc xz-utils cpio rsync patch kmod libelf-dev"

# The tree stays where it is (its path is in the compiler's command lines), one for each
# checkout, source and further fragments; what it was built to last is what `ready` vouches for.
build=$cache/build-$version$tag-$(printf '%s %s%s' "$top" "$source_id" \
	"${fragments[2]:+ ${fragments[*]:2}}" | sha256sum | cut -c1-12)
rm -f "$dir/ready"
mkdir -p "$dir"
ln -sfn "$build" "$dir/build"

unpack() {
	local from=$1
	mkdir -p "$build.new"
	if [ -d "$from" ]; then
		rsync -a --delete --exclude=.git "$from/" "$build.new/"
	else
		# Trees of other architectures and the largest headers of drivers that
		# are not built: half of the time and of the space.
		tar -xJf "$from" -C "$build.new" --strip-components=1 --wildcards \
			--exclude='*/Documentation/[a-z]*' --exclude='*/tools/testing/*' \
			--exclude='*/drivers/gpu/drm/amd/include/*' \
			--exclude='*/arch/*/boot/dts' --exclude='*/arch/arm/mach-*'
	fi
	mv "$build.new" "$build"
}

# Replaces the patch that the tree has by ours; files that come out as they were keep
# their time stamps, so that little is rebuilt.
repatch() {
	local had=$build/.ring3.patch keep=$build/.ring3.keep file
	rm -rf "$keep"
	mkdir "$keep"
	(cd "$build" && sed -n 's,^+++ b/,,p' "$patch" $([ ! -f "$had" ] || echo "$had") | sort -u |
		xargs cp -p --parents -t "$keep")
	[ ! -f "$had" ] || (cd "$build" && patch -R -p1 -s <"$had")
	rm -f "$had"
	(cd "$build" && patch -p1 -s <"$patch") || die "$patch does not apply to Linux $version"
	cp "$patch" "$had"
	(cd "$keep" && find . -type f) | while read -r file; do
		! cmp -s "$keep/$file" "$build/$file" || cp -p "$keep/$file" "$build/$file"
	done
	rm -rf "$keep"
}

if [ ! -d "$build" ]; then
	rm -rf "$build.new"
	if [ -n "${KERNEL_SRC:-}" ]; then
		say COPY "$KERNEL_SRC"
		unpack "$KERNEL_SRC"
	else
		if [ ! -f "$tarball" ]; then
			say FETCH "$package $source_id"
			rm -rf "$cache/fetch"
			mkdir -p "$cache/fetch"
			(cd "$cache/fetch" && apt-get download "$package" >&2 && dpkg -x ./*.deb .) ||
				die "cannot download $package: apt-get install $package"
			tarball=$cache/fetch/usr/src/$package.tar.xz
		fi
		say UNPACK "$package"
		unpack "$tarball"
		rm -rf "$cache/fetch"
	fi
fi
cmp -s "$patch" "$build/.ring3.patch" || repatch

overlay | while read -r from to; do
	if [ -d "$from" ]; then
		mkdir -p "$build/$to"
		rsync -ac --no-times --exclude=/asm "$from/" "$build/$to/"
	else
		rsync -ac --no-times "$from" "$build/$to"
	fi
done

# ---- configure

kmake() {
	make -C "$build" ARCH=um "$@"
}

steps=100	# lines of make that count as progress: little has changed
[ -f "$build/vmlinux" ] || steps=1850
if ! cat "${fragments[@]}" | cmp -s - "$build/.ring3-config"; then
	say CONFIG "$version"
	steps=1850
	cat "${fragments[@]}" >"$build/.ring3-config.new"
	kmake -s KCONFIG_ALLCONFIG="$build/.ring3-config.new" allnoconfig >"$dir/config.log" 2>&1 ||
		die "kernel configuration failed: see $dir/config.log"
	mv "$build/.ring3-config.new" "$build/.ring3-config"
	# what was asked for and not granted is an error of ours
	lost=$(grep -E '^CONFIG_[A-Z0-9_]+=[ym]' "$build/.ring3-config" |
		while IFS='=' read -r sym val; do
			got=$(sed -n "s/^$sym=//p" "$build/.config")
			[ "$got" = "$val" ] || [ "$got" = y ] || printf ' %s' "$sym"
		done)
	[ -z "$lost" ] || say LOST "this kernel has no$lost"
fi

# ---- build, with progress on a terminal

progress() {
	local done=0 total=$1 line shown=0 percent
	while IFS= read -r line; do
		printf '%s\n' "$line" >>"$dir/build.log"
		case $line in
		"  CC"*|"  LD"*|"  AR"*) done=$((done + 1)) ;;
		*) continue ;;
		esac
		[ "$done" -lt "$total" ] || total=$((done + 1))
		if [ -t 2 ]; then
			local width=40 fill
			fill=$((done * width / total))
			printf '\r  BUILD   [%-*s] %3d%%' "$width" \
				"$(printf '%*s' "$fill" '' | tr ' ' '#')" $((done * 100 / total)) >&2
			continue
		fi
		percent=$((done * 10 / total * 10))
		if [ "$percent" -gt "$shown" ]; then
			say BUILD "Linux $version: $percent%"
			shown=$percent
		fi
	done
	[ ! -t 2 ] || printf '\r%60s\r' '' >&2
}

say BUILD "Linux $version for ARCH=um, $jobs jobs; log: $dir/build.log"
: >"$dir/build.log"
set +o pipefail
kmake -j"$jobs" linux modules 2>&1 | progress "$steps"
status=${PIPESTATUS[0]}
set -o pipefail
if [ "$status" != 0 ]; then
	grep -E -B2 -A6 'error:|\*\*\*|undefined reference' "$dir/build.log" | tail -n 40 >&2
	die "the kernel build failed: see $dir/build.log"
fi

say INSTALL "$dir"
rm -rf "${dir:?}/lib"
kmake -s modules_install INSTALL_MOD_PATH="$dir" INSTALL_MOD_STRIP=1 >>"$dir/build.log" 2>&1 ||
	die "installing the modules failed: see $dir/build.log"
rm -f "$dir"/lib/modules/*/build "$dir"/lib/modules/*/source
kmake -s scripts_gdb >>"$dir/build.log" 2>&1 ||
	say NOTE "no gdb scripts: see $dir/build.log"
ln -f "$build/vmlinux" "$dir/linux"
chmod -R a+rX "$dir" "$build"
touch "$dir/ready"
# What the same tree was built to before is of no use any more.
for old in "$cache"/kernel-*; do
	[ "$(readlink "$old/build")" != "$build" ] || [ "$old" = "$dir" ] || rm -rf "$old"
done
printf '%s\n' "$dir"
}

# Read whole before anything runs, so that this file may be edited meanwhile.
{ main "$@"; exit; }
