/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the library's program writes before a packet, and what it is told when it is
 * loaded: common to the program and the library, so of types that both have.
 */
#ifndef DX_XSK_RX_META_H
#define DX_XSK_RX_META_H

/* Bits of struct dx_rx_meta_words's valid and of struct dx_rx_meta_settings's kfuncs. */
enum {
	DX_RX_META_TIMESTAMP = 1 << 0,
	DX_RX_META_HASH = 1 << 1,
	DX_RX_META_VLAN = 1 << 2,
};

/*
 * 32 bytes, as much as older kernels let a program have. The packet follows, with
 * whatever alignment it has.
 */
struct dx_rx_meta_words {
	unsigned long long mark; /* of the program that wrote it: other bytes are none of these */
	unsigned long long timestamp;
	unsigned int hash;
	unsigned int hash_type;
	unsigned short vlan_tci;
	unsigned short vlan_proto; /* in network order */
	unsigned int valid;
};

/* The program's constants; what isn't set in @kfuncs this kernel doesn't have. */
struct dx_rx_meta_settings {
	unsigned long long mark;
	unsigned long long kfuncs;
};

#endif
