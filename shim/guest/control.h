/* SPDX-License-Identifier: GPL-2.0 */
/*
 * control.h - messages between the shim and the guest init
 *
 * Theory of operation: both ends of a stream socket exchange messages of a header
 * and a payload.  The shim writes CONFIG before the guest has booted, so the guest
 * finds its orders when it opens /dev/ring3-control and nobody waits for anybody:
 *
 *	shim                            guest init
 *	CONFIG ------------------------>
 *	       <------------------------ HELLO
 *	       <------------------------ ALIASES     (repeated until nothing is new)
 *	MODULES ----------------------->
 *	       <------------------------ UNBOUND, WARN, LOAD_FAILED
 *	       <------------------------ STARTED or EXEC_FAILED
 *	WINSIZE, SIGNAL --------------->
 *	       <------------------------ EXIT
 *	       <------------------------ COVERAGE    (for each object, in pieces)
 *
 * While CMD runs, `ring3 exec` has other commands run beside it.  Each has a number:
 *
 *	EXEC -------------------------->
 *	       <------------------------ EXEC_STARTED or EXEC_REFUSED
 *	EXEC_INPUT -------------------->
 *	       <------------------------ EXEC_TAKEN   (when the command has got it)
 *	       <------------------------ EXEC_OUTPUT
 *	EXEC_ACK ----------------------> (when the caller has got it)
 *	EXEC_SIGNAL, EXEC_WINSIZE ----->
 *	       <------------------------ EXEC_EXIT    (behind all output)
 *
 * Of each stream no more than RING3_EXEC_WINDOW bytes are on their way, so that whoever
 * does not read holds up nobody but himself.  `ring3 exec` and the shim of the run exchange
 * the same messages on a socket; the number is then of no meaning, but EXEC has the version in
 * its place, and EXEC_OVER tells what went wrong.
 *
 * The guest is not trusted: the shim bounds every length and checks every payload
 * (shim/control.c) before it is looked at.
 */
#ifndef RING3_GUEST_CONTROL_H
#define RING3_GUEST_CONTROL_H

#include <stdint.h>

#define RING3_CTL_VERSION 3

struct ring3_ctl_hdr {
	uint32_t type;
	uint32_t len;		/* of the payload that follows */
};

/* Longest payloads: the guest's are short, CONFIG carries a whole environment. */
#define RING3_CTL_MAX_FROM_GUEST 65536U
#define RING3_CTL_MAX_TO_GUEST (4U << 20)

#define RING3_EXEC_MAX 16U		/* commands at a time, without CMD */
#define RING3_EXEC_WINDOW 65536U	/* bytes of a stream on their way */
#define RING3_EXEC_CHUNK 32768U		/* bytes of a stream in one message */

enum ring3_ctl_type {
	/* from the guest */
	RING3_CTL_HELLO = 1,	/* u32 version */
	RING3_CTL_ALIASES,	/* modaliases, each ended by NUL */
	RING3_CTL_LOAD_FAILED,	/* u32 errno, u32 required, path NUL */
	RING3_CTL_UNBOUND,	/* module name NUL */
	RING3_CTL_WARN,		/* text NUL */
	RING3_CTL_STARTED,	/* nothing */
	RING3_CTL_EXEC_FAILED,	/* u32 errno */
	RING3_CTL_EXIT,		/* u32 status as wait(2) gives it */
	RING3_CTL_COVERAGE,	/* path NUL, a piece of that file */
	RING3_CTL_EXEC_STARTED,	/* u32 id */
	RING3_CTL_EXEC_REFUSED,	/* u32 id, u32 errno */
	RING3_CTL_EXEC_OUTPUT,	/* u32 id, u32 stream (1 or 2), bytes */
	RING3_CTL_EXEC_TAKEN,	/* u32 id, u32 bytes; 0: it takes no more */
	RING3_CTL_EXEC_EXIT,	/* u32 id, u32 status as wait(2) gives it */
	RING3_CTL_PONG,		/* nothing, the answer to PING */
	RING3_CTL_FROM_GUEST_END,

	/* to the guest */
	RING3_CTL_CONFIG = 64,	/* records */
	RING3_CTL_MODULES,	/* records, the answer to ALIASES */
	RING3_CTL_WINSIZE,	/* u32 rows, u32 columns */
	RING3_CTL_SIGNAL,	/* u32 signal for CMD, u32 milliseconds until SIGKILL */
	RING3_CTL_EXEC,		/* u32 id, u32 rows, u32 columns, records */
	RING3_CTL_EXEC_INPUT,	/* u32 id, bytes; none: the end */
	RING3_CTL_EXEC_ACK,	/* u32 id, u32 stream, u32 bytes; 0: nobody reads any more */
	RING3_CTL_EXEC_SIGNAL,	/* u32 id, u32 signal, u32 milliseconds until SIGKILL; 0: never */
	RING3_CTL_EXEC_WINSIZE,	/* u32 id, u32 rows, u32 columns */
	RING3_CTL_PING,		/* nothing; while CMD runs */
	RING3_CTL_TO_GUEST_END,

	/* from the shim to ring3 exec */
	RING3_CTL_EXEC_OVER = 128,	/* u32 id, u32 exit status, text NUL */
};

/*
 * A record is a letter from this list and a string ended by NUL.  Module records are
 * followed by OPTIONS when the module has some.
 */
enum ring3_ctl_record {
	RING3_REC_ARG = 'A',		/* one word of CMD; none: run the shell */
	RING3_REC_SHELL = 'S',		/* the caller's shell */
	RING3_REC_ENV = 'E',		/* NAME=VALUE */
	RING3_REC_CWD = 'C',
	RING3_REC_RW = 'W',		/* host path, writable inside */
	RING3_REC_MKDIR = 'M',		/* directory that must exist inside */
	RING3_REC_MODULES_DIR = 'K',	/* host path of lib/modules/VERSION */
	RING3_REC_REQUIRED = 'D',	/* host path of a module that must load */
	RING3_REC_DRIVER = 'N',		/* the same, and it should bind a device */
	RING3_REC_OPTIONAL = 'L',	/* host path of a module found by alias */
	RING3_REC_OPTIONS = 'O',	/* parameters of the module before */
	RING3_REC_FLAGS = 'F',		/* letters, see below */
};

#define RING3_FLAG_TTY 't'		/* CMD gets a pseudo-terminal */
#define RING3_FLAG_TTY_STDERR 'e'	/* and its stderr goes there too */
#define RING3_FLAG_CHECKS 'c'		/* the kernel looks for mistakes: see checks.c */
#define RING3_FLAG_COVERAGE 'g'		/* send COVERAGE at the end */

#endif
