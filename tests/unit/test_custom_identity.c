/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../custom/fixture.h"
#include "crc32.h"
#include "identity.h"

#define EXT_UUID "5e0cae14-3d3b-4b3c-8a2f-3c7c1b6b0d11"

/* An MBR with boot FAT and ext root, as libblkid would describe it. */
struct card {
	struct fixture f;
	struct part parts[2];
	struct disk disk;
	struct identity_part id_parts[2];
	struct identity id;
	struct disk *want; /* of the first node */
};

static void card_init(struct card *c, const char *profile)
{
	*c = (struct card){
		.parts = {{.number = 1, .fstype = "vfat", .uuid = "ABCD-1234"},
			  {.number = 2, .fstype = "ext4", .uuid = EXT_UUID}},
		.disk = {.table = DISK_MBR, .id = "deadbeef", .n_parts = 2},
		.id_parts = {{.kind = IDENTITY_FAT}, {.kind = IDENTITY_EXT}},
	};
	c->disk.path = c->disk.name = (char *)"card.img";
	c->disk.parts = c->parts;
	for (int i = 0; i < 2; i++) {
		c->id_parts[i].part = &c->parts[i];
		snprintf(c->parts[i].partuuid, sizeof(c->parts[i].partuuid), "deadbeef-%02x",
			 (unsigned)i + 1);
	}
	c->id = (struct identity){.disk = &c->disk, .parts = c->id_parts, .n_parts = 2};
	fixture_init(&c->f);
	fixture_profile_with_keys(&c->f, profile);
	c->f.identity = &c->id;
	c->want = identity_want(&c->id, c->f.cluster, "worker001");
}

static void card_done(struct card *c)
{
	disk_free(c->want);
	fixture_done(&c->f);
}

/* The text with the old ids replaced by those of the first node; owned. */
static char *expected(const struct card *c, const char *format)
{
	auto_str out = STR_INIT;
	autofree struct id_change *changes = NULL;
	size_t n = identity_compare(&c->disk, c->want, &changes);
	assert_int_equal(n, 5);
	id_changes_replace(changes, n, format, strlen(format), &out);
	return str_steal(&out);
}

static void fstab_and_cmdline_follow(void **state)
{
	(void)state;
	struct card c;
	card_init(&c, "");
	fixture_put(&c.f, "root/etc/fstab",
		    "proc /proc proc defaults 0 0\n"
		    "PARTUUID=deadbeef-01 /boot/firmware vfat defaults 0 2\n"
		    "PARTUUID=\"deadbeef-02\" / ext4 defaults,noatime 0 1\n"
		    "UUID=99999999-3d3b-4b3c-8a2f-3c7c1b6b0d11 /data ext4 nofail 0 2\n");
	fixture_put(&c.f, "root/boot/firmware/cmdline.txt",
		    "console=tty1 root=PARTUUID=deadbeef-02 resume=UUID=" EXT_UUID " rootwait\n");
	fixture_run(&c.f, &custom_identity);
	autofree char *fstab =
		xasprintf("proc /proc proc defaults 0 0\n"
			  "PARTUUID=%1$s-01 /boot/firmware vfat defaults 0 2\n"
			  "PARTUUID=\"%1$s-02\" / ext4 defaults,noatime 0 1\n"
			  "UUID=99999999-3d3b-4b3c-8a2f-3c7c1b6b0d11 /data ext4 nofail 0 2\n",
			  c.want->id);
	autofree char *cmdline =
		xasprintf("console=tty1 root=PARTUUID=%s-02 resume=UUID=%s rootwait\n", c.want->id,
			  c.want->parts[1].uuid);
	assert_file(&c.f, "/etc/fstab", fstab);
	assert_file(&c.f, "/boot/firmware/cmdline.txt", cmdline);
	card_done(&c);
}

