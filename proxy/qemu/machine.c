// SPDX-License-Identifier: GPL-2.0
/*
 * machine.c - the one QEMU of this proxy: from the first argument to its end
 *
 * Nothing of it has a name: its sockets are socketpairs, its BIOS and memory are
 * memfds, all inherited by number.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proxy/error.h"
#include "proxy/loop.h"
#include "proxy/qemu/machine.h"
#include "proxy/qemu/qemu.h"

#define START_MS	30000		/* a loaded machine may be slow */
#define ANSWER_MS	2000
#define END_MS		10000		/* it may have a disk to flush */
#define END_STALLED_MS	1000
#define PRIVATE_RAM	(16u << 20)
#define FLAT_MIN	(1 << 20)	/* or QEMU has no room for its BIOS */

static struct {
	struct process process;
	struct loop_src output;		/* what it says while it runs */
	char line[400];			/* the beginning of a line of it */
	int ram_fd;
	struct stat ram;
	bool ram_given;			/* --ram-fd: stays for good */
	bool flat;			/* it is at bus address 0 as well */
	bool strict;			/* an IOMMU is in front of it */
	char *const *user_args;
	bool running;
} m = { .process = { .pid = -1, .pidfd = -1, .output = -1, .stat = -1 }, .ram_fd = -1 };

static bool good_ram(const struct stat *st)
{
	uint64_t size = st->st_size;

	return S_ISREG(st->st_mode) && size >= 4096 && size <= QEMU_RAM_MAX &&
	       !(size & (size - 1));
}

static int use_given_ram(int fd)
{
	if (fstat(fd, &m.ram))
		return fail("--ram-fd %d: %m", fd);
	if (!good_ram(&m.ram))
		return fail("--ram-fd %d: its size, %lld bytes, is no power of two of at most 1 GiB: choose such a size of memory",
			    fd, (long long)m.ram.st_size);
	/* If it can be sealed nobody can cut it short under QEMU. */
	fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK);
	m.ram_fd = fd;
	m.ram_given = true;
	return 0;
}

/* Until the first client says where its memory is. */
static int use_private_ram(void)
{
	m.ram_fd = memfd_create("ring3-ram", MFD_CLOEXEC);
	if (m.ram_fd < 0 || ftruncate(m.ram_fd, PRIVATE_RAM) || fstat(m.ram_fd, &m.ram))
		return fail("no memory for QEMU: %m");
	return 0;
}

static bool is_noise(const char *line)
{
	return strstr(line, "has no peer") != NULL;
}

/* A failing disk says the same for every request: once is enough. */
static bool said_before(const char *line)
{
	static char last[sizeof(m.line)];

	if (!strncmp(line, last, sizeof(last) - 1))
		return true;
	snprintf(last, sizeof(last), "%s", line);
	return false;
}

static void end_line(void)
{
	if (*m.line && !iommu_line(m.line) && !is_noise(m.line) && !said_before(m.line))
		warn("QEMU: %s", m.line);
	*m.line = 0;
}

/* QEMU writes a line in pieces. */
static void pass_on(const char *words)
{
	size_t n = strlen(m.line);

	for (; *words; words++) {
		if (*words == '\n' || *words == '\r' || n == sizeof(m.line) - 1) {
			end_line();
			n = 0;
		}
		if (*words == '\n' || *words == '\r')
			continue;
		m.line[n++] = *words;
		m.line[n] = 0;
	}
}

static void output_event(struct loop_src *src, uint32_t events)
{
	char *words = process_words(&m.process);

	if (words)
		pass_on(words);
	else if (events & EPOLLHUP)
		loop_del(src);
	free(words);
}

/* From the loop, when QEMU has closed its socket. */
static void qemu_gone(void)
{
	char *words = process_words(&m.process);
	int status;

	if (words)
		pass_on(words);
	end_line();
	free(words);
	loop_del(&m.output);
	status = process_end(&m.process, END_STALLED_MS);
	m.running = false;
	if (WIFSIGNALED(status))
		warn("QEMU was lost (%s); its devices are gone", strsignal(WTERMSIG(status)));
	else
		warn("QEMU was lost (exit status %d); its devices are gone",
		     WEXITSTATUS(status));
	loop_stop(1);
}

/* QEMU could not be brought up: say why, in its words if it ended by itself. */
static int start_failed(void)
{
	bool ended = !qtest_alive();
	char *words;

	if (!ended) {
		process_end(&m.process, END_STALLED_MS);
		return fail("QEMU did not answer within %d s while it started; the machine may be overloaded: try again",
			    START_MS / 1000);
	}
	fcntl(m.process.output, F_SETFL, 0);
	words = process_words(&m.process);
	process_end(&m.process, END_STALLED_MS);
	words_fail(words);
	free(words);
	return -1;
}

