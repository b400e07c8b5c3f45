/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "edit_boot.h"
#include "mem.h"

#define BLANK " \t"

/* Names that the kernel or systemd take more than once (kernel-parameters.txt, systemd(1)). */
static const char *const repeated[] = {"console",
				       "earlycon",
				       "cgroup_enable",
				       "cgroup_disable",
				       "video",
				       "ip",
				       "memmap",
				       "hugepagesz",
				       "hugepages",
				       "modprobe.blacklist",
				       "systemd.mask",
				       "systemd.wants",
				       "systemd.setenv",
				       "systemd.mount-extra",
				       "systemd.set_credential"};

/* Where the part that is edited ends: the first line, a CR before its newline not included. */
static size_t line_len(const char *text)
{
	return strcspn(text, "\r\n");
}

/*
 * The length of the first word of [at, end): blanks inside double quotes belong to it.  A quote
 * that is never closed is a character as any other.
 */
static size_t word_len(const char *at, const char *end)
{
	bool quoted = false;
	const char *p = at;
	for (; p < end && (quoted || !strchr(BLANK, *p)); p++)
		quoted ^= *p == '"';
	return quoted ? strcspn(at, BLANK "\r\n") : (size_t)(p - at);
}

static void split_words(struct strv *words, const char *text, size_t len)
{
	const char *end = text + len;
	while (text < end) {
		size_t blank = strspn(text, BLANK);
		text += blank;
		size_t n = text < end ? word_len(text, end) : 0;
		if (n)
			strv_add_owned(words, xstrndup(text, n));
		text += n;
	}
}

static void remove_at(struct strv *words, size_t i)
{
	if (!words->v)
		return;
	free(words->v[i]);
	memmove(words->v + i, words->v + i + 1, (words->n - i) * sizeof(*words->v));
	words->n--;
}

static void insert_at(struct strv *words, size_t i, const char *word)
{
	strv_add(words, word);
	char *added = words->v[words->n - 1];
	memmove(words->v + i + 1, words->v + i, (words->n - 1 - i) * sizeof(*words->v));
	words->v[i] = added;
}

static char fold(char c)
{
	return c == '-' ? '_' : c;
}

/* Both are name=value (or both are not) and the names are one to the kernel (its parameqn). */
static bool same_name(const char *a, const char *b)
{
	while (*a && *a != '=' && fold(*a) == fold(*b)) {
		a++;
		b++;
	}
	return *a == *b && (*a == '=' || !*a);
}

static bool is_repeated(const char *word)
{
	for (size_t i = 0; i < sizeof(repeated) / sizeof(*repeated); i++) {
		autofree char *named = xasprintf("%s=", repeated[i]);
		if (same_name(word, named))
			return true;
	}
	return false;
}

/* Word i; NULL at the end, which "--" is as well: what follows it is for init. */
static const char *word_at(const struct strv *words, size_t i)
{
	if (!words->v || i >= words->n || strcmp(words->v[i], "--") == 0)
		return NULL;
	return words->v[i];
}

static size_t end_of_words(const struct strv *words)
{
	size_t i = 0;
	while (word_at(words, i))
		i++;
	return i;
}

/* Take out all words of word's name; where the first of them was, or the end. */
static size_t remove_named(struct strv *words, const char *word)
{
	size_t first = SIZE_MAX, i = 0;
	for (const char *w; (w = word_at(words, i));) {
		if (!same_name(w, word)) {
			i++;
			continue;
		}
		first = first == SIZE_MAX ? i : first;
		remove_at(words, i);
	}
	return first == SIZE_MAX ? i : first;
}

static bool has_word(const struct strv *words, const char *word)
{
	const char *w;
	for (size_t i = 0; (w = word_at(words, i)); i++) {
		if (strcmp(w, word) == 0)
			return true;
	}
	return false;
}

static void remove_word(struct strv *words, const char *word)
{
	size_t i = 0;
	for (const char *w; (w = word_at(words, i));) {
		if (strcmp(w, word) == 0)
			remove_at(words, i);
		else
			i++;
	}
}

static void set_word(struct strv *words, const char *word)
{
	if (!strchr(word, '=') || is_repeated(word)) {
		if (!has_word(words, word))
			insert_at(words, end_of_words(words), word);
		return;
	}
	insert_at(words, remove_named(words, word), word);
}

/* "-name=", then name=value among the items behind it: those values and no others, in that place.
 */
