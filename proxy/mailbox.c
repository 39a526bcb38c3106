// SPDX-License-Identifier: GPL-2.0
/*
 * mailbox.c - register accesses by shared memory, without a system call
 *
 * Theory of operation: struct vfio_user_mailbox (vfio_user.h) says how client and server use the
 * page.  A mailbox costs processor time while it is looked at, so it is asleep until a device's
 * client has sent STREAK accesses, one right after the other.  Then this process leaves the processor that it shares with
 * the client, on which a message is the cheapest, for another of its parent's, and looks at the page all the time;
 * when nothing came for IDLE_NS it goes back.  That is not repeated for a while if it took longer than
 * messages, as the other processor had something else to do.  An
 * interrupt ends it, too.
 *
 * Only the client that a proxy was started with has one, once; so a page never has two
 * clients.  What this side has to remember is not kept in the page.
 *
 * QEMU's thread that answers goes along to the other processor, as it is with this process that it takes
 * turns.  Another server's devices have no mailbox: where that server is, is not ours to say.
 */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "proxy/backend.h"
#include "proxy/error.h"
#include "proxy/loop.h"
#include "proxy/mailbox.h"
#include "proxy/placement.h"
#include "proxy/shared-page.h"
#include "proxy/util.h"

#define STREAK		64		/* accesses, … */
#define STREAK_GAP_NS	60000		/* … between two of which there is no more than this */
#define IDLE_NS		300000		/* a client on another processor takes up to a third of that to wake up */
#define TURN_NS		20000		/* after which others are looked after */
#define VAIN_NS		200000000	/* not again so soon */
#define LOOKS		64		/* between two looks at the clock */
#define MANY_KICKS	8		/* so many, and one in so many accesses, are in vain */
#define MESSAGE_NS	2000		/* what an access by message takes at least */
#define JUDGED		1024		/* accesses before their mean says something */

struct mailbox {
	struct mailbox *next;		/* that is looked at */
	struct device *dev;
	struct vfio_user_mailbox *page;
	int fd;
	bool granted, revoked, awake, interrupted;
	uint32_t done;			/* number of the last slot that was carried out */
	unsigned int streak;		/* accesses by message */
	uint64_t first_ns, last_ns;	/* an access of the streak, or since it woke up */
	uint64_t each_ns;		/* what one took by message */
	uint64_t not_before_ns;
	uint64_t kicks, taken;		/* since it woke up */
	uint64_t seen;			/* of those, at the last look at the clock */
};

static struct mailbox *awake;
static cpu_set_t home, away;
static int home_cpu;
static bool movable;

/**
 * mailbox_init() - learn where this process is
 */
void mailbox_init(void)
{
	home_cpu = placement_home();
	movable = placement_away(&away) && !sched_getaffinity(0, sizeof(home), &home);
}

/* To another processor, with what answers; false: that is not possible any more. */
static bool leave_home(const struct device *dev)
{
	if (sched_setaffinity(0, sizeof(away), &away))
		return false;
	if (dev->backend->move)
		dev->backend->move(sched_getcpu());
	return true;
}

/**
 * mailbox_new() - make the page for a device
 * @dev: device, set up; one whose backend is prompt
 *
 * Return: 0, or -1 with fail().  Context: before the proxy gives up system calls.
 */
int mailbox_new(struct device *dev)
{
	struct mailbox *mb = calloc(1, sizeof(*mb));

	if (!mb)
		return fail("out of memory");
	mb->dev = dev;
	dev->mailbox = mb;
	mb->fd = shared_page_new("ring3-mailbox", sizeof(*mb->page), (void **)&mb->page);
	return mb->fd < 0 ? -1 : 0;
}

/**
 * mailbox_grant() - let the client have the page
 * @dev: device
 * @fd: receives the descriptor, which stays ours
 *
 * Return: 0, or -ENOTSUP: it has none, or not for this client, or no more.
 */
int mailbox_grant(struct device *dev, int *fd)
{
	struct mailbox *mb = dev->mailbox;

	if (!mb || !movable || !dev->launched || mb->granted)
		return -ENOTSUP;
	mb->granted = true;
	*fd = mb->fd;
	return 0;
}

