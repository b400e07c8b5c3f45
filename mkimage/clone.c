/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "clone.h"
#include "device.h"
#include "direct.h"
#include "disk_extend.h"
#include "image_parts.h"
#include "interrupt.h"
#include "io.h"
#include "log.h"
#include "mem.h"
#include "ring.h"
#include "source.h"

#define SECTOR 4096u	 /* what is read by itself where a larger piece fails */
#define FILE_SECTOR 512u /* what everybody takes for the sectors of an image */
#define TRY_RESCUE \
	"the card or its reader is broken. With --rescue what cannot be read becomes zeros"

void clone_done(struct clone_source *s)
{
	cleanup_close(&s->fd);
	disk_free(s->disk);
	blockmap_done(&s->used);
	blockmap_done(&s->bad);
	strv_done(&s->lost);
	*s = (struct clone_source)CLONE_SOURCE_INIT;
}

/* ---- what it is ---- */

static int check_device(const char *path, const struct stat *st, struct err *e)
{
	const struct device_wish wish = {.what = path, .reading = true};
	auto_device d = {0};
	return device_judge(st->st_rdev, &wish, &d, e);
}

static int check_file(const char *path, struct err *e)
{
	enum source_kind kind;
	if (source_kind_of(path, path, &kind, e) < 0)
		return -1;
	if (kind == SOURCE_RAW)
		return 0;
	return err_set(e, ERR_IMAGE,
		       "%s: is compressed or a tarball, and not the image of a card that was in "
		       "use; 'mkimage base %s -o FILE' unpacks it",
		       path, path);
}

/* Exclusively, so that nobody mounts the card meanwhile. */
static int open_source(const char *path, struct clone_source *s, struct err *e)
{
	if (stat(path, &s->st) < 0)
		return err_errno(e, ERR_USAGE, "%s: cannot find it", path);
	bool device = S_ISBLK(s->st.st_mode);
	if ((device ? check_device(path, &s->st, e) : check_file(path, e)) < 0)
		return -1;
	s->fd = device ? device_open(path, O_RDONLY) : open(path, O_RDONLY | O_CLOEXEC);
	if (s->fd >= 0)
		return 0;
	if (errno == EBUSY)
		return err_set(e, ERR_BUSY, "%s: is in use; unmount it, and end what works with it",
			       path);
	return err_errno(e, ERR_FAILED, "%s: cannot read it%s", path,
			 errno == EACCES ? "; run the same command with sudo" : "");
}

struct fs_open clone_part(const struct disk *d, const struct part *p, const char *what)
{
	return (struct fs_open){.path = d->path, .offset = p->start, .size = p->size, .what = what};
}

/* Of a partition; see below. */
static int find_useless_part(const struct disk *d, const struct part *p, struct blockmap *useless,
			     bool *dirty, struct err *e)
{
	autofree char *what = image_part_name(d->name, p);
	const struct fs_open open = clone_part(d, p, what);
	auto_blockmap log = {0};
	bool one = false;
	if (fs_ext_is_dirty(&open, &one, e) < 0 || fs_ext_log(&open, &log, e) < 0)
		return -1;
	if (!one)
		fs_ext_swap(&open, &log);
	*dirty = *dirty || one;
	blockmap_merge(useless, &log);
	return 0;
}

/*
 * What is allocated and of no use to anybody else: the logs of journals and, where none has to be
 * replayed, which is dirty, the content of swap files.  With rescue a file system that cannot tell
 * has nothing useless.
 */
static int find_useless(const struct disk *d, bool rescue, struct blockmap *useless, bool *dirty,
			struct err *e)
{
	*dirty = false;
	for (size_t i = 0; i < d->n_parts; i++) {
		const struct part *p = &d->parts[i];
		if (!part_is_ext(p) || find_useless_part(d, p, useless, dirty, e) == 0)
			continue;
		if (!rescue)
			return -1;
		err_done(e);
	}
	return 0;
}

static int refuse_map(const struct clone_source *s, struct err *e)
{
	if (s->rescue)
		return -1;
	return err_set(e, e->code,
		       "%s; with --rescue all of that file system is copied, and the copy repaired",
		       e->msg);
}

/* The table says what is on a card, and nothing else does. */
static int refuse_table(const struct clone_source *s, struct err *e)
{
	if (!s->rescue || e->code != ERR_FAILED)
		return -1;
	return err_set(e, e->code,
		       "%s; --rescue needs the partition table: copy the card with ddrescue, and "
		       "look for its partitions with testdisk",
		       e->msg);
}

