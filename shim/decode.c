// SPDX-License-Identifier: GPL-2.0
/* decode.c - from "symbol+0x12/0x34 [module]" in a kernel log to file:line */
#include <ctype.h>
#include <dwarf.h>
#include <elfutils/libdwfl.h>
#include <stdio.h>
#include <string.h>

#include "shim/decode.h"
#include "shim/near.h"
#include "shim/util.h"

/* One file with debug information; opened when a line first speaks of it. */
struct debug_file {
	char *path;
	Dwfl *dwfl;
	Dwfl_Module *mod;
};

struct decode {
	struct debug_file *files;	/* the kernel first */
	size_t n;
};

static bool symbol_char(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '.' || c == '$';
}

static bool parse_hex(const char **at, uint64_t *value)
{
	char *end;

	if (strncmp(*at, "0x", 2) || !isxdigit((unsigned char)(*at)[2]))
		return false;
	*value = strtoull(*at, &end, 16);
	*at = end;
	return true;
}

static void parse_module(const char *at, struct stack_ref *ref)
{
	size_t n;

	ref->module[0] = '\0';
	if (strncmp(at, " [", 2))
		return;
	n = strcspn(at + 2, "] ");
	if (n && n < sizeof(ref->module) && at[2 + n])
		snprintf(ref->module, sizeof(ref->module), "%.*s", (int)n, at + 2);
}

/* @plus is at a '+': is that of a code reference around it? */
static bool parse_at(const char *line, const char *plus, struct stack_ref *ref)
{
	const char *start = plus, *at = plus + 1;

	while (start > line && symbol_char(start[-1]))
		start--;
	if (start == plus || (size_t)(plus - start) >= sizeof(ref->symbol))
		return false;
	if (!parse_hex(&at, &ref->offset) || *at++ != '/' || !parse_hex(&at, &ref->size))
		return false;
	snprintf(ref->symbol, sizeof(ref->symbol), "%.*s", (int)(plus - start), start);
	parse_module(at, ref);
	/* "RIP: …" names the instruction itself, a call trace what comes after a call. */
	ref->call = !strstr(line, "RIP:") && ref->offset;
	return true;
}

bool decode_parse(const char *line, struct stack_ref *ref)
{
	for (const char *plus = strchr(line, '+'); plus; plus = strchr(plus + 1, '+')) {
		if (parse_at(line, plus, ref))
			return true;
	}
	return false;
}

void decode_module(struct decode *decode, const char *path)
{
	decode->files = xrealloc(decode->files, (decode->n + 1) * sizeof(*decode->files));
	decode->files[decode->n++] = (struct debug_file){ .path = xstrdup(path) };
}

struct decode *decode_open(const char *kernel)
{
	struct decode *decode = xrealloc(NULL, sizeof(*decode));

	*decode = (struct decode){ 0 };
	decode_module(decode, kernel);
	return decode;
}

void decode_close(struct decode *decode)
{
	for (size_t i = 0; i < decode->n; i++) {
		free(decode->files[i].path);
		if (decode->files[i].dwfl)
			dwfl_end(decode->files[i].dwfl);
	}
	free(decode->files);
	free(decode);
}

/* The file of a module, by name: x-y.ko is module x_y. */
static struct debug_file *find_file(struct decode *decode, const char *module)
{
	if (!*module)
		return decode->files;
	for (size_t i = 1; i < decode->n; i++) {
		const char *path = decode->files[i].path, *base = strrchr(path, '/');
		_cleanup_free_ char *name = NULL;

		base = base ? base + 1 : path;
		name = strndup(base, strcspn(base, "."));
		if (name && !near_distance(name, module))
			return &decode->files[i];
	}
	return NULL;
}

static Dwfl_Module *open_file(struct debug_file *file)
{
	static const Dwfl_Callbacks callbacks = {
		.find_elf = dwfl_build_id_find_elf,
		.find_debuginfo = dwfl_standard_find_debuginfo,
		.section_address = dwfl_offline_section_address,
	};

	if (!file || file->dwfl)
		return file ? file->mod : NULL;
	file->dwfl = dwfl_begin(&callbacks);
	if (!file->dwfl)
		return NULL;
	file->mod = dwfl_report_offline(file->dwfl, file->path, file->path, -1);
	dwfl_report_end(file->dwfl, NULL, NULL);
	return file->mod;
}

/*
 * Several static functions may share a name; the size tells them apart.  The kernel's idea of
 * it is the distance to the next symbol.
 */
static bool find_symbol(Dwfl_Module *mod, const struct stack_ref *ref, GElf_Addr *addr)
{
	int n = dwfl_module_getsymtab(mod);
	uint64_t best = 0;
	bool found = false;

	for (int i = 1; i < n; i++) {
		GElf_Sym sym;
		GElf_Addr value;
		const char *name = dwfl_module_getsym_info(mod, i, &sym, &value, NULL, NULL, NULL);
		uint64_t off;

		if (!name || strcmp(name, ref->symbol))
			continue;
		off = sym.st_size > ref->size ? UINT64_MAX : ref->size - sym.st_size;
		if (found && off >= best)
			continue;
		*addr = value + ref->offset;
		best = off;
		found = true;
	}
	return found;
}

