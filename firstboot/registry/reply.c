/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "json.h"
#include "mem.h"
#include "reply.h"
#include "protocol/request.h"
#include "roster.h"
#include "secret.h"

const char *const reply_names[REPLIES] = {
	[REPLY_ACCEPTED] = "accepted", [REPLY_CONFIRM] = "confirm",
	[REPLY_PENDING] = "pending",   [REPLY_QUARANTINED] = "quarantined",
	[REPLY_BUSY] = "busy",	       [REPLY_REFUSED] = "refused",
};

static void begin(enum reply_result result, struct str *out)
{
	str_printf(out, "{\"version\":%d", REQUEST_VERSION);
	json_field(out, "result", reply_names[result]);
}

void reply_other(enum reply_result result, const char *name, const char *reason, struct str *out)
{
	begin(result, out);
	if (name)
		json_field(out, "name", name);
	json_field(out, "reason", reason);
	str_puts(out, "}\n");
}

static void add_list(struct str *out, const char *name, const struct strv *values)
{
	str_printf(out, ",\"%s\":[", name);
	for (size_t i = 0; i < values->n; i++) {
		str_puts(out, i ? "," : "");
		json_add_string(out, values->v[i], strlen(values->v[i]));
	}
	str_puts(out, "]");
}

/* Settings of the plan that the nodes are told as they are. */
static int add_settings(struct store *s, struct str *out, struct err *e)
{
	static const struct {
		const char *setting, *field;
	} lists[] = {{"ntp", "ntp"}, {"mount", "mounts"}};
	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
		auto_strv values = {0};
		if (store_setting(s, lists[i].setting, &values, e) < 0)
			return -1;
		add_list(out, lists[i].field, &values);
	}
	return 0;
}

static int add_slurm(struct store *s, const char *master, struct str *out, struct err *e)
{
	autofree char *slurm = NULL;
	if (store_setting_text(s, "slurm", &slurm, e) < 0)
		return -1;
	autofree char *server = slurm && master ? xasprintf("%s:%d", master, SLURM_PORT) : NULL;
	json_field(out, "slurm", server);
	return 0;
}

static int add_secrets(struct store *s, struct str *out, struct err *e)
{
	auto_str munge = STR_SECRET;
	int there = secret_get(s, SECRET_MUNGE, &munge, e);
	if (there < 0)
		return -1;
	str_puts(out, ",\"secrets\":{");
	if (there)
		json_field(out, SECRET_MUNGE, str_text(&munge));
	str_puts(out, "}");
	return 0;
}

int reply_accept(struct store *s, const struct record *node, long long pause, struct str *out,
		 struct err *e)
{
	autofree char *cluster = NULL, *master = NULL;
	long long generation;
	if (store_setting_text(s, "cluster", &cluster, e) < 0 ||
	    store_setting_text(s, "master", &master, e) < 0 ||
	    store_generation(s, &generation, e) < 0)
		return -1;
	begin(REPLY_ACCEPTED, out);
	json_field(out, "name", node->name);
	json_field(out, "address", node->address);
	json_field(out, "role", node->role);
	json_field(out, "cluster", cluster);
	json_field(out, "master", master);
	if (add_settings(s, out, e) < 0 || add_slurm(s, master, out, e) < 0 ||
	    add_secrets(s, out, e) < 0)
		return -1;
	if (pause)
		str_printf(out, ",\"pause\":%lld", pause);
	str_printf(out, ",\"generation\":%lld}\n", generation);
	return 0;
}
