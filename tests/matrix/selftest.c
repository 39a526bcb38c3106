// SPDX-License-Identifier: GPL-2.0
/*
 * selftest.c - what `ethtool -t INTERFACE offline` does; static, so that it runs in any guest
 *
 * selftest INTERFACE		prints "NAME: RESULT" per test (0 is passed) and the verdict
 *
 * The driver's tests are all run, so the status is 0 unless they could not be.
 */
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX_TESTS = 64 };

__attribute__((noreturn)) static void die(const char *what)
{
	fprintf(stderr, "selftest: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void call(const char *name, void *data, const char *what)
{
	struct ifreq ifr = { .ifr_data = data };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		die("socket");
	strncpy(ifr.ifr_name, name, IFNAMSIZ - 1);
	if (ioctl(fd, SIOCETHTOOL, &ifr) < 0)
		die(what);
	close(fd);
}

int main(int argc, char **argv)
{
	static union {
		struct ethtool_sset_info info;
		char room[sizeof(struct ethtool_sset_info) + sizeof(__u32)];
	} count = { .info = { .cmd = ETHTOOL_GSSET_INFO, .sset_mask = 1ull << ETH_SS_TEST } };
	static char names[sizeof(struct ethtool_gstrings) + MAX_TESTS * ETH_GSTRING_LEN];
	static __u64 results[sizeof(struct ethtool_test) / sizeof(__u64) + MAX_TESTS];
	struct ethtool_gstrings *strings = (struct ethtool_gstrings *)names;
	struct ethtool_test *test = (struct ethtool_test *)results;

	if (argc != 2) {
		fprintf(stderr, "usage: selftest INTERFACE\n");
		return 2;
	}
	call(argv[1], &count, "number of tests");
	if (!count.info.sset_mask || count.info.data[0] > MAX_TESTS) {
		errno = EOPNOTSUPP;
		die("number of tests");
	}
	strings->cmd = ETHTOOL_GSTRINGS;
	strings->string_set = ETH_SS_TEST;
	strings->len = count.info.data[0];
	call(argv[1], strings, "names of tests");
	test->cmd = ETHTOOL_TEST;
	test->len = strings->len;
	test->flags = ETH_TEST_FL_OFFLINE;
	call(argv[1], test, "test");
	for (__u32 i = 0; i < test->len; i++)
		printf("%.*s: %llu\n", ETH_GSTRING_LEN, strings->data + i * ETH_GSTRING_LEN,
		       (unsigned long long)test->data[i]);
	puts(test->flags & ETH_TEST_FL_FAILED ? "FAIL" : "PASS");
	return 0;
}
