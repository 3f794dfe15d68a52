// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the interfaces and the scheduler have counted, whoever did the work. Read by
 * ioctl: a process started for it would disturb what is measured.
 */
#include "bench.h"

#include <dirent.h>
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#define STATS_MAX 256u

/* struct ethtool_gstrings and struct ethtool_stats, whose arrays have no length. */
struct strings {
	__u32 cmd;
	__u32 string_set;
	__u32 len;
	char name[STATS_MAX][ETH_GSTRING_LEN];
};

struct values {
	__u32 cmd;
	__u32 n_stats;
	__u64 value[STATS_MAX];
};

static void ask(const struct world *world, int end, void *data)
{
	struct ifreq req = { .ifr_data = data };

	snprintf(req.ifr_name, sizeof(req.ifr_name), "%s", world_ifname[end]);
	if (ioctl(world->ctl[end], SIOCETHTOOL, &req))
		die("the counters of %s can't be read: %s", req.ifr_name, strerror(errno));
}

static bool ends_with(const char *name, const char *suffix)
{
	size_t len = strnlen(name, ETH_GSTRING_LEN), want = strlen(suffix);

	return len >= want && !strcmp(name + len - want, suffix) && !strncmp(name, "rx_", 3);
}

/* Over all receive queues. */
uint64_t counter_sum(const struct world *world, int end, const char *suffix)
{
	/* All pairs are alike, so what one calls its counters is what all do. */
	static struct strings names;
	struct values values;
	uint64_t sum = 0;

	if (!names.len) {
		struct ethtool_drvinfo info = { .cmd = ETHTOOL_GDRVINFO };

		ask(world, end, &info);
		if (info.n_stats > STATS_MAX)
			die("%s has %u counters", world_ifname[end], info.n_stats);
		names.cmd = ETHTOOL_GSTRINGS;
		names.string_set = ETH_SS_STATS;
		names.len = info.n_stats;
		ask(world, end, &names);
	}
	values.cmd = ETHTOOL_GSTATS;
	values.n_stats = names.len;
	ask(world, end, &values);
	for (uint32_t i = 0; i < names.len; i++)
		if (ends_with(names.name[i], suffix))
			sum += values.value[i];
	return sum;
}

/* A redirect into a full socket counts as a drop, not as a redirect. */
uint64_t counter_goodput(const struct world *world, enum work work)
{
	if (work == WORK_RXDROP)
		return counter_sum(world, NEAR, "_xdp_redirect");
	return counter_sum(world, FAR, "_xdp_packets");
}

static uint64_t first_number(const char *path)
{
	unsigned long long value = 0;
	FILE *f = fopen(path, "re");

	if (!f || fscanf(f, "%llu", &value) != 1)
		value = 0;
	if (f)
		fclose(f);
	return value;
}

/* Of all its threads. */
uint64_t counter_cpu_ns(pid_t pid)
{
	char path[320];
	struct dirent *entry;
	uint64_t sum = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	if (!dir)
		return 0;
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/proc/%d/task/%s/schedstat", pid, entry->d_name);
		sum += first_number(path);
	}
	closedir(dir);
	return sum;
}
