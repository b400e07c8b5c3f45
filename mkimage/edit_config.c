/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * config.txt, https://www.raspberrypi.com/documentation/computers/config_txt.html: filters of
 * different kinds add up, one of the same kind replaces the former, [all] clears them.
 */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "edit_boot.h"
#include "mem.h"

#define BLANK " \t"
#define LINE_MAX_LEN 98 /* what the firmware reads of a line */
#define FILTER_CHARS                                           \
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" \
	"0123456789+=:._-&"

/* Settings of which each line counts. */
static const char *const repeated[] = {"dtoverlay", "gpio", "include", "device_tree_param"};

struct item {
	char *filter; /* "pi4"; "all" when none is given */
	bool remove;
	const char *setting; /* "arm_boost=1" */
};

/* Where we are in the file. */
struct place {
	struct strv filters; /* that hold here */
};

static char *filter_of(const char *line)
{
	line += strspn(line, BLANK);
	size_t len = strcspn(line, "]\r\n");
	return *line == '[' && line[len] == ']' ? xstrndup(line + 1, len - 1) : NULL;
}

static void item_parse(const char *text, struct item *ret)
{
	ret->filter = filter_of(text);
	if (ret->filter) {
		text = strchr(text, ']') + 1;
		text += strspn(text, BLANK);
	} else {
		ret->filter = xstrdup("all");
	}
	ret->remove = *text == '-';
	ret->setting = text + ret->remove;
}

static void item_done(struct item *i)
{
	free(i->filter);
}
#define auto_item __attribute__((cleanup(item_done))) struct item

/* Models (pi4, cm4s) are one kind; else it is what stands before the value. */
static size_t kind_len(const char *filter)
{
	bool model = strncasecmp(filter, "pi", 2) == 0 || strncasecmp(filter, "cm", 2) == 0;
	if (model || strncasecmp(filter, "0x", 2) == 0)
		return 0;
	return strcspn(filter, "=:0123456789");
}

static bool same_kind(const char *a, const char *b)
{
	size_t len = kind_len(a);
	if (len == 0)
		return kind_len(b) == 0 && (strncmp(a, "0x", 2) == 0) == (strncmp(b, "0x", 2) == 0);
	return len == kind_len(b) && strncasecmp(a, b, len) == 0;
}

/* The line moves us when it is a filter; true then. */
static bool place_pass(struct place *p, const char *line)
{
	autofree char *filter = filter_of(line);
	if (!filter)
		return false;
	struct strv kept = {0};
	bool all = strcasecmp(filter, "all") == 0;
	strv_foreach (f, &p->filters) {
		if (!all && !same_kind(*f, filter))
			strv_add(&kept, *f);
	}
	if (!all)
		strv_add_owned(&kept, steal(&filter));
	strv_done(&p->filters);
	p->filters = kept;
	return true;
}

static bool place_is(const struct place *p, const char *filter)
{
	if (strcasecmp(filter, "all") == 0)
		return p->filters.n == 0;
	return p->filters.n == 1 && p->filters.v && strcasecmp(p->filters.v[0], filter) == 0;
}

static void place_done(struct place *p)
{
	strv_done(&p->filters);
}
#define auto_place __attribute__((cleanup(place_done))) struct place

static size_t name_len(const char *setting)
{
	return strcspn(setting, "= \t\r\n");
}

/* What a line sets, without its indent and end; owned. */
static char *setting_of(const char *line)
{
	line += strspn(line, BLANK);
	size_t len = strcspn(line, "\r\n");
	while (len && strchr(BLANK, line[len - 1]))
		len--;
	return xstrndup(line, len);
}

static bool is_repeated(const char *setting)
{
	size_t len = name_len(setting);
	for (size_t i = 0; i < sizeof(repeated) / sizeof(*repeated); i++) {
		if (strlen(repeated[i]) == len && strncmp(setting, repeated[i], len) == 0)
			return true;
	}
	return false;
}

/* What a second line with a beginning of this length would override: a name, or a dtparam. */
static size_t key_len(const char *setting)
{
	if (!str_starts(setting, "dtparam="))
		return name_len(setting);
	/* Several parameters in one line are not taken apart. */
	return strchr(setting, ',') ? strlen(setting) : 8 + strcspn(setting + 8, "=");
}

