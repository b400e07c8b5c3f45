/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "crc32.h"
#include "log.h"
#include "mem.h"
#include "rootfs.h"
#include "state.h"
#include "utf8.h"

#define HEAD "cardstock-state 1\n"
#define STATE_MAX (256u << 10)
#define MS_MAX 1000000000L /* eleven days: more is damage */

static const char *const result_names[RESULTS] = {
	[RESULT_CHANGED] = "changed",
	[RESULT_UNCHANGED] = "unchanged",
	[RESULT_FAILED] = "failed",
};

static const char *const summary_names[] = {
	[STATE_WORKING] = "working",
	[STATE_DONE] = "done",
	[STATE_FAILED] = "failed",
};

const char *result_name(enum result result)
{
	return result_names[result];
}

const char *state_summary_name(enum state_summary summary)
{
	return summary_names[summary];
}

static bool result_parse(const char *text, enum result *ret)
{
	for (size_t i = RESULT_NONE + 1; i < RESULTS; i++) {
		if (strcmp(text, result_names[i]) == 0) {
			*ret = (enum result)i;
			return true;
		}
	}
	return false;
}

static size_t count_steps(void)
{
	size_t n = 0;
	while (steps[n])
		n++;
	return n;
}

void state_init(struct state *s)
{
	*s = (struct state){.records = xcalloc(count_steps() + 1, sizeof(*s->records))};
}

void state_done(struct state *s)
{
	for (size_t i = 0; s->records && steps[i]; i++)
		free(s->records[i].message);
	free(s->records);
	free(s->board);
	free(s->build);
	free(s->unkept);
	*s = (struct state){0};
}

/* ---- text to state ---- */

/* The next word of a line, which is cut off it; "" at its end. */
static char *take_word(char **line)
{
	char *word = *line;
	char *end = word + strcspn(word, " ");
	*line = end + (*end == ' ');
	*end = '\0';
	return word;
}

/* A step that this program does not know was done by another release: its line is skipped. */
static bool parse_step(struct state *s, char *line)
{
	const char *name = take_word(&line);
	enum result result;
	long long ms;
	size_t i;
	if (!result_parse(take_word(&line), &result) ||
	    !parse_number(take_word(&line), 0, MS_MAX, &ms))
		return false;
	if (step_find(name, &i))
		state_record(s, i, result, (long)ms, line);
	return true;
}

static bool parse_line(struct state *s, char *line)
{
	const char *key = take_word(&line);
	if (strcmp(key, "step") == 0)
		return parse_step(s, line);
	if (strcmp(key, "phase") == 0) {
		s->begun = phase_parse(line, &s->phase);
		return s->begun;
	}
	if (strcmp(key, "board") == 0)
		state_set_text(s, &s->board, line);
	else if (strcmp(key, "build") == 0)
		state_set_text(s, &s->build, line);
	else if (strcmp(key, "unkept") == 0)
		state_set_text(s, &s->unkept, line);
	else
		return false;
	return true;
}

/* The length of what the last line is the sum of; 0 when the sum is wrong or absent. */
static size_t checked_length(const char *text, size_t len)
{
	char last[32];
	size_t tail = (size_t)snprintf(last, sizeof(last), "crc32 %08x\n", 0u);
	if (len < tail)
		return 0;
	snprintf(last, sizeof(last), "crc32 %08x\n", (unsigned)crc32_of(text, len - tail));
	return strcmp(text + len - tail, last) == 0 ? len - tail : 0;
}

int state_parse(const char *text, size_t len, struct state *s, struct err *e)
{
	size_t body = strlen(text) == len ? checked_length(text, len) : 0;
	if (!body || !str_starts(text, HEAD))
		return err_set(e, ERR_FAILED, "its checksum or its first line is wrong");
	autofree char *copy = xstrndup(text, body);
	auto_strv lines = {0};
	strv_split(&lines, copy + strlen(HEAD), "\n");
	strv_foreach (line, &lines) {
		if (!parse_line(s, *line))
			return err_set(e, ERR_FAILED, "line %td is not known", line - lines.v + 2);
	}
	s->changed = s->unkept; /* to be written where it belongs */
	return 0;
}

void state_load(const struct ctx *ctx, struct state *ret, struct str *why)
{
	auto_str text = STR_INIT;
	auto_err e = ERR_INIT;
	state_init(ret);
	const char *path = root_exists(ctx, STATE_RUN_PATH, &e) > 0 ? STATE_RUN_PATH : STATE_PATH;
	int there = root_read(ctx, path, STATE_MAX, &text, &e);
	if (there == 0 || (there > 0 && state_parse(str_text(&text), text.len, ret, &e) == 0))
		return;
	str_printf(why, "%s%s: %s", there < 0 ? "" : ctx->root, there < 0 ? "" : path, e.msg);
	state_done(ret);
	state_init(ret);
}

