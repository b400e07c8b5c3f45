/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_CUSTOM_NET_H
#define MKIMAGE_CUSTOM_NET_H

/*
 * What brings the image's network up, found by its content, and how each is told of the cluster's
 * wired network and of a wifi.  The profile's keys are in wired.c and wifi.c.
 */

#include "plan.h"

/* Metric of a default route over the wired network: any wifi's is lower and wins. */
#define NET_WIRED_METRIC 1000

#define NET_WHY_WIRED "wired network of the cluster"
#define NET_WHY_WIFI "the wifi of the profile"
#define NET_HEADER "# Made by cardstock.\n"

struct net_wired {
	struct strv names;	/* interfaces; patterns too unless the stack says names_only */
	const char *address;	/* "10.0.0.11"; NULL: ask by DHCP */
	unsigned prefix;	/* of address */
	const char *gateway;	/* address of a gateway; NULL: none */
	bool dhcp_routes;	/* take the default route from DHCP */
	const struct strv *dns; /* addresses of name servers */
};

enum wifi_security { WIFI_OPEN, WIFI_WPA2, WIFI_WPA3, WIFI_WPA2_WPA3 };

struct net_wifi {
	const char *interface; /* "wlan0" */
	unsigned char ssid[32];
	size_t ssid_len;
	enum wifi_security security;
	char *key;	  /* owned: 64 hex digits, for WPA2; else NULL */
	char *passphrase; /* owned: for WPA3, which cannot do with the key; else NULL */
	bool hidden;
	const char *country; /* "DE"; NULL: as the image has it */
	unsigned metric;
};

struct net_stack {
	const char *name;
	bool names_only; /* knows no patterns of interface names */
	/* 1 when this is what brings the network up at boot, 0 when not. */
	int (*detect)(struct plan_ctx *ctx, struct err *e);
	/*
	 * The role's stage, with w->address NULL: what is in the way and what people should know.
	 * NULL: nothing.
	 */
	int (*prepare)(struct plan_ctx *ctx, const struct net_wired *w, struct err *e);
	int (*write_wired)(struct plan_ctx *ctx, const struct net_wired *w, struct err *e);
	/* In the role's stage; 1 when it is set up, 0 and a note when the image cannot. */
	int (*write_wifi)(struct plan_ctx *ctx, const struct net_wifi *w, struct err *e);
};

/*
 * A note for each of netplan's files of the image that speaks of one of these interfaces, where the
 * image has netplan; what: what comes of it.
 */
int net_netplan_note(struct plan_ctx *ctx, const struct strv *names, const char *what,
		     struct err *e) must_check;

/*
 * What firstboot sets up once the master told an unplanned board its address (place_files.h): files
 * of the stack as for a planned node.  stack NULL: DHCP stays, whatever it is told.
 */
int net_plan_place(struct plan_ctx *ctx, const struct net_stack *stack, const struct net_wired *w,
		   struct err *e) must_check;

extern const struct net_stack net_netplan, net_nm, net_dhcpcd, net_networkd, net_ifupdown;

/* The first stack, of those that are switched on, which decides; *ret NULL: the image has none. */
int net_detect(struct plan_ctx *ctx, const struct net_stack **ret, struct err *e) must_check;
/* The names of all stacks, for a message; owned. */
char *net_names(void);
/*
 * 1 when a service starts at boot: its unit ("NetworkManager.service") under systemd, its job or
 * script ("network-manager") under upstart and sysvinit.
 */
int net_starts(struct plan_ctx *ctx, const char *unit, const char *script,
	       struct err *e) must_check;

/* ---- wpa_supplicant, which most stacks use: net_wpa.c ---- */

#define NET_WPA_DIR "/etc/wpa_supplicant"

/* 1 when the image has the program; 0 and a note that there will be no wifi when not. */
int net_wpa_present(struct plan_ctx *ctx, struct err *e) must_check;
/* Its settings for the interface, wpa_supplicant.conf(5). */
int net_wpa_write(struct plan_ctx *ctx, const struct net_wifi *w, struct err *e) must_check;
/* Its unit for the interface starts when the interface is there. */
int net_wpa_enable(struct plan_ctx *ctx, const struct net_wifi *w, struct err *e) must_check;
/*
 * The key of a passphrase of WPA2 (IEEE 802.11, annex J.4: PBKDF2 of 4096 rounds), as 64 hex
 * digits; owned.
 */
char *net_wpa_key(const char *passphrase, const unsigned char *ssid, size_t ssid_len);

/* What NetworkManager and netplan call the password; NULL: open. */
static inline const char *net_wifi_password(const struct net_wifi *w)
{
	return w->passphrase ? w->passphrase : w->key;
}

/* Is the wifi of the profile to be on? NULL: no; else its section. */
const struct section *net_wifi_section(const struct profile *p);

#define NET_NAME_MAX 15 /* bytes of an interface's name: IFNAMSIZ without the NUL */
/* Is it a name, not a pattern that may match several? */
bool net_is_name(const char *interface);
/* 1 when the section `wired` is there, and what it says will be set up at boot. */
int net_wired_comes_up(struct plan_ctx *ctx, struct err *e) must_check;
/* The items with sep behind each but the last. */
void net_join(struct str *out, const struct strv *items, const char *sep);

/*
 * No boot waits longer than ten seconds for the network: a drop-in for the stack's service that
 * waits for it, where the image has one.
 */
int net_plan_online(struct plan_ctx *ctx, const struct net_stack *stack, struct err *e) must_check;

/* 1 when /sbin or /usr/sbin has a program of that name. */
int net_has_program(struct plan_ctx *ctx, const char *name, struct err *e) must_check;

/* Put body in a block of that name of a text file of the image; one that is absent is made. */
int net_block(struct plan_ctx *ctx, const char *path, const char *name, const char *body,
	      const char *why, struct err *e) must_check;

#endif
