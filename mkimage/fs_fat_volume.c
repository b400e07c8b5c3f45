/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "fat.h"
#include "io.h"
#include "mem.h"

#define BOOT_SIZE 512
#define WINDOW (64u << 10)

/* The fields of the boot sector that say where everything is, in sectors. */
struct layout {
	uint32_t sector, per_cluster, reserved, tables, table_sectors, root_entries, total;
	bool fat32;
};

static void read_layout(const uint8_t *boot, struct layout *l)
{
	*l = (struct layout){.sector = fat_le16(boot + 11),
			     .per_cluster = boot[13],
			     .reserved = fat_le16(boot + 14),
			     .tables = boot[16],
			     .root_entries = fat_le16(boot + 17),
			     .total = fat_le16(boot + 19) ? fat_le16(boot + 19)
							  : fat_le32(boot + 32),
			     .table_sectors = fat_le16(boot + 22)};
	l->fat32 = l->table_sectors == 0;
	if (l->fat32)
		l->table_sectors = fat_le32(boot + 36);
}

static bool is_power_of_two(uint32_t n, uint32_t min, uint32_t max)
{
	return n >= min && n <= max && (n & (n - 1)) == 0;
}

static bool layout_is_sane(const struct layout *l)
{
	return is_power_of_two(l->sector, 512, 4096) && is_power_of_two(l->per_cluster, 1, 128) &&
	       l->reserved && l->tables && l->table_sectors && l->total &&
	       (l->fat32 || l->root_entries);
}

static int damaged(const struct fat_volume *v, const char *why, struct err *e)
{
	return err_set(e, ERR_IMAGE, "%s: the FAT file system is damaged: %s; run fsck.fat on it",
		       v->what, why);
}

/* Turn sectors into bytes; everything has to lie within size bytes. */
static int apply_layout(struct fat_volume *v, const struct layout *l, uint64_t size, struct err *e)
{
	uint64_t sector = l->sector;
	v->cluster_size = l->sector * l->per_cluster;
	v->table = l->reserved * sector;
	v->table_size = l->table_sectors * sector;
	v->root = v->table + l->tables * v->table_size;
	v->root_size = (l->root_entries * 32ull + sector - 1) / sector * sector;
	v->data = v->root + v->root_size;
	if (l->total * sector > size || v->data >= l->total * sector)
		return damaged(v, "it is larger than its partition", e);
	uint64_t clusters = (l->total * sector - v->data) / v->cluster_size;
	v->bits = l->fat32 ? 32 : clusters < 4085 ? 12 : 16;
	uint64_t entries = v->table_size * 8 / v->bits;
	if (!clusters || clusters > 0x0ffffff5 || entries < clusters + 2)
		return damaged(v, "its table does not cover its clusters", e);
	v->n_clusters = (uint32_t)clusters;
	return 0;
}

int fat_volume_open(int fd, const char *what, uint64_t offset, uint64_t size,
		    struct fat_volume *ret, struct err *e)
{
	uint8_t boot[BOOT_SIZE];
	auto_fat_volume v = {.fd = fd, .what = xstrdup(what), .offset = offset};
	struct layout l;
	if (io_pread_fd(fd, what, boot, sizeof(boot), offset, e) < 0)
		return -1;
	read_layout(boot, &l);
	if (!layout_is_sane(&l))
		return err_set(e, ERR_IMAGE, "%s: is not a FAT file system", what);
	if (apply_layout(&v, &l, size, e) < 0)
		return -1;
	if (l.fat32) {
		v.root_cluster = fat_le32(boot + 44);
		/* Bit 7: only one table is in use, the low bits say which. */
		uint32_t active = boot[40] & 0x80 ? boot[40] & 0x0f : 0;
		if (active >= l.tables)
			return damaged(&v, "the table in use is none of its tables", e);
		v.table += active * v.table_size;
	}
	v.window = xmalloc(WINDOW);
	*ret = v;
	v = (struct fat_volume){0};
	return 0;
}

/* The "extended boot signature" at sig says that the serial number follows it. */
static bool has_serial(const uint8_t *boot, size_t sig)
{
	return fat_le16(boot + 510) == 0xaa55 && (boot[sig] == 0x28 || boot[sig] == 0x29);
}

int fat_serial_places(const struct fat_volume *v, uint64_t ret[2], size_t *ret_n, struct err *e)
{
	uint8_t boot[BOOT_SIZE], backup[BOOT_SIZE];
	size_t sig = v->bits == 32 ? 66 : 38;
	*ret_n = 0;
	if (io_pread_fd(v->fd, v->what, boot, sizeof(boot), v->offset, e) < 0)
		return -1;
	if (!has_serial(boot, sig))
		return 0;
	ret[(*ret_n)++] = sig + 1;
	uint32_t sector = v->bits == 32 ? fat_le16(boot + 50) : 0;
	if (!sector || sector >= fat_le16(boot + 14))
		return 0;
	uint64_t at = (uint64_t)sector * fat_le16(boot + 11);
	if (io_pread_fd(v->fd, v->what, backup, sizeof(backup), v->offset + at, e) < 0)
		return -1;
	if (has_serial(backup, sig))
		ret[(*ret_n)++] = at + sig + 1;
	return 0;
}

