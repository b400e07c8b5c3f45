/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bmap.h"
#include "hash.h"
#include "io.h"
#include "mem.h"
#include "output.h"
#include "str.h"

#define BLOCK 4096ull /* what bmaptool takes for the size of blocks, and O_DIRECT wants */
/*
 * A partition's beginning: superblock and group descriptors, or the FAT.  Nothing in a file system
 * changes without them.  A checksum of everything would take longer than copying the image.
 */
#define HEAD (1ull << 20)

#define SUM_LEN 64
#define SUM_PLACE "0000000000000000000000000000000000000000000000000000000000000000"

struct bmap_writer {
	int fd;
	const struct disk *disk;
	struct str *ranges;
};

/* Is the byte in the head of a partition, or of the disk?  *end is where that changes next. */
static bool in_head(const struct disk *d, uint64_t at, uint64_t *end)
{
	bool inside = at < HEAD;
	uint64_t next = inside ? HEAD : UINT64_MAX;
	for (size_t i = 0; i < d->n_parts; i++) {
		uint64_t start = d->parts[i].start - d->parts[i].start % BLOCK;
		if (at >= start && at < start + HEAD) {
			inside = true;
			next = start + HEAD < next ? start + HEAD : next;
		} else if (at < start && start < next) {
			next = start;
		}
	}
	*end = next;
	return inside;
}

static int add_range(const struct bmap_writer *w, uint64_t start, uint64_t end, bool head,
		     struct err *e)
{
	char data[BLOCK];
	autofree char *sum = NULL;
	if (head) {
		auto_hash *h = hash_new();
		for (uint64_t at = start; at < end; at += BLOCK) {
			size_t len = (size_t)(end - at < BLOCK ? end - at : BLOCK);
			if (io_pread_fd(w->fd, w->disk->name, data, len, at, e) < 0)
				return -1;
			hash_add(h, data, len);
		}
		sum = hash_hex(h);
	}
	str_printf(w->ranges, "        <Range%s%s%s> %llu-%llu </Range>\n", sum ? " chksum=\"" : "",
		   sum ? sum : "", sum ? "\"" : "", (unsigned long long)(start / BLOCK),
		   (unsigned long long)((end - 1) / BLOCK));
	return 0;
}

static int add_extent(const struct bmap_writer *w, const struct extent *x, struct err *e)
{
	uint64_t at = x->start, end = x->start + x->len;
	while (at < end) {
		uint64_t next;
		bool head = in_head(w->disk, at, &next);
		next = next < end ? next : end;
		if (add_range(w, at, next, head, e) < 0)
			return -1;
		at = next;
	}
	return 0;
}

static void add_document(const struct bmap_writer *w, const struct blockmap *m, struct str *out)
{
	uint64_t size = w->disk->size, mapped = 0;
	for (size_t i = 0; i < m->n; i++)
		mapped += (m->extents[i].len + BLOCK - 1) / BLOCK;
	str_printf(out,
		   "<?xml version=\"1.0\" ?>\n"
		   "<!-- Which blocks of the image have to be written; for mkimage and bmaptool.\n"
		   "     Checksums are given where a file system begins: they show when it was\n"
		   "     changed. -->\n"
		   "<bmap version=\"2.0\">\n"
		   "    <ImageSize> %llu </ImageSize>\n"
		   "    <BlockSize> %llu </BlockSize>\n"
		   "    <BlocksCount> %llu </BlocksCount>\n"
		   "    <MappedBlocksCount> %llu </MappedBlocksCount>\n"
		   "    <ChecksumType> sha256 </ChecksumType>\n"
		   "    <BmapFileChecksum> " SUM_PLACE " </BmapFileChecksum>\n"
		   "    <BlockMap>\n%s    </BlockMap>\n"
		   "</bmap>\n",
		   (unsigned long long)size, BLOCK,
		   (unsigned long long)((size + BLOCK - 1) / BLOCK), (unsigned long long)mapped,
		   str_text(w->ranges));
}

/* The file's checksum is that of the file with zeros in its place. */
static void seal(struct str *document)
{
	autofree char *sum = hash_text(str_text(document));
	memcpy(strstr(document->data, SUM_PLACE), sum, SUM_LEN);
}

static int write_file(const char *image, const struct str *text, struct err *e)
{
	auto_output out = OUTPUT_INIT;
	autofree char *path = xasprintf("%s.bmap", image);
	autofree char *dir = path_dir(path);
	if (output_begin(dir, path_base(path), &out, e) < 0 ||
	    io_write_fd(out.fd, path, text->data, text->len, e) < 0)
		return -1;
	if (fchmod(out.fd, 0644) < 0) /* which blocks are in use is no secret */
		return err_errno(e, ERR_FAILED, "%s: cannot set its mode", path);
	return output_commit(&out, e);
}

int bmap_write(const char *image, int fd, const struct disk *d, const struct blockmap *m,
	       struct err *e)
{
	auto_blockmap rounded = {0};
	auto_str out = STR_INIT, ranges = STR_INIT;
	const struct bmap_writer w = {fd, d, &ranges};
	blockmap_merge(&rounded, m);
	blockmap_round(&rounded, BLOCK, d->size);
	for (size_t i = 0; i < rounded.n; i++) {
		if (add_extent(&w, &rounded.extents[i], e) < 0)
			return -1;
	}
	add_document(&w, &rounded, &out);
	seal(&out);
	return write_file(image, &out, e);
}

int bmap_commit(struct output *image, const struct disk *d, const struct blockmap *m, struct err *e)
{
	autofree char *name = path_join(image->dir, image->name);
	autofree char *bmap = xasprintf("%s.bmap", name);
	if (bmap_write(name, image->fd, d, m, e) < 0)
		return -1;
	if (output_commit(image, e) == 0)
		return 0;
	unlink(bmap);
	return -1;
}
