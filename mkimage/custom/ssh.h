/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_CUSTOM_SSH_H
#define MKIMAGE_CUSTOM_SSH_H

/* The parts of the customisation `ssh`. */

#include "plan.h"

#define SSH_DIR "/etc/ssh"
#define SSH_HOST_KEY SSH_DIR "/ssh_host_ed25519_key"
#define SSH_BLOCK "ssh"

/* What the image's sshd can do, by the words in the program. */
struct sshd {
	bool is_old;	      /* before OpenSSH 6.5: without ed25519, so without the node's key */
	bool says_prohibit;   /* since 7.0: "prohibit-password", formerly "without-password" */
	bool has_tcp_wrapper; /* /etc/hosts.allow and hosts.deny are live */
	bool knows_restrict;  /* since 7.2: a key that may do nothing but its command */
};

/* ssh_daemon.c: what sshd is, its settings, and the host keys that it must not use. */
int ssh_find_daemon(struct plan_ctx *ctx, struct sshd *ret, struct err *e) must_check;
int ssh_plan_settings(struct plan_ctx *ctx, const struct sshd *d, const char *config,
		      struct err *e) must_check;
int ssh_plan_stock_keys(struct plan_ctx *ctx, struct err *e) must_check;

/* ssh_boot.c: sshd on at boot, whatever starts it. */
int ssh_plan_boot(struct plan_ctx *ctx, struct err *e) must_check;

/* ssh_client.c: the nodes among each other, without a question. */
int ssh_plan_client(struct plan_ctx *ctx, struct err *e) must_check;

/* ssh_wrapper.c: /etc/hosts.allow. */
int ssh_plan_wrapper(struct plan_ctx *ctx, struct err *e) must_check;
/* Has this /etc/hosts.deny (hosts_access(5)) a rule for the daemon?  What it says is not asked. */
bool ssh_wrapper_denies(const char *hosts_deny, const char *daemon);

/*
 * Does this ssh_config or sshd_config include the files of that directory ("ssh_config.d") before
 * it says anything of one host or user?  Debian's and others' do; old versions know no Include.
 */
bool ssh_includes(const char *config, const char *directory);
/* First word of a line of sshd_config or ssh_config, and the rest; false: blank or a comment. */
bool ssh_split_setting(char *line, const char **ret_word, const char **ret_rest);

#endif
