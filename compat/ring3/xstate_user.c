// SPDX-License-Identifier: GPL-2.0
/*
 * xstate_user.c - restoring FP registers on hosts whose XSAVE area is larger than UML's
 *
 * UML keeps 2696 bytes per task, up to and with PKRU.  Reading the register set of a
 * traced process may be cut short, but writing it fails with EFAULT unless all bytes are
 * there, which on hosts with AMX are 11008.  The rest is the state of features that
 * a hosted process cannot turn on, as its arch_prctl() never reaches the host: zeroes.
 */
#include <stdint.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <linux/elf.h>

#include "user.h"

#define XSTATE_BV	512		/* Intel SDM vol. 1, 13.4.2: offset of XSTATE_BV */
#define XSTATE_KEPT	0x3ffULL	/* x87 to PKRU: what 2696 bytes hold */

/**
 * ring3_full_xstate() - make a cut-short XSAVE area as long as the host wants it
 * @pid: the traced process
 * @iov: the area kept; may be replaced by a static buffer
 */
void ring3_full_xstate(int pid, struct iovec *iov)
{
	static uint64_t full[64 * 1024 / 8];
	static size_t want;
	uint64_t bv;

	if (!want) {
		struct iovec all = { full, sizeof(full) };

		want = ptrace(PTRACE_GETREGSET, pid, NT_X86_XSTATE, &all) ? iov->iov_len
									  : all.iov_len;
		memset(full, 0, sizeof(full));
	}
	if (want <= iov->iov_len)
		return;
	memcpy(full, iov->iov_base, iov->iov_len);
	memcpy(&bv, (char *)full + XSTATE_BV, sizeof(bv));
	bv &= XSTATE_KEPT;
	memcpy((char *)full + XSTATE_BV, &bv, sizeof(bv));
	iov->iov_base = full;
	iov->iov_len = want;
}
