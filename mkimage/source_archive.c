/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "mem.h"
#include "source_parts.h"

#define PEEK_BLOCK 65536
#define MEMBERS_MAX 10000 /* more is no archive of an image */
#define NAMES_SHOWN 10
#define MEMBER_HEAD 2048

static void archive_cleanup(struct archive **a)
{
	archive_read_free(*a);
}
#define auto_archive __attribute__((cleanup(archive_cleanup))) struct archive

/* What the callbacks get: libarchive has no place for our errors. */
struct reader {
	struct input *in;
	struct err *e;
};

static la_ssize_t on_read(struct archive *a, void *ctx, const void **ret)
{
	struct reader *r = ctx;
	ssize_t n = input_read(r->in, r->e);
	if (n < 0)
		archive_set_error(a, EIO, "cannot read");
	*ret = r->in->buffer;
	return n;
}

static la_int64_t on_seek(struct archive *a, void *ctx, la_int64_t offset, int whence)
{
	struct reader *r = ctx;
	off_t at = lseek(r->in->fd, offset, whence);
	if (at < 0) {
		archive_set_error(a, errno, "cannot seek");
		return ARCHIVE_FATAL;
	}
	r->in->done = (uint64_t)at;
	return at;
}

static struct archive *new_archive(bool members)
{
	struct archive *a = archive_read_new();
	if (!a)
		abort();
	if (members) {
		/* The streaming reader of zip would take a file whose end is missing. */
		archive_read_support_format_zip_seekable(a);
		archive_read_support_format_7zip(a);
	} else {
		archive_read_support_filter_gzip(a);
		archive_read_support_filter_bzip2(a);
		archive_read_support_filter_zstd(a);
		archive_read_support_filter_xz(a);
		archive_read_support_format_raw(a);
	}
	return a;
}

static int damaged(struct archive *a, const struct reader *r, struct err *e)
{
	const char *why = archive_error_string(a);
	if (e->msg)
		return -1;
	return err_set(e, ERR_IMAGE,
		       "%s: cannot be unpacked near byte %llu of %llu: %s; damaged or not "
		       "complete: " SOURCE_ADVICE,
		       r->in->name, (unsigned long long)r->in->done,
		       (unsigned long long)r->in->size, why ? why : "its header is not complete");
}

static int open_archive(struct archive *a, struct reader *r, bool seek)
{
	archive_read_set_read_callback(a, on_read);
	archive_read_set_callback_data(a, r);
	if (seek)
		archive_read_set_seek_callback(a, on_seek);
	return archive_read_open1(a);
}

/* Each block goes to the sink as libarchive has it: no copy. */
static int copy_data(struct archive *a, struct reader *r, struct sink *out, uint32_t *crc,
		     struct err *e)
{
	const void *data;
	size_t len;
	la_int64_t offset;
	int result;
	/* ARCHIVE_WARN is how a wrong checksum of a zip member is told. */
	while ((result = archive_read_data_block(a, &data, &len, &offset)) == ARCHIVE_OK) {
		if (offset < 0)
			return damaged(a, r, e);
		if (sink_skip_to(out, (uint64_t)offset, e) < 0 || sink_write(out, data, len, e) < 0)
			return -1;
		if (crc)
			*crc = xz_crc32(data, len, *crc);
	}
	return result == ARCHIVE_EOF ? 0 : damaged(a, r, e);
}

