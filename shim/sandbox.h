/* SPDX-License-Identifier: GPL-2.0 */
/*
 * sandbox.h - what is taken from the driver process before it runs
 *
 * Theory of operation: the process of the hosted kernel is hostile, that of the driver it hosts
 * being so.  Before it is executed it gives up, in stages that are a function each:
 *
 *	in the jail, PID 1 of namespaces of its own (jail.c)
 *	sandbox_root()		the host's files, but what CMD is to see (sandbox-root.c)
 *	in the process itself, with sandbox_lock()
 *	give_up_user()		the identity of root (sandbox-user.c)
 *	give_up_privileges()	capabilities, and every way to get some (sandbox-user.c)
 *	give_up_plenty()	more memory, processes and files than it needs (sandbox-limits.c)
 *	give_up_paths()		files once more, by Landlock (sandbox-landlock.c)
 *	process_fds()		every descriptor but those it is started with (process.c)
 *	give_up_calls()		system calls (sandbox-calls.c), all of them out of a driver's own code (sandbox-code.c)
 *
 * The last needs somebody to tell who tried what: the jail gets to know of each call that is not
 * in the table, and ends the run before it is carried out (sandbox-notify.c).
 *
 * Root's driver process is not root: it is user SANDBOX_UID, in a user namespace where that is
 * called root.  So that it can read what root wants it to, directories are mounted with
 * their owner mapped to that user.
 */
#ifndef RING3_SANDBOX_H
#define RING3_SANDBOX_H

#include <sys/types.h>

#include "shim/drivers.h"
#include "shim/kernel.h"
#include "shim/options.h"

/* Nobody: owner of nothing. */
#define SANDBOX_UID 65534
#define SANDBOX_GID 65534

/* Inside, where the hosted kernel may write; nobody's directory is above it. */
#define SANDBOX_SCRATCH "/.ring3-uml"

/* A part of the host's tree that is seen inside at its own place. */
struct sandbox_path {
	char *path;
	bool writable;
};

/* A user namespace in which @uid and @gid of the files' owner are SANDBOX_UID and _GID outside. */
struct sandbox_user {
	uid_t uid;
	gid_t gid;
	int fd;
};

struct sandbox {
	struct sandbox_path *paths;	/* in the order of mounting */
	size_t n_paths;
	struct sandbox_user *users;	/* [0] for the process itself; none: it stays the caller */
	size_t n_users;
	uint64_t mem;			/* of the hosted kernel, bytes */
	bool debug_kernel;
	bool old_kernel;		/* before 6.2 */
	uint64_t code_end;		/* of the hosted kernel's own code; 0: that is not looked at */
	size_t n_devices;
};

/* A system call that was not to be; what the jail tells of it. */
struct sandbox_violation {
	int call;		/* its number, -1: there was none */
	uint32_t arch;		/* AUDIT_ARCH_* */
	uint64_t args[6];
	bool foreign;		/* out of code that is not the hosted kernel's own */
};

/**
 * sandbox_plan() - decide what the driver process of a run is to have
 * @sandbox: filled in, for sandbox_free()
 * @opts: options of the run
 * @kernel: the hosted kernel
 * @drivers: with what has been resolved of --driver
 * @initrd: the guest init's initramfs
 *
 * Return: 0, or an exit status after a message.
 */
int sandbox_plan(struct sandbox *sandbox, const struct run_options *opts,
		 const struct hosted_kernel *kernel, struct drivers *drivers, const char *initrd);

void sandbox_free(struct sandbox *sandbox);

/**
 * sandbox_forbidden() - say why there can be no sandbox, and what helps
 * @err: errno of the attempt
 *
 * Return: an exit status.
 */
int sandbox_forbidden(int err);

/**
 * sandbox_root() - replace the tree of files
 * @sandbox: what is to be seen
 *
 * Context: alone in a mount namespace that it has the rights to change.
 *
 * Return: 0, or -1 after a message.
 */
int sandbox_root(const struct sandbox *sandbox);

/**
 * sandbox_lock() - give up everything else, but system calls
 * @sandbox: the plan
 *
 * Context: the process that is about to execute the hosted kernel.
 *
 * Return: 0, or -1 after a message.
 */
int sandbox_lock(const struct sandbox *sandbox);

/* The stages of sandbox_lock(); each returns 0, or -1 after a message. */
int give_up_user(const struct sandbox *sandbox);
int give_up_privileges(void);
int give_up_plenty(const struct sandbox *sandbox);
int give_up_paths(const struct sandbox *sandbox);

/**
 * give_up_calls() - the last stage
 * @sandbox: the plan
 * @notify: socket on which the jail gets the listener of the filter (sandbox_listener()); behind
 *          the channels (PLAN_FD_CONTROL), as descriptors are sent by no other
 *
 * Return: 0, or -1 after a message.
 */
int give_up_calls(const struct sandbox *sandbox, int notify);

/**
 * sandbox_user_for() - the user namespace that shows an owner's files to the sandbox
 * @sandbox: has those that were made; grows
 * @uid: owner of files
 * @gid: their group
 *
 * Context: root, before there are threads.
 *
 * Return: a descriptor that stays the sandbox's, or -1 with errno set.
 */
int sandbox_user_for(struct sandbox *sandbox, uid_t uid, gid_t gid);

/**
 * sandbox_code_end() - where the hosted kernel's own code ends
 * @image: its file
 *
 * Return: an address, or 0: it is linked in a way that does not tell.
 */
uint64_t sandbox_code_end(const char *image);

/**
 * sandbox_foreign() - is it a driver's own code?
 * @sandbox: the plan
 * @instruction: address of one that made a system call
 */
bool sandbox_foreign(const struct sandbox *sandbox, uint64_t instruction);

/**
 * sandbox_load() - be judged by a filter from now on, and by where calls come from
 * @sandbox: the plan
 * @filter: libseccomp's, with notification of what it does not know
 *
 * Return: the listener, or a negative errno.
 */
int sandbox_load(const struct sandbox *sandbox, void *filter);

/**
 * sandbox_listener() - receive the listener of the filter
 * @notify: the other end of give_up_calls()'s socket
 *
 * Return: a descriptor, or -1 after a message: there is none, or the process ended before.
 */
int sandbox_listener(int notify);

/**
 * sandbox_judge() - take one notice of the filter
 * @sandbox: the plan
 * @listener: readable
 * @executed: whether the hosted kernel has been executed; changed
 * @violation: filled in
 *
 * The one execve() that is the hosted kernel's goes on.
 *
 * Return: whether the run must end.
 */
bool sandbox_judge(const struct sandbox *sandbox, int listener, bool *executed,
		   struct sandbox_violation *violation);

/**
 * sandbox_describe() - a violation in words
 * @violation: one
 *
 * Return: text to free.
 */
char *sandbox_describe(const struct sandbox_violation *violation);

#endif
