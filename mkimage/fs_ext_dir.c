/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>
#include <sys/stat.h>

#include "fs_ext.h"
#include "mem.h"

/*
 * libext2fs looks a name up by reading the whole directory, and so adds one.  Both are done here
 * on a table of the names, made when a directory is first looked into; with it a tree of 40,000
 * files fills in seconds.
 */

#define DIRS_MAX_BYTES (16u << 20) /* of tables; then all are dropped */
#define DIR_MAX_BYTES (64u << 20)  /* of a directory: more than a million names */

struct name {
	uint32_t hash, ino; /* ino 0: removed */
	uint32_t at;	    /* of the text in ext_dir.text; 0: never used */
	uint8_t len;
};

struct ext_dir {
	ext2_ino_t ino;
	bool linear;	    /* blocks of names and nothing else: no index, not in the inode */
	const char *sealed; /* why no name can be added, or NULL */
	struct name *names;
	size_t n, used, cap; /* names there; slots used, removed ones too; slots */
	struct str text;
	uint64_t blocks; /* of the directory */
	uint64_t hint;	 /* the blocks before this one are full */
};

static uint32_t hash_name(const char *name, size_t len)
{
	uint32_t hash = 2166136261u;
	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)name[i]) * 16777619u;
	return hash;
}

static struct name *find_slot(const struct ext_dir *d, const char *name, size_t len, uint32_t hash)
{
	size_t i = hash & (d->cap - 1);
	for (; d->names[i].at; i = (i + 1) & (d->cap - 1)) {
		const struct name *candidate = &d->names[i];
		if (candidate->ino && candidate->hash == hash && candidate->len == len &&
		    memcmp(d->text.data + candidate->at, name, len) == 0)
			break;
	}
	return &d->names[i];
}

static void grow(struct ext_dir *d)
{
	struct name *old = d->names;
	size_t old_cap = d->cap;
	d->cap = 16;
	while (d->cap < d->n * 4)
		d->cap *= 2;
	d->names = xcalloc(d->cap, sizeof(*d->names));
	d->used = d->n;
	for (size_t i = 0; i < old_cap; i++) {
		if (!old[i].ino)
			continue;
		size_t to = old[i].hash & (d->cap - 1);
		while (d->names[to].at)
			to = (to + 1) & (d->cap - 1);
		d->names[to] = old[i];
	}
	free(old);
}

static void remember(struct ext_dir *d, const char *name, size_t len, ext2_ino_t ino)
{
	if (d->used * 2 >= d->cap)
		grow(d);
	uint32_t hash = hash_name(name, len);
	struct name *slot = find_slot(d, name, len, hash);
	if (slot->at) /* a damaged directory can have a name twice: the first one counts */
		return;
	*slot = (struct name){hash, ino, (uint32_t)d->text.len, (uint8_t)len};
	str_add(&d->text, name, len);
	d->n++;
	d->used++;
}

ext2_ino_t ext_dir_lookup(const struct ext_dir *d, const char *name, size_t len)
{
	const struct name *slot = find_slot(d, name, len, hash_name(name, len));
	return slot->at ? slot->ino : 0;
}

ext2_ino_t ext_dir_inode(const struct ext_dir *d)
{
	return d->ino;
}

const char *ext_dir_sealed(const struct ext_dir *d)
{
	return d->sealed;
}

size_t ext_dir_count(const struct ext_dir *d)
{
	return d->n;
}

void ext_dir_names(const struct ext_dir *d, struct strv *ret)
{
	for (size_t i = 0; i < d->cap; i++) {
		const struct name *name = &d->names[i];
		if (name->ino)
			strv_add_owned(ret, xstrndup(d->text.data + name->at, name->len));
	}
}

static void free_dir(struct ext_dir *d)
{
	if (!d)
		return;
	free(d->names);
	str_done(&d->text);
	free(d);
}

void ext_dirs_done(struct ext_dirs *dirs)
{
	for (size_t i = 0; i < dirs->cap; i++)
		free_dir(dirs->table[i]);
	free(dirs->table);
	*dirs = (struct ext_dirs){0};
}

static struct ext_dir **dir_slot(const struct ext_dirs *dirs, ext2_ino_t ino)
{
	size_t i = (ino * 2654435761u) & (dirs->cap - 1);
	while (dirs->table[i] && dirs->table[i]->ino != ino)
		i = (i + 1) & (dirs->cap - 1);
	return &dirs->table[i];
}

