# SPDX-License-Identifier: GPL-3.0-or-later
# Programs for boards, whatever this machine is: for each architecture firstboot with the C library of
# Debian 12 and libsystemd, firstboot-static with musl and without systemd, firstboot-grow with
# libparted, and for the master nodectl with SQLite and jansson inside.  The libraries come from
# scripts/board-root, never from this machine.  mkimage looks for them here, wherever BUILD is.
BOARD := build/board
BOARD_ARCHES ?= arm64 armhf amd64
BOARD_ROOT_FLAGS ?=
BOARD_CFLAGS ?= -Os

gnu-arm64 := aarch64-linux-gnu
musl-arm64 := aarch64-linux-musl
gnu-armhf := arm-linux-gnueabihf
musl-armhf := arm-linux-musleabihf
gnu-amd64 := x86_64-linux-gnu
musl-amd64 := x86_64-linux-musl

BOARD_PROGRAMS := firstboot firstboot-static firstboot-grow nodectl
# Of all programs, from docs/; those of section 8 go to boards.
MANUALS := $(patsubst docs/%.md,%,$(wildcard docs/*.[1-9].md))

board_cc = $(gnu-$(1))-gcc -std=gnu11 $(WARN) $(WERROR) $(BOARD_CFLAGS) -ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables \
	-D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64 -D_GNU_SOURCE -Icommon -Ifirstboot -Imkimage
board_ld = $(gnu-$(1))-gcc $(BOARD_CFLAGS) -s -Wl,--gc-sections,--as-needed,-z,relro,-z,now
# Headers of the compiler itself, which are all that it may have of this machine.
own_headers = `$(gnu-$(1))-gcc -print-file-name=include`
objects = $(3:%.c=$(BOARD)/$(1)/$(2)/%.o)

# $(1) is the architecture, $(2) its root.
define board_rules
.PHONY: board-$(1)
board-$(1): $(BOARD_PROGRAMS:%=$(BOARD)/$(1)/%) $(MANUALS:%=$(BOARD)/man/%.gz)

# Rewritten only when there is another root, and then all that was compiled against it is made anew.
$(2).key: FORCE
	@command -v $(gnu-$(1))-gcc >/dev/null || { echo "no C compiler for $(1): run 'scripts/setup boards'" >&2; exit 1; }
	@mkdir -p $$(@D) && scripts/board-root --arch $(1) --link $(2) $(BOARD_ROOT_FLAGS)

$(BOARD)/$(1)/gnu/%.o: %.c $(2).key board.mk
	$$(call say,CC) $(call board_cc,$(1)) --sysroot=$(2) -nostdinc -isystem $(call own_headers,$(1)) \
		-isystem $(2)/usr/include/$(gnu-$(1)) -isystem $(2)/usr/include -MMD -MP -c -o $$@ $$<

$(BOARD)/$(1)/musl/%.o: %.c $(2).key board.mk
	$$(call say,CC) $(call board_cc,$(1)) -fno-pie -nostdinc -isystem $(2)/usr/include/$(musl-$(1)) \
		-isystem $(call own_headers,$(1)) -MMD -MP -c -o $$@ $$<

$(BOARD)/$(1)/gnu/firstboot/steps.o $(BOARD)/$(1)/musl/firstboot/steps.o: firstboot/steps/list.def

$(BOARD)/$(1)/firstboot: BOARD_LIBS := -lsystemd
$(BOARD)/$(1)/firstboot: $(call objects,$(1),gnu,$(COMMON_SRC) $(FIRSTBOOT_SRC) $(FIRSTBOOT_SYSTEMD) firstboot/main.c)
$(BOARD)/$(1)/firstboot-grow: BOARD_LIBS := -lparted
$(BOARD)/$(1)/firstboot-grow: $(call objects,$(1),gnu,$(GROW_SRC))
$(BOARD)/$(1)/nodectl: BOARD_LIBS := $(NODECTL_LIBS)
$(BOARD)/$(1)/nodectl: $(call objects,$(1),gnu,$(COMMON_SRC) $(NODECTL_SRC) firstboot/registry/main.c)
$(BOARD)/$(1)/firstboot $(BOARD)/$(1)/firstboot-grow $(BOARD)/$(1)/nodectl:
	$$(call say,LD) $(call board_ld,$(1)) --sysroot=$(2) -B$(2)/usr/lib/$(gnu-$(1))/ -L$(2)/usr/lib/$(gnu-$(1)) \
		-o $$@ $$^ $$(BOARD_LIBS)

# norelro: nothing is relocated at its start, and on arm64 the pages for it take up to 64 KiB of the file.
$(BOARD)/$(1)/firstboot-static: $(call objects,$(1),musl,$(COMMON_SRC) $(FIRSTBOOT_SRC) $(FIRSTBOOT_NONE) firstboot/main.c)
	$$(call say,LD) $(call board_ld,$(1)) -static -no-pie -nostdlib -Wl,-z,norelro -o $$@ $(2)/usr/lib/$(musl-$(1))/crt1.o \
		$(2)/usr/lib/$(musl-$(1))/crti.o $$^ -Wl,--start-group $(2)/usr/lib/$(musl-$(1))/libc.a -lgcc -Wl,--end-group \
		$(2)/usr/lib/$(musl-$(1))/crtn.o

-include $(patsubst %.c,$(BOARD)/$(1)/gnu/%.d,$(COMMON_SRC) $(wildcard firstboot/*.c firstboot/steps/*.c) $(GROW_SRC) $(NODECTL_SRC) firstboot/registry/main.c)
-include $(patsubst %.c,$(BOARD)/$(1)/musl/%.d,$(COMMON_SRC) $(wildcard firstboot/*.c firstboot/steps/*.c))
endef
$(foreach arch,arm64 armhf amd64,$(eval $(call board_rules,$(arch),$(BOARD)/$(arch)/root)))

$(BOARD)/man/mkimage-profile.5.gz: $(wildcard docs/man/keys/*.md)
$(BOARD)/man/%.gz: docs/%.md scripts/man-page common/cli.h
	$(call say,MAN) scripts/man-page -v version=$$(sed -n 's/^#define CARDSTOCK_VERSION "\(.*\)"/\1/p' common/cli.h) \
		$(filter %.md,$^) >$(@:.gz=) && gzip -9nf $(@:.gz=)

.PHONY: boards FORCE
boards: $(BOARD_ARCHES:%=board-%)
