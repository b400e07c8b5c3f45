/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TESTS_UNIT_FB_BUS_H
#define TESTS_UNIT_FB_BUS_H

/*
 * A bus of the test's own: a dbus-daemon in the test's working directory, and a process on it that
 * stands for hostnamed, timedated and PID 1.  What they are to say and what they were asked is in
 * memory that the test shares with them.
 */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <systemd/sd-bus.h>

#include "bus.h"
#include "mem.h"
#include "workdir.h"

#define UNITS "/org/freedesktop/systemd1/unit"

/* Which names the process takes. */
enum { HOSTNAMED = 1, TIMEDATED = 2, MANAGER = 4, EVERYBODY = 7 };

struct standin_unit {
	char name[64];
	char load[16], active[16], result[16],
		file[16]; /* "": not-found, inactive, success, disabled */
	char started[16]; /* what StartUnit makes of active; "": "active" */
};

/* Give one of the fields of a stand-in this text. */
#define SAY(field, text) snprintf((field), sizeof(field), "%s", (text))

struct standin {
	char hostname[65], target[65], running[65];
	int synchronized, in_step_after; /* NTPSynchronized from that question on */
	int64_t time;
	char refused[32]; /* this method is denied */
	int gave_up;	  /* instead: the bus says that nobody answers it */
	int is_silent;	  /* nothing is answered */
	struct standin_unit units[8];
	char calls[4096]; /* "StartUnit ssh.service\n" for each */
};

struct private_bus {
	pid_t daemon, service;
	char *address;
	struct standin *said;
	struct bus *bus; /* the test's own connection */
};

static inline struct standin_unit *standin_unit(struct standin *s, const char *name)
{
	for (size_t i = 0; i < 8; i++) {
		if (strcmp(s->units[i].name, name) == 0)
			return &s->units[i];
	}
	return NULL;
}

/* A unit with a file of this state. */
static inline struct standin_unit *standin_add(struct standin *s, const char *name,
					       const char *file)
{
	struct standin_unit *u = standin_unit(s, "");
	snprintf(u->name, sizeof(u->name), "%s", name);
	snprintf(u->file, sizeof(u->file), "%s", file);
	snprintf(u->load, sizeof(u->load), "loaded");
	return u;
}

/* Notes the call; 1 when it is to be refused. */
static inline int standin_called(struct standin *s, sd_bus_message *m, const char *what,
				 sd_bus_error *error)
{
	const char *member = sd_bus_message_get_member(m);
	size_t used = strlen(s->calls);
	snprintf(s->calls + used, sizeof(s->calls) - used, "%s%s%s\n", member, *what ? " " : "",
		 what);
	if (strcmp(s->refused, member) != 0)
		return 0;
	if (s->gave_up)
		sd_bus_error_set_const(error, SD_BUS_ERROR_NO_REPLY, "the bus gave up");
	else
		sd_bus_error_set_const(error, SD_BUS_ERROR_ACCESS_DENIED, "the test says no");
	return 1;
}

#define METHOD(name) static inline int name(sd_bus_message *m, void *data, sd_bus_error *error)

METHOD(set_static_hostname)
{
	struct standin *s = data;
	const char *name;
	int interactive;
	if (sd_bus_message_read(m, "sb", &name, &interactive) < 0 ||
	    standin_called(s, m, name, error))
		return -EACCES;
	snprintf(s->hostname, sizeof(s->hostname), "%s", name);
	return sd_bus_reply_method_return(m, "");
}

METHOD(set_time)
{
	struct standin *s = data;
	int64_t time;
	int relative, interactive;
	if (sd_bus_message_read(m, "xbb", &time, &relative, &interactive) < 0 ||
	    standin_called(s, m, "", error))
		return -EACCES;
	s->time = time / 1000000;
	return sd_bus_reply_method_return(m, "");
}

