/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pcapng: a section header, an interface, and a block for each packet, all in the
 * byte order of this machine, as the section header's magic number tells.
 */
#include "pcapng.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECTION 0x0a0d0d0au
#define INTERFACE 1u
#define PACKET 6u
#define MAGIC 0x1a2b3c4du
#define LINK_ETHERNET 1

#define OPTION_END 0
#define SECTION_PROGRAM 4
#define INTERFACE_NAME 2
#define INTERFACE_RESOLUTION 9
#define PACKET_QUEUE 6

/* Any block fits into what is empty. */
#define ROOM (2 * PCAPNG_SNAP)
#define HEADS 128u

struct pcapng {
	int fd;
	int err;
	uint32_t used;
	uint32_t block; /* where the block begins that is being written */
	uint8_t buf[ROOM];
};

static void put(struct pcapng *cap, const void *data, uint32_t len)
{
	memcpy(cap->buf + cap->used, data, len);
	cap->used += len;
	while (cap->used % 4)
		cap->buf[cap->used++] = 0;
}

static void put32(struct pcapng *cap, uint32_t val)
{
	put(cap, &val, sizeof(val));
}

static void put_pair(struct pcapng *cap, uint16_t first, uint16_t second)
{
	uint16_t both[2] = { first, second };

	put(cap, both, sizeof(both));
}

static void put_option(struct pcapng *cap, uint16_t code, const void *data, size_t len)
{
	put_pair(cap, code, (uint16_t)len);
	put(cap, data, (uint32_t)len);
}

static void begin(struct pcapng *cap, uint32_t type)
{
	cap->block = cap->used;
	put32(cap, type);
	put32(cap, 0);
}

/* The length stands before and after what the block holds. */
static void end(struct pcapng *cap)
{
	uint32_t len;

	put_pair(cap, OPTION_END, 0);
	len = cap->used - cap->block + 4;
	put32(cap, len);
	memcpy(cap->buf + cap->block + 4, &len, sizeof(len));
}

int pcapng_flush(struct pcapng *cap)
{
	uint32_t at = 0;

	while (!cap->err && at < cap->used) {
		ssize_t n = write(cap->fd, cap->buf + at, cap->used - at);

		if (n > 0)
			at += (uint32_t)n;
		else if (n < 0 && errno != EINTR)
			cap->err = -errno;
	}
	cap->used = 0;
	return cap->err;
}

int pcapng_new(int fd, const char *ifname, struct pcapng **ret)
{
	struct pcapng *cap = calloc(1, sizeof(*cap));
	uint8_t resolution = 9; /* 10^-9 s */

	if (!cap)
		return -ENOMEM;
	cap->fd = fd;
	begin(cap, SECTION);
	put32(cap, MAGIC);
	put_pair(cap, 1, 0);
	put32(cap, UINT32_MAX); /* its length isn't known */
	put32(cap, UINT32_MAX);
	put_option(cap, SECTION_PROGRAM, "dmabufx", 7);
	end(cap);
	begin(cap, INTERFACE);
	put_pair(cap, LINK_ETHERNET, 0);
	put32(cap, PCAPNG_SNAP);
	put_option(cap, INTERFACE_NAME, ifname, strlen(ifname));
	put_option(cap, INTERFACE_RESOLUTION, &resolution, 1);
	end(cap);
	*ret = cap;
	return 0;
}

int pcapng_packet(struct pcapng *cap, uint64_t realtime_ns, uint32_t queue, const void *data,
		  uint32_t len)
{
	uint32_t kept = len < PCAPNG_SNAP ? len : PCAPNG_SNAP;

	if (cap->used + kept + HEADS > ROOM)
		pcapng_flush(cap);
	if (cap->err)
		return cap->err;
	begin(cap, PACKET);
	put32(cap, 0); /* the interface */
	put32(cap, (uint32_t)(realtime_ns >> 32));
	put32(cap, (uint32_t)realtime_ns);
	put32(cap, kept);
	put32(cap, len);
	put(cap, data, kept);
	put_option(cap, PACKET_QUEUE, &queue, sizeof(queue));
	end(cap);
	return 0;
}

int pcapng_close(struct pcapng *cap)
{
	int err = pcapng_flush(cap);

	if (close(cap->fd) && !err)
		err = -errno;
	free(cap);
	return err;
}
