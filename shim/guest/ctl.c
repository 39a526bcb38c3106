// SPDX-License-Identifier: GPL-2.0
/* ctl.c - the guest's end of the control channel */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "shim/guest/guest.h"

int ctl_fd = -1;

/* Tell whoever reads the kernel log; there may be no shim to tell. */
static void log_line(const char *text)
{
	int fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, text, strlen(text)) < 0)
		errno = 0;	/* nobody is left to be told */
	close(fd);
}

/**
 * guest_die() - end the hosted kernel because init cannot do its work
 * @what: one line for the kernel log
 */
void guest_die(const char *what)
{
	char line[256] = "<3>ring3 init: ";

	strncat(line, what, sizeof(line) - strlen(line) - 2);
	strcat(line, "\n");
	log_line(line);
	end_power_off();
}

static bool read_all(int fd, void *data, size_t len)
{
	char *at = data;

	while (len) {
		ssize_t n = read(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += n;
		len -= n;
	}
	return true;
}

/* Write both parts, in one call unless the channel is full. */
static bool write_both(int fd, struct iovec part[2])
{
	int i = 0;

	while (i < 2) {
		ssize_t n = writev(fd, part + i, 2 - i);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		while (i < 2 && (size_t)n >= part[i].iov_len)
			n -= part[i++].iov_len;
		if (i < 2) {
			part[i].iov_base = (char *)part[i].iov_base + n;
			part[i].iov_len -= n;
		}
	}
	return true;
}

/**
 * ctl_open() - open the control channel
 *
 * Return: 0, or -1 with errno set.
 */
int ctl_open(void)
{
	ctl_fd = open("/dev/ring3-control", O_RDWR | O_CLOEXEC);
	return ctl_fd < 0 ? -1 : 0;
}

/**
 * ctl_read() - wait for one message
 * @hdr: its header
 *
 * Return: the payload, for ctl_free(); a shim that has gone or talks nonsense ends the
 * hosted kernel.
 */
char *ctl_read(struct ring3_ctl_hdr *hdr)
{
	char *payload;

	if (!read_all(ctl_fd, hdr, sizeof(*hdr)))
		guest_die("the shim has gone");
	if (hdr->len > RING3_CTL_MAX_TO_GUEST)
		guest_die("message too long");
	payload = mmap(NULL, hdr->len + 1, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (payload == MAP_FAILED)
		guest_die("no memory for a message");
	if (!read_all(ctl_fd, payload, hdr->len))
		guest_die("the shim has gone in the middle of a message");
	return payload;
}

/**
 * ctl_free() - give back what ctl_read() returned
 * @payload: the payload
 * @hdr: its header
 */
void ctl_free(char *payload, const struct ring3_ctl_hdr *hdr)
{
	munmap(payload, hdr->len + 1);
}

/**
 * ctl_send() - send one message
 * @type: enum ring3_ctl_type
 * @payload: its payload
 * @len: bytes, at most RING3_CTL_MAX_FROM_GUEST
 */
void ctl_send(uint32_t type, const void *payload, size_t len)
{
	struct ring3_ctl_hdr hdr = { .type = type, .len = len };
	struct iovec part[2] = { { &hdr, sizeof(hdr) }, { (void *)payload, len } };

	if (!write_both(ctl_fd, part))
		guest_die("cannot talk to the shim");
}

/**
 * ctl_send_u32() - send a message that is one number
 * @type: enum ring3_ctl_type
 * @value: the number
 */
void ctl_send_u32(uint32_t type, uint32_t value)
{
	ctl_send(type, &value, sizeof(value));
}

/**
 * ctl_warn() - have the shim print a warning
 * @what: what failed
 * @path: with what
 * @err: errno value, or 0
 */
void ctl_warn(const char *what, const char *path, int err)
{
	char text[512] = "";

	strncat(text, what, 100);
	strncat(text, path, 300);
	if (err) {
		strcat(text, ": ");
		strncat(text, strerror(err), 60);
	}
	ctl_send(RING3_CTL_WARN, text, strlen(text) + 1);
}

/**
 * record_next() - walk over records
 * @records: the message, with a NUL behind its @len bytes
 * @len: its length
 * @at: place of the next record, 0 at first
 * @text: the record's string
 *
 * Return: the record's letter, 0 at the end.
 */
int record_next(char *records, size_t len, size_t *at, char **text)
{
	char *record = records + *at;

	if (*at >= len)
		return 0;
	*text = record + 1;
	*at += strlen(record) + 1;
	return *record;
}

static void config_flags(struct guest_config *config, const char *flags)
{
	config->tty = strchr(flags, RING3_FLAG_TTY);
	config->tty_stderr = strchr(flags, RING3_FLAG_TTY_STDERR);
	config->checks = strchr(flags, RING3_FLAG_CHECKS);
	config->coverage = strchr(flags, RING3_FLAG_COVERAGE);
}

static void config_count(struct guest_config *config, size_t *args, size_t *envs)
{
	size_t at = 0;
	char *text;
	int tag;

	while ((tag = record_next(config->records, config->size, &at, &text))) {
		*args += tag == RING3_REC_ARG;
		*envs += tag == RING3_REC_ENV;
	}
}

static void config_fill(struct guest_config *config)
{
	char **arg = config->argv, **env = config->envp, *text;
	size_t at = 0;
	int tag;

	while ((tag = record_next(config->records, config->size, &at, &text))) {
		if (tag == RING3_REC_ARG)
			*arg++ = text;
		else if (tag == RING3_REC_ENV)
			*env++ = text;
		else if (tag == RING3_REC_SHELL)
			config->shell = text;
		else if (tag == RING3_REC_CWD)
			config->cwd = text;
		else if (tag == RING3_REC_MODULES_DIR)
			config->modules_dir = text;
		else if (tag == RING3_REC_FLAGS)
			config_flags(config, text);
	}
}

/**
 * config_parse() - find out what the orders say
 * @config: has records and size; the rest is filled in, for config_release()
 *
 * Return: 0, or -1 with errno set.
 */
int config_parse(struct guest_config *config)
{
	size_t args = 0, envs = 0;

	config_count(config, &args, &envs);
	config->vectors_size = (args + envs + 4) * sizeof(*config->vectors);
	config->vectors = mmap(NULL, config->vectors_size, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (config->vectors == MAP_FAILED)
		return -1;
	config->argv = config->vectors;
	config->envp = config->vectors + args + 1;
	config->cwd = "/";
	config_fill(config);
	return 0;
}

/**
 * config_release() - give back what config_parse() took; the records stay
 * @config: the orders
 */
void config_release(struct guest_config *config)
{
	munmap(config->vectors, config->vectors_size);
}

/**
 * ctl_config() - wait for the orders
 * @config: filled in; lives until power-off
 *
 * Return: 0, or -1 when the first message is not CONFIG.
 */
int ctl_config(struct guest_config *config)
{
	struct ring3_ctl_hdr hdr;

	config->records = ctl_read(&hdr);
	config->size = hdr.len;
	if (hdr.type != RING3_CTL_CONFIG)
		return -1;
	return config_parse(config);
}