static void grow_dirs(struct ext_dirs *dirs)
{
	struct ext_dirs old = *dirs;
	dirs->cap = old.cap ? old.cap * 2 : 64;
	dirs->table = xcalloc(dirs->cap, sizeof(*dirs->table));
	for (size_t i = 0; i < old.cap; i++) {
		if (old.table[i])
			*dir_slot(dirs, old.table[i]->ino) = old.table[i];
	}
	free(old.table);
}

static size_t memory_of(const struct ext_dir *d)
{
	return sizeof(*d) + d->cap * sizeof(*d->names) + d->text.cap;
}

static void keep_dir(struct ext_dirs *dirs, struct ext_dir *d)
{
	size_t bytes = memory_of(d);
	if (dirs->memory + bytes > DIRS_MAX_BYTES)
		ext_dirs_done(dirs);
	if (dirs->n * 2 >= dirs->cap)
		grow_dirs(dirs);
	*dir_slot(dirs, d->ino) = d;
	dirs->n++;
	dirs->memory += bytes;
}

void ext_dir_forget(struct ext *x, ext2_ino_t ino)
{
	struct ext_dirs *dirs = &x->dirs;
	if (!dirs->cap || !*dir_slot(dirs, ino))
		return;
	/* Open addressing does not take a hole: put what follows in again. */
	struct ext_dir **slot = dir_slot(dirs, ino);
	dirs->memory -= memory_of(*slot);
	free_dir(*slot);
	*slot = NULL;
	dirs->n--;
	for (size_t i = (size_t)(slot - dirs->table + 1) & (dirs->cap - 1); dirs->table[i];
	     i = (i + 1) & (dirs->cap - 1)) {
		struct ext_dir *moved = dirs->table[i];
		dirs->table[i] = NULL;
		*dir_slot(dirs, moved->ino) = moved;
	}
}

struct load {
	struct ext *x;
	struct ext_dir *dir;
	const char *damage;
	uint64_t seen; /* bytes of blocks that were visited */
};

/* "." and "..": where they stand says nothing, a directory within the inode has them elsewhere. */
static bool is_dot(const char *name, size_t len)
{
	return len && len <= 2 && name[0] == '.' && name[len - 1] == '.';
}

static int load_name(ext2_ino_t dir, int entry, struct ext2_dir_entry *dirent, int offset, int size,
		     char *block, void *ctx)
{
	(void)dir;
	(void)entry;
	(void)block;
	struct load *load = ctx;
	if (offset == 0)
		load->seen += (uint64_t)size;
	if (load->seen > DIR_MAX_BYTES)
		load->damage = "the directory does not end";
	size_t len = (size_t)ext2fs_dirent_name_len(dirent);
	ext2_ino_t ino = dirent->inode;
	if (!ino || load->damage || is_dot(dirent->name, len))
		return load->damage ? DIRENT_ABORT : 0;
	const struct ext2_super_block *sb = load->x->e2->super;
	if (!len || memchr(dirent->name, '/', len) || memchr(dirent->name, '\0', len))
		load->damage = "a name in the directory is not one";
	else if (ino > sb->s_inodes_count || (ino < EXT2_FIRST_INODE(sb) && ino != EXT2_ROOT_INO))
		load->damage = "a name in the directory leads nowhere";
	else
		remember(load->dir, dirent->name, len, ino);
	return load->damage ? DIRENT_ABORT : 0;
}

static int load_dir(struct ext *x, const char *path, ext2_ino_t ino, struct ext_dir *d,
		    struct err *e)
{
	struct ext2_inode_large inode;
	if (ext_read_inode(x, path, ino, &inode, e) < 0)
		return -1;
	if (!LINUX_S_ISDIR(inode.i_mode))
		return err_set(e, ERR_FAILED, "%s: %s: is not a directory", x->fs.what, path);
	if (EXT2_I_SIZE(&inode) > DIR_MAX_BYTES)
		return ext_damaged(x, path, "the directory is absurdly large", e);
	if (ext_check_map(x, path, ino, &inode, e) < 0)
		return -1;
	if (inode.i_flags & EXT4_ENCRYPT_FL)
		d->sealed = "the directory is encrypted";
	else if (inode.i_flags & EXT4_CASEFOLD_FL)
		d->sealed = "the directory ignores case";
	d->ino = ino;
	d->linear = !(inode.i_flags & (EXT2_INDEX_FL | EXT4_INLINE_DATA_FL));
	d->blocks = EXT2_I_SIZE(&inode) / x->e2->blocksize;
	struct load load = {.x = x, .dir = d};
	errcode_t failure = ext2fs_dir_iterate2(x->e2, ino, DIRENT_FLAG_INCLUDE_EMPTY, NULL,
						load_name, &load);
	if (failure)
		return ext_error(x, path, failure, "cannot read the directory", e);
	return load.damage ? ext_damaged(x, path, load.damage, e) : 0;
}

