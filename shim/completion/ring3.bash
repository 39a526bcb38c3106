# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# ring3.bash - bash completion for the ring3 command

_ring3_words() {
	mapfile -t COMPREPLY < <(compgen -W "$1" -- "$2")
}

_ring3_files() {
	compopt -o filenames
	mapfile -t COMPREPLY < <(compgen "$1" -- "$2")
}

# Names of the hosted kernel's modules.
_ring3_modules() {
	local kernel=${RING3_KERNEL:-}
	[ -n "$kernel" ] || kernel=$(dirname "$(readlink -f "$(type -P "$1")")")/build/kernel
	sed 's,.*/,,; s,\.ko.*,,' "$kernel"/lib/modules/*/modules.order 2>/dev/null
}

# Names of the running instances.
_ring3_names() {
	"$1" ps 2>/dev/null | sed -n '1d; s/ .*//p'
}

# Devices of the running instances, as far as they can be seen.
_ring3_devices() {
	local view
	for view in $("$1" ps 2>/dev/null | sed -n '1d; s/.* //p'); do
		ls "$view/devices" 2>/dev/null
	done
}

# Devices of the machine; those that VFIO has.
_ring3_host() { find /sys/bus/pci/devices -mindepth 1 -printf '%f\n' 2>/dev/null; }
_ring3_bound() { find /sys/bus/pci/drivers/vfio-pci -name '*:*' -printf '%f\n' 2>/dev/null; }

# The value of option $1 ($2: what is typed of it).
_ring3_value() {
	case $1 in
	--device) _ring3_words "qemu: vfio-user: testdev help qemu:help $(_ring3_bound | sed 's/^/vfio:/')" "$2" ;;
	--driver)
		case $2 in
		*/*) _ring3_files -f "$2" ;;
		*) _ring3_words "$(_ring3_modules "${COMP_WORDS[0]}")" "$2" ;;
		esac
		;;
	--dma) _ring3_words 'static strict' "$2" ;;
	--flavor) _ring3_words 'default debug' "$2" ;;
	--mem) _ring3_words '64M 128M 256M 512M 1G' "$2" ;;
	--rw | --listen | --trace | --coverage | --output | -o | --tty | --command | -x) _ring3_files -f "$2" ;;
	--view | --cd) _ring3_files -d "$2" ;;
	--interpreter | -i) _ring3_words 'mi' "$2" ;;
	-w | --width) _ring3_words '1 2 4 8' "$2" ;;
	-u | --user) mapfile -t COMPREPLY < <(compgen -u -- "$2") ;;
	-n) _ring3_words "$(_ring3_names "${COMP_WORDS[0]}")" "$2" ;;
	--qemu | --name | --value | --kernel-args | --timeout | --client-fd | --ram-fd | --ready-fd | --ex | -ex) ;;
	*) return 1 ;;
	esac
}

_ring3() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} i
	local run='--device --qemu --driver --flavor --fatal-reports --name --mem --kernel-args --timeout --rw --view --trace
		--trace-mapped --dma --coverage --hold --no-sandbox --dry-run --verbose --quiet --help -v -q'
	local gdb='--ex --command --batch --tui --interpreter --tty -ex -x -i'
	COMPREPLY=()
	if [ "$COMP_CWORD" -eq 1 ]; then
		_ring3_words 'run debug attach build proxy ps exec kill bar trace bind unbind status --help --version' "$cur"
		return
	fi
	# Behind -- there is a command of its own.
	for ((i = 2; i < COMP_CWORD; i++)); do
		if [ "${COMP_WORDS[i]}" = -- ]; then
			mapfile -t COMPREPLY < <(compgen -c -- "$cur")
			return
		fi
	done
	[ "$cur" != = ] || cur=
	if [ "$prev" = = ]; then
		prev=${COMP_WORDS[COMP_CWORD - 2]}
	fi
	_ring3_value "$prev" "$cur" && return
	case ${COMP_WORDS[1]} in
	run) _ring3_words "$run -h --" "$cur" ;;
	debug) _ring3_words "$run $gdb --go-on --cd --print-launch-json -h --" "$cur" ;;
	attach)
		case $cur in
		-*) _ring3_words "$gdb --help -h" "$cur" ;;
		*) _ring3_words "$(_ring3_names "${COMP_WORDS[0]}")" "$cur" ;;
		esac
		;;
	build)
		case $cur in
		-*) _ring3_words '--flavor --verbose --quiet --help -f -v -q -h' "$cur" ;;
		*) _ring3_files -d "$cur" ;;
		esac
		;;
	ps) _ring3_words '--json --prune --help -j -h' "$cur" ;;
	exec)
		case $COMP_CWORD:$cur in
		*:-*) _ring3_words '--help -h --' "$cur" ;;
		2:*) _ring3_words "$(_ring3_names "${COMP_WORDS[0]}")" "$cur" ;;
		*) _ring3_words '--' "$cur" ;;
		esac
		;;
	kill)
		case $cur in
		-*) _ring3_words '--help -h' "$cur" ;;
		*) _ring3_words "$(_ring3_names "${COMP_WORDS[0]}")" "$cur" ;;
		esac
		;;
	bar)
		case $COMP_CWORD:$cur in
		*:-*) _ring3_words '--width --name --value --raw --json --help -w -n -j -h' "$cur" ;;
		2:*) _ring3_words 'read write dump' "$cur" ;;
		3:*) _ring3_words "testdev qemu: $(_ring3_devices "${COMP_WORDS[0]}")" "$cur" ;;
		4:*) _ring3_words '0 1 2 3 4 5 rom' "$cur" ;;
		esac
		;;
	proxy) _ring3_words '--device --listen --qemu --client-fd --ram-fd --ready-fd --view --view-optional
		--show --trace --trace-mapped --dma --callers --until --stay --no-sandbox
		--help --usage --version -d -V' "$cur" ;;
	bind)
		case $cur in
		-*) _ring3_words '--group --user --force --quiet --help -g -u -q -h' "$cur" ;;
		*) _ring3_words "$(_ring3_host)" "$cur" ;;
		esac
		;;
	unbind)
		case $cur in
		-*) _ring3_words '--group --force --quiet --help -g -q -h' "$cur" ;;
		*) _ring3_words "$(_ring3_bound)" "$cur" ;;
		esac
		;;
	status)
		case $cur in
		-*) _ring3_words '--json --help -j -h' "$cur" ;;
		*) _ring3_words "$(_ring3_host)" "$cur" ;;
		esac
		;;
	trace)
		case $cur in
		-*) _ring3_words '--json --perfetto --output --quiet --help -j -p -o -q -h' "$cur" ;;
		*) _ring3_files -f "$cur" ;;
		esac
		;;
	esac
}

complete -F _ring3 ring3
