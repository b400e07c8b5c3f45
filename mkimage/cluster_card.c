/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a node registers with on the master (docs/registration.md): a key of its own, signed by the
 * cluster's enrolment CA with the key id "node NAME"; boards that nobody planned have one key for
 * all of a role, "join ROLE".  The certificate's serial counts the cards of one key id from 1.
 */
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cluster_private.h"
#include "io.h"
#include "mem.h"
#include "validate.h"

#define CA "enrol-ca"
/*
 * The master's sshd checks this signature several times in a visit, and OpenSSH's own code for
 * ed25519 is much slower at it than OpenSSL's for nistp256.  A CA that is there stays what it is.
 */
#define CA_KIND "ecdsa"
#define CERT_MAX_BYTES (64u << 10)
#define PRINCIPAL "cardstock" /* the user whom boards log in as */
#define JOIN "join-"	      /* with the role: the card's name in keys/ */

static const struct section *registry_section(const struct member *m)
{
	return profile_next(m->profile, "nodectl", NULL);
}

static const struct member *registry_member(const struct cluster *c)
{
	for (size_t i = 0; i < c->n_members; i++) {
		if (registry_section(&c->members[i]))
			return &c->members[i];
	}
	return NULL;
}

const struct node *cluster_registry(const struct cluster *c)
{
	const struct member *m = registry_member(c);
	return m ? &m->nodes[0] : NULL;
}

bool cluster_has_card(const struct cluster *c, const struct node *n)
{
	const struct member *registry = registry_member(c), *own = cluster_member(c, n->role);
	return registry && own && own != registry && profile_bool(own->profile, "firstboot");
}

int card_check_registry(const struct cluster *c, struct err *e)
{
	const struct member *registry = registry_member(c);
	if (!registry)
		return 0;
	struct loc loc = registry_section(registry)->loc;
	if (registry->n_nodes != 1)
		return err_at(e, loc,
			      "nodectl: the cluster has one registry, but role '%s' plans %zu "
			      "nodes; move the section to the profile of the master",
			      profile_str(registry->profile, "role"), registry->n_nodes);
	if (!registry->nodes[0].address)
		return err_at(e, loc,
			      "nodectl: '%s' has no planned address for boards to register at; set "
			      "the key address in its profile",
			      registry->nodes[0].hostname);
	for (const struct member *m = registry + 1; m < c->members + c->n_members; m++) {
		const struct section *second = registry_section(m);
		if (second)
			return err_at(
				e, second->loc,
				"nodectl: the cluster has one registry, but %s:%d is another; "
				"take one of them out",
				loc.file, loc.line);
	}
	return 0;
}

static void close_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static bool any_join_card(const struct cluster *c)
{
	for (size_t i = 0; i < c->n_members; i++) {
		autofree char *card = xasprintf("keys/" JOIN "%s",
						profile_str(c->members[i].profile, "role"));
		if (cluster_has(c, card))
			return true;
	}
	return false;
}

/* Was a card ever made? */
static bool any_card(const struct cluster *c)
{
	autofree char *path = path_join(c->dir, "nodes");
	__attribute__((cleanup(close_dir))) DIR *dir = opendir(path);
	for (struct dirent *d; dir && (d = readdir(dir));) {
		autofree char *card = xasprintf("nodes/%s/card", d->d_name);
		if (cluster_has(c, card))
			return true;
	}
	return any_join_card(c);
}

/* The master knows the CA that is on its card: a new one's cards would be strangers to it. */
int card_make_ca(const struct cluster *c, struct err *e)
{
	autofree char *path = path_join(c->dir, "keys/" CA);
	autofree char *comment = xasprintf(CA "@%s", c->name);
	if (!cluster_registry(c))
		return 0;
	if (access(path, F_OK) < 0 && errno == ENOENT && any_card(c))
		return err_set(e, ERR_PROFILE,
			       "'%s' is gone, but cards were signed with it; restore it from a "
			       "backup, or remove '%s/nodes/*/card*' and '%s/keys/" JOIN "*' and "
			       "make the images of all nodes anew",
			       path, c->dir, c->dir);
	return keys_ensure(path, CA_KIND, comment, e);
}

char *cluster_card_file(const struct node *n, const char *suffix)
{
	return n->unplanned ? xasprintf("keys/" JOIN "%s%s", n->role, suffix)
			    : xasprintf("nodes/%s/card%s", n->hostname, suffix);
}

