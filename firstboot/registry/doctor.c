/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "doctor.h"

#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "mem.h"

static void look_reach(struct doctor *d, const struct answer *v)
{
	const char *name = v->record->name;
	if (v->reason)
		doctor_find(d, v, FINDING_ERROR, xstrdup(v->reason),
			    xasprintf("ssh -v cardstock-ops@%s facts", name));
}

const struct check checks[] = {
	{"reach", "all nodes answer", "a node that does not answer gets no work and no changes",
	 false, look_reach},
	{"users", "all nodes have the same users, with the same numbers",
	 "files on shares, and Slurm's jobs, belong to numbers and not to names", true, look_users},
	{"sudo", "sudo is there, and the groups sudo, wheel and admin have the same members",
	 "who administers one node expects to administer all; what is in /etc/sudoers.d only root "
	 "can see",
	 true, look_sudo},
	{"clock", "no clock is more than 2 s from the master's",
	 "make and job logs go wrong by seconds; munge refuses what is 300 s off", false,
	 look_clock},
	{"time", "a time server sets every clock",
	 "a clock that nobody sets drifts, or begins in 1970", false, look_time},
	{"fstab", "every line of /etc/fstab is right, and no boot waits for a server",
	 "with a wrong line, or without a server and nofail, the node stops at its next boot",
	 false, look_fstab},
	{"mounts", "what is to be mounted is mounted",
	 "jobs would write below the mount point, to the card", false, look_mounts},
	{"disk", "disks can be written, and a tenth of each is free",
	 "a card that wears out turns read-only; a full one stops logs, jobs and registration",
	 false, look_disks},
	{"name", "names and addresses are those of the registry",
	 "MPI and Slurm call nodes by the names that the registry gives them", false, look_name},
	{"host-key", "host keys and certificates are those that the cluster trusts",
	 "ssh from other nodes refuses another key; one that nobody changed is a stranger's board",
	 false, look_host_key},
	{"secrets", "private keys and passwords are for root alone",
	 "whoever runs a job there can take them", false, look_secrets},
	{0},
};

void doctor_find(struct doctor *d, const struct answer *v, enum finding_level level, char *what,
		 char *todo)
{
	struct findings *f = &d->findings;
	f->v = array_reserve(f->v, f->n, &f->cap, sizeof(*f->v));
	f->v[f->n++] = (struct finding){d->check, v->record->name, level, what, todo};
}

static const struct answer *find_master(const struct doctor *d)
{
	for (size_t i = 0; i < d->survey->n; i++) {
		if (node_is_master(d->view, d->survey->v[i].record))
			return &d->survey->v[i];
	}
	return NULL;
}

const struct answer *doctor_reference(const struct doctor *d)
{
	const struct answer *master = find_master(d);
	return master && !master->reason ? master : NULL;
}

const char *doctor_word(const char *text, const char *name)
{
	static const char safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
				   "._/@:+=,-";
	return *text && *text != '-' && !text[strspn(text, safe)] ? text : name;
}

static size_t answered(const struct doctor *d)
{
	size_t n = 0;
	for (size_t i = 0; i < d->survey->n; i++)
		n += !d->survey->v[i].reason;
	return n;
}

static void look_unsaid(struct doctor *d, const struct answer *v)
{
	auto_strv unsaid = {0};
	vitals_unsaid(&v->vitals, &unsaid);
	if (strv_has(&unsaid, d->check->name))
		doctor_find(d, v, FINDING_WARNING,
			    xstrdup("cannot be judged: it did not say, or not all of it"),
			    xasprintf("ssh cardstock-ops@%s facts", v->record->name));
}

/* What another node says is no measure for all the others: it may be anybody's. */
static void look_reference(struct doctor *d)
{
	const struct answer *master = find_master(d);
	if (master && master->reason)
		doctor_find(d, master, FINDING_WARNING,
			    xasprintf("not compared: the master: %s", master->reason),
			    xasprintf("ssh -v cardstock-ops@%s facts", master->record->name));
}

void doctor_run(struct doctor *d)
{
	for (const struct check *c = checks; c->name; c++) {
		d->check = c;
		if (c->compares && answered(d))
			look_reference(d);
		for (size_t i = 0; i < d->survey->n; i++) {
			const struct answer *v = &d->survey->v[i];
			if (!v->reason)
				look_unsaid(d, v);
			if (!v->reason || c->look == look_reach)
				c->look(d, v);
		}
	}
}

void doctor_done(struct doctor *d)
{
	for (size_t i = 0; i < d->findings.n; i++) {
		free(d->findings.v[i].what);
		free(d->findings.v[i].todo);
	}
	free(d->findings.v);
	*d = (struct doctor){0};
}

/* ---- what is shown ---- */

static const char *const levels[] = {"warning", "error"};

static bool found_by(const struct doctor *d, const struct check *c)
{
	for (size_t i = 0; i < d->findings.n; i++) {
		if (d->findings.v[i].check == c)
			return true;
	}
	return false;
}

static void add_findings(const struct doctor *d, const struct check *c, struct str *out)
{
	for (size_t i = 0; i < d->findings.n; i++) {
		const struct finding *f = &d->findings.v[i];
		if (f->check == c)
			str_printf(out, "%-8s%s: %s: %s\n", levels[f->level], f->node, c->name,
				   f->what);
		if (f->check == c && f->todo)
			str_printf(out, "        do:  %s\n", f->todo);
	}
	str_printf(out, "        why: %s\n", c->why);
}

void doctor_text(const struct doctor *d, struct str *out)
{
	size_t n = answered(d);
	for (const struct check *c = checks; c->name; c++) {
		if (found_by(d, c))
			add_findings(d, c, out);
		else if (n)
			str_printf(out, "%-8s%s: %s (%zu)\n", "ok", c->name, c->ok, n);
	}
}

static void add_json(const struct check *c, const struct finding *f, struct str *out)
{
	str_puts(out, "{");
	json_field(out, "check", c->name);
	json_field(out, "level", f ? levels[f->level] : "ok");
	json_field(out, "node", f ? f->node : NULL);
	json_field(out, "what", f ? f->what : c->ok);
	json_field(out, "why", c->why);
	json_field(out, "do", f ? f->todo : NULL);
	str_puts(out, "}\n");
}

void doctor_json(const struct doctor *d, struct str *out)
{
	for (const struct check *c = checks; c->name; c++) {
		if (!found_by(d, c) && answered(d))
			add_json(c, NULL, out);
		for (size_t i = 0; i < d->findings.n; i++) {
			if (d->findings.v[i].check == c)
				add_json(c, &d->findings.v[i], out);
		}
	}
}
