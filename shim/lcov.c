// SPDX-License-Identifier: GPL-2.0
/* lcov.c - see lcov.h; the format is that of geninfo(1) */
#include <json-c/json.h>
#include <string.h>

#include "shim/lcov.h"

/* No source has more; more is not a line number. */
#define MAX_LINES 1000000

struct line {
	int64_t count;		/* -1: there is no code */
	int64_t *branch;
	size_t n_branches;
};

struct function {
	char *name;
	int64_t line;
	int64_t count;
};

struct lcov_source {
	char *path;
	struct line *line;	/* by number */
	size_t n_lines;
	struct function *function;
	size_t n_functions;
};

static int64_t number(struct json_object *from, const char *key)
{
	struct json_object *value;
	int64_t n = 0;

	if (json_object_object_get_ex(from, key, &value))
		n = json_object_get_int64(value);
	return n < 0 ? 0 : n;
}

static const char *text(struct json_object *from, const char *key)
{
	struct json_object *value;

	return json_object_object_get_ex(from, key, &value) ? json_object_get_string(value) : NULL;
}

static struct json_object *list(struct json_object *from, const char *key)
{
	struct json_object *value;

	if (!json_object_object_get_ex(from, key, &value) ||
	    !json_object_is_type(value, json_type_array))
		return NULL;
	return value;
}

/* @list may be NULL. */
static size_t length(struct json_object *list)
{
	return list ? json_object_array_length(list) : 0;
}

static int64_t sum(int64_t a, int64_t b)
{
	return a > INT64_MAX - b ? INT64_MAX : a + b;
}

static struct lcov_source *source(struct lcov *lcov, const char *path)
{
	for (size_t i = 0; i < lcov->n; i++) {
		if (!strcmp(lcov->v[i].path, path))
			return &lcov->v[i];
	}
	lcov->v = xrealloc(lcov->v, (lcov->n + 1) * sizeof(*lcov->v));
	lcov->v[lcov->n] = (struct lcov_source){ .path = xstrdup(path) };
	return &lcov->v[lcov->n++];
}

static struct line *line(struct lcov_source *source, int64_t n)
{
	if (n >= MAX_LINES)
		return NULL;
	if ((size_t)n >= source->n_lines) {
		source->line = xrealloc(source->line, (n + 1) * sizeof(*source->line));
		for (size_t i = source->n_lines; i <= (size_t)n; i++)
			source->line[i] = (struct line){ .count = -1 };
		source->n_lines = n + 1;
	}
	return &source->line[n];
}

static void add_branches(struct line *at, struct json_object *branches)
{
	size_t n = length(branches);

	if (n > at->n_branches) {
		at->branch = xrealloc(at->branch, n * sizeof(*at->branch));
		memset(at->branch + at->n_branches, 0, (n - at->n_branches) * sizeof(*at->branch));
		at->n_branches = n;
	}
	for (size_t i = 0; i < n; i++)
		at->branch[i] = sum(at->branch[i], number(json_object_array_get_idx(branches, i),
							  "count"));
}

static void add_line(struct lcov_source *source, struct json_object *one)
{
	struct line *at = line(source, number(one, "line_number"));

	if (!at)
		return;
	at->count = sum(at->count < 0 ? 0 : at->count, number(one, "count"));
	add_branches(at, list(one, "branches"));
}

static void add_function(struct lcov_source *source, struct json_object *one)
{
	const char *name = text(one, "name");
	int64_t count = number(one, "execution_count");
	struct function *at;

	if (!name)
		return;
	for (size_t i = 0; i < source->n_functions; i++) {
		at = &source->function[i];
		if (!strcmp(at->name, name)) {
			at->count = sum(at->count, count);
			return;
		}
	}
	source->function = xrealloc(source->function,
				    (source->n_functions + 1) * sizeof(*source->function));
	at = &source->function[source->n_functions++];
	*at = (struct function){ xstrdup(name), number(one, "start_line"), count };
}

static bool below(const char *path, const struct strv *dirs)
{
	for (size_t i = 0; i < dirs->n; i++) {
		size_t n = strlen(dirs->v[i]);

		if (!strncmp(path, dirs->v[i], n) && path[n] == '/')
			return true;
	}
	return false;
}

