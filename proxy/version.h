/* SPDX-License-Identifier: GPL-2.0 */
/* version.h - the version, where the Makefile gives none */
#ifndef RING3_PROXY_VERSION_H
#define RING3_PROXY_VERSION_H

#ifndef RING3_VERSION
#define RING3_VERSION "0.1"
#endif

#endif
