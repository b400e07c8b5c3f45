/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <lzma.h>

#include "interrupt.h"
#include "source_parts.h"

/*
 * With two threads the decoder stays below 144 MiB: blocks of 24 MiB, as `xz -6 -T0` makes them,
 * need about 40 MiB a thread.  Larger blocks are decoded with fewer threads.
 */
#define MEMORY_PER_THREAD (UINT64_C(72) << 20)
/* A dictionary that needs more than this is refused: `xz -9` needs 65 MiB. */
#define MEMORY_STOP (UINT64_C(256) << 20)
#define TIMEOUT_MS 200 /* lzma_code returns at least so often, to see signals */

#if LZMA_VERSION >= 50040002
static lzma_ret start(lzma_stream *s)
{
	uint32_t cores = lzma_cputhreads() ? lzma_cputhreads() : 1;
	lzma_mt mt = {.flags = LZMA_CONCATENATED | LZMA_FAIL_FAST,
		      .threads = cores + 1, /* a block that is done waits for its turn */
		      .timeout = TIMEOUT_MS,
		      .memlimit_stop = MEMORY_STOP};
	uint64_t physical = lzma_physmem() / 4, wanted = MEMORY_PER_THREAD * cores;
	mt.memlimit_threading = physical && physical < wanted ? physical : wanted;
	return lzma_stream_decoder_mt(s, &mt);
}
#else /* liblzma of Ubuntu 22.04 decodes on one core only */
static lzma_ret start(lzma_stream *s)
{
	return lzma_stream_decoder(s, MEMORY_STOP, LZMA_CONCATENATED);
}
#endif

static int explain(lzma_ret r, const lzma_stream *s, const struct input *in, struct err *e)
{
	unsigned long long at = s->total_in, size = in->size;
	switch (r) {
	case LZMA_BUF_ERROR:
		return err_set(e, ERR_IMAGE,
			       "%s: the .xz data end too early, after %llu bytes: the download "
			       "is not complete; " SOURCE_ADVICE,
			       in->name, size);
	case LZMA_MEMLIMIT_ERROR:
		return err_set(e, ERR_IMAGE,
			       "%s: unpacking needs %llu MiB of memory, more than the allowed "
			       "%llu; unpack it with xz -dc and give the result",
			       in->name, (unsigned long long)(lzma_memusage(s) >> 20),
			       (unsigned long long)(MEMORY_STOP >> 20));
	case LZMA_MEM_ERROR:
		return err_set(e, ERR_FAILED, "%s: not enough memory to unpack it", in->name);
	case LZMA_OPTIONS_ERROR:
		return err_set(e, ERR_IMAGE,
			       "%s: byte %llu: liblzma %s does not know the options of this .xz; "
			       "unpack it elsewhere and give the result",
			       in->name, at, lzma_version_string());
	default:
		return err_set(e, ERR_IMAGE,
			       "%s: the .xz data are damaged near byte %llu of %llu, or something "
			       "else follows them; " SOURCE_ADVICE,
			       in->name, at, size);
	}
}

/* Hand what was decoded to the sink and take new room from it. */
static int drain(lzma_stream *s, size_t *room, struct sink *out, struct err *e)
{
	if (sink_advance(out, *room - s->avail_out, e) < 0)
		return -1;
	s->next_out = sink_space(out, room);
	s->avail_out = *room;
	return 0;
}

static int feed(lzma_stream *s, struct input *in, lzma_action *action, struct err *e)
{
	if (s->avail_in || *action == LZMA_FINISH)
		return interrupt_check(e);
	ssize_t n = input_read(in, e);
	if (n < 0)
		return -1;
	*action = n ? LZMA_RUN : LZMA_FINISH;
	s->next_in = in->buffer;
	s->avail_in = (size_t)n;
	return 0;
}

static int decode(lzma_stream *s, struct input *in, struct sink *out, struct err *e)
{
	size_t room;
	lzma_action action = LZMA_RUN;
	lzma_ret r = LZMA_OK;
	s->next_out = sink_space(out, &room);
	s->avail_out = room;
	while (r == LZMA_OK) {
		if (feed(s, in, &action, e) < 0)
			return -1;
		r = lzma_code(s, action);
		if ((s->avail_out == 0 || r == LZMA_STREAM_END) && drain(s, &room, out, e) < 0)
			return -1;
	}
	return r == LZMA_STREAM_END ? 0 : explain(r, s, in, e);
}

int xz_decode(struct input *in, struct sink *out, struct err *e)
{
	lzma_stream s = LZMA_STREAM_INIT;
	lzma_ret r = start(&s);
	int result = r == LZMA_OK ? decode(&s, in, out, e) : explain(r, &s, in, e);
	lzma_end(&s);
	return result;
}

uint32_t xz_crc32(const void *data, size_t len, uint32_t crc)
{
	return lzma_crc32(data, len, crc);
}

uint64_t crc64(const void *data, size_t len)
{
	return lzma_crc64(data, len, 0);
}
