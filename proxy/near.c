// SPDX-License-Identifier: GPL-2.0
/*
 * near.c - what the user may have meant
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "proxy/near.h"

#define MAX_WORD 63
#define MAX_MATCHES 4

static unsigned int min3(unsigned int a, unsigned int b, unsigned int c)
{
	if (b < a)
		a = b;
	return c < a ? c : a;
}

/**
 * near_distance() - how many typing errors two words are apart
 * @a: a word; only its first 63 characters count, upper or lower case
 * @b: likewise
 *
 * Return: insertions, deletions and replacements (Levenshtein's distance).
 */
unsigned int near_distance(const char *a, const char *b)
{
	unsigned int row[MAX_WORD + 1];
	size_t la = strnlen(a, MAX_WORD), lb = strnlen(b, MAX_WORD);

	for (size_t j = 0; j <= lb; j++)
		row[j] = j;
	for (size_t i = 1; i <= la; i++) {
		unsigned int diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= lb; j++) {
			unsigned int same = tolower((unsigned char)a[i - 1]) ==
					    tolower((unsigned char)b[j - 1]);
			unsigned int best = min3(row[j] + 1, row[j - 1] + 1, diagonal + !same);

			diagonal = row[j];
			row[j] = best;
		}
	}
	return row[lb];
}

/* 0 is best; a name that begins with the word, or the other way round, is close. */
static unsigned int score(const char *word, const char *name)
{
	size_t lw = strlen(word), ln = strlen(name), shorter = lw < ln ? lw : ln;
	unsigned int d = near_distance(word, name);

	if (shorter >= 3 && !strncasecmp(word, name, shorter))
		return d < 2 ? d : 2;
	return d <= 1 + lw / 4 ? d : ~0u;
}

/**
 * near_matches() - the names most like a word
 * @word: what the user wrote
 * @names: what there is
 * @nr: how many
 * @out: "a, b, c", best first, or "" if nothing is like it
 * @size: of @out
 */
void near_matches(const char *word, const char *const *names, size_t nr, char *out, size_t size)
{
	unsigned int found = 0;
	size_t used = 0;

	*out = 0;
	for (unsigned int want = 0; want < 8 && found < MAX_MATCHES; want++) {
		for (size_t i = 0; i < nr && found < MAX_MATCHES; i++) {
			int n;

			if (score(word, names[i]) != want)
				continue;
			n = snprintf(out + used, size - used, "%s%s", found ? ", " : "", names[i]);
			if (n < 0 || (size_t)n >= size - used) {
				out[used] = 0;
				return;
			}
			used += n;
			found++;
		}
	}
}
