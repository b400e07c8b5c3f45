/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the master tells a board that it accepted: the key of munge, and the board's name. */
#include <string.h>

#include "bus.h"
#include "join.h"
#include "mem.h"
#include "rootfs.h"

#define MUNGE_DIR "/etc/munge"
#define MUNGE_KEY MUNGE_DIR "/munge.key"
#define MUNGE_KEPT JOIN_DIR "/munge.key"
#define MUNGE_NEW JOIN_DIR "/munge.new"
#define MUNGE_SERVICE "munge.service"
#define KEY_MAX 1024
#define INSTALL_S 60

/*
 * Our service may write little, read nothing of munge and be nobody else: PID 1 has it done.  1:
 * the file was another one; install(1) says what it copies, and copies what differs.
 */
static int install_munge(const struct ctx *ctx, const char *from, struct err *e)
{
	autofree char *source = root_path(ctx, from), *target = root_path(ctx, MUNGE_KEY);
	/* clang-format off */
	const char *const argv[] = {"/usr/bin/install", "-CTv", "-o", "munge", "-g", "munge",
				    "-m", "0400", source, target, NULL};
	/* clang-format on */
	static const char *const env[] = {"LC_ALL=C", NULL};
	auto_str output = STR_INIT;
	const struct bus_job job = {.unit = "cardstock-munge.service",
				    .description = "Install the cluster's munge key (Cardstock)",
				    .argv = argv,
				    .env = env,
				    .timeout_s = INSTALL_S,
				    .output = &output};
	if (bus_run(ctx->bus, &job, e) < 0 || (output.len && bus_settle(ctx->bus, e) < 0))
		return err_wrap(e, MUNGE_KEY);
	return output.len != 0;
}

/* Where munge does not run, it reads the key when it starts. */
static int restart_munge(struct bus *b, struct err *e)
{
	enum unit_state state;
	if (bus_unit_state(b, MUNGE_SERVICE, &state, e) < 0)
		return -1;
	if (state == UNIT_ABSENT || state == UNIT_INACTIVE)
		return 0;
	if (state == UNIT_FAILED && bus_reset_failed_unit(b, MUNGE_SERVICE, e) < 0)
		return -1;
	return bus_restart_unit(b, MUNGE_SERVICE, e);
}

static int is_kept(const struct ctx *ctx, const struct str *key, struct err *e)
{
	auto_str kept = STR_SECRET;
	int there = root_read(ctx, MUNGE_KEPT, KEY_MAX, &kept, e);
	return there <= 0 ? there
			  : kept.len == key->len && memcmp(kept.data, key->data, key->len) == 0;
}

/* It is kept once munge has it. */
static int take_new_key(const struct ctx *ctx, const struct str *key, struct err *e)
{
	if (root_replace(ctx, MUNGE_NEW, key->data, key->len, 0600, e) < 0 ||
	    install_munge(ctx, MUNGE_NEW, e) < 0 || restart_munge(ctx->bus, e) < 0 ||
	    root_replace(ctx, MUNGE_KEPT, key->data, key->len, 0600, e) < 0 ||
	    root_remove(ctx, MUNGE_NEW, e) < 0)
		return -1;
	return 1;
}

/* Another program may have put another key in its place, as the package does that is installed. */
static int repair_key(const struct ctx *ctx, struct err *e)
{
	int changed = install_munge(ctx, MUNGE_KEPT, e);
	return changed > 0 && restart_munge(ctx->bus, e) < 0 ? -1 : changed;
}

static int take_munge(const struct ctx *ctx, const struct str *key, struct err *e)
{
	int there = key->len && ctx->bus ? root_exists(ctx, MUNGE_DIR, e) : 0;
	int kept = there > 0 ? is_kept(ctx, key, e) : there;
	if (there <= 0 || kept < 0)
		return there < 0 || kept < 0 ? -1 : 0;
	return kept ? repair_key(ctx, e) : take_new_key(ctx, key, e);
}

/* `nodectl rename` gave the node another one. */
static int take_name(const struct ctx *ctx, const char *name, struct err *e)
{
	autofree char *has = NULL;
	int known = ctx->bus ? bus_get_hostname(ctx->bus, &has, e) : 0;
	if (known <= 0 || strcmp(has, name) == 0)
		return known < 0 ? -1 : 0;
	if (bus_set_hostname(ctx->bus, name, e) < 0 || bus_settle(ctx->bus, e) < 0)
		return -1;
	return 1;
}

int join_take(const struct ctx *ctx, const struct reply *r, struct join_news *ret, struct err *e)
{
	int munge = take_munge(ctx, &r->munge, e);
	int name = munge < 0 ? -1 : take_name(ctx, r->name, e);
	if (name < 0)
		return -1;
	*ret = (struct join_news){munge, name};
	return munge || name;
}

int join_take_kept(const struct ctx *ctx, struct err *e)
{
	auto_str text = STR_SECRET;
	auto_reply r = {.munge = STR_SECRET};
	int there = ctx->bus ? root_read(ctx, JOIN_REPLY, REPLY_MAX, &text, e) : 0;
	if (there <= 0)
		return there;
	if (reply_read(str_text(&text), text.len, &r, e) < 0)
		return err_wrap(e, JOIN_REPLY);
	return take_munge(ctx, &r.munge, e);
}
