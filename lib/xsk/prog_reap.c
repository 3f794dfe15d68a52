// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * libxdp 1.3.1 looks for what is attached each time it attaches or detaches, and
 * leaves a descriptor of the dispatcher and of each member open (its
 * xdp_program__from_id() and _from_pin() duplicate theirs and forget it). They
 * would keep programs loaded for as long as this process lives. So descriptors
 * that are new after a call, and of a program that was on the interface before
 * it, are closed. Newer versions leave none.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sys/sys.h"
#include "xsk/prog_priv.h"

#define FDS "/proc/self/fd"
#define BPF_PROG "anon_inode:bpf-prog"

/* What a descriptor is; -errno for the one that the listing itself had. */
static ssize_t what_is(struct dx_sys *sys, const char *name, char *ret, size_t len)
{
	char path[64];

	snprintf(path, sizeof(path), FDS "/%s", name);
	return sys->readlink(sys, path, ret, len);
}

static bool was_there(const struct dx_prog_fds *fds, const char *name)
{
	const char *pos = fds->names;

	for (int i = 0; i < fds->n; i++, pos += strlen(pos) + 1) {
		if (!strcmp(pos, name))
			return true;
	}
	return false;
}

static bool is_left(const struct dx_prog_fds *fds, struct dx_sys *sys, const char *name)
{
	const struct dx_prog_there *there = &fds->there;
	char target[64];
	uint32_t id;
	ssize_t len = what_is(sys, name, target, sizeof(target));

	if (len != (ssize_t)strlen(BPF_PROG) || memcmp(target, BPF_PROG, strlen(BPF_PROG)) ||
	    dx_prog_id(atoi(name), &id, NULL))
		return false;
	for (uint32_t i = 0; i < there->nmembers; i++) {
		if (there->members[i] == id)
			return true;
	}
	return there->id == id;
}

void dx_prog_fds_note(struct dx_prog_fds *fds, struct dx_sys *sys, uint32_t ifindex)
{
	char target[64], *pos, *to;
	int n;

	fds->names = NULL;
	fds->n = 0;
	if (dx_prog_look(sys, ifindex, &fds->there) || !fds->there.id)
		return;
	n = sys->list(sys, FDS, &fds->names);
	if (n < 0) {
		fds->names = NULL;
		return;
	}
	/* The listing's own is closed by now, and its number free for what libxdp leaves. */
	for (pos = to = fds->names; n; n--) {
		size_t len = strlen(pos) + 1;

		if (what_is(sys, pos, target, sizeof(target)) > 0) {
			memmove(to, pos, len);
			to += len;
			fds->n++;
		}
		pos += len;
	}
}

void dx_prog_fds_reap(struct dx_prog_fds *fds, struct dx_sys *sys)
{
	char *names = NULL, *pos;
	int n;

	if (!fds->names)
		return;
	n = sys->list(sys, FDS, &names);
	for (pos = names; n > 0; n--, pos += strlen(pos) + 1) {
		if (!was_there(fds, pos) && is_left(fds, sys, pos))
			sys->close(sys, atoi(pos));
	}
	free(names);
	free(fds->names);
}
