/* SPDX-License-Identifier: GPL-2.0 */
/* exec-client.h - ring3 exec's conversation with the run */
#ifndef RING3_EXEC_CLIENT_H
#define RING3_EXEC_CLIENT_H

/**
 * exec_client() - have a command run inside, with the caller's streams and signals
 * @name: of the run
 * @fd: a connection to its socket; taken over
 * @command: NULL ended
 *
 * Only once in a process, which must end after it: a thread may still read the caller's input.
 *
 * Return: the exit status, after a message where it is ring3's own.
 */
int exec_client(const char *name, int fd, char **command);

#endif