/* Is the instruction before @addr a call: direct, or through a register as modules have it? */
static bool after_call(Dwfl_Module *mod, GElf_Addr addr)
{
	GElf_Addr offset = addr - 1, next = addr, bias;
	Elf_Scn *section = dwfl_module_address_section(mod, &offset, &bias);
	Elf_Data *data = section ? elf_rawdata(section, NULL) : NULL;
	const unsigned char *code = data ? data->d_buf : NULL;

	/* Sections that follow each other here need not do so in memory. */
	if (!code || offset < 4 || offset >= data->d_size ||
	    dwfl_module_address_section(mod, &next, &bias) != section)
		return false;
	return code[offset - 4] == 0xe8 ||
	       (code[offset - 1] == 0xff && (code[offset] & 0xf8) == 0xd0);
}

/* Paths below the directory of the compilation are shown as the source tree has them. */
static const char *shorten(const char *file, const char *dir)
{
	size_t n = dir ? strlen(dir) : 0;

	if (n && !strncmp(file, dir, n) && file[n] == '/')
		return file + n + 1;
	return !strncmp(file, "./", 2) ? file + 2 : file;
}

/* What is inlined from the kernel's headers is told as the line that calls it. */
static bool is_header(const char *place)
{
	size_t len = strcspn(place, ":");

	return len > 2 && !strncmp(place + len - 2, ".h", 2) &&
	       (!strncmp(place, "include/", 8) || !strncmp(place, "arch/", 5));
}

static bool get_number(Dwarf_Die *die, unsigned int name, Dwarf_Word *value)
{
	Dwarf_Attribute attr;

	return dwarf_attr(die, name, &attr) && !dwarf_formudata(&attr, value);
}

/* Where the function that @scope was made of is called; NULL: it is not inlined. */
static char *call_line(Dwarf_Die *unit, Dwarf_Die *scope, const char *dir)
{
	Dwarf_Word file, line;
	Dwarf_Files *files;
	const char *name;
	size_t n;

	if (dwarf_tag(scope) != DW_TAG_inlined_subroutine ||
	    !get_number(scope, DW_AT_call_file, &file) ||
	    !get_number(scope, DW_AT_call_line, &line) || dwarf_getsrcfiles(unit, &files, &n))
		return NULL;
	name = dwarf_filesrc(files, file, NULL, NULL);
	return name ? xasprintf("%s:%d", shorten(name, dir), (int)line) : NULL;
}

static char *outside_headers(Dwfl_Module *mod, GElf_Addr addr, const char *dir)
{
	Dwarf_Addr bias;
	Dwarf_Die *unit = dwfl_module_addrdie(mod, addr, &bias), *scopes = NULL;
	int n = unit ? dwarf_getscopes(unit, addr - bias, &scopes) : 0;
	char *place = NULL;

	for (int i = 0; i < n && !place; i++) {
		place = call_line(unit, &scopes[i], dir);
		if (place && is_header(place)) {
			free(place);
			place = NULL;
		}
	}
	free(scopes);
	return place;
}

/* Where the function begins that @addr is the start of: its name, not its first instruction. */
static char *function_line(Dwfl_Module *mod, GElf_Addr addr)
{
	Dwfl_Line *line = dwfl_module_getsrc(mod, addr);
	Dwarf_Addr bias;
	Dwarf_Die *unit = dwfl_module_addrdie(mod, addr, &bias), *scopes = NULL;
	int n = unit ? dwarf_getscopes(unit, addr - bias, &scopes) : 0, number;
	char *place = NULL;

	for (int i = 0; i < n && !place; i++) {
		const char *file = dwarf_decl_file(&scopes[i]);

		if (dwarf_tag(&scopes[i]) == DW_TAG_subprogram && file && line &&
		    !dwarf_decl_line(&scopes[i], &number))
			place = xasprintf("%s:%d", shorten(file, dwfl_line_comp_dir(line)), number);
	}
	free(scopes);
	return place;
}

static char *source_line(Dwfl_Module *mod, GElf_Addr addr)
{
	Dwfl_Line *line = dwfl_module_getsrc(mod, addr);
	const char *file, *dir;
	char *outside = NULL;
	int number;

	if (!line)
		return NULL;
	file = dwfl_lineinfo(line, NULL, &number, NULL, NULL, NULL);
	dir = dwfl_line_comp_dir(line);
	if (!file)
		return NULL;
	file = shorten(file, dir);
	if (is_header(file))
		outside = outside_headers(mod, addr, dir);
	return outside ? outside : xasprintf("%s:%d", file, number);
}

/*
 * The start of a function is a pointer to it that lay on the stack; or the return address
 * of a call at the end of the function before, which never returns.  Nobody can tell.
 */
static char *start_or_call(Dwfl_Module *mod, GElf_Addr addr)
{
	_cleanup_free_ char *call = source_line(mod, addr - 1), *start = function_line(mod, addr);
	const char *name = dwfl_module_addrname(mod, addr - 1);

	if (!call || !name)
		return xstrdup(start ? start : "?");
	return xasprintf("%s, or the call in %s %s", start ? start : "?", name, call);
}

char *decode_line(struct decode *decode, const char *line)
{
	struct stack_ref ref;
	Dwfl_Module *mod;
	GElf_Addr addr = 0;

	if (!decode_parse(line, &ref))
		return NULL;
	mod = open_file(find_file(decode, ref.module));
	if (!mod || !find_symbol(mod, &ref, &addr))
		return NULL;
	if (!ref.offset)
		return after_call(mod, addr) ? start_or_call(mod, addr) : function_line(mod, addr);
	return source_line(mod, addr - ref.call);
}
