/* SPDX-License-Identifier: GPL-2.0 */
/* view.h - directories and files that --view and --trace name */
#ifndef RING3_VIEW_H
#define RING3_VIEW_H

/**
 * view_check() - can the view be mounted here?
 * @dir: as given to --view
 * @path: receives its absolute path without symbolic links, to free
 *
 * Return: 0, or an exit status after a message.
 */
int view_check(const char *dir, char **path);

/**
 * trace_check() - can the trace be written here?
 * @file: as given to --trace
 * @path: receives its absolute path, to free
 *
 * Return: 0, or an exit status after a message.
 */
int trace_check(const char *file, char **path);

#endif
