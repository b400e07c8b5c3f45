/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which ids of an image can be new, judged by what is in it; and that they are put everywhere. */
#include "../fs/scratch.h"
#include "identity.h"

#define MIB (1u << 20)
#define DATA_UUID "5e0cae14-3d3b-4b3c-8a2f-3c7c1b6b0d11"
#define ROOT_UUID "b3a1a6a6-51b1-4a58-8e7c-6d9a3b6cf0de"

/* A data partition from 4 to 20 MiB and a root from 20 to 60 MiB. */
struct card {
	struct scratch s;
	struct image *image;
	struct identity *id;
};

/* Shell commands make the files, in the directories data and root. */
static void put_ext(const struct card *c, const char *dir, const char *uuid, unsigned at,
		    unsigned end)
{
	autofree char *extended = xasprintf("offset=%u", at * MIB);
	autofree char *size = xasprintf("%uM", end - at);
	autofree char *tree = path_join(c->s.dir, dir);
	free(scratch_output((const char *[]){"mke2fs", "-q", "-F", "-t", "ext4", "-O",
					     "metadata_csum,^metadata_csum_seed", "-U", uuid, "-E",
					     extended, "-d", tree, c->s.image, size, NULL}));
}

static void card_make(struct card *c, const char *data_uuid, const char *commands)
{
	auto_err e = ERR_INIT;
	const char *table = "label: dos\nlabel-id: 0x1234abcd\nstart=4MiB, size=16MiB, type=83\n"
			    "start=20MiB, size=40MiB, type=83\n";
	*c = (struct card){.image = NULL};
	scratch_init(&c->s, 0, 64 * MIB);
	scratch_make_image(&c->s);
	autofree char *script = xasprintf("cd '%s' && mkdir data root root/etc && "
					  "echo ID=test > root/etc/os-release && %s",
					  c->s.dir, commands);
	const char *argv[] = {"sfdisk", "-q", c->s.image, NULL};
	assert_ok(run_argv(&e, "sh", "-c", script, NULL), &e);
	assert_ok(run(&(struct run){.argv = argv, .input = table, .input_len = strlen(table)}, &e),
		  &e);
	put_ext(c, "data", data_uuid, 4, 20);
	put_ext(c, "root", ROOT_UUID, 20, 60);
}

static void card_open(struct card *c, bool writable)
{
	auto_err e = ERR_INIT;
	const struct image_open open = {
		.path = c->s.image, .writable = writable, .now = SCRATCH_NOW};
	image_discard(&c->image);
	assert_ok(image_open(&open, &c->image, &e), &e);
}

static void card_look(struct card *c)
{
	auto_err e = ERR_INIT;
	card_open(c, false);
	assert_ok(identity_look(c->image, &c->id, &e), &e);
}

static void card_done(struct card *c)
{
	identity_free(c->id);
	image_discard(&c->image);
	scratch_done(&c->s);
}

static void assert_kept(const char *keep, const char *fragment)
{
	if (!keep || !strstr(keep, fragment))
		fail_msg("no '%s' in: %s", fragment, keep ? keep : "nothing is kept");
}

static void sh(const struct card *c, const char *commands)
{
	auto_err e = ERR_INIT;
	autofree char *script = xasprintf("cd '%s' && %s", c->s.dir, commands);
	assert_ok(run_argv(&e, "sh", "-c", script, NULL), &e);
}

/* In the place of the data partition's file system, what the command makes of the file "new". */
static void replace_data(const struct card *c, const char *command)
{
	autofree char *script =
		xasprintf("truncate -s 16M new && { %s; } > said 2>&1 && "
			  "dd if=new of=card.img bs=1M seek=4 conv=notrunc status=none",
			  command);
	sh(c, script);
}

static void without_an_obstacle_all_ids_are_new(void **state)
{
	(void)state;
	struct card c;
	card_make(&c, DATA_UUID, "mkdir -p root/lib/modules/6.12.25+rpt-rpi-v8");
	card_look(&c);
	assert_null(c.id->keep_table);
	assert_null(c.id->parts[0].keep);
	assert_null(c.id->parts[1].keep);
	assert_true(c.id->parts[1].needs_seed);
	card_done(&c);
}

static void an_old_kernel_needs_the_uuid(void **state)
{
	(void)state;
	struct card c;
	card_make(&c, DATA_UUID, "mkdir -p root/lib/modules/6.1.0 root/lib/modules/3.18.5-x");
	card_look(&c);
	assert_kept(c.id->parts[1].keep, "older than 4.4");
	card_done(&c);
}

static void what_grub_reads_keeps_its_uuid(void **state)
{
	(void)state;
	struct card c;
	card_make(&c, DATA_UUID, "mkdir -p root/boot/grub && : > root/boot/grub/grub.cfg");
	card_look(&c);
	assert_kept(c.id->parts[1].keep, "GRUB reads it");
	assert_null(c.id->parts[0].keep);
	card_done(&c);
}

static void what_an_unmounted_partition_names_stays(void **state)
{
	(void)state;
	struct card c;
	card_make(&c, DATA_UUID,
		  "mkdir -p data/EFI/debian data/loader/entries && "
		  "echo 'search --fs-uuid " ROOT_UUID "' > data/EFI/debian/grub.cfg && "
		  "echo 'options root=PARTUUID=1234ABCD-02' > data/loader/entries/a.conf");
	card_look(&c);
	assert_kept(c.id->parts[1].keep, "names it in /EFI/debian/grub.cfg");
	assert_kept(c.id->keep_table, "names it in /loader/entries/a.conf");
	assert_null(c.id->parts[0].keep);
	card_done(&c);
}

