/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "mem.h"
#include "rootfs.h"
#include "settings.h"
#include "validate.h"

enum setting_type { SETTING_NUMBER, SETTING_BOOL, SETTING_TEXT, SETTING_LIST };

struct key {
	struct setting shown;
	enum setting_type type;
	size_t offset; /* in struct settings: long, bool, char *, struct strv */
	int (*check)(const char *value, struct err *e);
};

static int check_address(const char *value, struct err *e)
{
	const char *slash = strchr(value, '/');
	autofree char *address = slash ? xstrndup(value, (size_t)(slash - value)) : xstrdup(value);
	long long prefix;
	uint32_t ignored;
	if (validate_ipv4(address, &ignored, e) < 0)
		return -1;
	if (slash && parse_number(slash + 1, 0, 32, &prefix))
		return 0;
	return err_set(e, ERR_PROFILE, "'%s' has no prefix length: write it as 10.0.0.13/24",
		       value);
}

/* One name of a directory, as sysfs has them ("mmc0::", "beaglebone:green:usr0"). */
static int check_name(const char *value, struct err *e)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789:._-+@";
	if (strlen(value) < 256 && !value[strspn(value, allowed)] && *value != '.')
		return 0;
	return err_set(e, ERR_PROFILE,
		       "'%s' is not a name: use letters, digits and ':._-+@', and no '.' in front",
		       value);
}

#define TEXT(key, field, check, help)                                              \
	{                                                                          \
		{key, help}, SETTING_TEXT, offsetof(struct settings, field), check \
	}
#define LIST(key, field, check, help)                                              \
	{                                                                          \
		{key, help}, SETTING_LIST, offsetof(struct settings, field), check \
	}
#define BOOL(key, field, help)                                                    \
	{                                                                         \
		{key, help}, SETTING_BOOL, offsetof(struct settings, field), NULL \
	}

static const struct key keys[] = {
	{{"version", "format of this file: 1"},
	 SETTING_NUMBER,
	 offsetof(struct settings, version),
	 NULL},
	TEXT("hostname", hostname, validate_hostname, "name of the board"),
	TEXT("cluster", cluster, validate_hostname, "name of the cluster"),
	TEXT("role", role, check_name, "role of the board in the cluster"),
	TEXT("address", address, check_address, "IPv4 address with prefix length"),
	TEXT("boot", boot, validate_abspath, "where the FAT partition is mounted"),
	TEXT("target", target, validate_unit, "boot target"),
	TEXT("led", led, check_name, "LED that shows how it goes, a name in /sys/class/leds"),
	TEXT("build", build, check_name, "id of the image; with another one all steps run again"),
	BOOL("grow", grow, "the root file system is to fill the card"),
	BOOL("ntp", ntp, "a time source is expected"),
	LIST("enable", enable, validate_unit, "unit that starts at boot; may be repeated"),
	LIST("disable", disable, validate_unit,
	     "unit that does not start at boot; may be repeated"),
	LIST("mask", mask, validate_unit, "unit that nothing can start; may be repeated"),
	LIST("mount", mounts, validate_abspath,
	     "mount point that has to be mounted; may be repeated"),
	LIST("package", packages, validate_package,
	     "package that has to be installed; may be repeated"),
};

#define KEYS (sizeof(keys) / sizeof(*keys))

/* A line of the file, for messages. */
struct line {
	const char *what;
	size_t number;
};

size_t settings_count(void)
{
	return KEYS;
}

const struct setting *settings_key(size_t i)
{
	return &keys[i].shown;
}

