// SPDX-License-Identifier: GPL-2.0
/*
 * pcm.c - play raw samples by ALSA's ioctls, with everything that mutes or dampens turned up
 *
 * pcm CONTROL PCM RATE < SAMPLES		signed 16 bit, stereo
 */
#include <errno.h>
#include <fcntl.h>
#include <sound/asound.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { FRAME = 4, MAX_CONTROLS = 256 };

__attribute__((noreturn)) static void die(const char *what)
{
	fprintf(stderr, "pcm: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int open_or_die(const char *name, int flags)
{
	int fd = open(name, flags | O_CLOEXEC);

	if (fd < 0)
		die(name);
	return fd;
}

/* Playback switches on, playback volumes to their maximum. */
static void turn_up_one(int fd, const struct snd_ctl_elem_id *id)
{
	struct snd_ctl_elem_info info = { .id = *id };
	struct snd_ctl_elem_value value = { .id = *id };
	const char *name = (const char *)id->name;

	if (!strstr(name, "Playback") || ioctl(fd, SNDRV_CTL_IOCTL_ELEM_INFO, &info) < 0)
		return;
	if (info.type != SNDRV_CTL_ELEM_TYPE_BOOLEAN && info.type != SNDRV_CTL_ELEM_TYPE_INTEGER)
		return;
	if (!(info.access & SNDRV_CTL_ELEM_ACCESS_WRITE))
		return;
	for (unsigned int i = 0; i < info.count; i++)
		value.value.integer.value[i] = info.value.integer.max;
	if (ioctl(fd, SNDRV_CTL_IOCTL_ELEM_WRITE, &value) < 0)
		die(name);
}

static void turn_up(const char *control)
{
	static struct snd_ctl_elem_id ids[MAX_CONTROLS];
	struct snd_ctl_elem_list list = { .space = MAX_CONTROLS, .pids = ids };
	int fd = open_or_die(control, O_RDWR);

	if (ioctl(fd, SNDRV_CTL_IOCTL_ELEM_LIST, &list) < 0)
		die("list of controls");
	for (unsigned int i = 0; i < list.used; i++)
		turn_up_one(fd, &ids[i]);
	close(fd);
}

static void set_mask(struct snd_pcm_hw_params *p, int what, unsigned int value)
{
	struct snd_mask *mask = &p->masks[what - SNDRV_PCM_HW_PARAM_FIRST_MASK];

	memset(mask, 0, sizeof(*mask));
	mask->bits[value / 32] = 1u << value % 32;
}

static void set_value(struct snd_pcm_hw_params *p, int what, unsigned int value)
{
	struct snd_interval *i = &p->intervals[what - SNDRV_PCM_HW_PARAM_FIRST_INTERVAL];

	memset(i, 0, sizeof(*i));
	i->min = value;
	i->max = value;
	i->integer = 1;
}

static void configure(int fd, unsigned int rate)
{
	struct snd_pcm_hw_params hw;
	struct snd_pcm_sw_params sw = {
		.period_step = 1,
		.avail_min = 1,
		.start_threshold = 8192,
		.boundary = 1ul << 30,
	};

	memset(&hw, 0, sizeof(hw));
	memset(hw.masks, 0xff, sizeof(hw.masks));
	for (size_t i = 0; i < sizeof(hw.intervals) / sizeof(hw.intervals[0]); i++)
		hw.intervals[i].max = UINT32_MAX;
	hw.rmask = UINT32_MAX;
	hw.info = UINT32_MAX;
	set_mask(&hw, SNDRV_PCM_HW_PARAM_ACCESS, SNDRV_PCM_ACCESS_RW_INTERLEAVED);
	set_mask(&hw, SNDRV_PCM_HW_PARAM_FORMAT, SNDRV_PCM_FORMAT_S16_LE);
	set_mask(&hw, SNDRV_PCM_HW_PARAM_SUBFORMAT, SNDRV_PCM_SUBFORMAT_STD);
	set_value(&hw, SNDRV_PCM_HW_PARAM_CHANNELS, 2);
	set_value(&hw, SNDRV_PCM_HW_PARAM_RATE, rate);
	set_value(&hw, SNDRV_PCM_HW_PARAM_PERIOD_SIZE, 2048);
	set_value(&hw, SNDRV_PCM_HW_PARAM_PERIODS, 8);
	if (ioctl(fd, SNDRV_PCM_IOCTL_HW_PARAMS, &hw) < 0)
		die("hardware parameters");
	sw.stop_threshold = 8 * 2048;
	if (ioctl(fd, SNDRV_PCM_IOCTL_SW_PARAMS, &sw) < 0 ||
	    ioctl(fd, SNDRV_PCM_IOCTL_PREPARE) < 0)
		die("prepare");
}

int main(int argc, char **argv)
{
	static char buf[2048 * FRAME];
	size_t n;
	int fd;

	if (argc != 4) {
		fprintf(stderr, "usage: pcm CONTROL PCM RATE < SAMPLES\n");
		return 2;
	}
	turn_up(argv[1]);
	fd = open_or_die(argv[2], O_RDWR);
	configure(fd, atoi(argv[3]));
	while ((n = fread(buf, FRAME, sizeof(buf) / FRAME, stdin)) > 0) {
		struct snd_xferi x = { .buf = buf, .frames = n };

		if (ioctl(fd, SNDRV_PCM_IOCTL_WRITEI_FRAMES, &x) < 0)
			die("write");
		if (x.result != (snd_pcm_sframes_t)n) {
			errno = EIO;
			die("short write");
		}
	}
	if (ioctl(fd, SNDRV_PCM_IOCTL_DRAIN) < 0)
		die("drain");
	return 0;
}
