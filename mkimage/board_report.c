/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "board_report.h"
#include "mem.h"

#define VERSION 1

static void json_cleanup(json_t **j)
{
	json_decref(*j);
}
#define auto_json __attribute__((cleanup(json_cleanup))) json_t

/* A member that is a text of one report or step. */
struct text_member {
	const char *name;
	size_t offset;
};

static const struct text_member report_texts[] = {
	{"hostname", offsetof(struct board_report, hostname)},
	{"cluster", offsetof(struct board_report, cluster)},
	{"role", offsetof(struct board_report, role)},
	{"build", offsetof(struct board_report, build)},
	{"firstboot", offsetof(struct board_report, firstboot)},
	{"phase", offsetof(struct board_report, phase)},
	{"result", offsetof(struct board_report, result)},
};

static const struct text_member board_texts[] = {
	{"model", offsetof(struct board_report, model)},
	{"serial", offsetof(struct board_report, serial)},
};

static const struct text_member step_texts[] = {
	{"name", offsetof(struct board_step, name)},
	{"phase", offsetof(struct board_step, phase)},
	{"result", offsetof(struct board_step, result)},
	{"message", offsetof(struct board_step, message)},
};

/* An absent one, and null, is NULL; what is there is a string. */
static int get_text(const json_t *from, const char *name, char **ret, struct err *e)
{
	const json_t *value = json_object_get(from, name);
	if (!value || json_is_null(value))
		return 0;
	if (!json_is_string(value))
		return err_set(e, ERR_IMAGE, "'%s' is not a text", name);
	if (json_string_length(value) > BOARD_REPORT_TEXT_MAX)
		return err_set(e, ERR_IMAGE, "'%s' has more than %d bytes", name,
			       BOARD_REPORT_TEXT_MAX);
	*ret = xstrdup(json_string_value(value));
	return 0;
}

static int get_texts(const json_t *from, const struct text_member *m, size_t n, void *into,
		     struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		if (get_text(from, m[i].name, (char **)((char *)into + m[i].offset), e) < 0)
			return -1;
	}
	return 0;
}
#define GET_TEXTS(from, members, into, e) \
	get_texts((from), (members), sizeof(members) / sizeof(*(members)), (into), (e))

static int get_seconds(const json_t *from, double *ret, struct err *e)
{
	const json_t *value = json_object_get(from, "seconds");
	double seconds = json_number_value(value);
	if (!json_is_number(value) || !(seconds >= 0 && seconds <= BOARD_REPORT_SECONDS))
		return err_set(e, ERR_IMAGE, "'seconds' is not a time from 0 to %d",
			       BOARD_REPORT_SECONDS);
	*ret = seconds;
	return 0;
}

static int get_step(const json_t *from, struct board_step *s, struct err *e)
{
	if (!json_is_object(from))
		return err_set(e, ERR_IMAGE, "is not an object");
	if (GET_TEXTS(from, step_texts, s, e) < 0)
		return -1;
	if (!s->name || !s->result)
		return err_set(e, ERR_IMAGE, "lacks 'name' or 'result'");
	return get_seconds(from, &s->seconds, e);
}

static int get_steps(const json_t *root, struct board_report *r, struct err *e)
{
	const json_t *steps = json_object_get(root, "steps");
	size_t n = json_array_size(steps);
	if (!json_is_array(steps))
		return err_set(e, ERR_IMAGE, "'steps' is not a list");
	if (n > BOARD_REPORT_STEPS)
		return err_set(e, ERR_IMAGE, "has more than %d steps", BOARD_REPORT_STEPS);
	r->steps = xcalloc(n + 1, sizeof(*r->steps));
	for (size_t i = 0; i < n; i++) {
		r->n_steps = i + 1;
		if (get_step(json_array_get(steps, i), &r->steps[i], e) < 0)
			return err_wrap(e, "step %zu", i + 1);
	}
	return 0;
}

static int get_report(const json_t *root, struct board_report *r, struct err *e)
{
	const json_t *version = json_object_get(root, "version");
	const json_t *board = json_object_get(root, "board");
	if (!json_is_integer(version))
		return err_set(e, ERR_IMAGE, "has no 'version', so it is no report of firstboot");
	if (json_integer_value(version) != VERSION)
		return err_set(e, ERR_IMAGE,
			       "has version %" JSON_INTEGER_FORMAT
			       ", this mkimage knows %d; use one "
			       "of the release that made the card",
			       json_integer_value(version), VERSION);
	if (GET_TEXTS(root, report_texts, r, e) < 0 || GET_TEXTS(board, board_texts, r, e) < 0)
		return -1;
	if (!r->result)
		return err_set(e, ERR_IMAGE, "has no 'result'");
	return get_steps(root, r, e);
}

int board_report_parse(const char *text, size_t len, const char *what, struct board_report *ret,
		       struct err *e)
{
	json_error_t why;
	auto_board_report r = {0};
	auto_json *root = len <= BOARD_REPORT_MAX
				  ? json_loadb(text, len, JSON_REJECT_DUPLICATES, &why)
				  : NULL;
	if (len > BOARD_REPORT_MAX)
		return err_set(e, ERR_IMAGE, "%s: has more than %u bytes", what, BOARD_REPORT_MAX);
	if (!root)
		return err_set(e, ERR_IMAGE, "%s:%d: is no JSON", what, why.line);
	if (get_report(root, &r, e) < 0)
		return err_wrap(e, "%s", what);
	*ret = r;
	r = (struct board_report){0};
	return 0;
}

static void done_texts(const struct text_member *m, size_t n, void *of)
{
	for (size_t i = 0; i < n; i++)
		free(*(char **)((char *)of + m[i].offset));
}
#define DONE_TEXTS(members, of) done_texts((members), sizeof(members) / sizeof(*(members)), (of))

void board_report_done(struct board_report *r)
{
	for (size_t i = 0; i < r->n_steps; i++)
		DONE_TEXTS(step_texts, &r->steps[i]);
	free(r->steps);
	free(r->where);
	DONE_TEXTS(report_texts, r);
	DONE_TEXTS(board_texts, r);
	*r = (struct board_report){0};
}
