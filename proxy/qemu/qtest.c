// SPDX-License-Identifier: GPL-2.0
/*
 * qtest.c - QEMU's qtest protocol
 *
 * One line is a command, one line its answer; "IRQ raise N" and "IRQ lower N" come
 * unasked, in order with the answers, often in one packet with them.  Writes to memory
 * are posted, as on PCI: their answers are counted in `owed` and dropped when they come,
 * at the latest before the answer to the next read.  A QEMU that does not answer in time
 * is stalled: reads give all ones and writes are dropped at once, until every answer has
 * come in.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "proxy/error.h"
#include "proxy/loop.h"
#include "proxy/qemu/qemu.h"

#define MAX_OWED 64
#define MAX_LINE 256
#define NR_LINES 24

static struct {
	struct loop_src src;
	void (*lost)(void);
	void (*irqs)(void);
	struct loop_work lost_work, irq_work;
	char buf[3 * QTEST_BLOCK];	/* the longest answer is two digits for each byte */
	size_t start, len;
	unsigned int owed;
	bool alive, stalled;
	int timeout_ms;
	uint32_t lines, lines_changed;
} q;

static void lost_work(struct loop_work *work)
{
	(void)work;
	q.lost();
}

static void irq_work(struct loop_work *work)
{
	(void)work;
	q.irqs();
}

static void lose(void)
{
	if (!q.alive)
		return;
	q.alive = false;
	loop_del(&q.src);
	loop_defer(&q.lost_work);
}

static void line_event(const char *line)
{
	unsigned int n;

	if (sscanf(line, "IRQ raise %u", &n) == 1 && n < NR_LINES)
		q.lines |= 1u << n;
	else if (sscanf(line, "IRQ lower %u", &n) == 1 && n < NR_LINES)
		q.lines &= ~(1u << n);
	else
		return;
	q.lines_changed |= 1u << n;
	loop_defer(&q.irq_work);
}

/* The next complete line of the buffer, or NULL. */
static char *buffered_line(void)
{
	char *line = q.buf + q.start;
	char *end = memchr(line, '\n', q.len);

	if (!end)
		return NULL;
	*end = 0;
	q.len -= end + 1 - line;
	q.start += end + 1 - line;
	return line;
}

/* The next answer in the buffer; interrupts on the way are noted. */
static char *buffered_answer(void)
{
	char *line;

	while ((line = buffered_line())) {
		if (strncmp(line, "IRQ ", 4))
			return line;
		line_event(line);
	}
	return NULL;
}

/* All complete lines: epoll will not tell again of bytes that have been received. */
static void settle(void)
{
	while (buffered_answer())
		if (q.owed)
			q.owed--;
}

/* More bytes.  0, or -EAGAIN: none in time, or -EPIPE. */
static int receive(int flags)
{
	ssize_t n;

	memmove(q.buf, q.buf + q.start, q.len);
	q.start = 0;
	if (q.len == sizeof(q.buf))
		return -EPIPE;
	do {
		n = recv(q.src.fd, q.buf + q.len, sizeof(q.buf) - q.len, flags);
	} while (n < 0 && errno == EINTR);
	if (n > 0) {
		q.len += n;
		return 0;
	}
	return n < 0 && errno == EAGAIN ? -EAGAIN : -EPIPE;
}

static void stall(void)
{
	if (!q.stalled)
		warn("QEMU has not answered for %d ms: reads give all ones until it does",
		     q.timeout_ms);
	q.stalled = true;
}

/* Wait for an answer.  NULL: stalled or lost. */
static char *await_answer(void)
{
	char *line;

	while (!(line = buffered_answer())) {
		switch (receive(0)) {
		case 0:
			break;
		case -EAGAIN:
			stall();
			return NULL;
		default:
			lose();
			return NULL;
		}
	}
	return line;
}

static void drain(unsigned int down_to)
{
	while (q.owed > down_to && await_answer())
		q.owed--;
}

