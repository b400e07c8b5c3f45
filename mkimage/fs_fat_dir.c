/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "fat.h"
#include "io.h"
#include "mem.h"

#define DIR_MAX (65536u * FAT_SLOT)
#define LFN_UNITS 13
#define LFN_SLOTS 20

/* A long name in the making: its slots come last part first, each with the alias's checksum. */
struct lfn {
	uint16_t units[LFN_SLOTS * LFN_UNITS];
	unsigned expected; /* number of the slot that has to come next; 0: complete */
	uint8_t checksum;
	bool valid;
	size_t n;
};

static void lfn_add(struct lfn *l, const uint8_t *slot)
{
	static const uint8_t at[LFN_UNITS] = {1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30};
	unsigned number = slot[0] & 0x3f;
	if (slot[0] & 0x40) {
		*l = (struct lfn){.valid = number >= 1 && number <= LFN_SLOTS,
				  .expected = number,
				  .checksum = slot[13],
				  .n = number * LFN_UNITS};
	}
	if (!l->valid || !number || number != l->expected || slot[13] != l->checksum) {
		l->valid = false;
		return;
	}
	for (unsigned i = 0; i < LFN_UNITS; i++)
		l->units[(number - 1) * LFN_UNITS + i] = (uint16_t)fat_le16(slot + at[i]);
	l->expected--;
}

/* One character of UTF-16; half a surrogate pair becomes U+FFFD. */
static uint32_t get_utf16(const struct lfn *l, size_t *i)
{
	uint32_t c = l->units[(*i)++];
	if (c < 0xd800 || c > 0xdfff)
		return c;
	if (c > 0xdbff || *i >= l->n || l->units[*i] < 0xdc00 || l->units[*i] > 0xdfff)
		return 0xfffd;
	return 0x10000 + ((c & 0x3ff) << 10) + (l->units[(*i)++] & 0x3ffu);
}

/* A name that a path can hold; a hostile one has slashes or control characters. */
static bool name_is_usable(const char *name)
{
	for (const char *p = name; *p; p++) {
		if (*p == '/' || (unsigned char)*p < ' ' || *p == 127)
			return false;
	}
	return *name && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

static bool lfn_text(const struct lfn *l, const uint8_t *slot, char *out, size_t size)
{
	uint8_t sum = 0;
	for (int i = 0; i < 11; i++)
		sum = (uint8_t)((sum >> 1 | sum << 7) + slot[i]);
	if (!l->valid || l->expected || l->checksum != sum)
		return false;
	size_t len = 0;
	for (size_t i = 0; i < l->n && l->units[i] && len + 5 < size;)
		len += fat_put_utf8(out + len, get_utf16(l, &i));
	out[len] = '\0';
	return name_is_usable(out);
}

uint32_t fat_slot_cluster(const struct fat_volume *v, const uint8_t *slot)
{
	return fat_le16(slot + 26) | (v->bits == 32 ? fat_le16(slot + 20) << 16 : 0);
}

static void fill_entry(const struct fat_volume *v, const uint8_t *slot, const struct lfn *l,
		       struct fat_entry *ret)
{
	fat_short_name(slot, 0, ret->alias);
	if (!lfn_text(l, slot, ret->name, sizeof(ret->name)))
		fat_short_name(slot, slot[12], ret->name);
	ret->attr = slot[11];
	ret->cluster = fat_slot_cluster(v, slot);
	ret->size = fat_le32(slot + 28);
}

static int load_dir(struct fat_volume *v, const struct fat_entry *dir, struct str *out,
		    struct err *e)
{
	bool is_root = !*dir->name;
	if (!is_root || v->bits == 32)
		return fat_read_chain(v, dir->cluster, DIR_MAX, true, out, e);
	autofree char *block = xmalloc(v->root_size);
	if (io_pread_fd(v->fd, v->what, block, v->root_size, v->offset + v->root, e) < 0)
		return -1;
	str_add(out, block, v->root_size);
	return 0;
}

/* The entry at *at or behind it; false at the end. */
static bool next_entry(const struct fat_volume *v, const struct str *slots, size_t *at,
		       struct fat_entry *ret)
{
	struct lfn l = {.valid = false};
	while (*at + FAT_SLOT <= slots->len) {
		const uint8_t *slot = (const uint8_t *)slots->data + *at;
		if (slot[0] == 0)
			return false;
		*at += FAT_SLOT;
		if (slot[0] == FAT_DELETED) {
			l.valid = false;
		} else if ((slot[11] & FAT_ATTR_LONG_MASK) == FAT_ATTR_LONG_NAME) {
			lfn_add(&l, slot);
		} else if (slot[11] & FAT_ATTR_LABEL) {
			l.valid = false;
		} else {
			fill_entry(v, slot, &l, ret);
			l.valid = false;
			if (name_is_usable(ret->name))
				return true;
		}
	}
	return false;
}

static bool is_called(const struct fat_entry *entry, const char *name)
{
	return fat_name_equal(entry->name, name) || fat_name_equal(entry->alias, name);
}

static int find_in(struct fat_volume *v, const struct fat_entry *dir, const char *name,
		   struct fat_entry *ret, struct err *e)
{
	auto_str slots = STR_INIT;
	struct fat_entry entry;
	if (load_dir(v, dir, &slots, e) < 0)
		return -1;
	for (size_t at = 0; next_entry(v, &slots, &at, &entry);) {
		if (is_called(&entry, name)) {
			*ret = entry;
			return 1;
		}
	}
	return 0;
}

int fat_find(struct fat_volume *v, const char *path, struct fat_entry *ret, struct err *e)
{
	struct fat_entry at = {.attr = FAT_ATTR_DIR, .cluster = v->root_cluster};
	auto_strv names = {0};
	strv_split(&names, path, "/");
	strv_foreach (name, &names) {
		if (!(at.attr & FAT_ATTR_DIR))
			return 0;
		struct fat_entry found;
		int r = find_in(v, &at, *name, &found, e);
		if (r <= 0)
			return r;
		at = found;
	}
	*ret = at;
	return 1;
}

int fat_names(struct fat_volume *v, const struct fat_entry *dir, struct strv *ret, struct err *e)
{
	auto_str slots = STR_INIT;
	struct fat_entry entry;
	if (load_dir(v, dir, &slots, e) < 0)
		return -1;
	for (size_t at = 0; next_entry(v, &slots, &at, &entry);)
		strv_add(ret, entry.name);
	return 0;
}

int fat_subdirs(struct fat_volume *v, const struct fat_entry *dir, uint32_t **ret, size_t *ret_n,
		struct err *e)
{
	auto_str slots = STR_INIT;
	struct fat_entry entry;
	autofree uint32_t *clusters = NULL;
	size_t n = 0, cap = 0;
	if (load_dir(v, dir, &slots, e) < 0)
		return -1;
	for (size_t at = 0; next_entry(v, &slots, &at, &entry);) {
		if (!(entry.attr & FAT_ATTR_DIR))
			continue;
		clusters = array_reserve(clusters, n, &cap, sizeof(*clusters));
		clusters[n++] = entry.cluster;
	}
	*ret = steal(&clusters);
	*ret_n = n;
	return 0;
}
