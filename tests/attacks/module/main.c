// SPDX-License-Identifier: GPL-2.0
/* main.c - a hostile driver: insmod ring3_attack.ko attack=NAME arg=TEXT; or ./bare NAME TEXT */
#include "attack.h"

#ifdef __KERNEL__
#include <linux/module.h>
#endif

static const struct attack *const tables[] = {
	bomb_attacks, file_attacks, kernel_attacks, net_attacks, process_attacks,
};

static const struct attack *find(const char *name)
{
	for (size_t i = 0; i < sizeof(tables) / sizeof(*tables); i++) {
		for (const struct attack *a = tables[i]; a->name; a++) {
			if (!strcmp(a->name, name))
				return a;
		}
	}
	return NULL;
}

static int attack_by_name(const char *name, const char *arg)
{
	const struct attack *attack = find(name);
	long ret;

	if (!attack) {
		say("there is no attack %s", name);
		return -1;
	}
	say("begin %s", name);
	ret = attack->run(arg);
	say("end %s: %s (%ld)", name, ret < 0 ? "failed" : "succeeded", ret);
	return 0;
}

#ifdef __KERNEL__
static char *attack = "";
module_param(attack, charp, 0);
MODULE_PARM_DESC(attack, "Which one");

static char *arg = "";
module_param(arg, charp, 0);
MODULE_PARM_DESC(arg, "What it is about: a path, a process, a number");

static bool through;
module_param(through, bool, 0);
MODULE_PARM_DESC(through, "By the hosted kernel's own system calls");

static int __init ring3_attack_init(void)
{
	if (through && through_kernel()) {
		say("the hosted kernel cannot be made to call");
		return -EINVAL;
	}
	return attack_by_name(attack, arg) ? -EINVAL : 0;
}
module_init(ring3_attack_init);

static void __exit ring3_attack_exit(void)
{
}
module_exit(ring3_attack_exit);

MODULE_DESCRIPTION("A hostile driver");
MODULE_LICENSE("GPL");
#else
int main(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "usage: bare ATTACK ARG\n");
		return 2;
	}
	return attack_by_name(argv[1], argv[2]) ? 1 : 0;
}
#endif
