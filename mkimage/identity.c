/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "identity.h"
#include "image_parts.h"
#include "io.h"
#include "mem.h"
#include "uuid.h"

/* Linux's union swap_header, include/linux/swap.h: sws_uuid, in no sum and of no byte order. */
#define SWAP_UUID 1036

/* The file system of a partition: one that is open already, or opened for this; see part_fs_done.
 */
struct part_fs {
	struct fs *fs;
	bool borrowed;
};

static void part_fs_done(struct part_fs *p)
{
	if (!p->borrowed)
		fs_discard(&p->fs);
}
#define auto_part_fs __attribute__((cleanup(part_fs_done))) struct part_fs

static int part_fs_open(const struct image *i, const struct part *p, bool writable,
			struct part_fs *ret, struct err *e)
{
	const struct image_open open = {
		.path = i->path, .name = i->name, .now = i->root_fs->now, .cow = i->disk->cow};
	if (p->number == i->root || p->number == i->boot) {
		*ret = (struct part_fs){p->number == i->root ? i->root_fs : i->boot_fs, true};
		return 0;
	}
	return image_open_part(&open, p, writable, &ret->fs, e);
}

/* What was opened for this is written and closed; what was open is written with the rest. */
static int part_fs_close(struct part_fs *p, struct err *e)
{
	return p->borrowed ? 0 : fs_close(&p->fs, e);
}

bool identity_is_wanted(const struct profile *p)
{
	const char *fresh = profile_str(p, "fresh-ids");
	/* Not by how many are built now: a node has the same bytes in each run. */
	if (strcmp(fresh, "auto") == 0)
		return profile_int(p, "planned") > 1;
	return strcmp(fresh, "true") == 0;
}

void identity_free(struct identity *id)
{
	if (!id)
		return;
	for (size_t n = 0; n < id->n_parts; n++)
		free(id->parts[n].keep);
	free(id->parts);
	disk_free(id->base);
	free(id->keep_table);
	free(id);
}

static uint32_t derive32(const struct cluster *c, const char *label)
{
	uint8_t b[16];
	cluster_derive(c, label, b);
	uint32_t id = b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
	return id ? id : 1; /* 0 means that there is none */
}

static void derive_uuid(const struct cluster *c, const char *label, char ret[UUID_TEXT])
{
	uint8_t b[UUID_LEN];
	cluster_derive(c, label, b);
	uuid_from_random(b);
	uuid_format(b, ret);
}

/* In an MBR, PARTUUIDs are the disk id and the partition's number. */
static void want_table(struct disk *want, const struct cluster *c, const char *name)
{
	autofree char *label = xasprintf("%s disk id", name);
	bool gpt = want->table == DISK_GPT;
	if (gpt)
		derive_uuid(c, label, want->id);
	else
		snprintf(want->id, sizeof(want->id), "%08x", derive32(c, label));
	if (*want->mbr_id)
		snprintf(want->mbr_id, sizeof(want->mbr_id), "%.8s", want->id);
	for (size_t n = 0; n < want->n_parts; n++) {
		struct part *p = &want->parts[n];
		autofree char *part = xasprintf("%s partition %d id", name, p->number);
		if (gpt)
			derive_uuid(c, part, p->partuuid);
		else
			snprintf(p->partuuid, sizeof(p->partuuid), "%.8s-%02x", want->id,
				 (unsigned)p->number);
	}
}

/* One that the base had and the image has lost is wanted too. */
static bool has_uuid(const struct identity *id, size_t n)
{
	return *id->disk->parts[n].uuid || (id->base && *id->base->parts[n].uuid);
}

struct disk *identity_want(const struct identity *id, const struct cluster *c, const char *name)
{
	struct disk *want = disk_copy(id->disk);
	if (!id->keep_table)
		want_table(want, c, name);
	for (size_t n = 0; n < want->n_parts; n++) {
		struct part *p = &want->parts[n];
		autofree char *label = xasprintf("%s partition %d uuid", name, p->number);
		if (!has_uuid(id, n) || id->parts[n].keep)
			continue;
		if (id->parts[n].kind == IDENTITY_EXT || id->parts[n].kind == IDENTITY_SWAP) {
			derive_uuid(c, label, p->uuid);
		} else if (id->parts[n].kind == IDENTITY_FAT) {
			uint32_t serial = derive32(c, label);
			snprintf(p->uuid, sizeof(p->uuid), "%04X-%04X", serial >> 16,
				 serial & 0xffff);
		}
	}
	return want;
}

static void add_change(struct id_change *list, size_t *n, struct id_change c)
{
	if (strcmp(c.from, c.to) != 0)
		list[(*n)++] = c;
}

