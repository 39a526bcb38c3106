// SPDX-License-Identifier: GPL-2.0
/*
 * init.c - PID 1 of the hosted kernel
 *
 * Gets its orders from the shim, builds the root that CMD sees, loads the drivers, runs
 * CMD and switches off.  Started by the kernel under another number it is modprobe.
 */
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "shim/guest/guest.h"

/* The kernel's own request_module(): the caller's modprobe, told where our modules are. */
static int be_modprobe(char **argv)
{
	static char *env[] = {
		"PATH=/usr/sbin:/usr/bin:/sbin:/bin",
		"MODPROBE_OPTIONS=-d " GUEST_RUN,
		NULL,
	};

	execve("/sbin/modprobe", argv, env);
	execve("/usr/bin/modprobe", argv, env);
	return 1;
}

static void loopback_up(void)
{
	struct ifreq req = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return;		/* a kernel without networking */
	ioctl(fd, SIOCSIFFLAGS, &req);
	close(fd);
}

int main(int argc, char **argv)
{
	struct guest_config config = { 0 };

	if (getpid() != 1)
		return argc ? be_modprobe(argv) : 1;
	root_early();
	modules_listen();
	if (ctl_open() < 0)
		guest_die("no control channel");
	if (ctl_config(&config) < 0)
		guest_die("no orders");
	ctl_send_u32(RING3_CTL_HELLO, RING3_CTL_VERSION);
	if (config.checks)
		checks_begin();
	root_build(&config);
	root_enter(&config);
	if (sethostname("ring3", strlen("ring3")) < 0)
		guest_die("cannot set the host name");
	loopback_up();
	modules_load(config.records, config.size);
	modules_coldplug();
	modules_report_unbound(&config);
	run_command(&config);
	if (config.checks && !config.hurried)
		checks_end();
	end_power_off();
}
