/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_CUSTOM_NFS_H
#define MKIMAGE_CUSTOM_NFS_H

/* The parts of the customisation `nfs`: who serves a share, the server's side, the clients'. */

#include "plan.h"

/* One section `share`. */
struct share {
	const struct section *section;
	const char *path; /* on the server: the section's title */
	const char *at;	  /* where the others mount it */
	const char *host; /* of the server, as a client names it */
	/* The node that serves it; NULL: a server that is no node of the cluster. */
	const struct node *server;
};

#define SHARES_BLOCK "nfs"
#define NFS_WIRE_UNIT "cardstock-wired.service"

/* /etc/exports, the directories and the service; shares are those that this node serves. */
int nfs_plan_server(struct plan_ctx *ctx, const struct share *shares, size_t n,
		    struct err *e) must_check;
/* Mount points and the lines of fstab; shares are those that others serve. */
int nfs_plan_client(struct plan_ctx *ctx, const struct share *shares, size_t n,
		    struct err *e) must_check;
/* The lines of fstab alone. */
int nfs_plan_fstab(struct plan_ctx *ctx, const struct share *shares, size_t n,
		   struct err *e) must_check;

/* Where systemd mounts shares that come over the wire: NFS_WIRE_UNIT, and the order after it. */
int nfs_plan_wire(struct plan_ctx *ctx, const struct share *shares, size_t n,
		  struct err *e) must_check;
/* exports(5): blanks, quotes and '#' are octal escapes. */
void nfs_add_escaped(struct str *out, const char *path);

/* A directory with the owner, group and mode of the section. */
int nfs_plan_directory(struct plan_ctx *ctx, const struct share *s, const char *path,
		       const char *why, struct err *e) must_check;

/* No share is mounted over the home, or its .ssh, of whom the administrator logs in as. */
int nfs_check_homes(struct plan_ctx *ctx, const struct share *s, struct err *e) must_check;
/*
 * The shares as the registry tells the nodes of them: "HOST:PATH PATH" of all, "PATH ro|rw" of
 * those that this node serves; blanks and the like are octal escapes.
 */
int nfs_registry_lines(struct plan_ctx *ctx, struct strv *mounts, struct strv *exports,
		       struct err *e) must_check;

/* Where this node mounts what others serve; none when its image cannot. */
int nfs_mount_points(struct plan_ctx *ctx, struct strv *ret, struct err *e) must_check;

#endif
