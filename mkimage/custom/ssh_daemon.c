/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>
#include <strings.h>

#include "edit.h"
#include "mem.h"
#include "program.h"
#include "ssh.h"
#include "text.h"

#define CONFIG SSH_DIR "/sshd_config"
#define DROP_INS SSH_DIR "/sshd_config.d"
#define DROP_IN "10-cardstock.conf"
#define SSHD "/usr/sbin/sshd"
#define PROGRAM_MAX (16u << 20) /* what plan_read reads */
#define ELF "\177ELF"
#define LIBWRAP "libwrap.so"
#define LIBWRAP_WITHIN (256u << 10) /* what a program is linked with stands in its front */

/* In sshd_config(5) the first value wins. */
static const char *const ours[] = {"PasswordAuthentication", "KbdInteractiveAuthentication",
				   "ChallengeResponseAuthentication", "PermitRootLogin"};

static bool is_ours(const char *word)
{
	for (size_t i = 0; i < sizeof(ours) / sizeof(*ours); i++) {
		if (strcasecmp(word, ours[i]) == 0)
			return true;
	}
	return false;
}

static bool mentions(const struct str *program, const char *word)
{
	return memmem(str_text(program), program->len, word, strlen(word)) != NULL;
}

static bool is_elf(const struct str *program)
{
	return str_starts(str_text(program), ELF);
}

/* Since 9.8 the work is done by sshd-session: 1 when there is one. */
static int find_session(struct plan_ctx *ctx, struct sshd *ret, struct err *e)
{
	static const char *const programs[] = {"/usr/lib/openssh/sshd-session",
					       "/usr/libexec/openssh/sshd-session",
					       "/usr/lib/ssh/sshd-session"};
	for (size_t i = 0; i < sizeof(programs) / sizeof(*programs); i++) {
		auto_str head = STR_INIT;
		if (plan_head(ctx, programs[i], strlen(ELF), &head, e) < 0)
			return -1;
		if (!is_elf(&head))
			continue;
		int wrapper = program_mentions(ctx, programs[i], LIBWRAP, strlen(LIBWRAP),
					       LIBWRAP_WITHIN, e);
		if (wrapper < 0)
			return -1;
		*ret = (struct sshd){.says_prohibit = true,
				     .knows_restrict = true,
				     .has_tcp_wrapper = wrapper > 0};
		return 1;
	}
	return 0;
}

/* What is no ELF program tells nothing. */
int ssh_find_daemon(struct plan_ctx *ctx, struct sshd *ret, struct err *e)
{
	auto_str program = STR_INIT;
	struct fs_stat st;
	int found = find_session(ctx, ret, e);
	if (found)
		return found < 0 ? -1 : 0;
	if (plan_stat(ctx, SSHD, &st, e) < 0)
		return -1;
	if (st.type == FILE_REGULAR && st.size <= PROGRAM_MAX &&
	    plan_read(ctx, SSHD, &program, e) < 0)
		return -1;
	bool known = is_elf(&program);
	ret->is_old = known && !mentions(&program, "ssh-ed25519");
	ret->says_prohibit = !known || mentions(&program, "prohibit-password");
	/* The word alone, with its end. */
	ret->knows_restrict = !known || memmem(str_text(&program), program.len, "restrict",
					       sizeof("restrict"));
	ret->has_tcp_wrapper = known && mentions(&program, LIBWRAP);
	return 0;
}

/* KbdInteractiveAuthentication: with PAM it asks for the same password under another name. */
static void format_settings(struct plan_ctx *ctx, const struct sshd *d, struct str *out)
{
	const char *passwords = profile_bool(ctx->profile, "ssh-passwords") ? "yes" : "no";
	bool root = strcmp(profile_str(ctx->profile, "ssh-root"), "key") == 0;
	if (!d->is_old)
		str_puts(out, "HostKey " SSH_HOST_KEY "\n"
			      "HostCertificate " SSH_HOST_KEY "-cert.pub\n");
	str_printf(out,
		   "PasswordAuthentication %s\n"
		   "KbdInteractiveAuthentication %s\n"
		   "PermitRootLogin %s\n",
		   passwords, passwords,
		   !root	      ? "no"
		   : d->says_prohibit ? "prohibit-password"
				      : "without-password");
}

