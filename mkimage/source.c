/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "assemble.h"
#include "io.h"
#include "mem.h"
#include "source_parts.h"

/* Raised when the same input would give another image: old entries are not found any more. */
#define CACHE_VERSION 1

/* A base on its way to an image: a file of this machine. */
struct origin {
	char *name; /* as the user called it, credentials removed */
	char *path;
	char *sha256;  /* still to be checked; NULL: nothing to check */
	bool verified; /* by the download */
	struct stat st;
};

static void origin_done(struct origin *o)
{
	free(o->name);
	free(o->path);
	free(o->sha256);
}
#define auto_origin __attribute__((cleanup(origin_done))) struct origin

void source_free(struct source *s)
{
	if (!s)
		return;
	free(s->path);
	free(s->name);
	free(s->id);
	free(s);
}

static char *local_path(const char *base, const char *dir)
{
	const char *home = getenv("HOME");
	if (str_starts(base, "~/") && home)
		return path_join(home, base + 2);
	return *base == '/' ? xstrdup(base) : path_join(dir ? dir : ".", base);
}

/* Undo %XX of a file: URL (RFC 3986, 2.1); the host part, if any, has to be empty or localhost. */
static int file_url_path(const char *url, char **ret, struct err *e)
{
	const char *p = url + strlen("file://");
	auto_str out = STR_INIT;
	if (str_starts(p, "localhost/"))
		p += strlen("localhost");
	for (; *p; p++) {
		char hex[3] = {0}, *end = hex;
		if (*p == '%' && p[1] && p[2]) {
			hex[0] = p[1];
			hex[1] = p[2];
		}
		char c = hex[0] ? (char)strtoul(hex, &end, 16) : *p;
		if (*p == '%' && (end != hex + 2 || c == '\0'))
			return err_set(e, ERR_PROFILE, "%s: '%%' without two hex digits", url);
		p += hex[0] ? 2 : 0;
		str_add(&out, &c, 1);
	}
	if (str_text(&out)[0] != '/')
		return err_set(e, ERR_PROFILE, "%s: a file URL is file:///PATH", url);
	*ret = str_steal(&out);
	return 0;
}

static bool is_download(const char *base)
{
	return str_starts(base, "http://") || str_starts(base, "https://");
}

static int take_url(const char *url, bool at_hand, struct origin *o, struct progress *p,
		    struct err *e)
{
	free(o->name);
	o->name = fetch_masked(url);
	o->verified = o->sha256 != NULL;
	if (at_hand && !fetch_has(url, o->sha256))
		return 0;
	return fetch_url(url, o->sha256, p, &o->path, e);
}

static int take_named(const struct source_spec *spec, struct origin *o, struct progress *p,
		      struct err *e)
{
	auto_base_entry b = {0};
	if (bases_lookup(spec->base, spec->search, &b, e) < 0)
		return -1;
	autofree char *where = xasprintf("%s:%d", b.file, b.line);
	if (b.sha256 && !o->sha256 && hash_parse(b.sha256, where, &o->sha256, e) < 0)
		return -1;
	if (b.recipe.n)
		return recipe_get(&b, spec->packages, spec->at_hand, p, &o->path, e);
	if (b.path) {
		o->path = steal(&b.path);
		return 0;
	}
	if (!is_download(b.url))
		return err_set(e, ERR_PROFILE,
			       "%s: url '%s' begins neither with https:// nor http://", where,
			       b.url);
	return take_url(b.url, spec->at_hand, o, p, e);
}

/* A path, a URL or a name: get it onto this machine; o->path NULL: it is not at hand. */
static int locate(const struct source_spec *spec, struct origin *o, struct progress *p,
		  struct err *e)
{
	if (spec->sha256 && hash_parse(spec->sha256, spec->base, &o->sha256, e) < 0)
		return -1;
	o->name = xstrdup(spec->base);
	if (is_download(spec->base))
		return take_url(spec->base, spec->at_hand, o, p, e);
	if (str_starts(spec->base, "file://"))
		return file_url_path(spec->base, &o->path, e);
	if (strstr(spec->base, "://"))
		return err_set(e, ERR_PROFILE,
			       "%s: only http, https and file URLs can be a base; download it and "
			       "give the file",
			       spec->base);
	autofree char *path = local_path(spec->base, spec->dir);
	struct stat st;
	bool file = stat(path, &st) == 0 && !S_ISDIR(st.st_mode);
	if (!file && !strchr(spec->base, '/'))
		return take_named(spec, o, p, e);
	o->path = steal(&path);
	return 0;
}

