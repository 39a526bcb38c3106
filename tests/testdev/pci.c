// SPDX-License-Identifier: GPL-2.0
/*
 * pci.c - tests of config space, resources, decoding and reset
 */
#include "td.h"
#include "count.h"

static void identity(struct td_run *t)
{
	struct pci_dev *pdev = t->td->pdev;
	u32 dword;
	u16 word;
	u8 byte;

	pci_read_config_word(pdev, PCI_VENDOR_ID, &word);
	TD_EQ(t, word, TD_VENDOR);
	pci_read_config_dword(pdev, PCI_VENDOR_ID, &dword);
	TD_EQ(t, dword, TD_DEVICE << 16 | TD_VENDOR);
	pci_read_config_byte(pdev, PCI_DEVICE_ID + 1, &byte);
	TD_EQ(t, byte, TD_DEVICE >> 8);
	TD_EQ(t, pdev->class, TD_CLASS);
	TD_EQ(t, pdev->revision, TD_REVISION);
	TD_EQ(t, pdev->pin, 1);
}

static void resources(struct td_run *t)
{
	static const struct {
		resource_size_t len;
		unsigned long flags, not;
	} want[] = {
		{ TD_BAR0_SIZE, IORESOURCE_MEM, IORESOURCE_MEM_64 },
		{ TD_BAR1_SIZE, IORESOURCE_MEM, IORESOURCE_MEM_64 },
		{ TD_BAR2_SIZE, IORESOURCE_IO, IORESOURCE_MEM },
		{ TD_BAR3_SIZE, IORESOURCE_MEM, IORESOURCE_MEM_64 },
		{ TD_BAR4_SIZE, IORESOURCE_MEM | IORESOURCE_MEM_64 | IORESOURCE_PREFETCH, 0 },
	};
	struct pci_dev *pdev = t->td->pdev;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(want); i++) {
		if (i == 4)	/* may be larger: bar4= */
			TD_OK(t, pci_resource_len(pdev, i) >= want[i].len);
		else
			TD_EQ(t, pci_resource_len(pdev, i), want[i].len);
		TD_EQ(t, pci_resource_flags(pdev, i) & want[i].flags, want[i].flags);
		TD_EQ(t, pci_resource_flags(pdev, i) & want[i].not, 0);
		TD_EQ(t, pci_resource_start(pdev, i) & (pci_resource_len(pdev, i) - 1), 0);
	}
}

static void capabilities(struct td_run *t)
{
	TD_EQ(t, pci_msi_vec_count(t->td->pdev), TD_MSI_VECTORS);
	TD_EQ(t, pci_msix_vec_count(t->td->pdev), TD_MSIX_VECTORS);
}

static void regions(struct td_run *t)
{
	TD_EQ(t, pci_request_region(t->td->pdev, 0, "another driver"), -EBUSY);
	TD_EQ(t, pci_request_region(t->td->pdev, 2, "another driver"), -EBUSY);
	pci_release_region(t->td->pdev, 4);
	TD_EQ(t, pci_request_region(t->td->pdev, 4, KBUILD_MODNAME), 0);
}

/* A BAR keeps its address whatever is written to it while the kernel sizes it. */
static void sizing(struct td_run *t)
{
	struct pci_dev *pdev = t->td->pdev;
	u16 command;
	u32 was, size, is;

	pci_read_config_word(pdev, PCI_COMMAND, &command);
	pci_write_config_word(pdev, PCI_COMMAND, command & ~(PCI_COMMAND_MEMORY | PCI_COMMAND_IO));
	pci_read_config_dword(pdev, PCI_BASE_ADDRESS_0, &was);
	pci_write_config_dword(pdev, PCI_BASE_ADDRESS_0, ~0U);
	pci_read_config_dword(pdev, PCI_BASE_ADDRESS_0, &size);
	pci_write_config_dword(pdev, PCI_BASE_ADDRESS_0, was);
	pci_read_config_dword(pdev, PCI_BASE_ADDRESS_0, &is);
	pci_write_config_word(pdev, PCI_COMMAND, command);
	TD_EQ(t, size & PCI_BASE_ADDRESS_MEM_MASK, (u32)~(TD_BAR0_SIZE - 1));
	TD_EQ(t, is, was);
	writel(0x600d600d, t->td->bar0);
	TD_EQ(t, readl(t->td->bar0), 0x600d600d);
}