static void event(struct loop_src *src, uint32_t events)
{
	int err = receive(MSG_DONTWAIT);

	(void)src;
	(void)events;
	settle();
	if (err == -EPIPE)
		lose();
	if (q.stalled && !q.owed) {
		q.stalled = false;
		warn("QEMU answers again");
	}
}

static int transmit(const char *line, size_t len)
{
	ssize_t n;

	if (!q.alive || q.stalled)
		return -1;
	do {
		n = send(q.src.fd, line, len, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	if (n == (ssize_t)len)
		return 0;
	lose();
	return -1;
}

/* Send a line and wait for its answer, valid until the next call; NULL if there is none. */
static char *ask(const char *line, size_t len)
{
	char *answer;

	if (transmit(line, len))
		return NULL;
	q.owed++;
	drain(1);
	answer = q.stalled || !q.alive ? NULL : await_answer();
	if (answer) {
		q.owed--;
		settle();
	}
	return answer;
}

static void post(const char *line, size_t len)
{
	if (q.owed >= MAX_OWED) {
		drain(MAX_OWED / 2);
		settle();
	}
	if (!transmit(line, len))
		q.owed++;
}

/**
 * qtest_open() - talk to a QEMU
 * @fd: connected socket, taken over
 * @lost: called from the loop when QEMU has gone
 * @irqs: called from the loop when lines have changed
 *
 * Return: 0, or -1 with fail().
 */
int qtest_open(int fd, void (*lost)(void), void (*irqs)(void))
{
	memset(&q, 0, sizeof(q));
	q.src.fd = fd;
	q.src.fn = event;
	q.lost = lost;
	q.irqs = irqs;
	q.lost_work.fn = lost_work;
	q.irq_work.fn = irq_work;
	if (loop_add(&q.src, EPOLLIN)) {
		close(fd);
		return fail("cannot wait for QEMU: %m");
	}
	q.alive = true;
	return 0;
}

/**
 * qtest_close() - stop talking
 */
void qtest_close(void)
{
	if (!q.src.fn)
		return;
	if (q.alive)
		loop_del(&q.src);
	loop_cancel(&q.lost_work);
	loop_cancel(&q.irq_work);
	close(q.src.fd);
	memset(&q, 0, sizeof(q));
}

/**
 * qtest_alive() - is QEMU still there?
 *
 * Return: false if it has closed the socket.
 */
bool qtest_alive(void)
{
	return q.alive;
}

/**
 * qtest_stalled() - has QEMU failed to answer in time?
 *
 * Return: true until it has caught up.
 */
bool qtest_stalled(void)
{
	return q.stalled;
}

/**
 * qtest_give_up() - QEMU is known not to answer: do not wait for it
 */
void qtest_give_up(void)
{
	q.stalled = true;
}

/**
 * qtest_set_timeout() - how long to wait for an answer
 * @ms: milliseconds
 */
void qtest_set_timeout(int ms)
{
	struct timeval tv = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	q.timeout_ms = ms;
	setsockopt(q.src.fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
}

/**
 * qtest_command() - a command without a value
 * @line: without the newline
 *
 * Return: 0, or -1: no answer, or not "OK".
 */
int qtest_command(const char *line)
{
	char buf[MAX_LINE];
	const char *answer;

	answer = ask(buf, snprintf(buf, sizeof(buf), "%s\n", line));
	return answer && !strncmp(answer, "OK", 2) ? 0 : -1;
}

static char suffix(unsigned int width)
{
	return width == 1 ? 'b' : width == 2 ? 'w' : width == 4 ? 'l' : 'q';
}

static uint64_t all_ones(unsigned int width)
{
	return width == 8 ? ~0ull : (1ull << (8 * width)) - 1;
}

static uint64_t value_of(const char *answer, unsigned int width)
{
	if (!answer || strncmp(answer, "OK 0x", 5))
		return all_ones(width);
	return strtoull(answer + 3, NULL, 16) & all_ones(width);
}

/**
 * qtest_read() - one read of memory
 * @addr: address
 * @width: 1, 2, 4 or 8 bytes
 *
 * Return: the value; all ones without QEMU.
 */
uint64_t qtest_read(uint64_t addr, unsigned int width)
{
	char buf[MAX_LINE];

	return value_of(ask(buf, snprintf(buf, sizeof(buf), "read%c 0x%llx\n", suffix(width),
					  (unsigned long long)addr)), width);
}

/**
 * qtest_read_block() - read some bytes, in accesses of QEMU's choice
 * @addr: address
 * @data: for the bytes
 * @len: how many, at most QTEST_BLOCK
 *
 * Return: 0, or -1 without QEMU.
 */
int qtest_read_block(uint64_t addr, void *data, size_t len)
{
	char buf[MAX_LINE];
	const char *answer = ask(buf, snprintf(buf, sizeof(buf), "read 0x%llx 0x%zx\n",
					       (unsigned long long)addr, len));
	uint8_t *p = data;

	if (!answer || strncmp(answer, "OK 0x", 5) || strlen(answer) != 5 + 2 * len)
		return -1;
	for (size_t i = 0; i < len; i++) {
		const char digits[] = { answer[5 + 2 * i], answer[6 + 2 * i], 0 };

		p[i] = strtoul(digits, NULL, 16);
	}
	return 0;
}

/**
 * qtest_write() - one posted write to memory
 * @addr: address
 * @width: 1, 2, 4 or 8 bytes
 * @value: to be written
 */
void qtest_write(uint64_t addr, unsigned int width, uint64_t value)
{
	char buf[MAX_LINE];

	post(buf, snprintf(buf, sizeof(buf), "write%c 0x%llx 0x%llx\n", suffix(width),
			   (unsigned long long)addr,
			   (unsigned long long)(value & all_ones(width))));
}

/**
 * qtest_flush() - wait until all posted writes are done
 */
void qtest_flush(void)
{
	drain(0);
	settle();
}

/**
 * qtest_write_block() - posted write of some bytes, in accesses of QEMU's choice
 * @addr: address
 * @data: bytes
 * @len: how many, at most 64
 */
void qtest_write_block(uint64_t addr, const void *data, size_t len)
{
	const uint8_t *p = data;
	char buf[MAX_LINE];
	size_t n = snprintf(buf, sizeof(buf), "write 0x%llx 0x%zx 0x", (unsigned long long)addr,
			    len);

	for (size_t i = 0; i < len; i++)
		n += snprintf(buf + n, sizeof(buf) - n, "%02x", p[i]);
	buf[n++] = '\n';
	post(buf, n);
}

/**
 * qtest_in() - read a port
 * @port: number
 * @width: 1, 2 or 4 bytes
 *
 * Return: the value; all ones without QEMU.
 */
uint32_t qtest_in(uint16_t port, unsigned int width)
{
	char buf[MAX_LINE];

	return value_of(ask(buf, snprintf(buf, sizeof(buf), "in%c 0x%x\n", suffix(width), port)),
			width);
}

/**
 * qtest_out() - write a port and wait until that is done
 * @port: number
 * @width: 1, 2 or 4 bytes
 * @value: to be written
 */
void qtest_out(uint16_t port, unsigned int width, uint32_t value)
{
	char buf[MAX_LINE];

	ask(buf, snprintf(buf, sizeof(buf), "out%c 0x%x 0x%llx\n", suffix(width), port,
			  (unsigned long long)(value & all_ones(width))));
}

/**
 * qtest_lines() - interrupt lines
 *
 * Return: a bit for each input of the IOAPIC that is asserted.
 */
uint32_t qtest_lines(void)
{
	return q.lines;
}

/**
 * qtest_lines_changed() - which lines changed since the last call
 *
 * Return: a bit for each.
 */
uint32_t qtest_lines_changed(void)
{
	uint32_t changed = q.lines_changed;

	q.lines_changed = 0;
	return changed;
}
