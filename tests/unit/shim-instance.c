// SPDX-License-Identifier: GPL-2.0
/* shim-instance.c - unit tests of mounts, of the runtime directory and of what the view shows */
#include "tests/unit/shim-test.h"

#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "shim/mounts.h"
#include "shim/registry.h"
#include "shim/show.h"
#include "shim/size.h"

static const char mountinfo[] =
	"22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
	"30 22 0:25 / /run rw shared:5 master:2 - tmpfs tmpfs rw\n"
	"40 30 0:50 / /run/a\\040b\\134c rw - fuse.ring3-proxy ring3 rw,user_id=0\n"
	"41 30 0:51 / /run/two rw - tmpfs first rw\n"
	"42 30 0:52 / /run/two rw - fuse second rw\n"
	"43 30 0:53 / /run/dash-it rw - fuse.x a\\040b rw\n"
	"short line\n"
	"\n";

static void mounts(void **state)
{
	static const struct {
		const char *path, *what;
	} rows[] = {
		{ "/", "/dev/sda1 (ext4)" },
		{ "/run", "tmpfs (tmpfs)" },
		{ "/run/a b\\c", "ring3 (fuse.ring3-proxy)" },
		{ "/run/two", "second (fuse)" },
		{ "/run/dash-it", "a b (fuse.x)" },
		{ "/ru", NULL },
		{ "/run/", NULL },
		{ "line", NULL },
		{ "", NULL },
	};
	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		_cleanup_free_ char *what = mounts_find(mountinfo, rows[i].path);

		if (rows[i].what) {
			assert_non_null(what);
			assert_string_equal(what, rows[i].what);
		} else {
			assert_null(what);
		}
	}
}

static char *content(int fd)
{
	struct stat st;
	char *text;

	assert_int_equal(fstat(fd, &st), 0);
	text = calloc(1, st.st_size + 1);
	assert_non_null(text);
	assert_int_equal(pread(fd, text, st.st_size, 0), st.st_size);
	return text;
}

static void assert_content(const struct show *show, enum show_file file, const char *want)
{
	_cleanup_free_ char *got = content(show->fd[file]);

	assert_string_equal(got, want);
}

static void shown(void **state)
{
	struct show show = SHOW_NOTHING;

	(void)state;
	show_text(&show, SHOW_STATE, "nobody looks");
	show_log(&show, "nobody", 6);
	assert_int_equal(show_open(&show), 0);
	assert_content(&show, SHOW_STATE, "");
	show_text(&show, SHOW_STATE, "booting\n");
	show_text(&show, SHOW_STATE, "ended 255\n");
	show_text(&show, SHOW_STATE, "ended 0\n");
	assert_content(&show, SHOW_STATE, "ended 0\n");
	show_log(&show, "one\n", 4);
	show_log(&show, "t\two\x1b[2J\0\r\n", 11);
	assert_content(&show, SHOW_LOG, "one\nt\two?[2J??\n");
	show_close(&show);
	assert_int_equal(show.fd[SHOW_LOG], -1);
}

static void full_log(void **state)
{
	static char chunk[1 << 20];
	struct show show;
	_cleanup_free_ char *got = NULL;

	(void)state;
	memset(chunk, 'x', sizeof(chunk));
	assert_int_equal(show_open(&show), 0);
	for (int i = 0; i < 18; i++)
		show_log(&show, chunk, sizeof(chunk));
	got = content(show.fd[SHOW_LOG]);
	assert_true(strlen(got) > 16 << 20 && strlen(got) < (16 << 20) + 100);
	assert_non_null(strstr(got, "ring3: the log has 16 MiB"));
	show_close(&show);
}

/* A runtime directory of the test's own. */
struct place {
	char dir[64];
	struct runtime rt;
};

