// SPDX-License-Identifier: GPL-2.0
/* plan.c - the command lines of the processes of a run */
#include <stdio.h>
#include <string.h>

#include "shim/plan.h"
#include "shim/sandbox.h"
#include "shim/show.h"
#include "shim/size.h"

static void plan_view(struct strv *argv, const struct run_options *opts, const char *view)
{
	strv_add(argv, "--view");
	strv_add(argv, view);
	if (!opts->view)
		strv_add(argv, "--view-optional");
	for (int i = 0; i < SHOW_FILES; i++) {
		strv_add(argv, "--show");
		strv_addf(argv, "%s=%zu", show_path(i), PLAN_FD_DEVICE + opts->devices.n + i);
	}
}

static void plan_proxy(struct plan *plan, const struct run_options *opts, const char *view)
{
	struct strv *argv = &plan->proxy_argv;

	strv_add(argv, plan->proxy);
	for (size_t i = 0; i < opts->devices.n; i++) {
		strv_add(argv, "--device");
		strv_add(argv, opts->devices.v[i].text);
		strv_add(argv, "--client-fd");
		strv_addf(argv, "%zu", PLAN_FD_DEVICE + i);
	}
	for (size_t i = 0; i < opts->qemu.n; i++) {
		strv_add(argv, "--qemu");
		strv_add(argv, opts->qemu.v[i]);
	}
	if (opts->strict) {
		strv_add(argv, "--dma");
		strv_add(argv, "strict");
	}
	strv_add(argv, "--ram-fd");
	strv_addf(argv, "%d", PLAN_FD_RAM);
	strv_add(argv, "--ready-fd");
	strv_addf(argv, "%d", PLAN_FD_READY);
	if (view)
		plan_view(argv, opts, view);
	if (opts->trace) {
		strv_add(argv, "--trace");
		strv_add(argv, opts->trace);
	}
	if (opts->trace_mapped)
		strv_add(argv, "--trace-mapped");
	if (opts->debug.on)
		strv_add(argv, "--callers");
	if (opts->hold)
		strv_add(argv, "--stay");
}

static void add_text(struct buffer *out, char *text)
{
	buffer_add(out, text, strlen(text));
	free(text);
}

/* ring3.devices=FD@SLOT.FN,… (docs/architecture.md, "The hosted kernel") */
static void plan_devices(struct strv *argv, const struct device_list *devices)
{
	struct buffer text = { 0 };

	for (size_t i = 0; i < devices->n; i++) {
		const struct device_spec *d = &devices->v[i];

		add_text(&text, xasprintf("%s%zu@", i ? "," : "", PLAN_FD_DEVICE + i));
		if (d->bridge.slot >= 0)
			add_text(&text, xasprintf("%x.%d/", d->bridge.slot, d->bridge.fn));
		add_text(&text, xasprintf("%x.%d", d->at.slot, d->at.fn));
	}
	if (!devices->n)
		return;
	buffer_add(&text, "", 1);
	strv_addf(argv, "ring3.devices=%s", text.data);
	buffer_free(&text);
}

static void plan_pci_bridges(struct strv *argv, const struct device_list *devices)
{
	struct buffer text = { 0 };

	for (size_t i = 0; i < devices->n; i++) {
		const struct device_spec *d = &devices->v[i];

		if (spec_behind_pci(d))
			add_text(&text, xasprintf("%s%x.%d", text.len ? "," : "",
						  d->bridge.slot, d->bridge.fn));
	}
	if (!text.len)
		return;
	buffer_add(&text, "", 1);
	strv_addf(argv, "ring3.pci_bridges=%s", text.data);
	buffer_free(&text);
}

/*
 * UML makes a directory for its pid file and control socket.  Where there is no room for it, it is
 * pointed to a place where nothing can be made, and does without.
 */
