// SPDX-License-Identifier: GPL-2.0
/*
 * words.c - QEMU's own words about a failed start, as one line a user can act on
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/error.h"
#include "proxy/qemu/qemu.h"
#include "proxy/spec.h"

/* Which device QEMU complains about: the one whose -device argument it repeats. */
static struct qdev *accused(const char *words)
{
	for (unsigned int i = 0; i < qemu_nr_devices; i++) {
		struct qdev *qd = qemu_devices[i];
		char drive[32];

		snprintf(drive, sizeof(drive), "ring3-disk%u", i);
		if ((qd->device_arg && strstr(words, qd->device_arg)) || strstr(words, drive))
			return qd;
	}
	/* "-device X" that is none of ours is the user's, from --qemu. */
	if (strstr(words, ": invalid option") || strstr(words, ": -"))
		return NULL;
	return qemu_nr_devices == 1 ? qemu_devices[0] : NULL;
}

static bool starts(const char *text, const char *with)
{
	return !strncmp(text, with, strlen(with));
}

/* Behind "PROGRAM: " and "-device ARG: ", which say nothing to the user. */
static const char *core_of(const char *line, const struct qdev *qd)
{
	const char *program = process_program(), *slash = strrchr(program, '/');
	static const char *const options[] = { "-device ", "-drive ", "-netdev " };
	const char *p;

	if (starts(line, program) && starts(line + strlen(program), ": "))
		line += strlen(program) + 2;
	else if (slash && starts(line, slash + 1) && starts(line + strlen(slash + 1), ": "))
		line += strlen(slash + 1) + 2;
	if (qd && qd->device_arg && starts(line, "-device ") &&
	    starts(line + 8, qd->device_arg)) {
		line += 8 + strlen(qd->device_arg);
		return starts(line, ": ") ? line + 2 : line;
	}
	for (size_t i = 0; qd && i < ARRAY_SIZE(options); i++) {
		p = starts(line, options[i]) ? strstr(line, "ring3-") : NULL;
		p = p ? strstr(p, ": ") : NULL;
		if (p)
			return p + 2;
	}
	return line;
}

static bool is_noise(const char *line)
{
	return !*line || strstr(line, "has no peer");
}

/* All lines in one, without the noise; to be freed. */
static char *join(const char *words, const struct qdev *qd)
{
	char *copy = strdup(words), *save = NULL, *out = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&out, &size);
	const char *between = "";

	for (char *line = copy && f ? strtok_r(copy, "\r\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\r\n", &save)) {
		const char *core = core_of(line, qd);

		if (is_noise(core))
			continue;
		fprintf(f, "%s%s", between, core);
		between = ". ";
	}
	if (f)
		fclose(f);
	free(copy);
	return out;
}

static int fail_model(const struct spec *spec)
{
	char near[256];

	models_near(spec->model, near, sizeof(near));
	return fail("device '%s': QEMU has no device model '%s'%s%s%s; '--device qemu:help' lists them",
		    spec->text, spec->model, *near ? " (did you mean " : "", near,
		    *near ? "?)" : "");
}

static const char *next_step(const char *said)
{
	if (strstr(said, "Property '") || strstr(said, "arameter '"))
		return "'--device qemu:MODEL,help' lists a model's properties";
	if (strstr(said, " bus"))
		return "only PCI models can be hosted: '--device qemu:help' lists them";
	if (strstr(said, "tap") || strstr(said, "/dev/net/tun"))
		return "net=tap: needs an existing interface that this user owns (ip tuntap add mode tap user NAME)";
	return "correct the device's properties, or see 'man qemu-system-x86_64'";
}

/**
 * words_fail() - explain why QEMU did not start
 * @words: what it said, NULL if nothing
 *
 * Return: -1 with fail().
 */
int words_fail(const char *words)
{
	struct qdev *qd = words ? accused(words) : NULL;
	char *said = words ? join(words, qd) : NULL;
	const char *disk = qd ? spec_get(qd->dev->spec, "disk") : NULL;
	int err;

	if (!said || !*said)
		err = fail("QEMU ended while it started and said nothing; try '%s --version'",
			   process_program());
	else if (!qd)
		err = fail("QEMU cannot start: %s%s", said,
			   strstr(said, "-device ") == said ? "; see --qemu" : "");
	else if (strstr(said, "is not a valid device model name"))
		err = fail_model(qd->dev->spec);
	else if (disk && strstr(said, " lock"))
		err = fail("device '%s': disk '%s' is already in use by another process; end it or use a copy (QEMU: %s)",
			   device_name(qd->dev), disk, said);
	else
		err = fail("device '%s': QEMU says: %s; %s", device_name(qd->dev), said,
			   next_step(said));
	free(said);
	return err;
}
