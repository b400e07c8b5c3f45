/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "json.h"
#include "mem.h"
#include "progress.h"
#include "str.h"

#define DRAW_INTERVAL 0.1  /* seconds between two redraws of the bars */
#define JSON_INTERVAL 1.0  /* seconds between two JSON lines of one step */
#define SPEED_INTERVAL 1.0 /* seconds over which one sample of the speed is taken */

struct step {
	char *what;
	uint64_t total, done;
	bool active;
	double started, reported;
	/* Speed is smoothed over samples, so that a resumed download does not begin with a jump. */
	double sample_time, speed;
	uint64_t sample_done;
};

struct progress {
	enum progress_mode mode; /* PROGRESS_AUTO here means bars */
	struct step *steps;	 /* by id */
	size_t n, cap;
	size_t shown; /* lines of bars on the terminal, the cursor is below them */
	double drawn;
};

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* A whole redraw is one write, so that nothing is seen half drawn; a closed stderr is no error. */
static void emit(const struct str *s)
{
	const char *p = str_text(s);
	size_t left = s->len;
	while (left) {
		ssize_t n = write(STDERR_FILENO, p, left);
		if (n < 0 && errno != EINTR)
			return;
		p += n > 0 ? n : 0;
		left -= n > 0 ? (size_t)n : 0;
	}
}

static bool stderr_is_terminal(void)
{
	const char *term = getenv("TERM");
	return isatty(STDERR_FILENO) && term && *term && strcmp(term, "dumb") != 0;
}

struct progress *progress_new(enum progress_mode mode)
{
	struct progress *p = xcalloc(1, sizeof(*p));
	p->mode = mode == PROGRESS_AUTO && !stderr_is_terminal() ? PROGRESS_PLAIN : mode;
	return p;
}

static void terminal_size(size_t *columns, size_t *rows)
{
	struct winsize w;
	bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col && w.ws_row;
	*columns = known ? w.ws_col : 80;
	*rows = known ? w.ws_row : 24;
}

/*
 * Text from file names and servers: control characters (of C1 as well) could drive the terminal
 * and become '?'; at most max columns, one for each character of UTF-8.
 */
static void add_text(struct str *out, const char *text, size_t max)
{
	size_t columns = 0;
	for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
		bool continuation = (*c & 0xc0) == 0x80;
		if (!continuation && ++columns > max)
			return;
		bool control = *c < ' ' || *c == 0x7f ||
			       (*c == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0);
		str_add(out, control ? "?" : (const char *)c, 1);
		if (control && *c == 0xc2)
			c++;
	}
}

static size_t columns_of(const char *text)
{
	size_t columns = 0;
	for (; *text; text++)
		columns += (*text & 0xc0) != 0x80;
	return columns;
}

static void add_padded(struct str *out, const char *text, size_t width)
{
	size_t columns = columns_of(text);
	add_text(out, text, width);
	for (; columns < width; columns++)
		str_puts(out, " ");
}

static void add_duration(struct str *out, double seconds)
{
	unsigned long s = seconds < 3600000 ? (unsigned long)(seconds + 0.5) : 3600000;
	if (s >= 3600)
		str_printf(out, "%lu:%02lu:%02lu", s / 3600, s / 60 % 60, s % 60);
	else
		str_printf(out, "%lu:%02lu", s / 60, s % 60);
}

/* " 45 %  113 MiB/s  0:12 left", or " 713 MiB  113 MiB/s" when the total is not known. */
static char *numbers_of(const struct step *s)
{
	auto_str out = STR_INIT;
	if (s->total) {
		str_printf(&out, "%3u %%", (unsigned)((double)s->done * 100 / (double)s->total));
	} else {
		autofree char *size = format_size(s->done);
		str_puts(&out, size);
	}
	if (s->speed > 0) {
		autofree char *speed = format_size((unsigned long long)s->speed);
		str_printf(&out, "  %s/s", speed);
	}
	if (s->speed > 0 && s->total > s->done) {
		str_puts(&out, "  ");
		add_duration(&out, (double)(s->total - s->done) / s->speed);
		str_puts(&out, " left");
	}
	return str_steal(&out);
}

static void add_bar(struct str *out, const struct step *s, size_t width)
{
	size_t full = (size_t)((double)width * (double)s->done / (double)s->total);
	str_puts(out, "[");
	for (size_t i = 0; i < width; i++)
		str_puts(out, i < full ? "#" : "-");
	str_puts(out, "] ");
}

/* One line of at most columns - 1, so that no terminal wraps it. */
static void add_line(struct str *out, const struct step *s, size_t columns)
{
	autofree char *numbers = numbers_of(s);
	size_t room = columns > 1 ? columns - 1 : 1;
	size_t name = room / 3 > 12 ? room / 3 : 12;
	size_t want = name + 1 + 30;
	size_t bar = s->total && room > want + 12 ? room - want - 3 : 0;
	auto_str line = STR_INIT;
	add_padded(&line, s->what, name);
	str_puts(&line, " ");
	if (bar)
		add_bar(&line, s, bar);
	str_puts(&line, numbers);
	add_text(out, str_text(&line), room);
	str_puts(out, "\n");
}

static void sample_speed(struct step *s, double t)
{
	double elapsed = t - s->sample_time;
	if (elapsed < SPEED_INTERVAL || s->done < s->sample_done)
		return;
	double speed = (double)(s->done - s->sample_done) / elapsed;
	s->speed = s->speed > 0 ? 0.7 * s->speed + 0.3 * speed : speed;
	s->sample_time = t;
	s->sample_done = s->done;
}

