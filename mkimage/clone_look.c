/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "clone_look.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>

#include "edit.h"
#include "identity.h"
#include "mem.h"
#include "plan_private.h"

#define FILE_SIZE_MAX (1u << 20) /* settings are smaller */
#define NOTES_MAX 20
#define HOSTS "/etc/hosts"

/* Where settings and secrets are; caches, packages and logs are none. */
static const char *const places[] = {"/boot", "/etc",	    "/opt",	"/root",
				     "/srv",  "/usr/local", "/var/lib", "/var/spool"};
static const char *const skipped[] = {"/var/lib/apt", "/var/lib/dpkg", "/var/lib/docker",
				      "/var/lib/containerd"};
/* Users' keys are theirs, wherever they log in. */
static const char *const machine_places[] = {"/etc/", "/var/lib/"};

/* Where the stacks that set up networks keep their settings: files, and all in directories. */
static const char *const networks[] = {
	"/etc/network/interfaces",
	"/etc/network/interfaces.d",
	"/etc/systemd/network",
	"/etc/dhcpcd.conf",
	"/etc/NetworkManager/system-connections",
	"/etc/netplan",
};

struct needle {
	char *text;
	const char *what;
};

struct look {
	struct plan_ctx *ctx;
	char *name; /* of the source; "": it has none */
	struct needle needles[64];
	size_t n_needles;
	size_t found;
};

static void look_done(struct look *l)
{
	for (size_t i = 0; i < l->n_needles; i++)
		free(l->needles[i].text);
	free(l->name);
}

static void add_needle(struct look *l, const char *text, size_t len, const char *what)
{
	if (len < 4 || l->n_needles == sizeof(l->needles) / sizeof(*l->needles))
		return;
	l->needles[l->n_needles++] = (struct needle){xstrndup(text, len), what};
}

/* A file as it is on the source; "" where there is none. */
static int read_source(const struct look *l, const char *path, struct str *ret, struct err *e)
{
	struct fs_stat st;
	if (tree_stat_follow(l->ctx->tree, path, &st, e) < 0)
		return -1;
	if (st.type != FILE_REGULAR || st.size > FILE_SIZE_MAX)
		return 0;
	return tree_read(l->ctx->tree, path, FILE_SIZE_MAX, ret, e);
}

/* Its first word, owned. */
static int read_word(const struct look *l, const char *path, char **ret, struct err *e)
{
	auto_str text = STR_INIT;
	if (read_source(l, path, &text, e) < 0)
		return -1;
	*ret = xstrndup(str_text(&text), strcspn(str_text(&text), " \t\r\n"));
	return 0;
}

static int add_names(struct look *l, struct err *e)
{
	autofree char *id = NULL;
	if (read_word(l, "/etc/hostname", &l->name, e) < 0 ||
	    read_word(l, "/etc/machine-id", &id, e) < 0)
		return -1;
	add_needle(l, l->name, strlen(l->name), "the name");
	add_needle(l, id, strlen(id), "the machine id");
	return 0;
}

/* The one that the cluster planned for it. */
static void add_planned_address(struct look *l)
{
	const struct cluster *c = l->ctx->cluster;
	for (size_t i = 0; i < c->n_members; i++) {
		for (size_t j = 0; j < c->members[i].n_nodes; j++) {
			const struct node *n = &c->members[i].nodes[j];
			if (n->address && strcmp(n->hostname, l->name) == 0)
				add_needle(l, n->address, strlen(n->address), "an address");
		}
	}
}

/*
 * The words of a line that are addresses of an interface: "10.0.0.5/24", or behind the word
 * address, as ifupdown has it.
 */
static void add_addresses_of(struct look *l, char *line)
{
	static const char *const others[] = {"oute", "estination", "to:", "#"};
	auto_strv words = {0};
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		if (strstr(line, others[i]))
			return;
	}
	strv_split(&words, line, " \t\r=,;[]'\"");
	for (size_t i = 0; i < words.n; i++) {
		struct in_addr parsed;
		size_t len = strcspn(words.v[i], "/");
		bool meant = words.v[i][len] || (i && strcmp(words.v[i - 1], "address") == 0);
		autofree char *address = xstrndup(words.v[i], len);
		if (meant && inet_pton(AF_INET, address, &parsed) == 1 &&
		    !str_starts(address, "127."))
			add_needle(l, address, len, "an address");
	}
}

static int add_addresses(struct look *l, const char *path, struct err *e)
{
	auto_str text = STR_SECRET; /* of a radio the password, too */
	auto_strv lines = {0};
	if (read_source(l, path, &text, e) < 0)
		return -1;
	strv_split(&lines, str_text(&text), "\n");
	strv_foreach (line, &lines)
		add_addresses_of(l, *line);
	return 0;
}

static int add_static_addresses(struct look *l, struct err *e)
{
	for (size_t i = 0; i < sizeof(networks) / sizeof(*networks); i++) {
		auto_strv names = {0};
		struct fs_stat st;
		if (tree_stat_follow(l->ctx->tree, networks[i], &st, e) < 0)
			return -1;
		if (st.type != FILE_DIR && add_addresses(l, networks[i], e) < 0)
			return -1;
		if (st.type == FILE_DIR && plan_list(l->ctx, networks[i], &names, e) < 0)
			return -1;
		strv_foreach (name, &names) {
			autofree char *path = path_join(networks[i], *name);
			if (add_addresses(l, path, e) < 0)
				return -1;
		}
	}
	return 0;
}

