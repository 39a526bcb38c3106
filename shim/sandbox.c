// SPDX-License-Identifier: GPL-2.0
/* sandbox.c - the stages of the sandbox in their order, and hosts that have none; see sandbox.h */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>

#include "shim/sandbox.h"

int sandbox_lock(const struct sandbox *sandbox)
{
	if (give_up_user(sandbox) < 0 || give_up_privileges() < 0 || give_up_plenty(sandbox) < 0 ||
	    give_up_paths(sandbox) < 0)
		return -1;
	/* A change of the user has unset it. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	return 0;
}

static bool setting_is(const char *path, const char *value)
{
	_cleanup_free_ char *text = read_text(path);

	return text && !strncmp(text, value, strlen(value)) && text[strlen(value)] == '\n';
}

int sandbox_forbidden(int err)
{
	static const struct {
		const char *path, *value, *fix;
	} settings[] = {
		{ "/proc/sys/user/max_user_namespaces", "0", "sysctl user.max_user_namespaces=10000" },
		{ "/proc/sys/kernel/unprivileged_userns_clone", "0",
		  "sysctl kernel.unprivileged_userns_clone=1" },
		{ "/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1",
		  "sysctl kernel.apparmor_restrict_unprivileged_userns=0" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
		if (setting_is(settings[i].path, settings[i].value))
			return fail("there can be no sandbox: the host allows no user namespaces (%s is %s); "
				    "have root run '%s', or trust the driver with --no-sandbox",
				    settings[i].path, settings[i].value, settings[i].fix);
	}
	return fail("there can be no sandbox: the host allows no namespaces (%s); run ring3 outside of "
		    "this container or chroot, or trust the driver with --no-sandbox", strerror(err));
}
