/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "fetch.h"
#include "io.h"
#include "interrupt.h"
#include "mem.h"
#include "source_parts.h"

#define TRIES 5			  /* without progress in between */
#define PROGRESS_BYTES (1u << 20) /* what counts as progress */
#define CONNECT_SECONDS 30L
#define STALL_SECONDS 60L /* without one byte: the transfer is given up and resumed */
#define REDIRECTS 10L
#define HEADER_MAX 1024
#define TEXT_SECONDS 60L /* for all of a small text */

/*
 * downloads/KEY.part is what came so far; downloads/KEY.from is the server's validator (a strong
 * ETag or Last-Modified) of it, for If-Range (RFC 9110, 13.1.5): without one, or when the file has
 * changed on the server, the download starts again.
 */
struct fetch {
	CURL *curl;
	char error[CURL_ERROR_SIZE];
	const char *url;
	char *masked; /* url for people */
	struct cache_entry entry;
	char *from; /* path of the validator */
	int fd;
	uint64_t have;	/* bytes in the part */
	uint64_t start; /* how many of them this request left out */
	struct hash *hash;
	uint64_t hashed; /* bytes of the part that hash has seen */
	struct progress *progress;
	int step; /* -1: not begun */
	/* Of the last response; a redirect is one too. */
	char *etag, *modified, *range;
	bool body_begun;
	bool start_again; /* the part is of no use */
	struct err *e;
};

static void fetch_done(struct fetch *f)
{
	curl_easy_cleanup(f->curl);
	free(f->masked);
	free(f->from);
	free(f->etag);
	free(f->modified);
	free(f->range);
	hash_free(f->hash);
	cleanup_close(&f->fd);
	cache_entry_done(&f->entry);
}

char *fetch_masked(const char *url)
{
	const char *host = strstr(url, "://");
	host = host ? host + 3 : url;
	size_t authority = strcspn(host, "/?#");
	const char *at = memrchr(host, '@', authority);
	const char *rest = at ? at + 1 : host;
	size_t shown = strcspn(rest, "?#");
	return xasprintf("%.*s%.*s%s", (int)(host - url), url, (int)shown, rest,
			 rest[shown] == '?' ? "?..." : "");
}

static char *header_value(const char *line, size_t len, const char *name)
{
	size_t n = strlen(name);
	if (len <= n || strncasecmp(line, name, n) != 0 || line[n] != ':')
		return NULL;
	const char *p = line + n + 1, *end = line + len;
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	while (end > p && (end[-1] == '\r' || end[-1] == '\n' || end[-1] == ' '))
		end--;
	return end - p > HEADER_MAX ? NULL : xstrndup(p, (size_t)(end - p));
}

static void take_header(char **field, const char *line, size_t len, const char *name)
{
	char *value = header_value(line, len, name);
	if (!value)
		return;
	free(*field);
	*field = value;
}

static void forget_headers(struct fetch *f)
{
	free(steal(&f->etag));
	free(steal(&f->modified));
	free(steal(&f->range));
}

static size_t on_header(char *line, size_t size, size_t n, void *ctx)
{
	struct fetch *f = ctx;
	size_t len = size * n;
	if (len > 5 && strncmp(line, "HTTP/", 5) == 0)
		forget_headers(f);
	take_header(&f->etag, line, len, "ETag");
	take_header(&f->modified, line, len, "Last-Modified");
	take_header(&f->range, line, len, "Content-Range");
	return len;
}

/* A weak ETag ("W/…") does not promise equal bytes. */
static const char *validator(const struct fetch *f)
{
	if (f->etag && f->etag[0] == '"')
		return f->etag;
	return f->modified;
}

static long status_of_handle(CURL *curl)
{
	long status = 0;
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	return status;
}

static long status_of(const struct fetch *f)
{
	return status_of_handle(f->curl);
}

/* The server sends all of it: what was there is replaced. */
static int begin_part(struct fetch *f)
{
	const char *v = validator(f);
	f->start = f->have = f->hashed = 0;
	free(hash_hex(f->hash));
	if (ftruncate(f->fd, 0) < 0)
		return err_errno(f->e, ERR_FAILED, "%s: cannot empty it", f->entry.work);
	unlink(f->from);
	if (v && io_replace_file(f->from, v, strlen(v), 0600, f->e) < 0)
		return cache_advise(f->e);
	return 0;
}