static int bring_up(void)
{
	qtest_set_timeout(START_MS);
	if (qtest_command("irq_intercept_in ioapic"))
		return start_failed();
	process_settle(&m.process);
	if (qpci_start() || ivshmem_ready())
		return qtest_alive() ? -1 : start_failed();
	for (unsigned int i = 0; i < qemu_nr_devices; i++)
		if (qpci_place(qemu_devices[i]))
			return -1;
	if (m.strict && iommu_start())
		return qtest_alive() ? -1 : start_failed();
	qtest_set_timeout(ANSWER_MS);
	m.running = true;
	m.output.fd = m.process.output;
	m.output.fn = output_event;
	if (loop_add(&m.output, EPOLLIN))
		return fail("cannot wait for QEMU: %m");
	return 0;
}

enum { FD_QTEST, FD_IVSHMEM, FD_RAM, FD_TABLES, NR_FDS };	/* of KEEPER_QEMU; its arguments: size, flat */

/* In the keeper, or while there is none. */
static void spawn(struct keeper_call *call)
{
	const struct cmdline c = {
		.ram = call->fds[FD_RAM], .ram_size = call->args[0], .flat = call->args[1],
		.bios = cmdline_bios(), .qtest = call->fds[FD_QTEST],
		.ivshmem = call->fds[FD_IVSHMEM], .user_args = m.user_args,
		.tables = m.strict ? call->fds[FD_TABLES] : -1,
	};
	const int keep[] = { c.bios, c.qtest, c.ivshmem, c.ram, c.tables };
	struct qemu_args args = { 0 };
	struct process p;

	call->nr_fds = 0;
	call->result = -1;
	if (c.bios < 0)
		return;
	if (!cmdline_make(&c, &args) &&
	    !process_start(&p, args.argv, keep, ARRAY_SIZE(keep) - !m.strict))
		process_share(&p, call);
	args_free(&args);
	close(c.bios);
}

static int ask_for_qemu(int qtest, int ivshmem)
{
	struct keeper_call call = {
		.args = { m.ram.st_size, m.flat }, .nr_fds = NR_FDS - !m.strict,
		.fds = { [FD_QTEST] = qtest, [FD_IVSHMEM] = ivshmem, [FD_RAM] = m.ram_fd },
	};

	if (m.strict) {
		call.fds[FD_TABLES] = iommu_open();
		if (call.fds[FD_TABLES] < 0)
			return -1;
	}
	if (keeper_ask(KEEPER_QEMU, &call) < 0)
		return -1;
	process_take(&m.process, &call);
	return 0;
}

static int launch(void)
{
	int qtest[2], ivshmem = -1, err;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, qtest))
		return fail("cannot create a socket: %m");
	err = qtest_open(qtest[0], qemu_gone, lines_changed) || lines_open() ||
	      ivshmem_open(&ivshmem) || ivshmem_hello(m.ram_fd) || ask_for_qemu(qtest[1], ivshmem);
	close(qtest[1]);
	if (ivshmem >= 0)
		close(ivshmem);
	return err ? -1 : bring_up();
}

/* How long QEMU may take to end; first it carries out what it was told. */
static int end_timeout(void)
{
	if (process_stopped(&m.process))
		return 0;
	if (!m.running || !qtest_alive() || qtest_stalled())
		return END_STALLED_MS;
	qtest_read(QEMU_MMCONFIG, 4);
	return qtest_stalled() ? END_STALLED_MS : END_MS;
}

static void end(void)
{
	int timeout = end_timeout();

	if (m.running)
		loop_del(&m.output);
	m.running = false;
	process_end(&m.process, timeout);
	qtest_close();
	lines_close();
	ivshmem_close();
	iommu_close();
}

/**
 * machine_start() - start QEMU with all devices that were opened
 * @env: the command line
 *
 * Return: 0, or -1 with fail().
 */
int machine_start(const struct backend_env *env)
{
	m.user_args = env->qemu_args;
	keeper_offer(KEEPER_QEMU, spawn);
	process_offer();
	m.strict = env->strict;
	if (env->ram_fd >= 0 ? use_given_ram(env->ram_fd) : use_private_ram())
		return -1;
	return launch();
}

/**
 * machine_stop() - end QEMU; what it has not written to disks yet it writes first
 */
void machine_stop(void)
{
	end();
	if (m.ram_fd >= 0 && !m.ram_given)
		close(m.ram_fd);
	m.ram_fd = -1;
}

static bool any_touched(void)
{
	for (unsigned int i = 0; i < qemu_nr_devices; i++)
		if (qemu_devices[i]->touched)
			return true;
	return false;
}

