// SPDX-License-Identifier: GPL-2.0
/*
 * tcp.c - two ends of a TCP connection: on the host's loopback, and in the hosted kernel
 *
 * tcp serve PORTFILE FILE GOT SECONDS   one connection: send FILE, meanwhile keep what comes as GOT
 * tcp swap HOST PORT FILE GOT           the other end of that
 * tcp echo PORTFILE SECONDS             any number of connections: send back what comes
 * tcp sink PORTFILE SECONDS             connections one after the other, for the next two
 * tcp up|down HOST PORT BYTES           move BYTES, print megabytes (10^6) per second
 *
 * A server listens on a port of the loopback that is free, writes its number to PORTFILE, and ends
 * after SECONDS at the latest.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CHUNK = 1 << 16 };

/* What a client of `tcp sink` says first. */
struct hello {
	uint64_t bytes;
	uint64_t down;
};

static char buf[CHUNK];

__attribute__((noreturn)) static void die(const char *what)
{
	fprintf(stderr, "tcp: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void write_all(int fd, const void *data, size_t len)
{
	const char *p = data;

	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0)
			die("write");
		p += n;
		len -= n;
	}
}

static int listen_on(const char *portfile)
{
	struct sockaddr_in sin = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t len = sizeof(sin);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char tmp[4096];
	FILE *f;

	if (fd < 0 || bind(fd, (struct sockaddr *)&sin, len) < 0 || listen(fd, 4) < 0 ||
	    getsockname(fd, (struct sockaddr *)&sin, &len) < 0)
		die("listen");
	snprintf(tmp, sizeof(tmp), "%s.new", portfile);
	f = fopen(tmp, "we");
	if (!f || fprintf(f, "%d\n", ntohs(sin.sin_port)) < 0 || fclose(f) ||
	    rename(tmp, portfile) < 0)
		die(portfile);
	return fd;
}

static int connect_to(const char *host, const char *port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(atoi(port)) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (inet_pton(AF_INET, host, &sin.sin_addr) != 1) {
		errno = EINVAL;
		die(host);
	}
	if (fd < 0 || connect(fd, (struct sockaddr *)&sin, sizeof(sin)) < 0)
		die("connect");
	return fd;
}

static int accept_on(int fd)
{
	int conn = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

	if (conn < 0)
		die("accept");
	return conn;
}

/* Send the next chunk of the file; false at its end. */
static bool send_some(int conn, int file)
{
	ssize_t n = read(file, buf, sizeof(buf));

	if (n < 0)
		die("read");
	write_all(conn, buf, n);
	return n > 0;
}

static bool receive_some(int conn, int file)
{
	ssize_t n = read(conn, buf, sizeof(buf));

	if (n < 0)
		die("receive");
	write_all(file, buf, n);
	return n > 0;
}

/*
 * Both ways at once; a sender blocks no receiver, as each end has a process for each way.  The
 * end that is @last says that it is done when it has received all: the other one's machine may be
 * switched off then, and what it sent is here.
 */
static void swap_files(int conn, const char *name, const char *got, bool last)
{
	int in = open(name, O_RDONLY | O_CLOEXEC);
	int out = open(got, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	int status;
	pid_t pid;

	if (in < 0)
		die(name);
	if (out < 0)
		die(got);
	pid = fork();
	if (pid == 0) {
		while (send_some(conn, in))
			;
		if (!last)
			shutdown(conn, SHUT_WR);
		_exit(0);
	}
	while (receive_some(conn, out))
		;
	if (close(out) < 0)
		die(got);
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
		die("sending");
	if (last)
		shutdown(conn, SHUT_WR);
}

static void sink(int conn)
{
	struct hello hello;
	ssize_t n;

	if (recv(conn, &hello, sizeof(hello), MSG_WAITALL) != sizeof(hello))
		die("hello");
	while (hello.down && hello.bytes) {
		n = write(conn, buf, hello.bytes < CHUNK ? hello.bytes : CHUNK);
		if (n < 0)
			die("send");
		hello.bytes -= n;
	}
	while (!hello.down && hello.bytes) {
		n = read(conn, buf, sizeof(buf));
		if (n <= 0)
			die("receive");
		hello.bytes -= n;
	}
	write_all(conn, "", 1);
	close(conn);
}

/* Each connection has a process: one that hangs keeps no other waiting. */
static void echo(int conn)
{
	ssize_t n;

	if (fork() == 0) {
		while ((n = read(conn, buf, sizeof(buf))) > 0)
			write_all(conn, buf, n);
		_exit(0);
	}
	close(conn);
}

static void move(int conn, bool down, uint64_t bytes)
{
	struct hello hello = { .bytes = bytes, .down = down };
	struct timespec a, b;
	uint64_t left = bytes;
	double seconds;
	ssize_t n;

	clock_gettime(CLOCK_MONOTONIC, &a);
	write_all(conn, &hello, sizeof(hello));
	while (!down && left) {
		n = write(conn, buf, left < CHUNK ? left : CHUNK);
		if (n < 0)
			die("send");
		left -= n;
	}
	left = down ? bytes + 1 : 1;	/* the last byte says that all has arrived */
	while (left) {
		n = read(conn, buf, sizeof(buf));
		if (n <= 0)
			die("receive");
		left -= n;
	}
	clock_gettime(CLOCK_MONOTONIC, &b);
	seconds = b.tv_sec - a.tv_sec + (b.tv_nsec - a.tv_nsec) / 1e9;
	printf("%.2f\n", bytes / seconds / 1e6);
}

int main(int argc, char **argv)
{
	const char *cmd = argc > 1 ? argv[1] : "";
	int fd;

	signal(SIGPIPE, SIG_IGN);
	if (!strcmp(cmd, "serve") && argc == 6) {
		alarm(atoi(argv[5]));
		swap_files(accept_on(listen_on(argv[2])), argv[3], argv[4], true);
		return 0;
	}
	if (!strcmp(cmd, "swap") && argc == 6) {
		swap_files(connect_to(argv[2], argv[3]), argv[4], argv[5], false);
		return 0;
	}
	if (!strcmp(cmd, "echo") && argc == 4) {
		signal(SIGCHLD, SIG_IGN);
		alarm(atoi(argv[3]));
		for (fd = listen_on(argv[2]);;)
			echo(accept_on(fd));
	}
	if (!strcmp(cmd, "sink") && argc == 4) {
		alarm(atoi(argv[3]));
		for (fd = listen_on(argv[2]);;)
			sink(accept_on(fd));
	}
	if ((!strcmp(cmd, "up") || !strcmp(cmd, "down")) && argc == 5) {
		move(connect_to(argv[2], argv[3]), cmd[0] == 'd', strtoull(argv[4], NULL, 0));
		return 0;
	}
	fprintf(stderr, "usage: see the head of tests/tools/tcp.c\n");
	return 2;
}
