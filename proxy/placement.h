/* SPDX-License-Identifier: GPL-2.0 */
/*
 * placement.h - which processors there are besides the one that a run shares
 */
#ifndef RING3_PROXY_PLACEMENT_H
#define RING3_PROXY_PLACEMENT_H

#include <sched.h>
#include <stdbool.h>

void placement_init(void);
int placement_home(void);
bool placement_away(cpu_set_t *away);

#endif
