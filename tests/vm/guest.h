/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guest a test runs in: its files, its clock, and what its kernel holds. */
#ifndef TESTS_VM_GUEST_H
#define TESTS_VM_GUEST_H

#include <stdbool.h>
#include <stdint.h>

/* Writes a file of sysfs, or the like, at once. 0, else -errno. */
int guest_put(const char *path, const char *text);

/* Nanoseconds; instructions, in a lab that counts them. */
uint64_t guest_now_ns(void);

/* Descriptors of this process; -1: it can't be told. */
int guest_count_fds(void);
/* dma-bufs of the whole machine; -1: it can't be told. */
int guest_count_bufs(void);
/* Bytes of the kernel's small objects. */
int64_t guest_slab(void);

/* Whether the kernel looks for leaks. */
bool guest_finds_leaks(void);
/* What leaked before this is not ours. */
void guest_forget_leaks(void);
/* Prints what the kernel finds, which takes seconds; true: in it @word occurs, or it can't look. */
bool guest_leaks(const char *word);

#endif