/* Names are as the compiler was given them, in the directory where it was. */
static char *real_name(const char *name, const char *cwd)
{
	_cleanup_free_ char *path = *name == '/' ? xstrdup(name) : xasprintf("%s/%s", cwd, name);

	return realpath(path, NULL);
}

static void add_file(struct lcov *lcov, struct json_object *file, const char *cwd,
		     const struct strv *sources)
{
	_cleanup_free_ char *path = text(file, "file") ? real_name(text(file, "file"), cwd) : NULL;
	struct json_object *lines = list(file, "lines"), *functions = list(file, "functions");
	struct lcov_source *to;

	if (!path || !below(path, sources))
		return;
	to = source(lcov, path);
	for (size_t i = 0; i < length(functions); i++)
		add_function(to, json_object_array_get_idx(functions, i));
	for (size_t i = 0; i < length(lines); i++)
		add_line(to, json_object_array_get_idx(lines, i));
}

int lcov_add(struct lcov *lcov, const char *json, const struct strv *sources)
{
	struct json_object *doc = json_tokener_parse(json), *files = doc ? list(doc, "files") : NULL;
	const char *cwd = doc ? text(doc, "current_working_directory") : NULL;
	int result = files ? 0 : -1;

	for (size_t i = 0; i < length(files); i++)
		add_file(lcov, json_object_array_get_idx(files, i), cwd ? cwd : "/", sources);
	json_object_put(doc);
	return result;
}

static void print_functions(const struct lcov_source *source, FILE *out)
{
	size_t hit = 0;

	for (size_t i = 0; i < source->n_functions; i++)
		fprintf(out, "FN:%lld,%s\n", (long long)source->function[i].line,
			source->function[i].name);
	for (size_t i = 0; i < source->n_functions; i++) {
		fprintf(out, "FNDA:%lld,%s\n", (long long)source->function[i].count,
			source->function[i].name);
		hit += source->function[i].count > 0;
	}
	fprintf(out, "FNF:%zu\nFNH:%zu\n", source->n_functions, hit);
}

static void print_branches(const struct lcov_source *source, FILE *out)
{
	size_t found = 0, hit = 0;

	for (size_t n = 0; n < source->n_lines; n++) {
		const struct line *at = &source->line[n];

		for (size_t i = 0; i < at->n_branches; i++) {
			if (at->count > 0)
				fprintf(out, "BRDA:%zu,0,%zu,%lld\n", n, i,
					(long long)at->branch[i]);
			else
				fprintf(out, "BRDA:%zu,0,%zu,-\n", n, i);
			hit += at->branch[i] > 0;
		}
		found += at->n_branches;
	}
	fprintf(out, "BRF:%zu\nBRH:%zu\n", found, hit);
}

static void print_lines(const struct lcov_source *source, FILE *out)
{
	size_t found = 0, hit = 0;

	for (size_t n = 0; n < source->n_lines; n++) {
		if (source->line[n].count < 0)
			continue;
		fprintf(out, "DA:%zu,%lld\n", n, (long long)source->line[n].count);
		found++;
		hit += source->line[n].count > 0;
	}
	fprintf(out, "LF:%zu\nLH:%zu\n", found, hit);
}

void lcov_print(const struct lcov *lcov, FILE *out)
{
	for (size_t i = 0; i < lcov->n; i++) {
		fprintf(out, "TN:\nSF:%s\n", lcov->v[i].path);
		print_functions(&lcov->v[i], out);
		print_branches(&lcov->v[i], out);
		print_lines(&lcov->v[i], out);
		fprintf(out, "end_of_record\n");
	}
}

void lcov_free(struct lcov *lcov)
{
	for (size_t i = 0; i < lcov->n; i++) {
		struct lcov_source *source = &lcov->v[i];

		for (size_t k = 0; k < source->n_functions; k++)
			free(source->function[k].name);
		for (size_t k = 0; k < source->n_lines; k++)
			free(source->line[k].branch);
		free(source->function);
		free(source->line);
		free(source->path);
	}
	free(lcov->v);
	*lcov = (struct lcov){ 0 };
}
