// SPDX-License-Identifier: GPL-2.0
/*
 * trap_user.c - an access to a trapped page in the midst of a mapped BAR
 *
 * The page is inaccessible, so the instruction faults.  It is one of ring3_io.h's accessors, a
 * MOV between a register and memory (opcodes 88 to 8b; Intel SDM volume 2, chapter 2 has the
 * encoding), and is carried out here by a message, with the register of the interrupted context.
 */
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <ucontext.h>

#include "user.h"

/* By number, as instructions have them. */
static const int registers[16] = {
	REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
	REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15,
};

struct mov {
	unsigned int width;	/* bytes */
	unsigned int reg;
	int write;		/* to memory */
	unsigned int len;	/* of the instruction, bytes */
	uint64_t address;	/* in memory */
};

static int64_t displacement(const uint8_t *p, unsigned int bytes)
{
	int32_t value;

	if (bytes == 1)
		return (int8_t)*p;
	if (!bytes)
		return 0;
	memcpy(&value, p, sizeof(value));
	return value;
}

/* ModRM, SIB and displacement: the length of all three, and what address they make. */
static unsigned int operand(const uint8_t *modrm, unsigned int rex, const mcontext_t *mc,
			    uint64_t *address)
{
	unsigned int mod = *modrm >> 6, base = *modrm & 7, index = 4, scale = 0, len = 1, bytes;
	int plain = base != 4;

	if (!plain) {
		base = modrm[1] & 7;
		index = (modrm[1] >> 3 & 7) | (rex & 2) << 2;
		scale = modrm[1] >> 6;
		len++;
	}
	bytes = mod == 1 ? 1 : mod == 2 || base == 5 ? 4 : 0;
	*address = (uint64_t)displacement(modrm + len, bytes);
	len += bytes;
	if (mod != 0 || base != 5)
		*address += (uint64_t)mc->gregs[registers[base | (rex & 1) << 3]];
	else if (plain)		/* relative to the next instruction, see decode() */
		*address += (uint64_t)(modrm + len);
	if (index != 4)
		*address += (uint64_t)mc->gregs[registers[index]] << scale;
	return len;
}

static int decode(const uint8_t *code, const mcontext_t *mc, struct mov *mov)
{
	const uint8_t *p = code;
	unsigned int rex = 0, opcode;
	int narrow = *p == 0x66;

	p += narrow;
	if ((*p & 0xf0) == 0x40)
		rex = *p++;
	opcode = *p++;
	if (opcode < 0x88 || opcode > 0x8b || *p >> 6 == 3)
		return 0;
	mov->write = !(opcode & 2);
	mov->width = !(opcode & 1) ? 1 : rex & 8 ? 8 : narrow ? 2 : 4;
	mov->reg = (*p >> 3 & 7) | (rex & 4) << 1;
	mov->len = p - code;
	mov->len += operand(p, rex, mc, &mov->address);
	/* Without REX these are the second bytes of the first four. */
	return mov->width > 1 || rex || mov->reg < 4;
}

/* A load of 4 bytes clears the upper half, a shorter one leaves the rest. */
static void set_register(greg_t *reg, uint64_t value, unsigned int width)
{
	uint64_t mask = width >= 4 ? ~0ULL : (1ULL << width * 8) - 1;

	if (width < 8)
		value &= (1ULL << width * 8) - 1;
	*reg = (greg_t)(((uint64_t)*reg & ~mask) | (value & mask));
}

/**
 * ring3_fault() - a fault of the hosted kernel: is it one of a BAR?
 * @addr: the faulting address
 * @context: mcontext_t of the interrupted code; changed if the access was carried out
 *
 * Return: 1 if the handler may return.  Context: signal handler.
 */
int ring3_fault(void *addr, void *context)
{
	mcontext_t *mc = context;
	unsigned long tag;
	struct mov mov;
	unsigned long long value;

	/* Code is none of ours, and what is there cannot be looked at either. */
	if ((void *)mc->gregs[REG_RIP] == addr)
		return 0;
	if (ring3_bus_error(addr))
		return 1;
	tag = ring3_mapped_address(addr);
	if (!tag || !decode((const uint8_t *)mc->gregs[REG_RIP], mc, &mov))
		return 0;
	value = (uint64_t)mc->gregs[registers[mov.reg]];
	/* One that begins on a mapped page and ends on this is no register's: nothing answers. */
	if (mov.address == (uint64_t)addr)
		ring3_trapped(tag, (unsigned long)mc->gregs[REG_RIP], &value, mov.width, mov.write);
	else
		value = ~0ULL;
	if (!mov.write)
		set_register(&mc->gregs[registers[mov.reg]], value, mov.width);
	mc->gregs[REG_RIP] += mov.len;
	return 1;
}
