/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <ctype.h>
#include <string.h>

#include "edit.h"
#include "edit_sudoers.h"
#include "mem.h"

enum kind { OTHER, RULE, DEFAULTS, DEFAULTS_USER, ALIAS, INCLUDE };

/* How far an item of a list of users is about somebody. */
enum concern { NOBODY, UNKNOWN, MEANT, NAMED };

/* One item of a list of users. */
struct item {
	const char *at;
	size_t len;
	enum concern concern;
	bool negated;
};

/* A '#' begins a comment unless a number follows: "#1000" is a user. */
static bool is_comment(const char *c)
{
	return *c == '#' && !isdigit((unsigned char)c[1]);
}

/* The length of a line with its newline; a '\' at the end of one continues it, in comments not. */
static size_t line_len(const char *text)
{
	bool quoted = false;
	const char *c = text;
	for (; *c && *c != '\n'; c++) {
		if (!quoted && is_comment(c)) {
			c += strcspn(c, "\n");
			break;
		}
		if (*c == '"')
			quoted = !quoted;
		else if (*c == '\\' && c[1])
			c++;
	}
	return (size_t)(c - text) + (*c == '\n');
}

static const char *skip_blanks(const char *c)
{
	while (*c == ' ' || *c == '\t' || *c == '\r' || (*c == '\\' && c[1] == '\n'))
		c += *c == '\\' ? 2 : 1;
	return c;
}

/* Behind "#include" or "@includedir"; NULL: it is another line. */
static const char *include_argument(const char *c)
{
	if ((*c != '#' && *c != '@') || !str_starts(c + 1, "include"))
		return NULL;
	c += strlen("#include");
	c += str_starts(c, "dir") ? strlen("dir") : 0;
	return *c == ' ' || *c == '\t' ? c : NULL;
}

/* What kind of line it is; *ret_list is where its users are (of an alias: its name). */
static enum kind line_kind(const char *line, const char **ret_list)
{
	static const char *const aliases[] = {"Runas_Alias", "Host_Alias", "Cmnd_Alias",
					      "Cmd_Alias"};
	const char *c = *ret_list = skip_blanks(line);
	if (include_argument(c))
		return INCLUDE;
	if (!*c || *c == '\n' || is_comment(c))
		return OTHER;
	for (size_t i = 0; i < sizeof(aliases) / sizeof(*aliases); i++) {
		if (str_starts(c, aliases[i]))
			return OTHER;
	}
	if (str_starts(c, "User_Alias")) {
		*ret_list = c + strlen("User_Alias");
		return ALIAS;
	}
	if (!str_starts(c, "Defaults") || !strchr(" \t:@>!\\", c[strlen("Defaults")]))
		return RULE;
	c += strlen("Defaults");
	*ret_list = c + (*c == ':');
	return *c == ':' ? DEFAULTS_USER : DEFAULTS;
}

/* Behind a word such as `pi`, `%sudo`, `#1000`, `"domain user"` or `%:group`. */
static const char *word_end(const char *c)
{
	if (*c && strchr("%+#", *c))
		c++;
	if (*c == ':')
		c++;
	while (*c && !strchr(" \t\r\n,=:()>!#", *c) && !(*c == '\\' && c[1] == '\n')) {
		const char *quote = *c == '"' ? strchr(c + 1, '"') : NULL;
		if (quote)
			c = quote;
		else if (*c == '\\' && c[1])
			c++;
		c++;
	}
	return c;
}

/* The word without quotes and backslashes; owned. */
static char *plain_word(const char *at, size_t len)
{
	auto_str out = STR_INIT;
	str_puts(&out, "");
	for (size_t i = 0; i < len; i++) {
		if (at[i] == '\\' && i + 1 < len)
			i++;
		else if (at[i] == '"')
			continue;
		str_add(&out, at + i, 1);
	}
	return str_steal(&out);
}

static enum concern word_concern(const char *word, const struct sudoer *who)
{
	long long uid;
	if (strcmp(word, who->name) == 0 ||
	    (*word == '#' && parse_number(word + 1, 0, UINT32_MAX, &uid) && uid == who->uid))
		return NAMED;
	if (*word == '+' || str_starts(word, "%#") || str_starts(word, "%:"))
		return UNKNOWN;
	if (*word == '%' && strv_has(&who->groups, word + 1))
		return MEANT;
	return strcmp(word, "ALL") == 0 || strv_has(&who->aliases, word) ? MEANT : NOBODY;
}

