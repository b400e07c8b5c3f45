/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef COMMON_PLACE_FILES_H
#define COMMON_PLACE_FILES_H

/*
 * What mkimage puts into an image for boards that nobody planned, and firstboot makes of it when
 * the master has told the board its name and address:
 *
 *   /etc/cardstock/place.conf
 *     version = 1
 *     network = systemd-networkd                     what brings the network up
 *     file = /etc/systemd/network/0-cardstock-eth0.network
 *
 *   /usr/lib/cardstock/place/etc/systemd/network/0-cardstock-eth0.network
 *     the same file with the planned address, which is PLACE_TOKEN there; mode as it will be
 *
 * Where the address stays that of DHCP there is neither network nor file.
 */

#define PLACE_CONF "/etc/cardstock/place.conf"
#define PLACE_VERSION 1
#define PLACE_DIR "/usr/lib/cardstock/place"

/* Stands for the address; the prefix length 0 is that of no network. */
#define PLACE_ADDRESS "THE-PLANNED-ADDRESS"
#define PLACE_TOKEN PLACE_ADDRESS "/0"

/* Names of what brings a network up. */
#define PLACE_NETPLAN "netplan"
#define PLACE_NM "NetworkManager"
#define PLACE_DHCPCD "dhcpcd"
#define PLACE_NETWORKD "systemd-networkd"
#define PLACE_IFUPDOWN "ifupdown"

#endif