/* Move the cursor to the first bar and clear everything from there. */
static void add_erase(struct progress *p, struct str *out)
{
	if (p->shown)
		str_printf(out, "\r\033[%zuA\033[J", p->shown);
	p->shown = 0;
}

static void add_bars(struct progress *p, struct str *out)
{
	size_t columns, rows;
	terminal_size(&columns, &rows);
	double t = now();
	for (size_t i = 0; i < p->n && p->shown + 1 < rows; i++) {
		if (!p->steps[i].active)
			continue;
		sample_speed(&p->steps[i], t);
		add_line(out, &p->steps[i], columns);
		p->shown++;
	}
	p->drawn = t;
}

/* Print text (may be NULL) as lines that stay, with the bars redrawn below. */
static void draw(struct progress *p, const char *text)
{
	auto_str out = STR_INIT;
	add_erase(p, &out);
	if (text) {
		add_text(&out, text, SIZE_MAX);
		str_puts(&out, "\n");
	}
	add_bars(p, &out);
	emit(&out);
}

static void print_plain(const char *text)
{
	auto_str out = STR_INIT;
	add_text(&out, text, SIZE_MAX);
	str_puts(&out, "\n");
	emit(&out);
}

static void add_json_number(struct str *out, const char *key, uint64_t value)
{
	str_printf(out, ",\"%s\":%llu", key, (unsigned long long)value);
}

static void json_step(struct progress *p, int id, const char *event, const char *note)
{
	struct step *s = &p->steps[id];
	auto_str out = STR_INIT;
	str_printf(&out, "{\"event\":\"%s\",\"id\":%d,\"step\":", event, id);
	json_add_string(&out, s->what, strlen(s->what));
	add_json_number(&out, "done", s->done);
	add_json_number(&out, "total", s->total);
	str_printf(&out, ",\"seconds\":%.3f", now() - s->started);
	if (note) {
		str_puts(&out, ",\"note\":");
		json_add_string(&out, note, strlen(note));
	}
	str_puts(&out, "}\n");
	emit(&out);
	s->reported = now();
}

static void json_say(const char *text)
{
	auto_str out = STR_INIT;
	str_puts(&out, "{\"event\":\"message\",\"text\":");
	json_add_string(&out, text, strlen(text));
	str_puts(&out, "}\n");
	emit(&out);
}

int progress_start(struct progress *p, const char *what, uint64_t total)
{
	if (!p)
		return -1;
	p->steps = array_reserve(p->steps, p->n, &p->cap, sizeof(*p->steps));
	double t = now();
	p->steps[p->n] = (struct step){.what = xstrdup(what),
				       .total = total,
				       .active = true,
				       .started = t,
				       .sample_time = t};
	int id = (int)p->n++;
	if (p->mode == PROGRESS_AUTO) {
		draw(p, NULL);
	} else if (p->mode == PROGRESS_JSON) {
		json_step(p, id, "start", NULL);
	} else if (p->mode == PROGRESS_PLAIN) {
		autofree char *line = xasprintf("%s ...", what);
		print_plain(line);
	}
	return id;
}

static struct step *active_step(struct progress *p, int id)
{
	if (!p || id < 0 || (size_t)id >= p->n || !p->steps[id].active)
		return NULL;
	return &p->steps[id];
}

void progress_update(struct progress *p, int id, uint64_t done)
{
	struct step *s = active_step(p, id);
	if (!s)
		return;
	s->done = s->total && done > s->total ? s->total : done;
	if (p->mode == PROGRESS_AUTO && now() - p->drawn >= DRAW_INTERVAL)
		draw(p, NULL);
	else if (p->mode == PROGRESS_JSON && now() - s->reported >= JSON_INTERVAL)
		json_step(p, id, "progress", NULL);
}

void progress_end(struct progress *p, int id, const char *note)
{
	struct step *s = active_step(p, id);
	if (!s)
		return;
	s->active = false;
	autofree char *took = xasprintf("done, %.1f s", now() - s->started);
	autofree char *line = xasprintf("%s: %s", s->what, note ? note : took);
	if (p->mode == PROGRESS_AUTO)
		draw(p, line);
	else if (p->mode == PROGRESS_JSON)
		json_step(p, id, "end", note);
	else if (p->mode == PROGRESS_PLAIN)
		print_plain(line);
}

void progress_say(struct progress *p, const char *fmt, ...)
{
	if (!p || p->mode == PROGRESS_QUIET)
		return;
	va_list ap;
	va_start(ap, fmt);
	autofree char *text = xvasprintf(fmt, ap);
	va_end(ap);
	if (p->mode == PROGRESS_AUTO)
		draw(p, text);
	else if (p->mode == PROGRESS_JSON)
		json_say(text);
	else
		print_plain(text);
}

bool progress_shows_text(const struct progress *p)
{
	return p && (p->mode == PROGRESS_AUTO || p->mode == PROGRESS_PLAIN);
}

/* Steps that never ended (an error came) take their bars with them. */
void progress_free(struct progress *p)
{
	if (!p)
		return;
	auto_str out = STR_INIT;
	if (p->mode == PROGRESS_AUTO)
		add_erase(p, &out);
	emit(&out);
	for (size_t i = 0; i < p->n; i++)
		free(p->steps[i].what);
	free(p->steps);
	free(p);
}
