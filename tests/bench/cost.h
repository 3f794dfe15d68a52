/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The same calls by hand: what the library is measured against. */
#ifndef BENCH_COST_H
#define BENCH_COST_H

#include <stdint.h>

/* Each exits with a message when the kernel refuses: there is nothing to measure then. */
int raw_export(int dev, uint32_t bar, uint64_t off, uint64_t len);
void raw_close(int fd);
void raw_map(int iommufd, uint32_t ioas, int fd, uint64_t off, uint64_t iova, uint64_t len);
void raw_unmap(int iommufd, uint32_t ioas, uint64_t iova, uint64_t len);
void raw_reset(int dev);

/* Where configuration space begins in the device's file; and its command register. */
uint64_t raw_config(int dev);
void raw_command(int dev, uint64_t config, uint16_t command);

#endif