static void boot_loaders_follow(void **state)
{
	(void)state;
	static const char *const texts[][2] = {
		{"/boot/armbianEnv.txt", "verbosity=1\nrootdev=UUID=" EXT_UUID "\n"},
		{"/boot/extlinux/extlinux.conf", "append root=PARTUUID=deadbeef-02 rw\n"},
		{"/boot/loader/entries/6.1.conf", "options root=UUID=" EXT_UUID "\n"},
		{"/etc/default/raspi-firmware", "ROOTPART=/dev/disk/by-uuid/" EXT_UUID "\n"},
		{"/boot/grub/grub.cfg", "search --no-floppy --fs-uuid --set=root abcd-1234\n"
					"linux /vmlinuz root=PARTUUID=DEADBEEF-02\n"},
	};
	struct card c;
	card_init(&c, "");
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		autofree char *path = path_join("root", texts[i][0] + 1);
		fixture_put(&c.f, path, texts[i][1]);
	}
	fixture_run(&c.f, &custom_identity);
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		autofree char *text = expected(&c, texts[i][1]);
		assert_string_not_equal(text, texts[i][1]);
		assert_file(&c.f, texts[i][0], text);
	}
	card_done(&c);
}

static void only_whole_words_are_ids_and_their_case_stays(void **state)
{
	(void)state;
	const struct id_change changes[] = {{ID_DISK, 0, "deadbeef", "12345678"},
					    {ID_PARTUUID, 1, "deadbeef-01", "12ab5678-01"},
					    {ID_UUID, 1, "ABCD-1234", "EF01-5A6B"}};
	static const char *const pairs[][2] = {
		{"deadbeef deadbeef-01", "deadbeef 12ab5678-01"},
		{"DEADBEEF-01 abcd-1234 ABCD-1234", "12AB5678-01 ef01-5a6b EF01-5A6B"},
		{"deadbeef-012 xdeadbeef-01 deadbeef-01-x ABCD-1234_",
		 "deadbeef-012 xdeadbeef-01 deadbeef-01-x ABCD-1234_"},
		{"=deadbeef-01/\"ABCD-1234\"", "=12ab5678-01/\"EF01-5A6B\""},
		{"", ""},
	};
	for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
		auto_str out = STR_INIT;
		id_changes_replace(changes, 3, pairs[i][0], strlen(pairs[i][0]), &out);
		assert_string_equal(str_text(&out), pairs[i][1]);
	}
}

/* Linux counts the partitions of the GPT, boot loaders those of the MBR: any number may be named.
 */
static void partitions_of_a_hybrid_mbr_are_named_by_its_id(void **state)
{
	(void)state;
	const struct id_change change = {ID_MBR, 0, "deadbeef", "0edf85e2"};
	static const char *const pairs[][2] = {
		{"root=PARTUUID=deadbeef-02 rw", "root=PARTUUID=0edf85e2-02 rw"},
		{"DEADBEEF-03 deadbeef-0a", "0EDF85E2-03 0edf85e2-0a"},
		{"deadbeef deadbeef-2 deadbeef-002 deadbeef-xy deadbeef_02 -02",
		 "deadbeef deadbeef-2 deadbeef-002 deadbeef-xy deadbeef_02 -02"},
	};
	for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
		auto_str out = STR_INIT;
		id_changes_replace(&change, 1, pairs[i][0], strlen(pairs[i][0]), &out);
		assert_string_equal(str_text(&out), pairs[i][1]);
	}
}

static void a_patched_image_has_nothing_to_follow(void **state)
{
	(void)state;
	struct card c;
	card_init(&c, "");
	autofree char *text = xasprintf("PARTUUID=%s / ext4 defaults 0 1\n",
					c.want->parts[1].partuuid);
	fixture_put(&c.f, "root/etc/fstab", text);
	c.id.disk = c.want;
	fixture_run(&c.f, &custom_identity);
	assert_file(&c.f, "/etc/fstab", text);
	autofree struct id_change *changes = NULL;
	auto_disk *again = identity_want(&c.id, c.f.cluster, "worker001");
	assert_int_equal(identity_compare(c.want, again, &changes), 0);
	card_done(&c);
}

