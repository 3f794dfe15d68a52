/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counters of an interface by SIOCETHTOOL and /proc/net/dev. */
#include "nic.h"

#include <ctype.h>
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define COUNTERS_MAX 65536

static int request(const char *ifname, unsigned long what, struct ifreq *req)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int err;

	if (fd < 0)
		return -errno;
	snprintf(req->ifr_name, sizeof(req->ifr_name), "%s", ifname);
	err = ioctl(fd, what, req) ? -errno : 0;
	close(fd);
	return err;
}

static int ethtool(const char *ifname, void *cmd)
{
	struct ifreq req = { .ifr_data = cmd };

	return request(ifname, SIOCETHTOOL, &req);
}

static int flags(const char *ifname)
{
	struct ifreq req = { .ifr_flags = 0 };

	return request(ifname, SIOCGIFFLAGS, &req) ? 0 : req.ifr_flags;
}

bool nic_running(const char *ifname)
{
	return flags(ifname) & IFF_RUNNING;
}

bool nic_looks_for_link(const char *ifname)
{
	return (flags(ifname) & (IFF_UP | IFF_RUNNING)) == IFF_UP;
}

int nic_mac(const char *ifname, uint8_t ret[6])
{
	struct ifreq req = { .ifr_ifindex = 0 };
	int err = request(ifname, SIOCGIFHWADDR, &req);

	if (!err)
		memcpy(ret, req.ifr_hwaddr.sa_data, 6);
	return err;
}

/*
 * Drivers agree on little: rx_queue_0_packets, rx0_packets, rx-0.packets, and
 * rx_queue_0_xdp_packets where a veth counts those that a program sees.
 */
static bool counts_queue(const char *name, uint32_t *queue)
{
	char *end;

	if (strncmp(name, "rx", 2))
		return false;
	name += 2;
	if (!strncmp(name, "_queue", 6))
		name += 6;
	if (*name == '_' || *name == '-')
		name++;
	if (!isdigit((unsigned char)*name))
		return false;
	*queue = (uint32_t)strtoul(name, &end, 10);
	if (*end != '_' && *end != '.')
		return false;
	return *queue < NIC_QUEUES &&
	       (!strcmp(end + 1, "packets") || !strcmp(end + 1, "xdp_packets"));
}

static void take(struct nic_counts *ret, const struct ethtool_gstrings *names,
		 const struct ethtool_stats *stats)
{
	for (uint32_t i = 0; i < ret->n; i++) {
		struct nic_counter *c = &ret->all[i];
		uint32_t queue;

		snprintf(c->name, sizeof(c->name), "%.*s", ETH_GSTRING_LEN,
			 (const char *)names->data + (size_t)i * ETH_GSTRING_LEN);
		c->value = stats->data[i];
		if (counts_queue(c->name, &queue) && c->value > ret->queues[queue])
			ret->queues[queue] = c->value;
	}
}

static void read_driver(const char *ifname, struct nic_counts *ret)
{
	struct ethtool_drvinfo info = { .cmd = ETHTOOL_GDRVINFO };
	struct ethtool_gstrings *names;
	struct ethtool_stats *stats;

	if (ethtool(ifname, &info) || !info.n_stats || info.n_stats > COUNTERS_MAX)
		return;
	names = cli_alloc(1, sizeof(*names) + (size_t)info.n_stats * ETH_GSTRING_LEN);
	stats = cli_alloc(1, sizeof(*stats) + info.n_stats * sizeof(uint64_t));
	*names = (struct ethtool_gstrings){ .cmd = ETHTOOL_GSTRINGS,
					    .string_set = ETH_SS_STATS,
					    .len = info.n_stats };
	*stats = (struct ethtool_stats){ .cmd = ETHTOOL_GSTATS, .n_stats = info.n_stats };
	if (!ethtool(ifname, names) && !ethtool(ifname, stats)) {
		ret->n = info.n_stats;
		ret->all = cli_alloc(ret->n, sizeof(*ret->all));
		take(ret, names, stats);
	}
	free(names);
	free(stats);
}

/* "  eth0: BYTES PACKETS ..." */
static uint64_t read_received(const char *ifname)
{
	FILE *file = fopen("/proc/net/dev", "re");
	unsigned long long bytes, packets = 0;
	char line[512];

	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file)) {
		const char *name = line + strspn(line, " ");
		size_t len = strlen(ifname);

		if (!strncmp(name, ifname, len) && name[len] == ':' &&
		    sscanf(name + len + 1, "%llu %llu", &bytes, &packets) == 2)
			break;
		packets = 0;
	}
	fclose(file);
	return packets;
}

void nic_read(const char *ifname, struct nic_counts *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->received = read_received(ifname);
	read_driver(ifname, ret);
}

void nic_free(struct nic_counts *counts)
{
	free(counts->all);
	counts->all = NULL;
	counts->n = 0;
}