static int find_used(struct clone_source *s, struct err *e)
{
	auto_blockmap useless = {0};
	struct strv *notes = s->rescue ? &s->lost : NULL;
	if (blockmap_build_card(s->disk, notes, &s->used, e) < 0 ||
	    find_useless(s->disk, s->rescue, &useless, &s->dirty, e) < 0)
		return refuse_map(s, e);
	if (!s->dirty)
		blockmap_subtract(&s->used, &useless);
	return 0;
}

/* The table would be right, and yet nobody could read it. */
static int check_sectors(const struct disk *d, struct err *e)
{
	if (d->sector_size == FILE_SECTOR)
		return 0;
	return err_set(e, ERR_IMAGE,
		       "%s: its partition table counts sectors of %u bytes, and that of an image "
		       "file counts %u; copy it with dd to a device with the same sectors",
		       d->name, d->sector_size, FILE_SECTOR);
}

int clone_open(const char *path, bool rescue, struct clone_source *ret, struct err *e)
{
	auto_clone s = CLONE_SOURCE_INIT;
	s.rescue = rescue;
	if (open_source(path, &s, e) < 0)
		return -1;
	if (disk_probe(path, NULL, &s.disk, e) < 0)
		return refuse_table(&s, e);
	if (check_sectors(s.disk, e) < 0 || find_used(&s, e) < 0)
		return -1;
	*ret = s;
	s = (struct clone_source)CLONE_SOURCE_INIT;
	return 0;
}

/* ---- the copy: one thread reads, another writes ---- */

struct copy {
	struct clone_source *s;
	const struct clone_copy *how;
	const char *what;
	struct direct to;
	uint64_t done;
};

static int write_chunk(void *ctx, const struct chunk *c, struct err *e)
{
	struct copy *x = ctx;
	for (size_t i = 0; i < c->wanted.n; i++) {
		const struct extent *w = &c->wanted.extents[i];
		const unsigned char *p = c->data + (w->start - c->offset);
		for (uint64_t done = 0; done < w->len;) {
			ssize_t n = direct_pwrite(&x->to, p + done, (size_t)(w->len - done),
						  w->start + done);
			if (n < 0)
				return err_errno(e, ERR_FAILED, "%s: cannot write at byte %llu",
						 x->what, (unsigned long long)(w->start + done));
			done += (uint64_t)n;
		}
	}
	return 0;
}

static ssize_t read_some(const struct copy *x, unsigned char *data, size_t len, uint64_t at)
{
	ssize_t n;
	do
		n = pread(x->s->fd, data, len, (off_t)at);
	while (n < 0 && errno == EINTR);
	return n;
}

/* The size that an open device has; 0 once it was pulled out. */
static uint64_t size_now(int fd)
{
	off_t end = lseek(fd, 0, SEEK_END);
	return end < 0 ? 0 : (uint64_t)end;
}

/*
 * A card that was pulled out may fail as one that is worn out does.  But it has no size then, or
 * nobody can open it, or another one came in its place.
 */
static bool is_gone(const struct copy *x)
{
	struct stat st;
	const struct clone_source *s = x->s;
	autoclose int again = open(s->disk->path, O_RDONLY | O_CLOEXEC);
	return again < 0 || fstat(again, &st) < 0 || st.st_ino != s->st.st_ino ||
	       st.st_dev != s->st.st_dev || st.st_rdev != s->st.st_rdev ||
	       size_now(again) != s->disk->size || size_now(s->fd) != s->disk->size;
}

/* got: what pread returned, with errno. */
static int refuse_read(const struct copy *x, uint64_t at, ssize_t got, struct err *e)
{
	const char *why = got < 0 ? strerror(errno) : "it ends there, and was longer";
	const char *then = is_gone(x) ? "it was pulled out, or its reader gave up: put it in, and "
					"begin again"
			   : x->s->rescue ? "begin again"
					  : TRY_RESCUE;
	return err_set(e, ERR_FAILED, "%s: cannot read at byte %llu: %s; %s", x->s->disk->name,
		       (unsigned long long)at, why, then);
}

/* Block by block, so that only what is bad is lost. */
static int read_slowly(struct copy *x, unsigned char *data, size_t len, uint64_t at, struct err *e)
{
	for (size_t done = 0, n; done < len; done += n) {
		n = len - done < SECTOR ? len - done : SECTOR;
		if (interrupt_check(e) < 0)
			return -1;
		ssize_t got = read_some(x, data + done, n, at + done);
		if (got == (ssize_t)n)
			continue;
		int error = errno;
		bool gone = got >= 0 || is_gone(x);
		errno = error;
		if (gone)
			return refuse_read(x, at + done, got, e);
		memset(data + done, 0, n);
		blockmap_add(&x->s->bad, at + done, n);
	}
	return 0;
}

