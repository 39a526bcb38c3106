// SPDX-License-Identifier: GPL-2.0
/* near.c - "did you mean" for names */
#include <string.h>

#include "shim/near.h"

#define NAME_MAX_LEN 63
#define MAX_OFFERS 3

static char fold(char c)
{
	return c == '-' ? '_' : c;
}

static unsigned int min3(unsigned int a, unsigned int b, unsigned int c)
{
	unsigned int m = a < b ? a : b;

	return m < c ? m : c;
}

unsigned int near_distance(const char *a, const char *b)
{
	unsigned int row[NAME_MAX_LEN + 1];
	size_t n = strlen(a), m = strlen(b);

	if (n > NAME_MAX_LEN || m > NAME_MAX_LEN)
		return NAME_MAX_LEN;
	for (size_t j = 0; j <= m; j++)
		row[j] = j;
	for (size_t i = 1; i <= n; i++) {
		unsigned int diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= m; j++) {
			unsigned int change = diagonal + (fold(a[i - 1]) != fold(b[j - 1]));

			diagonal = row[j];
			row[j] = min3(change, row[j] + 1, row[j - 1] + 1);
		}
	}
	return row[m];
}

static void collect(struct strv *found, const char *name, const struct strv *known,
		    unsigned int distance)
{
	for (size_t i = 0; i < known->n && found->n < MAX_OFFERS; i++) {
		if (near_distance(name, known->v[i]) == distance &&
		    !strv_contains(found, known->v[i]))
			strv_add(found, known->v[i]);
	}
}

char *near_names(const char *name, const struct strv *known)
{
	unsigned int limit = strlen(name) < 5 ? 1 : 2;
	struct strv found = { 0 };
	struct buffer text = { 0 };

	for (unsigned int distance = 0; distance <= limit; distance++)
		collect(&found, name, known, distance);
	for (size_t i = 0; i < found.n; i++) {
		const char *glue = !i ? "; did you mean " : i + 1 < found.n ? ", " : " or ";

		buffer_add(&text, glue, strlen(glue));
		buffer_add(&text, found.v[i], strlen(found.v[i]));
	}
	if (found.n)
		buffer_add(&text, "?", 1);
	buffer_add(&text, "", 1);
	strv_free(&found);
	return text.data;
}
