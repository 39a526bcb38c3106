// SPDX-License-Identifier: GPL-2.0
/* vermagic.c - was a module built for the hosted kernel? */
#include <string.h>

#include "shim/util.h"
#include "shim/vermagic.h"

char *vermagic_version(const char *vermagic)
{
	char *version = xstrdup(vermagic);

	version[strcspn(version, " ")] = '\0';
	return version;
}

/* The kernel compares byte by byte; only spaces at the end are nothing to complain about. */
static bool same_words(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return !a[strspn(a, " ")] && !b[strspn(b, " ")];
}

bool vermagic_matches(const char *module, const char *hosted, const char *version)
{
	_cleanup_free_ char *own = vermagic_version(module);

	if (hosted)
		return same_words(module, hosted);
	return !strcmp(own, version);
}
