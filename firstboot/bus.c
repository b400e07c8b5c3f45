/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The only file that knows sd-bus; nothing in it is newer than libsystemd 249. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <systemd/sd-bus.h>

#include "bus.h"
#include "interrupt.h"
#include "io.h"
#include "mem.h"
#include "pace.h"

#define ADDRESS "unix:path=/run/dbus/system_bus_socket"
/* Nothing waits for us, and while a slow board boots, PID 1 was seen not to answer for 30 s. */
#define TIMEOUT_MS 180000
#define ADVICE "; look at what it does with 'systemctl status' and 'journalctl -b'"
#define LOOK_MS 100 /* how often is looked whether a unit is done */
#define OUTPUT_MAX (1u << 20)

struct bus {
	sd_bus *sd;
	unsigned timeout_ms;
};

/* Whom a call is for. */
struct peer {
	const char *name, *path, *interface;
};

static const struct peer hostname1 = {"org.freedesktop.hostname1", "/org/freedesktop/hostname1",
				      "org.freedesktop.hostname1"};
static const struct peer timedate1 = {"org.freedesktop.timedate1", "/org/freedesktop/timedate1",
				      "org.freedesktop.timedate1"};
static const struct peer systemd1 = {"org.freedesktop.systemd1", "/org/freedesktop/systemd1",
				     "org.freedesktop.systemd1.Manager"};

#define auto_message __attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message
#define auto_error __attribute__((cleanup(sd_bus_error_free))) sd_bus_error

/* ---- the connection ---- */

/* sd_bus_start only begins: authentication and the bus's greeting have to come as well. */
static int wait_ready(const struct bus *b)
{
	uint64_t end = pace_now_ms() + b->timeout_ms;
	int r;
	while ((r = sd_bus_is_ready(b->sd)) == 0) {
		uint64_t now = pace_now_ms();
		if (now >= end)
			return -ETIMEDOUT;
		r = sd_bus_process(b->sd, NULL);
		if (r == 0)
			r = sd_bus_wait(b->sd, (end - now) * 1000);
		if (r < 0)
			return r;
	}
	return r < 0 ? r : 0;
}

static int connect_to(struct bus *b, const char *address)
{
	int r = sd_bus_new(&b->sd);
	if (r >= 0)
		r = sd_bus_set_address(b->sd, address);
	if (r >= 0)
		r = sd_bus_set_bus_client(b->sd, 1);
	if (r >= 0)
		r = sd_bus_set_method_call_timeout(b->sd, (uint64_t)b->timeout_ms * 1000);
	if (r >= 0)
		r = sd_bus_start(b->sd);
	return r < 0 ? r : wait_ready(b);
}

int bus_open_at(const char *address, unsigned timeout_ms, struct bus **ret, struct err *e)
{
	auto_bus *b = xcalloc(1, sizeof(*b));
	b->timeout_ms = timeout_ms;
	int r = connect_to(b, address);
	if (r == -ENOENT || r == -ECONNREFUSED) {
		*ret = NULL;
		return 0;
	}
	errno = -r;
	if (r < 0)
		return err_errno(e, ERR_FAILED, "system bus '%s': cannot connect", address);
	*ret = steal(&b);
	return 0;
}

int bus_open(struct bus **ret, struct err *e)
{
	return bus_open_at(ADDRESS, TIMEOUT_MS, ret, e);
}

void bus_close(struct bus *b)
{
	if (!b)
		return;
	sd_bus_close_unref(b->sd);
	free(b);
}

