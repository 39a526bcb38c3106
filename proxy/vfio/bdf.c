// SPDX-License-Identifier: GPL-2.0
/*
 * bdf.c - where a PCI device is, as users write it
 */
#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "proxy/vfio/bdf.h"

static bool take_hex(const char **text, unsigned int digits, char end)
{
	for (unsigned int i = 0; i < digits; i++)
		if (!isxdigit((unsigned char)*(*text)++))
			return false;
	return *(*text)++ == end;
}

/**
 * vfio_parse_bdf() - a place on the host's buses
 * @text: DDDD:BB:SS.F, or BB:SS.F in domain 0
 * @bdf: receives the long form in lower case, as sysfs has it
 *
 * Return: 0, or -1.
 */
int vfio_parse_bdf(const char *text, char bdf[VFIO_BDF])
{
	const char *p = text;
	size_t n = strlen(text);

	if (n != 7 && n != 12)
		return -1;
	if (n == 12 && !take_hex(&p, 4, ':'))
		return -1;
	if (!take_hex(&p, 2, ':') || !take_hex(&p, 2, '.') || *p < '0' || *p > '7' || p[1])
		return -1;
	memcpy(bdf, "0000:", 5);
	for (size_t i = 0; i <= n; i++)
		bdf[VFIO_BDF - 1 - n + i] = tolower((unsigned char)text[i]);
	/* Slots are 00 to 1f. */
	return bdf[8] > '1' ? -1 : 0;
}
