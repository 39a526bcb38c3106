/* SPDX-License-Identifier: GPL-2.0 */
/*
 * process.h - starting processes that cannot outlive us
 *
 * Every child asks the kernel to be killed when the shim dies, and then looks whether it
 * has died before that request: without the second step the first is a race.
 */
#ifndef RING3_PROCESS_H
#define RING3_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct child {
	pid_t pid;		/* 0: none, or collected */
	int fd;			/* pidfd, -1: none */
};

#define CHILD_NONE ((struct child){ .pid = 0, .fd = -1 })

/* Descriptor @from here becomes @to in the child. */
struct fd_map {
	int from;
	int to;
};

/**
 * process_init() - remember who the parent of all children is
 *
 * Call once, in the thread that will start them.
 *
 * Return: 0, or an exit status after a message.
 */
int process_init(void);

/**
 * process_tie() - in a new child: die when the shim does
 *
 * Ends the process when it is too late.
 */
void process_tie(void);

/**
 * process_fds() - in a new child: give it exactly the descriptors of a map
 * @map: what it gets besides 0, 1 and 2; a negative @from is left out
 * @n: entries
 *
 * A @to of 0, 1 or 2 replaces those; all others are closed.
 *
 * Return: 0, or -1 with errno set.
 */
int process_fds(const struct fd_map *map, size_t n);

/**
 * process_defaults() - in a new child: signals as a program expects them
 */
void process_defaults(void);

/**
 * process_start() - start a program
 * @child: filled in
 * @argv: its arguments; argv[0] is looked up in PATH
 * @map: its descriptors, see process_fds()
 * @n: entries of @map
 * @own_session: out of reach of the terminal's signals
 *
 * A program that cannot be executed exits with 126 or 127.
 *
 * Return: 0, or an exit status after a message.
 */
int process_start(struct child *child, char **argv, const struct fd_map *map, size_t n,
		  bool own_session);

/**
 * process_wait() - wait for a child and forget it
 * @child: the child
 *
 * Return: its status as wait(2) gives it, -1 when there is none.
 */
int process_wait(struct child *child);

/**
 * process_kill() - send a signal to a child that has not been waited for
 * @child: the child
 * @sig: the signal
 */
void process_kill(const struct child *child, int sig);

/**
 * process_describe() - how a process ended, in words
 * @status: as wait(2) gives it
 *
 * Return: a static string like "exit status 1" or "killed by signal 9 (Killed)".
 */
const char *process_describe(int status);

/**
 * process_status() - a number that the host keeps of a process
 * @pid: the process
 * @field: its name in /proc/PID/status, proc(5)
 *
 * Return: the number; 0 if there is none, or the process has ended.
 */
uint64_t process_status(pid_t pid, const char *field);

#endif
