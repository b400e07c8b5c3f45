/* SPDX-License-Identifier: GPL-3.0-or-later */
/* machine-id(5): mkimage leaves it empty, so that no two nodes share one. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "mem.h"
#include "rootfs.h"
#include "uuid.h"

#define MACHINE_ID "/etc/machine-id"
#define DBUS_DIR "/var/lib/dbus"
#define DBUS_ID DBUS_DIR "/machine-id"
#define ID_LEN 32

/* systemd writes its own early in the boot, or shows one until it can. */
static int is_made_by_systemd(const struct ctx *ctx, struct err *e)
{
	return *ctx->root ? 0 : root_exists(ctx, "/run/systemd/system", e);
}

static bool is_id(const char *text)
{
	size_t digits = strspn(text, "0123456789abcdef");
	return digits == ID_LEN && (!text[ID_LEN] || text[ID_LEN] == '\n') &&
	       strspn(text, "0") < ID_LEN;
}

/* Add the id in the file: 1; 0: there is none, or something else ("uninitialized"). */
static int read_id(const struct ctx *ctx, const char *path, struct str *out, struct err *e)
{
	auto_str text = STR_INIT;
	if (root_read(ctx, path, 4096, &text, e) < 0)
		return -1;
	if (!is_id(str_text(&text)))
		return 0;
	str_add(out, text.data, ID_LEN);
	return 1;
}

static int read_random(uint8_t *bytes, size_t len, struct err *e)
{
	ssize_t n = getrandom(bytes, len, 0);
	if (n < 0 && errno == ENOSYS) { /* before Linux 3.17 */
		autoclose int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
		n = fd < 0 ? -1 : read(fd, bytes, len);
	}
	if (n == (ssize_t)len)
		return 0;
	return err_errno(e, ERR_FAILED, "the kernel gives no random bytes");
}

static int make_id(struct str *out, struct err *e)
{
	uint8_t bytes[UUID_LEN];
	if (read_random(bytes, sizeof(bytes), e) < 0)
		return -1;
	uuid_from_random(bytes);
	for (size_t i = 0; i < sizeof(bytes); i++)
		str_printf(out, "%02x", bytes[i]);
	return 0;
}

/* D-Bus may have made one before there was another. */
static int find_id(const struct ctx *ctx, struct str *out, struct err *e)
{
	int found = read_id(ctx, DBUS_ID, out, e);
	return found ? found : make_id(out, e);
}

/* D-Bus's own copy, unless it is a symlink to ours. */
static int follow(const struct ctx *ctx, const char *line, size_t len, struct err *e)
{
	auto_str target = STR_INIT;
	int there = root_exists(ctx, DBUS_DIR, e);
	if (there <= 0)
		return there;
	int link = root_readlink(ctx, DBUS_ID, &target, e);
	return link ? (link < 0 ? -1 : 0) : root_replace(ctx, DBUS_ID, line, len, 0644, e);
}

static int run_step(struct ctx *ctx, struct str *message, struct err *e)
{
	auto_str line = STR_INIT;
	int systemd = is_made_by_systemd(ctx, e);
	if (systemd > 0)
		str_puts(message, "systemd makes one");
	if (systemd)
		return systemd < 0 ? -1 : 0;
	int found = read_id(ctx, MACHINE_ID, &line, e);
	if (found < 0 || (!found && find_id(ctx, &line, e) < 0))
		return -1;
	str_puts(&line, "\n");
	int made = found ? 0 : root_replace(ctx, MACHINE_ID, line.data, line.len, 0444, e);
	int followed = made < 0 ? -1 : follow(ctx, line.data, line.len, e);
	if (followed < 0)
		return -1;
	str_puts(message, made	     ? "a new " MACHINE_ID
			  : followed ? DBUS_ID " follows " MACHINE_ID
				     : "it has one");
	return made || followed;
}

const struct step step_machine_id = {
	.name = "machine-id",
	.help = "an id of its own, where systemd does not make one",
	.phase = PHASE_LOCAL,
	.run = run_step,
};
