/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "custom/os_release.h"
#include "edit_sudoers.h"
#include "inspect.h"
#include "mem.h"

static void values_of_os_release_lose_their_quotes(void **state)
{
	(void)state;
	static const char text[] = "NAME=x\nPRETTY_NAME=\"Debian GNU/Linux 13 (trixie)\"\n"
				   "ID=debian\nVERSION_ID='13'\nPRETTY=no\n";
	autofree char *pretty = os_release_get(text, "PRETTY_NAME");
	autofree char *id = os_release_get(text, "ID"),
		      *version = os_release_get(text, "VERSION_ID");
	assert_string_equal(pretty, "Debian GNU/Linux 13 (trixie)");
	assert_string_equal(id, "debian");
	assert_string_equal(version, "13");
	assert_null(os_release_get(text, "PRETTY_NAM"));
	assert_null(os_release_get("", "ID"));
}

static const struct {
	unsigned char machine;
	bool big;
	uint32_t flags;
	const char *name;
} programs[] = {
	{183, false, 0, "arm64"},
	{62, false, 0, "amd64"},
	{40, false, 0x05000400, "armhf"},
	{40, false, 0x05000200, "armel"},
	{40, false, 0, "arm"},
	{3, false, 0, "i386"},
	{243, false, 0, "riscv64"},
	{8, true, 0, "ELF machine 8"},
};

static void architecture_is_in_the_program(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(programs) / sizeof(*programs); i++) {
		unsigned char head[64] = "\x7f"
					 "ELF\x01\x01";
		head[5] = programs[i].big ? 2 : 1;
		head[programs[i].big ? 19 : 18] = programs[i].machine;
		for (size_t b = 0; b < 4; b++)
			head[36 + b] = (unsigned char)(programs[i].flags >> (8 * b));
		autofree char *name = elf_architecture(head, sizeof(head));
		assert_string_equal(name, programs[i].name);
		assert_null(elf_architecture(head, 19));
	}
	assert_null(elf_architecture("#!/bin/sh\necho this is no program at all\n", 41));
	assert_null(elf_architecture(NULL, 0));
}

static const struct {
	const char *rules, *how;
} sudoers[] = {
	{"", "none"},
	{"# pi ALL=(ALL) ALL\nroot ALL=(ALL:ALL) ALL\n", "none"},
	{"pi ALL=(ALL) ALL\n", "password"},
	{"pi\tALL=(ALL) NOPASSWD: ALL\n", "nopasswd"},
	{"%sudo ALL=(ALL:ALL) ALL\n", "password"},
	{"%sudo ALL=(ALL:ALL) ALL\npi ALL=(ALL) NOPASSWD:ALL\n", "nopasswd"},
	{"pi ALL=(ALL) NOPASSWD: ALL\n%sudo ALL=(ALL) ALL\n", "password"},
	{"%wheel ALL=(ALL) ALL\npic ALL=(ALL) ALL\n", "none"},
	{"ALL ALL=(ALL) ALL\n", "password"},
	{"pi ALL=(root) NOPASSWD: /sbin/reboot\n", "none"},
	{"Defaults env_reset, secure_path=ALL\n", "none"},
	{"Defaults:pi !authenticate\npi ALL=(ALL) ALL\n", "nopasswd"},
	{"Defaults:me !authenticate\npi ALL=(ALL) ALL\n", "password"},
	{"me, pi ALL=(ALL) ALL\n", "password"},
	{"#1000 ALL=(ALL) NOPASSWD: ALL\n", "nopasswd"},
	{"pi ALL=(ALL) \\\n NOPASSWD: ALL\n", "nopasswd"},
	{"# no \\\npi ALL=(ALL) ALL\n", "password"},
	{"ALL, !pi ALL=(ALL) ALL\n", "none"},
	{"B ALL=(ALL) ALL\nUser_Alias B = A : C = me\nUser_Alias A = me, pi\n", "password"},
	{"C ALL=(ALL) ALL\nUser_Alias B = pi : C = me\n", "none"},
};

static void last_rule_of_sudoers_for_all_commands_counts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(sudoers) / sizeof(*sudoers); i++) {
		auto_sudoer who = {.name = "pi", .uid = 1000};
		groups_of("pi:x:1000:\nsudo:x:27:ops,pi\nwheel:x:10:pie\nbad\n", "pi", "1000",
			  &who.groups);
		assert_int_equal(who.groups.n, 2);
		assert_string_equal(who.groups.v[1], "sudo");
		sudoers_aliases(sudoers[i].rules, &who);
		assert_string_equal(sudoers_allow(sudoers[i].rules, &who), sudoers[i].how);
	}
}

static void cluster_is_what_mkimage_wrote(void **state)
{
	(void)state;
	size_t nodes = 0;
	autofree char *name =
		known_hosts_cluster("@cert-authority other,other.net ssh-ed25519 A\n"
				    "# BEGIN cardstock ssh\n"
				    "@cert-authority master,master.beowulf,10.0.0.1 ssh-ed25519 A\n"
				    "@cert-authority worker001,worker001.beowulf ssh-ed25519 A\n"
				    "# END cardstock ssh\n",
				    &nodes);
	assert_string_equal(name, "beowulf");
	assert_int_equal(nodes, 2);
	assert_null(known_hosts_cluster("@cert-authority a,a.net ssh-ed25519 A\n", &nodes));
	assert_null(
		known_hosts_cluster("# BEGIN cardstock ssh\n@cert-authority a,a.b k\n", &nodes));
	assert_null(known_hosts_cluster("# BEGIN cardstock ssh\n@cert-authority\n"
					"# END cardstock ssh\n",
					&nodes));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_of_os_release_lose_their_quotes),
		cmocka_unit_test(architecture_is_in_the_program),
		cmocka_unit_test(last_rule_of_sudoers_for_all_commands_counts),
		cmocka_unit_test(cluster_is_what_mkimage_wrote),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
