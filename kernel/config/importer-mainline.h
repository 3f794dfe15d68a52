/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Included before the test importer of dma-bufs when it is built for mainline, where
 * importers say otherwise what they can bear: the callback has another name, and that
 * there is one is all of the promise. The module's initialisers name allow_peer2peer after
 * revocable, so the last word on that is theirs.
 */
#ifndef IMPORTER_MAINLINE_H
#define IMPORTER_MAINLINE_H

#include <linux/dma-buf.h>

#define move_notify invalidate_mappings
#define revocable allow_peer2peer

#endif
