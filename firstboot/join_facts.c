/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "join_facts.h"

#include <string.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "blockdev.h"
#include "board.h"
#include "cli.h"
#include "mac.h"
#include "mem.h"
#include "protocol/request.h"
#include "rootfs.h"
#include "settings.h"
#include "sshkey.h"

#define FACT_MAX 65536
#define NICS_MAX 16 /* that the master takes */

/* First line of a file, owned; NULL: it cannot be read. */
static char *read_line(const struct ctx *ctx, const char *path)
{
	auto_err ignored = ERR_INIT;
	auto_str text = STR_INIT;
	if (root_read(ctx, path, FACT_MAX, &text, &ignored) <= 0)
		return NULL;
	return xstrndup(str_text(&text), strcspn(str_text(&text), "\n"));
}

/* What does not fit the field's grammar would have the whole request refused. */
static void fit_texts(struct facts *f)
{
	struct request r = {.facts = *f};
	for (const struct field *row = request_fields; row->name; row++) {
		char **text = (char **)((char *)&r + row->offset);
		if (row->type != FIELD_TEXT || row->keep != FIELD_KEPT || !*text)
			continue;
		if (strlen(*text) > (size_t)row->max)
			(*text)[row->max] = '\0';
		for (char *c = *text; *c; c++)
			*c = strchr(row->set->allowed, *c) ? *c : '-';
		auto_err ignored = ERR_INIT;
		if (field_check_text(row, *text, strlen(*text), &ignored) < 0) {
			free(*text);
			*text = NULL;
		}
	}
	*f = r.facts;
}

/* ---- one by one ---- */

static char *read_cid(const struct ctx *ctx)
{
	auto_err ignored = ERR_INIT;
	auto_blockdev part = {0}, disk = {0};
	struct stat st;
	if (root_stat(ctx, "/", &st, &ignored) <= 0)
		return NULL;
	autofree char *id = xasprintf("%u:%u", major(st.st_dev), minor(st.st_dev));
	if (blockdev_read(ctx, id, &part, &ignored) <= 0)
		return NULL;
	int is_part = blockdev_disk(ctx, &part, &disk, &ignored);
	autofree char *path = is_part < 0 ? NULL
					  : path_join(is_part ? disk.sys : part.sys, "device/cid");
	return path ? read_line(ctx, path) : NULL;
}

static char *read_os(const struct ctx *ctx)
{
	auto_err ignored = ERR_INIT;
	auto_str text = STR_INIT;
	auto_strv lines = {0};
	if (root_read(ctx, "/etc/os-release", FACT_MAX, &text, &ignored) <= 0)
		return NULL;
	strv_split(&lines, str_text(&text), "\n");
	strv_foreach (line, &lines) {
		const char *value = *line + strlen("PRETTY_NAME=");
		if (!str_starts(*line, "PRETTY_NAME="))
			continue;
		value += strspn(value, "\"'");
		return xstrndup(value, strcspn(value, "\"'"));
	}
	return NULL;
}

static int read_host_key(const struct ctx *ctx, char **ret, struct err *e)
{
	autofree char *line = read_line(ctx, SSHKEY_OF_HOST);
	autofree char *key = line ? sshkey_plain(line) : NULL;
	if (!key || !sshkey_is_ed25519(key))
		return err_set(
			e, ERR_FAILED,
			"%s" SSHKEY_OF_HOST ": there is no such host key, which the others would "
			"know this node by; run 'ssh-keygen -A', then 'firstboot run --phase "
			"network --again registration'",
			ctx->root);
	*ret = steal(&key);
	return 0;
}

static int read_nics(const struct ctx *ctx, struct facts *f, struct err *e)
{
	auto_strv devices = {0};
	board_nics(ctx, &devices);
	strv_foreach (device, &devices) {
		autofree char *path = xasprintf("/sys/class/net/%s/address", *device);
		autofree char *mac = read_line(ctx, path);
		if (mac && mac_is_valid(mac) && !facts_has_mac(f, mac) && f->n_nics < NICS_MAX)
			facts_add_nic(f, *device, mac);
	}
	if (f->n_nics || f->serial)
		return 0;
	return err_set(
		e, ERR_FAILED,
		"this board has neither a serial nor a network device with an address of its "
		"own, so the master could not tell it from others; is the driver of a device "
		"missing that has one? 'ip link' shows them");
}

static void read_system(const struct ctx *ctx, struct facts *f)
{
	struct utsname u;
	struct sysinfo info;
	f->kernel = uname(&u) == 0 ? xstrdup(u.release) : NULL;
	f->os = read_os(ctx);
	f->firstboot = xstrdup(CARDSTOCK_VERSION);
	f->cpus = sysconf(_SC_NPROCESSORS_ONLN);
	if (sysinfo(&info) == 0)
		f->memory = (long long)((unsigned long long)info.totalram * info.mem_unit >> 20);
	time_t now = time(NULL);
	f->clock = now > 0 ? (long long)now : 0;
}

int join_facts(const struct ctx *ctx, struct facts *ret, struct err *e)
{
	auto_facts f = {0};
	const struct board *b = ctx->board;
	f.model = b && b->model ? xstrdup(b->model) : NULL;
	f.serial = b && b->serial ? xstrdup(b->serial) : NULL;
	fit_texts(&f); /* a serial that the master would not take is none */
	if (read_host_key(ctx, &f.host_key, e) < 0 || read_nics(ctx, &f, e) < 0)
		return -1;
	f.build_id = ctx->settings->build ? xstrdup(ctx->settings->build) : NULL;
	f.cid = read_cid(ctx);
	read_system(ctx, &f);
	fit_texts(&f);
	*ret = f;
	f = (struct facts){0};
	return 0;
}