static void wake(struct mailbox *mb, uint64_t now)
{
	if (!leave_home(mb->dev)) {
		movable = false;
		return;
	}
	mb->next = awake;
	awake = mb;
	mb->awake = true;
	mb->interrupted = false;
	mb->first_ns = mb->last_ns = now;
	mb->kicks = mb->taken = mb->seen = 0;
	__atomic_store_n(&mb->page->awake, 1, __ATOMIC_SEQ_CST);
}

static struct decode_limits limits_of(const struct device *dev)
{
	return (struct decode_limits){
		.negotiated = true, .regions = dev->regions, .irq_count = dev->irqs.count,
	};
}

/* Another access?  Its number is written last, so the rest of it is there. */
static bool take(struct mailbox *mb, struct vfio_user_mailbox_slot *slot)
{
	const struct vfio_user_mailbox_slot *there =
		&mb->page->slots[mb->done % VFIO_USER_MAILBOX_SLOTS];

	if (mb->revoked || __atomic_load_n(&there->number, __ATOMIC_ACQUIRE) != mb->done + 1)
		return false;
	*slot = *(const volatile struct vfio_user_mailbox_slot *)there;
	mb->done++;
	return true;
}

static int carry_out(struct mailbox *mb, const struct decode_limits *limits,
		     struct vfio_user_mailbox_slot *slot)
{
	struct access_request a;
	int err = decode_slot(limits, slot, &a);

	if (err) {
		if (policy_deny(mb->dev, DENY_REQUEST))
			warn("device '%s': its client left an access of %u bytes at 0x%llx of region %u, which there is none of: it was refused",
			     device_name(mb->dev), slot->width, (unsigned long long)slot->offset,
			     slot->region);
		return err;
	}
	return device_region_access(mb->dev, a.region, a.offset, &slot->value, a.count, slot->write);
}

static bool carry_out_next(struct mailbox *mb, const struct decode_limits *limits)
{
	struct vfio_user_mailbox_slot slot;
	int err;

	if (!take(mb, &slot))
		return false;
	if (!slot.write)
		slot.value = 0;
	err = carry_out(mb, limits, &slot);
	__atomic_store_n(&mb->page->done, mb->done, __ATOMIC_RELEASE);
	if (slot.answer) {
		mb->page->value = slot.value;
		mb->page->err = err;
		__atomic_store_n(&mb->page->answered, mb->done, __ATOMIC_RELEASE);
	}
	mb->taken++;
	return true;
}

/**
 * mailbox_heard() - a message of the client was carried out
 * @dev: device; it may have no mailbox
 * @access: of one register; else it was a kick
 */
void mailbox_heard(struct device *dev, bool access)
{
	struct mailbox *mb = dev->mailbox;
	uint64_t now;

	if (!mb || !mb->granted || !movable || dev->gone || loop_waits())
		return;
	now = clock_ns(CLOCK_MONOTONIC);
	if (mb->awake) {
		/* It does not know yet: many messages may have been under way. */
		mb->last_ns = now;
		mb->kicks += !access;
		return;
	}
	if (now - mb->last_ns >= STREAK_GAP_NS)
		mb->streak = 0;
	if (!mb->streak++)
		mb->first_ns = now;
	mb->last_ns = now;
	if (mb->streak <= STREAK || now < mb->not_before_ns)
		return;
	mb->each_ns = (now - mb->first_ns) / (mb->streak - 1);
	/* Of posted ones that came together that is our part alone. */
	if (mb->each_ns < MESSAGE_NS)
		mb->each_ns = MESSAGE_NS;
	wake(mb, now);
}

/* Of a client that leaves more all the time, as many as there are slots. */
static bool look_into(struct mailbox *mb, const struct decode_limits *limits)
{
	unsigned int n = 0;

	while (n < VFIO_USER_MAILBOX_SLOTS && carry_out_next(mb, limits))
		n++;
	return n;
}

/**
 * mailbox_drain() - carry out what was left before a message came
 * @dev: device; it may have no mailbox
 * @limits: for the decoder
 *
 * Return: true if there was something.
 */
bool mailbox_drain(struct device *dev, const struct decode_limits *limits)
{
	return dev->mailbox && dev->mailbox->granted && look_into(dev->mailbox, limits);
}