static uint32_t little_endian(const unsigned char *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/*
 * libarchive does not look at gzip's trailer (CRC-32 and length modulo 2^32, RFC 1952, 2.3.1).
 * Only a file of one member can be judged by it, and only such files are taken.
 */
static int check_gzip(const struct input *in, uint64_t size, uint32_t crc, struct err *e)
{
	unsigned char trailer[8];
	if (in->size < sizeof(trailer) || io_pread_fd(in->fd, in->name, trailer, sizeof(trailer),
						      in->size - sizeof(trailer), e) < 0)
		return -1;
	if (little_endian(trailer) == crc && little_endian(trailer + 4) == (uint32_t)size)
		return 0;
	return err_set(e, ERR_IMAGE,
		       "%s: the checksum at its end does not fit: damaged, followed by something "
		       "else, or several gzip members; " SOURCE_ADVICE ", or unpack it with gunzip "
		       "and give the result",
		       in->name);
}

/* All of the file has to belong to the compressed stream. */
static int check_rest(struct archive *a, const struct input *in, struct err *e)
{
	la_int64_t used = archive_filter_bytes(a, -1);
	if (used < 0 || (uint64_t)used == in->size)
		return 0;
	return err_set(e, ERR_IMAGE,
		       "%s: something that is not compressed data follows at byte %lld of "
		       "%llu; " SOURCE_ADVICE,
		       in->name, (long long)used, (unsigned long long)in->size);
}

int archive_decode(struct input *in, struct sink *out, struct err *e)
{
	auto_archive *a = new_archive(false);
	struct reader r = {in, e};
	struct archive_entry *entry;
	uint32_t crc = 0;
	if (open_archive(a, &r, false) != ARCHIVE_OK ||
	    archive_read_next_header(a, &entry) != ARCHIVE_OK)
		return damaged(a, &r, e);
	/* A header that is cut off is taken by no filter, and its bytes come through as they are.
	 */
	if (archive_filter_code(a, 0) == ARCHIVE_FILTER_NONE)
		return damaged(a, &r, e);
	bool gzip = archive_filter_code(a, 0) == ARCHIVE_FILTER_GZIP;
	if (copy_data(a, &r, out, gzip ? &crc : NULL, e) < 0)
		return -1;
	return gzip ? check_gzip(in, sink_size(out), crc, e) : check_rest(a, in, e);
}

size_t archive_peek(int fd, void *buffer, size_t len)
{
	auto_archive *a = new_archive(false);
	struct archive_entry *entry;
	size_t used = 0;
	if (lseek(fd, 0, SEEK_SET) == 0 && archive_read_open_fd(a, fd, PEEK_BLOCK) == ARCHIVE_OK &&
	    archive_read_next_header(a, &entry) == ARCHIVE_OK) {
		la_ssize_t n;
		while (used < len &&
		       (n = archive_read_data(a, (char *)buffer + used, len - used)) > 0)
			used += (size_t)n;
	}
	lseek(fd, 0, SEEK_SET);
	return used;
}

/* What the first pass over a zip or 7z finds. */
struct members {
	struct strv files, images;
	size_t last_file, last_image; /* position among all members */
};

static void members_done(struct members *m)
{
	strv_done(&m->files);
	strv_done(&m->images);
}

static const char *entry_name(struct archive_entry *entry)
{
	const char *name = archive_entry_pathname_utf8(entry);
	if (!name)
		name = archive_entry_pathname(entry);
	return name ? name : "(a name that is not UTF-8)";
}

static int look_at_member(struct archive *a, struct archive_entry *entry, struct reader *r,
			  size_t position, struct members *m)
{
	unsigned char head[MEMBER_HEAD];
	if (archive_entry_filetype(entry) != AE_IFREG)
		return 0;
	if (archive_entry_is_encrypted(entry))
		return err_set(r->e, ERR_IMAGE,
			       "%s: '%s' in it is encrypted; unpack it and give the result",
			       r->in->name, entry_name(entry));
	la_ssize_t n = archive_read_data(a, head, sizeof(head));
	if (n < 0)
		return damaged(a, r, r->e);
	strv_add(&m->files, entry_name(entry));
	m->last_file = position;
	if (source_begins_disk(head, (size_t)n)) {
		strv_add(&m->images, entry_name(entry));
		m->last_image = position;
	}
	return 0;
}

static int list_members(struct reader *r, struct members *m, struct err *e)
{
	auto_archive *a = new_archive(true);
	struct archive_entry *entry;
	int result;
	if (open_archive(a, r, true) != ARCHIVE_OK)
		return damaged(a, r, e);
	for (size_t i = 0; (result = archive_read_next_header(a, &entry)) == ARCHIVE_OK; i++) {
		if (i == MEMBERS_MAX)
			return err_set(e, ERR_IMAGE,
				       "%s: more than %d files in it; unpack the image and give it",
				       r->in->name, MEMBERS_MAX);
		if (look_at_member(a, entry, r, i, m) < 0)
			return -1;
	}
	if (result != ARCHIVE_EOF && archive_read_has_encrypted_entries(a) > 0)
		return err_set(e, ERR_IMAGE, "%s: it is encrypted; unpack it and give the result",
			       r->in->name);
	return result == ARCHIVE_EOF ? 0 : damaged(a, r, e);
}

static char *join_names(const struct strv *names)
{
	auto_str out = STR_INIT;
	for (size_t i = 0; i < names->n && i < NAMES_SHOWN; i++)
		str_printf(&out, "%s'%s'", i ? ", " : "", names->v[i]);
	if (names->n > NAMES_SHOWN)
		str_printf(&out, " and %zu more", names->n - NAMES_SHOWN);
	return str_steal(&out);
}

/* The one file, or the one that begins like a disk. */
static int choose_member(const struct input *in, const struct members *m, size_t *ret,
			 struct err *e)
{
	if (m->files.n == 1 || m->images.n == 1) {
		*ret = m->files.n == 1 ? m->last_file : m->last_image;
		return 0;
	}
	autofree char *files = join_names(&m->files), *images = join_names(&m->images);
	if (m->files.n == 0)
		return err_set(e, ERR_IMAGE, "%s: there is no file in it; " SOURCE_ADVICE,
			       in->name);
	if (m->images.n == 0)
		return err_set(e, ERR_IMAGE,
			       "%s: none of the files in it is a disk image: %s; unpack it and "
			       "give the right file",
			       in->name, files);
	return err_set(e, ERR_IMAGE,
		       "%s: several disk images are in it: %s; unpack it and give one", in->name,
		       images);
}

static int extract_member(struct reader *r, size_t position, struct sink *out, struct err *e)
{
	auto_archive *a = new_archive(true);
	struct archive_entry *entry;
	int result = open_archive(a, r, true);
	for (size_t i = 0; result == ARCHIVE_OK && i <= position; i++)
		result = archive_read_next_header(a, &entry);
	if (result != ARCHIVE_OK)
		return damaged(a, r, e);
	if (copy_data(a, r, out, NULL, e) < 0)
		return -1;
	if (!archive_entry_size_is_set(entry) ||
	    archive_entry_size(entry) == (la_int64_t)sink_size(out))
		return 0;
	return err_set(e, ERR_IMAGE, "%s: unpacks to %llu bytes instead of %lld; " SOURCE_ADVICE,
		       r->in->name, (unsigned long long)sink_size(out),
		       (long long)archive_entry_size(entry));
}

int archive_extract(struct input *in, struct sink *out, struct err *e)
{
	__attribute__((cleanup(members_done))) struct members m = {0};
	struct reader r = {in, e};
	size_t position = 0;
	if (list_members(&r, &m, e) < 0 || choose_member(in, &m, &position, e) < 0)
		return -1;
	if (lseek(in->fd, 0, SEEK_SET) < 0)
		return err_errno(e, ERR_IMAGE, "%s: cannot read it again", in->name);
	in->done = 0;
	return extract_member(&r, position, out, e);
}