/* stat before open: opening a pipe would wait for ever. */
static int open_origin(struct origin *o, int *ret, struct err *e)
{
	if (stat(o->path, &o->st) < 0)
		return err_errno(e, ERR_IMAGE, "base '%s': cannot read '%s'", o->name, o->path);
	if (!S_ISREG(o->st.st_mode) && !S_ISBLK(o->st.st_mode))
		return err_set(e, ERR_IMAGE, "base '%s': '%s' is neither a file nor a block device",
			       o->name, o->path);
	int fd = open(o->path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_errno(e, ERR_IMAGE, "base '%s': cannot open '%s'", o->name, o->path);
	*ret = fd;
	return 0;
}

/*
 * The key of what is made from a file: path, size and time stand for its content, which nobody
 * wants to read in every run.
 */
static char *origin_key(const struct origin *o, const char *what)
{
	autofree char *real = realpath(o->path, NULL);
	autofree char *text = xasprintf("%s %d\n%s\n%llu %lld.%09ld\n%s\n", what, CACHE_VERSION,
					real ? real : o->path, (unsigned long long)o->st.st_size,
					(long long)o->st.st_mtim.tv_sec, o->st.st_mtim.tv_nsec,
					o->sha256 ? o->sha256 : "");
	return hash_text(text);
}

static int check_digest(const struct origin *o, struct progress *p, struct err *e)
{
	autofree char *is = NULL;
	if (!o->sha256 || o->verified)
		return 0;
	if (input_digest(o->path, o->name, p, &is, e) < 0)
		return -1;
	return hash_compare(o->name, is, o->sha256, e);
}

static int decode(enum source_kind kind, struct input *in, struct sink *out, struct err *e)
{
	if (kind == SOURCE_ARCHIVE)
		return archive_extract(in, out, e);
	return kind == SOURCE_XZ ? xz_decode(in, out, e) : archive_decode(in, out, e);
}

/* Decoders of a stream see every byte once, in order: the digest is taken on the way. */
static int decode_checked(const struct origin *o, enum source_kind kind, struct input *in,
			  struct sink *out, struct err *e)
{
	auto_hash *h = kind != SOURCE_ARCHIVE && o->sha256 && !o->verified ? hash_new() : NULL;
	in->hash = h;
	int r = decode(kind, in, out, e);
	if (r < 0 || !h)
		return r;
	autofree char *is = hash_hex(h);
	return hash_compare(o->name, is, o->sha256, e);
}

static int unpack(const struct origin *o, enum source_kind kind, const char *to, struct progress *p,
		  struct err *e)
{
	auto_input in = {.fd = -1};
	auto_sink *out = NULL;
	if (kind == SOURCE_ARCHIVE && check_digest(o, p, e) < 0)
		return -1;
	/* An image is hardly ever smaller than its compressed form. */
	if (cache_check_space(to, (uint64_t)o->st.st_size, o->name, e) < 0 ||
	    input_open(o->path, o->name, "unpack", p, &in, e) < 0 ||
	    sink_open(to, o->name, &out, e) < 0)
		return -1;
	return decode_checked(o, kind, &in, out, e) < 0 ? -1 : sink_finish(out, e);
}

int source_kind_of(const char *path, const char *name, enum source_kind *ret, struct err *e)
{
	struct stat st;
	/* Opening a pipe would wait for ever. */
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_errno(e, ERR_IMAGE, "%s: cannot read it", name);
	if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
		return err_set(e, ERR_IMAGE, "%s: is neither a file nor a block device", name);
	return source_detect(fd, name, ret, e);
}

int source_decode(const char *path, const char *name, enum source_kind kind,
		  const struct source_target *t, struct err *e)
{
	auto_input in = {.fd = -1};
	auto_sink *out = NULL;
	if (input_open(path, name, "unpack", NULL, &in, e) < 0 || sink_to(t, name, &out, e) < 0)
		return -1;
	return decode(kind, &in, out, e) < 0 ? -1 : sink_finish(out, e);
}

/* The seed of all UUIDs is the content, so that everybody who has this tarball gets these bytes. */
static int assemble(const struct origin *o, const char *to, uint64_t now, struct progress *p,
		    struct err *e)
{
	autofree char *digest = NULL;
	if (input_digest(o->path, o->name, p, &digest, e) < 0)
		return -1;
	if (o->sha256 && !o->verified && hash_compare(o->name, digest, o->sha256, e) < 0)
		return -1;
	const struct assemble a = {.tarball = o->path,
				   .name = o->name,
				   .image = to,
				   .id = digest,
				   .now = (int64_t)now};
	return assemble_image(&a, p, e) < 0 ? -1 : io_flush_file(to, e);
}

/* Everything but a raw image: made in the cache, once. */
static int take_made(const struct origin *o, enum source_kind kind, uint64_t now,
		     struct progress *p, struct source *s, struct err *e)
{
	autofree char *what = kind == SOURCE_TARBALL
				      ? xasprintf("assembled sparse %llu", (unsigned long long)now)
				      : xstrdup("unpacked");
	auto_cache_entry c = CACHE_ENTRY_INIT;
	s->id = origin_key(o, what);
	if (cache_begin("images", s->id, ".img", false, o->name, p, &c, e) < 0)
		return -1;
	int r = c.found			 ? 0
		: kind == SOURCE_TARBALL ? assemble(o, c.work, now, p, e)
					 : unpack(o, kind, c.work, p, e);
	if (r < 0 || (!c.found && cache_commit(&c, e) < 0))
		return -1;
	s->path = steal(&c.path);
	return 0;
}

int source_get(const struct source_spec *spec, struct progress *p, struct source **ret,
	       struct err *e)
{
	auto_origin o = {0};
	autoclose int fd = -1;
	enum source_kind kind;
	if (locate(spec, &o, p, e) < 0)
		return -1;
	if (spec->at_hand && (!o.path || access(o.path, F_OK) < 0)) {
		*ret = NULL;
		return 0;
	}
	if (open_origin(&o, &fd, e) < 0 || source_detect(fd, o.name, &kind, e) < 0)
		return -1;
	auto_source *s = xcalloc(1, sizeof(*s));
	s->name = xstrdup(o.name);
	if (kind == SOURCE_RAW) {
		if (check_digest(&o, p, e) < 0)
			return -1;
		s->path = xstrdup(o.path);
		s->id = origin_key(&o, "raw");
	} else if (take_made(&o, kind, spec->now, p, s, e) < 0) {
		return -1;
	}
	*ret = steal(&s);
	return 0;
}