static void add_ids(struct look *l)
{
	const struct plan_ctx *ctx = l->ctx;
	auto_disk *want = identity_want(ctx->identity, ctx->cluster, ctx->node->hostname);
	autofree struct id_change *changes = NULL;
	size_t n = identity_compare(ctx->identity->disk, want, &changes);
	for (size_t i = 0; i < n; i++)
		add_needle(l, changes[i].from, strlen(changes[i].from), "an id");
}

static bool is_part_of_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

static bool has_word(const struct str *text, const char *word)
{
	size_t len = strlen(word);
	const char *begin = str_text(text), *end = begin + text->len;
	for (const char *p = begin; (p = memmem(p, (size_t)(end - p), word, len)); p++) {
		if ((p == begin || !is_part_of_word(p[-1])) &&
		    (p + len == end || !is_part_of_word(p[len])))
			return true;
	}
	return false;
}

static bool is_in(const char *path, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (str_starts(path, list[i]))
			return true;
	}
	return false;
}

static bool holds_key(const char *path, const struct str *text)
{
	static const char mark[] = "PRIVATE KEY-----";
	/* Those of dropbear have no mark. */
	if (str_starts(path, "/etc/dropbear") && str_ends(path, "_host_key"))
		return true;
	return is_in(path, machine_places, sizeof(machine_places) / sizeof(*machine_places)) &&
	       memmem(str_text(text), text->len, mark, sizeof(mark) - 1);
}

static void note(struct look *l, const char *path, const char *what, const char *text)
{
	if (l->found++ < NOTES_MAX)
		plan_note(l->ctx, "%s still has %s of the card that is cloned%s%s", path, what,
			  *text ? ": " : "", text);
}

/* A list of all nodes has the name or the address of the source, and that of the clone as well. */
static bool lists_clone(const struct look *l, const struct str *text)
{
	const struct node *n = l->ctx->node;
	return has_word(text, n->hostname) || (n->address && has_word(text, n->address));
}

static void judge(struct look *l, const char *path, const struct str *text)
{
	for (size_t i = 0; i < l->n_needles; i++) {
		const struct needle *n = &l->needles[i];
		if (has_word(text, n->text) && !lists_clone(l, text)) {
			note(l, path, n->what, n->text);
			return;
		}
	}
	const struct plan_entry *entry = plan_find(l->ctx->plan, path);
	if (holds_key(path, text) && !(entry && entry->change))
		note(l, path, "a private key", "");
}

/*
 * The name of the source in a line of hosts(5), owned; NULL: none.  "pi" or "pi.example.com", also
 * where that is too short to be looked for elsewhere.
 */
static char *name_in(const struct look *l, const char *line)
{
	auto_strv words = {0};
	autofree char *own = xstrndup(line, strcspn(line, "#"));
	size_t len = strlen(l->name);
	strv_split(&words, own, " \t\r");
	for (size_t i = 1; len && i < words.n; i++) {
		const char *word = words.v[i];
		if (strncasecmp(word, l->name, len) == 0 && (!word[len] || word[len] == '.'))
			return xstrdup(word);
	}
	return NULL;
}

/* Behind the block of the cluster's nodes, the source may have names that are its own. */
static int judge_hosts(struct look *l, struct err *e)
{
	auto_str text = STR_INIT, others = STR_INIT;
	auto_strv lines = {0};
	struct fs_stat st;
	if (plan_stat(l->ctx, HOSTS, &st, e) < 0)
		return -1;
	if (st.type != FILE_REGULAR)
		return 0;
	if (plan_read(l->ctx, HOSTS, &text, e) < 0)
		return -1;
	block_set(&others, str_text(&text), "hosts", "");
	strv_split(&lines, str_text(&others), "\n");
	strv_foreach (line, &lines) {
		autofree char *name = name_in(l, *line);
		if (name)
			note(l, HOSTS, "a name", name);
	}
	return 0;
}

static int look_into(struct look *l, const char *path, struct err *e);

static int look_at(struct look *l, const char *path, struct err *e)
{
	struct fs_stat st;
	auto_str text = STR_SECRET;
	if (plan_lstat(l->ctx, path, &st, e) < 0)
		return -1;
	if (st.type == FILE_DIR)
		return look_into(l, path, e);
	if (st.type != FILE_REGULAR || st.size > FILE_SIZE_MAX)
		return 0;
	if (plan_read(l->ctx, path, &text, e) < 0)
		return -1;
	judge(l, path, &text);
	return 0;
}

static int look_into(struct look *l, const char *dir, struct err *e)
{
	auto_strv names = {0};
	if (is_in(dir, skipped, sizeof(skipped) / sizeof(*skipped)))
		return 0;
	if (plan_list(l->ctx, dir, &names, e) < 0)
		return -1;
	strv_foreach (name, &names) {
		autofree char *path = path_join(dir, *name);
		if (look_at(l, path, e) < 0)
			return -1;
	}
	return 0;
}

int clone_look(struct plan_ctx *ctx, struct err *e)
{
	__attribute__((cleanup(look_done))) struct look l = {.ctx = ctx};
	if (add_names(&l, e) < 0 || add_static_addresses(&l, e) < 0)
		return -1;
	add_planned_address(&l);
	add_ids(&l);
	if (judge_hosts(&l, e) < 0)
		return -1;
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		if (look_at(&l, places[i], e) < 0)
			return -1;
	}
	if (l.found > NOTES_MAX)
		plan_note(ctx, "and %zu more files", l.found - NOTES_MAX);
	return 0;
}
