/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "place.h"

#include <string.h>
#include <sys/stat.h>

#include "block.h"
#include "join.h"
#include "mem.h"
#include "place_files.h"
#include "reply_read.h"
#include "rootfs.h"
#include "steps/hostname.h"
#include "validate.h"

#define TAKEN JOIN_DIR "/place"
#define REPLY JOIN_DIR "/reply"
#define HOSTS "/etc/hosts"
#define HOST_KEY "/etc/ssh/ssh_host_ed25519_key.pub"
#define KNOWN_HOSTS "/etc/ssh/ssh_known_hosts"
#define FILE_MAX (1u << 20)

const struct conf_key place_keys[] = {
	CONF_ROW_VERSION(struct place, version, PLACE_VERSION),
	{"network", "what brings the network up", CONF_TEXT, offsetof(struct place, network), 0,
	 place_net_check},
	{"file", "that gets the address; may be repeated", CONF_LIST, offsetof(struct place, files),
	 0, validate_abspath},
	{0},
};

int place_parse(const char *text, size_t len, const char *what, struct place *ret, struct err *e)
{
	auto_place p = {0};
	if (conf_parse(place_keys, text, len, what, &p, e) < 0)
		return -1;
	*ret = p;
	p = (struct place){0};
	return 0;
}

void place_done(struct place *p)
{
	conf_done(place_keys, p);
	*p = (struct place){0};
}

/* 1; 0: the card is a planned node's. */
static int load(const struct ctx *ctx, struct place *ret, struct err *e)
{
	auto_str text = STR_INIT;
	autofree char *what = root_path(ctx, PLACE_CONF);
	int there = root_read(ctx, PLACE_CONF, CONF_MAX, &text, e);
	if (there <= 0)
		return there;
	return place_parse(str_text(&text), text.len, what, ret, e) < 0 ? -1 : 1;
}

/* 1; 0: the master has not accepted the board yet. */
static int read_told(const struct ctx *ctx, struct reply *ret, struct err *e)
{
	auto_str text = STR_SECRET;
	auto_reply r = {.munge = STR_SECRET};
	int there = root_read(ctx, REPLY, REPLY_MAX, &text, e);
	if (there <= 0)
		return there;
	if (reply_read(str_text(&text), text.len, &r, e) < 0)
		return -1;
	if (r.answer != ANSWER_ACCEPTED)
		return 0;
	*ret = r;
	r = (struct reply){.munge = STR_SECRET};
	return 1;
}

/* What TAKEN says when all of it is taken: "worker003 10.0.0.13/24"; owned. */
static char *line_of(const struct reply *told)
{
	return xasprintf("%s %s\n", told->name, told->address ? told->address : "-");
}

static int is_taken(const struct ctx *ctx, const struct reply *told, struct err *e)
{
	auto_str text = STR_INIT;
	autofree char *line = line_of(told);
	int there = root_read(ctx, TAKEN, FILE_MAX, &text, e);
	return there <= 0 ? there : strcmp(str_text(&text), line) == 0;
}

/* Only the name is another one: the network stays as people have made it. */
static int has_address(const struct ctx *ctx, const struct reply *told, struct err *e)
{
	auto_str text = STR_INIT;
	int there = told->address ? root_read(ctx, TAKEN, FILE_MAX, &text, e) : 0;
	const char *blank = there > 0 ? strchr(str_text(&text), ' ') : NULL;
	if (!blank)
		return there < 0 ? -1 : 0;
	autofree char *line = xasprintf(" %s\n", told->address);
	return strcmp(blank, line) == 0;
}

/* ---- the files ---- */

/* Does a line of hosts(5) name the board? */
static bool is_named(const char *hosts, const char *name)
{
	auto_strv lines = {0};
	strv_split(&lines, hosts, "\n");
	strv_foreach (line, &lines) {
		auto_strv words = {0};
		(*line)[strcspn(*line, "#")] = '\0';
		strv_split(&words, *line, " \t");
		if (strv_has(&words, name))
			return true;
	}
	return false;
}

/* The planned nodes are in it already; a board that was renamed on the master is not. */
static int set_hosts(const struct ctx *ctx, const struct reply *told, struct err *e)
{
	auto_str text = STR_INIT, rest = STR_INIT, out = STR_INIT, body = STR_INIT;
	if (!told->address)
		return 0;
	if (root_read(ctx, HOSTS, FILE_MAX, &text, e) < 0)
		return -1;
	block_set(&rest, str_text(&text), "self", "");
	if (!is_named(str_text(&rest), told->name))
		str_printf(&body, "%.*s\t%s\n", (int)strcspn(told->address, "/"), told->address,
			   told->name);
	block_set(&out, str_text(&rest), "self", str_text(&body));
	return root_replace(ctx, HOSTS, str_text(&out), out.len, ROOT_MODE_KEEP, e);
}

/* Nobody signed the board's key: it has to know itself, as mkimage lets planned nodes do. */
static int set_known_hosts(const struct ctx *ctx, const struct reply *told, struct err *e)
{
	auto_str text = STR_INIT, key = STR_INIT, body = STR_INIT, out = STR_INIT;
	int there = root_read(ctx, HOST_KEY, FILE_MAX, &key, e);
	if (there <= 0 || root_read(ctx, KNOWN_HOSTS, FILE_MAX, &text, e) < 0)
		return there < 0 ? -1 : there;
	str_printf(&body, "localhost,127.0.0.1,::1,%s", told->name);
	if (told->address)
		str_printf(&body, ",%.*s", (int)strcspn(told->address, "/"), told->address);
	str_printf(&body, " %.*s\n", (int)strcspn(str_text(&key), "\n"), str_text(&key));
	block_set(&out, str_text(&text), "ssh-localhost", str_text(&body));
	return root_replace(ctx, KNOWN_HOSTS, str_text(&out), out.len, ROOT_MODE_KEEP, e);
}

