# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
# (SC2154: "answer" is set by ask, in main.sh)
# sound.sh - a chirp played through ALSA; the host finds it in the WAV file that QEMU writes

check() {
	await '[ -e /dev/snd/pcmC0D0p ]' 'no playback device'
	ask sound
	"$TOOLS/pcm" /dev/snd/controlC0 /dev/snd/pcmC0D0p "$answer" < chirp || fail 'playing'
	fact 'played'
	fact 'verified a chirp, sample by sample in QEMU'"'"'s WAV'
}
