/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "card_private.h"
#include "interrupt.h"
#include "mem.h"

static const struct {
	int error;
	const char *advice;
} advices[] = {
	{EIO, "; the card or its reader is broken, or it was pulled out"},
	{EREMOTEIO, "; the card or its reader is broken, or it was pulled out"},
	{ENODEV, "; it was pulled out"},
	{ENXIO, "; it was pulled out"},
	{ENOMEDIUM, "; it was pulled out"},
	{ENOSPC, "; it has fewer bytes than it says: it is counterfeit or broken"},
	{EROFS, "; it is write-protected: look for a switch at its edge"},
};

const char *card_advice(int error)
{
	for (size_t i = 0; i < sizeof(advices) / sizeof(*advices); i++) {
		if (advices[i].error == error)
			return advices[i].advice;
	}
	return "";
}

/* Not err_errno: the disk that is full there is another. */
static int io_failure(const struct card *c, const char *verb, uint64_t offset, struct err *e)
{
	int error = errno;
	return err_set(e, ERR_FAILED, "%s: cannot %s at byte %llu: %s%s", c->name, verb,
		       (unsigned long long)offset, strerror(error), card_advice(error));
}

int card_put(const struct card *c, const void *data, size_t len, uint64_t offset, struct err *e)
{
	const char *p = data;
	while (len) {
		ssize_t n = pwrite(c->fd, p, len, (off_t)offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return io_failure(c, "write", offset, e);
		n -= n % c->sector; /* the rest of a sector is written again */
		if (n == 0) {
			errno = ENOSPC;
			return io_failure(c, "write", offset, e);
		}
		p += n;
		len -= (size_t)n;
		offset += (uint64_t)n;
	}
	return 0;
}

int card_get(const struct card *c, void *data, size_t len, uint64_t offset, struct err *e)
{
	char *p = data;
	while (len) {
		ssize_t n = pread(c->fd, p, len, (off_t)offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return io_failure(c, "read back", offset, e);
		n -= n % c->sector;
		if (n == 0) {
			errno = ENOSPC;
			return io_failure(c, "read back", offset, e);
		}
		p += n;
		len -= (size_t)n;
		offset += (uint64_t)n;
	}
	return 0;
}

/* A file system without O_DIRECT has a cache that would be read instead. */
int card_flush(const struct card *c, struct err *e)
{
	if (fsync(c->fd) < 0) {
		int error = errno;
		return err_set(e, ERR_FAILED, "%s: cannot flush: %s%s", c->name, strerror(error),
			       card_advice(error));
	}
	posix_fadvise(c->fd, 0, 0, POSIX_FADV_DONTNEED);
	return 0;
}

/* ---- free space ---- */

/* One request at most, so that a signal is seen and a slow card shows that it works. */
#define CLEAR_STEP (64ull << 20)

static int clear_device(const struct card *c, enum card_free how, uint64_t start, uint64_t len)
{
	uint64_t range[2] = {start, len};
	return ioctl(c->fd, how == CARD_FREE_DISCARD ? BLKDISCARD : BLKZEROOUT, range);
}

static int clear_file(const struct card *c, uint64_t start, uint64_t len)
{
	return fallocate(c->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)start,
			 (off_t)len);
}

int card_clear(const struct card *c, enum card_free how, uint64_t start, uint64_t end,
	       struct err *e)
{
	while (start < end) {
		uint64_t len = end - start < CLEAR_STEP ? end - start : CLEAR_STEP;
		int r = c->node ? clear_device(c, how, start, len) : clear_file(c, start, len);
		if (interrupt_check(e) < 0)
			return -1;
		if (r < 0 && errno == EOPNOTSUPP)
			return err_set(e, ERR_FAILED,
				       "%s: cannot discard free space: the card or its reader does "
				       "not know how; give --free zero, or leave it out",
				       c->name);
		if (r < 0)
			return io_failure(c, "clear", start, e);
		start += len;
	}
	return 0;
}

/* ---- reading back ---- */

struct verify {
	const struct card_write *w;
	struct pieces *pieces;
};

static int by_place(const void *a, const void *b)
{
	const struct piece *x = a, *y = b;
	return (x->start > y->start) - (x->start < y->start);
}

void pieces_sort(struct pieces *p)
{
	if (p->n)
		qsort(p->v, p->n, sizeof(*p->v), by_place);
}

static int check_piece(const struct verify *v, const struct piece *p, void *buffer, struct err *e)
{
	const struct card *c = v->w->card;
	if (card_get(c, buffer, p->len, p->start, e) < 0)
		return -1;
	if (crc64(buffer, p->len) == p->sum)
		return 0;
	autofree char *size = format_size(c->size);
	return err_set(e, ERR_CHECK,
		       "%s: reads back other bytes than were written, between %llu and %llu; the "
		       "card is worn out, or it has less memory than the %s that it claims; do not "
		       "use it",
		       c->name, (unsigned long long)p->start,
		       (unsigned long long)(p->start + p->len), size);
}

/* The first piece that does not begin before start. */
static size_t find_piece(const struct pieces *p, uint64_t start)
{
	size_t low = 0, high = p->n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (p->v[middle].start < start)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The chunk only says where; its buffer is there to be read into. */
static int check_chunk(void *ctx, const struct chunk *chunk, struct err *e)
{
	const struct verify *v = ctx;
	struct pieces *p = v->pieces;
	for (size_t i = find_piece(p, chunk->offset); i < p->n; i++) {
		if (p->v[i].start >= chunk->offset + RING_CHUNK)
			break;
		if (check_piece(v, &p->v[i], chunk->data, e) < 0)
			return -1;
		__atomic_add_fetch(&p->checked, p->v[i].len, __ATOMIC_RELAXED);
	}
	return 0;
}

static int hand_out(const struct verify *v, struct ring *ring, struct err *e)
{
	const struct pieces *p = v->pieces;
	uint64_t next = 0;
	for (size_t i = 0; i < p->n; i++) {
		if (p->v[i].start < next)
			continue;
		struct chunk *chunk = ring_filling(ring);
		chunk->offset = p->v[i].start - p->v[i].start % RING_CHUNK;
		chunk->len = RING_CHUNK;
		next = chunk->offset + RING_CHUNK;
		if (interrupt_check(e) < 0 || ring_submit(ring, e) < 0)
			return -1;
		if (v->w->progress)
			v->w->progress(v->w->ctx, __atomic_load_n(&p->checked, __ATOMIC_RELAXED));
	}
	return ring_finish(ring, e);
}

int card_verify(const struct card_write *w, struct pieces *p, struct err *e)
{
	struct verify v = {w, p};
	const struct ring_user user = {w->card->name, CARD_THREADS, check_chunk, &v};
	auto_ring *ring = NULL;
	return ring_new(&user, &ring, e) < 0 ? -1 : hand_out(&v, ring, e);
}
