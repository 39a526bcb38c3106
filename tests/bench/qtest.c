// SPDX-License-Identifier: GPL-2.0
/*
 * qtest.c - what one bare command to QEMU costs, to compare reads of its models' registers with
 *
 * qtest SOCKET BATCHES COUNT    connects to a QEMU's -qtest socket and reads the first register of
 *                               the device at 00:05.0 (a machine with ports 0xcf8 and 0xcfc): prints
 *                               the mean nanoseconds, one line a batch
 */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define BAR 0xfe000000u

static int sock;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static void join(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	sock = socket(AF_UNIX, SOCK_STREAM, 0);
	if (sock < 0 || connect(sock, (struct sockaddr *)&address, sizeof(address)))
		die(path);
}

/* One command and its line of answer: the number in it, or 0. */
__attribute__((format(printf, 1, 2)))
static uint64_t command(const char *format, ...)
{
	char line[128];
	size_t n = 0;
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (write(sock, line, len) != len)
		die("qtest");
	do {
		ssize_t got = read(sock, line + n, sizeof(line) - 1 - n);

		if (got <= 0)
			die("qtest");
		n += got;
	} while (line[n - 1] != '\n' && n < sizeof(line) - 1);
	line[n] = '\0';
	if (strncmp(line, "OK", 2)) {
		fprintf(stderr, "qtest: %s", line);
		exit(1);
	}
	return strtoull(line + 2, NULL, 0);
}

/* As firmware would: an address for BAR 0, and memory decoding on. */
static void enable(void)
{
	command("outl 0xcf8 0x80002810\n");
	command("outl 0xcfc 0x%x\n", BAR);
	command("outl 0xcf8 0x80002804\n");
	command("outl 0xcfc 0x2\n");
}

int main(int argc, char **argv)
{
	if (argc != 4) {
		fprintf(stderr, "usage: see the head of tests/bench/qtest.c\n");
		return 2;
	}
	join(argv[1]);
	enable();
	if (command("readl 0x%x\n", BAR) == 0xffffffff) {
		fprintf(stderr, "qtest: there is no device\n");
		return 1;
	}
	for (long b = atol(argv[2]); b > 0; b--) {
		long count = atol(argv[3]);
		uint64_t begin = now();

		for (long i = 0; i < count; i++)
			command("readl 0x%x\n", BAR);
		printf("%.1f\n", (double)(now() - begin) / count);
	}
	return fflush(stdout) ? 1 : 0;
}