static char *scratch_dir(enum plan_scratch scratch)
{
	switch (scratch) {
	case PLAN_PRIVATE:
		return xasprintf("/proc/self/fd/%d", PLAN_FD_PRIVATE);
	case PLAN_SANDBOX:
		return xstrdup(SANDBOX_SCRATCH);
	default:
		return xstrdup("/proc/self/task");
	}
}

/* All that there is to report, and in the log; what is repeated is not shown again. */
static void plan_reports(struct strv *argv)
{
	strv_add(argv, "kasan_multi_shot");
	strv_add(argv, "kmemleak.verbose=1");
}

static void plan_kernel(struct plan *plan, const struct run_options *opts,
			const struct hosted_kernel *kernel, enum plan_scratch scratch)
{
	_cleanup_free_ char *dir = scratch_dir(scratch);
	struct strv *argv = &plan->kernel_argv;

	strv_add(argv, kernel->image);
	strv_addf(argv, "mem=%lluM", (unsigned long long)(opts->mem >> 20));
	strv_addf(argv, "initrd=%s", plan->initrd);
	plan_devices(argv, &opts->devices);
	plan_pci_bridges(argv, &opts->devices);
	if (opts->strict)
		strv_add(argv, "ring3.dma=strict");
	strv_addf(argv, "ring3.channels=stdin:%d,stdout:%d,stderr:%d,control:%d", PLAN_FD_STDIN,
		  PLAN_FD_STDOUT, PLAN_FD_STDERR, PLAN_FD_CONTROL);
	strv_addf(argv, "uml_dir=%s/", dir);
	strv_addf(argv, "umid=%s", opts->name ? opts->name : "ring3");
	strv_add(argv, "con=null");
	strv_add(argv, "console=ring3");
	strv_add(argv, "noreboot");
	/* The log is kept whole, for the view; what nobody asks for is not logged at all. */
	strv_add(argv, "loglevel=8");
	if (opts->debug.on)
		strv_addf(argv, "ring3.gdb=%s", kernel->build);
	if (kernel->flavor == FLAVOR_DEBUG)
		plan_reports(argv);
	for (size_t i = 0; i < opts->kernel_args.n; i++)
		strv_add(argv, opts->kernel_args.v[i]);

	/* The kernel's log has its whole story ready for a crash; -v only shows it. */
	strv_addf(&plan->kernel_env, "RING3_RAM_FD=%d", PLAN_FD_RAM);
	strv_add(&plan->kernel_env, "HOME=/");
	strv_add(&plan->kernel_env, "PATH=/usr/bin:/bin");
	if (scratch != PLAN_NOWHERE)
		strv_addf(&plan->kernel_env, "TMPDIR=%s", dir);
}

int plan_make(struct plan *plan, const struct run_options *opts,
	      const struct hosted_kernel *kernel, const char *view, enum plan_scratch scratch)
{
	*plan = (struct plan){ 0 };
	plan->initrd = own_file("guest.cpio");
	plan->proxy = opts->devices.n ? own_file("ring3-proxy") : NULL;
	if (!plan->initrd || (opts->devices.n && !plan->proxy))
		return RING3_EXIT_SETUP;
	if (plan->proxy)
		plan_proxy(plan, opts, view);
	plan_kernel(plan, opts, kernel, scratch);
	return 0;
}

static void print_words(const struct strv *words, const char *end)
{
	for (size_t i = 0; i < words->n; i++) {
		_cleanup_free_ char *word = shell_quote(words->v[i]);

		printf("%s%s", word, i + 1 < words->n ? " " : end);
	}
}

void plan_print(const struct plan *plan, bool has_devices)
{
	if (has_devices)
		print_words(&plan->proxy_argv, "\n");
	printf("env -i ");
	print_words(&plan->kernel_env, " ");
	printf("setarch -R ");
	print_words(&plan->kernel_argv, "\n");
}

void plan_free(struct plan *plan)
{
	free(plan->proxy);
	free(plan->initrd);
	strv_free(&plan->proxy_argv);
	strv_free(&plan->kernel_argv);
	strv_free(&plan->kernel_env);
}
