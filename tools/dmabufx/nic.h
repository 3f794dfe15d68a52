/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an interface counts, and its address, as ethtool and ip would tell. */
#ifndef NIC_H
#define NIC_H

#include "cli.h"

#define NIC_QUEUES 64

/**
 * struct nic_counter - one that the driver has
 * @name: the driver's name for it
 * @value: since the interface was made
 */
struct nic_counter {
	char name[33];
	uint64_t value;
};

/**
 * struct nic_counts - all of them
 * @n: entries of @all; 0: the driver has none
 * @all: freed by nic_free()
 * @received: packets of all queues
 * @queues: packets that queues received, as far as the driver tells
 */
struct nic_counts {
	uint32_t n;
	struct nic_counter *all;
	uint64_t received;
	uint64_t queues[NIC_QUEUES];
};

/* What can't be known is 0. */
void nic_read(const char *ifname, struct nic_counts *ret);
void nic_free(struct nic_counts *counts);

/* Whether it is up and has a carrier; whether it is up and has none. */
bool nic_running(const char *ifname);
bool nic_looks_for_link(const char *ifname);

/* 0 or -errno. */
int nic_mac(const char *ifname, uint8_t ret[6]);

#endif