bool ssh_split_setting(char *line, const char **ret_word, const char **ret_rest)
{
	line += strspn(line, " \t\r");
	if (!*line || *line == '#')
		return false;
	size_t len = strcspn(line, " \t\r=");
	*ret_word = line;
	*ret_rest = line[len] ? line + len + 1 : "";
	line[len] = '\0';
	return true;
}

/*
 * True when the main file includes the directory before it says anything that the drop-in wants to
 * say; Match blocks reach to the end.
 */
static bool drop_in_rules(const char *config)
{
	auto_strv lines = {0};
	strv_split(&lines, config, "\n");
	strv_foreach (line, &lines) {
		const char *word, *rest;
		if (!ssh_split_setting(*line, &word, &rest))
			continue;
		if (strcasecmp(word, "Include") == 0 && strstr(rest, "sshd_config.d/*.conf"))
			return true;
		if (is_ours(word) || strcasecmp(word, "Match") == 0)
			return false;
	}
	return false;
}

/* The first of our settings that this text makes, owned; NULL: none. */
static char *find_ours(const char *text)
{
	auto_strv lines = {0};
	strv_split(&lines, text, "\n");
	strv_foreach (line, &lines) {
		const char *word, *rest;
		if (ssh_split_setting(*line, &word, &rest) && is_ours(word))
			return xstrdup(word);
	}
	return NULL;
}

/* Files that are read before ours, by their names. */
static int note_former(struct plan_ctx *ctx, struct err *e)
{
	auto_strv names = {0};
	if (plan_list(ctx, DROP_INS, &names, e) < 0)
		return -1;
	strv_foreach (name, &names) {
		auto_str text = STR_INIT;
		autofree char *path = path_join(DROP_INS, *name);
		if (!str_ends(*name, ".conf") || strcmp(*name, DROP_IN) >= 0)
			continue;
		if (text_read_optional(ctx, path, &text, e) < 0)
			return -1;
		autofree char *word = find_ours(str_text(&text));
		if (word)
			plan_note(ctx, "%s says %s before the profile does, and the first wins",
				  path, word);
	}
	return 0;
}

bool ssh_includes(const char *config, const char *directory)
{
	auto_strv lines = {0};
	autofree char *files = xasprintf("%s/*.conf", directory);
	strv_split(&lines, config, "\n");
	strv_foreach (line, &lines) {
		const char *word, *rest;
		if (!ssh_split_setting(*line, &word, &rest))
			continue;
		if (strcasecmp(word, "Include") == 0 && strstr(rest, files))
			return true;
		if (strcasecmp(word, "Host") == 0 || strcasecmp(word, "Match") == 0)
			return false;
	}
	return false;
}

/* Old sshd has no Include: the settings go to the top of its one file. */
int ssh_plan_settings(struct plan_ctx *ctx, const struct sshd *d, const char *config, struct err *e)
{
	auto_str settings = STR_INIT, out = STR_INIT;
	const char *why = "the node's signed host key, and who may log in";
	format_settings(ctx, d, &settings);
	if (drop_in_rules(config))
		return note_former(ctx, e) < 0
			       ? -1
			       : plan_write_text(ctx, DROP_INS "/" DROP_IN, str_text(&settings),
						 ATTR_ROOT(0644), why, e);
	block_set_first(&out, config, SSH_BLOCK, str_text(&settings));
	return plan_write(ctx, CONFIG, str_text(&out), out.len, ATTR_KEEP, why, e);
}

int ssh_plan_stock_keys(struct plan_ctx *ctx, struct err *e)
{
	auto_strv names = {0};
	if (plan_list(ctx, SSH_DIR, &names, e) < 0)
		return -1;
	strv_foreach (name, &names) {
		autofree char *path = path_join(SSH_DIR, *name);
		if (!str_starts(*name, "ssh_host_") || str_starts(path, SSH_HOST_KEY))
			continue;
		if (plan_remove(ctx, path, "a host key of the image: all copies would share it",
				e) < 0)
			return -1;
	}
	return 0;
}
