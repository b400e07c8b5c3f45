# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
# For try-cluster: what a boot loader takes from an image, as files of the work directory.
# shellcheck disable=SC2034,SC2154 # mkimage, work, nodes, arch and the like are try-cluster's

# take IMAGE PATH FILE: false when the image has no such file.
take() {
	"$mkimage" cat "$1" "$2" >"$3" 2>"$work/take.$$"
}

# setting WORD FILE: the value of the last `WORD=value` or `WORD value` line of a config.txt.
setting() {
	tr -d '\r' <"$2" | sed -n "s/^$1[= ] *\([^ ]*\).*/\1/p" | tail -n 1
}

# take_boot NAME: kernel, initrd, cmdline (and dtb) of the image, as files in $nodes/NAME.
take_boot() {
	local node=$nodes/$1 img=${boot_files:-${image[$1]}} boot kernel initrd
	for boot in /boot/firmware /boot; do
		! take "$img" "$boot/cmdline.txt" "$node/cmdline" || break
	done
	[ -s "$node/cmdline" ] || die "$img: no cmdline.txt in /boot/firmware or /boot ($(cat "$work/take.$$")); only images made for a Pi, or by mkimage, are started here"
	take "$img" "$boot/config.txt" "$node/config" || : >"$node/config"
	kernel=$(setting kernel "$node/config")
	initrd=$(setting initramfs "$node/config")
	take "$img" "$boot/${kernel:-kernel8.img}" "$node/kernel" || take "$img" /vmlinuz "$node/kernel" ||
		die "$img: no kernel '$boot/${kernel:-kernel8.img}' ($(cat "$work/take.$$"))"
	take "$img" "$boot/${initrd:-initramfs8}" "$node/initrd" || take "$img" /initrd.img "$node/initrd" ||
		die "$img: no initramfs '$boot/${initrd:-initramfs8}' ($(cat "$work/take.$$"))"
	arch[$1]=$(kernel_arch "$node/kernel") ||
		die "$img: its kernel is for no architecture known here (arm64, armhf, amd64)"
	[ "$machine" != raspi3b ] || take_dtb "$img" "$boot" "$node/dtb"
}

# take_dtb IMAGE DIRECTORY FILE
take_dtb() {
	local dtb
	for dtb in bcm2837-rpi-3-b.dtb bcm2710-rpi-3-b.dtb; do
		! take "$1" "$2/$dtb" "$3" || return 0
	done
	die "$1: no device tree of a Pi 3 in $2, so it does not start on raspi3b"
}

# By the magic numbers in Linux's Documentation/arch/{arm64,x86}/boot* and arch/arm/boot/compressed.
kernel_arch() {
	local head
	head=$({ gzip -dc "$1" 2>/dev/null || cat "$1"; } | head -c 1024 | od -An -v -tx1 | tr -d ' \n') || true
	if [ "${head:112:8}" = 41524d64 ]; then
		echo arm64
	elif [ "${head:72:8}" = 18286f01 ]; then
		echo armhf
	else
		[ "${head:1028:8}" = 48647253 ] && echo amd64
	fi
}
