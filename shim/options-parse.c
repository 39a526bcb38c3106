// SPDX-License-Identifier: GPL-2.0
/* options-parse.c - one-line errors for every subcommand's argp; see options.h */
#include <errno.h>
#include <string.h>

#include "shim/options.h"

/* What argp did not like: the word before the place where it stopped. */
static int explain(const struct argp *argp, const char *name, const char *word)
{
	for (const struct argp_option *o = argp->options; o->name; o++) {
		bool same = !strncmp(word, "--", 2) ? !strcmp(word + 2, o->name) :
						      word[0] == '-' && word[1] == o->key;

		if (same && o->arg)
			return fail("%s needs a value, %s; see '%s --help'", word, o->arg, name);
		if (!strncmp(word, "--", 2) && !strncmp(word + 2, o->name, strlen(o->name)) &&
		    word[2 + strlen(o->name)] == '=')
			return fail("--%s takes no value; see '%s --help'", o->name, name);
	}
	return fail("unknown or ambiguous option '%s'; see '%s --help'", word, name);
}

struct parse_context {
	const struct argp *argp;
	const char *name;
	void *input;
	bool help;
	int status;
	int stopped;		/* index of the argument after the one that is wrong */
};

/* Keeps argp's own messages away and tells a parser's exit status from argp's errors. */
static error_t parse_any(int key, char *arg, struct argp_state *state)
{
	struct parse_context *context = state->input;
	error_t err;

	if (key == 'h') {
		context->help = true;
		state->next = state->argc;
		return 0;
	}
	if (key == ARGP_KEY_ERROR) {
		context->stopped = state->next;
		return 0;
	}
	if (context->help && (key == ARGP_KEY_END || key == ARGP_KEY_NO_ARGS))
		return 0;
	state->input = context->input;
	err = context->argp->parser(key, arg, state);
	state->input = context;
	if (!err || err == ARGP_ERR_UNKNOWN)
		return err;
	context->status = err;
	return EINVAL;
}

int options_parse(const struct argp *argp, const char *name, int argc, char **argv,
		  void *input)
{
	struct parse_context context = { argp, name, input, false, -1, argc };
	struct argp wrapper = *argp;

	wrapper.parser = parse_any;
	if (argp_parse(&wrapper, argc, argv, ARGP_IN_ORDER | ARGP_NO_ERRS | ARGP_NO_HELP, NULL,
		       &context)) {
		if (context.status >= 0)
			return context.status;
		return explain(argp, name, argv[context.stopped - 1]);
	}
	if (!context.help)
		return -1;
	argp_help(argp, stdout, ARGP_HELP_STD_HELP & ~(ARGP_HELP_EXIT_ERR | ARGP_HELP_EXIT_OK),
		  (char *)name);
	return 0;
}