/* One list of units, then flags; the answer names a change unless the file was so before. */
static inline int change_file(struct standin *s, sd_bus_message *m, const char *state,
			      sd_bus_error *error)
{
	const char *name;
	bool enable = strcmp(state, "enabled") == 0;
	if (sd_bus_message_enter_container(m, 'a', "s") < 0 ||
	    sd_bus_message_read(m, "s", &name) < 0 || standin_called(s, m, name, error))
		return -EACCES;
	struct standin_unit *u = standin_unit(s, name);
	if (!u && enable)
		return sd_bus_error_setf(error, "org.freedesktop.systemd1.NoSuchUnit",
					 "Unit file %s does not exist.", name);
	bool is_static = u && strcmp(u->file, "static") == 0;
	int changed = u && !is_static && strcmp(u->file, state) != 0;
	if (changed)
		snprintf(u->file, sizeof(u->file), "%s", state);
	if (enable)
		return changed ? sd_bus_reply_method_return(m, "ba(sss)", 1, 1, "symlink", "/x",
							    "/y")
			       : sd_bus_reply_method_return(m, "ba(sss)", !is_static, 0);
	return changed ? sd_bus_reply_method_return(m, "a(sss)", 1, "symlink", "/x", "/y")
		       : sd_bus_reply_method_return(m, "a(sss)", 0);
}

METHOD(enable_unit_files)
{
	return change_file(data, m, "enabled", error);
}

METHOD(disable_unit_files)
{
	return change_file(data, m, "disabled", error);
}

METHOD(mask_unit_files)
{
	return change_file(data, m, "masked", error);
}

METHOD(unmask_unit_files)
{
	return change_file(data, m, "disabled", error);
}

METHOD(get_unit_file_state)
{
	struct standin *s = data;
	const char *name;
	if (sd_bus_message_read(m, "s", &name) < 0)
		return -EINVAL;
	struct standin_unit *u = standin_unit(s, name);
	if (!u)
		return sd_bus_error_set_const(error, SD_BUS_ERROR_FILE_NOT_FOUND,
					      "No such file or directory");
	return sd_bus_reply_method_return(m, "s", u->file);
}

METHOD(set_default_target)
{
	struct standin *s = data;
	const char *name;
	int force;
	if (sd_bus_message_read(m, "sb", &name, &force) < 0 || standin_called(s, m, name, error))
		return -EACCES;
	snprintf(s->target, sizeof(s->target), "%s", name);
	return sd_bus_reply_method_return(m, "a(sss)", 1, "symlink", "/x", "/y");
}

METHOD(get_default_target)
{
	struct standin *s = data;
	(void)error;
	return sd_bus_reply_method_return(m, "s", s->target);
}

METHOD(reload)
{
	return standin_called(data, m, "", error) ? -EACCES : sd_bus_reply_method_return(m, "");
}

/* StartUnit, RestartUnit, StopUnit */
METHOD(change_unit)
{
	struct standin *s = data;
	const char *name, *mode;
	if (sd_bus_message_read(m, "ss", &name, &mode) < 0 || standin_called(s, m, name, error))
		return -EACCES;
	struct standin_unit *u = standin_unit(s, name);
	if (!u)
		return sd_bus_error_setf(error, "org.freedesktop.systemd1.NoSuchUnit",
					 "Unit %s not found.", name);
	bool stop = strcmp(sd_bus_message_get_member(m), "StopUnit") == 0;
	if (stop)
		*u = (struct standin_unit){0};
	else
		snprintf(u->active, sizeof(u->active), "%s", *u->started ? u->started : "active");
	return sd_bus_reply_method_return(m, "o", "/org/freedesktop/systemd1/job/1");
}

METHOD(reset_failed_unit)
{
	struct standin *s = data;
	const char *name;
	if (sd_bus_message_read(m, "s", &name) < 0 || standin_called(s, m, name, error))
		return -EACCES;
	struct standin_unit *u = standin_unit(s, name);
	if (u && strcmp(u->active, "failed") == 0)
		*u->active = '\0';
	return sd_bus_reply_method_return(m, "");
}

struct transient {
	const char *program;
	char **argv, **env;
	int output;
};

static inline void become_program(const struct transient *t)
{
	dup2(t->output, 1);
	dup2(t->output, 2);
	clearenv();
	setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
	for (char **env = t->env; env && *env; env++)
		putenv(*env);
	execv(t->program, t->argv);
	_exit(127);
}

