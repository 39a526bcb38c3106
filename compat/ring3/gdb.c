// SPDX-License-Identifier: GPL-2.0
/*
 * gdb.c - modules and time, for a debugger that looks at this process
 *
 * Theory of operation: gdb knows an interface by which a JIT compiler tells of code it made: a
 * list of ELF images in memory and a function that is called when the list changes, where gdb has a
 * breakpoint of its own.  A module is such code.  Its file is copied before symbols and relocations
 * are resolved, with the addresses of its sections filled in, so gdb has the symbols of every
 * module, a pending breakpoint in it included, before module_init() runs.  Whoever attaches
 * later reads the list.
 *
 * Modules are installed without debug information.  Where the tree they were built in is there,
 * the file with it is mapped instead.
 */
#include <linux/elf.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "ring3.h"

#undef MODULE_PARAM_PREFIX
#define MODULE_PARAM_PREFIX "ring3."

/* For gdb's scripts, which may also switch it on. */
struct ring3_gdb_entry {
	struct ring3_jit jit;		/* first: gdb's list has its address */
	struct list_head list;
	const struct module *mod;
	bool mapped;			/* the image is a file */
	char name[MODULE_NAME_LEN];
};

char *ring3_gdb_tree;
module_param_named(gdb, ring3_gdb_tree, charp, 0444);
MODULE_PARM_DESC(gdb, "Keep the symbols of modules for a debugger; where they were built");

static LIST_HEAD(entries);
static DEFINE_MUTEX(lock);

/*
 * The loader keeps notes in the headers of its copy: where sections that are not loaded are in
 * it, offsets in place of the size of entries, and that it keeps the symbols.
 */
static void restore_section(Elf_Shdr *section)
{
	bool symbols = section->sh_type == SHT_SYMTAB || section->sh_type == SHT_STRTAB;

	if (symbols)
		section->sh_flags &= ~(unsigned long)SHF_ALLOC;
	if (!(section->sh_flags & SHF_ALLOC))
		section->sh_addr = 0;
	section->sh_entsize = section->sh_type == SHT_SYMTAB ? sizeof(Elf_Sym) :
			      section->sh_type == SHT_RELA ? sizeof(Elf64_Rela) : 0;
}

static void restore_headers(Elf_Ehdr *hdr)
{
	Elf_Shdr *sections = (void *)hdr + hdr->e_shoff;
	unsigned int i;

	for (i = 0; i < hdr->e_shnum; i++)
		restore_section(&sections[i]);
}

static const char *section_name(const Elf_Ehdr *hdr, const Elf_Shdr *section)
{
	const Elf_Shdr *sections = (const void *)hdr + hdr->e_shoff;

	return (const char *)hdr + sections[hdr->e_shstrndx].sh_offset + section->sh_name;
}

static bool has_section(const Elf_Ehdr *hdr, const char *name)
{
	const Elf_Shdr *sections = (const void *)hdr + hdr->e_shoff;
	unsigned int i;

	for (i = 1; i < hdr->e_shnum; i++)
		if (!strcmp(section_name(hdr, &sections[i]), name))
			return true;
	return false;
}

/* The same sections, in another file of this module. */
static void copy_addresses(Elf_Ehdr *to, const Elf_Ehdr *from)
{
	const Elf_Shdr *have = (const void *)from + from->e_shoff;
	Elf_Shdr *sections = (void *)to + to->e_shoff;
	unsigned int i, k;

	for (i = 1; i < to->e_shnum; i++)
		for (k = 1; k < from->e_shnum; k++)
			if (sections[i].sh_flags & have[k].sh_flags & SHF_ALLOC &&
			    !strcmp(section_name(to, &sections[i]), section_name(from, &have[k])))
				sections[i].sh_addr = have[k].sh_addr;
}

static bool map_image(struct ring3_gdb_entry *entry, const Elf_Ehdr *hdr)
{
	Elf_Ehdr *image = NULL;

	if (!has_section(hdr, ".debug_info"))
		image = ring3_gdb_map(ring3_gdb_tree, entry->name, &entry->jit.size);
	if (!image)
		return false;
	copy_addresses(image, hdr);
	entry->jit.symfile = image;
	entry->mapped = true;
	return true;
}

static bool copy_image(struct ring3_gdb_entry *entry, const Elf_Ehdr *hdr, unsigned long len)
{
	Elf_Ehdr *image = vmalloc(len);

	if (!image)
		return false;
	memcpy(image, hdr, len);
	restore_headers(image);
	entry->jit.symfile = image;
	entry->jit.size = len;
	return true;
}

static void free_image(struct ring3_gdb_entry *entry)
{
	if (entry->mapped)
		ring3_gdb_unmap(entry->jit.symfile, entry->jit.size);
	else
		vfree(entry->jit.symfile);
}

/**
 * ring3_gdb_module() - a module is in its place
 * @mod: the module, without relocations so far
 * @hdr: its file; the section headers have the addresses
 * @len: bytes
 *
 * Context: process; called by the module loader.
 */
void ring3_gdb_module(struct module *mod, const Elf_Ehdr *hdr, unsigned long len)
{
	struct ring3_gdb_entry *entry;

	if (likely(!ring3_gdb_tree))
		return;
	entry = kzalloc(sizeof(*entry), GFP_KERNEL);
	if (!entry)
		return;
	entry->mod = mod;
	strscpy(entry->name, mod->name, sizeof(entry->name));
	if (!map_image(entry, hdr) && !copy_image(entry, hdr, len)) {
		kfree(entry);
		return;
	}
	mutex_lock(&lock);
	list_add(&entry->list, &entries);
	ring3_jit_register(&entry->jit);
	mutex_unlock(&lock);
}

static int on_module_event(struct notifier_block *nb, unsigned long state, void *mod)
{
	struct ring3_gdb_entry *entry, *next;

	if (state != MODULE_STATE_GOING)
		return NOTIFY_DONE;
	mutex_lock(&lock);
	list_for_each_entry_safe(entry, next, &entries, list) {
		if (entry->mod != mod)
			continue;
		ring3_jit_unregister(&entry->jit);
		list_del(&entry->list);
		free_image(entry);
		kfree(entry);
	}
	mutex_unlock(&lock);
	return NOTIFY_OK;
}

/* Last: what others do when a module goes may be looked at, too. */
static struct notifier_block module_events = {
	.notifier_call = on_module_event,
	.priority = INT_MIN,
};

static int __init ring3_gdb_init(void)
{
	return register_module_notifier(&module_events);
}
core_initcall(ring3_gdb_init);