static int read_extent(struct copy *x, unsigned char *data, size_t len, uint64_t at, struct err *e)
{
	for (size_t done = 0; done < len;) {
		ssize_t n = read_some(x, data + done, len - done, at + done);
		if (n == 0 || (n < 0 && !x->s->rescue))
			return refuse_read(x, at + done, n, e);
		if (n < 0)
			return read_slowly(x, data + done, len - done, at + done, e);
		done += (size_t)n;
	}
	return 0;
}

static int read_chunk(struct copy *x, struct chunk *c, struct err *e)
{
	for (size_t i = 0; i < c->wanted.n; i++) {
		const struct extent *w = &c->wanted.extents[i];
		if (read_extent(x, c->data + (w->start - c->offset), w->len, w->start, e) < 0)
			return -1;
		x->done += w->len;
	}
	if (x->how->progress)
		x->how->progress(x->how->ctx, x->done);
	return 0;
}

static int read_all(struct copy *x, struct ring *ring, const struct blockmap *m, struct err *e)
{
	struct ring_walk walk = {.map = m};
	for (struct chunk *c; (c = ring_next(ring, &walk));) {
		if (interrupt_check(e) < 0 || read_chunk(x, c, e) < 0 || ring_submit(ring, e) < 0)
			return -1;
	}
	return ring_finish(ring, e);
}

static int copy_map(struct copy *x, int to, const struct blockmap *m, struct err *e)
{
	const struct ring_user user = {x->what, 1, write_chunk, x};
	auto_ring *ring = NULL;
	direct_init(&x->to, to);
	int r = ring_new(&user, &ring, e) < 0 ? -1 : read_all(x, ring, m, e);
	ring_free(steal(&ring));
	direct_done(&x->to);
	return r;
}

/* ---- the journals ---- */

typedef int (*replayer)(const struct fs_open *o, struct err *e);

/* What is clean to a reader may be a file system that we cannot write to: then it stays as it is.
 */
static int is_dirty(struct fs_open *o, bool *ret, struct err *e)
{
	auto_err why = ERR_INIT;
	if (fs_ext_is_dirty(o, ret, e) < 0)
		return -1;
	o->writable = true;
	if (*ret)
		return fs_ext_is_dirty(o, ret, e);
	if (fs_ext_is_dirty(o, ret, &why) < 0)
		log_debug("%s", why.msg);
	return 0;
}

/* Of each file system that needs it; what a second replay needs is added to again (may be NULL). */
static int replay_part(const struct disk *d, const struct part *p, replayer how,
		       struct blockmap *again, struct err *e)
{
	autofree char *what = image_part_name(d->name, p);
	struct fs_open open = clone_part(d, p, what);
	auto_blockmap marks = {0};
	bool dirty = false;
	if (is_dirty(&open, &dirty, e) < 0)
		return -1;
	if (!dirty)
		return 0;
	if ((again && fs_ext_replay_marks(&open, &marks, e) < 0) || how(&open, e) < 0)
		return -1;
	if (again)
		blockmap_merge(again, &marks);
	return 0;
}

/* With rescue, what cannot be replayed is left to e2fsck, which is asked later. */
static int replay_parts(const struct clone_source *s, const struct disk *d, replayer how,
			struct blockmap *again, struct err *e)
{
	for (size_t i = 0; i < d->n_parts; i++) {
		const struct part *p = &d->parts[i];
		if (!part_is_ext(p) || replay_part(d, p, how, again, e) == 0)
			continue;
		if (!s->rescue || e->code == ERR_INTERRUPT)
			return -1;
		err_done(e);
	}
	return 0;
}

/*
 * Files that the board wrote last lie in blocks that only the journal knows to be used.  So it is
 * replayed twice: to learn of them, and, once they are there as the card has them, to put on top
 * what is newer in the journal.  Only then can the file system be checked.
 */