/* The template with the address in it. */
static int fill(const struct ctx *ctx, const char *path, const char *address, struct err *e)
{
	autofree char *from = xasprintf(PLACE_DIR "%s", path);
	auto_str text = STR_INIT, out = STR_INIT;
	struct stat st;
	int there = root_stat(ctx, from, &st, e);
	if (there < 0 || (there && root_read(ctx, from, FILE_MAX, &text, e) < 0))
		return -1;
	if (!there)
		return err_set(e, ERR_FAILED,
			       "%s%s: is gone, which the address would come into; mkimage "
			       "wrote it",
			       ctx->root, from);
	const char *at = str_text(&text);
	for (const char *mark; (mark = strstr(at, PLACE_TOKEN)); at = mark + strlen(PLACE_TOKEN)) {
		str_add(&out, at, (size_t)(mark - at));
		str_puts(&out, address);
	}
	str_puts(&out, at);
	return root_replace(ctx, path, str_text(&out), out.len, st.st_mode & 07777, e);
}

static int set_address(const struct ctx *ctx, const struct place *p, const char *address,
		       struct err *e)
{
	int changed = 0;
	if (root_remove(ctx, TAKEN, e) < 0) /* it is true no more */
		return -1;
	strv_foreach (path, &p->files) {
		int filled = fill(ctx, *path, address, e);
		if (filled < 0)
			return -1;
		changed = changed || filled;
	}
	return changed;
}

/* ---- all of it ---- */

static int set_files(const struct ctx *ctx, const struct place *p, const struct reply *told,
		     bool new_address, struct str *message, struct err *e)
{
	int name = hostname_set(ctx, told->name, !told->address, message, e);
	int hosts = name < 0 ? -1 : set_hosts(ctx, told, e);
	int known = hosts < 0 ? -1 : set_known_hosts(ctx, told, e);
	int net = known < 0 || !new_address ? known : set_address(ctx, p, told->address, e);
	return net < 0 ? -1 : name || hosts || known || net;
}

/*
 * What is left is to be done at the next boot, and TAKEN then.  A cable that is out is no failure
 * of the board, which may have come by wifi.
 */
static int use(const struct ctx *ctx, const struct place *p, const struct reply *told,
	       struct str *message, struct err *e)
{
	if (!p->network)
		return 1;
	auto_err why = ERR_INIT;
	int used = ctx->dry_run ? 0 : place_net_use(ctx, p->network, told->address, &why);
	if (used < 0 && why.code == ERR_INTERRUPT)
		return err_set(e, ERR_INTERRUPT, "%s", why.msg);
	str_printf(message, ", %s", told->address);
	if (used <= 0)
		str_printf(message, " from the next boot on%s%s", why.msg ? ": " : "",
			   why.msg ? why.msg : "");
	return used > 0;
}

static int take(const struct ctx *ctx, const struct place *p, const struct reply *told,
		struct str *message, struct err *e)
{
	autofree char *line = line_of(told);
	int has = has_address(ctx, told, e);
	bool new_address = told->address && !has;
	int changed = has < 0 ? -1 : set_files(ctx, p, told, new_address, message, e);
	int used = changed < 0 ? -1 : new_address ? use(ctx, p, told, message, e) : 1;
	if (used < 0)
		return -1;
	int taken = used ? root_replace(ctx, TAKEN, line, strlen(line), 0644, e) : 0;
	return taken < 0 ? -1 : changed || taken;
}

int place_is_due(const struct ctx *ctx, struct err *e)
{
	auto_place p = {0};
	auto_reply told = {.munge = STR_SECRET};
	int there = load(ctx, &p, e);
	int known = there > 0 ? read_told(ctx, &told, e) : there;
	int taken = known > 0 ? is_taken(ctx, &told, e) : 0;
	return known < 0 || taken < 0 ? -1 : known && !taken;
}

int place_take(const struct ctx *ctx, struct str *message, struct err *e)
{
	auto_place p = {0};
	auto_reply told = {.munge = STR_SECRET};
	int there = load(ctx, &p, e);
	int known = there > 0 ? read_told(ctx, &told, e) : there;
	int taken = known > 0 ? is_taken(ctx, &told, e) : 0;
	if (known < 0 || taken < 0)
		return -1;
	if (known && !taken)
		return take(ctx, &p, &told, message, e);
	str_puts(message, !there   ? "the card is a planned node's"
			  : !known ? "the master has not given it one yet"
				   : told.name);
	return 0;
}

void place_complete(const struct ctx *ctx, struct settings *s)
{
	auto_place p = {0};
	auto_reply told = {.munge = STR_SECRET};
	auto_err ignored = ERR_INIT;
	if (s->hostname || load(ctx, &p, &ignored) <= 0 || read_told(ctx, &told, &ignored) <= 0)
		return;
	s->hostname = steal(&told.name);
	s->address = steal(&told.address);
}
