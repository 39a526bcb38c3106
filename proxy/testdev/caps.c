// SPDX-License-Identifier: GPL-2.0
/*
 * caps.c - further capabilities of a testdev (caps=all), whose registers keep what is written, so
 * that a test can see what reached the device
 */
#include <linux/pci_regs.h>
#include <string.h>

#include "proxy/testdev/internal.h"

static const struct {
	uint16_t at;
	uint8_t id;
} caps[] = {
	{ TD_CAP_PM, PCI_CAP_ID_PM }, { TD_CAP_VPD, PCI_CAP_ID_VPD }, { TD_CAP_VENDOR, PCI_CAP_ID_VNDR },
	{ TD_CAP_AF, PCI_CAP_ID_AF },
}, ext_caps[] = {
	{ TD_CAP_AER, PCI_EXT_CAP_ID_ERR }, { TD_CAP_SRIOV, PCI_EXT_CAP_ID_SRIOV },
	{ TD_CAP_ATS, PCI_EXT_CAP_ID_ATS }, { TD_CAP_LTR, PCI_EXT_CAP_ID_LTR },
};

#define NR(a) (sizeof(a) / sizeof((a)[0]))

/**
 * td_caps_init() - put the capabilities into configuration space
 * @td: testdev
 * @link: where the last one of the others says what comes next
 */
void td_caps_init(struct testdev *td, uint32_t link)
{
	for (size_t i = 0; i < NR(caps); i++) {
		td->config[link] = caps[i].at;
		td->config[caps[i].at] = caps[i].id;
		link = caps[i].at + 1;
	}
	td->config[TD_CAP_AF + 2] = PCI_AF_LENGTH;
	td->config[TD_CAP_AF + PCI_AF_CAP] = PCI_AF_CAP_FLR | PCI_AF_CAP_TP;
	for (size_t i = 0; i < NR(ext_caps); i++) {
		uint32_t next = i + 1 < NR(ext_caps) ? ext_caps[i + 1].at : 0;
		uint32_t head = ext_caps[i].id | 1 << 16 | next << 20;

		memcpy(&td->config[ext_caps[i].at], &head, sizeof(head));
	}
}

/**
 * td_caps_writable() - does this byte keep what is written?
 * @off: in configuration space
 *
 * Return: true for all bytes behind the header but the heads of capabilities.
 */
bool td_caps_writable(uint32_t off)
{
	bool head = off < PCI_STD_HEADER_SIZEOF;

	for (size_t i = 0; i < NR(caps); i++)
		head |= off >= caps[i].at && off < caps[i].at + 2u;
	for (size_t i = 0; i < NR(ext_caps); i++)
		head |= off >= ext_caps[i].at && off < ext_caps[i].at + 4u;
	return !head;
}
