// SPDX-License-Identifier: GPL-2.0
/*
 * proxy-sandbox.c - what the proxy can no longer do, and what it still can
 */
#include <linux/capability.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>

#include "proxy/keeper.h"
#include "proxy/loop.h"
#include "proxy/sandbox.h"
#include "tests/unit/proxy-common.h"

static char said[1024];

/* LeakSanitizer needs a tracer at the end, so the proxy has no filter where it is looking. */
#ifdef __SANITIZE_ADDRESS__
#define FILTERED false
#else
#define FILTERED true
#endif

/* Run something in a child's sandbox; what it said is in said[]. */
static int in_sandbox(unsigned int users, void (*fn)(void))
{
	int words[2], status;
	ssize_t n, len = 0;
	pid_t pid;

	assert_int_equal(pipe(words), 0);
	pid = fork();
	if (!pid) {
		dup2(words[1], STDERR_FILENO);
		if (sandbox_privileges(users) || sandbox_calls(users)) {
			dprintf(STDERR_FILENO, "%s\n", fail_text());
			_exit(99);
		}
		fn();
		_exit(0);
	}
	close(words[1]);
	while ((n = read(words[0], said + len, sizeof(said) - 1 - len)) > 0)
		len += n;
	said[len] = 0;
	close(words[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void ended_for(unsigned int users, void (*fn)(void), const char *call)
{
	char want[64];

	assert_int_equal(in_sandbox(users, fn), 1);
	snprintf(want, sizeof(want), "it called %s (", call);
	if (!strstr(said, want))
		fprintf(stderr, "# wanted %s, got %s\n", call, said);
	assert_non_null(strstr(said, want));
}

static void try_socket(void)
{
	socket(AF_INET, SOCK_STREAM, 0);
}

static void try_unix(void)
{
	socket(AF_UNIX, SOCK_STREAM, 0);
}

static void try_connect(void)
{
	connect(0, NULL, 0);
}

static void try_bind(void)
{
	bind(0, NULL, 0);
}

static void try_exec(void)
{
	execl("/bin/true", "true", NULL);
}

static void try_kill_other(void)
{
	kill(1, 0);
}

static void try_unlink(void)
{
	unlink("/nowhere");
}

static void try_mount(void)
{
	syscall(SYS_mount, "", "/nowhere", "", 0, "");
}

static void try_exec_memory(void)
{
	mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void try_keys(void)
{
	syscall(SYS_add_key, "user", "x", "y", 1, -3);
}

static void try_bpf(void)
{
	syscall(SYS_bpf, 0, NULL, 0);
}

static void try_uring(void)
{
	syscall(SYS_io_uring_setup, 1, NULL);
}

static void try_unshare(void)
{
	syscall(SYS_unshare, 0x10000000);
}

static void try_netpair(void)
{
	int pair[2];

	socketpair(AF_INET, SOCK_STREAM, 0, pair);
}

static void test_closed(void **state)
{
	(void)state;
	if (!FILTERED)
		return;
	ended_for(0, try_socket, "socket");
	ended_for(~0u >> 1, try_unix, "socket");
	ended_for(~0u >> 1, try_connect, "connect");
	ended_for(~0u >> 1, try_bind, "bind");
	ended_for(~0u >> 1, try_exec, "execve");
	ended_for(~0u >> 1, try_kill_other, "kill");
	ended_for(~0u >> 1, try_unlink, "unlink");
	ended_for(~0u >> 1, try_mount, "mount");
	ended_for(~0u >> 1, try_keys, "add_key");
	ended_for(~0u >> 1, try_bpf, "bpf");
	ended_for(~0u >> 1, try_uring, "io_uring_setup");
	ended_for(~0u >> 1, try_unshare, "unshare");
	ended_for(SANDBOX_QEMU, try_netpair, "socketpair");
	ended_for(~0u >> 1, try_exec_memory, "mmap");
}

static void try_kill(void)
{
	kill(getppid(), SIGTERM);
}

static void try_ioctl(void)
{
	int n;

	ioctl(0, 0x5413, &n);
}

static void try_open(void)
{
	syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY);
}

static void try_fork(void)
{
	fork();
}

static void try_ptrace(void)
{
	ptrace(PTRACE_ATTACH, 1, NULL, NULL);
}

static void test_closed_too(void **state)
{
	(void)state;
	if (!FILTERED)
		return;
	ended_for(~0u >> 1, try_open, "openat");
	ended_for(~0u >> 1, try_fork, "clone");
	ended_for(~0u >> 1, try_ptrace, "ptrace");
	ended_for(~0u >> 1, try_kill, "getppid");
	ended_for(SANDBOX_VFIO, try_ioctl, "ioctl");
	ended_for(SANDBOX_VIEW, try_ioctl, "ioctl");
}

static void use(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct epoll_event ev = { .events = EPOLLIN };
	int pair = eventfd(1, EFD_CLOEXEC), timer = timerfd_create(CLOCK_MONOTONIC, 0);
	void *p = malloc(64 << 20);

	(void)head;
	(void)ev;
	if (pair < 0 || timer < 0 || !p || fcntl(pair, F_GETFL) < 0)
		_exit(2);
	free(p);
	close(pair);
	close(timer);
}

static void test_open(void **state)
{
	(void)state;
	if (!FILTERED)
		return;
	assert_int_equal(in_sandbox(0, use), 0);
	assert_string_equal(said, "");
}

static const char *line_of(const char *name)
{
	static char line[128];
	FILE *f = fopen("/proc/self/status", "r");

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, name, strlen(name)))
			break;
	if (f)
		fclose(f);
	return line + strlen(name);
}

/* In a child: the test's own privileges stay. */
static void test_privileges(void **state)
{
	pid_t pid = fork();
	int status;

	(void)state;
	if (!pid) {
		if (sandbox_privileges(0))
			_exit(1);
		if (strtoull(line_of("CapEff:"), NULL, 16) || strtoull(line_of("CapPrm:"), NULL, 16) ||
		    atoi(line_of("NoNewPrivs:")) != 1)
			_exit(2);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void *sleeper(void *arg)
{
	uint64_t n;

	if (read(*(int *)arg, &n, sizeof(n)) < 0)
		return NULL;
	try_socket();
	return NULL;
}

static int bell = -1;

static void in_thread(void)
{
	const uint64_t one = 1;

	if (write(bell, &one, sizeof(one)) < 0)
		_exit(3);
	for (;;)
		poll(NULL, 0, 1000);
}

/* A thread that was there before is in it as well. */
static void test_threads(void **state)
{
	int words[2], status;
	pthread_t thread;
	pid_t pid;

	(void)state;
	if (!FILTERED)
		return;
	assert_int_equal(pipe(words), 0);
	pid = fork();
	if (!pid) {
		dup2(words[1], STDERR_FILENO);
		bell = eventfd(0, 0);
		if (sandbox_privileges(0) || pthread_create(&thread, NULL, sleeper, &bell) ||
		    sandbox_calls(0))
			_exit(99);
		in_thread();
	}
	close(words[1]);
	memset(said, 0, sizeof(said));
	assert_true(read(words[0], said, sizeof(said) - 1) > 0);
	close(words[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 1);
	assert_non_null(strstr(said, "it called socket ("));
}

static void answer(struct keeper_call *call)
{
	char c = 'k';

	call->result = call->args[0] + call->args[1];
	if (call->args[0] < 0) {
		fail("as asked: %ld", call->args[0]);
		call->nr_fds = 0;
		return;
	}
	/* A descriptor there, and one back. */
	if (call->nr_fds == 1 && write(call->fds[0], &c, 1) == 1) {
		call->args[2] = getpid();
		call->fds[0] = memfd_create("answer", MFD_CLOEXEC);
	}
}

static int end_words[2];

static void at_end(void)
{
	char c = 'e';

	/* By its name: the keeper has no descriptors left. */
	(void)!write(STDOUT_FILENO, &c, 1);
}

static void test_keeper(void **state)
{
	struct keeper_call call = { .args = { 20, 22 } };
	unsigned int before = open_fds();
	char name[] = "/some/where/ring3-proxy", c;
	int words[2], out = dup(STDOUT_FILENO);

	(void)state;
	assert_int_equal(loop_init(), 0);
	assert_int_equal(pipe(words), 0);
	assert_int_equal(pipe(end_words), 0);
	keeper_offer(KEEPER_CONNECT, answer);
	keeper_at_end(at_end);
	fflush(stdout);
	dup2(end_words[1], STDOUT_FILENO);
	assert_int_equal(keeper_start(name), 0);
	dup2(out, STDOUT_FILENO);
	close(end_words[1]);
	close(out);
	assert_string_equal(name, "/some/where/ring3-proxy");
	call.nr_fds = 1;
	call.fds[0] = words[1];
	assert_int_equal(keeper_ask(KEEPER_CONNECT, &call), 42);
	assert_int_equal(read(words[0], &c, 1), 1);
	assert_int_equal(call.nr_fds, 1);
	assert_int_not_equal(call.args[2], getpid());
	close(call.fds[0]);
	/* Nobody offered this one. */
	call = (struct keeper_call){ .nr_fds = 0 };
	assert_int_equal(keeper_ask(KEEPER_QEMU, &call), -ENOTSUP);
	call = (struct keeper_call){ .args = { -5, 0 } };
	assert_int_equal(keeper_ask(KEEPER_CONNECT, &call), -5);
	assert_string_equal(fail_text(), "as asked: -5");
	keeper_stop();
	loop_exit();
	/* Without a keeper it is done here, if anybody can. */
	call = (struct keeper_call){ .args = { 1, 2 } };
	assert_int_equal(keeper_ask(KEEPER_CONNECT, &call), 3);
	assert_int_equal(keeper_ask(KEEPER_QEMU_STATUS, &call), -1);
	assert_int_equal(read(end_words[0], &c, 1), 1);
	assert_int_equal(c, 'e');
	assert_int_equal(read(end_words[0], &c, 1), 0);
	close(end_words[0]);
	close(words[0]);
	close(words[1]);
	assert_int_equal(open_fds(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_closed),
		cmocka_unit_test(test_closed_too),
		cmocka_unit_test(test_open), cmocka_unit_test(test_privileges),
		cmocka_unit_test(test_threads), cmocka_unit_test(test_keeper),
	};

	return cmocka_run_group_tests_name("proxy-sandbox", tests, NULL, NULL);
}
