# SPDX-License-Identifier: GPL-3.0-or-later
# `make cluster` and `make check` do everything, set-up included; the other targets are parts.
BUILD := build
CFLAGS ?= -O2 -g
WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wformat=2
WERROR := $(if $(CI),-Werror)
LIBS := ext2fs e2p com_err blkid mount libparted libarchive liblzma libcurl libconfuse nettle libcrypt jansson expat libsystemd
PKG_CFLAGS = $(shell pkg-config --cflags $(LIBS))
PKG_LIBS = $(shell pkg-config --libs $(LIBS))
ALL_CFLAGS = -std=gnu11 -pthread $(WARN) $(WERROR) $(CFLAGS) -D_FILE_OFFSET_BITS=64 -D_GNU_SOURCE \
	-Icommon -Imkimage -Ifirstboot $(PKG_CFLAGS)
PREFIX ?= /usr/local
N ?= 3

COMMON_SRC := $(wildcard common/*.c)
# firstboot runs on boards: libc, and libsystemd in two adapters, which have a double without it.
FIRSTBOOT_SYSTEMD := $(or $(wildcard firstboot/bus.c),firstboot/bus_none.c) firstboot/notify.c
FIRSTBOOT_NONE := firstboot/bus_none.c firstboot/notify_none.c
FIRSTBOOT_SRC := $(filter-out $(FIRSTBOOT_NONE) $(FIRSTBOOT_SYSTEMD) firstboot/main.c,$(wildcard firstboot/*.c firstboot/steps/*.c firstboot/protocol/*.c))
# nodectl runs on the master: libc, and two libraries that it has inside, so that a board needs neither.
PROTOCOL_SRC := $(wildcard firstboot/protocol/*.c)
NODECTL_SRC := $(filter-out firstboot/registry/main.c,$(wildcard firstboot/registry/*.c firstboot/registry/render/*.c)) $(PROTOCOL_SRC)
NODECTL_LIBS := -l:libsqlite3.a -l:libjansson.a -lm
# The one that needs libparted, and reads tables as mkimage does.
GROW_SRC := $(wildcard firstboot/grow/*.c) firstboot/blockdev.c firstboot/rootfs.c \
	$(addprefix mkimage/,disk_extend.c disk_data.c disk_gpt.c disk_raw.c disk_shadow.c disk_table.c) \
	$(addprefix common/,crc32.c err.c io.c log.c mem.c str.c utf8.c)
MKIMAGE_SRC := $(wildcard mkimage/*.c mkimage/custom/*.c)
LIB_SRC := $(COMMON_SRC) $(filter-out mkimage/main.c,$(MKIMAGE_SRC))
OBJ := $(BUILD)/obj
LIB := $(OBJ)/cardstock.a
FIRSTBOOT_LIB := $(OBJ)/firstboot.a
NODECTL_LIB := $(OBJ)/nodectl.a
UNIT_SRC := $(wildcard tests/unit/*.c tests/fs/*.c)
UNIT := $(UNIT_SRC:%.c=$(BUILD)/%)
FUZZ := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/fuzz/*.c))
# These link firstboot or nodectl, the others mkimage.
FIRSTBOOT_UNIT := $(filter $(BUILD)/tests/unit/test_fb_%,$(UNIT))
FIRSTBOOT_FUZZ := $(patsubst %.c,$(BUILD)/%,tests/fuzz/fuzz_reply.c tests/fuzz/fuzz_settings.c tests/fuzz/fuzz_state.c)
NODECTL_UNIT := $(filter $(BUILD)/tests/unit/test_reg_%,$(UNIT))
NODECTL_FUZZ := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/fuzz/fuzz_reg_*.c))
# firstboot with other steps, to test its engine.
FIRSTBOOT_DEMO := $(BUILD)/tests/fixtures/firstboot-demo
# The registration alone, of a board that is a directory.
FIRSTBOOT_JOIN := $(BUILD)/tests/fixtures/join
SHIMS := $(patsubst %.c,$(BUILD)/%.so,$(wildcard tests/shims/*.c))

.PHONY: all cluster check check-asan check-long lint bench fuzz install clean
.DELETE_ON_ERROR:
.SECONDARY:

all: $(BUILD)/mkimage $(BUILD)/firstboot $(BUILD)/firstboot-grow $(BUILD)/nodectl boards

include board.mk

# ---- what users type ----

cluster:
	scripts/setup build
	$(MAKE) --no-print-directory -j$(shell nproc) $(BUILD)/mkimage board-arm64
	$(BUILD)/mkimage --profile master
	$(BUILD)/mkimage --profile worker -n $(N)
	@scripts/next-steps cluster out/master.img $(shell printf "out/worker%03d.img " $$(seq $(N)))

check:
	scripts/setup check
	$(MAKE) --no-print-directory -j$(shell nproc) all units shims
	+MAKE=$(MAKE) BUILD=$(BUILD) tests/all

install: all
	install -D -m 755 $(BUILD)/mkimage $(DESTDIR)$(PREFIX)/bin/mkimage
	install -D -t $(DESTDIR)$(PREFIX)/lib/cardstock scripts/mkbase scripts/try-cluster scripts/boot-files.bash scripts/write-card
	cp -R scripts/mkbase.d $(DESTDIR)$(PREFIX)/lib/cardstock/
	for arch in $(BOARD_ARCHES); do \
		install -D -t $(DESTDIR)$(PREFIX)/lib/cardstock/board/$$arch $(BOARD_PROGRAMS:%=$(BOARD)/$$arch/%) || exit; done
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/lib/cardstock/board/man $(filter %.8.gz,$(MANUALS:%=$(BOARD)/man/%.gz))
	for page in $(MANUALS); do \
		install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man$${page##*.} $(BOARD)/man/$$page.gz || exit; done
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/cardstock/profiles profiles/*.conf
	cp -R overlays $(DESTDIR)$(PREFIX)/share/cardstock/
	install -d $(DESTDIR)$(PREFIX)/share/bash-completion/completions $(DESTDIR)$(PREFIX)/share/zsh/site-functions
	for program in mkimage nodectl; do \
		$(BUILD)/$$program completion bash >$(DESTDIR)$(PREFIX)/share/bash-completion/completions/$$program && \
		$(BUILD)/$$program completion zsh >$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_$$program || exit; done

clean:
	rm -rf $(BUILD)

# ---- programs ----

# Links everything that a rule names; $(1) is more libraries.
link = $(call say,LD) $(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(PKG_LIBS) $(1)
link_firstboot = $(call say,LD) $(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(shell pkg-config --libs libsystemd) $(1)
link_nodectl = $(call say,LD) $(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(NODECTL_LIBS) $(1)
# One short line a command; V=1 shows the commands themselves.
say = @mkdir -p $(@D)$(if $(V),,; echo '  $(1)  $@');$(if $(V), set -x;)

$(BUILD)/mkimage: $(OBJ)/mkimage/main.o $(LIB)
	$(call link)

# For this machine, to test it; boards get their own.
$(BUILD)/firstboot: $(OBJ)/firstboot/main.o $(FIRSTBOOT_LIB)
	$(call link_firstboot)

$(BUILD)/firstboot-grow: $(GROW_SRC:%.c=$(OBJ)/%.o)
	$(call say,LD) $(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(shell pkg-config --libs libparted)

$(FIRSTBOOT_LIB): $(patsubst %.c,$(OBJ)/%.o,$(COMMON_SRC) $(FIRSTBOOT_SRC) $(FIRSTBOOT_SYSTEMD))
	$(call say,AR) rm -f $@; ar rcs $@ $^

$(BUILD)/nodectl: $(OBJ)/firstboot/registry/main.o $(NODECTL_LIB)
	$(call link_nodectl)

$(NODECTL_LIB): $(patsubst %.c,$(OBJ)/%.o,$(COMMON_SRC) $(NODECTL_SRC))
	$(call say,AR) rm -f $@; ar rcs $@ $^

$(OBJ)/firstboot/steps.o: firstboot/steps/list.def

$(LIB): $(LIB_SRC:%.c=$(OBJ)/%.o)
	$(call say,AR) rm -f $@; ar rcs $@ $^

$(OBJ)/%.o: %.c
	$(call say,CC) $(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(OBJ)/mkimage/custom.o: mkimage/custom/list.def

# ---- tests ----

.PHONY: units shims
units: $(UNIT) $(FIRSTBOOT_DEMO) $(FIRSTBOOT_JOIN)
shims: $(SHIMS)

$(filter-out $(FIRSTBOOT_UNIT) $(NODECTL_UNIT),$(UNIT)): $(BUILD)/%: $(OBJ)/%.o $(LIB)
	$(call link,-lcmocka)

$(FIRSTBOOT_UNIT): $(BUILD)/%: $(OBJ)/%.o $(FIRSTBOOT_LIB)
	$(call link_firstboot,-lcmocka)

$(NODECTL_UNIT): $(BUILD)/%: $(OBJ)/%.o $(NODECTL_LIB)
	$(call link_nodectl,-lcmocka)

$(FIRSTBOOT_DEMO): $(OBJ)/firstboot/main.o $(OBJ)/tests/fixtures/steps.o $(FIRSTBOOT_LIB)
	$(call link_firstboot)

# A thousand start at once in a bench: without libsystemd, whose libraries would be half of it.
$(FIRSTBOOT_JOIN): $(patsubst %.c,$(OBJ)/%.o,tests/fixtures/join.c $(FIRSTBOOT_NONE)) $(FIRSTBOOT_LIB)
	$(call say,LD) $(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^

$(BUILD)/tests/bench/patch: $(OBJ)/tests/bench/patch.o $(LIB)
	$(call link)

$(BUILD)/tests/shims/%.so: tests/shims/%.c
	$(call say,CC) $(CC) -std=gnu11 $(WARN) $(WERROR) -D_GNU_SOURCE -O2 -fPIC -shared -o $@ $< -ldl

# The same unit tests and commands under the sanitizers, built beside the normal objects.
check-asan:
	$(MAKE) --no-print-directory -j$(shell nproc) BUILD=$(BUILD)/asan LDFLAGS= \
		CFLAGS='-O1 -g1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined' \
		all units shims
	ASAN_OPTIONS=intercept_strchr=0:verify_asan_link_order=0 LSAN_OPTIONS=suppressions=$(CURDIR)/tests/lsan.supp:print_suppressions=0 \
		CARDSTOCK_POWER_STRIDE=10 BUILD=$(BUILD)/asan tests/run unit cli-programs

lint:
	scripts/lint

# Each fuzz target is one program: build/fuzz/tests/fuzz/fuzz_NAME [libFuzzer options].
fuzz:
	$(MAKE) --no-print-directory BUILD=$(BUILD)/fuzz CC=clang \
		CFLAGS='-O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined' \
		fuzz-programs

.PHONY: fuzz-programs
fuzz-programs: $(FUZZ)

$(filter-out $(FIRSTBOOT_FUZZ) $(NODECTL_FUZZ),$(FUZZ)): $(BUILD)/%: $(OBJ)/%.o $(LIB)
	$(call link,-fsanitize=fuzzer)

$(FIRSTBOOT_FUZZ): $(BUILD)/%: $(OBJ)/%.o $(FIRSTBOOT_LIB)
	$(call link_firstboot,-fsanitize=fuzzer)

$(NODECTL_FUZZ): $(BUILD)/%: $(OBJ)/%.o $(NODECTL_LIB)
	$(call link_nodectl,-fsanitize=fuzzer)

# Ten minutes of fuzzing a target and the campaigns that are too long for check.
check-long: all units shims
	$(MAKE) --no-print-directory -j$(shell nproc) fuzz
	BUILD=$(BUILD) tests/run-long

bench: all shims $(BUILD)/tests/bench/patch
	BUILD=$(BUILD) tests/bench/run
	BUILD=$(BUILD) tests/bench/cards
	BUILD=$(BUILD) tests/bench/clones
	BUILD=$(BUILD) tests/bench/storm

-include $(patsubst %.c,$(OBJ)/%.d,$(LIB_SRC) $(UNIT_SRC) mkimage/main.c $(NODECTL_SRC) firstboot/registry/main.c \
	$(wildcard firstboot/*.c firstboot/steps/*.c firstboot/grow/*.c tests/fuzz/*.c tests/bench/*.c tests/fixtures/*.c))