static void one_uuid_of_two_partitions_stays(void **state)
{
	(void)state;
	struct card c;
	card_make(&c, ROOT_UUID, "true");
	card_look(&c);
	assert_kept(c.id->parts[0].keep, "another partition has the same");
	assert_kept(c.id->parts[1].keep, "another partition has the same");
	card_done(&c);
}

static void what_cannot_be_written_stays_with_its_type(void **state)
{
	(void)state;
	struct card c;
	card_make(&c, DATA_UUID, "true");
	replace_data(&c, "mke2fs -q -F -O journal_dev new 16M");
	card_look(&c);
	assert_kept(c.id->parts[0].keep, "cannot change that of jbd");
	card_done(&c);
}

static void assert_all_kept(struct card *c, const char *fragment)
{
	card_look(c);
	assert_kept(c->id->parts[1].keep, fragment);
	assert_kept(c->id->keep_table, fragment);
	card_done(c);
}

static void what_an_unread_partition_may_name_stays(void **state)
{
	(void)state;
	struct card c;
	card_make(&c, DATA_UUID, "true");
	sh(&c, "debugfs -w -R 'feature needs_recovery' 'card.img?offset=4194304' > said 2>&1");
	assert_all_kept(&c, "partition 1, which may name them, cannot be opened");
	card_make(&c, DATA_UUID, "true");
	replace_data(&c, "mkfs.minix new");
	assert_all_kept(&c, "partition 1 (minix), which may name them, is not read");
}

static void what_a_huge_loader_file_may_name_stays(void **state)
{
	(void)state;
	struct card c;
	card_make(&c, DATA_UUID,
		  "mkdir -p data/boot/grub && "
		  "truncate -s 2M data/boot/grub/grub.cfg");
	assert_all_kept(&c,
			"/boot/grub/grub.cfg of partition 1, which may name them, is too large");
}

static struct cluster some_cluster(void)
{
	return (struct cluster){.seed = {1, 2, 3}};
}

static void every_partition_gets_the_ids_that_are_wanted(void **state)
{
	(void)state;
	struct card c;
	auto_err e = ERR_INIT;
	const struct cluster cluster = some_cluster();
	card_make(&c, DATA_UUID, "true");
	card_look(&c);
	struct image *base = steal(&c.image);
	auto_disk *want = identity_want(c.id, &cluster, "worker001");
	assert_string_not_equal(want->parts[0].uuid, DATA_UUID);
	assert_string_not_equal(want->parts[1].uuid, ROOT_UUID);
	assert_fails(identity_verify(base, want, &e), &e, ERR_CHECK, "disk id: 1234abcd → ");
	card_open(&c, true);
	assert_ok(identity_prepare(c.image, c.id, &e), &e);
	assert_ok(identity_apply(c.image, c.id, want, &e), &e);
	assert_ok(image_close(&c.image, &e), &e);
	image_discard(&base);
	card_open(&c, false);
	assert_ok(identity_verify(c.image, want, &e), &e);
	assert_ok(image_check(c.s.image, "card.img", &e), &e);
	sh(&c, "dd if=/dev/zero of=card.img bs=1 seek=440 count=4 conv=notrunc status=none");
	card_open(&c, false);
	assert_fails(identity_verify(c.image, want, &e), &e, ERR_CHECK, "disk id: none → ");
	card_done(&c);
}

static void swap_gets_a_uuid_of_its_own_and_nothing_else(void **state)
{
	(void)state;
	struct card c;
	auto_err e = ERR_INIT;
	const struct cluster cluster = some_cluster();
	card_make(&c, DATA_UUID, "true");
	replace_data(&c, "mkswap -L pages -U " DATA_UUID " new");
	card_open(&c, true); /* which what is found refers to */
	assert_ok(identity_look(c.image, &c.id, &e), &e);
	assert_null(c.id->parts[0].keep);
	assert_null(c.id->parts[1].keep);
	auto_disk *want = identity_want(c.id, &cluster, "worker001");
	assert_string_not_equal(want->parts[0].uuid, DATA_UUID);
	sh(&c, "cp card.img before.img");
	assert_ok(identity_prepare(c.image, c.id, &e), &e);
	assert_ok(identity_apply(c.image, c.id, want, &e), &e);
	assert_ok(image_close(&c.image, &e), &e);
	card_open(&c, false);
	assert_ok(identity_verify(c.image, want, &e), &e);
	sh(&c, "test $(cmp -l -i 4194304 -n 16777216 before.img card.img | wc -l) -le 16");
	sh(&c, "test \"$(blkid -p -O 4194304 -o value -s LABEL -s TYPE card.img)\" = \"$(printf "
	       "'pages\\nswap')\"");
	card_done(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_an_obstacle_all_ids_are_new),
		cmocka_unit_test(an_old_kernel_needs_the_uuid),
		cmocka_unit_test(what_grub_reads_keeps_its_uuid),
		cmocka_unit_test(what_an_unmounted_partition_names_stays),
		cmocka_unit_test(one_uuid_of_two_partitions_stays),
		cmocka_unit_test(what_cannot_be_written_stays_with_its_type),
		cmocka_unit_test(what_an_unread_partition_may_name_stays),
		cmocka_unit_test(what_a_huge_loader_file_may_name_stays),
		cmocka_unit_test(every_partition_gets_the_ids_that_are_wanted),
		cmocka_unit_test(swap_gets_a_uuid_of_its_own_and_nothing_else),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
