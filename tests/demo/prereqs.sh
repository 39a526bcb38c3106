#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# prereqs.sh - install the packages of packages.txt that are missing
#
# As root, or with sudo where that needs no password; otherwise the one line to run is printed.
set -euo pipefail

list=$(dirname "$0")/packages.txt
missing=()
for p in $(sed 's/#.*//' "$list"); do
	dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null | grep -qx installed || missing+=("$p")
done
[ ${#missing[@]} -gt 0 ] || exit 0

install="apt-get install -y --no-install-recommends ${missing[*]}"
if [ "$(id -u)" -eq 0 ]; then
	as=()
elif sudo -n true 2>/dev/null; then
	as=(sudo)
else
	echo "ring3: packages are missing and this user may not install them; run:" >&2
	echo "  sudo $install" >&2
	exit 1
fi
echo "installing: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# The package lists of a fresh machine may be missing or too old.
if ! "${as[@]}" $install > "$log" 2>&1; then
	"${as[@]}" apt-get update >> "$log" 2>&1 && "${as[@]}" $install >> "$log" 2>&1 || {
		cat "$log" >&2
		echo "ring3: cannot install what is missing; see above, then run: $install" >&2
		exit 1
	}
fi