/* The unit is on its way until the program ends; a process of its own waits for that. */
static inline void run_program(const struct transient *t, struct standin_unit *u)
{
	int status = -1;
	snprintf(u->active, sizeof(u->active), "activating");
	if (fork() != 0)
		return;
	signal(SIGCHLD, SIG_DFL);
	pid_t pid = fork();
	if (pid == 0)
		become_program(t);
	waitpid(pid, &status, 0);
	snprintf(u->result, sizeof(u->result), "%s", status ? "exit-code" : "success");
	snprintf(u->active, sizeof(u->active), "%s", status ? "failed" : "active");
	_exit(0);
}

static inline int read_program(sd_bus_message *m, struct transient *t)
{
	int ignore;
	if (sd_bus_message_enter_container(m, 'v', "a(sasb)") < 0 ||
	    sd_bus_message_enter_container(m, 'a', "(sasb)") < 0 ||
	    sd_bus_message_enter_container(m, 'r', "sasb") < 0 ||
	    sd_bus_message_read(m, "s", &t->program) < 0 ||
	    sd_bus_message_read_strv(m, &t->argv) < 0 || sd_bus_message_read(m, "b", &ignore) < 0)
		return -EINVAL;
	for (int i = 0; i < 3; i++)
		sd_bus_message_exit_container(m);
	return 0;
}

static inline int read_properties(sd_bus_message *m, struct transient *t)
{
	const char *property;
	while (sd_bus_message_enter_container(m, 'r', "sv") > 0) {
		if (sd_bus_message_read(m, "s", &property) < 0)
			return -EINVAL;
		if (strcmp(property, "ExecStart") == 0 && read_program(m, t) < 0)
			return -EINVAL;
		else if (strcmp(property, "Environment") == 0) {
			sd_bus_message_enter_container(m, 'v', "as");
			sd_bus_message_read_strv(m, &t->env);
			sd_bus_message_exit_container(m);
		} else if (strcmp(property, "StandardOutputFileDescriptor") == 0)
			sd_bus_message_read(m, "v", "h", &t->output);
		else if (strcmp(property, "ExecStart") != 0)
			sd_bus_message_skip(m, "v");
		sd_bus_message_exit_container(m);
	}
	return 0;
}

METHOD(start_transient_unit)
{
	struct standin *s = data;
	const char *name, *mode;
	struct transient t = {0};
	if (sd_bus_message_read(m, "ss", &name, &mode) < 0 || standin_called(s, m, name, error) ||
	    sd_bus_message_enter_container(m, 'a', "(sv)") < 0 || read_properties(m, &t) < 0)
		return -EACCES;
	run_program(&t, standin_add(s, name, "transient"));
	return sd_bus_reply_method_return(m, "o", "/org/freedesktop/systemd1/job/1");
}

static inline int get_text(sd_bus *bus, const char *path, const char *interface,
			   const char *property, sd_bus_message *reply, void *data,
			   sd_bus_error *error)
{
	(void)bus, (void)path, (void)interface, (void)property, (void)error;
	return sd_bus_message_append(reply, "s", data);
}

static inline int get_synchronized(sd_bus *bus, const char *path, const char *interface,
				   const char *property, sd_bus_message *reply, void *data,
				   sd_bus_error *error)
{
	struct standin *s = data;
	(void)bus, (void)path, (void)interface, (void)property, (void)error;
	if (s->in_step_after && --s->in_step_after == 0)
		s->synchronized = 1;
	return sd_bus_message_append(reply, "b", s->synchronized);
}

static inline int get_of_unit(sd_bus *bus, const char *path, const char *interface,
			      const char *property, sd_bus_message *reply, void *data,
			      sd_bus_error *error)
{
	autofree char *name = NULL;
	(void)bus, (void)interface, (void)error;
	sd_bus_path_decode(path, UNITS, &name);
	struct standin_unit *u = name ? standin_unit(data, name) : NULL;
	const char *value = "", *otherwise = "inactive";
	if (strcmp(property, "LoadState") == 0) {
		value = u ? u->load : "";
		otherwise = "not-found";
	} else if (strcmp(property, "ActiveState") == 0) {
		value = u ? u->active : "";
	} else {
		value = u ? u->result : "";
		otherwise = "success";
	}
	return sd_bus_message_append(reply, "s", *value ? value : otherwise);
}

