/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "board.h"
#include "cli.h"
#include "json.h"
#include "mem.h"
#include "report.h"
#include "rootfs.h"
#include "settings.h"
#include "utf8.h"

/* A line of the report: a step, or what is wrong beside the steps. */
struct row {
	const char *name, *phase, *result, *message;
	long ms;
};

typedef void row_fn(struct str *out, const struct row *row);

enum state_summary report_summary(const struct report *r)
{
	if (r->settings_error->msg || r->state_error->msg)
		return STATE_FAILED;
	return state_summary(r->state);
}

static void add_problem(const struct report *r, const char *name, const struct err *problem,
			struct str *out, row_fn *add)
{
	if (problem->msg)
		add(out, &(struct row){name, phase_name(r->state->phase),
				       result_name(RESULT_FAILED), problem->msg, 0});
}

static void add_rows(const struct report *r, struct str *out, row_fn *add)
{
	add_problem(r, "settings", r->settings_error, out, add);
	add_problem(r, "state", r->state_error, out, add);
	for (size_t i = 0; steps[i]; i++) {
		const struct record *done = &r->state->records[i];
		if (done->result)
			add(out, &(struct row){steps[i]->name, phase_name(steps[i]->phase),
					       result_name(done->result), done->message, done->ms});
	}
}

static void add_seconds(struct str *out, long ms)
{
	str_printf(out, "%ld.%03ld", ms / 1000, ms % 1000);
}

static void add_json_row(struct str *out, const struct row *row)
{
	str_puts(out, str_ends(str_text(out), "[") ? "\n{" : ",\n{");
	json_field(out, "name", row->name);
	json_field(out, "phase", row->phase);
	json_field(out, "result", row->result);
	str_puts(out, ",\"seconds\":");
	add_seconds(out, row->ms);
	json_field(out, "message", row->message);
	str_puts(out, "}");
}

void report_json(const struct report *r, struct str *out)
{
	const struct settings *s = r->ctx->settings;
	str_printf(out, "{\"version\":%d", REPORT_VERSION);
	json_field(out, "hostname", s->hostname);
	json_field(out, "cluster", s->cluster);
	json_field(out, "role", s->role);
	str_puts(out, ",\"board\":{");
	json_field(out, "model", r->ctx->board->model);
	json_field(out, "serial", r->ctx->board->serial);
	str_puts(out, "}");
	json_field(out, "build", s->build);
	json_field(out, "firstboot", CARDSTOCK_VERSION);
	json_field(out, "phase", phase_name(r->state->phase));
	json_field(out, "result", state_summary_name(report_summary(r)));
	str_puts(out, ",\"steps\":[");
	add_rows(r, out, add_json_row);
	str_puts(out, "\n]}\n");
}

static void add_text_row(struct str *out, const struct row *row)
{
	str_printf(out, "%-12s %-8s %-10s ", row->name, row->phase, row->result);
	auto_str seconds = STR_INIT;
	add_seconds(&seconds, row->ms);
	str_printf(out, "%8s  ", str_text(&seconds));
	utf8_visible(out, row->message, strlen(row->message), false);
	str_puts(out, "\n");
}

static const char *or_unknown(const char *text)
{
	return text ? text : "not known";
}

void report_text(const struct report *r, struct str *out)
{
	const struct settings *s = r->ctx->settings;
	str_printf(out, "hostname: %s\nrole:     %s of cluster %s\n", or_unknown(s->hostname),
		   or_unknown(s->role), or_unknown(s->cluster));
	str_printf(out, "board:    %s, serial %s\n", or_unknown(r->ctx->board->model),
		   or_unknown(r->ctx->board->serial));
	str_printf(out, "result:   %s, phase %s\n\n", state_summary_name(report_summary(r)),
		   phase_name(r->state->phase));
	str_printf(out, "%-12s %-8s %-10s %8s  %s\n", "STEP", "PHASE", "RESULT", "SECONDS",
		   "MESSAGE");
	add_rows(r, out, add_text_row);
}

/* Where the FAT partition is by what is on it, for settings that cannot be read; NULL: nowhere. */
static const char *find_boot(const struct ctx *ctx)
{
	static const char *const places[][2] = {{"/boot/firmware", "/boot/firmware/config.txt"},
						{"/boot", "/boot/config.txt"},
						{"/boot/efi", "/boot/efi/EFI"}};
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		auto_err ignored = ERR_INIT;
		if (root_exists(ctx, places[i][1], &ignored) > 0)
			return places[i][0];
	}
	return NULL;
}

/*
 * Is it mounted?  Else its directory is empty or not there: it is the root file system's, and may
 * have our report of a time when nobody looked.
 */
static int has_files(const struct report *r, const char *boot, struct err *e)
{
	auto_strv names = {0};
	int there = root_list(r->ctx, boot, &names, e);
	return there < 0 ? -1 : names.n > (strv_has(&names, REPORT_COPY) ? 1 : 0);
}

/* 0 as well when the card has no FAT partition, or it is not mounted where the settings say. */
static int save_copy(const struct report *r, const struct str *text, struct err *e)
{
	const char *boot = r->settings_error->msg ? find_boot(r->ctx) : r->ctx->settings->boot;
	int there = boot ? has_files(r, boot, e) : 0;
	if (there <= 0)
		return there;
	autofree char *path = path_join(boot, REPORT_COPY);
	return root_replace(r->ctx, path, text->data, text->len, ROOT_MODE_KEEP, e);
}

int report_save(const struct report *r, struct err *e)
{
	auto_str text = STR_INIT;
	auto_err second = ERR_INIT;
	report_json(r, &text);
	int saved = root_replace(r->ctx, REPORT_PATH, text.data, text.len, 0644, e);
	int copied = save_copy(r, &text, saved < 0 ? &second : e);
	return saved < 0 || copied < 0 ? -1 : 0;
}