int ext_dir_open(struct ext *x, const char *path, ext2_ino_t ino, struct ext_dir **ret,
		 struct err *e)
{
	if (x->dirs.cap && *dir_slot(&x->dirs, ino)) {
		*ret = *dir_slot(&x->dirs, ino);
		return 0;
	}
	struct ext_dir *d = xcalloc(1, sizeof(*d));
	grow(d);
	str_add(&d->text, "", 1); /* 0 is no place of a name */
	if (load_dir(x, path, ino, d, e) < 0) {
		free_dir(d);
		return -1;
	}
	keep_dir(&x->dirs, d);
	*ret = d;
	return 0;
}

static bool is_directory(const struct ext *x, ext2_ino_t ino)
{
	if (x->dirs.cap && *dir_slot(&x->dirs, ino))
		return true;
	struct ext2_inode inode;
	return ext2fs_read_inode(x->e2, ino, &inode) == 0 && LINUX_S_ISDIR(inode.i_mode);
}

/* Walk the first len bytes of path; *ret is 0 when that leads nowhere. */
static int walk(struct ext *x, const char *path, size_t len, ext2_ino_t *ret, struct err *e)
{
	ext2_ino_t ino = EXT2_ROOT_INO;
	for (size_t at = 0; ino && at < len;) {
		if (path[at] == '/') {
			at++;
			continue;
		}
		struct ext_dir *dir;
		size_t name = strcspn(path + at, "/");
		if (!is_directory(x, ino)) {
			ino = 0;
			break;
		}
		autofree char *so_far = xstrndup(path, at ? at : 1);
		if (ext_dir_open(x, so_far, ino, &dir, e) < 0)
			return -1;
		ino = ext_dir_lookup(dir, path + at, name);
		at += name;
	}
	*ret = ino;
	return 0;
}

int ext_find(struct ext *x, const char *path, ext2_ino_t *ret, struct err *e)
{
	return walk(x, path, strlen(path), ret, e);
}

int ext_parent(struct ext *x, const char *path, struct ext_dir **ret, struct err *e)
{
	ext2_ino_t ino;
	if (walk(x, path, (size_t)(path_base(path) - path), &ino, e) < 0)
		return -1;
	if (!ino)
		return err_set(e, ERR_FAILED, "%s: %s: its directory does not exist", x->fs.what,
			       path);
	if (!is_directory(x, ino))
		return err_set(e, ERR_FAILED, "%s: %s: what it is in is not a directory",
			       x->fs.what, path);
	return ext_dir_open(x, path, ino, ret, e);
}

/* Room that a name takes in a directory block. */
static unsigned entry_size(size_t len)
{
	return (unsigned)(8 + ((len + 3) & ~(size_t)3));
}

static void put_entry(const struct ext *x, struct ext2_dir_entry *entry, const char *name,
		      ext2_ino_t ino, int file_type)
{
	size_t len = strlen(name);
	entry->inode = ino;
	entry->name_len = 0;
	ext2fs_dirent_set_name_len(entry, (int)len);
	if (ext2fs_has_feature_filetype(x->e2->super))
		ext2fs_dirent_set_file_type(entry, file_type);
	memcpy(entry->name, name, len);
}

/* Put the name into the block where it fits; EXT2_ET_DIR_NO_SPACE when it does not. */
static errcode_t add_to_block(const struct ext *x, char *block, const char *name, ext2_ino_t ino,
			      int file_type)
{
	unsigned size = x->e2->blocksize, need = entry_size(strlen(name)), len;
	if (ext2fs_has_feature_metadata_csum(x->e2->super))
		size -= sizeof(struct ext2_dir_entry_tail);
	for (unsigned at = 0; at + 8 < size; at += len) {
		struct ext2_dir_entry *entry = (struct ext2_dir_entry *)(block + at);
		errcode_t failure = ext2fs_get_rec_len(x->e2, entry, &len);
		if (failure)
			return failure;
		unsigned taken = entry->inode ? entry_size((size_t)ext2fs_dirent_name_len(entry))
					      : 0;
		if (len < 8 || len % 4 || at + len > size || taken > len)
			return EXT2_ET_DIR_CORRUPTED;
		if (len - taken < need)
			continue;
		if (taken) {
			failure = ext2fs_set_rec_len(x->e2, taken, entry);
			entry = (struct ext2_dir_entry *)(block + at + taken);
			if (!failure)
				failure = ext2fs_set_rec_len(x->e2, len - taken, entry);
		}
		put_entry(x, entry, name, ino, file_type);
		return failure;
	}
	return EXT2_ET_DIR_NO_SPACE;
}