static int replay(struct copy *x, int to, const struct disk *d, struct err *e)
{
	auto_blockmap late = {0}, again = {0};
	auto_strv notes = {0}; /* said of the card already */
	if (replay_parts(x->s, d, fs_ext_replay_log, &again, e) < 0 ||
	    blockmap_build_card(d, x->s->rescue ? &notes : NULL, &late, e) < 0)
		return -1;
	blockmap_subtract(&late, &x->s->used);
	blockmap_merge(&late, &again);
	blockmap_round(&late, SECTOR, d->size);
	return copy_map(x, to, &late, e) < 0 ? -1 : replay_parts(x->s, d, fs_ext_replay, NULL, e);
}

static int punch(int fd, const char *what, uint64_t start, uint64_t end, struct err *e)
{
	if (start >= end || fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)start,
				      (off_t)(end - start)) == 0)
		return 0;
	return err_errno(e, ERR_FAILED, "%s: cannot clear free space", what);
}

static int punch_all_but(int fd, const char *what, uint64_t size, const struct blockmap *m,
			 struct err *e)
{
	uint64_t at = 0;
	for (size_t i = 0; i < m->n; i++) {
		if (punch(fd, what, at, m->extents[i].start, e) < 0)
			return -1;
		at = m->extents[i].start + m->extents[i].len;
	}
	return punch(fd, what, at, size, e);
}

/* Not the logs of journals, whose work is done, and not what was swapped out. */
int clone_used(const char *path, const char *what, bool rescue, uint64_t *ret_size,
	       struct blockmap *ret, struct err *e)
{
	auto_disk *d = NULL;
	auto_blockmap useless = {0};
	bool dirty;
	if (disk_probe(path, what, &d, e) < 0 ||
	    (rescue ? blockmap_build_rescued : blockmap_build)(d, ret, e) < 0 ||
	    find_useless(d, rescue, &useless, &dirty, e) < 0)
		return -1;
	blockmap_subtract(ret, &useless);
	*ret_size = d->size;
	return 0;
}

/* What we cannot write to, nobody will make a node of, or it is data that stays as it is. */
static int scrub_part(const struct disk *d, const struct part *p, struct err *e)
{
	autofree char *what = image_part_name(d->name, p);
	struct fs_open open = clone_part(d, p, what);
	auto_err why = ERR_INIT;
	open.writable = true;
	if ((part_is_ext(p) ? fs_ext_scrub : fs_fat_scrub)(&open, &why) == 0)
		return 0;
	if (why.code != ERR_IMAGE)
		return err_set(e, why.code, "%s", why.msg);
	log_debug("%s", why.msg);
	return 0;
}

static int scrub_all(const char *path, const char *name, struct err *e)
{
	auto_disk *d = NULL;
	if (disk_probe(path, name, &d, e) < 0)
		return -1;
	for (size_t i = 0; i < d->n_parts; i++) {
		const struct part *p = &d->parts[i];
		if ((part_is_ext(p) || part_is_fat(p)) && scrub_part(d, p, e) < 0)
			return -1;
	}
	return 0;
}

int clone_wipe_free(int fd, const char *path, const char *what, bool rescue, struct err *e)
{
	auto_blockmap used = {0};
	uint64_t size;
	if (scrub_all(path, what, e) < 0 || clone_used(path, what, rescue, &size, &used, e) < 0)
		return -1;
	return punch_all_but(fd, what, size, &used, e);
}

/* Of a card that was larger than the image on it. */
static int settle_table(int fd, const char *path, const char *what, struct err *e)
{
	auto_disk *d = NULL;
	return disk_probe(path, what, &d, e) < 0 ? -1 : disk_settle_backup(d, fd, e);
}

int clone_copy(struct clone_source *s, const struct clone_copy *how, int to, const char *path,
	       const char *what, struct err *e)
{
	struct copy x = {.s = s, .how = how, .what = what};
	auto_disk *d = NULL;
	if (io_check_space(path, what, s->used.used, "make room, or choose another --output", e) <
	    0)
		return -1;
	if (ftruncate(to, (off_t)s->disk->size) < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot make it %llu bytes long", what,
				 (unsigned long long)s->disk->size);
	blockmap_round(&s->used, SECTOR, s->disk->size);
	if (copy_map(&x, to, &s->used, e) < 0 || disk_probe(path, what, &d, e) < 0)
		return -1;
	if (s->dirty && replay(&x, to, d, e) < 0)
		return -1;
	if (S_ISREG(s->st.st_mode) && io_check_unchanged(s->fd, &s->st, s->disk->name, e) < 0)
		return -1;
	if (s->rescue && clone_mend(s, path, e) < 0)
		return -1;
	if (settle_table(to, path, what, e) < 0)
		return -1;
	return clone_wipe_free(to, path, what, s->rescue, e);
}