/* RFC 9110, 14.4: "bytes FIRST-LAST/TOTAL" has to begin where our part ends. */
static int continue_part(struct fetch *f)
{
	autofree char *wanted = xasprintf("bytes %llu-", (unsigned long long)f->start);
	f->start_again = !f->range || !str_starts(f->range, wanted);
	return f->start_again ? -1 : 0;
}

static int begin_body(struct fetch *f)
{
	curl_off_t length = -1;
	curl_easy_getinfo(f->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
	f->body_begun = true;
	if ((status_of(f) == 206 ? continue_part(f) : begin_part(f)) < 0)
		return -1;
	if (f->step < 0) {
		autofree char *what = xasprintf("download %s", path_base(f->masked));
		uint64_t total = length < 0 ? 0 : f->start + (uint64_t)length;
		f->step = progress_start(f->progress, what, total);
	}
	return length < 0 ? 0 : cache_check_space(f->entry.work, (uint64_t)length, f->masked, f->e);
}

static size_t on_body(char *data, size_t size, size_t n, void *ctx)
{
	struct fetch *f = ctx;
	size_t len = size * n;
	if (!f->body_begun && begin_body(f) < 0)
		return 0;
	if (io_pwrite_fd(f->fd, f->entry.work, data, len, f->have, f->e) < 0) {
		cache_advise(f->e);
		return 0;
	}
	if (f->hashed == f->have) {
		hash_add(f->hash, data, len);
		f->hashed += len;
	}
	f->have += len;
	return len;
}

static int on_progress(void *ctx, curl_off_t total, curl_off_t done, curl_off_t up_total,
		       curl_off_t up)
{
	struct fetch *f = ctx;
	(void)total;
	(void)done;
	(void)up_total;
	(void)up;
	progress_update(f->progress, f->step, f->have);
	return interrupt_check(f->e) < 0;
}

static void set_protocols(CURL *curl, const char *url)
{
	bool https = str_starts(url, "https:");
#if LIBCURL_VERSION_NUM >= 0x075500
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, https ? "https" : "http,https");
#else
	long both = CURLPROTO_HTTP | CURLPROTO_HTTPS;
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS, both);
	curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS, https ? CURLPROTO_HTTPS : both);
#endif
}

/* What all requests have in common; error has CURL_ERROR_SIZE bytes and outlives the handle. */
static CURL *new_handle(const char *url, const char *masked, char *error, struct err *e)
{
	CURL *curl = curl_easy_init();
	if (!curl) {
		err_fill(e, ERR_FAILED, "%s: libcurl cannot start", masked);
		return NULL;
	}
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "cardstock");
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(curl, CURLOPT_MAXREDIRS, REDIRECTS);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	set_protocols(curl, url);
	return curl;
}

