/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The wifi, the nodes' way out: found, unblocked, and owner of the default route. */
#include <fnmatch.h>
#include <string.h>

#include "bootconfig.h"
#include "custom.h"
#include "edit_net.h"
#include "io.h"
#include "mem.h"
#include "net.h"
#include "text.h"

#define RFKILL "/var/lib/systemd/rfkill"
#define NM_STATE "/var/lib/NetworkManager/NetworkManager.state"
#define HEX "0123456789abcdefABCDEF"
#define KEY_DIGITS 64
#define SECURITIES "wpa2|wpa3|wpa2+wpa3|open"
#define FILE_MAX 4096

/* The bytes of "hex:…", or of the text itself; 0 when they are not 1 to 32. */
static size_t ssid_bytes(const char *text, unsigned char out[32])
{
	size_t len = strlen(text);
	if (!str_starts(text, "hex:")) {
		for (size_t i = 0; i < len && i < 32; i++)
			out[i] = (unsigned char)text[i];
		return len <= 32 ? len : 0;
	}
	text += strlen("hex:");
	len = strlen(text);
	if (len % 2 || len > 64 || text[strspn(text, HEX)])
		return 0;
	for (size_t i = 0; i < len / 2; i++) {
		const char digits[] = {text[2 * i], text[2 * i + 1], '\0'};
		out[i] = (unsigned char)strtoul(digits, NULL, 16);
	}
	return len / 2;
}

static int check_ssid(const char *text, struct err *e)
{
	unsigned char bytes[32];
	if (ssid_bytes(text, bytes))
		return 0;
	return err_set(e, ERR_PROFILE,
		       "'%s' is not an SSID: 1 to 32 bytes, or hex: and 2 to 64 hex digits", text);
}

static bool is_key(const char *text)
{
	return strlen(text) == KEY_DIGITS && !text[strspn(text, HEX)];
}

/* The message must not have the text in it. */
static int check_psk(const char *text, struct err *e)
{
	size_t len = strlen(text);
	if (is_key(text))
		return 0;
	for (const char *c = text; *c; c++) {
		if ((unsigned char)*c < ' ' || (unsigned char)*c > '~')
			return err_set(e, ERR_PROFILE,
				       "has a character that is not printable ASCII; give the key "
				       "itself as 64 hex digits, see wpa_passphrase(8)");
	}
	if (len >= 8 && len <= 63)
		return 0;
	return err_set(e, ERR_PROFILE,
		       "has %zu characters: a passphrase has 8 to 63, a key is 64 hex digits", len);
}

/* Assigned by ISO 3166-1, alpha-2. */
static const char countries[] =
	"AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI "
	"BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN "
	"CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK "
	"FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM "
	"HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN "
	"KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK "
	"ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP "
	"NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW "
	"SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF "
	"TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI "
	"VN VU WF WS YE YT ZA ZM ZW ";

static int check_country(const char *text, struct err *e)
{
	if (strlen(text) == 2 && !strchr(text, ' ') && strstr(countries, text))
		return 0;
	return err_set(e, ERR_PROFILE,
		       "'%s' is not a country: use the two capital letters that ISO 3166 has for "
		       "it, as 'DE' or 'GB'",
		       text);
}

static int check_interface(const char *text, struct err *e)
{
	size_t len = strlen(text);
	if (len && len <= NET_NAME_MAX &&
	    !text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			       "0123456789_")])
		return 0;
	return err_set(e, ERR_PROFILE, "'%s' is not a wifi interface: use one name such as 'wlan0'",
		       text);
}

static const struct key wifi_keys[] = {
	{.name = "ssid",
	 .type = KEY_STRING,
	 .help = "name of the wifi, 1 to 32 bytes; hex:48692121 for any bytes",
	 .check = check_ssid},
	{.name = "psk",
	 .type = KEY_STRING,
	 .help = "passphrase of 8 to 63 characters, or the key as 64 hex digits",
	 .check = check_psk},
	{.name = "psk-file", .type = KEY_STRING, .help = "file whose first line is the psk"},
	{.name = "security",
	 .type = KEY_STRING,
	 .fallback = "wpa2",
	 .help = "wpa2, wpa3, wpa2+wpa3 or open",
	 .allowed = SECURITIES},
	{.name = "hidden",
	 .type = KEY_BOOL,
	 .fallback = "false",
	 .help = "the access point does not announce its SSID"},
	{.name = "country",
	 .type = KEY_STRING,
	 .help = "where the board is, two letters: which channels are allowed",
	 .check = check_country},
	{.name = "interface",
	 .type = KEY_STRING,
	 .fallback = "wlan0",
	 .help = "wifi interface",
	 .check = check_interface},
	{.name = "metric",
	 .type = KEY_INT,
	 .fallback = "100",
	 .help = "metric of the default route; the wired network's is 1000",
	 .min = 1,
	 .max = 999},
	{.name = "off",
	 .type = KEY_BOOL,
	 .fallback = "false",
	 .help = "no wifi: the other keys count for nothing, the radio is blocked"},
	{.name = NULL},
};