static void ids_of_the_base_follow_on_an_image_that_has_its_own(void **state)
{
	(void)state;
	struct card c;
	auto_err e = ERR_INIT;
	card_init(&c, "");
	assert_ok(identity_keep_base(&c.id, c.f.cluster, "worker001", &e), &e);
	c.id.disk = c.want;
	assert_ok(identity_load_base(&c.id, c.f.cluster, "worker001", &e), &e);
	fixture_put(&c.f, "root/etc/fstab", "PARTUUID=deadbeef-02 / ext4 defaults 0 1\n");
	fixture_run(&c.f, &custom_identity);
	autofree char *text = xasprintf("PARTUUID=%s / ext4 defaults 0 1\n",
					c.want->parts[1].partuuid);
	assert_file(&c.f, "/etc/fstab", text);
	disk_free(steal(&c.id.base));
	c.want->parts[1].uuid[0] = '\0';
	assert_ok(identity_load_base(&c.id, c.f.cluster, "worker001", &e), &e);
	auto_disk *again = identity_want(&c.id, c.f.cluster, "worker001");
	assert_string_not_equal(again->parts[1].uuid, "");
	disk_free(c.id.base);
	card_done(&c);
}

static void a_damaged_record_of_the_base_is_refused(void **state)
{
	(void)state;
	static const char *const texts[] = {"# x\nnonsense\n", "# x\n1\ta\n", "# x\nb\ta\tc\n"};
	struct card c;
	auto_err e = ERR_INIT;
	card_init(&c, "");
	assert_ok(identity_load_base(&c.id, c.f.cluster, "worker002", &e), &e);
	assert_null(c.id.base);
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		fixture_put(&c.f, "cluster/nodes/worker001/base-ids", texts[i]);
		assert_fails(identity_load_base(&c.id, c.f.cluster, "worker001", &e), &e,
			     ERR_PROFILE, "nodes/worker001/base-ids:2: expected partition");
	}
	card_done(&c);
}

static void each_node_has_ids_of_its_own_and_always_the_same(void **state)
{
	(void)state;
	struct card c;
	card_init(&c, "");
	auto_disk *same = identity_want(&c.id, c.f.cluster, "worker001");
	auto_disk *other = identity_want(&c.id, c.f.cluster, "worker002");
	autofree struct id_change *none = NULL, *all = NULL;
	assert_int_equal(identity_compare(c.want, same, &none), 0);
	assert_int_equal(identity_compare(c.want, other, &all), 5);
	card_done(&c);
}

static void what_must_stay_is_said_once(void **state)
{
	(void)state;
	struct card c;
	card_init(&c, "");
	c.id_parts[1].keep = (char *)"GRUB reads it";
	fixture_put(&c.f, "root/etc/fstab", "UUID=" EXT_UUID " / ext4 defaults 0 1\n");
	fixture_run(&c.f, &custom_identity);
	assert_note(&c.f, "partition 2 has the same UUID on all nodes: GRUB reads it");
	assert_file(&c.f, "/etc/fstab", "UUID=" EXT_UUID " / ext4 defaults 0 1\n");
	assert_int_equal(c.f.notes.n, 1);
	c.id_parts[1] = (struct identity_part){
		.part = &c.parts[1], .kind = IDENTITY_EXT, .needs_seed = true};
	c.id.keep_table = (char *)"the GPT is damaged";
	fixture_run(&c.f, &custom_identity);
	assert_note(&c.f, "disk id and PARTUUIDs are the same on all nodes: the GPT is damaged");
	assert_note(&c.f, "partition 2 gets metadata_csum_seed");
	card_done(&c);
}

static void labels_and_devices_stay(void **state)
{
	(void)state;
	struct card c;
	const char *fstab = "LABEL=rootfs / ext4 defaults 0 1\n/dev/mmcblk0p1 /boot vfat ro 0 2\n";
	card_init(&c, "");
	fixture_put(&c.f, "root/etc/fstab", fstab);
	fixture_run(&c.f, &custom_identity);
	assert_file(&c.f, "/etc/fstab", fstab);
	assert_int_equal(c.f.notes.n, 0);
	card_done(&c);
}

static void put_script(struct card *c, const char *text, unsigned char magic)
{
	autofree char *path = path_join(c->f.dir, "root/boot/boot.scr");
	auto_str data = STR_INIT;
	auto_err e = ERR_INIT;
	unsigned char header[64] = {magic, 0x05, 0x19, 0x56};
	header[15] = (unsigned char)strlen(text);
	fixture_mkdir(&c->f, "root/boot");
	str_add(&data, header, sizeof(header));
	str_puts(&data, text);
	assert_ok(io_replace_file(path, data.data, data.len, 0644, &e), &e);
}