void fat_volume_done(struct fat_volume *v)
{
	free(v->what);
	free(v->window);
	*v = (struct fat_volume){0};
}

void fat_forget(struct fat_volume *v)
{
	v->window_len = 0;
}

/* The bytes of the table from `at`, at least `len` of them. */
static const uint8_t *window_get(struct fat_volume *v, uint64_t at, size_t len, struct err *e)
{
	if (at < v->window_at || at + len > v->window_at + v->window_len) {
		uint64_t start = at & ~(uint64_t)511;
		uint64_t left = v->table_size - start;
		v->window_len = 0;
		size_t n = left < WINDOW ? (size_t)left : WINDOW;
		if (io_pread_fd(v->fd, v->what, v->window, n, v->offset + v->table + start, e) < 0)
			return NULL;
		v->window_at = start;
		v->window_len = n;
	}
	return v->window + (at - v->window_at);
}

static int read_value(struct fat_volume *v, uint32_t cluster, uint32_t *ret, struct err *e)
{
	uint64_t at = (uint64_t)cluster * v->bits / 8;
	const uint8_t *p = window_get(v, at, v->bits == 32 ? 4 : 2, e);
	if (!p)
		return -1;
	if (v->bits == 32)
		*ret = fat_le32(p) & 0x0fffffff;
	else if (v->bits == 16)
		*ret = fat_le16(p);
	else
		*ret = cluster & 1 ? fat_le16(p) >> 4 : fat_le16(p) & 0xfff;
	return 0;
}

int fat_look(struct fat_volume *v, uint32_t cluster, enum fat_mark *ret, uint32_t *ret_next,
	     struct err *e)
{
	uint32_t value, top = v->bits == 32 ? 0x0fffffff : (1u << v->bits) - 1;
	if (read_value(v, cluster, &value, e) < 0)
		return -1;
	if (value == 0) {
		*ret = FAT_FREE;
	} else if (value >= top - 7) {
		*ret = FAT_END;
	} else if (value == top - 8) {
		*ret = FAT_BAD;
	} else {
		*ret = FAT_NEXT;
		*ret_next = value;
	}
	return 0;
}

/* Count free clusters of [from, to) until *left is 0. */
static int count_free(struct fat_volume *v, uint32_t from, uint32_t to, uint64_t *left,
		      uint32_t *ret_first, struct err *e)
{
	for (uint32_t c = from; c < to && *left; c++) {
		enum fat_mark mark;
		uint32_t next;
		if (fat_look(v, c, &mark, &next, e) < 0)
			return -1;
		if (mark != FAT_FREE)
			continue;
		if (!*ret_first)
			*ret_first = c;
		(*left)--;
	}
	return 0;
}

int fat_has_room(struct fat_volume *v, uint64_t clusters, bool *ret, struct err *e)
{
	uint32_t hint = v->free_hint ? v->free_hint : 2, first = 0;
	if (count_free(v, hint, v->n_clusters + 2, &clusters, &first, e) < 0 ||
	    count_free(v, 2, hint, &clusters, &first, e) < 0)
		return -1;
	v->free_hint = first;
	*ret = clusters == 0;
	return 0;
}

int fat_next_run(struct fat_volume *v, uint32_t *cluster, uint32_t max, uint32_t *ret_n,
		 struct err *e)
{
	uint32_t n = 0, next = *cluster, at;
	do {
		enum fat_mark mark;
		at = next;
		if (at < 2 || at - 2 >= v->n_clusters)
			return damaged(v, "a chain leads out of it", e);
		if (fat_look(v, at, &mark, &next, e) < 0)
			return -1;
		if (mark == FAT_FREE || mark == FAT_BAD)
			return damaged(v, "a chain leads to a cluster that is not in use", e);
		if (mark == FAT_END)
			next = 0;
		n++;
	} while (n < max && next == at + 1);
	*ret_n = n;
	*cluster = next;
	return 0;
}

int fat_read_chain(struct fat_volume *v, uint32_t cluster, uint64_t size, bool to_end,
		   struct str *out, struct err *e)
{
	const uint32_t run_max = (1u << 20) / v->cluster_size;
	autofree char *block = xmalloc((size_t)run_max * v->cluster_size);
	while (size && cluster) {
		uint32_t n = 0, first = cluster;
		if (fat_next_run(v, &cluster, run_max, &n, e) < 0)
			return -1;
		uint64_t len = (uint64_t)n * v->cluster_size;
		len = len < size ? len : size;
		uint64_t at = v->offset + v->data + (uint64_t)(first - 2) * v->cluster_size;
		if (io_pread_fd(v->fd, v->what, block, (size_t)len, at, e) < 0)
			return -1;
		str_add(out, block, (size_t)len);
		size -= len;
	}
	if (size && !to_end)
		return damaged(v, "a file is longer than its chain", e);
	if (cluster && to_end)
		return damaged(v, "a directory is larger than 2 MiB, or loops", e);
	return 0;
}