static const struct key keys[] = {
	{.name = "wifi",
	 .type = KEY_SECTION,
	 .help = "the wifi, the nodes' way out",
	 .keys = wifi_keys,
	 .untitled = true},
	{.name = NULL},
};

const struct section *net_wifi_section(const struct profile *p)
{
	const struct section *s = profile_next(p, "wifi", NULL);
	return s && !section_bool(s, "off") ? s : NULL;
}

static enum wifi_security security_of(const struct section *s)
{
	const char *name = section_str(s, "security");
	return strcmp(name, "open") == 0   ? WIFI_OPEN
	       : strcmp(name, "wpa2") == 0 ? WIFI_WPA2
	       : strcmp(name, "wpa3") == 0 ? WIFI_WPA3
					   : WIFI_WPA2_WPA3;
}

/* The first line of the file. */
static int read_psk(const struct value *v, char **ret, struct err *e)
{
	autofree char *path = profile_path(v->loc, v->str);
	auto_str text = STR_INIT;
	auto_err judged = ERR_INIT;
	if (io_read_file(path, FILE_MAX, &text, &judged) < 0)
		return err_at(e, v->loc, "psk-file: %s", judged.msg);
	autofree char *line = xstrndup(str_text(&text), strcspn(str_text(&text), "\r\n"));
	if (check_psk(line, &judged) < 0)
		return err_at(e, v->loc, "psk-file: the first line of %s %s", path, judged.msg);
	*ret = steal(&line);
	return 0;
}

/* Do psk, psk-file and security go together? */
static int check_secret(const struct section *s, struct err *e)
{
	const struct value *psk = section_get(s, "psk"), *file = section_get(s, "psk-file");
	const struct value *given = psk->str ? psk : file;
	const char *security = section_str(s, "security");
	if (psk->str && file->str)
		return err_at(e, file->loc, "psk-file: %s:%d has psk; take one of them out",
			      psk->loc.file, psk->loc.line);
	if (security_of(s) == WIFI_OPEN && given->str)
		return err_at(e, given->loc,
			      "%s: an open wifi has none; take it out, or set "
			      "security to wpa2",
			      given->key->name);
	if (security_of(s) != WIFI_OPEN && !given->str)
		return err_at(e, s->loc, "wifi: security %s needs psk or psk-file; or is it open?",
			      security);
	return 0;
}

/* What is to be stored of the secret: no more than the security needs. */
static int load_secret(const struct section *s, struct net_wifi *w, struct err *e)
{
	const struct value *psk = section_get(s, "psk"), *file = section_get(s, "psk-file");
	autofree char *secret = xstrdup(psk->str);
	if (file->str && read_psk(file, &secret, e) < 0)
		return -1;
	if (!secret)
		return 0;
	if (is_key(secret) && w->security != WIFI_WPA2)
		return err_at(e, (psk->str ? psk : file)->loc,
			      "%s: WPA3 needs the passphrase itself; a key of 64 hex digits is for "
			      "wpa2 only",
			      psk->str ? "psk" : "psk-file");
	if (is_key(secret))
		w->key = steal(&secret);
	else if (w->security != WIFI_WPA3)
		w->key = net_wpa_key(secret, w->ssid, w->ssid_len);
	if (w->security != WIFI_WPA2)
		w->passphrase = steal(&secret);
	return 0;
}

static void wifi_done(struct net_wifi *w)
{
	free(w->key);
	free(w->passphrase);
}

#define auto_wifi __attribute__((cleanup(wifi_done))) struct net_wifi

static int wifi_load(const struct section *s, struct net_wifi *w, struct err *e)
{
	if (!section_str(s, "ssid"))
		return err_at(e, s->loc, "wifi: ssid is missing; set it, or off = true");
	w->ssid_len = ssid_bytes(section_str(s, "ssid"), w->ssid);
	w->interface = section_str(s, "interface");
	w->security = security_of(s);
	w->hidden = section_bool(s, "hidden");
	w->country = section_str(s, "country");
	w->metric = (unsigned)section_int(s, "metric");
	return check_secret(s, e) < 0 ? -1 : load_secret(s, w, e);
}

