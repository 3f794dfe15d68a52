/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Read /dev/kmsg from now on, for what the IOMMU driver says of a fault. */
#include "kmsg.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int kmsg_open(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	kmsg_skip(fd);
	return fd;
}

void kmsg_skip(int fd)
{
	if (fd >= 0)
		lseek(fd, 0, SEEK_END);
}

/* Intel, AMD, Arm and virtio word it differently; all but the first say "fault". */
static bool is_fault(const char *text)
{
	return strcasestr(text, "DMAR:") || strcasestr(text, "fault");
}

/* One record: "prio,sequence,time,flags;text\n key=value...". */
static bool take_record(int fd, char *buf, size_t len)
{
	char record[1024];
	ssize_t got = read(fd, record, sizeof(record) - 1);
	char *text;

	if (got <= 0)
		return false;
	record[got] = '\0';
	text = strchr(record, ';');
	if (!text)
		return true;
	text++;
	text[strcspn(text, "\n")] = '\0';
	if (is_fault(text))
		snprintf(buf, len, "%s", text);
	return true;
}

static long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int kmsg_next_fault(int fd, int timeout_ms, char *buf, size_t len)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	long deadline = now_ms() + timeout_ms;

	if (fd < 0)
		return 0;
	buf[0] = '\0';
	for (;;) {
		long left;

		while (take_record(fd, buf, len)) {
			if (buf[0])
				return 1;
		}
		/* EPIPE: the log overran us and the next read goes on behind the gap. */
		if (errno == EPIPE)
			continue;
		left = deadline - now_ms();
		if (left <= 0 || poll(&p, 1, (int)left) <= 0)
			return 0;
	}
}
