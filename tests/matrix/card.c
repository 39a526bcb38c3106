// SPDX-License-Identifier: GPL-2.0
/*
 * card.c - set a mode through a DRM device and draw the picture that tests/matrix/host.py knows
 *
 * card DEVICE [before|after]...
 *
 * For each word a mode is set with a dumb buffer of its own; the picture is drawn into the mapped buffer before
 * or after that (inverted then, see fb.c).  Prints WORD WIDTH HEIGHT and waits for a line of standard input,
 * as the picture is gone with its buffer.
 */
#include <libdrm/drm.h>
#include <libdrm/drm_mode.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MAX_MODES = 256, MAX_OBJECTS = 16 };

struct screen {
	int fd;
	uint32_t connector, crtc;
	struct drm_mode_modeinfo mode;
};

__attribute__((noreturn)) static void die(const char *what)
{
	fprintf(stderr, "card: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void call(int fd, unsigned long request, void *arg, const char *what)
{
	while (ioctl(fd, request, arg) < 0)
		if (errno != EINTR && errno != EAGAIN)
			die(what);
}

/* The first connector with a screen, its first (preferred) mode, the first CRTC. */
static void find_screen(struct screen *s)
{
	static struct drm_mode_modeinfo modes[MAX_MODES];
	uint32_t crtcs[MAX_OBJECTS], connectors[MAX_OBJECTS];
	uint32_t encoders[MAX_OBJECTS], props[MAX_OBJECTS * 4];
	uint64_t values[MAX_OBJECTS * 4];
	struct drm_mode_card_res res = {
		.crtc_id_ptr = (uintptr_t)crtcs,
		.count_crtcs = MAX_OBJECTS,
		.connector_id_ptr = (uintptr_t)connectors,
		.count_connectors = MAX_OBJECTS,
	};

	call(s->fd, DRM_IOCTL_MODE_GETRESOURCES, &res, "resources");
	for (uint32_t i = 0; i < res.count_connectors && i < MAX_OBJECTS; i++) {
		struct drm_mode_get_connector c = { .connector_id = connectors[i] };

		/* Without room for modes the driver looks what is connected. */
		call(s->fd, DRM_IOCTL_MODE_GETCONNECTOR, &c, "connector");
		if (c.connection != 1 || !c.count_modes)
			continue;
		c.modes_ptr = (uintptr_t)modes;
		c.count_modes = MAX_MODES;
		c.encoders_ptr = (uintptr_t)encoders;
		c.count_encoders = MAX_OBJECTS;
		c.props_ptr = (uintptr_t)props;
		c.prop_values_ptr = (uintptr_t)values;
		c.count_props = MAX_OBJECTS * 4;
		call(s->fd, DRM_IOCTL_MODE_GETCONNECTOR, &c, "modes");
		if (!res.count_crtcs || !c.count_modes || c.count_modes > MAX_MODES)
			break;
		s->connector = connectors[i];
		s->crtc = crtcs[0];
		s->mode = modes[0];
		return;
	}
	errno = ENODEV;
	die("no connected screen");
}

static void draw(char *map, const struct drm_mode_create_dumb *dumb, uint32_t invert)
{
	for (uint32_t y = 0; y < dumb->height; y++) {
		uint32_t *line = (uint32_t *)(map + (size_t)dumb->pitch * y);

		for (uint32_t x = 0; x < dumb->width; x++)
			line[x] = ((x & 0xff) << 16 | (y & 0xff) << 8 | ((x + y) & 0xff)) ^ invert;
	}
}

static void set_mode(const struct screen *s, uint32_t fb)
{
	struct drm_mode_crtc crtc = {
		.crtc_id = s->crtc,
		.fb_id = fb,
		.set_connectors_ptr = (uintptr_t)&s->connector,
		.count_connectors = 1,
		.mode = s->mode,
		.mode_valid = 1,
	};

	call(s->fd, DRM_IOCTL_MODE_SETCRTC, &crtc, "mode");
}

static void show(const struct screen *s, const char *when)
{
	struct drm_mode_create_dumb dumb = {
		.width = s->mode.hdisplay, .height = s->mode.vdisplay, .bpp = 32,
	};
	struct drm_mode_fb_cmd fb = { .bpp = 32, .depth = 24 };
	struct drm_mode_map_dumb where = { 0 };
	struct drm_mode_destroy_dumb gone = { 0 };
	struct drm_mode_fb_dirty_cmd dirty = { 0 };
	char line[16];
	char *map;

	call(s->fd, DRM_IOCTL_MODE_CREATE_DUMB, &dumb, "buffer");
	where.handle = gone.handle = fb.handle = dumb.handle;
	fb.width = dumb.width;
	fb.height = dumb.height;
	fb.pitch = dumb.pitch;
	call(s->fd, DRM_IOCTL_MODE_ADDFB, &fb, "frame buffer");
	call(s->fd, DRM_IOCTL_MODE_MAP_DUMB, &where, "place of the buffer");
	map = mmap(NULL, dumb.size, PROT_READ | PROT_WRITE, MAP_SHARED, s->fd, where.offset);
	if (map == MAP_FAILED)
		die("mmap");
	if (!strcmp(when, "before"))
		draw(map, &dumb, 0);
	set_mode(s, fb.fb_id);
	if (!strcmp(when, "after"))
		draw(map, &dumb, 0xffffff);
	/* ENOSYS: the screen shows the buffer itself. */
	dirty.fb_id = fb.fb_id;
	if (ioctl(s->fd, DRM_IOCTL_MODE_DIRTYFB, &dirty) < 0 && errno != ENOSYS)
		die("dirty");
	printf("%s %u %u\n", when, dumb.width, dumb.height);
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		die("standard input ended");
	munmap(map, dumb.size);
	call(s->fd, DRM_IOCTL_MODE_RMFB, &fb.fb_id, "frame buffer's end");
	call(s->fd, DRM_IOCTL_MODE_DESTROY_DUMB, &gone, "buffer's end");
}

int main(int argc, char **argv)
{
	struct screen s;

	if (argc < 3) {
		fprintf(stderr, "usage: card DEVICE [before|after]...\n");
		return 2;
	}
	s.fd = open(argv[1], O_RDWR | O_CLOEXEC);
	if (s.fd < 0)
		die(argv[1]);
	call(s.fd, DRM_IOCTL_SET_MASTER, NULL, "master");
	find_screen(&s);
	for (int i = 2; i < argc; i++)
		show(&s, argv[i]);
	return 0;
}
