/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "cluster.h"
#include "mem.h"
#include "pattern.h"
#include "validate.h"

/* "%d" or "%0Nd": bytes of it, 0 when it is neither; *width is N or 0. */
static size_t conversion(const char *text, int *width)
{
	*width = 0;
	if (text[0] != '%')
		return 0;
	if (text[1] == 'd')
		return 2;
	if (text[1] != '0' || text[2] < '1' || text[2] > '9' || text[3] != 'd')
		return 0;
	*width = text[2] - '0';
	return 4;
}

bool pattern_has_number(const char *pattern)
{
	return strchr(pattern, '%') != NULL;
}

char *pattern_expand(const char *pattern, unsigned number)
{
	int width;
	const char *percent = strchr(pattern, '%');
	size_t len = percent ? conversion(percent, &width) : 0;
	if (!len)
		return xstrdup(pattern);
	return xasprintf("%.*s%0*u%s", (int)(percent - pattern), pattern, width, number,
			 percent + len);
}

static int check_conversions(const char *text, struct err *e)
{
	int width;
	const char *percent = strchr(text, '%');
	if (!percent)
		return 0;
	size_t len = conversion(percent, &width);
	if (len && !strchr(percent + len, '%'))
		return 0;
	return err_set(e, ERR_PROFILE,
		       "'%s': the number of a node is one %%d, or %%03d for three digits", text);
}

int pattern_check(const char *text, struct err *e)
{
	if (check_conversions(text, e) < 0)
		return -1;
	autofree char *name = pattern_expand(text, 1);
	return validate_node_name(name, e);
}

/* RFC 6890: this host, loopback; RFC 5771 and RFC 1112: multicast, reserved, broadcast. */
static bool is_of_a_host(struct address a)
{
	uint32_t first = a.ip >> 24;
	return first != 0 && first != 127 && first < 224;
}

static bool split_address(const char *text, struct address *ret)
{
	autofree char *copy = xstrdup(text);
	char *slash = strchr(copy, '/');
	long long prefix;
	auto_err ignored = ERR_INIT;
	if (!slash)
		return false;
	*slash = '\0';
	if (!parse_number(slash + 1, 1, 30, &prefix) || validate_ipv4(copy, &ret->ip, &ignored) < 0)
		return false;
	ret->prefix = (unsigned)prefix;
	return true;
}

int pattern_check_address(const char *text, struct err *e)
{
	struct address a;
	int width;
	const char *percent = strchr(text, '%');
	bool padded = percent && conversion(percent, &width) && width;
	bool in_prefix = percent && memchr(text, '/', (size_t)(percent - text));
	if (check_conversions(text, e) < 0)
		return -1;
	autofree char *first = pattern_expand(text, 1);
	if (padded || in_prefix || !split_address(first, &a))
		return err_set(e, ERR_PROFILE,
			       "'%s' is no address with prefix: use one such as 10.0.0.%%d/24",
			       text);
	if (is_of_a_host(a))
		return 0;
	return err_set(e, ERR_PROFILE,
		       "'%s' is not for hosts: none has an address in 0.0.0.0/8, in 127.0.0.0/8 or "
		       "from 224.0.0.0 on; use one such as 10.0.0.%%d/24",
		       text);
}

static uint32_t host_mask(unsigned prefix)
{
	return UINT32_MAX >> prefix;
}

uint32_t address_network(struct address a)
{
	return a.ip & ~host_mask(a.prefix);
}

/* False when that leaves the network. */
static bool count_on(struct address *a, uint32_t number)
{
	uint32_t room = address_network(*a) + host_mask(a->prefix) - a->ip;
	a->ip += number;
	return number <= room;
}

bool pattern_expand_address(const char *pattern, unsigned number, struct address *ret)
{
	struct address a;
	const char *percent = strchr(pattern, '%');
	bool last = percent && !strchr(percent, '.');
	autofree char *text = pattern_expand(pattern, last ? 0 : number);
	if (!split_address(text, &a) || (last && !count_on(&a, number)))
		return false;
	uint32_t host = a.ip & host_mask(a.prefix);
	if (host == 0 || host == host_mask(a.prefix) || !is_of_a_host(a))
		return false;
	*ret = a;
	return true;
}
