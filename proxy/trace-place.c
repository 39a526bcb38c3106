// SPDX-License-Identifier: GPL-2.0
/*
 * trace-place.c - where a device was, and whose, when an event happened
 */
#include <stdio.h>
#include <string.h>

#include "proxy/device.h"
#include "proxy/trace-place.h"

static void present(const struct device *dev, struct trace_place *place)
{
	struct told told;

	told_get(dev, &told);
	memset(place, 0, sizeof(*place));	/* they are compared byte by byte */
	snprintf(place->bdf, sizeof(place->bdf), "%s", told.bdf);
	snprintf(place->driver, sizeof(place->driver), "%s", told.driver);
	place->irq = told.irq;
	for (uint32_t i = 0; i <= VFIO_USER_ROM; i++)
		place->bars[i] = device_bar_address(dev, i);
}

/**
 * trace_place_note() - the device's place or its driver is another one from now on
 * @dev: device
 *
 * A client that never repeats itself is not remembered for ever: after TRACE_PLACES of them,
 * further ones have no number.
 *
 * Context: the main thread.
 */
void trace_place_note(struct device *dev)
{
	struct trace_places *p = &dev->places;
	struct trace_place place;
	unsigned int i;

	present(dev, &place);
	for (i = 0; i < p->nr && memcmp(&p->list[i], &place, sizeof(place)); i++)
		;
	if (i == p->nr && i < TRACE_PLACES)
		p->list[p->nr++] = place;
	p->now = i < TRACE_PLACES ? i + 1 : 0;
}

/**
 * trace_place_now() - number of the device's present place
 * @dev: device
 *
 * Return: the number, for trace_place_get(); 0: it has none.  Context: any thread.
 */
unsigned int trace_place_now(const struct device *dev)
{
	return dev->places.now;
}

/**
 * trace_place_get() - a place by its number
 * @dev: device
 * @number: of an event, or from trace_place_now(); 0: as it is now
 * @place: filled in
 *
 * Context: any thread.
 */
void trace_place_get(const struct device *dev, unsigned int number, struct trace_place *place)
{
	if (number)
		*place = dev->places.list[number - 1];
	else
		present(dev, place);
}
