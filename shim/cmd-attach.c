// SPDX-License-Identifier: GPL-2.0
/* cmd-attach.c - ring3 attach: gdb on a running instance */
#include <stdlib.h>
#include <string.h>

#include "shim/cmd.h"
#include "shim/options.h"
#include "shim/registry.h"

static int find_kernel(struct hosted_kernel *kernel, const struct run_entry *run)
{
	const char *name = run_text(run, "flavor");
	enum kernel_flavor flavor = FLAVOR_DEFAULT;
	int status = name ? flavor_parse(name, &flavor) : 0;

	*kernel = (struct hosted_kernel){ 0 };
	return status ? status : kernel_find(kernel, flavor);
}

/* Who traces a process, 0: nobody; -1: it is no more. */
static int tracer_of(int pid)
{
	_cleanup_free_ char *path = xasprintf("/proc/%d/status", pid);
	_cleanup_free_ char *text = read_text(path);
	const char *state = text ? strstr(text, "\nState:\t") : NULL;
	const char *line = text ? strstr(text, "\nTracerPid:") : NULL;

	if (!state || !line || state[8] == 'Z')
		return -1;
	return atoi(line + strlen("\nTracerPid:"));
}

static int check_process(const struct run_entry *run)
{
	int pid = run_pid(run, "kernel_pid"), tracer;

	if (!pid)
		return fail("run '%s' has no hosted kernel yet; try again", run->name);
	tracer = tracer_of(pid);
	if (tracer < 0)
		return fail("the hosted kernel of run '%s' has ended; the view has its last words%s%s",
			    run->name, run_text(run, "view") ? ": " : "",
			    run_text(run, "view") ? run_text(run, "view") : "");
	if (tracer)
		return fail("run '%s' is under a debugger already, process %d; end that one first",
			    run->name, tracer);
	return 0;
}

static int attach(const struct run_list *list, const char *name, const struct debug_options *opts)
{
	const struct run_entry *run = registry_choose(list, name);
	struct hosted_kernel kernel;
	struct strv modules = { 0 };
	struct debug_places places = { .kernel = &kernel, .modules = &modules };
	int status;

	if (!run && name)
		return registry_unknown(list, name);
	if (!run)
		return list->n ? fail("which run? There are %zu, see 'ring3 ps'", list->n) :
				 fail("no run is there to attach to; 'ring3 debug' starts one");
	status = check_process(run);
	if (status)
		return status;
	places.view = run_text(run, "view");
	run_list_texts(run, "modules", &modules);
	status = find_kernel(&kernel, run);
	if (!status)
		status = debug_check();
	if (!status)
		status = debug_attach(opts, &places, run_pid(run, "kernel_pid"));
	kernel_free(&kernel);
	strv_free(&modules);
	return status;
}

int cmd_attach(int argc, char **argv)
{
	struct debug_options opts = { 0 };
	struct strv removed = { 0 };
	struct run_list list;
	const char *name;
	int status = options_parse_gdb(argc, argv, &opts, &name);

	if (status < 0) {
		registry_list(&list, &removed);
		status = attach(&list, name, &opts);
		registry_free(&list);
		strv_free(&removed);
	}
	strv_free(&opts.words);
	return status;
}
