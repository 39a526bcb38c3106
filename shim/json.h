/* SPDX-License-Identifier: GPL-2.0 */
/*
 * json.h - what ring3's JSON output has in common
 */
#ifndef RING3_SHIM_JSON_H
#define RING3_SHIM_JSON_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Members of object @to; @text and @key are copied. */
void json_add_text(struct json_object *to, const char *key, const char *text);
void json_add_number(struct json_object *to, const char *key, uint64_t number);

/**
 * json_add_hex() - a member that may have 64 bits: text, "0x1234"
 * @to: object
 * @key: its name, copied
 * @value: its value
 * @digits: at least so many digits
 */
void json_add_hex(struct json_object *to, const char *key, uint64_t value, int digits);

/**
 * json_put_element() - write an element of an array that is too long to be held
 * @out: stream; the array's brackets are the caller's
 * @more: whether there was an element before it; set
 * @json: the element, released
 */
void json_put_element(FILE *out, bool *more, struct json_object *json);

#endif
