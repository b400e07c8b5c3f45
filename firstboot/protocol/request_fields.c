/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stddef.h>

#include "request.h"

#define ROW(type, object, name, field, optional, keep, set, min, max, help)                    \
	{                                                                                      \
		object, name, type, optional, keep, offsetof(struct request, field), set, min, \
			max, help                                                              \
	}
#define TEXT(object, name, field, optional, keep, set, min, max, help) \
	ROW(FIELD_TEXT, object, name, field, optional, keep, &charset_##set, min, max, help)
#define NUMBER(name, field, optional, keep, min, max, help) \
	ROW(FIELD_NUMBER, NULL, name, field, optional, keep, NULL, min, max, help)
#define KEY(name, field, optional, keep, help) \
	ROW(FIELD_KEY, NULL, name, field, optional, keep, NULL, 0, 0, help)

enum { REQUIRED = false, OPTIONAL = true };

const struct field request_fields[] = {
	NUMBER("version", version, REQUIRED, FIELD_PASSING, REQUEST_VERSION, REQUEST_VERSION,
	       "of this protocol"),
	TEXT(NULL, "request_id", request_id, REQUIRED, FIELD_PASSING, hex, 32, 32,
	     "random; the same until the reply is safe on the card"),
	TEXT(NULL, "build_id", facts.build_id, OPTIONAL, FIELD_KEPT, id, 1, 64,
	     "what mkimage calls the image"),
	TEXT("board", "model", facts.model, OPTIONAL, FIELD_KEPT, words, 1, 100,
	     "of the device tree"),
	TEXT("board", "serial", facts.serial, OPTIONAL, FIELD_KEPT, id, 1, 64,
	     "of the device tree or the firmware"),
	TEXT(NULL, "cid", facts.cid, OPTIONAL, FIELD_KEPT, hex, 32, 32,
	     "of the SD card or eMMC that holds the root file system"),
	KEY("host_key", facts.host_key, REQUIRED, FIELD_KEPT, "the board's public ssh host key"),
	KEY("second_key", second_key, OPTIONAL, FIELD_PASSING,
	    "the public key that it will use from now on"),
	NUMBER("cpus", facts.cpus, OPTIONAL, FIELD_KEPT, 1, 4096, "processors"),
	NUMBER("memory", facts.memory, OPTIONAL, FIELD_KEPT, 1, 1 << 24, "MiB"),
	TEXT(NULL, "kernel", facts.kernel, OPTIONAL, FIELD_KEPT, id, 1, 64, "as uname -r says it"),
	TEXT(NULL, "os", facts.os, OPTIONAL, FIELD_KEPT, words, 1, 100,
	     "PRETTY_NAME of os-release"),
	TEXT(NULL, "firstboot", facts.firstboot, OPTIONAL, FIELD_KEPT, id, 1, 32,
	     "version of firstboot"),
	NUMBER("clock", facts.clock, OPTIONAL, FIELD_MOMENT, 0, 1LL << 53,
	       "seconds since 1970 on the board; not relied on"),
	{0},
};

const struct field nic_fields[] = {
	{"nics[]", "name", FIELD_TEXT, false, FIELD_KEPT, offsetof(struct nic, name), &charset_id,
	 1, 15, "of the interface"},
	{"nics[]", "mac", FIELD_TEXT, false, FIELD_KEPT, offsetof(struct nic, mac), &charset_id, 17,
	 17, "its permanent address"},
	{0},
};
