/* SPDX-License-Identifier: GPL-2.0 */
/*
 * libata-portmap.h - interrupts of an IDE function in compatibility mode
 *
 * There is no ISA bus: the proxy turns IRQ 14 and 15 of such a function into its INTx.
 */
#ifndef __ASM_UM_LIBATA_PORTMAP_H
#define __ASM_UM_LIBATA_PORTMAP_H

#define ATA_PRIMARY_IRQ(dev)	((dev)->irq)
#define ATA_SECONDARY_IRQ(dev)	((dev)->irq)

#endif
