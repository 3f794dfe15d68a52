// SPDX-License-Identifier: LGPL-2.1-or-later
/* Rules and hash tables of cards, by ioctls that take no privilege. */
#include "sys/steer.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <stdlib.h>
#include <string.h>

#include "sys/netdev.h"

/* Between the count and the list somebody may add rules: so often it is begun anew. */
#define TRIES 3
/* No card has as many of either; an answer that says so is none. */
#define RULES_MAX (1u << 20)
#define TABLE_MAX (1u << 20)

static int list(struct dx_sys *sys, const char *ifname, uint32_t n, uint32_t **ret, uint32_t *nret)
{
	struct ethtool_rxnfc *all = calloc(1, sizeof(*all) + n * sizeof(uint32_t));
	uint32_t *locations = malloc(n * sizeof(uint32_t));
	int err = all && locations ? 0 : -ENOMEM;

	if (!err) {
		all->cmd = ETHTOOL_GRXCLSRLALL;
		all->rule_cnt = n;
		err = dx_netdev_ethtool(sys, ifname, all);
	}
	if (!err) {
		/* There may be less of them by now. */
		*nret = all->rule_cnt < n ? all->rule_cnt : n;
		memcpy(locations, all->rule_locs, *nret * sizeof(uint32_t));
		*ret = locations;
		locations = NULL;
	}
	free(locations);
	free(all);
	return err;
}

int dx_steer_locations(struct dx_sys *sys, const char *ifname, uint32_t **ret, uint32_t *nret)
{
	int err = -EMSGSIZE;

	*ret = NULL;
	*nret = 0;
	for (int i = 0; i < TRIES && err == -EMSGSIZE; i++) {
		struct ethtool_rxnfc count = { .cmd = ETHTOOL_GRXCLSRLCNT };

		err = dx_netdev_ethtool(sys, ifname, &count);
		/* Drivers that answer other questions alone say EINVAL to this. */
		if (err == -EOPNOTSUPP || err == -EINVAL)
			return 0;
		if (err || !count.rule_cnt)
			return err;
		if (count.rule_cnt > RULES_MAX)
			return -EBADMSG;
		err = list(sys, ifname, count.rule_cnt, ret, nret);
	}
	return err;
}

int dx_steer_rule(struct dx_sys *sys, const char *ifname, uint32_t location,
		  struct dx_steer_rule *ret)
{
	struct ethtool_rxnfc one = { .cmd = ETHTOOL_GRXCLSRULE, .fs.location = location };
	int err = dx_netdev_ethtool(sys, ifname, &one);

	if (err)
		return err;
	*ret = (struct dx_steer_rule){
		.location = location,
		.drops = one.fs.ring_cookie == RX_CLS_FLOW_DISC,
		.wakes = one.fs.ring_cookie == RX_CLS_FLOW_WAKE,
		.spreads = one.fs.flow_type & FLOW_RSS,
		.queue = (uint32_t)ethtool_get_flow_spec_ring(one.fs.ring_cookie),
		.vf = (uint32_t)ethtool_get_flow_spec_ring_vf(one.fs.ring_cookie),
	};
	if (ret->spreads)
		ret->context = one.rss_context;
	return 0;
}

static int read_table(struct dx_sys *sys, const char *ifname, uint32_t context, uint32_t n,
		      uint32_t *ret)
{
	struct ethtool_rxfh *table = calloc(1, sizeof(*table) + n * sizeof(uint32_t));
	int err;

	if (!table)
		return -ENOMEM;
	table->cmd = ETHTOOL_GRSSH;
	table->rss_context = context;
	table->indir_size = n;
	err = dx_netdev_ethtool(sys, ifname, table);
	for (uint32_t i = 0; !err && i < n; i++)
		*ret = table->rss_config[i] > *ret ? table->rss_config[i] : *ret;
	free(table);
	return err;
}

int dx_steer_last_queue(struct dx_sys *sys, const char *ifname, uint32_t context, uint32_t *ret)
{
	struct ethtool_rxfh size = { .cmd = ETHTOOL_GRSSH, .rss_context = context };
	uint32_t last = 0;
	int err = dx_netdev_ethtool(sys, ifname, &size);

	if (!err && !size.indir_size)
		err = -EOPNOTSUPP;
	if (!err && size.indir_size > TABLE_MAX)
		err = -EBADMSG;
	if (!err)
		err = read_table(sys, ifname, context, size.indir_size, &last);
	if (!err)
		*ret = last;
	return err;
}