static void decode_trapped(struct td_run *t)
{
	struct td *td = t->td;
	u16 command;

	td_set(td, TD_SCRATCH, 0x1234);
	outl(0x5678, td->port);
	pci_read_config_word(td->pdev, PCI_COMMAND, &command);
	pci_write_config_word(td->pdev, PCI_COMMAND,
			      command & ~(PCI_COMMAND_MEMORY | PCI_COMMAND_IO));
	TD_EQ(t, td_get(td, TD_ID), 0xffffffff);
	TD_EQ(t, readb(td->bar1 + TD_SCRATCH), 0xff);
	TD_EQ(t, readq(td->bar4 + TD_BAR4_HOLE), ~0ULL);
	TD_EQ(t, inl(td->port), 0xffffffff);
	td_set(td, TD_SCRATCH, 0x9999);
	outl(0x9999, td->port);
	pci_write_config_word(td->pdev, PCI_COMMAND, command);
	TD_EQ(t, td_get(td, TD_ID), TD_ID_VALUE);
	TD_EQ(t, td_get(td, TD_SCRATCH), 0x1234);
	TD_EQ(t, inl(td->port), 0x5678);
}

static void decode_mapped(struct td_run *t)
{
	struct td *td = t->td;
	u16 command;

	writel(0x1234, td->bar0);
	writel(0x5678, td->bar4);
	pci_read_config_word(td->pdev, PCI_COMMAND, &command);
	pci_write_config_word(td->pdev, PCI_COMMAND, command & ~PCI_COMMAND_MEMORY);
	TD_EQ(t, readl(td->bar0), 0xffffffff);
	TD_EQ(t, readl(td->bar4), 0xffffffff);
	writel(0x9999, td->bar0);
	pci_write_config_word(td->pdev, PCI_COMMAND, command);
	TD_EQ(t, readl(td->bar0), 0x1234);
	TD_EQ(t, readl(td->bar4), 0x5678);
}

/* Decode off for ports alone leaves memory alone, and the other way round. */
static void decode_apart(struct td_run *t)
{
	struct td *td = t->td;
	u16 command;

	outl(0x5678, td->port);
	pci_read_config_word(td->pdev, PCI_COMMAND, &command);
	pci_write_config_word(td->pdev, PCI_COMMAND, command & ~PCI_COMMAND_IO);
	TD_EQ(t, td_get(td, TD_ID), TD_ID_VALUE);
	TD_EQ(t, inl(td->port), 0xffffffff);
	pci_write_config_word(td->pdev, PCI_COMMAND, command & ~PCI_COMMAND_MEMORY);
	TD_EQ(t, td_get(td, TD_ID), 0xffffffff);
	TD_EQ(t, inl(td->port), 0x5678);
	pci_write_config_word(td->pdev, PCI_COMMAND, command);
}

static void function_reset(struct td_run *t)
{
	struct td *td = t->td;
	u32 resets = td_get(td, TD_RESETS);
	int ret;

	td_set(td, TD_RAISE_DELAY, 77);
	ret = pci_reset_function(td->pdev);
	if (ret == -ENOTTY) {
		t->skip = "the device has no function reset";
		return;
	}
	TD_EQ(t, ret, 0);
	TD_EQ(t, td_get(td, TD_ID), TD_ID_VALUE);
	TD_EQ(t, td_get(td, TD_RESETS), resets + 1);
	TD_EQ(t, td_get(td, TD_RAISE_DELAY), 0);
	/* Config space came back, and with it the BARs. */
	writel(0x600d, td->bar0);
	TD_EQ(t, readl(td->bar0), 0x600d);
	outl(0x600d, td->port);
	TD_EQ(t, inl(td->port), 0x600d);
}

static const struct td_case pci_cases[] = {
	{ "identity in every width of config access", identity },
	{ "resources", resources },
	{ "MSI and MSI-X capabilities", capabilities },
	{ "regions can be requested once", regions },
	{ "sizing a BAR", sizing },
	{ "decode off: trapped BARs and ports read as all ones", decode_trapped },
	{ "decode off: mapped BARs read as all ones", decode_mapped },
	{ "memory and port decode are independent", decode_apart },
	{ "function reset", function_reset },
};
TD_GROUP(pci);
