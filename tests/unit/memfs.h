/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TESTS_UNIT_MEMFS_H
#define TESTS_UNIT_MEMFS_H

/* A file system in memory that keeps the contract of fs.h strictly, and fails where it is told. */

#include <string.h>
#include <strings.h>

#include "fs.h"
#include "mem.h"

struct memnode {
	char *path;
	enum file_type type;
	uint32_t mode, uid, gid;
	struct str data; /* content or target */
	bool xattr;	 /* something that only a new file loses */
};

struct memfs {
	struct fs fs;
	struct fs_ops ops;
	struct memnode *nodes;
	size_t n, cap;
	const char *loop;      /* this directory is its own parent's once more, as when damaged */
	const char *fail_path; /* what changes this path fails with fail_code */
	enum err_code fail_code;
	unsigned stats, writes; /* how often they were asked for */
};

/* "/a/loop/loop/x" is "/a/x" when loop is "/a/loop". */
static inline char *memfs_real(const struct memfs *m, const char *path)
{
	size_t len = m->loop ? strlen(m->loop) : 0;
	char *real = xstrdup(path);
	while (len && strncmp(real, m->loop, len) == 0 && real[len] == '/') {
		size_t parent = (size_t)(strrchr(m->loop, '/') - m->loop);
		memmove(real + parent, real + len, strlen(real + len) + 1);
	}
	return real;
}

static inline struct memnode *memfs_find(struct fs *fs, const char *path)
{
	struct memfs *m = (struct memfs *)fs;
	bool fat = strcmp(m->ops.name, "fat") == 0;
	autofree char *real = memfs_real(m, path);
	for (size_t i = 0; i < m->n; i++) {
		const char *p = m->nodes[i].path;
		if (fat ? strcasecmp(p, real) == 0 : strcmp(p, real) == 0)
			return &m->nodes[i];
	}
	return NULL;
}

static inline int memfs_no(struct fs *fs, const char *path, const char *why, struct err *e)
{
	return err_set(e, ERR_IMAGE, "%s: %s: %s", fs->what, path, why);
}

static inline int memfs_may_change(struct fs *fs, const char *path, struct err *e)
{
	struct memfs *m = (struct memfs *)fs;
	m->writes++;
	if (!m->fail_path || strcmp(m->fail_path, path) != 0)
		return 0;
	return err_set(e, m->fail_code, "%s: %s: no space left in it", fs->what, path);
}

/* Make a node; its parent has to be a directory. */
static inline int memfs_add(struct fs *fs, const char *path, enum file_type type, uint32_t mode,
			    struct memnode **ret, struct err *e)
{
	struct memfs *m = (struct memfs *)fs;
	autofree char *dir = path_dir(path);
	const struct memnode *parent = memfs_find(fs, dir);
	if (memfs_may_change(fs, path, e) < 0)
		return -1;
	if (strcmp(path, "/") != 0 && (!parent || parent->type != FILE_DIR))
		return memfs_no(fs, path, "its parent is no directory", e);
	if (memfs_find(fs, path))
		return memfs_no(fs, path, "exists", e);
	m->nodes = array_reserve(m->nodes, m->n, &m->cap, sizeof(*m->nodes));
	*ret = &m->nodes[m->n++];
	**ret = (struct memnode){.path = xstrdup(path), .type = type, .mode = mode};
	return 0;
}

static inline int memfs_stat(struct fs *fs, const char *path, struct fs_stat *ret, struct err *e)
{
	(void)e;
	const struct memnode *n = memfs_find(fs, path);
	((struct memfs *)fs)->stats++;
	*ret = (struct fs_stat){.type = FILE_NONE};
	if (n)
		*ret = (struct fs_stat){n->type, n->mode, n->uid, n->gid, n->data.len};
	if (n && strcmp(fs->ops->name, "fat") == 0)
		*ret = (struct fs_stat){.type = n->type, .mode = 0755, .size = n->data.len};
	return 0;
}

static inline int memfs_read(struct fs *fs, const char *path, uint64_t max, struct str *out,
			     struct err *e)
{
	const struct memnode *n = memfs_find(fs, path);
	if (!n || n->type != FILE_REGULAR)
		return memfs_no(fs, path, "no file", e);
	if (n->data.len > max)
		return memfs_no(fs, path, "too large", e);
	str_add(out, str_text(&n->data), n->data.len);
	return 0;
}

static inline int memfs_readlink(struct fs *fs, const char *path, char **ret, struct err *e)
{
	const struct memnode *n = memfs_find(fs, path);
	if (!n || n->type != FILE_SYMLINK)
		return memfs_no(fs, path, "no symlink", e);
	*ret = xstrdup(str_text(&n->data));
	return 0;
}

static inline bool memfs_is_in(const struct memnode *n, const char *dir)
{
	autofree char *parent = path_dir(n->path);
	return strcmp(n->path, "/") != 0 && strcmp(parent, dir) == 0;
}

