/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <e2p/e2p.h>
#include <endian.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fs_ext.h"
#include "io.h"
#include "mem.h"
#include "run.h"

struct feature {
	uint32_t bit;
	const char *name;
	const char *cure; /* what takes it away; NULL: nothing does */
};

/* Names as in mke2fs(8) and the kernel's documentation, of the features that may be refused. */
static const struct feature incompat_names[] = {
	{0x0001, "compression", NULL},
	{0x0008, "journal_dev", NULL},
	{0x0100, "mmp", "`tune2fs -O ^mmp`"},
	{0x1000, "dirdata", NULL},
};
static const struct feature ro_compat_names[] = {
	{0x0080, "has_snapshot", NULL},
	{0x0100, "quota", "`tune2fs -O ^quota`"},
	{0x0200, "bigalloc", NULL},
	{0x0800, "replica", NULL},
	{0x1000, "read-only", "`tune2fs -O ^read-only`"},
	{0x4000, "shared_blocks", "`e2fsck -f -E unshare_blocks`"},
};

struct refusal {
	struct str names, cures;
	bool incurable;
};

static void refusal_done(struct refusal *r)
{
	str_done(&r->names);
	str_done(&r->cures);
}
#define auto_refusal __attribute__((cleanup(refusal_done))) struct refusal

static void add_feature(struct refusal *r, const char *kind, unsigned number,
			const struct feature *known)
{
	str_puts(&r->names, r->names.len ? ", " : "");
	if (known)
		str_puts(&r->names, known->name);
	else
		str_printf(&r->names, "%s bit %u", kind, number);
	if (known && known->cure)
		str_printf(&r->cures, "%s%s", r->cures.len ? " and " : "", known->cure);
	else
		r->incurable = true;
}

static void name_features(struct refusal *r, uint32_t bits, const char *kind,
			  const struct feature *names, size_t n)
{
	for (unsigned i = 0; i < 32; i++) {
		const struct feature *known = NULL;
		for (size_t k = 0; k < n; k++) {
			if (names[k].bit == 1u << i)
				known = &names[k];
		}
		if (bits & 1u << i)
			add_feature(r, kind, i, known);
	}
}

static int refuse_features(const struct fs_open *o, const struct refusal *r, bool for_writing,
			   struct err *e)
{
	autofree char *cure = r->incurable
				      ? xstrdup("nothing takes it away, so make the file system "
						"without it and copy the files")
				      : xasprintf("%s on it takes it away", str_text(&r->cures));
	return err_set(e, ERR_IMAGE, "%s: file system feature '%s' is not supported%s; %s", o->what,
		       str_text(&r->names), for_writing ? " for writing" : "", cure);
}

static int check_features(const struct fs_open *o, const struct ext2_super_block *sb, struct err *e)
{
	uint32_t incompat = ext2fs_le32_to_cpu(sb->s_feature_incompat);
	uint32_t ro_compat = ext2fs_le32_to_cpu(sb->s_feature_ro_compat);
	uint32_t bad = incompat &
		       (~EXT2_LIB_FEATURE_INCOMPAT_SUPP | EXT3_FEATURE_INCOMPAT_JOURNAL_DEV);
	uint32_t bad_ro = 0;
	if (o->writable) {
		bad |= incompat & EXT_INCOMPAT_READ_ONLY;
		bad_ro = ro_compat & (~EXT2_LIB_FEATURE_RO_COMPAT_SUPP | EXT_RO_COMPAT_READ_ONLY);
	}
	if (!bad && !bad_ro)
		return 0;
	auto_refusal r = {STR_INIT, STR_INIT, false};
	name_features(&r, bad, "incompat", incompat_names,
		      sizeof(incompat_names) / sizeof(*incompat_names));
	name_features(&r, bad_ro, "ro_compat", ro_compat_names,
		      sizeof(ro_compat_names) / sizeof(*ro_compat_names));
	return refuse_features(o, &r, !bad, e);
}

static uint64_t block_count(const struct ext2_super_block *sb)
{
	uint64_t blocks = ext2fs_le32_to_cpu(sb->s_blocks_count);
	if (ext2fs_le32_to_cpu(sb->s_feature_incompat) & EXT4_FEATURE_INCOMPAT_64BIT)
		blocks |= (uint64_t)ext2fs_le32_to_cpu(sb->s_blocks_count_hi) << 32;
	return blocks;
}

