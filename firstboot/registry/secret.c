/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>
#include <sys/random.h>

#include "base64.h"
#include "mem.h"
#include "secret.h"

/* As many as create-munge-key takes. */
#define SECRET_BYTES 128

static char *setting_of(const char *name)
{
	return xasprintf("secret-%s", name);
}

int secret_get(struct store *s, const char *name, struct str *out, struct err *e)
{
	autofree char *setting = setting_of(name), *value = NULL;
	if (store_setting_text(s, setting, &value, e) < 0)
		return -1;
	if (!value)
		return 0;
	str_puts(out, value);
	explicit_bzero(value, strlen(value));
	return 1;
}

int secret_rotate(struct store *s, const char *name, struct err *e)
{
	uint8_t bytes[SECRET_BYTES];
	auto_str text = STR_SECRET;
	autofree char *setting = setting_of(name);
	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		return err_errno(e, ERR_FAILED, "secret '%s': no random numbers", name);
	base64_encode(&text, bytes, sizeof(bytes));
	explicit_bzero(bytes, sizeof(bytes));
	if (store_setting_text_put(s, setting, str_text(&text), e) < 0)
		return -1;
	return store_replies_drop(s, 0, e);
}

int secret_drop(struct store *s, const char *name, struct err *e)
{
	autofree char *setting = setting_of(name);
	return store_setting_text_put(s, setting, NULL, e) < 0 ? -1 : store_replies_drop(s, 0, e);
}
