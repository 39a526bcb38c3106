// SPDX-License-Identifier: GPL-2.0
/* cmd-run.c - ring3 run: host drivers, run CMD inside; ring3 debug: the same under gdb */
#include <errno.h>
#include <string.h>

#include "shim/cmd.h"
#include "shim/run.h"

/* The proxy knows what devices there are. */
static int device_help(const char *what)
{
	_cleanup_free_ char *proxy = own_file("ring3-proxy");

	if (!proxy)
		return RING3_EXIT_SETUP;
	execl(proxy, "ring3-proxy", "--device", what, NULL);
	return fail("cannot execute %s: %s", proxy, strerror(errno));
}

static int prepare(struct run *run)
{
	int status = kernel_find(&run->kernel, run->opts->flavor);

	if (!status && run->opts->dry_run)
		instance_default(&run->instance, run->opts);
	else if (!status)
		status = instance_create(&run->instance, run->opts);
	if (!status)
		status = drivers_open(&run->drivers, &run->kernel);
	run->drivers.coverage = run->opts->coverage;
	if (!status && run->opts->coverage)
		status = coverage_check(&run->kernel);
	/* --dry-run creates nothing: it does not build drivers either. */
	for (size_t i = 0; !status && !run->opts->dry_run && i < run->opts->drivers.n; i++)
		status = drivers_add(&run->drivers, run->opts->drivers.v[i]);
	for (int i = 0; !status && i < PLAN_SCRATCHES; i++)
		status = plan_make(&run->plans[i], run->opts, &run->kernel,
				   run->instance.view, i);
	if (!status && !run->opts->dry_run && !run->opts->no_sandbox)
		status = sandbox_plan(&run->sandbox, run->opts, &run->kernel, &run->drivers,
				      run->plans[0].initrd);
	return status;
}

/* CMD's status says more than a missing file. */
static int end_coverage(struct run *run, int status)
{
	_cleanup_free_ char *dir = instance_dir(&run->instance);
	int bad = coverage_write(&run->coverage, &run->drivers, run->opts->coverage, dir);

	return status ? status : bad;
}

static int execute(struct run *run)
{
	int status = launch(run);

	if (status)
		return status;
	status = supervise(run);
	session_close(&run->session);
	if (run->opts->coverage)
		status = end_coverage(run, status);
	return status;
}

/* Static, because a relay thread may be in a read() until the program is gone. */
static struct run_options opts;
static struct run run = { .opts = &opts, .instance = INSTANCE_NONE };

/* @status: of the options. */
static int host(int status)
{
	if (status < 0 && opts.device_help)
		status = device_help(opts.device_help);
	if (status >= 0)
		goto out;
	if (opts.no_sandbox)
		warn("--no-sandbox: the driver process may do on this machine all that you may do");
	status = process_init();
	if (!status)
		status = prepare(&run);
	if (!status && opts.dry_run)
		plan_print(&run.plans[opts.no_sandbox ? PLAN_PRIVATE : PLAN_SANDBOX], opts.devices.n);
	else if (!status)
		status = execute(&run);
	instance_end(&run.instance);
	drivers_close(&run.drivers);
	for (int i = 0; i < PLAN_SCRATCHES; i++)
		plan_free(&run.plans[i]);
	sandbox_free(&run.sandbox);
	kernel_free(&run.kernel);
	buffer_free(&run.ready_text);
	coverage_free(&run.coverage);
	free(run.message);
out:
	run_options_free(&opts);
	return status;
}

int cmd_run(int argc, char **argv)
{
	return host(options_parse_run(argc, argv, &opts));
}

static int print_launch(int argc, char **argv)
{
	int status = kernel_find(&run.kernel, opts.flavor);

	if (!status)
		status = debug_launch_json(&run.kernel, argc, argv);
	kernel_free(&run.kernel);
	return status;
}

int cmd_debug(int argc, char **argv)
{
	int status = options_parse_debug(argc, argv, &opts);

	if (status < 0 && opts.debug.print_launch)
		status = print_launch(argc, argv);
	if (status < 0 && !opts.dry_run && !opts.device_help && debug_check())
		status = RING3_EXIT_SETUP;
	return host(status);
}