static inline int get_job(sd_bus *bus, const char *path, const char *interface,
			  const char *property, sd_bus_message *reply, void *data,
			  sd_bus_error *error)
{
	(void)bus, (void)path, (void)interface, (void)property, (void)data, (void)error;
	return sd_bus_message_append(reply, "(uo)", 0, "/");
}

/* An object for every unit that somebody asks for, as PID 1 has it. */
static inline int find_unit(sd_bus *bus, const char *path, const char *interface, void *data,
			    void **ret, sd_bus_error *error)
{
	(void)bus, (void)path, (void)interface, (void)error;
	*ret = data;
	return 1;
}

static const sd_bus_vtable hostname1_table[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_PROPERTY("StaticHostname", "s", get_text, offsetof(struct standin, hostname), 0),
	SD_BUS_METHOD("SetStaticHostname", "sb", "", set_static_hostname,
		      SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_VTABLE_END,
};

static const sd_bus_vtable timedate1_table[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_PROPERTY("NTPSynchronized", "b", get_synchronized, 0, 0),
	SD_BUS_METHOD("SetTime", "xbb", "", set_time, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_VTABLE_END,
};

#define M(name, in, out, handler) SD_BUS_METHOD(name, in, out, handler, SD_BUS_VTABLE_UNPRIVILEGED)

static const sd_bus_vtable manager_table[] = {
	SD_BUS_VTABLE_START(0),
	M("EnableUnitFiles", "asbb", "ba(sss)", enable_unit_files),
	M("DisableUnitFiles", "asb", "a(sss)", disable_unit_files),
	M("MaskUnitFiles", "asbb", "a(sss)", mask_unit_files),
	M("UnmaskUnitFiles", "asb", "a(sss)", unmask_unit_files),
	M("GetUnitFileState", "s", "s", get_unit_file_state),
	M("SetDefaultTarget", "sb", "a(sss)", set_default_target),
	M("GetDefaultTarget", "", "s", get_default_target),
	M("Reload", "", "", reload),
	M("StartUnit", "ss", "o", change_unit),
	M("RestartUnit", "ss", "o", change_unit),
	M("StopUnit", "ss", "o", change_unit),
	M("ResetFailedUnit", "s", "", reset_failed_unit),
	M("StartTransientUnit", "ssa(sv)a(sa(sv))", "o", start_transient_unit),
	SD_BUS_VTABLE_END,
};

static const sd_bus_vtable unit_table[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_PROPERTY("LoadState", "s", get_of_unit, 0, 0),
	SD_BUS_PROPERTY("ActiveState", "s", get_of_unit, 0, 0),
	SD_BUS_PROPERTY("Job", "(uo)", get_job, 0, 0),
	SD_BUS_VTABLE_END,
};

static const sd_bus_vtable result_table[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_PROPERTY("Result", "s", get_of_unit, 0, 0),
	SD_BUS_VTABLE_END,
};

static inline int take_names(sd_bus *bus, struct standin *s, unsigned names)
{
	int r = 0;
	if (names & HOSTNAMED)
		r = sd_bus_add_object_vtable(bus, NULL, "/org/freedesktop/hostname1",
					     "org.freedesktop.hostname1", hostname1_table, s);
	if (r >= 0 && names & HOSTNAMED)
		r = sd_bus_request_name(bus, "org.freedesktop.hostname1", 0);
	if (r >= 0 && names & TIMEDATED)
		r = sd_bus_add_object_vtable(bus, NULL, "/org/freedesktop/timedate1",
					     "org.freedesktop.timedate1", timedate1_table, s);
	if (r >= 0 && names & TIMEDATED)
		r = sd_bus_request_name(bus, "org.freedesktop.timedate1", 0);
	if (r >= 0 && names & MANAGER)
		r = sd_bus_add_object_vtable(bus, NULL, "/org/freedesktop/systemd1",
					     "org.freedesktop.systemd1.Manager", manager_table, s);
	const char *const interfaces[] = {"Unit", "Service", "Mount"};
	for (size_t i = 0; r >= 0 && names & MANAGER && i < 3; i++) {
		autofree char *name = xasprintf("org.freedesktop.systemd1.%s", interfaces[i]);
		r = sd_bus_add_fallback_vtable(bus, NULL, UNITS, name,
					       i ? result_table : unit_table, find_unit, s);
	}
	if (r >= 0 && names & MANAGER)
		r = sd_bus_request_name(bus, "org.freedesktop.systemd1", 0);
	return r;
}

static inline void serve(const char *address, struct standin *s, unsigned names, int ready)
{
	sd_bus *bus = NULL;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGCHLD, SIG_IGN);
	if (sd_bus_new(&bus) < 0 || sd_bus_set_address(bus, address) < 0 ||
	    sd_bus_set_bus_client(bus, 1) < 0 || sd_bus_start(bus) < 0 ||
	    take_names(bus, s, names) < 0 || write(ready, "x", 1) != 1)
		_exit(1);
	for (;;) {
		while (s->is_silent)
			usleep(10000);
		if (sd_bus_process(bus, NULL) == 0)
			sd_bus_wait(bus, 50000);
	}
}

static inline pid_t start_daemon(const char *config, int out)
{
	pid_t pid = fork();
	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(out, 1);
	/* It complains about limits of a user who may not raise them. */
	if (!freopen("bus.log", "we", stderr))
		abort();
	autofree char *option = xasprintf("--config-file=%s", config);
	execlp("dbus-daemon", "dbus-daemon", option, "--nofork", "--print-address=1", NULL);
	_exit(127);
}

/* A dbus-daemon, as much as a test needs; its socket is in the working directory. */
static inline void private_bus_daemon(struct private_bus *p)
{
	char line[512] = "";
	int ends[2];
	autofree char *here = getcwd(NULL, 0);
	autofree char *config = xasprintf("%s/bus.conf", here);
	autofree char *text =
		xasprintf("<busconfig><type>custom</type><listen>unix:path=%s/bus</listen>"
			  "<policy context='default'><allow own='*'/><allow send_destination='*'/>"
			  "<allow receive_sender='*'/></policy></busconfig>",
			  here);
	put_file(config, text);
	if (pipe(ends) < 0)
		abort();
	p->daemon = start_daemon(config, ends[1]);
	close(ends[1]);
	ssize_t n = read(ends[0], line, sizeof(line) - 1);
	close(ends[0]);
	if (n <= 0)
		abort();
	line[strcspn(line, ",\n")] = '\0';
	p->address = xstrdup(line);
}

/* As a test's setup behind workdir_enter; names is who is on the bus. */
static inline void private_bus_start(struct private_bus *p, unsigned names)
{
	int ends[2];
	char byte;
	*p = (struct private_bus){.said = mmap(NULL, sizeof(struct standin), PROT_READ | PROT_WRITE,
					       MAP_SHARED | MAP_ANONYMOUS, -1, 0)};
	private_bus_daemon(p);
	if (p->said == MAP_FAILED || pipe(ends) < 0)
		abort();
	p->service = fork();
	if (p->service == 0)
		serve(p->address, p->said, names, ends[1]);
	close(ends[1]);
	if (read(ends[0], &byte, 1) != 1)
		abort();
	close(ends[0]);
	auto_err e = ERR_INIT;
	if (bus_open_at(p->address, 60000, &p->bus, &e) < 0 || !p->bus)
		abort();
}

static inline void stop_process(pid_t pid)
{
	if (pid > 0 && kill(pid, SIGKILL) == 0)
		waitpid(pid, NULL, 0);
}

static inline void private_bus_stop(struct private_bus *p)
{
	bus_close(p->bus);
	stop_process(p->service);
	stop_process(p->daemon);
	munmap(p->said, sizeof(*p->said));
	free(p->address);
}

#endif
