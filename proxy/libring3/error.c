// SPDX-License-Identifier: GPL-2.0
/*
 * error.c - why the last call of this thread failed
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "proxy/libring3/internal.h"

static __thread char text[512] = "no error";

/**
 * ring3_error() - why the last call failed
 *
 * Return: a sentence without a newline about the last call of this thread that returned an error; it
 * says what was wrong with what, and what to do.  Valid until this thread's next call that fails.
 */
const char *ring3_error(void)
{
	return text;
}

/**
 * lib_printable() - what somebody else said, fit to be shown
 * @said: changed in place
 */
void lib_printable(char *said)
{
	for (; *said; said++)
		if ((unsigned char)*said < ' ' || *said == 0x7f)
			*said = ' ';
}

/**
 * lib_fail() - set the text
 * @err: negative errno
 * @fmt: printf style
 *
 * Return: @err.
 */
int lib_fail(int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return err;
}

/**
 * lib_lost() - what a request's failure means to the user
 * @dev: device
 * @err: of client.h
 * @what: was not done, "to read" for example
 *
 * Return: -ENODEV for a device that is gone, or @err.
 */
int lib_lost(struct ring3_device *dev, int err, const char *what)
{
	if (err == -EPIPE || err == -EPROTO)
		return lib_fail(-ENODEV, "device '%s': cannot %s: its proxy has ended; close it, and open it again",
				dev->spec, what);
	if (err == -ETIMEDOUT)
		return lib_fail(err, "device '%s': cannot %s: its proxy does not answer; is it stopped?",
				dev->spec, what);
	return lib_fail(err, "device '%s': cannot %s: %s", dev->spec, what, strerror(-err));
}