/* The item at *at, which moves to the next one; false: the list ends, *at is behind it. */
static bool next_item(const char **at, struct item *ret, const struct sudoer *who)
{
	const char *c = skip_blanks(*at);
	*ret = (struct item){.at = c};
	for (; *c == '!'; c = skip_blanks(c + 1))
		ret->negated = !ret->negated;
	const char *end = word_end(c);
	autofree char *word = plain_word(c, (size_t)(end - c));
	ret->len = (size_t)(end - ret->at);
	ret->concern = word_concern(word, who);
	end = skip_blanks(end);
	*at = *end == ',' ? end + 1 : end;
	return *end == ',' && c != end;
}

/* The strongest concern of a list, behind which *list is then; *ret is the first item of it. */
static enum concern list_concern(const char **list, const struct sudoer *who, struct item *ret)
{
	struct item item;
	bool more = true;
	*ret = (struct item){.at = *list};
	while (more) {
		more = next_item(list, &item, who);
		/* "ALL, !pi": the last one that matches counts. */
		if (item.negated && item.concern >= MEANT)
			*ret = (struct item){.at = *list};
		else if (!item.negated && item.concern > ret->concern)
			*ret = item;
	}
	return ret->concern;
}

/* "User_Alias A = pi, ops : B = me": add those that have him. */
static void add_aliases(const char *list, struct sudoer *who)
{
	struct item item;
	while (true) {
		const char *at = skip_blanks(list), *end = word_end(at);
		autofree char *name = plain_word(at, (size_t)(end - at));
		list = skip_blanks(end);
		if (*list++ != '=')
			return;
		if (list_concern(&list, who, &item) >= MEANT && !strv_has(&who->aliases, name))
			strv_add(&who->aliases, name);
		if (*list++ != ':')
			return;
	}
}

/* Until no more are found: an alias may have others in it. */
void sudoers_aliases(const char *text, struct sudoer *who)
{
	size_t before;
	do {
		before = who->aliases.n;
		for (const char *at = text, *list; *at; at += line_len(at)) {
			if (line_kind(at, &list) == ALIAS)
				add_aliases(list, who);
		}
	} while (who->aliases.n > before);
}

void sudoer_done(struct sudoer *who)
{
	strv_done(&who->groups);
	strv_done(&who->aliases);
}

/* A line's list of users without the item; false: he is the only one. */
static bool cut_item(char *line, const char *list, const struct item *item)
{
	char *from = line + (item->at - line), *to = from + item->len;
	const char *next = skip_blanks(to), *first = skip_blanks(list);
	if (*next == ',') {
		next = skip_blanks(next + 1);
	} else if (item->at == first) {
		return false;
	} else {
		while (from > first && from[-1] != ',')
			from--;
		from -= from > first;
		next = to;
	}
	memmove(from, next, strlen(next) + 1);
	return true;
}

/* Whether the line, owned by the caller, stays; what of it is about this user goes. */
static bool take_out(char *line, const struct sudoer *who, bool *concerned)
{
	const char *list;
	enum kind kind = line_kind(line, &list);
	struct item item;
	if (kind != RULE && kind != DEFAULTS_USER)
		return true;
	for (const char *at = list; list_concern(&at, who, &item) == NAMED; at = list) {
		*concerned = true;
		if (!cut_item(line, list, &item))
			return false;
	}
	return true;
}

size_t sudoers_without(struct str *out, const char *text, const struct sudoer *who)
{
	size_t n = 0;
	for (size_t len; *text; text += len) {
		len = line_len(text);
		autofree char *line = xstrndup(text, len);
		bool concerned = false;
		if (take_out(line, who, &concerned))
			str_puts(out, line);
		n += concerned;
	}
	return n;
}

/* Does this line let the user, maybe among others, do without his password? */
static bool asks_nobody(const char *line, const struct sudoer *who)
{
	const char *list;
	struct item item;
	enum kind kind = line_kind(line, &list);
	if (!strstr(line, "!authenticate"))
		return false;
	return kind == DEFAULTS ||
	       (kind == DEFAULTS_USER && list_concern(&list, who, &item) != NOBODY);
}

static bool is_doubtful(const char *line, const struct sudoer *who, bool rules)
{
	const char *list;
	struct item item;
	size_t len;
	bool is_dir;
	enum kind kind = line_kind(line, &list);
	if (kind == INCLUDE) {
		autofree char *path = sudoers_included(line, &len, &is_dir);
		return rules && path && strcmp(path, SUDOERS_D) != 0;
	}
	if (kind != RULE)
		return who->password && asks_nobody(line, who);
	enum concern concern = list_concern(&list, who, &item);
	return rules && (concern == UNKNOWN || concern == MEANT);
}

