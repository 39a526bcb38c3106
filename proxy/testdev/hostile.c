// SPDX-License-Identifier: GPL-2.0
/*
 * hostile.c - a testdev that means harm (hostile=KIND): to see that nobody but its own driver suffers
 *
 *   garbage   whatever is read is random, and what is mapped changes under its reader
 *   lengths   DMA that was not asked for, anywhere and of any length; its reports are lies
 *   storm     all interrupts, without end
 *   vanish    it is pulled out, a while after it is first used
 *   all       the first three
 */
#include <errno.h>
#include <linux/pci_regs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "proxy/error.h"
#include "proxy/spec.h"
#include "proxy/testdev/internal.h"

#define TICK_NS		200000
#define PER_TICK	100		/* interrupts: half a million a second */
#define VANISH_NS	1000000000ull
#define MOST_BYTES	(1u << 20)	/* of one DMA, so that it does not last */

static const struct {
	const char *name;
	unsigned int kinds;
} words[] = {
	{ "garbage", TD_GARBAGE }, { "lengths", TD_LENGTHS }, { "storm", TD_STORM },
	{ "vanish", TD_VANISH }, { "all", TD_GARBAGE | TD_LENGTHS | TD_STORM },
};

static uint64_t noise(void)
{
	uint64_t value = 0;

	if (getrandom(&value, sizeof(value), GRND_NONBLOCK) != sizeof(value))
		return ~0ull;
	return value;
}

/**
 * td_garbage() - what a register reads as
 * @td: testdev
 * @value: what it has
 *
 * Return: @value, or something else.
 */
uint64_t td_garbage(const struct testdev *td, uint64_t value)
{
	return td->hostile & TD_GARBAGE ? noise() : value;
}

/* Above and below the client's memory, across its ends, at messages' addresses, anywhere. */
static uint64_t some_address(const struct testdev *td)
{
	static const uint64_t places[] = { 0, 0xfee00000, 0xfe00000c, 0xb0000000, 0xfffffffffffff000 };
	const struct dma *dma = &td->dev->dma;
	uint64_t n = noise();

	if (n & 1 && dma->nr) {
		const struct dma_map *m = &dma->maps[(n >> 8) % dma->nr];

		return m->iova + (n & 2 ? m->size - 1 - (n >> 32) % 4096 : (n >> 32) % m->size);
	}
	return n & 4 ? noise() : places[(n >> 8) % 5];
}

static void wild_dma(struct testdev *td)
{
	static uint8_t bytes[MOST_BYTES];
	uint64_t n = noise();
	size_t len = n % (n & 0x10000000 ? MOST_BYTES : 4096);

	if (!(td->command & PCI_COMMAND_MASTER))
		return;
	if (n >> 63)
		dma_read(&td->dev->dma, some_address(td), bytes, len);
	else
		dma_write(&td->dev->dma, some_address(td), bytes, len);
	td->dma_bytes = noise();
	td->dma_status = noise();
}

static void wild_interrupts(struct testdev *td)
{
	for (int i = 0; i < PER_TICK; i++)
		td_signal(td, noise() % (TD_MSIX_VECTORS + 8));
	td_set_intx(td, noise() & 1);
}

static void tick(struct loop_timer *timer)
{
	struct testdev *td = container_of(timer, struct testdev, malice);

	if (td->hostile & TD_VANISH) {
		if (td->dev->client && !td->dev->gone) {
			warn("device '%s': it is gone, as hostile=vanish wants", device_name(td->dev));
			device_wanted(td->dev);
		}
		return;
	}
	if (td->hostile & TD_STORM)
		wild_interrupts(td);
	if (td->hostile & TD_LENGTHS)
		wild_dma(td);
	if (td->hostile & TD_GARBAGE)
		memset(td->bar0.map + noise() % TD_BAR0_SIZE, (int)noise(), 1);
	loop_timer_arm(timer, TICK_NS);
}

/**
 * td_hostile_init() - read hostile=
 * @td: testdev
 *
 * Return: 0, or -1 with fail().
 */
int td_hostile_init(struct testdev *td)
{
	const char *word = spec_get(td->dev->spec, "hostile");

	if (loop_timer_init(&td->malice, tick))
		return -1;
	if (!word)
		return 0;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (!strcmp(word, words[i].name))
			td->hostile = words[i].kinds;
	return td->hostile ? 0 :
	       fail("device '%s': hostile=%s: use garbage, lengths, storm, vanish or all",
		    device_name(td->dev), word);
}

/**
 * td_hostile_used() - a driver has switched something on
 * @td: testdev
 */
void td_hostile_used(struct testdev *td)
{
	if (!td->hostile || td->angry)
		return;
	td->angry = true;
	warn("device '%s': it is in use and means harm from now on, as hostile=%s wants", device_name(td->dev),
	     spec_get(td->dev->spec, "hostile"));
	loop_timer_arm(&td->malice, td->hostile & TD_VANISH ? VANISH_NS : TICK_NS);
}