/**
 * machine_move() - take QEMU's thread that answers to a processor
 * @cpu: which; the thread that runs the halted BIOS stays where it is
 */
void machine_move(int cpu)
{
	if (m.running)
		process_move(&m.process, cpu);
}

/**
 * machine_leaving() - a client has gone: do not wait for a QEMU that somebody stopped
 * @dev: its device
 */
void machine_leaving(struct device *dev)
{
	(void)dev;
	if (process_stopped(&m.process))
		qtest_give_up();
}

/* QEMU cannot change its memory while it runs; before anything happened, start anew. */
static int restart_with(const struct device *dev, int fd, const struct stat *st, bool flat)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);

	if (copy < 0)
		return -errno;
	/* QEMU would die of SIGBUS if the client shrank it; not every file can be sealed. */
	if (fcntl(copy, F_ADD_SEALS, F_SEAL_SHRINK) && !(fcntl(copy, F_GET_SEALS) & F_SEAL_SHRINK))
		warn("device '%s': the client's memory can shrink under QEMU; make it with MFD_ALLOW_SEALING",
		     device_name(dev));
	end();
	close(m.ram_fd);
	m.ram_fd = copy;
	m.ram = *st;
	m.flat = flat;
	for (unsigned int i = 0; i < qemu_nr_devices; i++) {
		messages_forget(qemu_devices[i]);
		qemu_devices[i]->nr_maps = 0;	/* that was another memory */
	}
	if (launch()) {
		warn("%s", fail_text());
		loop_stop(1);
		return -EIO;
	}
	for (unsigned int i = 0; i < qemu_nr_devices; i++)
		messages_update(qemu_devices[i]);
	return 0;
}

static int refuse(const struct device *dev, const char *why)
{
	warn("device '%s': cannot reach the memory a client maps: %s", device_name(dev), why);
	return -ENOTSUP;
}

static bool same_file(const struct stat *st)
{
	return st->st_dev == m.ram.st_dev && st->st_ino == m.ram.st_ino;
}

/* Another file than that we have, or the same at another place, means a new QEMU. */
static int use_memory(struct device *dev, int fd, const struct stat *st, bool flat)
{
	if (m.ram_given)
		return refuse(dev, same_file(st) ? "it must be at IOVA 0x40000000 + its offset in the file"
						 : "it is not the file of --ram-fd");
	if (flat && st->st_size < FLAT_MIN)
		return refuse(dev, "memory at IOVA 0 must have 1 MiB or more");
	if (!good_ram(st) || (fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDWR)
		return refuse(dev, "its file must be writable memory, a power of two of at most 1 GiB");
	if (any_touched())
		return refuse(dev, "all clients of a proxy's qemu: devices must share one memory file, at one place");
	return restart_with(dev, fd, st, flat);
}

/**
 * machine_dma_map() - can QEMU's devices reach this memory?
 * @dev: device whose client maps it
 * @req: where
 * @fd: the file
 *
 * They reach one file, at QEMU_RAM_IOVA; and at 0 where a client has it there, as virtual machines
 * have their memory; or, with --dma strict, where and as far as it is mapped.  That of --ram-fd; without one that of the
 * first client, for which QEMU is started again if no device has been used yet.
 *
 * Return: 0, or -ENOTSUP after a warning that says why, or -EIO: QEMU was lost.
 */
int machine_dma_map(struct device *dev, const struct dma_request *req, int fd)
{
	bool flat = !m.strict && req->iova == req->offset;
	struct stat st;
	int err;

	if (fstat(fd, &st))
		return -errno;
	if (!m.strict && (req->offset > QEMU_RAM_MAX ||
			  (!flat && req->iova != QEMU_RAM_IOVA + req->offset)))
		return refuse(dev, "it must be at IOVA 0x40000000 + its offset in the file, or at that offset");
	if (!same_file(&st) || (flat && !m.flat)) {
		err = use_memory(dev, fd, &st, flat);
		if (err)
			return err;
	}
	if (req->offset > (uint64_t)m.ram.st_size ||
	    req->size > (uint64_t)m.ram.st_size - req->offset)
		return refuse(dev, "it is larger than its file");
	return m.strict ? iommu_map(dev->priv, req) : 0;
}

/**
 * machine_strict() - is there an IOMMU in front of the clients' memory?
 *
 * Return: true with --dma strict.
 */
bool machine_strict(void)
{
	return m.strict;
}

/**
 * machine_dma_unmap() - QEMU's devices reach this memory no more, with --dma strict
 * @dev: device
 * @iova: as mapped
 * @size: as mapped
 */
void machine_dma_unmap(struct device *dev, uint64_t iova, uint64_t size)
{
	if (m.strict && m.running)
		iommu_unmap(dev->priv, iova, size);
}