void sudoers_doubts(struct strv *ret, const char *text, const struct sudoer *who, bool rules)
{
	size_t number = 1;
	for (size_t len; *text; text += len) {
		len = line_len(text);
		autofree char *line = xstrndup(text, len);
		if (is_doubtful(line, who, rules))
			strv_printf(ret, "%zu: %.*s", number, (int)strcspn(line, "\n"), line);
		for (const char *c = line; (c = strchr(c, '\n')); c++)
			number++;
	}
}

bool sudoers_is_empty(const char *text)
{
	for (const char *list; *text; text += line_len(text)) {
		const char *c = skip_blanks(text);
		if (line_kind(text, &list) != OTHER || (*c && *c != '\n' && !is_comment(c)))
			return false;
	}
	return true;
}

char *sudoers_included(const char *text, size_t *len, bool *is_dir)
{
	const char *at;
	*len = line_len(text);
	if (line_kind(text, &at) != INCLUDE)
		return NULL;
	*is_dir = str_starts(at + strlen("#include"), "dir");
	at = skip_blanks(include_argument(at));
	autofree char *word = plain_word(at, (size_t)(word_end(at) - at));
	for (size_t n = strlen(word); n > 1 && word[n - 1] == '/'; n--)
		word[n - 1] = '\0';
	return *word == '/' ? steal(&word) : path_join("/etc", word);
}

static bool includes_dropins(const char *text, size_t *len)
{
	bool is_dir;
	autofree char *path = sudoers_included(text, len, &is_dir);
	return path && is_dir && strcmp(path, SUDOERS_D) == 0;
}

/* Is SUDOERS_D read, and no rule behind it that may concern the user? */
static bool is_included_last(const char *text, const struct sudoer *who)
{
	bool last = false;
	struct item item;
	const char *list;
	for (size_t len; *text; text += len) {
		if (includes_dropins(text, &len))
			last = true;
		else if (line_kind(text, &list) == INCLUDE ||
			 (line_kind(text, &list) == RULE &&
			  list_concern(&list, who, &item) != NOBODY))
			last = false;
	}
	return last;
}

void sudoers_include_last(struct str *out, const char *text, const struct sudoer *who)
{
	size_t before = out->len;
	if (is_included_last(text, who)) {
		str_puts(out, text);
		return;
	}
	for (size_t len; *text; text += len) {
		if (!includes_dropins(text, &len))
			str_add(out, text, len);
	}
	if (out->len > before && out->data[out->len - 1] != '\n')
		str_puts(out, "\n");
	/* With '#', which sudo before 1.9.1 understands, too. */
	str_puts(out, "#includedir " SUDOERS_D "\n");
}

/* What a rule for all commands asks for; NULL: it is none. */
static const char *rule_asks(const char *line)
{
	auto_strv words = {0};
	strv_split(&words, line, " \t\r\n:\\");
	/* "pi ALL=(root) /sbin/reboot" is not what people mean by having sudo. */
	if (words.n < 2 || !strchr(line, '=') || !str_ends(words.v[words.n - 1], "ALL"))
		return NULL;
	return strv_has(&words, "NOPASSWD") || strstr(line, "NOPASSWD:") ? "nopasswd" : "password";
}

const char *sudoers_allow(const char *text, const struct sudoer *who)
{
	const char *how = "none";
	bool nobody_asks = false;
	for (size_t len; *text; text += len) {
		const char *list;
		struct item item;
		len = line_len(text);
		autofree char *line = xstrndup(text, len);
		nobody_asks = nobody_asks || asks_nobody(line, who);
		if (line_kind(line, &list) != RULE || list_concern(&list, who, &item) < MEANT)
			continue;
		const char *asks = rule_asks(list);
		how = asks ? asks : how;
	}
	return nobody_asks && strcmp(how, "password") == 0 ? "nopasswd" : how;
}

void groups_of(const char *text, const char *user, const char *gid, struct strv *ret)
{
	auto_strv lines = {0};
	strv_split(&lines, text, "\n");
	strv_foreach (line, &lines) {
		autofree char *name = db_field(*line, 0), *id = db_field(*line, 2);
		autofree char *list = db_field(*line, 3);
		auto_strv members = {0};
		strv_split(&members, list ? list : "", ",");
		if (name && ((id && strcmp(id, gid) == 0) || strv_has(&members, user)))
			strv_add(ret, name);
	}
}
