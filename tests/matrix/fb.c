// SPDX-License-Identifier: GPL-2.0
/*
 * fb.c - set the mode of a framebuffer and draw the picture that tests/matrix/host.py knows
 *
 * fb DEVICE write|mmap		prints WIDTH HEIGHT
 *
 * Pixel (x, y): red x, green y, blue x + y, each modulo 256; for mmap everything is inverted.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fb.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

__attribute__((noreturn)) static void die(const char *what)
{
	fprintf(stderr, "fb: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void draw_line(uint32_t *line, unsigned int width, unsigned int y, uint32_t invert)
{
	for (unsigned int x = 0; x < width; x++)
		line[x] = ((x & 0xff) << 16 | (y & 0xff) << 8 | ((x + y) & 0xff)) ^ invert;
}

int main(int argc, char **argv)
{
	struct fb_var_screeninfo var;
	struct fb_fix_screeninfo fix;
	uint32_t invert = 0;
	char *picture;
	size_t size;
	int fd;

	if (argc != 3) {
		fprintf(stderr, "usage: fb DEVICE write|mmap\n");
		return 2;
	}
	fd = open(argv[1], O_RDWR | O_CLOEXEC);
	if (fd < 0 || ioctl(fd, FBIOGET_VSCREENINFO, &var) < 0 ||
	    ioctl(fd, FBIOGET_FSCREENINFO, &fix) < 0)
		die(argv[1]);
	if (var.bits_per_pixel != 32) {
		errno = EINVAL;
		die("not 32 bits per pixel");
	}
	var.activate = FB_ACTIVATE_NOW | FB_ACTIVATE_FORCE;
	if (ioctl(fd, FBIOPUT_VSCREENINFO, &var) < 0)
		die("mode");
	if (ioctl(fd, FBIOBLANK, FB_BLANK_UNBLANK) < 0)
		die("unblank");
	size = (size_t)fix.line_length * var.yres;
	if (!strcmp(argv[2], "mmap")) {
		picture = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (picture == MAP_FAILED)
			die("mmap");
		invert = 0xffffff;
	} else {
		picture = calloc(1, size);
		if (!picture)
			die("memory");
	}
	for (unsigned int y = 0; y < var.yres; y++)
		draw_line((uint32_t *)(picture + (size_t)fix.line_length * y), var.xres, y, invert);
	/*
	 * In one piece: of a write of exactly one line drm_fb_helper_memory_range_to_clip() makes
	 * an empty area ((off + len) % line_length is its right edge), which is never shown.
	 */
	if (!invert && pwrite(fd, picture, size, 0) != (ssize_t)size)
		die("write");
	printf("%u %u\n", var.xres, var.yres);
	return 0;
}
