/* SPDX-License-Identifier: GPL-2.0 */
/*
 * guest.h - the parts of the guest init
 *
 * PID 1 of the hosted kernel: one small static program without stdio, because a page
 * fault in User-Mode Linux costs tens of microseconds and this runs before every CMD.
 */
#ifndef RING3_GUEST_H
#define RING3_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "shim/guest/control.h"

#define GUEST_HOST "/host"	/* hostfs of the caller's "/", before the chroot */
#define GUEST_NEW "/new"	/* CMD's root, before the chroot */
#define GUEST_RUN "/run/ring3"	/* ring3's own directory inside CMD's root */

/* Orders, as CONFIG gives them; every string points into the message. */
struct guest_config {
	char **argv;		/* NULL ended; argv[0] NULL: the shell */
	char **envp;		/* NULL ended, with one spare place */
	char *shell;
	char *cwd;
	char *modules_dir;
	bool tty;
	bool tty_stderr;
	bool checks;
	bool coverage;
	bool hurried;		/* CMD was told to end: somebody waits */
	char **vectors;		/* argv and envp */
	size_t vectors_size;
	char *records;		/* the whole message, for those that repeat */
	size_t size;
};

/* The record at *@at of @len bytes: its letter and string, or 0 at the end. */
int record_next(char *records, size_t len, size_t *at, char **text);

/* ctl.c: the control channel. */
extern int ctl_fd;
int ctl_open(void);
int ctl_config(struct guest_config *config);
int config_parse(struct guest_config *config);
void config_release(struct guest_config *config);
char *ctl_read(struct ring3_ctl_hdr *hdr);
void ctl_free(char *payload, const struct ring3_ctl_hdr *hdr);
void ctl_send(uint32_t type, const void *payload, size_t len);
void ctl_send_u32(uint32_t type, uint32_t value);
void ctl_warn(const char *what, const char *path, int err);
void guest_die(const char *what) __attribute__((noreturn));

/* root.c: what CMD sees. */
extern int host_fd;		/* hostfs of the caller's "/" */
void root_early(void);
void root_build(struct guest_config *config);
void root_enter(struct guest_config *config);
void root_environment(char **envp);

/* modules.c: loading by order and by alias. */
void modules_load(char *records, size_t len);
void modules_coldplug(void);
int modules_uevents(bool wait_answer);
int modules_socket(void);
void modules_listen(void);
void modules_report_unbound(struct guest_config *config);

/* run.c: CMD. */
struct guest_spawn {
	char **argv;
	char **envp;
	const char *cwd;	/* NULL: where init is */
	int stdio[3];
	bool tty;		/* stdio[0] becomes the controlling terminal */
};
int run_command(struct guest_config *config);
pid_t run_spawn(const struct guest_spawn *spawn, volatile int *failed);
void run_close_stdio(struct guest_spawn *spawn);
long long now_ms(void);

/* exec.c: commands of ring3 exec. */
#define EXEC_FDS (3 * RING3_EXEC_MAX)
struct pollfd;
void exec_message(const struct ring3_ctl_hdr *hdr, char *payload);
size_t exec_poll(struct pollfd *fds);
void exec_events(const struct pollfd *fds, size_t n);
void exec_ended(pid_t pid, int status);
long long exec_kill_late(void);

/* tty.c: the pseudo-terminal and its relay. */
struct guest_tty {
	int master;
	int in;			/* channel the caller's keys come from */
	int out;		/* channel to the caller's screen */
	char pending[4096];	/* keys the terminal did not take yet */
	size_t len;
	bool in_eof;
};
int tty_open(struct guest_tty *tty);
int tty_master(void);
int tty_slave(int master);
void tty_resize(int master, unsigned int rows, unsigned int cols);
short tty_poll_in(const struct guest_tty *tty);
short tty_poll_master(const struct guest_tty *tty);
void tty_keys(struct guest_tty *tty);
void tty_flush(struct guest_tty *tty);
bool tty_screen(struct guest_tty *tty);

/* checks.c: the kernel's own search for mistakes. */
void checks_begin(void);
void checks_end(void);

/* coverage.c: what the drivers have counted. */
void coverage_send(void);

/* end.c: the power switch. */
void end_processes(void);
void end_power_off(void) __attribute__((noreturn));

#endif
