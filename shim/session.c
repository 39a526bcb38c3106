// SPDX-License-Identifier: GPL-2.0
/* session.c - the conversation with the guest init */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "shim/exec.h"
#include "shim/session.h"

extern char **environ;

void session_open(struct session *session, int fd, struct drivers *drivers)
{
	*session = (struct session){ .fd = fd, .drivers = drivers };
}

void session_close(struct session *session)
{
	if (session->fd >= 0)
		close(session->fd);
	free(session->text);
	ctl_decoder_free(&session->decoder);
	buffer_free(&session->out);
}

void session_environment(struct buffer *records, const char *cwd)
{
	_cleanup_free_ char *pwd = xasprintf("PWD=%s", cwd);

	for (char **env = environ; *env; env++) {
		if (strncmp(*env, "PWD=", 4) && strncmp(*env, "OLDPWD=", 7))
			ctl_record(records, RING3_REC_ENV, *env);
	}
	ctl_record(records, RING3_REC_ENV, pwd);
}

/* The directories that the environment promises. */
static void config_directories(struct buffer *config)
{
	static const char *const dirs[] = { "HOME", "TMPDIR", "XDG_RUNTIME_DIR" };

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		const char *dir = getenv(dirs[i]);

		if (dir && *dir == '/')
			ctl_record(config, RING3_REC_MKDIR, dir);
	}
}

static void config_command(struct buffer *config, char *const *command)
{
	const char *shell = getenv("SHELL");

	for (; *command; command++)
		ctl_record(config, RING3_REC_ARG, *command);
	if (shell && *shell == '/')
		ctl_record(config, RING3_REC_SHELL, shell);
}

static void config_flags(struct buffer *config, bool tty, bool tty_stderr, bool checks,
			 bool coverage)
{
	char flags[8] = "", *at = flags;

	if (tty)
		*at++ = RING3_FLAG_TTY;
	if (tty_stderr)
		*at++ = RING3_FLAG_TTY_STDERR;
	if (checks)
		*at++ = RING3_FLAG_CHECKS;
	if (coverage)
		*at++ = RING3_FLAG_COVERAGE;
	*at = '\0';
	ctl_record(config, RING3_REC_FLAGS, flags);
}

int session_config(struct session *session, const struct run_options *opts, bool tty,
		   bool tty_stderr)
{
	_cleanup_free_ char *cwd = getcwd(NULL, 0);
	struct buffer config = { 0 };
	size_t len;

	if (!cwd)
		return fail("the working directory is gone: %s; change to another",
			    strerror(errno));
	config_flags(&config, tty, tty_stderr, opts->flavor == FLAVOR_DEBUG, session->coverage);
	config_command(&config, opts->command);
	session_environment(&config, cwd);
	config_directories(&config);
	ctl_record(&config, RING3_REC_CWD, cwd);
	ctl_record(&config, RING3_REC_MODULES_DIR, session->drivers->kernel->modules);
	for (size_t i = 0; i < opts->rw.n; i++)
		ctl_record(&config, RING3_REC_RW, opts->rw.v[i]);
	buffer_add(&config, session->drivers->records.data, session->drivers->records.len);
	len = config.len;
	if (len <= RING3_CTL_MAX_TO_GUEST)
		ctl_put(&session->out, RING3_CTL_CONFIG, config.data, len);
	buffer_free(&config);
	if (len > RING3_CTL_MAX_TO_GUEST)
		return fail("CMD and the environment are too long (%zu bytes, at most %u); "
			    "shorten them", len, RING3_CTL_MAX_TO_GUEST);
	return 0;
}

void session_winsize(struct session *session, uint32_t rows, uint32_t cols)
{
	session->rows = rows;
	session->cols = cols;
	if (session->state == SESSION_RUNNING)
		ctl_put_pair(&session->out, RING3_CTL_WINSIZE, rows, cols);
}

void session_signal(struct session *session, int sig, uint32_t grace_ms)
{
	ctl_put_pair(&session->out, RING3_CTL_SIGNAL, sig, grace_ms);
}