int bus_settle(struct bus *b, struct err *e)
{
	(void)b;
	autoclose int fd = open("/etc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || syncfs(fd) < 0)
		return err_errno(e, ERR_FAILED, "/etc: cannot flush its file system");
	return 0;
}

/* ---- calls ---- */

/* What the bus says when nobody has a name and nobody can be started for it. */
static bool means_absent(const struct peer *p, const sd_bus_error *error)
{
	bool activated = strcmp(p->name, systemd1.name) != 0; /* PID 1 starts the others */
	static const char *const names[] = {
		SD_BUS_ERROR_SERVICE_UNKNOWN,
		SD_BUS_ERROR_NAME_HAS_NO_OWNER,
		"org.freedesktop.DBus.Error.Spawn.ServiceNotFound",
		"org.freedesktop.systemd1.NoSuchUnit", /* PID 1 was to start its unit */
		"org.freedesktop.systemd1.UnitMasked",
	};
	for (size_t i = 0; activated && i < sizeof(names) / sizeof(*names); i++) {
		if (sd_bus_error_has_name(error, names[i]))
			return true;
	}
	return false;
}

/* The error of a call: 0 when it was for somebody who is not on this system. */
static int refuse(const struct bus *b, const struct peer *p, const char *member, int r,
		  const sd_bus_error *error, struct err *e)
{
	if (means_absent(p, error))
		return 0;
	if (r == -EINTR && interrupt_check(e) < 0)
		return -1;
	/* The bus may give up earlier than we do. */
	if (sd_bus_error_has_name(error, SD_BUS_ERROR_NO_REPLY))
		return err_set(e, ERR_FAILED, "%s: %s: no answer: %s" ADVICE, p->name, member,
			       error->message ? error->message : error->name);
	if (r == -ETIMEDOUT)
		return err_set(e, ERR_FAILED, "%s: %s: no answer within %u.%u s" ADVICE, p->name,
			       member, b->timeout_ms / 1000, b->timeout_ms % 1000 / 100);
	if (sd_bus_error_is_set(error))
		return err_set(e, ERR_FAILED, "%s: %s: %s: %s", p->name, member, error->name,
			       error->message);
	errno = -r;
	return err_errno(e, ERR_FAILED, "%s: %s", p->name, member);
}

static int send_message(struct bus *b, const struct peer *p, sd_bus_message *m,
			sd_bus_message **reply, struct err *e)
{
	auto_error error = SD_BUS_ERROR_NULL;
	int r = sd_bus_call(b->sd, m, (uint64_t)b->timeout_ms * 1000, &error, reply);
	return r < 0 ? refuse(b, p, sd_bus_message_get_member(m), r, &error, e) : 1;
}

/* 1; 0: see refuse.  reply may be NULL. */
static int call(struct bus *b, const struct peer *p, const char *member, sd_bus_message **reply,
		struct err *e, const char *types, ...)
{
	auto_message *m = NULL;
	va_list ap;
	int r = sd_bus_message_new_method_call(b->sd, &m, p->name, p->path, p->interface, member);
	va_start(ap, types);
	if (r >= 0 && *types)
		r = sd_bus_message_appendv(m, types, ap);
	va_end(ap);
	if (r >= 0)
		return send_message(b, p, m, reply, e);
	errno = -r;
	return err_errno(e, ERR_FAILED, "%s: %s", p->name, member);
}

/* An answer that is not what was asked for. */
static int misread(const struct peer *p, const char *member, int r, struct err *e)
{
	errno = -r;
	return err_errno(e, ERR_FAILED, "%s: %s: cannot read the answer", p->name, member);
}

static int get_text(struct bus *b, const struct peer *p, const char *property, char **ret,
		    struct err *e)
{
	auto_error error = SD_BUS_ERROR_NULL;
	int r = sd_bus_get_property_string(b->sd, p->name, p->path, p->interface, property, &error,
					   ret);
	return r < 0 ? refuse(b, p, property, r, &error, e) : 1;
}

/* ---- hostnamed, timedated ---- */

int bus_get_hostname(struct bus *b, char **ret, struct err *e)
{
	return get_text(b, &hostname1, "StaticHostname", ret, e);
}

int bus_set_hostname(struct bus *b, const char *name, struct err *e)
{
	return call(b, &hostname1, "SetStaticHostname", NULL, e, "sb", name, 0);
}

int bus_time_synchronized(struct bus *b, bool *ret, struct err *e)
{
	auto_error error = SD_BUS_ERROR_NULL;
	int value = 0;
	int r = sd_bus_get_property_trivial(b->sd, timedate1.name, timedate1.path,
					    timedate1.interface, "NTPSynchronized", &error, 'b',
					    &value);
	if (r < 0)
		return refuse(b, &timedate1, "NTPSynchronized", r, &error, e);
	*ret = value;
	return 1;
}

int bus_set_time(struct bus *b, int64_t seconds, struct err *e)
{
	return call(b, &timedate1, "SetTime", NULL, e, "xbb", seconds * 1000000, 0, 0);
}

/* ---- PID 1: unit files ---- */

/* Does the answer, which ends in a(sss), name a change? */
static int has_changes(sd_bus_message *reply, const char *member, struct err *e)
{
	const char *kind, *path, *source;
	int r = sd_bus_message_enter_container(reply, 'a', "(sss)");
	if (r >= 0)
		r = sd_bus_message_read(reply, "(sss)", &kind, &path, &source);
	return r < 0 ? misread(&systemd1, member, r, e) : r > 0;
}

/* systemctl would print a note: a unit without [Install] cannot be enabled. */
static int can_be_enabled(sd_bus_message *reply, const char *unit, struct err *e)
{
	int installable = 0, r = sd_bus_message_read(reply, "b", &installable);
	if (r < 0)
		return misread(&systemd1, "EnableUnitFiles", r, e);
	if (!installable)
		return err_set(e, ERR_FAILED,
			       "unit '%s' cannot be enabled: its file has no [Install] section, so "
			       "other units start it; take it out of the settings",
			       unit);
	return 0;
}

int bus_enable_unit(struct bus *b, const char *unit, struct err *e)
{
	auto_message *reply = NULL;
	if (call(b, &systemd1, "EnableUnitFiles", &reply, e, "asbb", 1, unit, 0, 1) < 0 ||
	    can_be_enabled(reply, unit, e) < 0)
		return -1;
	return has_changes(reply, "EnableUnitFiles", e);
}

/* A method that changes unit files and answers with the changes. */
#define CHANGE(b, member, e, ...)                                                        \
	({                                                                               \
		auto_message *reply_ = NULL;                                             \
		int called_ = call((b), &systemd1, (member), &reply_, (e), __VA_ARGS__); \
		called_ < 0 ? -1 : has_changes(reply_, (member), (e));                   \
	})

int bus_disable_unit(struct bus *b, const char *unit, struct err *e)
{
	return CHANGE(b, "DisableUnitFiles", e, "asb", 1, unit, 0);
}

int bus_mask_unit(struct bus *b, const char *unit, struct err *e)
{
	return CHANGE(b, "MaskUnitFiles", e, "asbb", 1, unit, 0, 1);
}

int bus_unmask_unit(struct bus *b, const char *unit, struct err *e)
{
	return CHANGE(b, "UnmaskUnitFiles", e, "asb", 1, unit, 0);
}

int bus_set_default_target(struct bus *b, const char *target, struct err *e)
{
	return CHANGE(b, "SetDefaultTarget", e, "sb", target, 1);
}

/* A method whose answer is one text. */
static int ask(struct bus *b, const char *member, char **ret, struct err *e, const char *types,
	       const char *argument)
{
	auto_message *reply = NULL;
	const char *text;
	if (call(b, &systemd1, member, &reply, e, types, argument) < 0)
		return -1;
	int r = sd_bus_message_read(reply, "s", &text);
	if (r < 0)
		return misread(&systemd1, member, r, e);
	*ret = xstrdup(text);
	return 0;
}

int bus_get_default_target(struct bus *b, char **ret, struct err *e)
{
	return ask(b, "GetDefaultTarget", ret, e, "", NULL);
}

int bus_unit_file_state(struct bus *b, const char *unit, char **ret, struct err *e)
{
	auto_error error = SD_BUS_ERROR_NULL;
	auto_message *reply = NULL;
	const char *text = "";
	int r = sd_bus_call_method(b->sd, systemd1.name, systemd1.path, systemd1.interface,
				   "GetUnitFileState", &error, &reply, "s", unit);
	if (r >= 0)
		r = sd_bus_message_read(reply, "s", &text);
	/* PID 1 has no name of its own for it. */
	if (r < 0 && !sd_bus_error_has_name(&error, SD_BUS_ERROR_FILE_NOT_FOUND))
		return refuse(b, &systemd1, "GetUnitFileState", r, &error, e);
	*ret = xstrdup(text);
	return 0;
}

int bus_reload(struct bus *b, struct err *e)
{
	return call(b, &systemd1, "Reload", NULL, e, "") < 0 ? -1 : 0;
}

/* ---- PID 1: units ---- */

static int do_unit(struct bus *b, const char *member, const char *unit, struct err *e)
{
	return call(b, &systemd1, member, NULL, e, "ss", unit, "replace") < 0 ? -1 : 0;
}

int bus_start_unit(struct bus *b, const char *unit, struct err *e)
{
	return do_unit(b, "StartUnit", unit, e);
}

int bus_restart_unit(struct bus *b, const char *unit, struct err *e)
{
	return do_unit(b, "RestartUnit", unit, e);
}

int bus_reset_failed_unit(struct bus *b, const char *unit, struct err *e)
{
	return call(b, &systemd1, "ResetFailedUnit", NULL, e, "s", unit) < 0 ? -1 : 0;
}

/* The unit's own object; its path is for the caller to free. */
static int unit_peer(const char *unit, const char *interface, struct peer *ret, char **path,
		     struct err *e)
{
	int r = sd_bus_path_encode("/org/freedesktop/systemd1/unit", unit, path);
	errno = -r;
	if (r < 0)
		return err_errno(e, ERR_FAILED, "unit '%s': cannot ask for it", unit);
	*ret = (struct peer){systemd1.name, *path, interface};
	return 0;
}

static int unit_text(struct bus *b, const char *unit, const char *interface, const char *property,
		     char **ret, struct err *e)
{
	autofree char *path = NULL;
	struct peer p;
	if (unit_peer(unit, interface, &p, &path, e) < 0)
		return -1;
	if (get_text(b, &p, property, ret, e) < 0)
		return err_wrap(e, "unit '%s'", unit);
	return 0;
}

#define UNIT_INTERFACE "org.freedesktop.systemd1.Unit"

/* 1 when a job of it waits or runs. */
static int has_job(struct bus *b, const char *unit, struct err *e)
{
	auto_error error = SD_BUS_ERROR_NULL;
	auto_message *reply = NULL;
	autofree char *path = NULL;
	struct peer p;
	uint32_t id = 0;
	if (unit_peer(unit, UNIT_INTERFACE, &p, &path, e) < 0)
		return -1;
	int r = sd_bus_get_property(b->sd, p.name, p.path, p.interface, "Job", &error, &reply,
				    "(uo)");
	if (r >= 0)
		r = sd_bus_message_read(reply, "(uo)", &id, NULL);
	if (r < 0)
		return refuse(b, &systemd1, "Job", r, &error, e) < 0
			       ? err_wrap(e, "unit '%s'", unit)
			       : 0;
	return id != 0;
}

/* ActiveState of systemd's D-Bus interface; what is not here is on its way. */
static enum unit_state state_of(const char *active)
{
	static const struct {
		const char *name;
		enum unit_state state;
	} states[] = {
		{"active", UNIT_ACTIVE}, {"inactive", UNIT_INACTIVE}, {"failed", UNIT_FAILED}};
	for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++) {
		if (strcmp(states[i].name, active) == 0)
			return states[i].state;
	}
	return UNIT_BUSY;
}

