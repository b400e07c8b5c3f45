/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cluster_private.h"
#include "custom/account.h"
#include "io.h"
#include "mem.h"

static bool is_operator(const struct section *s)
{
	return section_bool(s, "operator");
}

static bool may_sudo(const struct section *s)
{
	const char *how = account_sudo(s);
	return how && strcmp(how, "none") != 0;
}

static const struct section *first_user(const struct profile *p,
					bool (*is_wanted)(const struct section *))
{
	const struct section *s = NULL;
	while ((s = profile_next(p, "user", s)) && !is_wanted(s))
		;
	return s;
}

/* Who logs in: the operator, else the first who may become root; NULL: not told. */
static const char *login_name(const struct profile *p)
{
	const struct section *s = first_user(p, is_operator);
	if (!s)
		s = first_user(p, may_sudo);
	return s ? account_section_name(s) : NULL;
}

/* In ssh_config(5) a path is quoted for blanks and has '%' doubled. */
static char *quote_path(const char *path)
{
	auto_str out = STR_INIT;
	str_puts(&out, "\"");
	for (const char *c = path; *c; c++)
		str_printf(&out, "%s%c", *c == '%' ? "%" : "", *c);
	str_puts(&out, "\"");
	return str_steal(&out);
}

static void add_host(const struct node *n, const char *user, const char *key, const char *hosts,
		     struct str *out)
{
	str_printf(out, "\nHost %s\n", n->hostname);
	if (n->address)
		str_printf(out, "\tHostName %s\n", n->address);
	str_printf(out, "\tHostKeyAlias %s\n", n->hostname);
	if (user)
		str_printf(out, "\tUser %s\n", user);
	str_printf(out, "\tIdentityFile %s\n\tIdentitiesOnly yes\n", key);
	str_printf(out, "\tUserKnownHostsFile %s\n\tStrictHostKeyChecking yes\n", hosts);
}

static void format_config(const struct cluster *c, const char *dir, struct str *out)
{
	autofree char *key_path = path_join(dir, "keys/admin");
	autofree char *hosts_path = path_join(dir, "known_hosts");
	autofree char *key = quote_path(key_path), *hosts = quote_path(hosts_path);
	str_printf(out, "# Nodes of %s; mkimage writes this file at each run.\n", c->name);
	for (size_t i = 0; i < c->n_members; i++) {
		const struct member *m = &c->members[i];
		const char *user = login_name(m->profile);
		for (size_t j = 0; j < m->n_nodes; j++)
			add_host(&m->nodes[j], user, key, hosts, out);
	}
}

int cluster_known_hosts(const struct cluster *c, struct str *out, struct err *e)
{
	auto_str text = STR_INIT;
	if (cluster_read(c, "keys/host-ca.pub", &text, e) < 0)
		return -1;
	autofree char *ca = xstrndup(str_text(&text), strcspn(str_text(&text), "\n"));
	for (size_t i = 0; i < c->n_members; i++) {
		for (size_t j = 0; j < c->members[i].n_nodes; j++) {
			auto_strv names = {0};
			cluster_node_names(c, &c->members[i].nodes[j], &names);
			autofree char *list = strv_join(&names, ",");
			str_printf(out, "@cert-authority %s %s\n", list, ca);
		}
	}
	return 0;
}

static int update(const struct cluster *c, const char *name, const struct str *text, struct err *e)
{
	autofree char *path = path_join(c->dir, name);
	return io_update_file(path, str_text(text), text->len, 0600, e) < 0 ? -1 : 0;
}

int cluster_write_ssh(const struct cluster *c, struct err *e)
{
	auto_str config = STR_INIT, hosts = STR_INIT;
	autofree char *dir = realpath(c->dir, NULL);
	if (!dir)
		return err_errno(e, ERR_FAILED, "cluster directory '%s'", c->dir);
	if (cluster_known_hosts(c, &hosts, e) < 0)
		return -1;
	format_config(c, dir, &config);
	return update(c, "known_hosts", &hosts, e) < 0 ? -1 : update(c, "ssh_config", &config, e);
}
