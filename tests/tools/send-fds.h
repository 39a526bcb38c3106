/* SPDX-License-Identifier: GPL-2.0 */
/*
 * send-fds.h - bytes and descriptors in one message, unix(7)
 */
#ifndef RING3_TESTS_SEND_FDS_H
#define RING3_TESTS_SEND_FDS_H

#include <string.h>
#include <sys/socket.h>

#define SEND_FDS_MAX 128

static inline ssize_t send_with_fds(int sock, const void *data, size_t len, const int *fds,
				    size_t nfds, int flags)
{
	struct iovec iov = { (void *)data, len };
	union {
		struct cmsghdr hdr;
		char space[CMSG_SPACE(SEND_FDS_MAX * sizeof(int))];
	} control;
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (nfds) {
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(nfds * sizeof(int));
		control.hdr.cmsg_level = SOL_SOCKET;
		control.hdr.cmsg_type = SCM_RIGHTS;
		control.hdr.cmsg_len = CMSG_LEN(nfds * sizeof(int));
		memcpy(CMSG_DATA(&control.hdr), fds, nfds * sizeof(int));
	}
	return sendmsg(sock, &msg, flags);
}

#endif