int bus_unit_state(struct bus *b, const char *unit, enum unit_state *ret, struct err *e)
{
	autofree char *load = NULL, *active = NULL;
	if (unit_text(b, unit, UNIT_INTERFACE, "LoadState", &load, e) < 0 ||
	    unit_text(b, unit, UNIT_INTERFACE, "ActiveState", &active, e) < 0)
		return -1;
	enum unit_state state = state_of(active);
	int job = has_job(b, unit, e);
	if (job < 0)
		return -1;
	*ret = job							  ? UNIT_BUSY
	       : state == UNIT_INACTIVE && strcmp(load, "not-found") == 0 ? UNIT_ABSENT
									  : state;
	return 0;
}

int bus_wait_unit(struct bus *b, const char *unit, unsigned timeout_ms, enum unit_state *ret,
		  struct err *e)
{
	uint64_t end = pace_now_ms() + timeout_ms;
	while (bus_unit_state(b, unit, ret, e) == 0) {
		if (*ret != UNIT_BUSY || pace_now_ms() >= end)
			return 0;
		if (pace_wait_ms(LOOK_MS, e) < 0)
			return -1;
	}
	return -1;
}

int bus_unit_result(struct bus *b, const char *unit, char **ret, struct err *e)
{
	bool mount = str_ends(unit, ".mount");
	return unit_text(b, unit,
			 mount ? "org.freedesktop.systemd1.Mount"
			       : "org.freedesktop.systemd1.Service",
			 "Result", ret, e);
}