static int check_size(const struct fs_open *o, const struct ext2_super_block *sb, struct err *e)
{
	uint32_t log = ext2fs_le32_to_cpu(sb->s_log_block_size);
	if (log > EXT2_MAX_BLOCK_LOG_SIZE - EXT2_MIN_BLOCK_LOG_SIZE)
		return err_set(e, ERR_IMAGE, "%s: block size 2^%u is not one; the image is damaged",
			       o->what, log);
	uint64_t blocks = block_count(sb);
	uint64_t room = o->size >> (EXT2_MIN_BLOCK_LOG_SIZE + log);
	if (blocks > room)
		return err_set(e, ERR_IMAGE,
			       "%s: the file system has %llu blocks, the partition only %llu; the "
			       "image is cut off or damaged, take the whole one or run e2fsck",
			       o->what, (unsigned long long)blocks, (unsigned long long)room);
	return 0;
}

static int read_super(const struct fs_open *o, int fd, struct ext2_super_block *sb, struct err *e)
{
	uint64_t end = SUPERBLOCK_OFFSET + sizeof(*sb);
	if (o->size < end)
		return err_set(e, ERR_IMAGE, "%s: %llu bytes are too small for a file system",
			       o->what, (unsigned long long)o->size);
	if (io_pread_fd(fd, o->what, sb, sizeof(*sb), o->offset + SUPERBLOCK_OFFSET, e) < 0)
		return -1;
	if (ext2fs_le16_to_cpu(sb->s_magic) != EXT2_SUPER_MAGIC)
		return err_set(e, ERR_IMAGE, "%s: no ext2, ext3 or ext4 file system", o->what);
	return 0;
}

/* libext2fs before 1.47 does not know it. */
#ifndef EXT4_FEATURE_RO_COMPAT_ORPHAN_PRESENT
#define EXT4_FEATURE_RO_COMPAT_ORPHAN_PRESENT 0x10000
#endif

static bool is_dirty(const struct fs_open *o, const struct ext2_super_block *sb)
{
	uint32_t incompat = ext2fs_le32_to_cpu(sb->s_feature_incompat);
	uint32_t ro_compat = ext2fs_le32_to_cpu(sb->s_feature_ro_compat);
	if (incompat & EXT3_FEATURE_INCOMPAT_RECOVER)
		return true;
	if (!(ext2fs_le16_to_cpu(sb->s_state) & EXT2_VALID_FS))
		return true;
	/* Files that were deleted while open: in nobody's way when reading. */
	return o->writable &&
	       (sb->s_last_orphan || (ro_compat & EXT4_FEATURE_RO_COMPAT_ORPHAN_PRESENT));
}

int ext_super_check(const struct fs_open *o, int fd, struct ext_state *ret, struct err *e)
{
	struct ext2_super_block sb;
	if (read_super(o, fd, &sb, e) < 0 || check_features(o, &sb, e) < 0 ||
	    check_size(o, &sb, e) < 0)
		return -1;
	if (ext2fs_le16_to_cpu(sb.s_state) & EXT2_ERROR_FS)
		return err_set(e, ERR_IMAGE,
			       "%s: the file system is marked as having errors; run e2fsck on it",
			       o->what);
	ret->dirty = is_dirty(o, &sb);
	return 0;
}

