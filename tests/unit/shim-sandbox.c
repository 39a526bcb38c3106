// SPDX-License-Identifier: GPL-2.0
/* shim-sandbox.c - the sandbox's plan, and its filter of system calls */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "shim/plan.h"
#include "shim/sandbox.h"
#include "tests/unit/shim-test.h"

static char top[] = "/tmp/ring3-test.XXXXXX";

static char *below_top(const char *name)
{
	return xasprintf("%s/%s", top, name);
}

static int make_top(void **state)
{
	static const char *const dirs[] = { "", "a", "a/b", "a/b/c", "kernel", "build" };

	(void)state;
	if (!mkdtemp(top))
		return -1;
	for (size_t i = 1; i < ARRAY_SIZE(dirs); i++) {
		_cleanup_free_ char *dir = below_top(dirs[i]);

		if (mkdir(dir, 0755) < 0)
			return -1;
	}
	return 0;
}

static int remove_top(void **state)
{
	static const char *const dirs[] = { "a/b/c", "a/b", "a", "kernel", "build", "" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		_cleanup_free_ char *dir = below_top(dirs[i]);

		if (rmdir(dir) < 0)
			return -1;
	}
	return 0;
}

/* A plan made in directory @cwd with @rw writable; debugging where @debug. */
static struct sandbox plan(const char *cwd, const char *const *rw, bool debug)
{
	_cleanup_free_ char *dir = below_top(cwd), *kernel_dir = below_top("kernel");
	_cleanup_free_ char *build = below_top("build"), *back = getcwd(NULL, 0);
	struct hosted_kernel kernel = { .dir = kernel_dir, .build = build, .version = "6.12.1",
		.image = "/nowhere" };
	struct run_options opts = { .debug.on = debug };
	struct drivers drivers = { 0 };
	struct sandbox sandbox;

	for (; rw && *rw; rw++) {
		_cleanup_free_ char *path = below_top(*rw);

		strv_add(&opts.rw, path);
	}
	assert_int_equal(chdir(dir), 0);
	assert_int_equal(sandbox_plan(&sandbox, &opts, &kernel, &drivers, "/usr/bin/env"), 0);
	assert_int_equal(chdir(back), 0);
	strv_free(&opts.rw);
	return sandbox;
}

static int place_of(const struct sandbox *sandbox, const char *name)
{
	_cleanup_free_ char *path = below_top(name);

	for (size_t i = 0; i < sandbox->n_paths; i++) {
		if (!strcmp(sandbox->paths[i].path, path))
			return i;
	}
	return -1;
}

static void what_is_seen(void **state)
{
	struct sandbox sandbox = plan("a", NULL, false);

	(void)state;
	/* The initramfs is below /usr, which is seen anyhow. */
	assert_int_equal(sandbox.n_paths, 2);
	assert_int_not_equal(place_of(&sandbox, "a"), -1);
	assert_int_not_equal(place_of(&sandbox, "kernel"), -1);
	assert_false(sandbox.paths[0].writable);
	sandbox_free(&sandbox);
	sandbox = plan("a", NULL, true);
	assert_int_not_equal(place_of(&sandbox, "build"), -1);
	sandbox_free(&sandbox);
}

static void parents_come_first(void **state)
{
	static const char *const rw[] = { "a/b/c", "a/b", NULL };
	struct sandbox sandbox = plan("a", rw, false);

	(void)state;
	assert_true(place_of(&sandbox, "a") < place_of(&sandbox, "a/b"));
	assert_true(place_of(&sandbox, "a/b") < place_of(&sandbox, "a/b/c"));
	assert_true(sandbox.paths[place_of(&sandbox, "a/b")].writable);
	assert_false(sandbox.paths[place_of(&sandbox, "a")].writable);
	sandbox_free(&sandbox);
}

static void writable_wins(void **state)
{
	static const char *const rw[] = { "a", NULL };
	struct sandbox sandbox = plan("a/b", rw, false);

	(void)state;
	assert_true(sandbox.paths[place_of(&sandbox, "a")].writable);
	assert_int_equal(place_of(&sandbox, "a/b"), -1);
	sandbox_free(&sandbox);
}

/* What a child does behind the filter; it says with its exit status what it got. */
static int no_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM, 0) >= 0;
}

static int shared_memory(void)
{
	return mmap(NULL, 4096, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
}

static int user_namespace(void)
{
	return syscall(SYS_clone, CLONE_NEWUSER | CLONE_FILES | SIGCHLD, 0, 0, 0, 0) >= 0;
}

static int attach(void)
{
	return syscall(SYS_ptrace, 16 /* PTRACE_ATTACH */, 1, 0, 0) >= 0;
}

static int execute(void)
{
	return execl("/bin/true", "true", NULL);
}

static int not_behind_another_number(void)
{
	long ret;

	/* getpid by the number of x32. */
	__asm__ volatile("syscall" : "=a" (ret) : "0" (0x40000027L) : "rcx", "r11", "memory");
	return ret >= 0;
}

static int private_memory(void)
{
	return mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED;
}

static int clone3_is_unknown(void)
{
	return !(syscall(SYS_clone3, NULL, 0) < 0 && errno == ENOSYS);
}

static int device_is_refused(void)
{
	return !(mknod("/tmp/ring3-test-node", S_IFCHR | 0600, 0x103) < 0 && errno == EPERM);
}

static struct sandbox filtered;

static void socket_pair(int notify[2])
{
	int low[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, low), 0);
	for (int i = 0; i < 2; i++) {
		notify[i] = fcntl(low[i], F_DUPFD_CLOEXEC, PLAN_FD_DEVICE);
		assert_true(notify[i] >= PLAN_FD_DEVICE);
		close(low[i]);
	}
}

