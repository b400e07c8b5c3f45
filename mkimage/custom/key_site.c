/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "fetch.h"
#include "key_site.h"
#include "mem.h"
#include "user.h"

#define KEYS_MAX (256u << 10) /* bytes of a site's answer */
#define LETTERS "abcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"

const struct key_site key_sites[] = {
	{.prefix = "gh",
	 .name = "GitHub",
	 .before = "https://github.com/",
	 .after = ".keys",
	 .allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZ-_",
	 .max = 39},
	{.prefix = "lp",
	 .name = "Launchpad",
	 .before = "https://launchpad.net/~",
	 .after = "/+sshkeys",
	 .allowed = "+.-",
	 .max = 64},
	{.prefix = NULL},
};

const struct key_site *key_site_find(const char *source, const char **ret_user)
{
	for (const struct key_site *s = key_sites; s->prefix; s++) {
		size_t len = strlen(s->prefix);
		if (strncmp(source, s->prefix, len) != 0 || source[len] != ':')
			continue;
		*ret_user = source + len + 1;
		return s;
	}
	return NULL;
}

static bool is_user(const struct key_site *site, const char *user)
{
	autofree char *allowed = xasprintf(LETTERS DIGITS "%s", site->allowed);
	size_t len = strlen(user);
	return len && len <= site->max && !user[strspn(user, allowed)] && !strchr("-_+.", user[0]);
}

int key_site_check(const char *source, struct err *e)
{
	const char *user;
	const struct key_site *site = key_site_find(source, &user);
	if (site && !is_user(site, user))
		return err_set(e, ERR_PROFILE,
			       "'%s' is no user of %s: write '%s:NAME', NAME is 1 to %zu of a-z, "
			       "0-9 and '%s', and begins with a letter or digit",
			       source, site->name, site->prefix, site->max, site->allowed);
	size_t word = strspn(source, LETTERS);
	if (site || !word || source[word] != ':')
		return *source ? 0 : err_set(e, ERR_PROFILE, "is empty: give a file");
	return err_set(e, ERR_PROFILE,
		       "'%s' is not known: use 'gh:NAME', 'lp:NAME' or a file; a file whose name "
		       "begins so is './%s'",
		       source, source);
}

char *key_site_url(const struct key_site *site, const char *user)
{
	return xasprintf("%s%s%s", site->before, user, site->after);
}

char *key_site_file(const struct key_site *site, const char *user)
{
	return xasprintf("keys/%s-%s.pub", site->prefix, user);
}

/* A key and nothing else: options and control characters are not a stranger's to choose. */
static int check_line(const char *line, struct err *e)
{
	for (const char *c = line; *c; c++) {
		if (((unsigned char)*c < ' ' && *c != '\t') || *c == 0x7f)
			return err_set(e, ERR_FAILED, "there are control characters in it");
	}
	if (user_check_key_line(line, e) < 0)
		return -1;
	if (user_key_has_options(line))
		return err_set(e, ERR_FAILED, "there are options before a key");
	autofree char *print = cluster_fingerprint(line);
	return print ? 0 : err_set(e, ERR_FAILED, "a key is not base64");
}

/* sshd has taken no DSA key since OpenSSH 7.0, but old accounts still have one. */
static bool is_of_use(const char *line)
{
	return *line && *line != '#' && !str_starts(line, "ssh-dss ");
}

static int take_keys(const char *text, struct str *out, struct err *e)
{
	auto_strv lines = {0};
	size_t n = 0;
	strv_split(&lines, text, "\r\n");
	strv_foreach (line, &lines) {
		if (!is_of_use(*line))
			continue;
		if (check_line(*line, e) < 0)
			return -1;
		str_printf(out, "%s\n", *line);
		n++;
	}
	return n > 0;
}

int key_site_fetch(const struct key_site *site, const char *user, const struct cluster *c,
		   struct err *e)
{
	autofree char *file = key_site_file(site, user), *url = key_site_url(site, user);
	auto_str answer = STR_INIT, keys = STR_INIT;
	if (cluster_has(c, file))
		return 0;
	int found = fetch_text(url, KEYS_MAX, &answer, e);
	if (found < 0)
		return -1;
	if (found && strlen(str_text(&answer)) != answer.len)
		return err_set(e, ERR_FAILED, "%s: the answer is not text", url);
	str_printf(&keys, "# from %s; delete this file to fetch it again\n", url);
	if (found)
		found = take_keys(str_text(&answer), &keys, e);
	if (found < 0) {
		e->code = ERR_FAILED;
		return err_wrap(e, "%s: the answer is not a list of public keys", url);
	}
	if (!found)
		return err_set(e, ERR_PROFILE,
			       "%s knows no user '%s', or the user has no ssh key there (%s)",
			       site->name, user, url);
	return cluster_keep(c, file, str_text(&keys), e);
}