/* The wired network's interface is another. */
static int check_wired(const struct profile *p, const struct section *s, struct err *e)
{
	const struct section *wired = profile_next(p, "wired", NULL);
	const char *interface = section_str(s, "interface");
	auto_strv names = {0};
	strv_split(&names, wired ? section_str(wired, "interface") : "", " ");
	strv_foreach (name, &names) {
		if (fnmatch(*name, interface, 0) == 0)
			return err_at(e, section_get(s, "interface")->loc,
				      "interface: '%s' is the wired network's, too, by '%s'",
				      interface, *name);
	}
	return 0;
}

static int check(const struct profile *p, struct err *e)
{
	const struct section *s = net_wifi_section(p);
	auto_wifi w = {0};
	if (!s)
		return 0;
	return wifi_load(s, &w, e) < 0 ? -1 : check_wired(p, s, e);
}

/* systemd-rfkill(8) keeps a file for each radio, "1" when it is blocked; returns how many. */
static int plan_rfkill(struct plan_ctx *ctx, bool blocked, struct err *e)
{
	auto_strv names = {0};
	int radios = 0;
	if (plan_list(ctx, RFKILL, &names, e) < 0)
		return -1;
	strv_foreach (name, &names) {
		autofree char *path = path_join(RFKILL, *name);
		if (!str_ends(*name, ":wlan"))
			continue;
		if (plan_write_text(ctx, path, blocked ? "1\n" : "0\n", ATTR_KEEP,
				    blocked ? "the wifi is off" : "the wifi is not blocked", e) < 0)
			return -1;
		radios++;
	}
	return radios;
}

/* NetworkManager's own switch; without the file the wifi is on. */
static int plan_nm_state(struct plan_ctx *ctx, bool on, struct err *e)
{
	auto_str old = STR_INIT, text = STR_INIT;
	int there = text_read_optional(ctx, NM_STATE, &old, e);
	int nm = there ? there : net_nm.detect(ctx, e);
	if (there < 0 || nm < 0)
		return -1;
	if (!nm || (!there && on))
		return 0;
	ini_set(&text, str_text(&old), "main", "WirelessEnabled", on ? "true" : "false");
	return plan_write(ctx, NM_STATE, str_text(&text), text.len,
			  there ? ATTR_KEEP : ATTR_ROOT(0600),
			  on ? "the wifi is not switched off" : "the wifi is off", e);
}

static int plan_off(struct plan_ctx *ctx, struct err *e)
{
	int radios = plan_rfkill(ctx, true, e);
	if (radios < 0 || plan_nm_state(ctx, false, e) < 0)
		return -1;
	if (!radios)
		plan_note(ctx, "the wifi's radio is not blocked: this image does not say which "
			       "radios it knows (" RFKILL "); it just gets no settings");
	return 0;
}

static int plan_country(struct plan_ctx *ctx, const struct net_wifi *w, struct err *e)
{
	if (!w->country) {
		plan_note(ctx, "wifi: no country is set; where the image has none either, the "
			       "radio may stay off or miss channels");
		return 0;
	}
	autofree char *word = xasprintf("cfg80211.ieee80211_regdom=%s", w->country);
	return bootconfig_cmdline_set(ctx, word, "the wifi's country", e);
}

static int plan_on(struct plan_ctx *ctx, const struct section *s, struct err *e)
{
	const struct net_stack *stack;
	auto_wifi w = {0};
	if (wifi_load(s, &w, e) < 0 || net_detect(ctx, &stack, e) < 0)
		return -1;
	if (!stack) {
		autofree char *names = net_names();
		plan_note(ctx, "the wifi is not set up: none of %s starts in this image", names);
		return 0;
	}
	int done = stack->write_wifi(ctx, &w, e);
	if (done <= 0)
		return done;
	if (plan_rfkill(ctx, false, e) < 0 || plan_nm_state(ctx, true, e) < 0 ||
	    plan_country(ctx, &w, e) < 0)
		return -1;
	return net_plan_online(ctx, stack, e);
}

static int plan(struct plan_ctx *ctx, struct err *e)
{
	const struct section *s = net_wifi_section(ctx->profile);
	if (s)
		return plan_on(ctx, s, e);
	return profile_next(ctx->profile, "wifi", NULL) ? plan_off(ctx, e) : 0;
}

const struct custom custom_wifi = {
	.name = "wifi",
	.help = "the wifi, the nodes' way out",
	.keys = keys,
	.check = check,
	.plan = plan,
};
