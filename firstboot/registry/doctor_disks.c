/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "doctor.h"
#include "fstab_rules.h"
#include "mem.h"

#define FREE 10 /* one part of so many is to be free */

/* ---- /etc/fstab ---- */

static bool is_network(const char *type)
{
	static const char *const types[] = {"nfs",   "nfs4", "cifs",	  "smb3",
					    "ceph",  "9p",   "glusterfs", "fuse.sshfs",
					    "sshfs", "afs",  "lustre",	  "beegfs"};
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		if (strcmp(types[i], type) == 0)
			return true;
	}
	return false;
}

static char *edit_fstab(const struct answer *v)
{
	return xasprintf("ssh -t %s sudoedit /etc/fstab", v->record->name);
}

static void look_line(struct doctor *d, const struct answer *v, const char *line)
{
	auto_fstab_line f = {0};
	if (!fstab_line_parse(line, &f)) {
		doctor_find(d, v, FINDING_ERROR,
			    xasprintf("the line '%s' has fewer than three fields", line),
			    edit_fstab(v));
		return;
	}
	char *wrong = fstab_judge(line, f.source, f.target, f.type);
	if (wrong)
		doctor_find(d, v, FINDING_ERROR, wrong, edit_fstab(v));
	if (is_network(f.type) && !vitals_option(f.options, "nofail") &&
	    !vitals_option(f.options, "noauto") && !vitals_option(f.options, "x-systemd.automount"))
		doctor_find(
			d, v, FINDING_WARNING,
			xasprintf("'%s' comes over the network and has no option nofail", f.target),
			edit_fstab(v));
}

void look_fstab(struct doctor *d, const struct answer *v)
{
	strv_foreach (line, &v->vitals.fstab)
		look_line(d, v, *line);
}

/* ---- what is mounted ---- */

static void look_planned(struct doctor *d, const struct answer *v, const char *mount,
			 const struct strv *missing)
{
	auto_strv words = {0};
	strv_split(&words, mount, " ");
	if (words.n != 2 || vitals_mount(&v->vitals, words.v[1]) || strv_has(missing, words.v[1]))
		return;
	doctor_find(
		d, v, FINDING_ERROR,
		xasprintf("'%s' of %s, which the plan has, is not mounted", words.v[1], words.v[0]),
		xasprintf("ssh -t %s sudo mount -t nfs %s %s", v->record->name,
			  doctor_word(words.v[0], "SHARE"), doctor_word(words.v[1], "PATH")));
}

void look_mounts(struct doctor *d, const struct answer *v)
{
	auto_strv missing = {0};
	vitals_missing(&v->vitals, &missing);
	strv_foreach (path, &missing)
		doctor_find(d, v, FINDING_ERROR,
			    xasprintf("'%s' of /etc/fstab is not mounted", *path),
			    xasprintf("ssh -t %s sudo mount %s", v->record->name,
				      doctor_word(*path, "PATH")));
	if (node_is_master(d->view, v->record) || !vitals_has_mounts(&v->vitals))
		return;
	strv_foreach (mount, &d->view->mounts)
		look_planned(d, v, *mount, &missing);
}

/* ---- room ---- */

static void look_room(struct doctor *d, const struct answer *v, const struct disk *disk)
{
	if (disk->available >= disk->size / FREE)
		return;
	autofree char *left = format_size((unsigned long long)disk->available << 10);
	autofree char *size = format_size((unsigned long long)disk->size << 10);
	doctor_find(d, v, FINDING_WARNING,
		    xasprintf("'%s' has %s left of %s", disk->target, left, size),
		    xasprintf("ssh -t %s sudo du -xh -d 2 %s", v->record->name,
			      doctor_word(disk->target, "PATH")));
}

void look_disks(struct doctor *d, const struct answer *v)
{
	const struct mount *root = vitals_mount(&v->vitals, "/");
	const char *node = v->record->name;
	if (root && vitals_option(root->options, "ro"))
		doctor_find(d, v, FINDING_ERROR, xstrdup("/ is read-only"),
			    xasprintf("ssh -t %s sudo dmesg --level=err,warn", node));
	strv_foreach (disk, &v->vitals.read_only)
		doctor_find(d, v, FINDING_ERROR,
			    xasprintf("the kernel does not write to the disk '%s'", *disk),
			    xasprintf("ssh -t %s sudo dmesg --level=err,warn", node));
	for (size_t i = 0; i < v->vitals.n_disks; i++)
		look_room(d, v, &v->vitals.disks[i]);
}
