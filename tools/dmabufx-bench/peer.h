/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The compiled peer.bpf.c. */
#ifndef PEER_H
#define PEER_H

#include <stddef.h>

extern const unsigned char peer_object[];
extern const size_t peer_object_len;

#endif