/* ---- programs ---- */

/* ExecStart=, as a(sasb): program, arguments, whether its failure is to be ignored. */
static int append_program(sd_bus_message *m, const char *const *argv)
{
	int r = sd_bus_message_open_container(m, 'r', "sv");
	if (r >= 0)
		r = sd_bus_message_append(m, "s", "ExecStart");
	if (r >= 0)
		r = sd_bus_message_open_container(m, 'v', "a(sasb)");
	if (r >= 0)
		r = sd_bus_message_open_container(m, 'a', "(sasb)");
	if (r >= 0)
		r = sd_bus_message_open_container(m, 'r', "sasb");
	if (r >= 0)
		r = sd_bus_message_append(m, "s", argv[0]);
	if (r >= 0)
		r = sd_bus_message_append_strv(m, (char **)argv);
	if (r >= 0)
		r = sd_bus_message_append(m, "b", 0);
	for (int i = 0; r >= 0 && i < 4; i++)
		r = sd_bus_message_close_container(m);
	return r;
}

static int append_environment(sd_bus_message *m, const char *const *env)
{
	int r = sd_bus_message_open_container(m, 'r', "sv");
	if (r >= 0)
		r = sd_bus_message_append(m, "s", "Environment");
	if (r >= 0)
		r = sd_bus_message_open_container(m, 'v', "as");
	if (r >= 0)
		r = sd_bus_message_append_strv(m, (char **)env);
	for (int i = 0; r >= 0 && i < 2; i++)
		r = sd_bus_message_close_container(m);
	return r;
}

