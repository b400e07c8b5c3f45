/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <archive.h>
#include <archive_entry.h>
#include <endian.h>
#include <locale.h>
#include <string.h>
#include <sys/stat.h>

#include "assemble_private.h"
#include "mem.h"

#define READ_BLOCK (256u << 10)
#define NAME_MAX_BYTES 255 /* of one component, in ext4 */
#define PATH_MAX_BYTES 4095
#define MTIME_MAX 0x37fffffffll /* the year 2446, the last that ext4 can hold */

struct tar {
	char *path; /* of the tarball */
	struct archive *archive;
	struct archive_entry *entry;
	char *name, *link; /* of the present member */
	locale_t utf8, before;
};

void tar_close(struct tar *t)
{
	if (!t)
		return;
	if (t->archive)
		archive_read_free(t->archive);
	if (t->utf8) {
		uselocale(t->before);
		freelocale(t->utf8);
	}
	free(t->path);
	free(t->name);
	free(t->link);
	free(t);
}

/* Not archive_read_support_filter_all: that one starts programs (lzop, grzip) it finds in PATH. */
static void support(struct archive *a)
{
	archive_read_support_filter_gzip(a);
	archive_read_support_filter_bzip2(a);
	archive_read_support_filter_xz(a);
	archive_read_support_filter_lzma(a);
	archive_read_support_filter_lz4(a);
	archive_read_support_filter_zstd(a);
	archive_read_support_filter_compress(a);
	archive_read_support_format_tar(a);
}

static int tar_error(const struct tar *t, struct err *e)
{
	const char *why = archive_error_string(t->archive);
	return err_set(e, ERR_IMAGE, "%s: cannot read the tarball: %s; download or make it again",
		       t->path, why ? why : "it is damaged");
}

int tar_open(const char *path, struct tar **ret, struct err *e)
{
	auto_tar *t = xcalloc(1, sizeof(*t));
	t->path = xstrdup(path);
	/* libarchive turns pax names into the locale's characters: they must stay as they are. */
	t->utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	if (t->utf8)
		t->before = uselocale(t->utf8);
	t->archive = archive_read_new();
	if (!t->archive)
		return err_set(e, ERR_FAILED, "%s: libarchive does not start", path);
	support(t->archive);
	if (archive_read_open_filename(t->archive, path, READ_BLOCK) != ARCHIVE_OK)
		return tar_error(t, e);
	*ret = steal(&t);
	return 0;
}

/* "./usr//bin" and "/usr/bin" are "/usr/bin"; NULL with *ret_why for what no archive needs. */
static char *normalise(const char *name, const char **ret_why)
{
	auto_str out = STR_INIT;
	for (const char *at = name; *at;) {
		size_t n = strcspn(at, "/");
		bool skip = n == 0 || (n == 1 && at[0] == '.');
		if (n == 2 && at[0] == '.' && at[1] == '.') {
			*ret_why = "it has '..' in it";
			return NULL;
		}
		if (n > NAME_MAX_BYTES || out.len + n >= PATH_MAX_BYTES) {
			*ret_why = "it is too long";
			return NULL;
		}
		if (!skip) {
			str_puts(&out, "/");
			str_add(&out, at, n);
		}
		at += n + (at[n] == '/');
	}
	if (out.len == 0)
		str_puts(&out, "/");
	return str_steal(&out);
}

static int take_path(const struct tar *t, const char *name, char **ret, struct err *e)
{
	const char *why = "its name is not readable";
	free(*ret);
	*ret = name && *name ? normalise(name, &why) : NULL;
	if (*ret)
		return 0;
	return err_set(e, ERR_IMAGE, "%s: member '%s' is refused: %s", t->path, name ? name : "?",
		       why);
}

static const char *name_of(struct archive_entry *entry)
{
	const char *name = archive_entry_pathname(entry);
	return name ? name : archive_entry_pathname_utf8(entry);
}

static int64_t mtime_of(struct archive_entry *entry)
{
	int64_t t = archive_entry_mtime(entry);
	return t < 0 ? 0 : t > MTIME_MAX ? MTIME_MAX : t;
}

static int take_symlink(struct tar *t, struct err *e)
{
	const char *target = archive_entry_symlink(t->entry);
	if (!target)
		target = archive_entry_symlink_utf8(t->entry);
	if (!target || !*target || strlen(target) > PATH_MAX_BYTES)
		return err_set(e, ERR_IMAGE,
			       "%s: member '%s' is refused: its target is empty or "
			       "too long",
			       t->path, t->name);
	t->link = xstrdup(target);
	return 0;
}

static int take_link(struct tar *t, struct tar_entry *ret, struct err *e)
{
	free(t->link);
	t->link = NULL;
	const char *hard = archive_entry_hardlink(t->entry);
	if (!hard)
		hard = archive_entry_hardlink_utf8(t->entry);
	ret->is_hardlink = hard != NULL;
	if (hard) {
		ret->type = S_IFREG;
		ret->size = 0;
		return take_path(t, hard, &t->link, e);
	}
	return ret->type == S_IFLNK ? take_symlink(t, e) : 0;
}

