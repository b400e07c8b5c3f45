/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "join.h"
#include "mem.h"
#include "rootfs.h"
#include "settings.h"
#include "sshkey.h"
#include "validate.h"

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

static int check_spread(const char *value, struct err *e)
{
	long long seconds;
	if (parse_number(value, 0, JOIN_SPREAD_MAX, &seconds))
		return 0;
	return err_set(e, ERR_PROFILE, "'%s' is not a number of seconds up to %d", value,
		       JOIN_SPREAD_MAX);
}

#define TEXT(key, field, check, help)                                            \
	{                                                                        \
		key, help, CONF_TEXT, offsetof(struct settings, field), 0, check \
	}
#define LIST(key, field, check, help)                                            \
	{                                                                        \
		key, help, CONF_LIST, offsetof(struct settings, field), 0, check \
	}
#define BOOL(key, field, help)                                                  \
	{                                                                       \
		key, help, CONF_BOOL, offsetof(struct settings, field), 0, NULL \
	}

const struct conf_key settings_keys[] = {
	CONF_ROW_VERSION(struct settings, version, SETTINGS_VERSION),
	TEXT("hostname", hostname, validate_hostname, "name of the board"),
	TEXT("cluster", cluster, validate_hostname, "name of the cluster"),
	TEXT("role", role, check_name, "role of the board in the cluster"),
	TEXT("address", address, validate_cidr, "IPv4 address with prefix length"),
	TEXT("boot", boot, validate_abspath, "where the FAT partition is mounted"),
	TEXT("target", target, validate_unit, "boot target"),
	TEXT("led", led, check_name, "LED that shows how it goes, a name in /sys/class/leds"),
	TEXT("build", build, check_name, "id of the image; with another one all steps run again"),
	TEXT("register", register_at, join_check_target,
	     "whom the board registers with: USER@ADDRESS:PORT"),
	TEXT("register-name", register_name, validate_hostname,
	     "name of the master in its host certificate"),
	TEXT("host-ca", host_ca, sshkey_check, "public key of the CA that signed that"),
	TEXT("spread", spread, check_spread,
	     "seconds over which the boards' first visits are spread"),
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
	{0},
};

int settings_parse(const char *text, size_t len, const char *what, struct settings *ret,
		   struct err *e)
{
	auto_settings s = {0};
	if (len > SETTINGS_MAX)
		return err_set(e, ERR_PROFILE, "%s: larger than 64 KiB", what);
	if (conf_parse(settings_keys, text, len, what, &s, e) < 0)
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
	conf_done(settings_keys, s);
	*s = (struct settings){0};
}