/* RemainAfterExit: it can be seen how it ended. */
static int append_job(sd_bus_message *m, const struct bus_job *j, int output)
{
	int r = sd_bus_message_append(m, "ss", j->unit, "fail");
	if (r >= 0)
		r = sd_bus_message_open_container(m, 'a', "(sv)");
	if (r >= 0)
		r = sd_bus_message_append(
			m, "(sv)(sv)(sv)(sv)(sv)(sv)", "Description", "s", j->description, "Type",
			"s", "oneshot", "RemainAfterExit", "b", 1, "TimeoutStartUSec", "t",
			(uint64_t)j->timeout_s * 1000000, "StandardOutputFileDescriptor", "h",
			output, "StandardErrorFileDescriptor", "h", output);
	if (r >= 0)
		r = append_program(m, j->argv);
	if (r >= 0)
		r = append_environment(m, j->env);
	if (r >= 0)
		r = sd_bus_message_close_container(m);
	return r < 0 ? r : sd_bus_message_append(m, "a(sa(sv))", 0);
}

static int start_job(struct bus *b, const struct bus_job *j, int output, struct err *e)
{
	auto_message *m = NULL;
	const char *member = "StartTransientUnit";
	int r = sd_bus_message_new_method_call(b->sd, &m, systemd1.name, systemd1.path,
					       systemd1.interface, member);
	if (r >= 0)
		r = append_job(m, j, output);
	errno = -r;
	if (r < 0)
		return err_errno(e, ERR_FAILED, "%s: %s", systemd1.name, member);
	return send_message(b, &systemd1, m, NULL, e) < 0 ? -1 : 0;
}

/* PID 1 forgets the unit, so that the next of that name can be. */
static int forget_unit(struct bus *b, const char *unit, enum unit_state state, struct err *e)
{
	if (state == UNIT_FAILED && bus_reset_failed_unit(b, unit, e) < 0)
		return -1;
	if (state == UNIT_ACTIVE && do_unit(b, "StopUnit", unit, e) < 0)
		return -1;
	return bus_wait_unit(b, unit, b->timeout_ms, &state, e);
}

/* What runs is not ended: dpkg would leave half a package behind. */
static int wait_job(struct bus *b, const struct bus_job *j, enum unit_state *ret, struct err *e)
{
	unsigned patience = j->timeout_s * 1000 + b->timeout_ms;
	if (bus_wait_unit(b, j->unit, patience, ret, e) < 0)
		return -1;
	if (*ret == UNIT_BUSY)
		return err_set(e, ERR_FAILED,
			       "unit '%s': not done after %u s; see 'systemctl status %s'", j->unit,
			       patience / 1000, j->unit);
	return 0;
}

static int judge_job(struct bus *b, const struct bus_job *j, enum unit_state state, struct err *e)
{
	autofree char *result = NULL;
	if (state == UNIT_FAILED && bus_unit_result(b, j->unit, &result, e) < 0)
		return -1;
	auto_err ignored = ERR_INIT;
	(void)!forget_unit(b, j->unit, state, &ignored);
	if (state == UNIT_ACTIVE)
		return 0;
	return err_set(e, ERR_FAILED, "%s: %s", path_base(j->argv[0]),
		       result ? result : "ended by somebody else");
}

static int read_output(int output, const struct bus_job *j, struct err *e)
{
	if (lseek(output, 0, SEEK_SET) < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot read what it printed", j->unit);
	return io_read_fd(output, j->unit, OUTPUT_MAX, j->output, e);
}

int bus_run(struct bus *b, const struct bus_job *j, struct err *e)
{
	enum unit_state state;
	autoclose int output = io_memfd(j->unit, "", 0, e);
	if (output < 0 || wait_job(b, j, &state, e) < 0 ||
	    (state != UNIT_ABSENT && forget_unit(b, j->unit, state, e) < 0) ||
	    start_job(b, j, output, e) < 0 || wait_job(b, j, &state, e) < 0 ||
	    read_output(output, j, e) < 0)
		return -1;
	return judge_job(b, j, state, e);
}
