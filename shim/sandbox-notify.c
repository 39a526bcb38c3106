// SPDX-License-Identifier: GPL-2.0
/* sandbox-notify.c - the jail's look at calls that the filter knows nothing of; see sandbox.h */
#include <errno.h>
#include <seccomp.h>
#include <string.h>
#include <sys/socket.h>

#include "shim/sandbox.h"

int sandbox_listener(int notify)
{
	char reason = 0, control[CMSG_SPACE(sizeof(int))];
	struct iovec iov = { &reason, 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg;
	int fd = -1;

	if (recvmsg(notify, &msg, MSG_CMSG_CLOEXEC) != 1)
		return fail("sandbox: the driver process ended before it was locked in");
	cmsg = CMSG_FIRSTHDR(&msg);
	if (cmsg && cmsg->cmsg_type == SCM_RIGHTS && cmsg->cmsg_len == CMSG_LEN(sizeof(fd)))
		memcpy(&fd, CMSG_DATA(cmsg), sizeof(fd));
	if (reason == ETOOMANYREFS)
		fail("sandbox: other processes of this user have too many descriptors under way between "
		     "them (unix(7), ETOOMANYREFS); end those, or start ring3 as another user");
	else if (reason)
		fail("sandbox: the host takes no filter of system calls: %s", strerror(reason));
	return fd;
}

/* It may have been interrupted meanwhile: then it comes again. */
static bool go_on(int listener, const struct seccomp_notif *req, struct seccomp_notif_resp *resp)
{
	*resp = (struct seccomp_notif_resp){ .id = req->id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE };
	return !seccomp_notify_respond(listener, resp);
}

bool sandbox_judge(const struct sandbox *sandbox, int listener, bool *executed,
		   struct sandbox_violation *violation)
{
	struct seccomp_notif_resp *resp = NULL;
	struct seccomp_notif *req = NULL;
	bool bad = false;

	if (seccomp_notify_alloc(&req, &resp))
		return true;
	memset(req, 0, sizeof(*req));
	if (!seccomp_notify_receive(listener, req)) {
		bad = *executed || req->data.nr != SCMP_SYS(execve);
		if (!bad)
			*executed = go_on(listener, req, resp);
		violation->call = req->data.nr;
		violation->arch = req->data.arch;
		violation->foreign = sandbox_foreign(sandbox, req->data.instruction_pointer);
		memcpy(violation->args, req->data.args, sizeof(violation->args));
	}
	seccomp_notify_free(req, resp);
	return bad;
}

char *sandbox_describe(const struct sandbox_violation *v)
{
	_cleanup_free_ char *name = seccomp_syscall_resolve_num_arch(v->arch, v->call);

	return xasprintf("%s(%#llx, %#llx, %#llx, %#llx), system call %d", name ? name : "unknown",
			 (unsigned long long)v->args[0], (unsigned long long)v->args[1],
			 (unsigned long long)v->args[2], (unsigned long long)v->args[3], v->call);
}