static uint32_t be32_at(const struct str *s, size_t at)
{
	const unsigned char *p = (const unsigned char *)s->data + at;
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void a_boot_script_follows_with_its_sums(void **state)
{
	(void)state;
	struct card c;
	auto_str data = STR_INIT;
	auto_err e = ERR_INIT;
	card_init(&c, "");
	put_script(&c, "setenv bootargs root=PARTUUID=deadbeef-02", 0x27);
	fixture_run(&c.f, &custom_identity);
	autofree char *host = fixture_host(&c.f, "/boot/boot.scr");
	autofree char *text = expected(&c, "setenv bootargs root=PARTUUID=deadbeef-02");
	assert_ok(io_read_file(host, 1 << 20, &data, &e), &e);
	assert_memory_equal(data.data + 64, text, strlen(text));
	assert_int_equal(be32_at(&data, 24), crc32_of(text, strlen(text)));
	uint32_t sum = be32_at(&data, 4);
	memset(data.data + 4, 0, 4);
	assert_int_equal(sum, crc32_of(data.data, 64));
	assert_int_equal(crc32_of("123456789", 9), 0xcbf43926);
	card_done(&c);
}

static void a_boot_script_of_unknown_form_is_refused(void **state)
{
	(void)state;
	struct card c;
	auto_err e = ERR_INIT;
	card_init(&c, "");
	put_script(&c, "root=PARTUUID=deadbeef-02", 0xd0);
	assert_int_equal(fixture_try(&c.f, &custom_identity, &e), -1);
	assert_int_equal(e.code, ERR_PROFILE);
	assert_non_null(strstr(e.msg, "/boot/boot.scr names a file system by its id"));
	card_done(&c);
}

static void without_a_seed_the_ids_are_examples(void **state)
{
	(void)state;
	struct card c;
	card_init(&c, "");
	memset(c.f.cluster->seed, 0, sizeof(c.f.cluster->seed));
	fixture_run(&c.f, &custom_identity);
	assert_note(&c.f, "the ids shown are examples");
	card_done(&c);
}

static void several_planned_nodes_ask_for_it_unless_told(void **state)
{
	(void)state;
	static const struct {
		const char *profile;
		bool wanted;
	} cases[] = {{"", true},
		     {"planned = 1\n", false},
		     {"fresh-ids = false\n", false},
		     {"fresh-ids = true\nplanned = 1\n", true},
		     {"fresh-ids = auto\nplanned = 2\n", true}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct fixture f;
		fixture_init(&f);
		fixture_profile(&f, cases[i].profile);
		assert_int_equal(identity_is_wanted(f.profile), cases[i].wanted);
		fixture_done(&f);
	}
}

static void other_values_are_refused(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	assert_refused(&f, &custom_identity, "fresh-ids = yes\n", "worker.conf:1: fresh-ids");
	assert_refused(&f, &custom_identity, "\nfresh-ids = 1\n", "none of auto|true|false");
	fixture_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fstab_and_cmdline_follow),
		cmocka_unit_test(boot_loaders_follow),
		cmocka_unit_test(only_whole_words_are_ids_and_their_case_stays),
		cmocka_unit_test(partitions_of_a_hybrid_mbr_are_named_by_its_id),
		cmocka_unit_test(a_patched_image_has_nothing_to_follow),
		cmocka_unit_test(ids_of_the_base_follow_on_an_image_that_has_its_own),
		cmocka_unit_test(a_damaged_record_of_the_base_is_refused),
		cmocka_unit_test(each_node_has_ids_of_its_own_and_always_the_same),
		cmocka_unit_test(what_must_stay_is_said_once),
		cmocka_unit_test(labels_and_devices_stay),
		cmocka_unit_test(a_boot_script_follows_with_its_sums),
		cmocka_unit_test(a_boot_script_of_unknown_form_is_refused),
		cmocka_unit_test(without_a_seed_the_ids_are_examples),
		cmocka_unit_test(several_planned_nodes_ask_for_it_unless_told),
		cmocka_unit_test(other_values_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
