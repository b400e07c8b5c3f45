/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a machine must not share with another: its id, seeds of its random generator, secrets that
 * were made once.  The base brings its own when it was booted before.
 */
#include "custom.h"
#include "mem.h"

struct leftover {
	const char *path, *why;
};

static const struct leftover leftovers[] = {
	{"/var/lib/systemd/random-seed", "random seed of another machine"},
	{"/var/lib/urandom/random-seed", "random seed of another machine"},
	{"/var/lib/random-seed", "random seed of another machine"},
	{"/loader/random-seed", "random seed of another machine"},
	{"/boot/loader/random-seed", "random seed of another machine"},
	{"/boot/efi/loader/random-seed", "random seed of another machine"},
	{"/boot/firmware/loader/random-seed", "random seed of another machine"},
	{"/efi/loader/random-seed", "random seed of another machine"},
	{"/var/lib/systemd/credential.secret", "secret of another machine"},
	{"/var/lib/NetworkManager/secret_key", "secret of another machine"},
	{"/etc/ssh/ssh_host_rsa_key", "host key of another machine"},
	{"/etc/ssh/ssh_host_rsa_key.pub", "host key of another machine"},
	{"/etc/ssh/ssh_host_ecdsa_key", "host key of another machine"},
	{"/etc/ssh/ssh_host_ecdsa_key.pub", "host key of another machine"},
	{"/etc/ssh/ssh_host_dsa_key", "host key of another machine"},
	{"/etc/ssh/ssh_host_dsa_key.pub", "host key of another machine"},
};

/* A copy of the id that D-Bus keeps; where it is a link, it follows /etc/machine-id. */
static int plan_dbus(struct plan_ctx *ctx, struct err *e)
{
	const char *path = "/var/lib/dbus/machine-id";
	autofree char *target = NULL;
	if (plan_readlink(ctx, path, &target, e) < 0)
		return -1;
	return target ? 0 : plan_remove(ctx, path, "the id of another machine", e);
}

static int plan(struct plan_ctx *ctx, struct err *e)
{
	/*
	 * Empty, not absent and not `uninitialized`: those make systemd run preset-all, which
	 * enables units that the image had disabled.
	 */
	struct fs_stat st;
	if (plan_stat(ctx, "/etc/machine-id", &st, e) < 0)
		return -1;
	struct attr attr = st.type == FILE_NONE ? ATTR_ROOT(0444) : ATTR_KEEP;
	if (plan_write(ctx, "/etc/machine-id", "", 0, attr, "each node makes its own at boot", e) <
		    0 ||
	    plan_dbus(ctx, e) < 0)
		return -1;
	for (size_t i = 0; i < sizeof(leftovers) / sizeof(*leftovers); i++) {
		if (plan_remove(ctx, leftovers[i].path, leftovers[i].why, e) < 0)
			return -1;
	}
	return 0;
}

const struct custom custom_machine_id = {
	.name = "machine-id",
	.help = "no id, seed or secret shared by two nodes",
	.plan = plan,
	.plan_clone = plan,
};