/* Add to the first block from the hint on that has room. */
static errcode_t add_linear(const struct ext *x, struct ext_dir *d, const char *name,
			    ext2_ino_t ino, int file_type)
{
	autofree char *block = xmalloc(x->e2->blocksize);
	for (; d->hint < d->blocks; d->hint++) {
		blk64_t where = 0;
		errcode_t failure = ext2fs_bmap2(x->e2, d->ino, NULL, NULL, 0, d->hint, NULL,
						 &where);
		if (failure || !where)
			return failure ? failure : EXT2_ET_DIR_CORRUPTED;
		failure = ext2fs_read_dir_block4(x->e2, where, block, 0, d->ino);
		if (!failure)
			failure = add_to_block(x, block, name, ino, file_type);
		if (!failure)
			return ext2fs_write_dir_block4(x->e2, where, block, 0, d->ino);
		if (failure != EXT2_ET_DIR_NO_SPACE)
			return failure;
	}
	return EXT2_ET_DIR_NO_SPACE;
}

static int file_type_of(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return EXT2_FT_REG_FILE;
	case S_IFDIR:
		return EXT2_FT_DIR;
	case S_IFCHR:
		return EXT2_FT_CHRDEV;
	case S_IFBLK:
		return EXT2_FT_BLKDEV;
	case S_IFIFO:
		return EXT2_FT_FIFO;
	case S_IFSOCK:
		return EXT2_FT_SOCK;
	default:
		return EXT2_FT_SYMLINK;
	}
}

/* What ext2fs_expand_dir made of the directory: one out of the inode has blocks now. */
static errcode_t note_growth(const struct ext *x, struct ext_dir *d)
{
	struct ext2_inode inode;
	errcode_t failure = ext2fs_read_inode(x->e2, d->ino, &inode);
	d->linear = !(inode.i_flags & (EXT2_INDEX_FL | EXT4_INLINE_DATA_FL));
	d->blocks = EXT2_I_SIZE(&inode) / x->e2->blocksize;
	return failure;
}

static errcode_t add_name(const struct ext *x, struct ext_dir *d, const char *name, ext2_ino_t ino,
			  mode_t mode)
{
	for (int growths = 0;; growths++) {
		int type = file_type_of(mode);
		errcode_t failure = d->linear ? add_linear(x, d, name, ino, type)
					      : ext2fs_link(x->e2, d->ino, name, ino, type);
		if (failure != EXT2_ET_DIR_NO_SPACE || growths == 2)
			return failure;
		failure = ext2fs_expand_dir(x->e2, d->ino);
		if (!failure)
			failure = note_growth(x, d);
		if (failure)
			return failure;
	}
}

static int touch(const struct ext *x, const char *path, ext2_ino_t ino, struct err *e)
{
	struct ext2_inode_large inode;
	if (ext_read_inode(x, path, ino, &inode, e) < 0)
		return -1;
	ext_set_times(&inode, EXT_MTIME | EXT_CTIME, x->fs.now);
	return ext_write_inode(x, path, ino, &inode, e);
}

int ext_dir_add(struct ext *x, struct ext_dir *d, const char *path, ext2_ino_t ino, mode_t mode,
		struct err *e)
{
	const char *name = path_base(path);
	size_t before = memory_of(d);
	errcode_t failure = add_name(x, d, name, ino, mode);
	if (failure)
		return ext_error(x, path, failure, "cannot add it to its directory", e);
	remember(d, name, strlen(name), ino);
	x->dirs.memory += memory_of(d) - before;
	return touch(x, path, d->ino, e);
}

int ext_dir_remove(struct ext *x, struct ext_dir *d, const char *path, struct err *e)
{
	const char *name = path_base(path);
	size_t len = strlen(name);
	errcode_t failure = ext2fs_unlink(x->e2, d->ino, name, 0, 0);
	if (failure)
		return ext_error(x, path, failure, "cannot take it from its directory", e);
	struct name *slot = find_slot(d, name, len, hash_name(name, len));
	slot->ino = 0;
	d->n--;
	d->hint = 0;
	return touch(x, path, d->ino, e);
}
