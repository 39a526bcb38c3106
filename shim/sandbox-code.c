// SPDX-License-Identifier: GPL-2.0
/*
 * sandbox-code.c - whose code makes system calls; see sandbox.h
 *
 * The hosted kernel's own code lies where it was linked to, and libraries lie far above; between them are
 * its memory, its stacks and its modules.  No driver has a reason to call the host by itself, so a call
 * out of there ends the run, whatever call it is.  What looks like the hosted kernel's own call goes by
 * the table of sandbox-calls.c alone: a driver that knows the hosted kernel can have it make one.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shim/sandbox.h"

/*
 * Above this, in units of 4 GiB: what User-Mode Linux puts into its processes to work for it there (its
 * "stub"), libraries, and ring3 itself until it executes the hosted kernel.
 */
#define OTHERS_HIGH 0x7f

uint64_t sandbox_code_end(const char *image)
{
	_cleanup_close_ int fd = open(image, O_RDONLY | O_CLOEXEC);
	uint64_t end = 0;
	Elf64_Phdr ph;
	Elf64_Ehdr eh;

	if (fd < 0 || pread(fd, &eh, sizeof(eh), 0) != sizeof(eh) || memcmp(eh.e_ident, ELFMAG, SELFMAG) ||
	    eh.e_ident[EI_CLASS] != ELFCLASS64 || eh.e_type != ET_EXEC)
		return 0;
	for (unsigned int i = 0; i < eh.e_phnum; i++) {
		if (pread(fd, &ph, sizeof(ph), eh.e_phoff + i * sizeof(ph)) != sizeof(ph))
			return 0;
		/* What can be written to as well is data. */
		if (ph.p_type == PT_LOAD && (ph.p_flags & (PF_X | PF_W)) == PF_X && ph.p_vaddr + ph.p_memsz > end)
			end = ph.p_vaddr + ph.p_memsz;
	}
	return end <= UINT32_MAX ? end : 0;
}

bool sandbox_foreign(const struct sandbox *sandbox, uint64_t instruction)
{
	return sandbox->code_end && instruction >= sandbox->code_end &&
	       instruction >> 32 < OTHERS_HIGH;
}

/*
 * In front of the filter, the same in its language; its last statement is skipped where all is well.  Calls that
 * are made often and harm nobody are let through first: where a call's number alone decides, the host's
 * kernel does not even run the filter (Linux 5.11).
 */
#define IP offsetof(struct seccomp_data, instruction_pointer)
#define SKIP(call, behind) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##call, (behind) + 6, 0)
#define OWN_CODE(end) { \
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)), \
	SKIP(wait4, 3), SKIP(rt_sigprocmask, 2), SKIP(rt_sigreturn, 1), SKIP(timer_settime, 0), \
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, IP + 4), \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 2), \
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, IP), \
	BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, end, 1, 2), \
	BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, OTHERS_HIGH, 1, 0), \
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF), \
}

/* Returns how many statements there are, or a negative errno. */
static ssize_t export(scmp_filter_ctx filter, struct sock_filter *code, size_t room)
{
	_cleanup_close_ int fd = memfd_create("filter", MFD_CLOEXEC);
	struct stat st;
	int err;

	if (fd < 0)
		return -errno;
	err = seccomp_export_bpf(filter, fd);
	if (err)
		return err;
	if (fstat(fd, &st))
		return -errno;
	if ((size_t)st.st_size > room * sizeof(*code))
		return -E2BIG;
	return pread(fd, code, st.st_size, 0) == st.st_size ? st.st_size / (ssize_t)sizeof(*code) : -EIO;
}

int sandbox_load(const struct sandbox *sandbox, void *filter)
{
	const struct sock_filter own_code[] = OWN_CODE((uint32_t)sandbox->code_end);
	const size_t front = sandbox->code_end ? ARRAY_SIZE(own_code) : 0;
	struct sock_filter code[BPF_MAXINSNS];
	struct sock_fprog program = { .filter = code };
	ssize_t n = export(filter, code + front, ARRAY_SIZE(code) - front);
	int listener;

	if (n < 0)
		return n;
	memcpy(code, own_code, front * sizeof(code[0]));
	program.len = front + n;
	listener = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
	return listener < 0 ? -errno : listener;
}
