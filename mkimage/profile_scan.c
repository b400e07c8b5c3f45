/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A guard before libconfuse, which takes a missing brace, a comment without an end and stray
 * characters in silence, replaces "${HOME}" by what it is for the user who runs it, and takes the
 * key "user=pi|uid" for a path into a section.  The language itself (names, types, values,
 * escapes) stays libconfuse's.
 */
#include <string.h>

#include "profile_private.h"

#define NOT_IN_WORDS " #\"'\t\r\n={}()+,*"
#define BYTE_ORDER_MARK "\xef\xbb\xbf" /* some editors begin a text file with it */
#define DEPTH_MAX 8 /* sections within sections; more than any table of keys has */

enum token { WORD, STRING, OPEN, CLOSE, PAREN, PAREN_END, SET, APPEND, COMMA, END, N_TOKENS };
/* What the scanner has behind it; FIRST_ITEM and ITEM differ in that only the former is empty. */
enum state { BAD, KEY, AFTER_KEY, TITLED, VALUE, FIRST_ITEM, ITEM, AFTER_ITEM, ARG, AFTER_ARG };
#define N_STATES (AFTER_ARG + 1)

static const char *const token_names[N_TOKENS] = {
	"a word", "a string", "'{'",  "'}'", "'('",
	"')'",	  "'='",      "'+='", "','", "the end of the file"};

static const char *const expected[N_STATES] = {
	[KEY] = "a key, which is a word without quotes",
	[AFTER_KEY] = "'=' and a value, or the '{' of a section",
	[TITLED] = "'=' between a key and its value, or '{' behind the title of a section",
	[VALUE] = "a value",
	[FIRST_ITEM] = "an item of the list or '}'",
	[ITEM] = "an item of the list or '}'",
	[AFTER_ITEM] = "',' or '}'",
	[ARG] = "the name of a file",
	[AFTER_ARG] = "')'",
};

/* What may follow what, and where it leads. */
static const unsigned char follows[N_STATES][N_TOKENS] = {
	[KEY] = {[WORD] = AFTER_KEY, [CLOSE] = KEY, [END] = KEY},
	[AFTER_KEY] = {[WORD] = TITLED,
		       [STRING] = TITLED,
		       [OPEN] = KEY,
		       [PAREN] = ARG,
		       [SET] = VALUE,
		       [APPEND] = VALUE},
	[TITLED] = {[OPEN] = KEY},
	[VALUE] = {[WORD] = KEY, [STRING] = KEY, [OPEN] = FIRST_ITEM},
	[FIRST_ITEM] = {[WORD] = AFTER_ITEM, [STRING] = AFTER_ITEM, [CLOSE] = KEY},
	[ITEM] = {[WORD] = AFTER_ITEM, [STRING] = AFTER_ITEM, [CLOSE] = KEY},
	[AFTER_ITEM] = {[COMMA] = ITEM, [CLOSE] = KEY},
	[ARG] = {[WORD] = AFTER_ARG, [STRING] = AFTER_ARG},
	[AFTER_ARG] = {[PAREN_END] = KEY},
};

struct scan {
	const char *at, *end;
	const char *file;
	int line;
	struct str *out;
	enum state state;
	int last_line; /* of the last token */
	int list_line; /* where the open list began */
	int sections[DEPTH_MAX];
	unsigned depth;
};

static struct loc at_line(const struct scan *s, int line)
{
	return (struct loc){s->file, line};
}

static char peek(const struct scan *s, size_t ahead)
{
	return (size_t)(s->end - s->at) > ahead ? s->at[ahead] : '\0';
}

static bool in_list(const struct scan *s)
{
	return s->state == FIRST_ITEM || s->state == ITEM || s->state == AFTER_ITEM;
}

static int misplaced(const struct scan *s, enum token t, const char *text, size_t len,
		     struct err *e)
{
	if (t == END && in_list(s))
		return err_at(e, at_line(s, s->list_line), "the '{' of this list is not closed");
	int line = t == END || s->state == TITLED ? s->last_line : s->line;
	if (t == WORD || t == STRING)
		return err_at(e, at_line(s, line), "expected %s, before '%.*s'", expected[s->state],
			      (int)(len < 40 ? len : 40), text);
	return err_at(e, at_line(s, line), "expected %s, before %s", expected[s->state],
		      token_names[t]);
}

static int enter_brace(struct scan *s, struct err *e)
{
	if (s->state == VALUE) {
		s->list_line = s->line;
		return 0;
	}
	if (s->depth == DEPTH_MAX)
		return err_at(e, at_line(s, s->line), "sections are nested too deeply");
	s->sections[s->depth++] = s->line;
	return 0;
}

static int leave_brace(struct scan *s, struct err *e)
{
	if (s->state == FIRST_ITEM)
		str_puts(s->out, "'" SCAN_EMPTY_LIST "'");
	if (s->state != KEY)
		return 0;
	if (s->depth == 0)
		return err_at(e, at_line(s, s->line), "'}' closes nothing; remove it");
	s->depth--;
	return 0;
}

static int take(struct scan *s, enum token t, const char *text, size_t len, struct err *e)
{
	unsigned next = follows[s->state][t];
	if (next == BAD)
		return misplaced(s, t, text, len, e);
	if ((t == OPEN && enter_brace(s, e) < 0) || (t == CLOSE && leave_brace(s, e) < 0))
		return -1;
	if (t == END && s->depth)
		return err_at(e, at_line(s, s->sections[s->depth - 1]),
			      "the '{' of this section is not closed");
	s->state = next;
	s->last_line = s->line;
	return 0;
}

static void skip_line(struct scan *s)
{
	while (s->at < s->end && *s->at != '\n')
		s->at++;
}

