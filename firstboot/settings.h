/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef FIRSTBOOT_SETTINGS_H
#define FIRSTBOOT_SETTINGS_H

/*
 * /etc/cardstock/firstboot.conf, which mkimage writes: what this card is to become.
 *
 *   version = 1
 *   hostname = worker003
 *   enable = ssh.service
 *   enable = chrony.service
 *
 * How it is read is in conf.h.
 */

#include <stdbool.h>
#include <stddef.h>

#include "conf.h"
#include "err.h"
#include "step.h"
#include "str.h"

#define SETTINGS_PATH "/etc/cardstock/firstboot.conf"
#define SETTINGS_MAX (64u << 10)
#define SETTINGS_VERSION 1
#define JOIN_SPREAD_MAX 120 /* seconds */

/* Texts are NULL when the file has not the key. */
struct settings {
	long version;
	char *hostname;	     /* one label */
	char *cluster;	     /* name of the cluster */
	char *role;	     /* master, worker, … */
	char *address;	     /* IPv4 with prefix: "10.0.0.13/24" */
	char *boot;	     /* mount point of the FAT partition; NULL: the card has none */
	char *target;	     /* boot target: "multi-user.target" */
	char *led;	     /* name under /sys/class/leds; NULL: chosen */
	char *build;	     /* id of the image; another one makes all steps run again */
	char *register_at;   /* whom the board registers with: "cardstock@10.0.0.1:2222" */
	char *register_name; /* name of the master in its host certificate */
	char *host_ca;	     /* "ssh-ed25519 BASE64" of the CA that signed that */
	char *spread;	     /* seconds over which the boards' first visits are spread */
	bool grow;	     /* the root file system is to fill the card */
	bool ntp;	     /* a time source is expected */
	struct strv enable, disable, mask; /* units */
	struct strv mounts;		   /* mount points that have to be mounted */
	struct strv packages;		   /* that have to be installed */
};

extern const struct conf_key settings_keys[];

/* Parse text; what names it in messages ("PATH:LINE: …").  *ret is filled on success only. */
int settings_parse(const char *text, size_t len, const char *what, struct settings *ret,
		   struct err *e) must_check;
/* Read and parse the file below the root; that it is absent is an error. */
int settings_load(const struct ctx *ctx, struct settings *ret, struct err *e) must_check;
void settings_done(struct settings *s);
#define auto_settings __attribute__((cleanup(settings_done))) struct settings

#endif
