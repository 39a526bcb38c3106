// SPDX-License-Identifier: GPL-2.0
/* size.c - numbers and sizes from the command line */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "shim/size.h"
#include "shim/util.h"

#define YEAR_MS (366ULL * 24 * 3600 * 1000)

/* Digits only: strtoull() would take signs, spaces and wrap negative numbers. */
static const char *parse_digits(const char *text, uint64_t *out)
{
	uint64_t value = 0;

	if (!isdigit((unsigned char)*text))
		return NULL;
	for (; isdigit((unsigned char)*text); text++) {
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, *text - '0', &value))
			return NULL;
	}
	*out = value;
	return text;
}

int parse_size(const char *text, uint64_t *out)
{
	static const char units[] = "KMG";
	const char *unit;
	uint64_t value;

	text = parse_digits(text, &value);
	if (!text)
		return -1;
	if (*text) {
		unit = strchr(units, toupper((unsigned char)*text));
		if (!unit || text[1] ||
		    __builtin_mul_overflow(value, 1ULL << 10 * (unit - units + 1), &value))
			return -1;
	}
	*out = value;
	return 0;
}

int parse_number(const char *text, uint64_t *out)
{
	uint64_t value = 0;

	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
		const char *digits = text + 2;

		if (!*digits || strspn(digits, "0123456789abcdefABCDEF") != strlen(digits))
			return -1;
		digits += strspn(digits, "0");
		if (strlen(digits) > 16)
			return -1;
		*out = strtoull(text, NULL, 16);
		return 0;
	}
	if (text[0] == '0' && text[1])
		return -1;
	text = parse_digits(text, &value);
	if (!text || *text)
		return -1;
	*out = value;
	return 0;
}

int parse_seconds(const char *text, uint64_t *out)
{
	uint64_t seconds, ms = 0, place = 100;

	text = parse_digits(text, &seconds);
	if (!text || seconds > YEAR_MS / 1000)
		return -1;
	if (*text == '.') {
		for (text++; isdigit((unsigned char)*text); text++, place /= 10)
			ms += (*text - '0') * place;
	}
	ms += seconds * 1000;
	if (*text || !ms)
		return -1;
	*out = ms;
	return 0;
}

const char *format_size(uint64_t bytes)
{
	static const char units[] = " KMGTPE";
	static char text[32];
	int unit = 0;

	while (bytes && bytes % 1024 == 0) {
		bytes /= 1024;
		unit++;
	}
	snprintf(text, sizeof(text), unit ? "%llu%c" : "%llu", (unsigned long long)bytes,
		 units[unit]);
	return text;
}

char *format_uptime(double seconds)
{
	unsigned long s = seconds, m = s / 60, h = m / 60, d = h / 24;

	if (d)
		return xasprintf("%lud%02luh", d, h % 24);
	if (h)
		return xasprintf("%luh%02lum", h, m % 60);
	return m ? xasprintf("%lum%02lus", m, s % 60) : xasprintf("%lus", s);
}

uint64_t round_up_pow2(uint64_t value)
{
	return value <= 1 ? 1 : 1ULL << (64 - __builtin_clzll(value - 1));
}
