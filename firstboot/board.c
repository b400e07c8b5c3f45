/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "board.h"
#include "mem.h"
#include "rootfs.h"

#define NET "/sys/class/net"
#define FACT_MAX 4096 /* a page, what sysfs gives at most */

/*
 * The text of a file of the kernel, owned; NULL when there is none.  Device tree strings end with a
 * NUL, sysfs's with a newline; what is not printable is not a name.
 */
static char *read_fact(const struct ctx *ctx, const char *path)
{
	auto_err ignored = ERR_INIT;
	auto_str text = STR_INIT;
	if (root_read(ctx, path, FACT_MAX, &text, &ignored) <= 0)
		return NULL;
	autofree char *fact = xstrndup(str_text(&text), text.len);
	char *end = fact + strlen(fact);
	while (end > fact && isspace((unsigned char)end[-1]))
		*--end = '\0';
	for (const char *c = fact; *c; c++) {
		if (!isprint((unsigned char)*c))
			return NULL;
	}
	return *fact ? steal(&fact) : NULL;
}

/* What firmware says where it has no number: the same on many boards. */
static bool is_number_of_nobody(const char *fact)
{
	static const char *const said[] = {
		"none",	   "not specified",	   "default string", "to be filled by o.e.m.",
		"unknown", "system serial number", "123456789",	     "0123456789"};
	for (size_t i = 0; i < sizeof(said) / sizeof(*said); i++) {
		if (strcasecmp(fact, said[i]) == 0)
			return true;
	}
	return !fact[strspn(fact, "0-")] || !fact[strspn(fact, "fF-")];
}

static char *read_first(const struct ctx *ctx, const char *const *paths, bool number)
{
	for (; *paths; paths++) {
		autofree char *fact = read_fact(ctx, *paths);
		if (fact && !(number && is_number_of_nobody(fact)))
			return steal(&fact);
	}
	return NULL;
}

static bool exists(const struct ctx *ctx, const char *device, const char *name)
{
	auto_err ignored = ERR_INIT;
	autofree char *path = xasprintf(NET "/%s/%s", device, name);
	return root_exists(ctx, path, &ignored) > 0;
}

static bool has_value(const struct ctx *ctx, const char *device, const char *name,
		      const char *value)
{
	autofree char *path = xasprintf(NET "/%s/%s", device, name);
	autofree char *fact = read_fact(ctx, path);
	return fact && strcmp(fact, value) == 0;
}

/* A device of hardware, with the address that it was made with (NET_ADDR_PERM). */
static bool is_hardware(const struct ctx *ctx, const char *device)
{
	return has_value(ctx, device, "type", "1") &&
	       has_value(ctx, device, "addr_assign_type", "0") && exists(ctx, device, "device");
}

static bool is_wired(const struct ctx *ctx, const char *device)
{
	return is_hardware(ctx, device) && !exists(ctx, device, "wireless") &&
	       !exists(ctx, device, "phy80211");
}

void board_nics(const struct ctx *ctx, struct strv *ret)
{
	auto_err ignored = ERR_INIT;
	auto_strv devices = {0};
	if (root_list(ctx, NET, &devices, &ignored) <= 0)
		return;
	strv_foreach (device, &devices) {
		if (is_hardware(ctx, *device))
			strv_add(ret, *device);
	}
}

static char *read_mac(const struct ctx *ctx)
{
	auto_err ignored = ERR_INIT;
	auto_strv devices = {0};
	if (root_list(ctx, NET, &devices, &ignored) <= 0)
		return NULL;
	strv_foreach (device, &devices) {
		if (!is_wired(ctx, *device))
			continue;
		autofree char *path = xasprintf(NET "/%s/address", *device);
		char *mac = read_fact(ctx, path);
		if (mac)
			return mac;
	}
	return NULL;
}

static char *read_id(const struct ctx *ctx, const char *serial)
{
	static const char *const uuids[] = {"/sys/class/dmi/id/product_uuid", NULL};
	if (serial)
		return xasprintf("serial:%s", serial);
	autofree char *uuid = read_first(ctx, uuids, true);
	if (uuid)
		return xasprintf("uuid:%s", uuid);
	autofree char *mac = read_mac(ctx);
	return mac ? xasprintf("mac:%s", mac) : NULL;
}

void board_read(const struct ctx *ctx, struct board *ret)
{
	static const char *const serials[] = {
		"/proc/device-tree/serial-number",
		"/sys/firmware/devicetree/base/serial-number",
		"/sys/class/dmi/id/product_serial",
		"/sys/class/dmi/id/board_serial",
		NULL,
	};
	static const char *const models[] = {
		"/proc/device-tree/model",
		"/sys/firmware/devicetree/base/model",
		"/sys/class/dmi/id/product_name",
		NULL,
	};
	ret->serial = read_first(ctx, serials, true);
	ret->model = read_first(ctx, models, false);
	ret->id = read_id(ctx, ret->serial);
}

void board_done(struct board *b)
{
	free(b->model);
	free(b->serial);
	free(b->id);
	*b = (struct board){0};
}
