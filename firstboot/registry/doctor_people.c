/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Users and who may become root, compared with those of another node. */
#include <string.h>

#include "doctor.h"
#include "mem.h"

static const struct person *find_name(const struct vitals *v, const char *name)
{
	for (size_t i = 0; i < v->n_people; i++) {
		if (strcmp(v->people[i].name, name) == 0)
			return &v->people[i];
	}
	return NULL;
}

static const struct person *find_uid(const struct vitals *v, long long uid)
{
	for (size_t i = 0; i < v->n_people; i++) {
		if (v->people[i].uid == uid)
			return &v->people[i];
	}
	return NULL;
}

/* Both nodes have one of that name. */
static void compare(struct doctor *d, const struct answer *v, const struct person *here,
		    const struct person *there, const char *other)
{
	const char *node = v->record->name, *name = doctor_word(here->name, "USER");
	if (here->uid != there->uid)
		doctor_find(d, v, FINDING_ERROR,
			    xasprintf("'%s' has the UID %lld, and %lld on %s", here->name,
				      here->uid, there->uid, other),
			    xasprintf("ssh -t %s sudo usermod -u %lld %s", node, there->uid, name));
	else if (here->gid != there->gid)
		doctor_find(d, v, FINDING_ERROR,
			    xasprintf("'%s' has the GID %lld, and %lld on %s", here->name,
				      here->gid, there->gid, other),
			    xasprintf("ssh -t %s sudo usermod -g %lld %s", node, there->gid, name));
}

static void lacks(struct doctor *d, const struct answer *v, const struct person *p,
		  const char *other)
{
	doctor_find(d, v, FINDING_WARNING, xasprintf("'%s' of %s is not here", p->name, other),
		    xasprintf("ssh -t %s sudo useradd -m -u %lld %s", v->record->name, p->uid,
			      doctor_word(p->name, "USER")));
}

static void is_alone(struct doctor *d, const struct answer *v, const struct person *p,
		     const struct answer *other)
{
	const struct person *owner = find_uid(&other->vitals, p->uid);
	const char *name = doctor_word(p->name, "USER"), *node = other->record->name;
	if (owner)
		doctor_find(
			d, v, FINDING_ERROR,
			xasprintf("'%s' has the UID %lld, which is that of '%s' on %s", p->name,
				  p->uid, owner->name, node),
			xasprintf("ssh -t %s sudo usermod -u NUMBER %s", v->record->name, name));
	else
		doctor_find(d, v, FINDING_WARNING, xasprintf("'%s' is not on %s", p->name, node),
			    xasprintf("ssh %s getent passwd %s", v->record->name, name));
}

/* Neither list is cut? */
static bool are_whole(const struct answer *v, const struct answer *other, const char *word)
{
	return other && !strv_has(&v->vitals.cut, word) && !strv_has(&other->vitals.cut, word);
}

void look_users(struct doctor *d, const struct answer *v)
{
	const struct answer *other = doctor_reference(d);
	if (v == other || !are_whole(v, other, "user"))
		return;
	const struct vitals *here = &v->vitals, *there = &other->vitals;
	for (size_t i = 0; i < there->n_people; i++) {
		const struct person *p = find_name(here, there->people[i].name);
		if (p)
			compare(d, v, p, &there->people[i], other->record->name);
		else
			lacks(d, v, &there->people[i], other->record->name);
	}
	for (size_t i = 0; i < here->n_people; i++) {
		if (!find_name(there, here->people[i].name))
			is_alone(d, v, &here->people[i], other);
	}
}

void look_sudo(struct doctor *d, const struct answer *v)
{
	const struct answer *other = doctor_reference(d);
	const char *node = v->record->name;
	if (!v->vitals.sudo)
		doctor_find(d, v, FINDING_WARNING,
			    xstrdup("no sudo that works for others than root"),
			    xasprintf("ssh root@%s apt install sudo", node));
	if (!are_whole(v, other, "sudoer"))
		return;
	for (size_t i = 0; i < other->vitals.sudoers.n; i++) {
		const char *name = other->vitals.sudoers.v[i];
		if (!strv_has(&v->vitals.sudoers, name))
			doctor_find(d, v, FINDING_WARNING,
				    xasprintf("'%s' may become root on %s, and not here", name,
					      other->record->name),
				    xasprintf("ssh -t %s sudo usermod -aG sudo %s", node,
					      doctor_word(name, "USER")));
	}
	for (size_t i = 0; i < v->vitals.sudoers.n; i++) {
		const char *name = v->vitals.sudoers.v[i];
		if (!strv_has(&other->vitals.sudoers, name))
			doctor_find(d, v, FINDING_WARNING,
				    xasprintf("'%s' may become root here, and not on %s", name,
					      other->record->name),
				    xasprintf("ssh -t %s sudo gpasswd -d %s sudo", node,
					      doctor_word(name, "USER")));
	}
}
