// SPDX-License-Identifier: GPL-2.0
/* probes.c - what kbuild asks the compiler before it builds anything; see probes.h */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "shim/probes.h"
#include "shim/util.h"

#define MOST (1 << 20)	/* bytes of answers; beyond that it begins anew */

/*
 * A question is a variable's name, so characters that cannot be in one are written otherwise; an answer keeps
 * the spaces in front.  "No" is not kept where it may mean that there is no room for the compiler's output.
 */
static const char functions[] =
	"ring3-empty :=\n"
	"ring3-space := $(ring3-empty) $(ring3-empty)\n"
	"ring3-tab := $(ring3-empty)\t$(ring3-empty)\n"
	"ring3-hash := \\#\n"
	"define ring3-line\n\n\nendef\n"
	"ring3-plain = $(subst $$,~d,$(subst $(ring3-hash),~h,$(subst :,~c,$(subst =,~e,$(subst ~,~~,$(1))))))\n"
	"ring3-name = $(subst $(ring3-line),~n,$(subst $(ring3-tab),~t,$(subst $(ring3-space),_,$(subst _,~u,$(1)))))\n"
	"ring3-key = ring3-answer-$(call ring3-name,$(call ring3-plain,$(1)))~\n"
	"ring3-run = $(shell d=$$(mktemp -d) || exit; TMP=$$d/tmp; "
	"if ($(1)) > /dev/null 2>&1; then echo \"~y~$(2)\"; "
	"elif head -c 1000000 /dev/zero > \"$$d/room\"; then echo \"~y~$(3)\"; "
	"else echo \"$(3)\"; fi; rm -rf \"$$d\")\n"
	"ring3-keep = $(if $(findstring $$,$(2))$(findstring $(ring3-hash),$(2)),,"
	"$(file >>$(RING3_ANSWERS),$(1) := $$(ring3-empty)$(2)))$(2)\n"
	"ring3-told = $(if $(findstring ~y~,$(2)),$(call ring3-keep,$(1),$(subst ~y~,,$(2))),$(2))\n"
	"ring3-look = $(if $(filter undefined,$(origin $(1))),"
	"$(call ring3-told,$(1),$(call ring3-run,$(2),$(3),$(4))),$($(1)))\n"
	"override try-run = $(call ring3-look,$(call ring3-key,$(1)|$(2)|$(3)),$(1),$(2),$(3))\n";

/* These decide which programs are asked, or what they say. */
static bool environment_is_plain(void)
{
	static const char *const other[] = {
		"LLVM", "CROSS_COMPILE", "COMPILER_PATH", "GCC_EXEC_PREFIX", "CPATH", "C_INCLUDE_PATH",
	};

	for (size_t i = 0; i < ARRAY_SIZE(other); i++) {
		if (getenv(other[i]))
			return false;
	}
	return true;
}

