#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# qemu.sh - a QEMU with a vfio-user client, fetched and unpacked once; prints its directory
#
# Debian's QEMU is a client of vfio-user from 10.1 on (vfio-user-pci); that of trixie-backports can
# be had from the same mirror as the packages of this machine.  It is fetched with everything it needs,
# its C library included, into the cache that the hosted kernel is in, and nothing is
# installed: apt works on a configuration and package lists of its own.  `qemu` in the directory runs it.
set -euo pipefail
export LC_ALL=C PATH=$PATH:/sbin:/usr/sbin
cd "$(dirname "$0")"
suites=(trixie trixie-backports)
target=trixie-backports
package=qemu-system-x86

if [ -n "${RING3_CACHE:-}" ]; then
	cache=$RING3_CACHE
elif [ "$(id -u)" = 0 ]; then
	cache=/var/cache/ring3
else
	cache=${XDG_CACHE_HOME:-$HOME/.cache}/ring3
fi

die() {
	echo "peers: $1" >&2
	exit 1
}

dir=$cache/peer-qemu-$(sha256sum < qemu.sh | cut -c1-12)
if [ -f "$dir/ready" ]; then
	echo "$dir"
	exit 0
fi

for tool in apt-get dpkg-deb; do
	command -v $tool > /dev/null || die "$tool is missing: this needs Debian's package tools"
done
[ "$(dpkg --print-architecture)" = amd64 ] || die 'the package is fetched for amd64 only'
keys=/usr/share/keyrings/debian-archive-keyring.gpg
[ -f $keys ] || die "$keys is missing: apt-get install debian-archive-keyring"
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Label: Debian' | head -1)
[ -n "$mirror" ] || die "apt knows no mirror of Debian: run 'apt-get update'"

mkdir -p "$cache"
new=$(mktemp -d "$cache/peer-new.XXXXXX")
trap 'rm -rf "$new"' EXIT
mkdir -p "$new"/apt/{lists/partial,cache/archives/partial,etc,preferences.d}
touch "$new/apt/status"
for suite in "${suites[@]}"; do
	echo "deb [signed-by=$keys] $mirror $suite main"
done > "$new/apt/sources.list"
cat > "$new/apt/conf" <<-CONF
	Dir::State "$new/apt";
	Dir::State::status "$new/apt/status";
	Dir::Cache "$new/apt/cache";
	Dir::Etc::sourcelist "$new/apt/sources.list";
	Dir::Etc::sourceparts "/dev/null";
	Dir::Etc::preferences "/dev/null";
	Dir::Etc::preferencesparts "/dev/null";
	Acquire::Languages "none";
	Acquire::Retries "1";
	APT::Sandbox::User "$(id -un)";
	Debug::NoLocking "1";
CONF
export APT_CONFIG=$new/apt/conf
echo "  FETCH   $package of $target" >&2
apt-get -qq update >&2 ||
	die "cannot get the package lists of $target: is there a network, and has the mirror that suite?"
apt-get -qq -y -t $target --no-install-recommends --download-only install $package >&2 ||
	die "cannot download $package of $target"
mkdir "$new/done"
for deb in "$new"/apt/cache/archives/*.deb; do
	dpkg-deb --fsys-tarfile "$deb" |
		tar -x -C "$new/done" --no-same-owner --exclude=./usr/share/{doc,man,locale}
done
cat > "$new/done/qemu" <<'SH'
#!/bin/sh
# Run this QEMU with its own libraries and firmware.
top=$(dirname "$(readlink -f "$0")")
lib=$top/usr/lib/x86_64-linux-gnu
exec "$lib/ld-linux-x86-64.so.2" --library-path "$lib" "$top/usr/bin/qemu-system-x86_64" \
	-L "$top/usr/share/qemu" -L "$top/usr/share/seabios" "$@"
SH
chmod +x "$new/done/qemu"
"$new/done/qemu" -device vfio-user-pci,help > /dev/null || die "$package of $target has no vfio-user-pci"
chmod -R a+rX "$new/done"
touch "$new/done/ready"
rm -rf "$dir"
mv "$new/done" "$dir"
# Those of other versions are of no use any more.
for old in "$cache"/peer-*; do
	case $old in "$dir" | */peer-new.*) ;; *) rm -rf "$old" ;; esac
done
echo "$dir"
