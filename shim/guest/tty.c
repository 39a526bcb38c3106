// SPDX-License-Identifier: GPL-2.0
/* tty.c - CMD's pseudo-terminal, and the relay between it and the channels */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "shim/guest/guest.h"

/**
 * tty_master() - make a pseudo-terminal
 *
 * Return: its master, which does not block; -1 with errno set.
 */
int tty_master(void)
{
	int master = open("/dev/pts/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	int unlock = 0;

	if (master >= 0 && ioctl(master, TIOCSPTLCK, &unlock) < 0) {
		close(master);
		return -1;
	}
	return master;
}

/**
 * tty_open() - make a pseudo-terminal and open the channels it is relayed to
 * @tty: filled in
 *
 * Return: 0, or -1 with errno set.
 */
int tty_open(struct guest_tty *tty)
{
	tty->in = open("/dev/ring3-stdin", O_RDONLY | O_CLOEXEC);
	tty->out = open("/dev/ring3-stdout", O_WRONLY | O_CLOEXEC);
	tty->master = tty_master();
	return tty->in < 0 || tty->out < 0 || tty->master < 0 ? -1 : 0;
}

/**
 * tty_slave() - open CMD's side
 * @master: the terminal
 *
 * Return: a file descriptor, or -1 with errno set.
 */
int tty_slave(int master)
{
	return ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
}

/**
 * tty_resize() - tell CMD's terminal the size of the caller's
 * @master: the terminal
 * @rows: lines
 * @cols: columns
 */
void tty_resize(int master, unsigned int rows, unsigned int cols)
{
	struct winsize size = { .ws_row = rows, .ws_col = cols };

	ioctl(master, TIOCSWINSZ, &size);
}

/**
 * tty_poll_in() - events to wait for on the channel of keys
 * @tty: the terminal
 *
 * Return: POLLIN, or 0 while older keys are not taken yet.
 */
short tty_poll_in(const struct guest_tty *tty)
{
	return tty->len || tty->in_eof ? 0 : POLLIN;
}

/**
 * tty_poll_master() - events to wait for on the terminal
 * @tty: the terminal
 *
 * Return: POLLIN, with POLLOUT while keys wait.
 */
short tty_poll_master(const struct guest_tty *tty)
{
	return tty->len ? POLLIN | POLLOUT : POLLIN;
}

/**
 * tty_flush() - offer the keys that wait to the terminal
 * @tty: the terminal
 */
void tty_flush(struct guest_tty *tty)
{
	ssize_t n = write(tty->master, tty->pending, tty->len);

	if (n < 0)
		n = errno == EAGAIN || errno == EINTR ? 0 : (ssize_t)tty->len;
	memmove(tty->pending, tty->pending + n, tty->len - n);
	tty->len -= n;
}

/**
 * tty_keys() - take keys from the channel
 * @tty: the terminal
 */
void tty_keys(struct guest_tty *tty)
{
	ssize_t n = read(tty->in, tty->pending, sizeof(tty->pending));

	if (n < 0 && errno == EINTR)
		return;
	tty->in_eof = n <= 0;
	if (n <= 0)
		return;
	tty->len = n;
	tty_flush(tty);
}

/**
 * tty_screen() - bring what CMD wrote to the channel
 * @tty: the terminal
 *
 * Return: whether there may be more now.
 */
bool tty_screen(struct guest_tty *tty)
{
	char data[8192];
	ssize_t n = read(tty->master, data, sizeof(data)), done = 0;

	while (done < n) {
		ssize_t put = write(tty->out, data + done, n - done);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return false;
		done += put;
	}
	return n > 0;
}