static char *card_path(const struct cluster *c, const struct node *n)
{
	autofree char *file = cluster_card_file(n, "");
	return path_join(c->dir, file);
}

/* Serial of the certificate that is there; 0: there is none. */
static uint64_t last_serial(const char *key)
{
	autofree char *path = xasprintf("%s-cert.pub", key);
	auto_str text = STR_INIT;
	auto_err ignored = ERR_INIT;
	return io_read_file(path, CERT_MAX_BYTES, &text, &ignored) < 0
		       ? 0
		       : cert_serial(str_text(&text));
}

/* A certificate of another key is that of the card before: so a run that was killed is continued.
 */
static int ensure_cert(const struct cluster *c, const struct node *n, const char *key,
		       struct err *e)
{
	auto_strv principals = {0};
	autofree char *id = n->unplanned ? xasprintf("join %s", n->role)
					 : xasprintf("node %s", n->hostname);
	strv_add(&principals, PRINCIPAL);
	const struct signing s = {.ca = CA,
				  .id = id,
				  .principals = &principals,
				  .key = key,
				  .serial = last_serial(key) + 1};
	return keys_is_signed(c, &s) ? 0 : keys_sign(c, &s, e);
}

int card_issue(const struct cluster *c, const struct node *n, struct err *e)
{
	autofree char *key = card_path(c, n), *comment = xasprintf("card@%s", n->hostname);
	return keys_ensure(key, KEYS_KIND, comment, e) < 0 ? -1 : ensure_cert(c, n, key, e);
}

/* The former card may be in the wrong hands, and its host key with it. */
int cluster_renew_card(const struct cluster *c, const struct node *n, struct err *e)
{
	if (!n->unplanned && keys_renew_host(c, n, e) < 0)
		return -1;
	autofree char *key = card_path(c, n), *comment = xasprintf("card@%s", n->hostname);
	return keys_renew(key, KEYS_KIND, comment, e) < 0 ? -1 : ensure_cert(c, n, key, e);
}

/* ---- boards that nobody planned ---- */

char *cluster_newcomer_name(const char *role)
{
	return xasprintf("%s-join", role);
}

/* Does the registry let boards of that role in, and do they ask it? */
static int check_join(const struct cluster *c, const struct member *m, struct err *e)
{
	const struct member *registry = registry_member(c);
	const char *role = profile_str(m->profile, "role");
	if (!registry)
		return err_at(e, profile_get(m->profile, "members")->loc,
			      "--generic: no member of the cluster registers boards; write "
			      "nodectl { join = %s } in the profile of the master",
			      role);
	const struct section *s = registry_section(registry);
	const struct value *join = section_get(s, "join");
	if (!join->str || strcmp(join->str, role) != 0)
		return err_at(
			e, join->str ? join->loc : s->loc,
			"--generic: the master turns away boards that nobody planned as '%s'; "
			"write nodectl { join = %s } here",
			role, role);
	if (m == registry || !profile_bool(m->profile, "firstboot"))
		return err_at(
			e, profile_get(m->profile, "firstboot")->loc,
			"--generic: nodes of role '%s' do not register; set firstboot = true, "
			"in a profile that is not the master's",
			role);
	return 0;
}

static int check_name(const struct cluster *c, const char *name, struct loc loc, struct err *e)
{
	auto_planned l = planned_by_name(c);
	auto_err judged = ERR_INIT;
	if (validate_node_name(name, &judged) < 0)
		return err_at(e, loc, "--generic: %s", judged.msg);
	if (planned_find_name(&l, name))
		return err_at(e, loc,
			      "--generic: a planned node is called '%s'; give it another name",
			      name);
	return 0;
}

int cluster_newcomer(struct cluster *c, const char *role, const struct node **ret, struct err *e)
{
	const struct member *m = cluster_member(c, role);
	autofree char *name = cluster_newcomer_name(role);
	if (check_join(c, m, e) < 0 ||
	    check_name(c, name, profile_get(m->profile, "role")->loc, e) < 0)
		return -1;
	if (!c->newcomer.hostname)
		c->newcomer = (struct node){
			.role = xstrdup(role), .hostname = steal(&name), .unplanned = true};
	*ret = &c->newcomer;
	return 0;
}
