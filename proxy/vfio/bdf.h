/* SPDX-License-Identifier: GPL-2.0 */
/*
 * bdf.h - where a PCI device is, as users write it; the shim uses it, too
 */
#ifndef RING3_PROXY_VFIO_BDF_H
#define RING3_PROXY_VFIO_BDF_H

#define VFIO_BDF 13			/* DDDD:BB:SS.F and its end */

int vfio_parse_bdf(const char *text, char bdf[VFIO_BDF]);

#endif
