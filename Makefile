# SPDX-License-Identifier: GPL-3.0-or-later
# `make cluster` and `make check` do everything, set-up included; the other targets are parts.
BUILD := build
CFLAGS ?= -O2 -g
WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wformat=2
WERROR := $(if $(CI),-Werror)
LIBS := ext2fs com_err blkid mount libparted libarchive liblzma libcurl libconfuse nettle libcrypt
PKG_CFLAGS = $(shell pkg-config --cflags $(LIBS))
PKG_LIBS = $(shell pkg-config --libs $(LIBS))
ALL_CFLAGS = -std=gnu11 $(WARN) $(WERROR) $(CFLAGS) -D_FILE_OFFSET_BITS=64 -D_GNU_SOURCE \
	-Icommon -Imkimage $(PKG_CFLAGS) -pthread

COMMON_SRC := $(wildcard common/*.c)
MKIMAGE_SRC := $(wildcard mkimage/*.c mkimage/custom/*.c)
LIB_SRC := $(COMMON_SRC) $(filter-out mkimage/main.c,$(MKIMAGE_SRC))
LIB_OBJ := $(LIB_SRC:%.c=$(BUILD)/%.o)
UNIT_SRC := $(wildcard tests/unit/*.c tests/fs/*.c)
UNIT := $(UNIT_SRC:%.c=$(BUILD)/%)
FUZZ := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/fuzz/*.c))
SHIMS := $(patsubst %.c,$(BUILD)/%.so,$(wildcard tests/shims/*.c))

.PHONY: all cluster check setup build
.DELETE_ON_ERROR:
.SECONDARY:

all: $(BUILD)/mkimage

$(BUILD)/mkimage: $(BUILD)/mkimage/main.o $(LIB_OBJ)
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(PKG_LIBS)

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/tests/unit/%: $(BUILD)/tests/unit/%.o $(LIB_OBJ)
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(PKG_LIBS) -lcmocka

$(BUILD)/tests/fs/%: $(BUILD)/tests/fs/%.o $(LIB_OBJ)
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(PKG_LIBS) -lcmocka

$(BUILD)/tests/shims/%.so: tests/shims/%.c
	@mkdir -p $(@D)
	$(CC) -std=gnu11 $(WARN) $(WERROR) -D_GNU_SOURCE -O2 -fPIC -shared -o $@ $< -ldl

-include $(patsubst %.c,$(BUILD)/%.d,$(LIB_SRC) $(UNIT_SRC) mkimage/main.c)
