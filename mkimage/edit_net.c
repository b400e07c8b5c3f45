/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "edit_net.h"
#include "mem.h"

#define BEGIN "# BEGIN cardstock "
#define END "# END cardstock "
#define BLANKS " \t\r\n\\"

/* One line with the lines that continue it (a backslash at the end), newlines included. */
static size_t line_length(const char *text)
{
	size_t len = 0;
	for (;;) {
		len += strcspn(text + len, "\n");
		bool goes_on = len && text[len - 1] == '\\';
		if (!text[len])
			return len;
		len++;
		if (!goes_on)
			return len;
	}
}

/* Length of a whole block that begins here; 0 when none does. */
static size_t block_length(const char *text)
{
	if (!str_starts(text, BEGIN))
		return 0;
	const char *end = strstr(text, "\n" END);
	return end ? (size_t)(end + 1 - text) + line_length(end + 1) : 0;
}

/* A word that begins a stanza, and so ends the one before it. */
static bool begins_stanza(const char *word)
{
	static const char *const stanzas[] = {
		"iface", "mapping", "auto", "source", "rename", "template", "source-directory"};
	for (size_t i = 0; i < sizeof(stanzas) / sizeof(*stanzas); i++) {
		if (strcmp(word, stanzas[i]) == 0)
			return true;
	}
	return str_starts(word, "allow-") || str_starts(word, "no-");
}

static bool lists_interfaces(const char *word)
{
	return strcmp(word, "auto") == 0 || str_starts(word, "allow-");
}

/* "auto eth0 eth1" without the names: "auto eth1"; nothing when none is left. */
static void add_rest(struct str *out, const struct strv *words, const struct strv *names)
{
	auto_str rest = STR_INIT;
	for (size_t i = 1; i < words->n; i++) {
		if (!strv_has(names, words->v[i]))
			str_printf(&rest, " %s", words->v[i]);
	}
	if (rest.len)
		str_printf(out, "%s%s\n", words->v[0], str_text(&rest));
}

static bool names_any(const struct strv *words, const struct strv *names)
{
	for (size_t i = 1; i < words->n; i++) {
		if (strv_has(names, words->v[i]))
			return true;
	}
	return false;
}

/* One line outside blocks; *dropping: is it part of a stanza that goes? */
static void edit_line(struct str *out, const char *line, const struct strv *names, bool *dropping)
{
	auto_strv words = {0};
	strv_split(&words, line, BLANKS);
	if (!words.n || words.v[0][0] == '#') {
		str_puts(out, line);
		return;
	}
	const char *first = words.v[0];
	if (begins_stanza(first))
		*dropping = strcmp(first, "iface") == 0 && words.n > 1 &&
			    strv_has(names, words.v[1]);
	if (lists_interfaces(first) && names_any(&words, names))
		add_rest(out, &words, names);
	else if (!*dropping)
		str_puts(out, line);
}

void interfaces_drop(struct str *out, const char *text, const struct strv *names)
{
	bool dropping = false;
	while (*text) {
		size_t len = block_length(text);
		if (len) {
			str_add(out, text, len);
			dropping = false;
		} else {
			len = line_length(text);
			autofree char *line = xstrndup(text, len);
			edit_line(out, line, names, &dropping);
		}
		text += len;
	}
}

/* The value behind "key:", without quotes, comment and blanks; owned. */
static char *yaml_value(const char *text)
{
	auto_strv words = {0};
	strv_split(&words, text, " \t\r\n\"'");
	return xstrdup(words.n && words.v[0][0] != '#' ? words.v[0] : NULL);
}

/* Lines that say nothing. */
static bool is_yaml_blank(const char *line)
{
	size_t indent = strspn(line, " ");
	return !line[indent] || line[indent] == '#' || str_starts(line, "---");
}

char *netplan_renderer(const char *text)
{
	auto_strv lines = {0};
	bool network = false;
	size_t depth = 0; /* of the keys in network; 0: not seen yet */
	strv_split(&lines, text, "\r\n");
	strv_foreach (line, &lines) {
		size_t indent = strspn(*line, " ");
		if (is_yaml_blank(*line))
			continue;
		if (!indent) {
			network = str_starts(*line, "network:");
			depth = 0;
			continue;
		}
		if (!depth)
			depth = indent;
		if (network && indent == depth && str_starts(*line + indent, "renderer:"))
			return yaml_value(*line + indent + strlen("renderer:"));
	}
	return NULL;
}

/* Is the line "[section]"? */
static bool is_section(const char *line, const char *section)
{
	size_t len = strlen(section);
	return line[0] == '[' && strncmp(line + 1, section, len) == 0 && line[len + 1] == ']';
}

static bool sets_key(const char *line, const char *key)
{
	size_t len = strlen(key);
	return strncmp(line, key, len) == 0 && line[len + strspn(line + len, " \t")] == '=';
}

static void end_line(struct str *out)
{
	if (out->len && out->data[out->len - 1] != '\n')
		str_puts(out, "\n");
}

static bool has_key(const char *text, const char *section, const char *key)
{
	auto_strv lines = {0};
	bool inside = false;
	strv_split(&lines, text, "\n");
	strv_foreach (line, &lines) {
		if (**line == '[')
			inside = is_section(*line, section);
		else if (inside && sets_key(*line, key))
			return true;
	}
	return false;
}

void ini_set(struct str *out, const char *text, const char *section, const char *key,
	     const char *value)
{
	bool there = has_key(text, section, key), inside = false, done = false;
	while (*text) {
		size_t len = strcspn(text, "\n");
		size_t full = len + (text[len] == '\n');
		if (*text == '[')
			inside = is_section(text, section);
		if (inside && *text != '[' && sets_key(text, key)) {
			str_printf(out, "%s=%s%.*s", key, value, (int)(full - len), text + len);
			done = true;
		} else {
			str_add(out, text, full);
		}
		if (!there && !done && inside) {
			end_line(out);
			str_printf(out, "%s=%s\n", key, value);
			done = true;
		}
		text += full;
	}
	if (!done) {
		end_line(out);
		str_printf(out, "[%s]\n%s=%s\n", section, key, value);
	}
}
