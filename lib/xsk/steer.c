// SPDX-License-Identifier: LGPL-2.1-or-later
/* Whether a card gives all that it receives to the queues that have sockets. */
#include "sys/steer.h"

#include <errno.h>
#include <stdlib.h>

#include "base/fail.h"
#include "xsk/xsk_priv.h"

static int check_spread(struct dx_sys *sys, const char *ifname, const struct dx_steer_rule *rule,
			uint32_t n)
{
	uint32_t last;
	int err = dx_steer_last_queue(sys, ifname, rule->context, &last);

	if (err == -ENOMEM)
		return dx_fail_memory();
	if (err)
		return dx_fail(-EBUSY, DMABUFX_REASON_STEERED,
			       "rule %u of %s spreads packets by RSS context %u, which doesn't tell "
			       "its queues (%s); delete the rule: ethtool -N %s delete %u",
			       rule->location, ifname, rule->context, dmabufx_strerror(err), ifname,
			       rule->location);
	if ((uint64_t)rule->queue + last < n)
		return 0;
	return dx_fail(-EBUSY, DMABUFX_REASON_STEERED,
		       "rule %u of %s spreads packets by RSS context %u up to queue %llu, and the "
		       "sockets are on queues 0 to %u; delete it: ethtool -N %s delete %u",
		       rule->location, ifname, rule->context,
		       (unsigned long long)rule->queue + last, n - 1, ifname, rule->location);
}

static int check_rule(struct dx_sys *sys, const char *ifname, const struct dx_steer_rule *rule,
		      uint32_t n)
{
	if (rule->wakes)
		return 0;
	if (rule->drops)
		return dx_fail(-EBUSY, DMABUFX_REASON_STEERED,
			       "rule %u of %s drops packets before a socket can have them; delete it: "
			       "ethtool -N %s delete %u",
			       rule->location, ifname, ifname, rule->location);
	if (rule->vf)
		return dx_fail(-EBUSY, DMABUFX_REASON_STEERED,
			       "rule %u of %s gives packets to virtual function %u; delete it: "
			       "ethtool -N %s delete %u",
			       rule->location, ifname, rule->vf - 1, ifname, rule->location);
	if (rule->spreads)
		return check_spread(sys, ifname, rule, n);
	if (rule->queue < n)
		return 0;
	return dx_fail(-EBUSY, DMABUFX_REASON_STEERED,
		       "rule %u of %s gives packets to queue %u, and the sockets are on queues 0 to "
		       "%u; delete it: ethtool -N %s delete %u",
		       rule->location, ifname, rule->queue, n - 1, ifname, rule->location);
}

static int check_rules(struct dx_sys *sys, const char *ifname, uint32_t n)
{
	uint32_t *locations, nrules;
	int err = dx_steer_locations(sys, ifname, &locations, &nrules);

	if (err == -ENOMEM)
		return dx_fail_memory();
	if (err)
		return dx_fail_sys(err, "asking for the rules of %s (ethtool -n)", ifname);
	for (uint32_t i = 0; i < nrules && !err; i++) {
		struct dx_steer_rule rule;

		err = dx_steer_rule(sys, ifname, locations[i], &rule);
		/* Drivers have two words for a rule that was deleted meanwhile. */
		if (err == -ENOENT || err == -EINVAL)
			err = 0;
		else if (err)
			err = dx_fail_sys(err, "asking for rule %u of %s", locations[i], ifname);
		else
			err = check_rule(sys, ifname, &rule, n);
	}
	free(locations);
	return err;
}

/* What no rule is about. */
static int check_hash(struct dx_sys *sys, const char *ifname, uint32_t n)
{
	uint32_t last;
	int err = dx_steer_last_queue(sys, ifname, 0, &last);

	/* A card with one queue, or one that doesn't tell, has no table to go wrong by. */
	if (err == -EOPNOTSUPP || err == -EINVAL)
		return 0;
	if (err == -ENOMEM)
		return dx_fail_memory();
	if (err)
		return dx_fail_sys(err, "asking for the hash table of %s (ethtool -x)", ifname);
	if (last < n)
		return 0;
	return dx_fail(-EBUSY, DMABUFX_REASON_STEERED,
		       "%s spreads packets up to queue %u by its hash, and the sockets are on queues 0 "
		       "to %u; set it: ethtool -X %s equal %u",
		       ifname, last, n - 1, ifname, n);
}

int dx_xsk_check_steering(struct dx_sys *sys, const char *ifname, uint32_t n)
{
	int err = check_rules(sys, ifname, n);

	return err ? err : check_hash(sys, ifname, n);
}
