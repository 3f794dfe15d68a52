/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading and writing sysfs attributes, and what sysfs says of PCI functions. */
#ifndef DX_SYS_SYSFS_H
#define DX_SYS_SYSFS_H

#include "sys/sys.h"

#define DX_PATH_MAX 256

/* Reads a whole attribute as a string without its newline. Its length or a negative errno. */
ssize_t dx_sysfs_read(struct dx_sys *sys, char *buf, size_t len, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* Reads a number in the base it is written in. */
int dx_sysfs_number(struct dx_sys *sys, uint64_t *ret, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

int dx_sysfs_write(struct dx_sys *sys, const char *value, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Last component of what a link points to. -ENOENT: no link. */
int dx_sysfs_link_name(struct dx_sys *sys, char *buf, size_t len, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* dx_sys.list with a formatted path. */
int dx_sysfs_list(struct dx_sys *sys, char **ret, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Writes "dddd:bb:dd.f" of "00:04.0" or "0000:00:04.0". False: neither. */
bool dx_bdf_parse(const char *name, char ret[16]);

/* A member of @bdf's group that a host driver holds, which makes the group unviable. */
bool dx_group_blocker(struct dx_sys *sys, const char *bdf, char blocker[16], char *driver,
		      size_t len);

#endif