static bool awake_of(const struct backend *backend)
{
	for (const struct mailbox *mb = awake; mb; mb = mb->next)
		if (mb->dev->backend == backend)
			return true;
	return false;
}

static void sleep_now(struct mailbox *mb)
{
	const struct decode_limits limits = limits_of(mb->dev);
	struct mailbox **p;

	for (p = &awake; *p != mb; p = &(*p)->next)
		;
	*p = mb->next;
	mb->awake = false;
	mb->streak = 0;
	__atomic_store_n(&mb->page->awake, 0, __ATOMIC_SEQ_CST);
	/* What was left before the client could see that; later ones are followed by a kick. */
	look_into(mb, &limits);
	if (!awake && movable)
		sched_setaffinity(0, sizeof(home), &home);
	if (movable && mb->dev->backend->move && !awake_of(mb->dev->backend))
		mb->dev->backend->move(home_cpu);
}

/**
 * mailbox_revoke() - the client has gone, or has to: carry out what it has left, and no more
 * @dev: device; it may have no mailbox
 */
void mailbox_revoke(struct device *dev)
{
	struct mailbox *mb = dev->mailbox;

	if (mb && mb->awake)
		sleep_now(mb);
	if (mb)
		mb->revoked = true;
}

/**
 * mailbox_rest() - nobody will look for a while: let none be awake
 */
void mailbox_rest(void)
{
	while (awake)
		sleep_now(awake);
}

/**
 * mailbox_stay() - leave it to the host from now on where this process runs
 */
void mailbox_stay(void)
{
	movable = false;
	mailbox_rest();
}

/**
 * mailbox_free() - undo mailbox_new()
 * @dev: device; it may have none
 */
void mailbox_free(struct device *dev)
{
	struct mailbox *mb = dev->mailbox;

	if (!mb)
		return;
	mailbox_revoke(dev);
	shared_page_free(mb->fd, sizeof(*mb->page), mb->page);
	free(mb);
	dev->mailbox = NULL;
}

static bool look_into_all(void)
{
	bool some = false;

	for (struct mailbox *mb = awake; mb; mb = mb->next) {
		const struct decode_limits limits = limits_of(mb->dev);

		some |= look_into(mb, &limits);
	}
	return some;
}

/**
 * mailbox_interrupted() - the client was sent an interrupt
 * @dev: device; it may have no mailbox
 *
 * That is the cheaper the nearer the client is, so this is no time to be away.
 */
void mailbox_interrupted(struct device *dev)
{
	struct mailbox *mb = dev->mailbox;

	if (!mb)
		return;
	mb->streak = 0;
	mb->interrupted = true;
}

/* The other processor has something else to do: this is slower than messages are. */
static bool is_in_vain(const struct mailbox *mb)
{
	return (mb->kicks > MANY_KICKS && mb->kicks > mb->taken / MANY_KICKS) ||
	       (mb->taken > JUDGED && (mb->last_ns - mb->first_ns) / mb->taken > mb->each_ns);
}

/* Nothing more comes, or it does not come this way. */
static bool has_reason(struct mailbox *mb, uint64_t now)
{
	if (mb->interrupted)
		return false;
	if (mb->taken != mb->seen)
		mb->last_ns = now;
	mb->seen = mb->taken;
	if (is_in_vain(mb)) {
		mb->not_before_ns = now + VAIN_NS;
		return false;
	}
	return now - mb->last_ns < IDLE_NS;
}

/**
 * mailbox_poll() - look at the mailboxes for a while, if one is awake
 *
 * Return: true if one still is, so that nothing may be waited for.  Context: the loop.
 */
bool mailbox_poll(void)
{
	uint64_t begin, now;

	if (!awake)
		return false;
	begin = now = clock_ns(CLOCK_MONOTONIC);
	while (now - begin < TURN_NS) {
		for (unsigned int i = 0; i < LOOKS && !look_into_all(); i++)
			;
		now = clock_ns(CLOCK_MONOTONIC);
	}
	for (struct mailbox *mb = awake, *next; mb; mb = next) {
		next = mb->next;
		if (!has_reason(mb, now))
			sleep_now(mb);
	}
	return awake;
}
