/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include "mem.h"
#include "udisks.h"

/* https://storaged.org/doc/udisks2-api/latest/ */
#define SERVICE "org.freedesktop.UDisks2"
#define MANAGER "/org/freedesktop/UDisks2/Manager"
#define PATIENCE_US (10ull * 60 * 1000000) /* somebody has to find and type a password */

struct session {
	sd_bus *bus;
	char *object; /* of the device */
	const char *device;
};

static void session_done(struct session *s)
{
	sd_bus_flush_close_unref(s->bus);
	free(s->object);
}
#define auto_session __attribute__((cleanup(session_done))) struct session

static void message_done(sd_bus_message **m)
{
	sd_bus_message_unref(*m);
}
#define auto_message __attribute__((cleanup(message_done))) sd_bus_message

#define auto_bus_error __attribute__((cleanup(sd_bus_error_free))) sd_bus_error

static bool is_absent(const sd_bus_error *said)
{
	return sd_bus_error_has_name(said, SD_BUS_ERROR_SERVICE_UNKNOWN) ||
	       sd_bus_error_has_name(said, SD_BUS_ERROR_NAME_HAS_NO_OWNER);
}

static int refuse(const struct session *s, const char *doing, const sd_bus_error *said, int code,
		  struct err *e)
{
	const char *why = said->message ? said->message : strerror(-code);
	bool rights = said->name && strstr(said->name, ".NotAuthorized");
	return err_set(e, ERR_FAILED, "%s: UDisks2 does not %s it: %s%s", s->device, doing, why,
		       rights ? "; run the same command with sudo" : "");
}

static int begin_call(const struct session *s, const char *object, const char *interface,
		      const char *method, sd_bus_message **ret)
{
	int r = sd_bus_message_new_method_call(s->bus, ret, SERVICE, object, interface, method);
	return r < 0 ? r : sd_bus_message_set_allow_interactive_authorization(*ret, 1);
}

/* 1: *object is the one of the device; 0: UDisks2 does not run. */
static int find_object(struct session *s, struct err *e)
{
	auto_bus_error said = SD_BUS_ERROR_NULL;
	auto_message *call = NULL, *reply = NULL;
	const char *object;
	int r = begin_call(s, MANAGER, SERVICE ".Manager", "ResolveDevice", &call);
	if (r >= 0)
		r = sd_bus_message_append(call, "a{sv}a{sv}", 1, "path", "s", s->device, 0);
	if (r >= 0)
		r = sd_bus_call(s->bus, call, PATIENCE_US, &said, &reply);
	if (r < 0 && is_absent(&said))
		return 0;
	if (r >= 0)
		r = sd_bus_message_enter_container(reply, 'a', "o");
	if (r >= 0)
		r = sd_bus_message_read(reply, "o", &object);
	if (r <= 0)
		return refuse(s, "know", &said, r ? r : -ENODEV, e);
	s->object = xstrdup(object);
	return 1;
}

/* A bus or a service that is not there is no failure. */
static int session_open(struct session *s, const char *device, struct err *e)
{
	s->device = device;
	if (sd_bus_open_system(&s->bus) < 0)
		return 0;
	return find_object(s, e);
}

static int take_descriptor(sd_bus_message *reply, int *ret)
{
	int fd, r = sd_bus_message_read(reply, "h", &fd);
	if (r < 0)
		return r;
	/* The message closes its own. */
	*ret = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	return *ret < 0 ? -errno : 0;
}

int udisks_open(const char *device, int *ret_fd, struct err *e)
{
	auto_session s = {0};
	auto_bus_error said = SD_BUS_ERROR_NULL;
	auto_message *call = NULL, *reply = NULL;
	int r = session_open(&s, device, e);
	if (r <= 0)
		return r;
	r = begin_call(&s, s.object, SERVICE ".Block", "OpenDevice", &call);
	if (r >= 0)
		r = sd_bus_message_append(call, "sa{sv}", "rw", 1, "flags", "i",
					  O_EXCL | O_DIRECT | O_CLOEXEC);
	if (r >= 0)
		r = sd_bus_call(s.bus, call, PATIENCE_US, &said, &reply);
	if (r >= 0)
		r = take_descriptor(reply, ret_fd);
	return r < 0 ? refuse(&s, "open", &said, r, e) : 1;
}

/* A method that takes options and gives nothing. */
static int call_simple(const struct session *s, const char *object, const char *interface,
		       const char *method, const char *doing, struct err *e)
{
	auto_bus_error said = SD_BUS_ERROR_NULL;
	auto_message *call = NULL, *reply = NULL;
	int r = begin_call(s, object, interface, method, &call);
	if (r >= 0)
		r = sd_bus_message_append(call, "a{sv}", 0);
	if (r >= 0)
		r = sd_bus_call(s->bus, call, PATIENCE_US, &said, &reply);
	return r < 0 ? refuse(s, doing, &said, r, e) : 1;
}

int udisks_unmount(const char *device, struct err *e)
{
	auto_session s = {0};
	int r = session_open(&s, device, e);
	if (r <= 0)
		return r;
	return call_simple(&s, s.object, SERVICE ".Filesystem", "Unmount", "unmount", e);
}

int udisks_eject(const char *device, struct err *e)
{
	auto_session s = {0};
	auto_bus_error said = SD_BUS_ERROR_NULL;
	auto_message *reply = NULL;
	const char *drive;
	int r = session_open(&s, device, e);
	if (r <= 0)
		return r;
	r = sd_bus_get_property(s.bus, SERVICE, s.object, SERVICE ".Block", "Drive", &said, &reply,
				"o");
	if (r >= 0)
		r = sd_bus_message_read(reply, "o", &drive);
	if (r < 0)
		return refuse(&s, "tell the drive of", &said, r, e);
	return call_simple(&s, drive, SERVICE ".Drive", "Eject", "eject", e);
}