size_t identity_compare(const struct disk *is, const struct disk *want, struct id_change **ret)
{
	struct id_change *list = xcalloc(2 * is->n_parts + 2, sizeof(*list));
	size_t n = 0;
	add_change(list, &n, (struct id_change){ID_DISK, 0, is->id, want->id});
	add_change(list, &n, (struct id_change){ID_MBR, 0, is->mbr_id, want->mbr_id});
	for (size_t i = 0; i < is->n_parts; i++) {
		const struct part *p = &is->parts[i], *w = disk_part(want, p->number);
		if (!w)
			continue;
		add_change(list, &n,
			   (struct id_change){ID_PARTUUID, p->number, p->partuuid, w->partuuid});
		add_change(list, &n, (struct id_change){ID_UUID, p->number, p->uuid, w->uuid});
	}
	*ret = list;
	return n;
}

static char *change_name(const struct id_change *c)
{
	static const char *const names[] = {[ID_PARTUUID] = "PARTUUID", [ID_UUID] = "UUID"};
	if (c->kind == ID_DISK || c->kind == ID_MBR)
		return xstrdup(c->kind == ID_DISK ? "disk id" : "hybrid MBR id");
	return c->number ? xasprintf("partition %d %s", c->number, names[c->kind])
			 : xstrdup(names[c->kind]);
}

void identity_describe(const struct disk *is, const struct disk *want, bool as_json,
		       struct str *out)
{
	autofree struct id_change *changes = NULL;
	size_t n = identity_compare(is, want, &changes), shown = 0;
	str_puts(out, as_json ? "[" : "");
	for (size_t i = 0; i < n; i++) {
		autofree char *name = change_name(&changes[i]);
		if (changes[i].kind == ID_PARTUUID && is->table == DISK_MBR)
			continue;
		if (as_json)
			str_printf(out, "%s{\"id\":\"%s\",\"from\":\"%s\",\"to\":\"%s\"}",
				   shown ? "," : "", name, changes[i].from, changes[i].to);
		else
			str_printf(out, "~ %s: %s → %s\n", name,
				   *changes[i].from ? changes[i].from : "none", changes[i].to);
		shown++;
	}
	str_puts(out, as_json ? "]" : "");
}

static int prepare_part(struct image *i, const struct identity_part *p, struct err *e)
{
	auto_part_fs fs = {0};
	if (part_fs_open(i, disk_part(i->disk, p->part->number), true, &fs, e) < 0 ||
	    fs_ext_store_seed(fs.fs, e) < 0)
		return -1;
	return part_fs_close(&fs, e);
}

int identity_prepare(struct image *i, const struct identity *id, struct err *e)
{
	for (size_t n = 0; n < id->n_parts; n++) {
		const struct identity_part *p = &id->parts[n];
		if (p->needs_seed && !p->keep && prepare_part(i, p, e) < 0)
			return -1;
	}
	return 0;
}

static int set_uuid(struct fs *fs, enum identity_kind kind, const char *text, struct err *e)
{
	uint8_t uuid[UUID_LEN];
	if (kind == IDENTITY_EXT && uuid_parse(text, uuid))
		return fs_ext_set_uuid(fs, uuid, e);
	autofree char *digits = xasprintf("%.4s%s", text, text + 5); /* "ABCD-1234" */
	return fs_fat_set_serial(fs, (uint32_t)strtoul(digits, NULL, 16), e);
}

static int apply_swap(const struct image *i, const struct part *want, struct err *e)
{
	uint8_t uuid[UUID_LEN];
	autoclose int fd = open(i->path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot open", i->name);
	if (!uuid_parse(want->uuid, uuid))
		return err_set(e, ERR_IMAGE, "%s: partition %d: '%s' is no UUID", i->name,
			       want->number, want->uuid);
	return io_pwrite_fd(fd, i->name, uuid, sizeof(uuid), want->start + SWAP_UUID, e);
}

static int apply_part(struct image *i, const struct identity_part *p, const struct part *want,
		      struct err *e)
{
	auto_part_fs fs = {0};
	if (p->kind == IDENTITY_SWAP)
		return apply_swap(i, want, e);
	if (part_fs_open(i, disk_part(i->disk, want->number), true, &fs, e) < 0 ||
	    set_uuid(fs.fs, p->kind, want->uuid, e) < 0)
		return -1;
	return part_fs_close(&fs, e);
}

int identity_apply(struct image *i, const struct identity *id, const struct disk *want,
		   struct err *e)
{
	for (size_t n = 0; n < want->n_parts; n++) {
		const struct part *w = &want->parts[n];
		if (strcmp(w->uuid, id->parts[n].part->uuid) != 0 &&
		    apply_part(i, &id->parts[n], w, e) < 0)
			return -1;
	}
	if (id->keep_table)
		return 0;
	return disk_write_ids(i->disk, want, e);
}

int identity_verify(const struct image *i, const struct disk *want, struct err *e)
{
	auto_str list = STR_INIT;
	identity_describe(i->disk, want, false, &list);
	if (!list.len)
		return 0;
	list.data[--list.len] = '\0'; /* the last newline */
	return err_set(e, ERR_CHECK, "%s: its ids are not those of the node:\n%s", i->name,
		       str_text(&list));
}
