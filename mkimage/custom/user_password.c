/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Passwords: as hashes only; what is given in plain text is hashed here and forgotten. */
#include <crypt.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <termios.h>

#include "account.h"
#include "edit.h"
#include "io.h"
#include "interrupt.h"
#include "mem.h"
#include "user.h"
#include "user_db.h"
#include "validate.h"

#define HASH_FILE_MAX 4096 /* bytes */
#define TRIES 3

/* crypt(3) takes one byte less than its constant; a newline and its NUL come on top. */
struct secret {
	char text[CRYPT_MAX_PASSPHRASE_SIZE + 1];
	size_t len;
};

static void secret_done(struct secret *s)
{
	explicit_bzero(s, sizeof(*s));
}
#define auto_secret __attribute__((cleanup(secret_done))) struct secret

static const char *const password_keys[] = {"password", "password-file", "password-hash",
					    "password-hash-file"};
#define N_PASSWORD_KEYS (sizeof(password_keys) / sizeof(*password_keys))

/* Whatever else stands there might be a password: it is not repeated. */
int user_check_password(const char *text, struct err *e)
{
	if (strcmp(text, "ask") == 0)
		return 0;
	return err_set(e, ERR_PROFILE,
		       "a password has no place in a profile: write ask, to be asked by the build, "
		       "or name a file that has it with password-file");
}

int user_check_passwords(const struct section *s, struct err *e)
{
	const char *first = NULL;
	for (size_t i = 0; i < N_PASSWORD_KEYS; i++) {
		const struct value *v = section_get(s, password_keys[i]);
		if (v->str && first)
			return err_at(e, v->loc, "user '%s' has %s and %s; use one",
				      account_section_name(s), first, password_keys[i]);
		first = v->str ? password_keys[i] : first;
	}
	return 0;
}

static int read_hash_file(const struct value *v, char **ret, struct err *e)
{
	autofree char *path = NULL;
	auto_str text = STR_SECRET;
	if (user_read_file(v->loc, v->str, HASH_FILE_MAX, &path, &text, e) < 0)
		return -1;
	autofree char *hash = xstrndup(str_text(&text), strcspn(str_text(&text), "\r\n"));
	if (validate_crypt_hash(hash, e) < 0)
		return err_wrap(e, "%s:%d: %s", v->loc.file, v->loc.line, path);
	*ret = steal(&hash);
	return 0;
}

/* Read to the end of the file, or of the line where a terminal gives one; no copy is left. */
static int read_secret(int fd, struct secret *s, struct err *e)
{
	s->len = 0;
	while (s->len < sizeof(s->text) - 1) {
		ssize_t n = read(fd, s->text + s->len, sizeof(s->text) - 1 - s->len);
		if (n < 0 && interrupt_check(e) < 0)
			return -1;
		if (n < 0 && errno != EINTR)
			return err_errno(e, ERR_PROFILE, "cannot read");
		if (n == 0)
			break;
		s->len += n > 0 ? (size_t)n : 0;
		if (isatty(fd) && s->len && s->text[s->len - 1] == '\n')
			break;
	}
	s->text[s->len] = '\0';
	return 0;
}

/* One line, neither empty nor longer than crypt(3) takes; its end goes. */
static int trim_secret(struct secret *s, struct err *e)
{
	size_t len = strcspn(s->text, "\r\n");
	const char *end = s->text + len;
	end += *end == '\r';
	end += *end == '\n';
	if (end != s->text + s->len)
		return err_set(e, ERR_PROFILE, "a password is one line, without NUL bytes");
	if (!len)
		return err_set(e, ERR_PROFILE, "the password is empty");
	if (len >= CRYPT_MAX_PASSPHRASE_SIZE)
		return err_set(e, ERR_PROFILE, "the password has more than %d bytes",
			       CRYPT_MAX_PASSPHRASE_SIZE - 1);
	s->text[len] = '\0';
	s->len = len;
	return 0;
}

/* yescrypt with a salt that is the cluster's and the user's own: equal in each run. */
static int hash_secret(const struct plan_ctx *ctx, const char *name, const struct secret *s,
		       char **ret, struct err *e)
{
	uint8_t salt[16];
	char setting[CRYPT_GENSALT_OUTPUT_SIZE];
	autofree char *label = xasprintf("password %s", name);
	cluster_derive(ctx->cluster, label, salt);
	if (!crypt_gensalt_rn("$y$", 0, (const char *)salt, sizeof(salt), setting, sizeof(setting)))
		return err_errno(e, ERR_FAILED, "crypt(3) has no yescrypt");
	autofree struct crypt_data *data = xcalloc(1, sizeof(*data));
	const char *hash = crypt_rn(s->text, setting, data, sizeof(*data));
	*ret = hash ? xstrdup(hash) : NULL;
	explicit_bzero(data, sizeof(*data));
	return hash ? 0 : err_errno(e, ERR_FAILED, "crypt(3) cannot hash the password");
}

static int read_password_file(const struct plan_ctx *ctx, const char *name, const struct value *v,
			      char **ret, struct err *e)
{
	auto_secret s = {.len = 0};
	autofree char *path = profile_path(v->loc, v->str);
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return err_errno(e, ERR_PROFILE, "%s:%d: %s: cannot open", v->loc.file, v->loc.line,
				 path);
	if (read_secret(fd, &s, e) < 0 || trim_secret(&s, e) < 0)
		return err_wrap(e, "%s:%d: %s", v->loc.file, v->loc.line, path);
	return hash_secret(ctx, name, &s, ret, e);
}