static int set_options(struct fetch *f)
{
	f->curl = new_handle(f->url, f->masked, f->error, f->e);
	if (!f->curl)
		return -1;
	curl_easy_setopt(f->curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(f->curl, CURLOPT_LOW_SPEED_TIME, STALL_SECONDS);
	curl_easy_setopt(f->curl, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(f->curl, CURLOPT_HEADERDATA, f);
	curl_easy_setopt(f->curl, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(f->curl, CURLOPT_WRITEDATA, f);
	curl_easy_setopt(f->curl, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(f->curl, CURLOPT_XFERINFODATA, f);
	return 0;
}

/* If-Range with the validator of the part; NULL: there is nothing to continue. */
static struct curl_slist *resume_headers(const struct fetch *f)
{
	auto_err ignored = ERR_INIT;
	auto_str v = STR_INIT;
	if (!f->have || io_read_file(f->from, HEADER_MAX, &v, &ignored) < 0 || !v.len)
		return NULL;
	autofree char *line = xasprintf("If-Range: %s", v.data);
	return curl_slist_append(NULL, line);
}

/*
 * One request.  CURLOPT_RANGE and not CURLOPT_RESUME_FROM: a server that answers 200, because the
 * file has changed, would be an error with the latter.
 */
static CURLcode request(struct fetch *f)
{
	struct curl_slist *headers = resume_headers(f);
	f->start = headers ? f->have : 0;
	autofree char *range = xasprintf("%llu-", (unsigned long long)f->start);
	curl_easy_setopt(f->curl, CURLOPT_RANGE, headers ? range : NULL);
	curl_easy_setopt(f->curl, CURLOPT_HTTPHEADER, headers);
	f->body_begun = f->start_again = false;
	f->error[0] = '\0';
	forget_headers(f);
	CURLcode code = curl_easy_perform(f->curl);
	curl_easy_setopt(f->curl, CURLOPT_HTTPHEADER, NULL);
	curl_slist_free_all(headers);
	return code;
}

/*
 * 416 with "bytes * /TOTAL": the part was complete already, its run died before the rename. Libcurl
 * before 7.76 keeps the headers of an error to itself; then the file is loaded whole.
 */
static bool part_is_complete(struct fetch *f)
{
	autofree char *all = xasprintf("bytes */%llu", (unsigned long long)f->have);
	if (status_of(f) != 416)
		return false;
	f->start_again = !f->range || strcmp(f->range, all) != 0;
	return !f->start_again;
}

static bool is_worth_another_try(const struct fetch *f, CURLcode code, bool resumed)
{
	if (f->start_again)
		return true;
	switch (code) {
	case CURLE_PARTIAL_FILE:
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
	case CURLE_GOT_NOTHING:
	case CURLE_OPERATION_TIMEDOUT:
	case CURLE_HTTP2:
	case CURLE_HTTP2_STREAM:
		return true;
	case CURLE_COULDNT_CONNECT:
	case CURLE_COULDNT_RESOLVE_HOST:
		return resumed; /* it was there a moment ago */
	case CURLE_HTTP_RETURNED_ERROR:
		return status_of(f) >= 500 && status_of(f) != 501;
	default:
		return false;
	}
}

static int explain(struct fetch *f, CURLcode code)
{
	if (f->e->msg)
		return -1;
	long status = status_of(f);
	if (code == CURLE_HTTP_RETURNED_ERROR)
		return err_set(f->e, ERR_FAILED, "%s: the server answers %ld%s; check the URL",
			       f->masked, status,
			       status == 404   ? " (not found)"
			       : status == 401 ? " (user and password wanted)"
			       : status == 403 ? " (forbidden)"
					       : "");
	autofree char *kept = format_size(f->have);
	return err_set(f->e, ERR_FAILED, "%s: the download stopped: %s; %s%s", f->masked,
		       f->error[0] ? f->error : curl_easy_strerror(code),
		       f->have ? kept : "check the network and the URL",
		       f->have ? " are kept: the same command again will go on from there" : "");
}

static int wait_seconds(unsigned seconds, struct err *e)
{
	for (unsigned i = 0; i < seconds * 5; i++) {
		if (interrupt_check(e) < 0)
			return -1;
		nanosleep(&(struct timespec){.tv_nsec = 200000000}, NULL);
	}
	return 0;
}

static int transfer(struct fetch *f)
{
	uint64_t before = f->have;
	unsigned failures = 0;
	bool resumed = false;
	for (;;) {
		CURLcode code = request(f);
		if ((code == CURLE_OK && f->body_begun) || part_is_complete(f))
			return 0;
		if (code == CURLE_OK)
			return err_set(f->e, ERR_FAILED,
				       "%s: the server sends nothing; check the URL", f->masked);
		if (f->start_again)
			f->have = 0;
		failures = f->have > before + PROGRESS_BYTES ? 1 : failures + 1;
		before = f->have;
		if (f->e->msg || failures >= TRIES || !is_worth_another_try(f, code, resumed))
			return explain(f, code);
		resumed = true;
		if (wait_seconds(1u << (failures - 1), f->e) < 0)
			return -1;
	}
}

static int open_part(struct fetch *f)
{
	f->fd = open(f->entry.work, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	off_t have = f->fd < 0 ? -1 : lseek(f->fd, 0, SEEK_END);
	if (have < 0)
		return err_errno(f->e, ERR_FAILED, "%s: cannot open", f->entry.work);
	f->have = (uint64_t)have;
	return 0;
}

/* A file with the wrong digest is of no use to a later run. */
static int check(struct fetch *f, const char *sha256)
{
	autofree char *is = NULL;
	if (!sha256)
		return 0;
	if (f->hashed == f->have)
		is = hash_hex(f->hash);
	else if (input_digest(f->entry.work, f->masked, f->progress, &is, f->e) < 0)
		return -1;
	if (hash_compare(f->masked, is, sha256, f->e) == 0)
		return 0;
	unlink(f->entry.work);
	unlink(f->from);
	return -1;
}

static int download(struct fetch *f, const char *sha256)
{
	if (open_part(f) < 0 || set_options(f) < 0)
		return -1;
	int r = transfer(f);
	progress_end(f->progress, f->step, r < 0 ? "stopped" : NULL);
	if (r < 0 && f->have == 0)
		unlink(f->entry.work);
	if (r < 0 || check(f, sha256) < 0)
		return -1;
	if (fsync(f->fd) < 0) {
		err_errno(f->e, ERR_FAILED, "%s: cannot flush", f->entry.work);
		return cache_advise(f->e);
	}
	unlink(f->from);
	return cache_commit(&f->entry, f->e);
}

/* With a digest the content is known, whatever its address is today. */
static char *download_key(const char *url, const char *sha256)
{
	autofree char *what = xasprintf("download\n%s\n", sha256 ? sha256 : url);
	return hash_text(what);
}

bool fetch_has(const char *url, const char *sha256)
{
	autofree char *key = download_key(url, sha256);
	return cache_has("downloads", key, "");
}

int fetch_url(const char *url, const char *sha256, struct progress *p, char **ret, struct err *e)
{
	__attribute__((cleanup(fetch_done))) struct fetch f = {.url = url,
							       .masked = fetch_masked(url),
							       .entry = CACHE_ENTRY_INIT,
							       .fd = -1,
							       .hash = hash_new(),
							       .progress = p,
							       .step = -1,
							       .e = e};
	autofree char *key = download_key(url, sha256);
	if (cache_begin("downloads", key, "", true, f.masked, p, &f.entry, e) < 0)
		return -1;
	f.from = xasprintf("%s.from", f.entry.path);
	if (!f.entry.found && download(&f, sha256) < 0)
		return -1;
	*ret = xstrdup(f.entry.path);
	return 0;
}

/* A small text on its way into memory. */
struct text {
	const char *masked;
	size_t max;
	struct str got;
	struct err *e;
};

static size_t on_text(char *data, size_t size, size_t n, void *ctx)
{
	struct text *t = ctx;
	size_t len = size * n;
	if (len > t->max - t->got.len) {
		err_set(t->e, ERR_FAILED, "%s: the server sends more than %zu bytes", t->masked,
			t->max);
		return 0;
	}
	str_add(&t->got, data, len);
	return len;
}

static int on_text_progress(void *ctx, curl_off_t total, curl_off_t done, curl_off_t up_total,
			    curl_off_t up)
{
	struct text *t = ctx;
	(void)total;
	(void)done;
	(void)up_total;
	(void)up;
	return interrupt_check(t->e) < 0;
}

static int perform_text(CURL *curl, struct text *t, const char *error)
{
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, TEXT_SECONDS);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_text);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_text_progress);
	curl_easy_setopt(curl, CURLOPT_XFERINFODATA, t);
	CURLcode code = curl_easy_perform(curl);
	long status = status_of_handle(curl);
	if (code == CURLE_OK)
		return 1;
	if (t->e->msg)
		return -1;
	if (code == CURLE_HTTP_RETURNED_ERROR && status == 404)
		return 0;
	if (code == CURLE_HTTP_RETURNED_ERROR)
		return err_set(t->e, ERR_FAILED, "%s: the server answers %ld; try again later",
			       t->masked, status);
	return err_set(t->e, ERR_FAILED, "%s: %s; check the network", t->masked,
		       error[0] ? error : curl_easy_strerror(code));
}

int fetch_text(const char *url, size_t max, struct str *out, struct err *e)
{
	char error[CURL_ERROR_SIZE] = "";
	autofree char *masked = fetch_masked(url);
	struct text t = {.masked = masked, .max = max, .got = STR_INIT, .e = e};
	CURL *curl = new_handle(url, masked, error, e);
	if (!curl)
		return -1;
	int found = perform_text(curl, &t, error);
	curl_easy_cleanup(curl);
	if (found > 0)
		str_add(out, str_text(&t.got), t.got.len);
	str_done(&t.got);
	return found;
}
