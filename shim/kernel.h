/* SPDX-License-Identifier: GPL-2.0 */
/* kernel.h - where the hosted kernel and ring3's own files are */
#ifndef RING3_KERNEL_H
#define RING3_KERNEL_H

enum kernel_flavor {
	FLAVOR_DEFAULT,
	FLAVOR_DEBUG,		/* looks for mistakes of the driver */
};

struct hosted_kernel {
	enum kernel_flavor flavor;
	char *dir;
	char *image;		/* the program to execute */
	char *version;		/* as uname -r says inside */
	char *modules;		/* lib/modules/VERSION */
	char *build;		/* the build tree */
};

/**
 * flavor_parse() - read the name of a flavor
 * @text: "default" or "debug"
 * @flavor: filled in
 *
 * Return: 0, or an exit status after a message.
 */
int flavor_parse(const char *text, enum kernel_flavor *flavor);

/**
 * flavor_name() - its name
 * @flavor: the flavor
 *
 * Return: a word.
 */
const char *flavor_name(enum kernel_flavor flavor);

/**
 * flavor_make() - the command that builds it
 * @flavor: the flavor
 *
 * Return: the command.
 */
const char *flavor_make(enum kernel_flavor flavor);

/**
 * kernel_find() - find the hosted kernel
 * @kernel: filled in, for kernel_free()
 * @flavor: which one
 *
 * Looks at $RING3_KERNEL ($RING3_KERNEL_DEBUG), then beside the running program
 * (docs/architecture.md).
 *
 * Return: 0, or an exit status after a message.
 */
int kernel_find(struct hosted_kernel *kernel, enum kernel_flavor flavor);

void kernel_free(struct hosted_kernel *kernel);

/**
 * own_file() - find a file that belongs to ring3
 * @name: "ring3-proxy" or "guest.cpio"
 *
 * Return: its path to free, NULL after a message.
 */
char *own_file(const char *name);

#endif
