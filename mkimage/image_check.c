/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "blockmap.h"
#include "image_parts.h"
#include "io.h"
#include "mem.h"
#include "run.h"

#define SAID_MAX 6
#define BLOCK (1u << 20)

/* e2fsck(8): 4 errors left; fsck.fat(8): 1 errors found. Other codes are failures of the program.
 */
#define E2FSCK_FOUND 4
#define FSCK_FAT_FOUND 1

/* Lines that say nothing about the file system. */
static bool is_chatter(const char *line)
{
	return str_starts(line, "e2fsck ") || str_starts(line, "fsck.fat ") ||
	       str_starts(line, "Pass ") || str_starts(line, "Leaving filesystem unchanged") ||
	       str_starts(line, "/proc/");
}

/* The first lines that say something, joined. */
static void summarise(struct str *out, const char *said)
{
	auto_strv lines = {0};
	size_t n = 0;
	strv_split(&lines, said, "\n");
	strv_foreach (line, &lines) {
		const char *text = *line + strspn(*line, " \t");
		if (is_chatter(text) || !*text || n == SAID_MAX)
			continue;
		str_printf(out, "%s%s", n ? "; " : "", text);
		n++;
	}
}

static int run_check(const char *const *argv, int found, const char *what, struct err *e)
{
	auto_str said = STR_INIT, summary = STR_INIT;
	int r = run(&(struct run){.argv = argv, .output = &said, .ok_status = 1 << found}, e);
	if (r == 0)
		return 0;
	summarise(&summary, str_text(&said));
	if (r < 0)
		return err_wrap(e, "%s: cannot be checked%s%s", what, summary.len ? ": " : "",
				str_text(&summary));
	return err_set(e, ERR_CHECK, "%s: %s found errors: %s", what, argv[0], str_text(&summary));
}

/* The image by a name without '?', where e2fsck would take options to begin. */
static char *fd_path(int fd)
{
	return xasprintf("/proc/%ld/fd/%d", (long)getpid(), fd);
}

static int check_ext(int image, const struct part *p, const char *what, struct err *e)
{
	autofree char *path = fd_path(image);
	autofree char *device = xasprintf("%s?offset=%llu", path, (unsigned long long)p->start);
	const char *argv[] = {"e2fsck", "-fn", device, NULL};
	return run_check(argv, E2FSCK_FOUND, what, e);
}

static int copy_extent(int from, int to, const char *what, const struct extent *x, uint64_t base,
		       struct err *e)
{
	autofree char *block = xmalloc(BLOCK);
	for (uint64_t done = 0; done < x->len;) {
		size_t n = x->len - done < BLOCK ? (size_t)(x->len - done) : BLOCK;
		uint64_t at = x->start + done;
		if (io_pread_fd(from, what, block, n, at, e) < 0 ||
		    io_pwrite_fd(to, what, block, n, at - base, e) < 0)
			return -1;
		done += n;
	}
	return 0;
}

/* fsck.fat knows no offset: a sparse file without a name gets what of the partition it reads. */
static int extract_fat(int image, const struct part *p, const char *what, struct err *e)
{
	auto_blockmap map = {0};
	autofree char *path = fd_path(image);
	autoclose int fd = io_tempfile(what, e);
	if (fd < 0)
		return -1;
	const struct fs_open open = {
		.path = path, .offset = p->start, .size = p->size, .what = what};
	if (ftruncate(fd, (off_t)p->size) < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot make its copy for fsck.fat", what);
	if (fs_fat_metadata(&open, &map, e) < 0)
		return -1;
	for (size_t i = 0; i < map.n; i++) {
		if (copy_extent(image, fd, what, &map.extents[i], p->start, e) < 0)
			return -1;
	}
	return steal_fd(&fd);
}

static int check_fat(int image, const struct part *p, const char *what, struct err *e)
{
	autoclose int fd = extract_fat(image, p, what, e);
	if (fd < 0)
		return -1;
	autofree char *path = fd_path(fd);
	const char *argv[] = {"fsck.fat", "-n", path, NULL};
	return run_check(argv, FSCK_FAT_FOUND, what, e);
}

int image_check(const char *path, const char *name, struct err *e)
{
	auto_disk *d = NULL;
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot open", name);
	if (disk_probe(path, name, &d, e) < 0)
		return -1;
	for (size_t i = 0; i < d->n_parts; i++) {
		const struct part *p = &d->parts[i];
		autofree char *what = image_part_name(name, p);
		if (part_is_ext(p) && check_ext(fd, p, what, e) < 0)
			return -1;
		if (part_is_fat(p) && check_fat(fd, p, what, e) < 0)
			return -1;
	}
	return 0;
}
