/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writing packets to a file of the format pcapng. */
#ifndef PCAPNG_H
#define PCAPNG_H

#include <stddef.h>
#include <stdint.h>

/* Bytes of a packet that are kept; a longer one is cut. */
#define PCAPNG_SNAP 131072u

struct pcapng;

/*
 * A file with one Ethernet interface, with times in nanoseconds. @fd is the
 * writer's from then on. -errno: -ENOMEM.
 */
int pcapng_new(int fd, const char *ifname, struct pcapng **ret);

/* One packet; 0, or -errno of writing: then the file is no longer written. */
int pcapng_packet(struct pcapng *cap, uint64_t realtime_ns, uint32_t queue, const void *data,
		  uint32_t len);

/* What waits goes to the file; 0 or -errno. */
int pcapng_flush(struct pcapng *cap);

/* Flushes and closes; 0 or the -errno of the first write that failed. */
int pcapng_close(struct pcapng *cap);

#endif