static int skip_comment(struct scan *s, struct err *e)
{
	int begin = s->line;
	for (s->at += 2; s->at < s->end; s->at++) {
		if (peek(s, 0) == '*' && peek(s, 1) == '/') {
			s->at += 2;
			str_puts(s->out, " ");
			return 0;
		}
		if (*s->at == '\n') {
			str_puts(s->out, "\n");
			s->line++;
		}
	}
	return err_at(e, at_line(s, begin), "the comment that begins here with '/*' has no '*/'");
}

/* "\0", "\000", "\x0": C strings end there, so the rest would be lost. */
static bool escapes_nul(const struct scan *s)
{
	bool hex = peek(s, 1) == 'x';
	size_t first = hex ? 2 : 1, most = first + (hex ? 2 : 3), n = first;
	while (n < most && peek(s, n) == '0')
		n++;
	char next = n < most ? peek(s, n) : '\0';
	bool goes_on = next && strchr(hex ? "123456789abcdefABCDEF" : "1234567", next);
	return n > first && !goes_on;
}

static int take_escape(struct scan *s, char quote, struct err *e)
{
	if (quote == '"' && escapes_nul(s))
		return err_at(e, at_line(s, s->line), "a string cannot hold a zero byte");
	size_t len = s->end - s->at > 1 ? 2 : 1;
	if (peek(s, 1) == '\n')
		s->line++;
	str_add(s->out, s->at, len);
	s->at += len;
	return 0;
}

static int take_string(struct scan *s, struct err *e)
{
	const char *begin = s->at, quote = *s->at;
	int line = s->line;
	str_add(s->out, s->at++, 1);
	while (s->at < s->end && *s->at != quote && *s->at != '\n') {
		if (*s->at == '\\') {
			if (take_escape(s, quote, e) < 0)
				return -1;
			continue;
		}
		if (quote == '"' && *s->at == '$' && peek(s, 1) == '{')
			str_puts(s->out, "\\");
		str_add(s->out, s->at++, 1);
	}
	if (peek(s, 0) != quote)
		return err_at(e, at_line(s, line),
			      "the string that begins here is not closed on its line; a newline in "
			      "it is written \\n");
	str_add(s->out, s->at++, 1);
	return take(s, STRING, begin, (size_t)(s->at - begin), e);
}

static int take_word(struct scan *s, struct err *e)
{
	const char *begin = s->at;
	while (s->at < s->end && !strchr(NOT_IN_WORDS, *s->at)) {
		if (s->at[0] == '/' && (peek(s, 1) == '/' || peek(s, 1) == '*'))
			return err_at(e, at_line(s, s->line),
				      "'/%c' in a word begins a comment; put the value in quotes",
				      s->at[1]);
		s->at++;
	}
	size_t len = (size_t)(s->at - begin);
	if (begin[len - 1] == '$' && peek(s, 0) == '{')
		return err_at(e, at_line(s, s->line),
			      "'${' outside quotes; put the value in quotes (variables of the "
			      "environment are not replaced in a profile)");
	/* libconfuse would take "user|uid" for the key uid of the last section user. */
	if (s->state == KEY && memchr(begin, '|', len))
		return err_at(e, at_line(s, s->line), "a key has no '|' in it");
	str_add(s->out, begin, len);
	return take(s, WORD, begin, len, e);
}

static int take_sign(struct scan *s, struct err *e)
{
	static const char signs[] = "{}()=,";
	static const enum token tokens[] = {OPEN, CLOSE, PAREN, PAREN_END, SET, COMMA};
	const char *sign = strchr(signs, *s->at);
	bool append = peek(s, 0) == '+' && peek(s, 1) == '=';
	if (!sign && !append)
		return err_at(e, at_line(s, s->line), "stray '%c'; put the value in quotes",
			      *s->at);
	size_t len = append ? 2 : 1;
	if (take(s, append ? APPEND : tokens[sign - signs], s->at, len, e) < 0)
		return -1;
	str_add(s->out, s->at, len);
	s->at += len;
	return 0;
}

static int take_next(struct scan *s, struct err *e)
{
	char c = *s->at, next = peek(s, 1);
	if (strchr(" \t\r\n", c)) {
		s->line += c == '\n';
		str_puts(s->out, c == '\n' ? "\n" : " ");
		s->at++;
		return 0;
	}
	if (c == '#' || (c == '/' && next == '/')) {
		skip_line(s);
		return 0;
	}
	if (c == '/' && next == '*')
		return skip_comment(s, e);
	if (c == '"' || c == '\'')
		return take_string(s, e);
	return strchr(NOT_IN_WORDS, c) ? take_sign(s, e) : take_word(s, e);
}

static int check_bytes(const struct str *text, const char *file, struct err *e)
{
	int line = 1;
	for (size_t i = 0; i < text->len; i++) {
		unsigned char c = (unsigned char)text->data[i];
		if ((c < ' ' && !(c && strchr("\t\r\n", c))) || c == 0x7f)
			return err_at(e, (struct loc){file, line},
				      "byte 0x%02x: a profile is a text file", c);
		line += c == '\n';
	}
	return 0;
}

int profile_scan(const struct str *text, const char *file, struct str *out, struct err *e)
{
	if (check_bytes(text, file, e) < 0)
		return -1;
	const char *begin = str_text(text);
	struct scan s = {.at = begin + (str_starts(begin, BYTE_ORDER_MARK) ? 3 : 0),
			 .end = begin + text->len,
			 .file = file,
			 .line = 1,
			 .last_line = 1,
			 .out = out,
			 .state = KEY};
	while (s.at < s.end) {
		if (take_next(&s, e) < 0)
			return -1;
	}
	str_puts(out, "\n");
	return take(&s, END, "", 0, e);
}
