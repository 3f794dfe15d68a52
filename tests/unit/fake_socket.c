// SPDX-License-Identifier: GPL-2.0-or-later
/* The scripted kernel's calls on sockets, and its network interfaces. */
#include <errno.h>
#include <linux/if_link.h>
#include <stdio.h>
#include <sys/socket.h>

#include "fake_net.h"
#include "fake_priv.h"
#include "uapi/netdev.h"

struct fake_netdev *fake_add_netdev(struct fake *f, const char *name)
{
	struct fake_netdev *dev = &f->net->devs[f->net->ndevs++];

	*dev = (struct fake_netdev){
		.driver = "fake_net",
		.ifindex = f->net->ndevs + 1,
		.mtu = 1500,
		.rx_queues = 2,
		.tx_queues = 2,
		.rx_made = 4,
		.tx_made = 5,
		.features = NETDEV_XDP_ACT_BASIC | NETDEV_XDP_ACT_REDIRECT,
		.zc_err = EOPNOTSUPP,
		.release_ms = 10,
	};
	snprintf(dev->name, sizeof(dev->name), "%s", name);
	return dev;
}

struct fake_netdev *fake_netdev_at(struct fake *f, uint32_t ifindex)
{
	for (unsigned int i = 0; i < f->net->ndevs; i++) {
		if (f->net->devs[i].ifindex == ifindex)
			return &f->net->devs[i];
	}
	return NULL;
}

bool fake_queue_busy(struct fake *f, const struct fake_netdev *dev, uint32_t queue)
{
	return dev->queues[queue].xsk || dev->queues[queue].busy_until > f->now;
}

/* As in fake_sys.c; @request tells the option, or the family of a socket. */
static struct fake_file *enter(struct fake *f, enum fake_op op, int fd, unsigned long request,
			       int *err)
{
	struct fake_call call = { .op = op, .request = request };
	struct fake_file *file;

	*err = fake_step(f, &call, NULL);
	if (*err)
		return NULL;
	file = fake_at(f, fd);
	if (!file)
		*err = -EBADF;
	else if (file->kind != FAKE_NETLINK && file->kind != FAKE_XSK)
		*err = -ENOTSOCK;
	return *err ? NULL : file;
}

int fake_sys_socket(struct dx_sys *sys, int domain, int type, int protocol)
{
	FAKE_SCOPE(f, sys);
	struct fake_call call = { .op = FAKE_SOCKET, .request = (unsigned long)domain };
	struct fake_file *file;
	int err = fake_step(f, &call, NULL);

	if (err)
		return err;
	if (domain != AF_NETLINK && (domain != AF_XDP || f->net->no_xdp_sockets))
		return -EAFNOSUPPORT;
	file = fake_file_new(f, domain == AF_NETLINK ? FAKE_NETLINK : FAKE_XSK);
	if (domain == AF_XDP)
		file->xsk = fake_zalloc(sizeof(*file->xsk));
	return fake_install(f, file);
}

int fake_sys_bind(struct dx_sys *sys, int fd, const void *addr, uint32_t len)
{
	FAKE_SCOPE(f, sys);
	int err;
	struct fake_file *file = enter(f, FAKE_BIND, fd, 0, &err);

	if (!file)
		return err;
	return file->kind == FAKE_XSK ? fake_xsk_bind(f, file, addr, len) : 0;
}

int fake_sys_setsockopt(struct dx_sys *sys, int fd, int level, int name, const void *value,
			uint32_t len)
{
	FAKE_SCOPE(f, sys);
	int err;
	struct fake_file *file = enter(f, FAKE_SETSOCKOPT, fd, (unsigned long)name, &err);

	if (!file)
		return err;
	return file->kind == FAKE_XSK ? fake_xsk_setsockopt(f, file, level, name, value, len) :
					-ENOPROTOOPT;
}

int fake_sys_getsockopt(struct dx_sys *sys, int fd, int level, int name, void *value, uint32_t *len)
{
	FAKE_SCOPE(f, sys);
	int err;
	struct fake_file *file = enter(f, FAKE_GETSOCKOPT, fd, (unsigned long)name, &err);

	if (!file)
		return err;
	return file->kind == FAKE_XSK ? fake_xsk_getsockopt(file, level, name, value, len) :
					-ENOPROTOOPT;
}

ssize_t fake_sys_send(struct dx_sys *sys, int fd, const void *buf, size_t len, int flags)
{
	FAKE_SCOPE(f, sys);
	int err;
	struct fake_file *file = enter(f, FAKE_SEND, fd, 0, &err);

	if (!file)
		return err;
	if (file->kind == FAKE_XSK)
		return file->xsk->dev ? 0 : -ENXIO;
	err = fake_netlink_send(f, file, buf, len);
	return err ? err : (ssize_t)len;
}

ssize_t fake_sys_recv(struct dx_sys *sys, int fd, void *buf, size_t len, int flags)
{
	FAKE_SCOPE(f, sys);
	int err;
	struct fake_file *file = enter(f, FAKE_RECV, fd, 0, &err);

	if (!file)
		return err;
	if (file->kind == FAKE_XSK)
		return file->xsk->dev ? 0 : -ENXIO;
	return fake_netlink_recv(file, buf, len, flags);
}

int fake_sys_poll(struct dx_sys *sys, struct pollfd *fds, unsigned int n, int timeout_ms)
{
	FAKE_SCOPE(f, sys);
	int err = fake_step_op(f, FAKE_POLL);

	if (err)
		return err;
	/* Nothing ever comes. */
	for (unsigned int i = 0; i < n; i++)
		fds[i].revents = 0;
	f->now += timeout_ms > 0 ? (unsigned int)timeout_ms : 0;
	return 0;
}

int fake_sys_sleep_us(struct dx_sys *sys, unsigned int us)
{
	FAKE_SCOPE(f, sys);

	/* Its clock has milliseconds; a sleep must get somewhere. */
	f->now += (us + 999) / 1000;
	f->slept += (us + 999) / 1000;
	return 0;
}