/* Setting a takes the place of b. */
static bool replaces(const char *a, const char *b)
{
	if (is_repeated(a))
		return strcmp(a, b) == 0;
	size_t len = key_len(a);
	return len == key_len(b) && strncmp(a, b, len) == 0;
}

/* "-pattern" takes out the setting. */
static bool takes_out(const char *pattern, const char *setting)
{
	size_t len = strlen(pattern);
	if (str_ends(pattern, "=") && strchr(pattern, '=') == pattern + len - 1)
		len--;
	return strncmp(pattern, setting, len) == 0 && strchr(",= \t", setting[len]);
}

/* The same setting is made by an item behind i: to take it out first would only move it. */
static bool follows(const struct strv *items, size_t i, const char *filter, const char *setting)
{
	for (i++; i < items->n; i++) {
		auto_item later = {0};
		item_parse(items->v[i], &later);
		if (!later.remove && strcasecmp(later.filter, filter) == 0 &&
		    strcmp(later.setting, setting) == 0)
			return true;
	}
	return false;
}

/* Item i sets what an item behind it takes out: it is as if it were not there. */
static bool is_undone(const struct strv *items, size_t i, const struct item *item)
{
	for (i++; i < items->n; i++) {
		auto_item later = {0};
		item_parse(items->v[i], &later);
		if (later.remove && strcasecmp(later.filter, item->filter) == 0 &&
		    takes_out(later.setting, item->setting))
			return true;
	}
	return false;
}

/* text without what item i takes out. */
static void remove_item(struct str *out, const char *text, const struct strv *items, size_t i)
{
	auto_item item = {0};
	auto_place place = {0};
	item_parse(items->v[i], &item);
	for (size_t full; *text; text += full) {
		full = strcspn(text, "\n");
		full += text[full] == '\n';
		autofree char *setting = setting_of(text);
		bool here = !place_pass(&place, text) && place_is(&place, item.filter);
		if (!here || !takes_out(item.setting, setting) ||
		    follows(items, i, item.filter, setting))
			str_add(out, text, full);
	}
}

/* What a first pass over the file finds. */
struct survey {
	bool found; /* the section has what the setting replaces */
	size_t end; /* offset behind the last line of the section that is not blank; 0: none */
	bool open;  /* at the end of the file no filter holds */
};

static void survey_file(const char *text, const struct item *item, struct survey *ret)
{
	auto_place place = {0};
	size_t at = 0;
	*ret = (struct survey){0};
	for (size_t full; text[at]; at += full) {
		full = strcspn(text + at, "\n");
		full += text[at + full] == '\n';
		autofree char *setting = setting_of(text + at);
		bool filter = place_pass(&place, text + at);
		if (!place_is(&place, item->filter))
			continue;
		if (*setting)
			ret->end = at + full;
		if (!filter && replaces(item->setting, setting))
			ret->found = true;
	}
	ret->open = place.filters.n == 0;
	if (ret->open && strcasecmp(item->filter, "all") == 0)
		ret->end = at;
}

/* The section has it: the first of these lines becomes the setting, the others go. */
static void replace_setting(struct str *out, const char *text, const struct item *item)
{
	auto_place place = {0};
	bool done = false;
	for (size_t full; *text; text += full) {
		full = strcspn(text, "\n");
		full += text[full] == '\n';
		autofree char *setting = setting_of(text);
		bool here = !place_pass(&place, text) && place_is(&place, item->filter);
		if (!here || !replaces(item->setting, setting)) {
			str_add(out, text, full);
			continue;
		}
		size_t len = strcspn(text, "\r\n");
		if (!done && strcmp(item->setting, setting) == 0)
			str_add(out, text, full);
		else if (!done)
			str_printf(out, "%s%.*s", item->setting, (int)(full - len), text + len);
		done = true;
	}
}

static void end_line(struct str *out)
{
	if (out->len && out->data[out->len - 1] != '\n')
		str_puts(out, "\n");
}