static int prompt(int tty, const char *name, const char *again, struct secret *s, struct err *e)
{
	autofree char *text = xasprintf("password of %s%s: ", name, again);
	if (io_write_fd(tty, "/dev/tty", text, strlen(text), e) < 0 || read_secret(tty, s, e) < 0)
		return -1;
	return io_write_fd(tty, "/dev/tty", "\n", 1, e);
}

/* 1: given twice; 0: to be asked again, told is why. */
static int ask_twice(int tty, const char *name, struct secret *s, struct err *told, struct err *e)
{
	auto_secret second = {.len = 0};
	if (prompt(tty, name, "", s, e) < 0)
		return -1;
	if (trim_secret(s, told) < 0)
		return 0;
	if (prompt(tty, name, ", again", &second, e) < 0)
		return -1;
	if (trim_secret(&second, told) == 0 && strcmp(s->text, second.text) == 0)
		return 1;
	err_set(told, ERR_PROFILE, "the two differ");
	return 0;
}

static int ask_tries(int tty, const char *name, struct secret *s, struct err *e)
{
	for (int i = 0; i < TRIES; i++) {
		auto_err told = ERR_INIT;
		int given = ask_twice(tty, name, s, &told, e);
		if (given)
			return given < 0 ? -1 : 0;
		autofree char *line = xasprintf("%s\n", told.msg);
		if (io_write_fd(tty, "/dev/tty", line, strlen(line), e) < 0)
			return -1;
	}
	return err_set(e, ERR_PROFILE, "no password for user '%s' in %d tries", name, TRIES);
}

/* The terminal shows nothing meanwhile, and is as before afterwards, whatever happened. */
static int ask(int tty, const char *name, struct secret *s, struct err *e)
{
	struct termios before, silent;
	if (tcgetattr(tty, &before) < 0)
		return err_errno(e, ERR_FAILED, "/dev/tty");
	silent = before;
	silent.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
	silent.c_lflag |= ICANON;
	if (tcsetattr(tty, TCSAFLUSH, &silent) < 0)
		return err_errno(e, ERR_FAILED, "/dev/tty");
	int r = ask_tries(tty, name, s, e);
	tcsetattr(tty, TCSAFLUSH, &before);
	return r;
}

static int ask_password(const struct plan_ctx *ctx, const char *name, const struct value *v,
			char **ret, struct err *e)
{
	auto_secret s = {.len = 0};
	autoclose int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	if (tty < 0)
		return err_at(e, v->loc,
			      "password = ask of user '%s' needs a terminal to ask on; without "
			      "one, use password-file",
			      name);
	if (ask(tty, name, &s, e) < 0)
		return err_wrap(e, "%s:%d", v->loc.file, v->loc.line);
	return hash_secret(ctx, name, &s, ret, e);
}

/* What the build was told; whether it is a password is all that can be said of it. */
static int find_told(const struct plan_ctx *ctx, const char *name, char **ret, struct err *e)
{
	auto_str text = STR_SECRET;
	auto_err judged = ERR_INIT;
	struct fs_stat st;
	if (tree_stat(ctx->finished, SHADOW, &st, e) < 0)
		return -1;
	if (st.type != FILE_REGULAR)
		return 0;
	if (tree_read(ctx->finished, SHADOW, PLAN_READ_MAX, &text, e) < 0)
		return -1;
	autofree char *line = db_get(str_text(&text), name);
	autofree char *hash = line ? db_field(line, 1) : NULL;
	if (hash && validate_crypt_hash(hash, &judged) == 0)
		*ret = steal(&hash);
	return 0;
}

int user_password(struct plan_ctx *ctx, const struct user *u, char **ret, struct err *e)
{
	const struct value *asked = section_get(u->section, "password");
	const struct value *plain = section_get(u->section, "password-file");
	const struct value *hashed = section_get(u->section, "password-hash-file");
	*ret = NULL;
	if (asked->str && ctx->finished)
		return find_told(ctx, u->name, ret, e);
	if (asked->str && !cluster_is_writing(ctx->cluster)) {
		plan_note(ctx, "the password of user %s is asked for by the build", u->name);
		return 0;
	}
	if (asked->str)
		return ask_password(ctx, u->name, asked, ret, e);
	if (plain->str)
		return read_password_file(ctx, u->name, plain, ret, e);
	if (hashed->str)
		return read_hash_file(hashed, ret, e);
	*ret = xstrdup(section_str(u->section, "password-hash"));
	return 0;
}

char *user_password_day(const struct plan_ctx *ctx)
{
	long long day = ctx->now / 86400;
	return xasprintf("%lld", day > 0 ? day : 1);
}

bool user_is_locked(const char *shadow)
{
	autofree char *hash = db_field(shadow, 1);
	return hash && (*hash == '!' || *hash == '*');
}

bool user_is_expired(const char *shadow)
{
	autofree char *day = db_field(shadow, 2);
	return day && strcmp(day, "0") == 0;
}

/* As `passwd -l` does it; a change of password that is due would stop a login by key, too. */
int user_plan_root(struct plan_ctx *ctx, struct err *e)
{
	autofree char *line = NULL;
	if (!profile_bool(ctx->profile, "lock-root"))
		return 0;
	if (user_db_get(ctx, SHADOW, "root", &line, e) < 0)
		return -1;
	if (!line || user_is_locked(line))
		return 0;
	autofree char *hash = db_field(line, 1), *day = user_password_day(ctx);
	autofree char *locked = xasprintf("!%s", hash ? hash : "");
	user_db_set_field(&line, 1, locked);
	if (user_is_expired(line))
		user_db_set_field(&line, 2, day);
	return user_db_put(ctx, SHADOW, line, "root's password is locked", e);
}
