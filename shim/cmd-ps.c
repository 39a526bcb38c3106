// SPDX-License-Identifier: GPL-2.0
/* cmd-ps.c - ring3 ps: list the running instances */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "shim/cmd.h"
#include "shim/options.h"
#include "shim/process.h"
#include "shim/registry.h"
#include "shim/size.h"

enum { OPT_PRUNE = 256 };

struct ps_options {
	bool json;
	bool prune;
};

static const struct argp_option ps_table[] = {
	{ "json", 'j', NULL, 0, "Print a JSON array", 0 },
	{ "prune", OPT_PRUNE, NULL, 0,
	  "Only remove what killed runs have left, and say what that was", 0 },
	{ "help", 'h', NULL, 0, "Print this help", 0 },
	{ 0 },
};

static error_t parse_ps(int key, char *arg, struct argp_state *state)
{
	struct ps_options *opts = state->input;

	switch (key) {
	case 'j':
		opts->json = true;
		return 0;
	case OPT_PRUNE:
		opts->prune = true;
		return 0;
	case ARGP_KEY_ARG:
		return fail("'%s': ring3 ps takes no arguments; see 'ring3 ps --help'", arg);
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp ps_argp = {
	ps_table, parse_ps, "", "List the running instances.", NULL, NULL, NULL,
};

/* Columns of the table. */
enum { NAME, PID, UP, STATE, DEVICES, VIEW, N_COLUMNS };

static const char *const titles[N_COLUMNS] = { "NAME", "PID", "UP", "STATE", "DEVICES", "VIEW" };

struct row {
	char *cell[N_COLUMNS];
};

static double uptime(const struct run_entry *run)
{
	struct json_object *started;
	struct timespec now;
	double up;

	clock_gettime(CLOCK_REALTIME, &now);
	if (!json_object_object_get_ex(run->info, "started", &started))
		return 0;
	up = now.tv_sec + now.tv_nsec / 1e9 - json_object_get_double(started);
	return up < 0 ? 0 : up;
}

static char *device_list_text(const struct run_entry *run)
{
	struct json_object *devices, *spec;
	struct buffer text = { 0 };

	if (!json_object_object_get_ex(run->info, "devices", &devices))
		return xstrdup("-");
	for (size_t i = 0; i < json_object_array_length(devices); i++) {
		if (!json_object_object_get_ex(json_object_array_get_idx(devices, i), "spec", &spec))
			continue;
		if (text.len)
			buffer_add(&text, " ", 1);
		buffer_add(&text, json_object_get_string(spec), json_object_get_string_len(spec));
	}
	if (!text.len)
		buffer_add(&text, "-", 1);
	buffer_add(&text, "", 1);
	return text.data;
}

static bool is_held(const struct run_entry *run)
{
	struct json_object *held;

	return json_object_object_get_ex(run->info, "held", &held) && json_object_get_boolean(held);
}

static struct row make_row(const struct run_entry *run)
{
	const char *state = run_text(run, "state"), *view = run_text(run, "view");
	struct row row = { .cell = {
		[NAME] = xstrdup(run->name),
		[PID] = xasprintf("%d", run_pid(run, "pid")),
		[UP] = format_uptime(uptime(run)),
		[STATE] = xasprintf("%s%s", state ? state : "-", is_held(run) ? ", held" : ""),
		[DEVICES] = device_list_text(run),
		[VIEW] = xstrdup(view ? view : "-"),
	} };

	for (int i = 0; i < N_COLUMNS; i++)
		printable(row.cell[i]);
	return row;
}

static void print_row(const char *const *cells, const int *width)
{
	for (int i = 0; i < N_COLUMNS; i++) {
		if (i + 1 < N_COLUMNS)
			printf("%-*s  ", width[i], cells[i]);
		else
			printf("%s\n", cells[i]);
	}
}

static void print_table(const struct run_list *list)
{
	_cleanup_free_ struct row *rows = xrealloc(NULL, list->n * sizeof(*rows));
	int width[N_COLUMNS];

	for (int c = 0; c < N_COLUMNS; c++)
		width[c] = strlen(titles[c]);
	for (size_t i = 0; i < list->n; i++) {
		rows[i] = make_row(&list->v[i]);
		for (int c = 0; c < N_COLUMNS; c++) {
			int len = strlen(rows[i].cell[c]);

			width[c] = len > width[c] ? len : width[c];
		}
	}
	print_row(titles, width);
	for (size_t i = 0; i < list->n; i++) {
		print_row((const char *const *)rows[i].cell, width);
		for (int c = 0; c < N_COLUMNS; c++)
			free(rows[i].cell[c]);
	}
}

static void print_json(const struct run_list *list)
{
	struct json_object *all = json_object_new_array();

	for (size_t i = 0; i < list->n; i++) {
		struct json_object *one = json_object_get(list->v[i].info);

		json_object_object_add(one, "up", json_object_new_double(uptime(&list->v[i])));
		json_object_array_add(all, one);
	}
	printf("%s\n", json_object_to_json_string_ext(all, JSON_C_TO_STRING_PRETTY |
						      JSON_C_TO_STRING_SPACED |
						      JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(all);
}

static void print_removed(const struct strv *removed, bool json)
{
	struct json_object *all = json_object_new_array();

	for (size_t i = 0; i < removed->n; i++) {
		json_object_array_add(all, json_object_new_string(removed->v[i]));
		if (!json)
			printf("removed what was left of %s\n", removed->v[i]);
	}
	if (json)
		printf("%s\n", json_object_to_json_string_ext(all, JSON_C_TO_STRING_SPACED));
	json_object_put(all);
}

int cmd_ps(int argc, char **argv)
{
	struct strv removed = { 0 };
	struct ps_options opts = { 0 };
	int status = options_parse(&ps_argp, "ring3 ps", argc, argv, &opts);
	struct run_list list;

	if (status < 0)
		status = process_init();
	else
		return status;
	registry_list(&list, &removed);
	if (opts.prune)
		print_removed(&removed, opts.json);
	else if (opts.json)
		print_json(&list);
	else
		print_table(&list);
	registry_free(&list);
	strv_free(&removed);
	if (fflush(stdout))
		return fail("cannot write the list: %s", strerror(errno));
	return status;
}
