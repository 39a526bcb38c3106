// SPDX-License-Identifier: GPL-2.0
/*
 * json.c - what ring3's JSON output has in common
 */
#include <inttypes.h>

#include "shim/json.h"

void json_add_text(struct json_object *to, const char *key, const char *text)
{
	json_object_object_add(to, key, json_object_new_string(text));
}

void json_add_number(struct json_object *to, const char *key, uint64_t number)
{
	json_object_object_add(to, key, json_object_new_uint64(number));
}

void json_add_hex(struct json_object *to, const char *key, uint64_t value, int digits)
{
	char text[32];

	snprintf(text, sizeof(text), "0x%0*" PRIx64, digits, value);
	json_add_text(to, key, text);
}

void json_put_element(FILE *out, bool *more, struct json_object *json)
{
	fputs(*more ? ",\n" : "\n", out);
	fputs(json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN |
						   JSON_C_TO_STRING_NOSLASHESCAPE), out);
	*more = true;
	json_object_put(json);
}
