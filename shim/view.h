/* SPDX-License-Identifier: GPL-2.0 */
/* view.h - directories and files that --view, --trace and --coverage name */
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
 * file_check() - can a file be written here?
 * @option: "--trace" or "--coverage"
 * @file: its value
 * @path: receives its absolute path, to free
 *
 * Return: 0, or an exit status after a message.
 */
int file_check(const char *option, const char *file, char **path);

#endif
