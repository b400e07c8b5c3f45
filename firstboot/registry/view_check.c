/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What root makes files of was written by the user that boards log in as: nothing is taken that has
 * not the grammar by which it came in.
 */
#include <string.h>

#include "mac.h"
#include "mem.h"
#include "protocol/request.h"
#include "roster.h"
#include "sshkey.h"
#include "validate.h"
#include "view.h"

static int damaged(const char *what, const struct err *why, struct err *e)
{
	return err_set(e, ERR_IMAGE, "registry: %s: %s; restore a backup", what, why->msg);
}

/* As import wrote it: the words of the plan, one blank between them. */
static int check_setting(const char *name, const char *value, struct err *e)
{
	auto_err why = ERR_INIT;
	auto_strv words = {0};
	strv_split(&words, value, " \t");
	autofree char *plain = strv_join(&words, " ");
	int r = strcmp(plain, value) == 0 ? roster_check(name, value, &why)
					  : err_set(&why, ERR_IMAGE, "blanks of another's");
	return r < 0 ? damaged(name, &why, e) : 0;
}

static int check_settings(const struct view *v, struct err *e)
{
	const struct {
		const char *name, *value;
	} texts[] = {{"cluster", v->cluster}, {"master", v->master}, {"host-ca", v->host_ca}};
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		const char *value = texts[i].value;
		if (value && *value && check_setting(texts[i].name, value, e) < 0)
			return -1;
	}
	strv_foreach (value, &v->exports) {
		if (check_setting("export", *value, e) < 0)
			return -1;
	}
	strv_foreach (value, &v->hardware) {
		if (check_setting("hardware", *value, e) < 0)
			return -1;
	}
	return 0;
}

static int check_names(const struct record *r, struct err *e)
{
	const struct {
		const char *value;
		int (*check)(const char *, struct err *);
	} texts[] = {{r->role, validate_username},
		     {r->plan_name, validate_node_name},
		     {r->name, validate_node_name},
		     {r->address, validate_cidr},
		     {r->key, sshkey_check}};
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		if (texts[i].value && texts[i].check(texts[i].value, e) < 0)
			return -1;
	}
	if (record_is_node(r) && (!r->role || !r->name))
		return err_set(e, ERR_IMAGE, "a node without role or name");
	return 0;
}

static int check_field(const struct field *f, const void *value, struct err *e)
{
	if (f->type == FIELD_NUMBER) {
		long long number = *(const long long *)value; /* 0: not said */
		return number ? field_check_number(f, number, e) : 0;
	}
	const char *text = *(char *const *)value;
	return text ? field_check_text(f, text, strlen(text), e) : 0;
}

static int check_facts(const struct facts *facts, struct err *e)
{
	for (const struct field *f = request_fields; f->name; f++) {
		const char *value = (const char *)facts + f->offset -
				    offsetof(struct request, facts);
		if (f->keep != FIELD_PASSING && check_field(f, value, e) < 0)
			return -1;
	}
	for (size_t i = 0; i < facts->n_nics; i++) {
		for (const struct field *f = nic_fields; f->name; f++) {
			if (check_field(f, (const char *)&facts->nics[i] + f->offset, e) < 0)
				return -1;
		}
		if (!mac_is_valid(facts->nics[i].mac))
			return err_set(e, ERR_IMAGE, "an address of a network device that is none");
	}
	return 0;
}

static int check_revoked(const struct view *v, struct err *e)
{
	for (size_t i = 0; i < v->revoked.n; i++) {
		auto_err why = ERR_INIT;
		autofree char *label = xasprintf("revoked host key of record %lld",
						 v->revoked.v[i].record);
		if (sshkey_check(v->revoked.v[i].host_key, &why) < 0)
			return damaged(label, &why, e);
	}
	return 0;
}

int view_check(const struct view *v, struct err *e)
{
	if (check_settings(v, e) < 0 || check_revoked(v, e) < 0)
		return -1;
	for (size_t i = 0; i < v->all.n; i++) {
		const struct record *r = &v->all.v[i];
		auto_err why = ERR_INIT;
		autofree char *label = xasprintf("record %lld", r->id);
		if (check_names(r, &why) < 0 || check_facts(&r->facts, &why) < 0)
			return damaged(label, &why, e);
	}
	return 0;
}
