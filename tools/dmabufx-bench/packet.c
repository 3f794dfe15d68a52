// SPDX-License-Identifier: GPL-2.0-or-later
/* The packet that all workers send, and reading those that arrive. */
#include "bench.h"

#include <string.h>

#define HEADERS 42u

static const uint8_t headers[HEADERS] = {
	2,    0, 0, 0, 0,   2, 2,    0, 0,    0,  0,    1, 8, 0, /* Ethernet */
	0x45, 0, 0, 0, 0,   0, 0x40, 0, 64,   17, 0,    0, /* IPv4, UDP */
	192,  0, 2, 1, 192, 0, 2,    2, 0x10, 0,  0x10, 1, 0, 0, 0, 0,
};

/* Checksums are 0: nobody on the way looks at them. */
void packet_make(void *frame, uint32_t size)
{
	uint8_t *bytes = frame;

	memset(bytes, 0x5a, size);
	memcpy(bytes, headers, sizeof(headers));
	bytes[16] = (uint8_t)((size - 14) >> 8);
	bytes[17] = (uint8_t)(size - 14);
	bytes[38] = (uint8_t)((size - 34) >> 8);
	bytes[39] = (uint8_t)(size - 34);
}

uint64_t packet_touch(const void *frame, uint32_t len, enum touch touch)
{
	const unsigned char *bytes = frame;
	uint64_t sum = bytes[0];

	if (touch == TOUCH_ALL)
		for (uint32_t i = 64; i < len; i += 64)
			sum += bytes[i];
	return sum;
}