int tar_next(struct tar *t, struct tar_entry *ret, struct err *e)
{
	int r = archive_read_next_header(t->archive, &t->entry);
	if (r == ARCHIVE_EOF)
		return 0;
	if (r != ARCHIVE_OK && r != ARCHIVE_WARN)
		return tar_error(t, e);
	if (take_path(t, name_of(t->entry), &t->name, e) < 0)
		return -1;
	int64_t uid = archive_entry_uid(t->entry), gid = archive_entry_gid(t->entry);
	int64_t size = archive_entry_size(t->entry);
	if (uid < 0 || uid >= UINT32_MAX || gid < 0 || gid >= UINT32_MAX || size < 0)
		return err_set(e, ERR_IMAGE, "%s: member '%s' is refused: impossible owner or size",
			       t->path, t->name);
	*ret = (struct tar_entry){
		.type = archive_entry_filetype(t->entry),
		.mode = archive_entry_perm(t->entry) & 07777,
		.uid = (uint32_t)uid,
		.gid = (uint32_t)gid,
		.mtime = mtime_of(t->entry),
		.size = (uint64_t)size,
		.dev = archive_entry_rdev(t->entry),
	};
	if (take_link(t, ret, e) < 0)
		return -1;
	ret->path = t->name;
	ret->link = t->link;
	return 1;
}

ssize_t tar_read(void *ctx, void *buffer, size_t len, struct err *e)
{
	struct tar *t = ctx;
	la_ssize_t n = archive_read_data(t->archive, buffer, len);
	return n < 0 ? tar_error(t, e) : (ssize_t)n;
}

uint64_t tar_position(struct tar *t)
{
	la_int64_t n = archive_filter_bytes(t->archive, -1);
	return n > 0 ? (uint64_t)n : 0;
}

/* An entry of the kernel's POSIX ACL attribute, linux/posix_acl_xattr.h; all little-endian. */
struct acl_entry {
	uint16_t tag, perm;
	uint32_t id;
};

static bool acl_tag(int tag, uint16_t *ret)
{
	switch (tag) {
	case ARCHIVE_ENTRY_ACL_USER_OBJ:
		*ret = 0x01;
		return true;
	case ARCHIVE_ENTRY_ACL_USER:
		*ret = 0x02;
		return true;
	case ARCHIVE_ENTRY_ACL_GROUP_OBJ:
		*ret = 0x04;
		return true;
	case ARCHIVE_ENTRY_ACL_GROUP:
		*ret = 0x08;
		return true;
	case ARCHIVE_ENTRY_ACL_MASK:
		*ret = 0x10;
		return true;
	case ARCHIVE_ENTRY_ACL_OTHER:
		*ret = 0x20;
		return true;
	default:
		return false;
	}
}

static int compare_acl(const void *a, const void *b)
{
	const struct acl_entry *x = a, *y = b;
	uint64_t kx = (uint64_t)le16toh(x->tag) << 32 | le32toh(x->id);
	uint64_t ky = (uint64_t)le16toh(y->tag) << 32 | le32toh(y->id);
	return (kx > ky) - (kx < ky);
}

/* The value of system.posix_acl_access or _default; empty when the member has none. */
static void build_acl(struct archive_entry *entry, int type, struct str *out)
{
	int kind, permset, tag, id;
	const char *name;
	const uint32_t version = htole32(2);
	if (archive_entry_acl_reset(entry, type) <= 3 && type == ARCHIVE_ENTRY_ACL_TYPE_ACCESS)
		return; /* nothing but the mode */
	while (archive_entry_acl_next(entry, type, &kind, &permset, &tag, &id, &name) ==
	       ARCHIVE_OK) {
		uint16_t ours;
		if (!acl_tag(tag, &ours))
			continue;
		bool named = ours == 0x02 || ours == 0x08;
		struct acl_entry x = {htole16(ours), htole16((uint16_t)(permset & 7)),
				      htole32(named ? (uint32_t)id : UINT32_MAX)};
		if (out->len == 0)
			str_add(out, &version, sizeof(version));
		str_add(out, &x, sizeof(x));
	}
	if (out->len)
		qsort(out->data + sizeof(version), (out->len - sizeof(version)) / 8, 8,
		      compare_acl);
}

static const struct {
	int type;
	const char *name;
} acls[] = {
	{ARCHIVE_ENTRY_ACL_TYPE_ACCESS, "system.posix_acl_access"},
	{ARCHIVE_ENTRY_ACL_TYPE_DEFAULT, "system.posix_acl_default"},
};

int tar_xattrs(struct tar *t,
	       int (*set)(void *ctx, const char *name, const void *value, size_t len,
			  struct err *e),
	       void *ctx, struct err *e)
{
	const char *name;
	const void *value;
	size_t len;
	archive_entry_xattr_reset(t->entry);
	while (archive_entry_xattr_next(t->entry, &name, &value, &len) == ARCHIVE_OK) {
		if (name && set(ctx, name, value, len, e) < 0)
			return -1;
	}
	for (size_t i = 0; i < sizeof(acls) / sizeof(*acls); i++) {
		auto_str acl = STR_INIT;
		build_acl(t->entry, acls[i].type, &acl);
		if (acl.len && set(ctx, acls[i].name, acl.data, acl.len, e) < 0)
			return -1;
	}
	return 0;
}
