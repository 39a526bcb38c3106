/* SPDX-License-Identifier: GPL-2.0 */
/* kernel.h - where the hosted kernel and ring3's own files are */
#ifndef RING3_KERNEL_H
#define RING3_KERNEL_H

struct hosted_kernel {
	char *dir;
	char *image;		/* the program to execute */
	char *version;		/* as uname -r says inside */
	char *modules;		/* lib/modules/VERSION */
	char *build;		/* the build tree */
};

/**
 * kernel_find() - find the hosted kernel
 * @kernel: filled in, for kernel_free()
 *
 * Looks at $RING3_KERNEL, then beside the running program (docs/architecture.md).
 *
 * Return: 0, or an exit status after a message.
 */
int kernel_find(struct hosted_kernel *kernel);

void kernel_free(struct hosted_kernel *kernel);

/**
 * own_file() - find a file that belongs to ring3
 * @name: "ring3-proxy" or "guest.cpio"
 *
 * Return: its path to free, NULL after a message.
 */
char *own_file(const char *name);

#endif
