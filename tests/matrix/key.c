// SPDX-License-Identifier: GPL-2.0
/*
 * key.c - read input events from standard input until one is as wanted
 *
 * key TYPE CODE VALUE
 */
#include <linux/input.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct input_event e;

	if (argc != 4) {
		fprintf(stderr, "usage: key TYPE CODE VALUE < /dev/input/eventN\n");
		return 2;
	}
	while (read(STDIN_FILENO, &e, sizeof(e)) == sizeof(e))
		if (e.type == atoi(argv[1]) && e.code == atoi(argv[2]) && e.value == atoi(argv[3]))
			return 0;
	return 1;
}
