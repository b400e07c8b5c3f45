/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Is it the node that the registry takes it for, and are its keys? */
#include <string.h>
#include <time.h>

#include "doctor.h"
#include "mem.h"
#include "sshkey.h"

void look_name(struct doctor *d, const struct answer *v)
{
	const char *name = v->record->name, *is = v->vitals.hostname;
	autofree char *ip = record_ip(v->record);
	if (is && (strncmp(is, name, strlen(name)) != 0 || !strchr(".", is[strlen(name)])))
		doctor_find(d, v, FINDING_ERROR, xasprintf("calls itself '%s'", is),
			    xasprintf("ssh -t %s sudo hostnamectl set-hostname %s", name, name));
	autofree char *has = strv_join(&v->vitals.addresses, ", ");
	if (ip && v->vitals.addresses.n && !strv_has(&v->vitals.addresses, ip))
		doctor_find(d, v, FINDING_WARNING, xasprintf("has not %s, but %s", ip, has),
			    xasprintf("ssh %s ip address", name));
}

/* A node's certificate is made with its image. */
static char *make_anew(const struct answer *v)
{
	return xasprintf("mkimage --profile %s --node %lld", v->record->role, v->record->number);
}

/* What is wrong with its certificate; NULL: nothing. */
static const char *judge_cert(const struct doctor *d, const struct vitals *v)
{
	auto_str bytes = STR_INIT, ca = STR_INIT;
	struct sshcert c;
	if (!v->host_cert)
		return "has no certificate of the cluster";
	if (!sshkey_decode(v->host_cert, &bytes) || !sshcert_parse(blob_of(&bytes), &c) ||
	    blob_number(c.kind) != SSHCERT_HOST)
		return "its certificate is none of a host";
	autofree char *key = sshcert_public(&c);
	if (!strv_has(&v->host_keys, key))
		return "its certificate is of another key than its own";
	if (!sshkey_decode(d->view->host_ca, &ca) || !blob_is_equal(c.ca, blob_of(&ca)))
		return "its certificate is signed by another CA than the cluster's";
	if (blob_number(c.before) < (uint64_t)time(NULL))
		return "its certificate has run out";
	return NULL;
}

/* A board that came with a join card has no certificate: others know it by its very key. */
static bool is_unsigned(const struct answer *v)
{
	const char *registered = v->record->facts.host_key;
	return registered && !v->record->issue && !v->vitals.host_cert &&
	       strv_has(&v->vitals.host_keys, registered);
}

void look_host_key(struct doctor *d, const struct answer *v)
{
	const char *registered = v->record->facts.host_key;
	if (registered && !strv_has(&v->vitals.host_keys, registered))
		doctor_find(d, v, FINDING_ERROR,
			    xstrdup("its host key is not the one that it registered with"),
			    xasprintf("nodectl status %s", v->record->name));
	const char *wrong = d->view->host_ca && !is_unsigned(v) ? judge_cert(d, &v->vitals) : NULL;
	if (wrong)
		doctor_find(d, v, v->vitals.host_cert ? FINDING_ERROR : FINDING_WARNING,
			    xstrdup(wrong), make_anew(v));
}

void look_secrets(struct doctor *d, const struct answer *v)
{
	strv_foreach (path, &v->vitals.readable)
		doctor_find(d, v, FINDING_ERROR, xasprintf("everybody can read '%s'", *path),
			    xasprintf("ssh -t %s sudo chmod go= %s", v->record->name,
				      doctor_word(*path, "PATH")));
}
