// SPDX-License-Identifier: GPL-2.0
/* poweroff.c - an init that does nothing: what a kernel takes to boot and to halt by itself */
#include <stdio.h>
#include <sys/reboot.h>

int main(void)
{
	reboot(RB_POWER_OFF);
	perror("poweroff: reboot");
	return 1;
}
