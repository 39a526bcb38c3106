/* SPDX-License-Identifier: GPL-2.0 */
/* drivers.h - from what the user names to the list of module files to load */
#ifndef RING3_DRIVERS_H
#define RING3_DRIVERS_H

#include "shim/control.h"
#include "shim/kernel.h"
#include "shim/util.h"

struct kmod_ctx;

/* What others than the thread that resolves look at is behind drivers_seen() and drivers_path(). */
struct drivers {
	const struct hosted_kernel *kernel;
	struct kmod_ctx *kmod;
	struct buffer records;	/* for CONFIG: module records in load order */
	struct strv seen;	/* paths that are in some list already */
	struct strv claimed;	/* aliases of the drivers that were named */
	char *vermagic;		/* of the hosted kernel's modules, or NULL */
	bool coverage;		/* drivers are built with counters */
	struct strv instead;	/* modules that replace the hosted kernel's own of that name */
	struct strv objects;	/* directories where those with counters were built, ... */
	struct strv sources;	/* ... and of their sources */
};

/**
 * drivers_open() - prepare
 * @drivers: filled in, for drivers_close()
 * @kernel: the hosted kernel; must stay
 *
 * Return: 0, or an exit status after a message.
 */
int drivers_open(struct drivers *drivers, const struct hosted_kernel *kernel);

/**
 * drivers_add() - resolve one --driver
 * @drivers: state; its records grow
 * @spec: a module's name, the path of a .ko, or a directory; parameters may follow
 *
 * A directory is built.  With coverage a module of the hosted kernel's is built, too.
 *
 * Return: 0, or an exit status after a message.
 */
int drivers_add(struct drivers *drivers, const char *spec);

/**
 * drivers_alias() - resolve an alias that the guest has reported
 * @drivers: state
 * @alias: a modalias; not trusted, used as a search key only
 * @records: gets records of what has not been in a list before
 *
 * An alias that a named driver is for is the named driver's: nothing else is loaded.
 */
void drivers_alias(struct drivers *drivers, const char *alias, struct buffer *records);

/**
 * drivers_path() - the file of a module of the hosted kernel
 * @drivers: state
 * @name: its name; not trusted
 *
 * Context: any thread.
 *
 * Return: the path to free, or NULL.
 */
char *drivers_path(struct drivers *drivers, const char *name);

/**
 * drivers_seen() - the modules that were to be loaded until now
 * @drivers: state
 *
 * Context: any thread.
 *
 * Return: paths, for strv_free().
 */
struct strv drivers_seen(struct drivers *drivers);

void drivers_close(struct drivers *drivers);

#endif
