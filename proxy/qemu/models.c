// SPDX-License-Identifier: GPL-2.0
/*
 * models.c - which models QEMU has, by asking it
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proxy/error.h"
#include "proxy/near.h"
#include "proxy/qemu/qemu.h"

#define MAX_MODELS 512

/* Everything `QEMU -machine q35 -device WHAT` prints; to be freed. */
static char *ask_qemu(const char *what)
{
	struct qemu_args args = { 0 };
	struct process p;
	char *text = NULL;
	size_t size = 0;
	FILE *out, *in;
	int c, err;

	err = args_add(&args, "%s", process_program()) ||
	      args_split(&args, "-machine q35 -nodefaults -no-user-config -device") ||
	      args_add(&args, "%s", what) || process_start(&p, args.argv, NULL, 0);
	args_free(&args);
	if (err)
		return NULL;
	fcntl(p.output, F_SETFL, 0);
	in = fdopen(dup(p.output), "r");
	out = open_memstream(&text, &size);
	while (in && out && (c = getc(in)) != EOF)
		putc(c, out);
	if (in)
		fclose(in);
	if (out)
		fclose(out);
	process_end(&p, 5000);
	return text;
}

/* From `name "nvme", bus PCI, alias "x", desc "..."`: the quoted text after a key. */
static char *quoted(char *line, const char *key)
{
	char *start = strstr(line, key), *end;

	if (!start)
		return NULL;
	start += strlen(key);
	end = strchr(start, '"');
	if (!end)
		return NULL;
	*end = 0;
	return start;
}

static bool is_pci_model(const char *line)
{
	return !strncmp(line, "name \"", 6) && strstr(line, ", bus PCI");
}

static int print_list(void)
{
	char *text = ask_qemu("help"), *save = NULL;

	if (!text)
		return -1;
	printf("Models, for --device qemu:MODEL ('qemu:MODEL,help' lists a model's properties):\n");
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *desc, *name;

		if (!is_pci_model(line))
			continue;
		desc = quoted(line, ", desc \"");
		name = quoted(line, "name \"");
		if (name)
			printf("  %-32s%s%s\n", name, desc ? " " : "", desc ? desc : "");
	}
	free(text);
	return 0;
}

/**
 * models_print() - list the models, or a model's properties
 * @model: NULL for the list
 *
 * Return: 0, or -1 with fail().
 */
int models_print(const char *model)
{
	char what[256], *text;

	if (!model)
		return print_list();
	if (strchr(model, ','))
		return fail("'%s' is no name of a model; '--device qemu:help' lists them", model);
	snprintf(what, sizeof(what), "%s,help", model);
	text = ask_qemu(what);
	if (!text)
		return -1;
	if (strstr(text, "is not a valid device model name") ||
	    (strstr(text, ": Device '") && strstr(text, "' not found"))) {
		models_near(model, what, sizeof(what));
		free(text);
		return fail("QEMU has no device model '%s'%s%s%s; '--device qemu:help' lists them",
			    model, *what ? " (did you mean " : "", what, *what ? "?)" : "");
	}
	fputs(text, stdout);
	free(text);
	return 0;
}

/**
 * models_near() - the models most like a name
 * @model: what the user wrote
 * @out: "a, b", or "" if there is nothing like it
 * @size: of @out
 */
void models_near(const char *model, char *out, size_t size)
{
	const char *names[MAX_MODELS];
	char *text = ask_qemu("help"), *save = NULL;
	size_t n = 0;

	*out = 0;
	if (!text)
		return;
	for (char *line = strtok_r(text, "\n", &save); line && n < MAX_MODELS;
	     line = strtok_r(NULL, "\n", &save)) {
		const char *name;

		if (!is_pci_model(line))
			continue;
		name = quoted(line, "name \"");
		if (name)
			names[n++] = name;
	}
	near_matches(model, names, n, out, size);
	free(text);
}
