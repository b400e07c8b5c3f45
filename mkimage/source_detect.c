/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "mem.h"
#include "source_parts.h"

#define HEAD 2048 /* bytes that are looked at: up to an ext superblock's magic */
#define TAR_HEADER 512

static const struct {
	const char *bytes;
	size_t len;
	enum source_kind kind;
} magics[] = {
	{"\xfd"
	 "7zXZ\0",
	 6, SOURCE_XZ},				    /* the .xz file format, 2.1.1.1 */
	{"\x1f\x8b\x08", 3, SOURCE_COMPRESSED},	    /* gzip, RFC 1952, deflate */
	{"\x28\xb5\x2f\xfd", 4, SOURCE_COMPRESSED}, /* zstd, RFC 8878 */
	{"BZh", 3, SOURCE_COMPRESSED},		    /* bzip2 */
	{"PK\003\004", 4, SOURCE_ARCHIVE},	    /* zip, APPNOTE 4.3.7 */
	{"PK\005\006", 4, SOURCE_ARCHIVE},	    /* zip without members */
	{"7z\xbc\xaf\x27\x1c", 6, SOURCE_ARCHIVE},  /* 7z */
};

static enum source_kind kind_of_magic(const unsigned char *head, size_t len)
{
	for (size_t i = 0; i < sizeof(magics) / sizeof(*magics); i++) {
		if (len >= magics[i].len && memcmp(head, magics[i].bytes, magics[i].len) == 0)
			return magics[i].kind;
	}
	return SOURCE_RAW;
}

/* The octal number of a tar header's field, -1 when it is none. */
static long tar_octal(const unsigned char *field, size_t len)
{
	long value = 0;
	size_t i = 0;
	while (i < len && field[i] == ' ')
		i++;
	size_t first = i;
	for (; i < len && field[i] >= '0' && field[i] <= '7'; i++)
		value = value * 8 + (field[i] - '0');
	return i == first ? -1 : value;
}

/* tar(5): the checksum is the sum of all bytes of the header, its own field taken as blanks. */
static bool begins_tar(const unsigned char *head, size_t len)
{
	if (len < TAR_HEADER || head[0] == '\0')
		return false;
	long sum = 8 * ' ';
	for (size_t i = 0; i < TAR_HEADER; i++)
		sum += i >= 148 && i < 156 ? 0 : head[i];
	return tar_octal(head + 148, 8) == sum;
}

bool source_begins_disk(const unsigned char *data, size_t len)
{
	bool boot_sector = len >= 512 && data[510] == 0x55 && data[511] == 0xaa;
	bool ext = len >= 1082 && data[1080] == 0x53 && data[1081] == 0xef;
	return boot_sector || ext;
}

int source_detect(int fd, const char *name, enum source_kind *ret, struct err *e)
{
	unsigned char head[HEAD];
	ssize_t n = pread(fd, head, sizeof(head), 0);
	if (n < 0)
		return err_errno(e, ERR_IMAGE, "%s: cannot read", name);
	if (n == 0)
		return err_set(e, ERR_IMAGE, "%s: the file is empty; " SOURCE_ADVICE, name);
	enum source_kind kind = kind_of_magic(head, (size_t)n);
	size_t len = (size_t)n;
	if (kind == SOURCE_XZ || kind == SOURCE_COMPRESSED)
		len = archive_peek(fd, head, sizeof(head));
	if (kind != SOURCE_ARCHIVE && begins_tar(head, len))
		kind = SOURCE_TARBALL;
	*ret = kind;
	return 0;
}