/* ---- state to text ---- */

static void print_text(struct str *out, const char *key, const char *value)
{
	if (value)
		str_printf(out, "%s %s\n", key, value);
}

static void print(struct str *out, const struct state *s)
{
	str_puts(out, HEAD);
	print_text(out, "board", s->board);
	print_text(out, "build", s->build);
	print_text(out, "unkept", s->unkept);
	print_text(out, "phase", s->begun ? phase_name(s->phase) : NULL);
	for (size_t i = 0; steps[i]; i++) {
		const struct record *r = &s->records[i];
		if (r->result)
			str_printf(out, "step %s %s %ld %s\n", steps[i]->name,
				   result_name(r->result), r->ms, r->message);
	}
	str_printf(out, "crc32 %08x\n", (unsigned)crc32_of(str_text(out), out->len));
}

static int write_to(const struct ctx *ctx, const char *path, const struct state *s, struct err *e)
{
	auto_str text = STR_INIT;
	print(&text, s);
	return root_replace(ctx, path, text.data, text.len, 0644, e);
}

/* Until the next boot is better than not at all. */
static void keep_in_memory(const struct ctx *ctx, struct state *s, const struct err *why)
{
	auto_err ignored = ERR_INIT;
	state_set_text(s, &s->unkept, why->msg);
	if (write_to(ctx, STATE_RUN_PATH, s, &ignored) < 0)
		log_debug("%s", ignored.msg);
}

int state_save(const struct ctx *ctx, struct state *s, struct err *e)
{
	auto_err ignored = ERR_INIT;
	if (!s->changed)
		return 0;
	state_set_text(s, &s->unkept, NULL);
	if (write_to(ctx, STATE_PATH, s, e) < 0) {
		keep_in_memory(ctx, s, e);
		return -1;
	}
	if (root_remove(ctx, STATE_RUN_PATH, &ignored) < 0)
		log_debug("%s", ignored.msg);
	s->changed = false;
	return 0;
}

/* ---- changes ---- */

void state_forget(struct state *s, size_t step)
{
	struct record *r = &s->records[step];
	s->changed |= r->result != RESULT_NONE;
	free(r->message);
	*r = (struct record){0};
}

void state_forget_all(struct state *s)
{
	for (size_t i = 0; steps[i]; i++)
		state_forget(s, i);
	s->begun = false;
}

void state_forget_board(struct state *s)
{
	for (size_t i = 0; steps[i]; i++) {
		if (steps[i]->per_board)
			state_forget(s, i);
	}
}

void state_set_text(struct state *s, char **field, const char *value)
{
	if (*field && value && strcmp(*field, value) == 0)
		return;
	s->changed |= *field || value;
	free(*field);
	*field = xstrdup(value);
}

void state_set_phase(struct state *s, enum phase phase)
{
	if (s->begun && s->phase >= phase)
		return;
	s->begun = true;
	s->phase = phase;
	s->changed = true;
}

/* Up to where a message is kept: whole characters. */
static size_t kept_length(const char *message)
{
	size_t len = strlen(message), kept = 0;
	if (len <= STATE_MESSAGE_MAX)
		return len;
	while (kept < STATE_MESSAGE_MAX) {
		uint32_t c;
		size_t n = utf8_decode(message + kept, len - kept, &c);
		n = n ? n : 1;
		if (kept + n > STATE_MESSAGE_MAX)
			break;
		kept += n;
	}
	return kept;
}

char *state_line(const char *message)
{
	size_t kept = kept_length(message);
	char *line = xasprintf("%.*s%s", (int)kept, message, message[kept] ? "…" : "");
	for (char *c = line; *c; c++) {
		if (*c == '\n' || *c == '\r')
			*c = ' ';
	}
	return line;
}

void state_record(struct state *s, size_t step, enum result result, long ms, const char *message)
{
	state_forget(s, step);
	s->records[step] = (struct record){result, ms, state_line(message)};
	s->changed = true;
}

enum state_summary state_summary(const struct state *s)
{
	enum state_summary summary = s->begun ? STATE_DONE : STATE_WORKING;
	for (size_t i = 0; s->begun && steps[i]; i++) {
		if (steps[i]->phase > s->phase)
			continue;
		if (s->records[i].result == RESULT_NONE)
			return STATE_WORKING;
		if (s->records[i].result == RESULT_FAILED)
			summary = STATE_FAILED;
	}
	return summary;
}