static int unknown_key(const struct line *at, const char *name, struct err *e)
{
	const char *names[KEYS];
	for (size_t i = 0; i < KEYS; i++)
		names[i] = keys[i].shown.name;
	const char *near = str_nearest(name, names, KEYS);
	return err_set(e, ERR_PROFILE, "%s:%zu: unknown key '%s'%s%s%s", at->what, at->number, name,
		       near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static int set_bool(const char *value, bool *ret, struct err *e)
{
	*ret = strcmp(value, "yes") == 0;
	if (*ret || strcmp(value, "no") == 0)
		return 0;
	return err_set(e, ERR_PROFILE, "'%s' is neither yes nor no", value);
}

static int set_number(const char *value, long *ret, struct err *e)
{
	long long number;
	if (!parse_number(value, 1, 1000000, &number))
		return err_set(e, ERR_PROFILE, "'%s' is not a number from 1 to 1000000", value);
	*ret = (long)number;
	return 0;
}

static int set_value(const struct key *k, const char *value, struct settings *s, struct err *e)
{
	void *field = (char *)s + k->offset;
	if (k->check && k->check(value, e) < 0)
		return -1;
	switch (k->type) {
	case SETTING_NUMBER:
		return set_number(value, field, e);
	case SETTING_BOOL:
		return set_bool(value, field, e);
	case SETTING_TEXT:
		*(char **)field = xstrdup(value);
		return 0;
	case SETTING_LIST:
		strv_add(field, value);
		return 0;
	}
	return 0;
}

/* seen counts how often each key came so far. */
static int set_key(const struct line *at, const char *name, const char *value, size_t seen[KEYS],
		   struct settings *s, struct err *e)
{
	size_t i = 0;
	while (i < KEYS && strcmp(keys[i].shown.name, name) != 0)
		i++;
	if (i == KEYS)
		return unknown_key(at, name, e);
	if (seen[i]++ && keys[i].type != SETTING_LIST)
		return err_set(e, ERR_PROFILE, "%s:%zu: '%s' is there twice; leave one", at->what,
			       at->number, name);
	if (set_value(&keys[i], value, s, e) < 0)
		return err_wrap(e, "%s:%zu: %s", at->what, at->number, name);
	return 0;
}

static void trim(char *text)
{
	size_t len = strlen(text), skip = strspn(text, " \t");
	while (len > skip && (text[len - 1] == ' ' || text[len - 1] == '\t'))
		len--;
	memmove(text, text + skip, len - skip);
	text[len - skip] = '\0';
}

static int parse_line(const struct line *at, char *text, size_t seen[KEYS], struct settings *s,
		      struct err *e)
{
	trim(text);
	if (!*text || *text == '#')
		return 0;
	char *value = strchr(text, '=');
	if (!value)
		return err_set(e, ERR_PROFILE, "%s:%zu: no '=': a line is 'key = value'", at->what,
			       at->number);
	*value++ = '\0';
	trim(text);
	trim(value);
	return set_key(at, text, value, seen, s, e);
}

static int parse_lines(const char *text, const char *what, struct settings *s, struct err *e)
{
	size_t seen[KEYS] = {0};
	for (struct line at = {what, 1}; *text; at.number++) {
		size_t len = strcspn(text, "\n");
		autofree char *line = xstrndup(text, len);
		if (parse_line(&at, line, seen, s, e) < 0)
			return -1;
		text += len + (text[len] == '\n');
	}
	return 0;
}

static int judge(const char *what, const struct settings *s, struct err *e)
{
	if (s->version == SETTINGS_VERSION)
		return 0;
	if (!s->version)
		return err_set(e, ERR_PROFILE, "%s: no 'version'; it begins with 'version = %d'",
			       what, SETTINGS_VERSION);
	return err_set(
		e, ERR_PROFILE,
		"%s: has version %ld, this firstboot knows %d; make the card with mkimage of the "
		"same release",
		what, s->version, SETTINGS_VERSION);
}

int settings_parse(const char *text, size_t len, const char *what, struct settings *ret,
		   struct err *e)
{
	auto_settings s = {0};
	if (len > SETTINGS_MAX || strlen(text) != len)
		return err_set(e, ERR_PROFILE, "%s: %s", what,
			       len > SETTINGS_MAX ? "larger than 64 KiB"
						  : "has a NUL byte, so it is not text");
	if (parse_lines(text, what, &s, e) < 0 || judge(what, &s, e) < 0)
		return -1;
	*ret = s;
	s = (struct settings){0};
	return 0;
}

int settings_load(const struct ctx *ctx, struct settings *ret, struct err *e)
{
	auto_str text = STR_INIT;
	autofree char *what = root_path(ctx, SETTINGS_PATH);
	int there = root_read(ctx, SETTINGS_PATH, SETTINGS_MAX, &text, e);
	if (there < 0)
		return -1;
	if (!there)
		return err_set(
			e, ERR_PROFILE,
			"%s: there is no such file; mkimage writes it when it makes the card",
			what);
	return settings_parse(str_text(&text), text.len, what, ret, e);
}

void settings_done(struct settings *s)
{
	for (size_t i = 0; i < KEYS; i++) {
		void *field = (char *)s + keys[i].offset;
		if (keys[i].type == SETTING_TEXT)
			free(*(char **)field);
		else if (keys[i].type == SETTING_LIST)
			strv_done(field);
	}
	*s = (struct settings){0};
}
