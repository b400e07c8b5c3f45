/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef COMMON_UNIT_TEXT_H
#define COMMON_UNIT_TEXT_H

/* The text of unit files and their names: systemd.syntax(7) and systemd.unit(5). */

#include "str.h"

struct unit_install {
	struct strv wanted_by, required_by, upheld_by, alias, also;
	char *default_instance; /* NULL: none */
};

void unit_install_parse(const char *text, struct unit_install *ret);
void unit_install_done(struct unit_install *u);
#define auto_unit_install __attribute__((cleanup(unit_install_done))) struct unit_install

/*
 * text with the specifiers that follow from the unit's name replaced (%n %N %p %i %j %%); owned.
 * NULL when there is another one: only the running node knows it.
 */
char *unit_expand(const char *text, const char *unit);
/*
 * The unit of a mount point, as `systemd-escape --path --suffix=mount` prints it ("srv-a.mount" for
 * "/srv/a"); owned.  path is as validate_abspath takes it.
 */
char *unit_of_path(const char *path, const char *suffix);

#endif
