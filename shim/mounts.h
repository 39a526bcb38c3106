/* SPDX-License-Identifier: GPL-2.0 */
/*
 * mounts.h - what is mounted at a path
 *
 * Nothing here touches the file system that is mounted: that of a dead or stopped process
 * answers with an error, or not at all.
 */
#ifndef RING3_MOUNTS_H
#define RING3_MOUNTS_H

#include <stdbool.h>
#include <sys/types.h>

/**
 * mounts_find() - what is mounted at a path?
 * @mountinfo: the text of /proc/self/mountinfo
 * @path: absolute, without symbolic links
 *
 * Return: "SOURCE (TYPE)" of what is on top to free, or NULL.
 */
char *mounts_find(const char *mountinfo, const char *path);

/**
 * mounts_at() - mounts_find() now
 * @path: absolute, without symbolic links
 *
 * Return: as mounts_find().
 */
char *mounts_at(const char *path);

/**
 * mounts_detach() - take away what a proxy that is gone left mounted
 * @path: absolute, without symbolic links; only a FUSE file system is taken away
 * @shim: process number of the run's shim, which is part of the mount's name; 0: whatever it
 *	is, as the place is ours
 *
 * Return: true when nothing of the kind is mounted there any more.
 */
bool mounts_detach(const char *path, pid_t shim);

#endif