/* What it is says what it answers: the file, its size and when it was made.  NULL if there is none. */
static char *identify(const char *program)
{
	_cleanup_free_ char *file = find_program(program);
	_cleanup_free_ char *real = file ? realpath(file, NULL) : NULL;
	struct stat st;

	if (!real || stat(real, &st) < 0 || strpbrk(real, "\n\\"))
		return NULL;
	return xasprintf("# %s: %s, %lld bytes, %lld.%09ld\n", program, real, (long long)st.st_size,
			 (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
}

static char *make_header(void)
{
	_cleanup_free_ char *gcc = identify("gcc"), *as = identify("as"), *ld = identify("ld");

	if (!gcc || !as || !ld)
		return NULL;
	return xasprintf("# ring3 build: what the compiler has answered; may be removed at any time\n"
			 "%s%s%s%s", gcc, as, ld, functions);
}

static bool is_private(const struct stat *st)
{
	return st->st_uid == geteuid() && !(st->st_mode & 0022);
}

/* make executes what is written there, so nobody else may write it. */
static char *make_place(const struct hosted_kernel *kernel)
{
	const char *home = getenv("HOME"), *cache = getenv("XDG_CACHE_HOME");
	_cleanup_free_ char *base = NULL, *dir = NULL, *build = realpath(kernel->build, NULL);
	struct stat st;

	if ((!home || *home != '/') && (!cache || *cache != '/'))
		return NULL;
	base = cache && *cache == '/' ? xstrdup(cache) : xasprintf("%s/.cache", home);
	dir = xasprintf("%s/ring3", base);
	mkdir(base, 0700);
	mkdir(dir, 0755);
	/* Names in $MAKEFILES are separated by spaces. */
	if (!build || strpbrk(dir, " \t\n:%#$\\~") || stat(dir, &st) < 0 || !is_private(&st))
		return NULL;
	return xasprintf("%s/probes-%s.mk", dir, strrchr(build, '/') + 1);
}

/* The file's text where it is ours and for these compilers, or NULL. */
static char *read_answers(const struct probes *p)
{
	struct stat st;
	char *text;

	if (lstat(p->path, &st) < 0 || !S_ISREG(st.st_mode) || !is_private(&st) || st.st_size > MOST)
		return NULL;
	text = read_text(p->path);
	if (text && strncmp(text, p->header, strlen(p->header))) {
		free(text);
		text = NULL;
	}
	return text;
}

/* Whole or not at all: another make may be reading it. */
static bool replace(const char *path, const char *text, const char *more)
{
	_cleanup_free_ char *new = xasprintf("%s.XXXXXX", path);
	int fd = mkostemp(new, O_CLOEXEC);
	bool good;

	if (fd < 0)
		return false;
	good = dprintf(fd, "%s%s", text, more) >= 0 && !rename(new, path);
	if (!good)
		unlink(new);
	close(fd);
	return good;
}

static bool begin_file(const struct probes *p)
{
	_cleanup_free_ char *text = read_answers(p);

	return text || replace(p->path, p->header, "");
}

static void set_environment(const struct probes *p)
{
	const char *others = getenv("MAKEFILES");
	_cleanup_free_ char *files = xasprintf("%s %s", p->path, others ? others : "");
	_cleanup_free_ char *answers = xasprintf("/proc/%d/fd/%d", getpid(), p->answers);

	setenv("MAKEFILES", files, 1);
	setenv("RING3_ANSWERS", answers, 1);
}

void probes_begin(struct probes *p, const struct hosted_kernel *kernel)
{
	*p = (struct probes){ .answers = -1 };
	if (!environment_is_plain())
		return;
	p->header = make_header();
	p->path = p->header ? make_place(kernel) : NULL;
	if (p->path)
		p->answers = memfd_create("ring3-answers", MFD_CLOEXEC);
	if (p->answers >= 0 && begin_file(p)) {
		set_environment(p);
		return;
	}
	free(p->path);
	p->path = NULL;
}

/* The environment is ours again for the next directory. */
static void reset_environment(const struct probes *p)
{
	const char *files = getenv("MAKEFILES");
	_cleanup_free_ char *others = files ? xstrdup(files + strlen(p->path) + 1) : NULL;

	if (others && *others)
		setenv("MAKEFILES", others, 1);
	else
		unsetenv("MAKEFILES");
	unsetenv("RING3_ANSWERS");
}

void probes_end(struct probes *p, bool good)
{
	_cleanup_free_ char *file = xasprintf("/proc/self/fd/%d", p->answers);
	_cleanup_free_ char *new = NULL, *old = NULL;

	if (p->path) {
		reset_environment(p);
		new = good ? read_text(file) : NULL;
		old = new && *new ? read_answers(p) : NULL;
		if (old && !replace(p->path, old, new))
			info("cannot keep what the compiler answered: %s: %s", p->path, strerror(errno));
	}
	if (p->answers >= 0)
		close(p->answers);
	free(p->path);
	free(p->header);
	*p = (struct probes){ .answers = -1 };
}