/* Runs @what behind the filter.  Returns its exit status, or -1 and the violation. */
static int behind_filter(int (*what)(void), bool executed, struct sandbox_violation *violation)
{
	int notify[2], listener, status = 0;
	pid_t pid;

	socket_pair(notify);
	pid = fork();
	if (!pid) {
		if (give_up_calls(&filtered, notify[1]) < 0)
			_exit(99);
		_exit(what());
	}
	close(notify[1]);
	listener = sandbox_listener(notify[0]);
	close(notify[0]);
	assert_true(listener >= 0);
	violation->call = -1;
	while (waitpid(pid, &status, WNOHANG) != pid) {
		struct pollfd in = { .fd = listener, .events = POLLIN };

		if (poll(&in, 1, 20) > 0 && in.revents & POLLIN &&
		    sandbox_judge(&filtered, listener, &executed, violation)) {
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
			close(listener);
			return -1;
		}
	}
	close(listener);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void forbidden(int (*what)(void), int call, const char *words)
{
	struct sandbox_violation violation;
	_cleanup_free_ char *text = NULL;

	assert_int_equal(behind_filter(what, true, &violation), -1);
	assert_int_equal(violation.call, call);
	text = sandbox_describe(&violation);
	assert_non_null(strstr(text, words));
}

static void calls_that_end_the_run(void **state)
{
	(void)state;
	forbidden(no_socket, SYS_socket, "socket(0x1, 0x1, 0, ");
	forbidden(shared_memory, SYS_mmap, "mmap(");
	forbidden(user_namespace, SYS_clone, "clone(");
	forbidden(attach, SYS_ptrace, "ptrace(0x10,");
	forbidden(execute, SYS_execve, "execve(");
}

/* Descriptors are sent by none of the channels': the jail would wait for the listener for good. */
static void listener_goes_by_another_socket(void **state)
{
	int notify[2], status;
	pid_t pid;

	(void)state;
	socket_pair(notify);
	pid = fork();
	if (!pid)
		_exit(dup2(notify[1], PLAN_FD_CONTROL) < 0 || !give_up_calls(&filtered, PLAN_FD_CONTROL));
	close(notify[1]);
	assert_int_equal(sandbox_listener(notify[0]), -1);
	close(notify[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void calls_that_go_on(void **state)
{
	struct sandbox_violation violation;

	(void)state;
	assert_int_equal(behind_filter(private_memory, true, &violation), 0);
	assert_int_equal(behind_filter(clone3_is_unknown, true, &violation), 0);
	assert_int_equal(behind_filter(device_is_refused, true, &violation), 0);
}

static int old_stub(void)
{
	char ldt[16];

	return syscall(SYS_modify_ldt, 0, ldt, sizeof(ldt)) < 0;
}

/* What only an old kernel's processes are set up by is no other one's. */
static void calls_of_old_kernels(void **state)
{
	struct sandbox_violation violation;

	(void)state;
	forbidden(old_stub, SYS_modify_ldt, "modify_ldt(0, ");
	filtered.old_kernel = true;
	assert_int_equal(behind_filter(old_stub, true, &violation), 0);
	filtered.old_kernel = false;
}

/* As a module's code lies between the hosted kernel's and libraries. */
static int module_calls(void)
{
	static const unsigned char getpid_code[] = { 0xb8, 39, 0, 0, 0, 0x0f, 0x05, 0xc3 };
	char *page = mmap((void *)0x70000000, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	int (*call)(void) = (int (*)(void))page;

	memcpy(page, getpid_code, sizeof(getpid_code));
	return call() != getpid();
}

static void whose_code_calls(void **state)
{
	struct sandbox_violation violation;

	(void)state;
	assert_int_equal(behind_filter(module_calls, true, &violation), 0);
	filtered.code_end = 0x60100000;
	assert_int_equal(behind_filter(module_calls, true, &violation), -1);
	assert_int_equal(violation.call, SYS_getpid);
	assert_true(violation.foreign);
	filtered.code_end = 0x70001000;
	assert_int_equal(behind_filter(module_calls, true, &violation), 0);
	filtered.code_end = 0;
}

static void where_own_code_ends(void **state)
{
	(void)state;
	/* A library, and no program at all. */
	assert_int_equal(sandbox_code_end("/proc/self/exe"), 0);
	assert_int_equal(sandbox_code_end("/etc/passwd"), 0);
	assert_int_equal(sandbox_code_end("/nowhere"), 0);
}

static void another_architecture_is_killed(void **state)
{
	struct sandbox_violation violation;

	(void)state;
	assert_int_equal(behind_filter(not_behind_another_number, true, &violation), 128 + SIGSYS);
}

/* Once, before anything else runs. */
static void the_hosted_kernel_is_executed(void **state)
{
	struct sandbox_violation violation;

	(void)state;
	assert_int_equal(behind_filter(execute, false, &violation), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_seen),
		cmocka_unit_test(parents_come_first),
		cmocka_unit_test(writable_wins),
		cmocka_unit_test(calls_that_end_the_run),
		cmocka_unit_test(listener_goes_by_another_socket),
		cmocka_unit_test(calls_that_go_on),
		cmocka_unit_test(calls_of_old_kernels),
		cmocka_unit_test(whose_code_calls),
		cmocka_unit_test(where_own_code_ends),
		cmocka_unit_test(another_architecture_is_killed),
		cmocka_unit_test(the_hosted_kernel_is_executed),
	};

	return cmocka_run_group_tests_name("shim-sandbox", tests, make_top, remove_top);
}