static int open_image(const struct fs_open *o, int flags, struct err *e)
{
	int fd = open(o->path, flags | O_CLOEXEC);
	if (fd < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot open '%s'", o->what, o->path);
	return fd;
}

int ext_super_read(const struct fs_open *o, struct ext2_super_block *ret, struct err *e)
{
	autoclose int fd = open_image(o, O_RDONLY, e);
	return fd < 0 ? -1 : read_super(o, fd, ret, e);
}

int fs_ext_features(const struct fs_open *o, struct strv *ret, struct err *e)
{
	struct ext2_super_block sb;
	if (ext_super_read(o, &sb, e) < 0)
		return -1;
	const uint32_t sets[] = {sb.s_feature_compat, sb.s_feature_incompat,
				 sb.s_feature_ro_compat};
	static const int kinds[] = {E2P_FEATURE_COMPAT, E2P_FEATURE_INCOMPAT,
				    E2P_FEATURE_RO_INCOMPAT};
	for (size_t i = 0; i < 3; i++) {
		for (uint32_t bit = 1; bit; bit <<= 1) {
			if (ext2fs_le32_to_cpu(sets[i]) & bit)
				strv_add(ret, e2p_feature2string(kinds[i], bit));
		}
	}
	return 0;
}

int fs_ext_is_dirty(const struct fs_open *o, bool *ret, struct err *e)
{
	struct ext_state state;
	autoclose int fd = open_image(o, O_RDONLY, e);
	if (fd < 0 || ext_super_check(o, fd, &state, e) < 0)
		return -1;
	*ret = state.dirty;
	return 0;
}

#define JOURNAL_MAGIC 0xc03b3998u

errcode_t ext_journal_head(const struct ext *x, void *head, int len, blk64_t *ret_block)
{
	ext2_ino_t ino = x->e2->super->s_journal_inum;
	uint32_t magic;
	*ret_block = 0;
	errcode_t failure = ext2fs_bmap2(x->e2, ino, NULL, NULL, 0, 0, NULL, ret_block);
	if (failure || !*ret_block)
		return failure ? failure : EXT2_ET_NO_JOURNAL;
	failure = io_channel_read_blk64(x->e2->io, *ret_block, -len, head);
	if (failure)
		return failure;
	memcpy(&magic, head, sizeof(magic));
	return be32toh(magic) == JOURNAL_MAGIC ? 0 : EXT2_ET_NO_JOURNAL;
}

/* True when the journal holds nothing that is to be replayed (jbd2: s_start of its superblock). */
static errcode_t journal_is_empty(const struct ext *x, bool *ret)
{
	uint32_t words[8] = {0};
	blk64_t block;
	errcode_t failure = ext_journal_head(x, words, sizeof(words), &block);
	*ret = !failure && words[7] == 0;
	return failure;
}

#define OPTIONS_MAX 4 /* of e2fsck */

/*
 * e2fsck 1.47.0 replays the journal of a file system at an offset, but forgets the offset when it
 * opens it again, and gives up.  What is left to do then is to say that the journal is empty.
 */
static int clear_replayed(const struct fs_open *o, struct err *e)
{
	struct fs_open how = *o;
	struct ext *x;
	bool empty = false;
	how.writable = true;
	if (ext_open_library(&how, true, &x, e) < 0)
		return -1;
	const char *doing = "cannot read the journal";
	errcode_t failure = 0;
	if (ext2fs_has_feature_journal_needs_recovery(x->e2->super))
		failure = journal_is_empty(x, &empty);
	if (!failure && empty) {
		doing = "cannot write";
		ext2fs_clear_feature_journal_needs_recovery(x->e2->super);
		ext2fs_mark_super_dirty(x->e2);
		failure = ext2fs_flush2(x->e2, EXT2_FLAG_FLUSH_NO_SYNC);
		if (!failure) /* now: nobody asks whether closing could write */
			failure = io_channel_flush(x->e2->io);
	}
	int r = failure ? ext_error(x, NULL, failure, doing, e) : 0;
	ext_free(x);
	return r;
}

/* The time of its last write, where none is given: what is repaired is not newer for that. */
static struct fs_open at_its_time(const struct fs_open *o)
{
	struct fs_open how = *o;
	struct ext2_super_block sb;
	auto_err ignored = ERR_INIT;
	if (!how.now && ext_super_read(o, &sb, &ignored) == 0)
		how.now = ext2fs_le32_to_cpu(sb.s_wtime);
	return how;
}

/* What e2fsck is to do with it: its options, up to four. */
static int run_e2fsck(const struct fs_open *o, const char *const *todo, int ok_status,
		      struct err *e)
{
	/* By descriptor: e2fsck takes a '?' in a name for the begin of the options. */
	autoclose int fd = open_image(o, O_RDWR, e);
	if (fd < 0)
		return -1;
	autofree char *image = xasprintf("/proc/%ld/fd/%d?offset=%llu", (long)getpid(), fd,
					 (unsigned long long)o->offset);
	/* e2fsck takes 0 for "not set". */
	autofree char *now = xasprintf("E2FSCK_TIME=%lld", (long long)(o->now > 0 ? o->now : 1));
	const char *argv[OPTIONS_MAX + 3] = {"e2fsck"};
	size_t n = 1;
	for (size_t i = 0; i < OPTIONS_MAX && todo[i]; i++) /* before the image: POSIXLY_CORRECT */
		argv[n++] = todo[i];
	argv[n] = image;
	const char *env[] = {now, NULL};
	auto_str said = STR_INIT;
	struct run r = {.argv = argv, .env = env, .output = &said, .ok_status = ok_status};
	return run(&r, e) < 0 ? -1 : 0;
}

/* 1: errors were corrected, which is what a replay is.  12: replayed, see above. */
#define REPLAYED (1 << 1 | 1 << 12)

static const char *const only_journal[] = {"-p", "-E", "journal_only", NULL};
static const char *const check_all[] = {"-p", "-f", NULL};
static const char *const mend_all[] = {"-f", "-y", NULL};

static int replay_error(const struct fs_open *o, struct err *e)
{
	return err_wrap(e, "%s: the journal cannot be replayed, run e2fsck by hand", o->what);
}

int fs_ext_replay_log(const struct fs_open *o, struct err *e)
{
	const struct fs_open how = at_its_time(o);
	if (run_e2fsck(&how, only_journal, REPLAYED, e) < 0)
		return replay_error(o, e);
	return clear_replayed(&how, e);
}

int fs_ext_replay(const struct fs_open *o, struct err *e)
{
	const struct fs_open how = at_its_time(o);
	if (fs_ext_replay_log(&how, e) < 0)
		return -1;
	return run_e2fsck(&how, check_all, 1 << 1, e) < 0 ? replay_error(o, e) : 0;
}

/* Where mke2fs puts the first copy of the superblock, by the size of blocks. */
static const struct {
	unsigned block_size;
	const char *block;
	uint64_t at;
} copies[] = {
	{4096, "32768", 32768ull * 4096},
	{1024, "8193", 8193ull * 1024},
	{2048, "16384", 16384ull * 2048},
};

static bool has_copy(const struct fs_open *o, int fd, size_t i, int64_t *ret_time)
{
	struct ext2_super_block sb = {0};
	if (copies[i].at + sizeof(sb) > o->size)
		return false;
	io_pread_rest(fd, &sb, sizeof(sb), o->offset + copies[i].at);
	*ret_time = ext2fs_le32_to_cpu(sb.s_wtime);
	uint32_t log = ext2fs_le32_to_cpu(sb.s_log_block_size);
	return ext2fs_le16_to_cpu(sb.s_magic) == EXT2_SUPER_MAGIC && log <= 2 &&
	       1024u << log == copies[i].block_size;
}

/* super: of a copy of the superblock that e2fsck is to begin with; NULL: none. */
static int by_hand(const struct fs_open *o, const char *super, struct err *e)
{
	if (e->code == ERR_INTERRUPT)
		return -1;
	return err_set(e, e->code,
		       "%s: e2fsck cannot repair it: %s; copy the card with ddrescue, and see what "
		       "`e2fsck %s%s` says of that partition of the copy",
		       o->what, e->msg, super ? "-b " : "-f", super ? super : "");
}

int fs_ext_restore_super(const struct fs_open *o, struct err *e)
{
	autoclose int fd = open_image(o, O_RDONLY, e);
	if (fd < 0)
		return -1;
	for (size_t i = 0; i < sizeof(copies) / sizeof(*copies); i++) {
		const char *const todo[] = {"-y", "-b", copies[i].block, NULL};
		struct fs_open how = *o;
		if (has_copy(o, fd, i, &how.now))
			return run_e2fsck(&how, todo, REPLAYED | 1 << 4, e) < 0
				       ? by_hand(o, copies[i].block, e)
				       : 1;
	}
	return 0;
}

/* A second run is content with what the first left, or the file system is beyond repair. */
int fs_ext_mend(const struct fs_open *o, struct err *e)
{
	const struct fs_open how = at_its_time(o);
	if (run_e2fsck(&how, mend_all, REPLAYED | 1 << 4, e) < 0 || clear_replayed(&how, e) < 0 ||
	    run_e2fsck(&how, mend_all, 1 << 1, e) < 0)
		return by_hand(o, NULL, e);
	return 0;
}