void session_ping(struct session *session)
{
	/* Before, the guest waits for nothing but the answers to its questions. */
	if (session->state == SESSION_RUNNING)
		ctl_put(&session->out, RING3_CTL_PING, NULL, 0);
}

static void answer_aliases(struct session *session, const struct ctl_message *msg)
{
	struct buffer records = { 0 };

	for (size_t at = 0; at < msg->len; at += strlen(msg->text + at) + 1)
		drivers_alias(session->drivers, msg->text + at, &records);
	ctl_put(&session->out, RING3_CTL_MODULES, records.data, records.len);
	buffer_free(&records);
}

static void set_state(struct session *session, enum session_state state,
		      const struct ctl_message *msg)
{
	/* What was learned first stands. */
	if (session->state >= SESSION_ENDED)
		return;
	session->state = state;
	session->value = msg->value;
	if (msg->text && msg->len)
		session->text = printable(xstrdup(msg->text));
}

static void load_failed(struct session *session, const struct ctl_message *msg)
{
	_cleanup_free_ char *path = printable(xstrdup(msg->text));

	if (msg->second)
		set_state(session, SESSION_LOAD_FAILED, msg);
	else
		warn("module %s, loaded by alias: %s", path, strerror(msg->value & 0xfff));
}

static void warn_unbound(const struct ctl_message *msg)
{
	_cleanup_free_ char *name = printable(xstrdup(msg->text));

	warn("driver %s is loaded but has bound no device; check --device, or see the kernel's "
	     "log with -v", name);
}

static void handle(void *arg, const struct ctl_message *msg)
{
	struct session *session = arg;
	_cleanup_free_ char *text = NULL;

	switch (msg->type) {
	case RING3_CTL_HELLO:
		set_state(session, SESSION_SETTING_UP, msg);
		break;
	case RING3_CTL_ALIASES:
		answer_aliases(session, msg);
		break;
	case RING3_CTL_LOAD_FAILED:
		load_failed(session, msg);
		break;
	case RING3_CTL_UNBOUND:
		warn_unbound(msg);
		break;
	case RING3_CTL_WARN:
		text = printable(xstrdup(msg->text));
		warn("%s", text);
		break;
	case RING3_CTL_STARTED:
		set_state(session, SESSION_RUNNING, msg);
		/* Before, the guest waits for nothing but the answers to its questions. */
		if (session->rows)
			session_winsize(session, session->rows, session->cols);
		break;
	case RING3_CTL_EXEC_FAILED:
		set_state(session, SESSION_EXEC_FAILED, msg);
		break;
	case RING3_CTL_EXIT:
		set_state(session, SESSION_ENDED, msg);
		break;
	case RING3_CTL_COVERAGE:
		if (session->coverage)
			coverage_add(session->coverage, msg->text, msg->data, msg->data_len);
		break;
	case RING3_CTL_PONG:
		break;		/* that it was heard is what counts */
	default:
		/* ctl_feed() lets only the EXEC family through. */
		if (session->execs)
			execs_message(session->execs, msg);
		break;
	}
}

static void end_stream(struct session *session)
{
	close(session->fd);
	session->fd = -1;
}

bool session_input(struct session *session)
{
	const char *problem;
	char data[16384];
	ssize_t n;

	if (session->fd < 0)
		return false;
	n = recv(session->fd, data, sizeof(data), MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return errno == EINTR;
	if (n <= 0) {
		end_stream(session);
		return false;
	}
	session->heard++;
	problem = ctl_feed(&session->decoder, data, n, handle, session);
	if (!problem)
		return true;
	session->state = SESSION_BROKEN;
	free(session->text);
	session->text = xstrdup(problem);
	end_stream(session);
	return false;
}

bool session_output(struct session *session)
{
	if (session->fd < 0)
		session->out.len = 0;
	while (session->out.len) {
		ssize_t n = send(session->fd, session->out.data, session->out.len,
				 MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return true;
		if (n < 0)
			session->out.len = 0;	/* the guest is gone; its end is noticed elsewhere */
		else
			buffer_drop(&session->out, n);
	}
	return false;
}
