/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <arpa/inet.h>
#include <string.h>

#include "mem.h"
#include "str.h"
#include "validate.h"

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

static bool only(const char *text, const char *allowed)
{
	return text[strspn(text, allowed)] == '\0';
}

int validate_hostname(const char *text, struct err *e)
{
	size_t len = strlen(text);
	if (len && len <= 63 && only(text, LOWER DIGITS "-") && text[0] != '-' &&
	    text[len - 1] != '-')
		return 0;
	return err_set(e, ERR_PROFILE,
		       "'%s' is not a hostname: use 1 to 63 of a-z, 0-9 and '-', and no '-' at "
		       "either end",
		       text);
}

int validate_node_name(const char *text, struct err *e)
{
	if (strcmp(text, "localhost") == 0 || str_starts(text, "localhost."))
		return err_set(
			e, ERR_PROFILE,
			"'%s' is the name that each system has for itself: use another, such "
			"as 'master'",
			text);
	return validate_hostname(text, e);
}

int validate_role(const char *text, struct err *e)
{
	size_t len = strlen(text);
	if (len && len <= 32 && only(text, LOWER DIGITS "-") && !strchr(DIGITS "-", text[0]))
		return 0;
	return err_set(e, ERR_PROFILE,
		       "'%s' is no role: use 1 to 32 of a-z, 0-9 and '-', beginning with a letter",
		       text);
}

int validate_username(const char *text, struct err *e)
{
	size_t len = strlen(text);
	if (len && len <= 32 && only(text, LOWER DIGITS "_-") && !strchr(DIGITS "-", text[0]))
		return 0;
	return err_set(e, ERR_PROFILE,
		       "'%s' is not a user or group name: use 1 to 32 of a-z, 0-9, '_' and '-', "
		       "beginning with a letter or '_'",
		       text);
}

int validate_unit(const char *text, struct err *e)
{
	static const char *const suffixes[] = {".service", ".socket", ".target",    ".timer",
					       ".path",	   ".mount",  ".automount", ".swap",
					       ".device",  ".slice",  ".scope"};
	if (strlen(text) < 256 && only(text, LOWER UPPER DIGITS ":-_.\\@")) {
		for (size_t i = 0; i < sizeof(suffixes) / sizeof(*suffixes); i++) {
			if (str_ends(text, suffixes[i]) && strlen(text) > strlen(suffixes[i]))
				return 0;
		}
	}
	return err_set(e, ERR_PROFILE, "'%s' is not a unit name: write it whole, as 'ssh.service'",
		       text);
}

int validate_package(const char *text, struct err *e)
{
	size_t len = strlen(text);
	if (len >= 2 && len < 128 && only(text, LOWER DIGITS "+-.") && !strchr("+-.", text[0]) &&
	    text[len - 1] != '-')
		return 0;
	return err_set(e, ERR_PROFILE,
		       "'%s' is not the name of a Debian package: use 2 or more of a-z, 0-9, '+', "
		       "'-' and '.', beginning with a letter or digit, and no version",
		       text);
}

int validate_abspath(const char *text, struct err *e)
{
	bool ok = text[0] == '/' && !strstr(text, "//") && !strstr(text, "/../") &&
		  !str_ends(text, "/..") && !strchr(text, ':');
	for (const char *c = text; *c; c++)
		ok = ok && (unsigned char)*c >= ' ' && *c != 0x7f;
	if (ok)
		return 0;
	return err_set(
		e, ERR_PROFILE,
		"'%s' is not an absolute path: begin with '/', no '..', '//', ':' or control "
		"characters",
		text);
}

static bool is_at_or_below(const char *path, const char *dir)
{
	size_t len = strlen(dir);
	return strncmp(path, dir, len) == 0 && (path[len] == '/' || !path[len]);
}

/* Another owner, or something mounted over it, breaks the system. */
static bool is_of_system(const char *path, const char *const *reserved)
{
	static const char *const trees[] = {"/bin",  "/boot", "/dev",  "/etc", "/lib", "/lib64",
					    "/proc", "/run",  "/sbin", "/sys", "/usr"};
	for (size_t i = 0; i < sizeof(trees) / sizeof(*trees); i++) {
		if (is_at_or_below(path, trees[i]))
			return true;
	}
	for (; *reserved; reserved++) {
		if (strcmp(path, *reserved) == 0)
			return true;
	}
	return strcmp(path, "/") == 0;
}

int validate_own_directory(const char *text, const char *const *reserved, const char *example,
			   struct err *e)
{
	if (validate_abspath(text, e) < 0)
		return -1;
	if (strstr(text, "/./") || str_ends(text, "/."))
		return err_set(e, ERR_PROFILE, "'%s' has a part '.': take it out", text);
	if (strcmp(text, "/") != 0 && str_ends(text, "/"))
		return err_set(e, ERR_PROFILE, "'%s' ends with '/': take it off", text);
	if (is_of_system(text, reserved))
		return err_set(e, ERR_PROFILE,
			       "'%s' belongs to the system: use a directory of its own, such as "
			       "'%s'",
			       text, example);
	return 0;
}

int validate_ipv4(const char *text, uint32_t *ret, struct err *e)
{
	struct in_addr a;
	if (inet_pton(AF_INET, text, &a) != 1)
		return err_set(e, ERR_PROFILE, "'%s' is not an IPv4 address such as 10.0.0.1",
			       text);
	*ret = ntohl(a.s_addr);
	return 0;
}

int validate_cidr(const char *text, struct err *e)
{
	const char *slash = strchr(text, '/');
	autofree char *address = xstrndup(text, strcspn(text, "/"));
	long long prefix;
	uint32_t ignored;
	if (validate_ipv4(address, &ignored, e) < 0)
		return -1;
	if (slash && parse_number(slash + 1, 0, 32, &prefix))
		return 0;
	return err_set(e, ERR_PROFILE, "'%s' has no prefix length: write it as 10.0.0.13/24", text);
}

int validate_crypt_hash(const char *text, struct err *e)
{
	size_t dollars = 0;
	for (const char *c = text; *c; c++)
		dollars += *c == '$';
	if (text[0] == '$' && dollars >= 3 && strlen(text) >= 20 && strlen(text) < 384 &&
	    only(text, LOWER UPPER DIGITS "$./=,+-_"))
		return 0;
	return err_set(e, ERR_PROFILE,
		       "not a password hash: it should look like '$y$j9T$…'; make one with "
		       "'mkpasswd -m yescrypt'");
}