static void replace_named(struct strv *words, const struct strv *items, size_t i)
{
	const char *name = items->v[i] + 1;
	size_t at = remove_named(words, name);
	for (i++; i < items->n; i++) {
		if (same_name(items->v[i], name) && !has_word(words, items->v[i]))
			insert_at(words, at++, items->v[i]);
	}
}

/* The word is among the items behind i: to take it out first would only move it. */
static bool follows(const struct strv *items, size_t i, const char *word)
{
	for (i++; i < items->n; i++) {
		if (strcmp(items->v[i], word) == 0)
			return true;
	}
	return false;
}

static void apply_items(struct strv *words, const struct strv *items)
{
	for (size_t i = 0; i < items->n; i++) {
		const char *item = items->v[i];
		if (*item != '-')
			set_word(words, item);
		else if (str_ends(item, "="))
			replace_named(words, items, i);
		else if (!follows(items, i, item + 1))
			remove_word(words, item + 1);
	}
}

static void join_words(struct str *out, const struct strv *words)
{
	for (size_t i = 0; i < words->n; i++)
		str_printf(out, "%s%s", i ? " " : "", words->v[i]);
}

/* Edit [text, text + len), which is one line without its end. */
static void edit_words(struct str *out, const char *text, size_t len, const struct strv *items)
{
	auto_strv words = {0};
	auto_str before = STR_INIT, after = STR_INIT;
	split_words(&words, text, len);
	join_words(&before, &words);
	apply_items(&words, items);
	join_words(&after, &words);
	if (strcmp(str_text(&before), str_text(&after)) == 0)
		str_add(out, text, len);
	else
		str_add(out, str_text(&after), after.len);
}

int cmdline_check_item(const char *text, struct err *e)
{
	const char *word = text + (*text == '-');
	const char *at = word;
	while (*at > ' ' && *at <= '~' && !strchr("\"'\\`", *at))
		at++;
	if (*word && !*at && !strchr("-=", *word))
		return 0;
	return err_set(
		e, ERR_PROFILE,
		"'%s' is not a word of the kernel's command line: use one without blanks and "
		"quotes, such as 'cgroup_enable=memory', or '-quiet' to take one out",
		text);
}

bool cmdline_has(const char *text, const char *word)
{
	auto_strv words = {0};
	split_words(&words, text, line_len(text));
	return has_word(&words, word);
}

void cmdline_edit(struct str *out, const char *text, const struct strv *items)
{
	size_t len = line_len(text);
	edit_words(out, text, len, items);
	str_puts(out, text + len);
}

bool cmdline_edit_lines(struct str *out, const char *text, const char *key,
			const struct strv *items)
{
	bool found = false;
	while (*text) {
		size_t len = line_len(text), indent = strspn(text, BLANK);
		size_t word = strcspn(text + indent, BLANK "\r\n");
		size_t value = indent + word + strspn(text + indent + word, BLANK);
		if (word == strlen(key) && strncasecmp(text + indent, key, word) == 0) {
			auto_str words = STR_INIT;
			edit_words(&words, text + value, len - value, items);
			str_add(out, text, value);
			str_printf(out, "%s%s", words.len && value == indent + word ? " " : "",
				   str_text(&words));
			found = true;
		} else {
			str_add(out, text, len);
		}
		text += len;
		size_t end = strspn(text, "\r\n");
		str_add(out, text, end);
		text += end;
	}
	return found;
}

/* The line after this one. */
static const char *line_after(const char *text)
{
	text += strcspn(text, "\n");
	return text + (*text == '\n');
}

/* text begins with "name=". */
static bool is_env(const char *text, const char *name)
{
	return str_starts(text, name) && text[strlen(name)] == '=';
}

char *env_get(const char *text, const char *name)
{
	for (; *text; text = line_after(text)) {
		if (is_env(text, name)) {
			text += strlen(name) + 1;
			return xstrndup(text, line_len(text));
		}
	}
	return NULL;
}

void env_set(struct str *out, const char *text, const char *name, const char *value)
{
	bool done = !value;
	for (const char *next; *text; text = next) {
		next = line_after(text);
		if (!is_env(text, name)) {
			str_add(out, text, (size_t)(next - text));
			continue;
		}
		const char *end = text + line_len(text);
		if (!done) {
			str_printf(out, "%s=%s", name, value);
			str_add(out, end, (size_t)(next - end));
		}
		done = true;
	}
	if (done)
		return;
	if (out->len && out->data[out->len - 1] != '\n')
		str_puts(out, "\n");
	str_printf(out, "%s=%s\n", name, value);
}
