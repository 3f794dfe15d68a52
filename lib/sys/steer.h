/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* To which queues a card gives packets: by its rules (ethtool -n), and by its hash (ethtool -x). */
#ifndef DX_SYS_STEER_H
#define DX_SYS_STEER_H

#include "sys/sys.h"

struct dx_steer_rule {
	uint32_t location; /* its number for ethtool -N IFACE delete */
	bool drops;
	bool wakes; /* the machine, and steers nothing */
	bool spreads; /* by the table of @context, from @queue on */
	uint32_t context;
	uint32_t queue;
	uint32_t vf; /* 0: the function itself, else a virtual one's number, and one more */
};

/* The rules' locations, which the caller frees. 0: no rules, or a driver that has none. */
int dx_steer_locations(struct dx_sys *sys, const char *ifname, uint32_t **ret, uint32_t *nret);
/* -ENOENT or -EINVAL, as the driver likes: there is none. */
int dx_steer_rule(struct dx_sys *sys, const char *ifname, uint32_t location,
		  struct dx_steer_rule *ret);
/* The last queue that the table of @context names. -EOPNOTSUPP: the driver doesn't tell. */
int dx_steer_last_queue(struct dx_sys *sys, const char *ifname, uint32_t context, uint32_t *ret);

#endif
