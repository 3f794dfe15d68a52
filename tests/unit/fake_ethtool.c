// SPDX-License-Identifier: GPL-2.0-or-later
/* What the scripted kernel's cards answer to ethtool. */
#include <errno.h>
#include <linux/ethtool.h>
#include <stdio.h>
#include <string.h>

#include "fake_net.h"

static void get_channels(const struct fake_netdev *dev, struct ethtool_channels *channels)
{
	/* As many as can be are combined. */
	channels->combined_count = dev->rx_queues < dev->tx_queues ? dev->rx_queues :
								     dev->tx_queues;
	channels->rx_count = dev->rx_queues - channels->combined_count;
	channels->tx_count = dev->tx_queues - channels->combined_count;
}

static int count_rules(struct fake_netdev *dev, struct ethtool_rxnfc *rxnfc)
{
	rxnfc->rule_cnt = dev->nrules;
	if (dev->more_rules) {
		dev->more_rules--;
		dev->nrules++;
	}
	return 0;
}

static int list_rules(const struct fake_netdev *dev, struct ethtool_rxnfc *rxnfc)
{
	if (rxnfc->rule_cnt < dev->nrules)
		return -EMSGSIZE;
	for (unsigned int i = 0; i < dev->nrules; i++)
		rxnfc->rule_locs[i] = dev->rules[i].location;
	rxnfc->rule_cnt = dev->nrules;
	return 0;
}

static int get_rule(const struct fake_netdev *dev, struct ethtool_rxnfc *rxnfc)
{
	for (unsigned int i = 0; i < dev->nrules; i++) {
		const struct fake_flow *rule = &dev->rules[i];

		if (rule->location != rxnfc->fs.location)
			continue;
		if (rule->gone)
			return -ENOENT;
		rxnfc->fs.flow_type = TCP_V4_FLOW | (rule->rss ? FLOW_RSS : 0);
		rxnfc->fs.ring_cookie = rule->cookie;
		/* In one place with the number of rules, so it counts with FLOW_RSS alone. */
		rxnfc->rss_context = rule->rss ? rule->context : 77;
		return 0;
	}
	return -EINVAL;
}

/* As ethtool_get_rxfh() of net/ethtool/ioctl.c, 6.18: the size is asked for by one of 0. */
static int get_table(const struct fake_netdev *dev, struct ethtool_rxfh *rxfh)
{
	uint32_t room = rxfh->indir_size;

	if (!dev->table_len)
		return -EOPNOTSUPP;
	if (rxfh->rss_context > 1)
		return -ENOENT;
	if (rxfh->key_size || (room && room != dev->table_len))
		return -EINVAL;
	rxfh->indir_size = dev->table_len;
	rxfh->key_size = 40;
	if (room)
		memcpy(rxfh->rss_config, dev->tables[rxfh->rss_context],
		       room * sizeof(rxfh->rss_config[0]));
	return 0;
}

int fake_ethtool(struct fake_netdev *dev, void *arg)
{
	struct ethtool_drvinfo *info = arg;

	switch (*(uint32_t *)arg) {
	case ETHTOOL_GDRVINFO:
		if (!dev->driver[0])
			return -EOPNOTSUPP;
		snprintf(info->driver, sizeof(info->driver), "%s", dev->driver);
		return 0;
	case ETHTOOL_GCHANNELS:
		if (dev->no_channels)
			return -EOPNOTSUPP;
		get_channels(dev, arg);
		return 0;
	case ETHTOOL_GRXCLSRLCNT:
		return dev->rules_err ? -dev->rules_err : count_rules(dev, arg);
	case ETHTOOL_GRXCLSRLALL:
		return dev->rules_err ? -dev->rules_err : list_rules(dev, arg);
	case ETHTOOL_GRXCLSRULE:
		return dev->rules_err ? -dev->rules_err : get_rule(dev, arg);
	case ETHTOOL_GRSSH:
		return get_table(dev, arg);
	}
	return -EOPNOTSUPP;
}
