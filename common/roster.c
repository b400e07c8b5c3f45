/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "mac.h"
#include "mem.h"
#include "roster.h"
#include "sshkey.h"
#include "validate.h"

/* Split value into exactly n words. */
static int words(const char *value, size_t n, const char *wanted, struct strv *ret, struct err *e)
{
	strv_split(ret, value, " \t");
	if (ret->n == n)
		return 0;
	return err_set(e, ERR_PROFILE, "'%s' should be '%s'", value, wanted);
}

static int check_count(const char *text, struct err *e)
{
	long long n;
	if (parse_number(text, 1, 1 << 24, &n))
		return 0;
	return err_set(e, ERR_PROFILE, "'%s' is not a number from 1 to %d", text, 1 << 24);
}

/* A path as fstab(5) and exports(5) have it: blanks are written \040. */
static int check_path(const char *path, struct err *e)
{
	if (validate_abspath(path, e) < 0)
		return -1;
	if (strpbrk(path, "\"#"))
		return err_set(e, ERR_PROFILE, "'%s': '\"' and '#' are written \\042 and \\043",
			       path);
	return 0;
}

/* A name or an address of a server. */
static int check_host(const char *text, struct err *e)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789.:-";
	size_t len = strlen(text);
	if (len && len < 254 && !text[strspn(text, allowed)])
		return 0;
	return err_set(e, ERR_PROFILE, "'%s' is not a host's name or address", text);
}

static int check_mount(const char *value, struct err *e)
{
	auto_strv w = {0};
	if (words(value, 2, "HOST:PATH PATH", &w, e) < 0)
		return -1;
	char *colon = strchr(w.v[0], ':');
	if (!colon)
		return err_set(e, ERR_PROFILE, "'%s' should be 'HOST:PATH PATH'", value);
	autofree char *host = xstrndup(w.v[0], (size_t)(colon - w.v[0]));
	return check_host(host, e) < 0 || check_path(colon + 1, e) < 0 ? -1 : check_path(w.v[1], e);
}

static int check_export(const char *value, struct err *e)
{
	auto_strv w = {0};
	if (words(value, 2, "PATH ro|rw", &w, e) < 0 || check_path(w.v[0], e) < 0)
		return -1;
	if (strcmp(w.v[1], "ro") == 0 || strcmp(w.v[1], "rw") == 0)
		return 0;
	return err_set(e, ERR_PROFILE, "'%s' should be 'PATH ro|rw'", value);
}

static int check_hardware(const char *value, struct err *e)
{
	auto_strv w = {0};
	if (words(value, 3, "ROLE CPUS MIB", &w, e) < 0 || validate_username(w.v[0], e) < 0)
		return -1;
	return check_count(w.v[1], e) < 0 ? -1 : check_count(w.v[2], e);
}

static int check_pin(const char *value, struct err *e)
{
	auto_strv w = {0};
	if (words(value, 2, "MAC NAME", &w, e) < 0)
		return -1;
	if (mac_is_valid(w.v[0]))
		return validate_node_name(w.v[1], e);
	return err_set(e, ERR_PROFILE, "'%s' is not a MAC such as dc:a6:32:01:02:03", w.v[0]);
}

static int check_node(const char *value, struct err *e)
{
	auto_strv w = {0};
	if (words(value, 4, "ROLE NUMBER NAME ADDRESS/PREFIX", &w, e) < 0 ||
	    validate_username(w.v[0], e) < 0 || check_count(w.v[1], e) < 0 ||
	    validate_node_name(w.v[2], e) < 0)
		return -1;
	return strcmp(w.v[3], "-") == 0 ? 0 : validate_cidr(w.v[3], e);
}

#define ROW(type, name, field, check, help)                                       \
	{                                                                         \
		name, help, CONF_##type, offsetof(struct roster, field), 0, check \
	}

const struct conf_key roster_keys[] = {
	CONF_ROW_VERSION(struct roster, version, ROSTER_VERSION),
	ROW(TEXT, "cluster", cluster, validate_hostname, "name of the cluster"),
	ROW(TEXT, "master", master, validate_node_name, "name of the node that this file is on"),
	ROW(TEXT, "host-ca", host_ca, sshkey_check,
	    "public key of the CA that signed the planned nodes' host keys"),
	ROW(TEXT, "join", join, validate_username,
	    "role of boards with a join card; without it none may join"),
	ROW(BOOL, "slurm", slurm, NULL, "yes: the nodes are told that the master runs Slurm"),
	ROW(BOOL, "munge", munge, NULL, "yes: the nodes are given a munge key"),
	ROW(LIST, "ntp", ntp, check_host, "HOST: time server of the nodes; may be repeated"),
	ROW(LIST, "mount", mounts, check_mount,
	    "HOST:PATH PATH: what the nodes mount; may be repeated"),
	ROW(LIST, "export", exports, check_export,
	    "PATH ro|rw: what the master serves to each node; may be repeated"),
	ROW(LIST, "hardware", hardware, check_hardware,
	    "ROLE CPUS MIB: what Slurm may expect of a node; may be repeated"),
	ROW(LIST, "pin", pins, check_pin,
	    "MAC NAME: a board that joins with this address gets that name; may be repeated"),
	ROW(LIST, "node", nodes, check_node,
	    "ROLE NUMBER NAME ADDRESS/PREFIX, '-' for no address: a planned node; repeated"),
	{0},
};

int roster_check(const char *key, const char *value, struct err *e)
{
	const struct conf_key *k = roster_keys;
	while (strcmp(k->name, key) != 0)
		k++;
	return k->check(value, e);
}

/* What has to be there whatever else is. */
static int check_whole(const struct roster *p, const char *what, struct err *e)
{
	const char *missing = !p->cluster   ? "cluster"
			      : !p->master  ? "master"
			      : !p->nodes.n ? "node"
					    : NULL;
	return missing ? err_set(e, ERR_PROFILE, "%s: no '%s' in it", what, missing) : 0;
}

int roster_parse(const char *text, size_t len, const char *what, struct roster *ret, struct err *e)
{
	auto_roster p = {0};
	if (conf_parse(roster_keys, text, len, what, &p, e) < 0 || check_whole(&p, what, e) < 0)
		return -1;
	*ret = p;
	p = (struct roster){0};
	return 0;
}

void roster_done(struct roster *p)
{
	conf_done(roster_keys, p);
	*p = (struct roster){0};
}
