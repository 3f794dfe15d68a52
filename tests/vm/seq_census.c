/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Random numbers, progress, and what the kernel holds before and after. */
#include "seq.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define KMEMLEAK "/sys/kernel/debug/kmemleak"

int seq_fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	fflush(stdout);
	return -1;
}

uint64_t seq_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void seq_progress(const char *format, ...)
{
	static uint64_t last;
	uint64_t now = seq_now();
	va_list args;

	if (last && now - last < 5000000000ull)
		return;
	last = now;
	printf("  ");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	fflush(stdout);
}

uint64_t seq_random(uint64_t *state)
{
	uint64_t x = *state ? *state : 0x9e3779b97f4a7c15ull;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	*state = x;
	return x * 0x2545f4914f6cdd1dull;
}

uint32_t seq_below(uint64_t *state, uint32_t n)
{
	return (uint32_t)((seq_random(state) >> 32) % n);
}

static int count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	while (dir && readdir(dir))
		n++;
	if (dir)
		closedir(dir);
	/* ".", ".." and the folder itself. */
	return n - 3;
}

/* The number behind @word in the last line that begins with it; -1: there is none. */
static long number_in(const char *path, const char *word)
{
	char line[256];
	FILE *f = fopen(path, "re");
	long n = -1;

	while (f && fgets(line, sizeof(line), f)) {
		if (!strncmp(line, word, strlen(word)))
			sscanf(line + strlen(word), "%ld", &n);
	}
	if (f)
		fclose(f);
	return n;
}

struct seq_census seq_count(void)
{
	return (struct seq_census){
		.nfds = count_fds(),
		.nbufs = (int)number_in("/sys/kernel/debug/dma_buf/bufinfo", "Total"),
		.slab = number_in("/proc/meminfo", "Slab:") * 1024,
	};
}

static void tell_kmemleak(const char *word)
{
	int fd = open(KMEMLEAK, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, word, strlen(word)) < 0)
		seq_fail("kmemleak takes no \"%s\"", word);
	close(fd);
}

void seq_forget_leaks(void)
{
	if (!access(KMEMLEAK, F_OK))
		tell_kmemleak("clear");
}

/* The kernel's own search; an object counts if two scans in a row don't find a pointer. */
static int leaks(void)
{
	char text[4096];
	ssize_t n;
	int fd;

	tell_kmemleak("scan");
	sleep(6);
	tell_kmemleak("scan");
	fd = open(KMEMLEAK, O_RDONLY | O_CLOEXEC);
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return 0;
	text[n] = 0;
	return seq_fail("kmemleak:\n%s", text);
}

int seq_nothing_left(const struct seq_census *before, long slab)
{
	struct seq_census now;

	/* What waits for RCU is as good as gone. */
	sleep(2);
	now = seq_count();
	if (now.nfds != before->nfds)
		return seq_fail("%d descriptors, before %d", now.nfds, before->nfds);
	if (now.nbufs != before->nbufs || now.nbufs < 0)
		return seq_fail("%d dma-bufs in the kernel, before %d", now.nbufs, before->nbufs);
	printf("  Slab grew by %ld bytes\n", now.slab - before->slab);
	/* What KASAN keeps in quarantine would count as well. */
	if (!access(KMEMLEAK, F_OK))
		return leaks();
	if (now.slab - before->slab > slab)
		return seq_fail("more than %ld", slab);
	return 0;
}