static int make_place(void **state)
{
	static struct place place;

	strcpy(place.dir, "/tmp/ring3-test.XXXXXX");
	assert_non_null(mkdtemp(place.dir));
	setenv("XDG_RUNTIME_DIR", place.dir, 1);
	*state = &place;
	return runtime_open(&place.rt, true, NULL);
}

static int drop_place(void **state)
{
	struct place *place = *state;

	rmdir(place->rt.path);
	runtime_close(&place->rt);
	return rmdir(place->dir);
}

static void put_file(const struct runtime *rt, const char *name, const char *text)
{
	int fd = openat(rt->fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void make_run(const struct runtime *rt, const char *info)
{
	assert_int_equal(mkdirat(rt->fd, "r", 0700), 0);
	assert_int_equal(mkdirat(rt->fd, "r/view", 0700), 0);
	put_file(rt, "r/lock", "");
	put_file(rt, "r/instance.json", info);
}

static void sweeps(void **state)
{
	const struct runtime *rt = &((struct place *)*state)->rt;
	struct strv removed = { 0 };
	struct run_list list;
	int lock;

	assert_int_equal(registry_sweep_one(rt, "r"), SWEEP_NOTHING);
	make_run(rt, "{\"pid\": 7, \"view\": null}");
	lock = openat(rt->fd, "r/lock", O_RDWR | O_CLOEXEC);
	assert_int_equal(flock(lock, LOCK_EX), 0);
	assert_int_equal(registry_sweep_one(rt, "r"), SWEEP_ALIVE);
	registry_list(&list, &removed);
	assert_int_equal(list.n, 1);
	assert_int_equal(removed.n, 0);
	assert_int_equal(run_pid(&list.v[0], "pid"), 7);
	assert_int_equal(run_pid(&list.v[0], "proxy_pid"), 0);
	assert_null(run_text(&list.v[0], "view"));
	assert_non_null(registry_find(&list, "r"));
	assert_null(registry_find(&list, "q"));
	registry_free(&list);
	assert_true(registry_after("r", 8));	/* another one's now */
	close(lock);
	assert_true(registry_after("r", 7));
	assert_int_equal(registry_sweep_one(rt, "r"), SWEEP_NOTHING);
	strv_free(&removed);
}

static void odd_runs(void **state)
{
	static const char *const infos[] = { "", "[]", "{", "\"x\"", "{\"pid\":{}}" };
	const struct place *place = *state;

	for (size_t i = 0; i < N_ROWS(infos); i++) {
		struct strv removed = { 0 };
		struct runtime rt;
		struct run_list list;
		int lock;

		assert_int_equal(runtime_open(&rt, true, NULL), 0);
		make_run(&rt, infos[i]);
		lock = openat(rt.fd, "r/lock", O_RDWR | O_CLOEXEC);
		assert_int_equal(flock(lock, LOCK_EX), 0);
		registry_list(&list, &removed);
		assert_int_equal(list.n, i == 4);
		registry_free(&list);
		close(lock);
		registry_list(&list, &removed);
		assert_int_equal(list.n, 0);
		assert_int_equal(removed.n, 1);
		strv_free(&removed);
		runtime_close(&rt);
	}
	assert_int_equal(access(place->dir, F_OK), 0);
}

static void uptimes(void **state)
{
	static const struct {
		double seconds;
		const char *text;
	} rows[] = {
		{ 0, "0s" }, { 59.9, "59s" }, { 60, "1m00s" }, { 3599, "59m59s" },
		{ 3600, "1h00m" }, { 86399, "23h59m" }, { 86400, "1d00h" }, { 8640000, "100d00h" },
	};
	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		_cleanup_free_ char *text = format_uptime(rows[i].seconds);

		assert_string_equal(text, rows[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mounts), cmocka_unit_test(shown), cmocka_unit_test(full_log),
		cmocka_unit_test_setup_teardown(sweeps, make_place, drop_place),
		cmocka_unit_test_setup_teardown(odd_runs, make_place, drop_place),
		cmocka_unit_test(uptimes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
