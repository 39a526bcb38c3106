// SPDX-License-Identifier: GPL-2.0
/*
 * told.c - what a hosted kernel tells about itself and about a device
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "proxy/device.h"
#include "proxy/told.h"
#include "proxy/trace.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct told_module modules[TOLD_MODULES];
static size_t nr_modules;

/* Word number @n of a text, for a file name or a line: anything odd becomes '?'. */
static void word(char *to, size_t size, const struct told_note *note, unsigned int n)
{
	const char *p = note->text, *end = p + note->len;
	size_t len = 0;

	for (; n && p < end; p++)
		n -= *p == ' ';
	for (; p < end && *p != ' ' && len + 1 < size; p++)
		to[len++] = *p > ' ' && *p < 0x7f && *p != '/' ? *p : '?';
	to[len] = 0;
	if (!strcmp(to, ".") || !strcmp(to, ".."))
		to[0] = '?';
}

static void set_place(struct told *told, const struct told_note *note)
{
	unsigned int domain, bus, slot, fn;
	char text[32], rest;

	told->irq = note->a;
	told->rom = note->b;
	word(text, sizeof(text), note, 0);
	if (sscanf(text, "%x:%x:%x.%u%c", &domain, &bus, &slot, &fn, &rest) == 4 &&
	    domain <= 0xffff && bus <= 0xff && slot <= 0x1f && fn <= 7)
		snprintf(told->bdf, sizeof(told->bdf), "%04x:%02x:%02x.%u", domain, bus, slot, fn);
}

static void set_driver(struct told *told, const struct told_note *note)
{
	word(told->driver, sizeof(told->driver), note, 0);
	word(told->module, sizeof(told->module), note, 1);
	word(told->version, sizeof(told->version), note, 2);
}

static void set_module(const struct told_note *note)
{
	struct told_module m = { .address = note->a, .size = note->b };
	size_t i;

	word(m.name, sizeof(m.name), note, 0);
	word(m.version, sizeof(m.version), note, 1);
	for (i = 0; i < nr_modules && strcmp(modules[i].name, m.name); i++)
		;
	if (!note->b) {
		if (i < nr_modules)
			memmove(&modules[i], &modules[i + 1], (--nr_modules - i) * sizeof(m));
	} else if (i < TOLD_MODULES) {
		modules[i] = m;
		nr_modules += i == nr_modules;
	}
}

static void set_vector(struct irqs *irqs, const struct told_note *note)
{
	if (note->a < irqs->count[VFIO_USER_MSIX])
		irqs->msix[note->a].linux_irq = note->b;
	if (note->a < MSI_MAX)
		irqs->msi[note->a].linux_irq = note->b;
}

/* The text of a function, which becomes the end of a line. */
static uint32_t caller(const struct told_note *note, uint64_t pc)
{
	char text[VFIO_USER_NOTE_TEXT];

	for (uint32_t i = 0; i < note->len; i++)
		text[i] = note->text[i] >= ' ' && note->text[i] < 0x7f ? note->text[i] : '?';
	return trace_caller(pc, text, note->len);
}

/**
 * told_note() - take a note
 * @dev: device on whose connection it came
 * @note: of a known kind; decoded, with text of bounded length
 */
void told_note(struct device *dev, const struct told_note *note)
{
	switch (note->kind) {
	case VFIO_USER_NOTE_CALLER:
		dev->caller = caller(note, note->a);
		return;
	case VFIO_USER_NOTE_DMA_MAP:
	case VFIO_USER_NOTE_DMA_UNMAP:
		dev->caller = caller(note, 0);
		trace_dma(dev, note->kind == VFIO_USER_NOTE_DMA_MAP, note->a, note->b, note->c);
		return;
	}
	pthread_mutex_lock(&lock);
	if (note->kind == VFIO_USER_NOTE_PLACE)
		set_place(&dev->told, note);
	else if (note->kind == VFIO_USER_NOTE_DRIVER)
		set_driver(&dev->told, note);
	else if (note->kind == VFIO_USER_NOTE_MODULE)
		set_module(note);
	else if (note->kind == VFIO_USER_NOTE_VECTOR)
		set_vector(&dev->irqs, note);
	pthread_mutex_unlock(&lock);
	if (note->kind == VFIO_USER_NOTE_PLACE || note->kind == VFIO_USER_NOTE_DRIVER)
		trace_place_note(dev);
}

/**
 * told_forget() - the client has gone, and with it whatever it told
 * @dev: device
 *
 * Where it said that the device is stays, so that nothing moves in the view.
 */
void told_forget(struct device *dev)
{
	pthread_mutex_lock(&lock);
	dev->caller = 0;
	dev->told.driver[0] = dev->told.module[0] = dev->told.version[0] = 0;
	for (uint32_t i = 0; dev->irqs.msix && i < dev->irqs.count[VFIO_USER_MSIX]; i++)
		dev->irqs.msix[i].linux_irq = 0;
	for (uint32_t i = 0; i < MSI_MAX; i++)
		dev->irqs.msi[i].linux_irq = 0;
	pthread_mutex_unlock(&lock);
	trace_place_note(dev);
}

/**
 * told_get() - a copy of what is known about a device
 * @dev: device
 * @told: filled in
 *
 * Context: any thread.
 */
void told_get(const struct device *dev, struct told *told)
{
	pthread_mutex_lock(&lock);
	*told = dev->told;
	pthread_mutex_unlock(&lock);
	if (!told->bdf[0])
		snprintf(told->bdf, sizeof(told->bdf), "0000:00:%02x.%u",
			 dev->slot & 0x1fu, dev->function & 7u);
}

/**
 * told_modules() - a copy of the list of modules
 * @copy: room
 * @max: for so many
 *
 * Return: how many there are in @copy.  Context: any thread.
 */
size_t told_modules(struct told_module *copy, size_t max)
{
	size_t n;

	pthread_mutex_lock(&lock);
	n = nr_modules < max ? nr_modules : max;
	memcpy(copy, modules, n * sizeof(*copy));
	pthread_mutex_unlock(&lock);
	return n;
}