static void set_item(struct str *out, const char *text, const struct item *item)
{
	struct survey s;
	survey_file(text, item, &s);
	bool all = strcasecmp(item->filter, "all") == 0;
	if (s.found) {
		replace_setting(out, text, item);
		return;
	}
	if (s.end && (!all || s.open)) {
		str_add(out, text, s.end);
		end_line(out);
		str_printf(out, "%s\n%s", item->setting, text + s.end);
		return;
	}
	str_puts(out, text);
	end_line(out);
	if (!s.open)
		str_puts(out, "[all]\n");
	if (all)
		str_printf(out, "%s\n", item->setting);
	else
		str_printf(out, "[%s]\n%s\n[all]\n", item->filter, item->setting);
}

void config_edit(struct str *out, const char *text, const struct strv *items)
{
	auto_str now = STR_INIT;
	str_puts(&now, text);
	for (size_t i = 0; i < items->n; i++) {
		auto_item item = {0};
		struct str next = STR_INIT;
		item_parse(items->v[i], &item);
		if (!item.remove && is_undone(items, i, &item))
			continue;
		if (item.remove)
			remove_item(&next, str_text(&now), items, i);
		else
			set_item(&next, str_text(&now), &item);
		str_done(&now);
		now = next;
	}
	str_puts(out, str_text(&now));
}

char *config_get(const char *text, const char *name)
{
	auto_place place = {0};
	char *value = NULL;
	for (size_t full; *text; text += full) {
		full = strcspn(text, "\n");
		full += text[full] == '\n';
		autofree char *setting = setting_of(text);
		if (place_pass(&place, text) || !place_is(&place, "all"))
			continue;
		size_t len = name_len(setting);
		if (len != strlen(name) || strncmp(setting, name, len) != 0 || setting[len] != '=')
			continue;
		free(value);
		value = xstrdup(setting + len + 1);
	}
	return value;
}

/* A filter that the documentation of the firmware has, or a model that is yet to come. */
static bool is_filter(const char *text)
{
	static const char *const words[] = {"all", "none", "tryboot", "EXPERIMENTAL"};
	static const char *const values[] = {"EDID=",	   "HDMI:",	      "gpio",
					     "partition=", "boot_partition=", "board-type=",
					     "boot_count", "boot_arg1",	      "bootvar0"};
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (strcasecmp(text, words[i]) == 0)
			return true;
	}
	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
		size_t len = strlen(values[i]);
		if (strncasecmp(text, values[i], len) == 0 && text[len])
			return true;
	}
	if (str_starts(text, "0x"))
		return text[2] && !text[2 + strspn(text + 2, "0123456789abcdefABCDEF")];
	bool model = str_starts(text, "pi") || str_starts(text, "cm");
	return model && isdigit((unsigned char)text[2]) &&
	       !text[2 + strspn(text + 2, "0123456789abcdefghijklmnopqrstuvwxyz+")];
}

/* "name=value", "initramfs FILE WHERE", or a name alone where it is taken out. */
static bool is_setting(const struct item *item)
{
	const char *s = item->setting;
	size_t len = name_len(s);
	if (!len || strlen(s) > LINE_MAX_LEN || !isalnum((unsigned char)*s))
		return false;
	for (const char *c = s; *c; c++) {
		if (*c < ' ' || *c > '~')
			return false;
	}
	if (s[strlen(s) - 1] == ' ')
		return false;
	return s[len] == '=' || (item->remove && !s[len]) || str_starts(s, "initramfs ");
}

int config_check_item(const char *text, struct err *e)
{
	auto_item item = {0};
	item_parse(text, &item);
	if (item.filter[strspn(item.filter, FILTER_CHARS)] || !is_filter(item.filter))
		return err_set(e, ERR_PROFILE,
			       "'[%s]' is not a filter of config.txt: use [all], a model such as "
			       "[pi4] or [cm4], or one such as [gpio4=1] or [EDID=VSC-TD2220]",
			       item.filter);
	if (is_setting(&item))
		return 0;
	return err_set(e, ERR_PROFILE,
		       "'%s' is not a setting of config.txt: use name=value without blanks around "
		       "the '=', at most %d characters, such as 'dtparam=audio=off' or "
		       "'[pi4] arm_boost=1', or '-name' to take it out",
		       text, LINE_MAX_LEN);
}
