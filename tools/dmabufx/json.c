/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Members of JSON objects, one short call each. */
#include "cli.h"

#include <stdio.h>

void js_str(struct json_object *obj, const char *key, const char *val)
{
	json_object_object_add(obj, key, json_object_new_string(val));
}

void js_num(struct json_object *obj, const char *key, uint64_t val)
{
	json_object_object_add(obj, key, json_object_new_uint64(val));
}

void js_bool(struct json_object *obj, const char *key, bool val)
{
	json_object_object_add(obj, key, json_object_new_boolean(val));
}

void js_hex(struct json_object *obj, const char *key, uint64_t val, int digits)
{
	char text[24];

	snprintf(text, sizeof(text), "%0*llx", digits, (unsigned long long)val);
	js_str(obj, key, text);
}

struct json_object *js_obj(struct json_object *obj, const char *key)
{
	struct json_object *child = json_object_new_object();

	json_object_object_add(obj, key, child);
	return child;
}

struct json_object *js_array(struct json_object *obj, const char *key)
{
	struct json_object *child = json_object_new_array();

	json_object_object_add(obj, key, child);
	return child;
}

struct json_object *js_push(struct json_object *array)
{
	struct json_object *child = json_object_new_object();

	json_object_array_add(array, child);
	return child;
}

void js_error(struct json_object *obj, int err, const char *reason, const char *text)
{
	struct json_object *error = js_obj(obj, "error");

	js_str(error, "errno", dmabufx_strerror(err));
	js_str(error, "reason", reason);
	js_str(error, "text", text);
}
