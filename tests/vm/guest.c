/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Asks the kernel by its files. */
#include "guest.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define KMEMLEAK "/sys/kernel/debug/kmemleak"
/* Some leaks; the same again and again tells nothing. */
#define MOST_LINES 100

int guest_put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), ret;

	if (fd < 0)
		return -errno;
	ret = write(fd, text, strlen(text)) < 0 ? -errno : 0;
	close(fd);
	return ret;
}

uint64_t guest_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

int guest_count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	if (!dir)
		return -1;
	while (readdir(dir))
		n++;
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

int guest_count_bufs(void)
{
	return (int)number_in("/sys/kernel/debug/dma_buf/bufinfo", "Total");
}

int64_t guest_slab(void)
{
	return number_in("/proc/meminfo", "Slab:") * 1024;
}

bool guest_finds_leaks(void)
{
	return !access(KMEMLEAK, F_OK);
}

void guest_forget_leaks(void)
{
	if (guest_finds_leaks() && guest_put(KMEMLEAK, "clear"))
		printf("kmemleak does not forget\n");
}

/* An object counts if two scans in a row don't find a pointer, and if it is older than 5 s. */
bool guest_leaks(const char *word)
{
	bool found = false;
	char line[512];
	FILE *f = NULL;
	int n = 0;

	if (!guest_put(KMEMLEAK, "scan") && !sleep(6) && !guest_put(KMEMLEAK, "scan"))
		f = fopen(KMEMLEAK, "re");
	if (!f) {
		printf("kmemleak does not scan\n");
		return true;
	}
	while (fgets(line, sizeof(line), f)) {
		if (n++ < MOST_LINES)
			printf("kmemleak: %s", line);
		found |= !!strstr(line, word);
	}
	fclose(f);
	if (n > MOST_LINES)
		printf("kmemleak: and %d lines more\n", n - MOST_LINES);
	return found;
}