static inline int memfs_list(struct fs *fs, const char *path, struct strv *ret, struct err *e)
{
	struct memfs *m = (struct memfs *)fs;
	autofree char *slash = xasprintf("%s/", path);
	autofree char *real = memfs_real(m, slash);
	const struct memnode *dir = memfs_find(fs, path);
	if (real[1])
		real[strlen(real) - 1] = '\0';
	if (!dir || dir->type != FILE_DIR)
		return memfs_no(fs, path, "no directory", e);
	for (size_t i = 0; i < m->n; i++) {
		if (memfs_is_in(&m->nodes[i], *real ? real : "/"))
			strv_add(ret, path_base(m->nodes[i].path));
	}
	strv_sort(ret);
	return 0;
}

static inline int memfs_write(struct fs *fs, const char *path, const struct fs_source *src,
			      struct err *e)
{
	char buffer[1000];
	auto_str data = STR_INIT;
	ssize_t n;
	struct memnode *node = memfs_find(fs, path);
	if (node && node->type != FILE_REGULAR)
		return memfs_no(fs, path, "no file", e);
	while ((n = src->read(src->ctx, buffer, sizeof(buffer), e)) > 0)
		str_add(&data, buffer, (size_t)n);
	if (n < 0 || (node ? memfs_may_change(fs, path, e)
			   : memfs_add(fs, path, FILE_REGULAR, 0644, &node, e)) < 0)
		return -1;
	str_done(&node->data);
	node->data = data;
	data = (struct str)STR_INIT;
	return 0;
}

static inline int memfs_mkdir(struct fs *fs, const char *path, struct err *e)
{
	struct memnode *node;
	return memfs_add(fs, path, FILE_DIR, 0755, &node, e);
}

static inline int memfs_symlink(struct fs *fs, const char *path, const char *target, struct err *e)
{
	struct memnode *node;
	if (memfs_add(fs, path, FILE_SYMLINK, 0777, &node, e) < 0)
		return -1;
	str_puts(&node->data, target);
	return 0;
}

static inline int memfs_remove(struct fs *fs, const char *path, struct err *e)
{
	struct memfs *m = (struct memfs *)fs;
	struct memnode *n = memfs_find(fs, path);
	if (memfs_may_change(fs, path, e) < 0)
		return -1;
	if (!n)
		return memfs_no(fs, path, "absent", e);
	for (size_t i = 0; i < m->n; i++) {
		if (memfs_is_in(&m->nodes[i], n->path))
			return memfs_no(fs, path, "not empty", e);
	}
	free(n->path);
	str_done(&n->data);
	*n = m->nodes[--m->n];
	return 0;
}

static inline int memfs_attr(struct fs *fs, const char *path, uint32_t mode, uint32_t uid,
			     uint32_t gid, struct err *e)
{
	struct memnode *n = memfs_find(fs, path);
	if (!n)
		return memfs_no(fs, path, "absent", e);
	if (memfs_may_change(fs, path, e) < 0)
		return -1;
	n->mode = mode;
	n->uid = uid;
	n->gid = gid;
	return 0;
}

static inline struct memfs *memfs_new(const char *name)
{
	struct memfs *m = xcalloc(1, sizeof(*m));
	auto_err e = ERR_INIT;
	m->ops = (struct fs_ops){.name = name,
				 .stat = memfs_stat,
				 .read = memfs_read,
				 .readlink = memfs_readlink,
				 .list = memfs_list,
				 .write = memfs_write,
				 .mkdir = memfs_mkdir,
				 .symlink = memfs_symlink,
				 .remove = memfs_remove,
				 .attr = memfs_attr};
	m->fs = (struct fs){.ops = &m->ops, .what = xstrdup(name), .writable = true};
	if (memfs_mkdir(&m->fs, "/", &e) < 0)
		abort();
	return m;
}

static inline void memfs_free(struct memfs *m)
{
	for (size_t i = 0; i < m->n; i++) {
		free(m->nodes[i].path);
		str_done(&m->nodes[i].data);
	}
	free(m->nodes);
	free(m->fs.what);
	free(m);
}

/* Everything in it, a line a path, sorted: two equal texts are two equal file systems. */
static inline char *memfs_dump(const struct memfs *m)
{
	auto_strv lines = {0};
	auto_str out = STR_INIT;
	for (size_t i = 0; i < m->n; i++) {
		const struct memnode *n = &m->nodes[i];
		strv_printf(&lines, "%s %c %04o %u:%u%s %s\n", n->path,
			    n->type == FILE_DIR	      ? 'd'
			    : n->type == FILE_SYMLINK ? 'l'
						      : 'f',
			    n->mode, n->uid, n->gid, n->xattr ? " xattr" : "", str_text(&n->data));
	}
	strv_sort(&lines);
	strv_foreach (line, &lines)
		str_puts(&out, *line);
	return str_steal(&out);
}

#endif
