/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the scripted kernel's files share; not for tests. */
#ifndef UNIT_FAKE_PRIV_H
#define UNIT_FAKE_PRIV_H

#include "fake.h"

struct fake_node {
	struct fake_node *next;
	char *path;
	char *text; /* of a file, or a link's target; NULL: a device node */
	bool is_link;
	enum fake_kind kind;
	int which; /* group's number, device's index */
};

/* Locks until the end of the scope; every entry of the table begins with it. */
struct fake *fake_enter(struct dx_sys *sys);
void fake_leave(struct fake **f);
#define FAKE_SCOPE(f, sys) struct fake *f __attribute__((cleanup(fake_leave))) = fake_enter(sys)

/* Counts and logs a call; a negative errno if it is one to fail. */
int fake_step(struct fake *f, const struct fake_call *call, const char *path);
int fake_step_op(struct fake *f, enum fake_op op);

/* Memory of the scripted kernel's own: neither counted nor failed. */
void *fake_zalloc(size_t size);
char *fake_strdup(const char *s);
void fake_release(void *p);

struct fake_file *fake_file_new(struct fake *f, enum fake_kind kind);
void fake_file_put(struct fake *f, struct fake_file *file);
/* Takes the reference over; -EMFILE drops it. */
int fake_install(struct fake *f, struct fake_file *file);

/* What bufinfo in debugfs says now. */
void fake_bufinfo(struct fake *f, char *text, size_t len);
struct fake_node *fake_node(struct fake *f, const char *path);
int fake_open_path(struct fake *f, const char *path, struct fake_file **ret);
int fake_list_path(struct fake *f, const char *path, char **ret);
/* A write to a file of sysfs that does something. */
int fake_write_hook(struct fake *f, const char *path, const char *value);

struct fake_space *fake_space_new(struct fake *f, struct fake_file *owner);
void fake_space_free(struct fake *f, struct fake_space *space);
int fake_area_add(struct fake *f, struct fake_space *space, const struct fake_area *area);
int fake_area_remove(struct fake *f, struct fake_space *space, uint64_t iova, uint64_t len,
		     uint64_t *unmapped);
void fake_areas_clear(struct fake *f, struct fake_space *space);

int fake_iommufd_ioctl(struct fake *f, struct fake_file *file, unsigned long request, void *arg);
int fake_container_ioctl(struct fake *f, struct fake_file *file, unsigned long request, void *arg);
int fake_group_ioctl(struct fake *f, struct fake_file *file, unsigned long request, void *arg);
int fake_device_ioctl(struct fake *f, struct fake_file *file, unsigned long request, void *arg);
ssize_t fake_device_read(struct fake *f, struct fake_vdev *v, void *buf, size_t len, uint64_t off);
ssize_t fake_device_write(struct fake *f, struct fake_vdev *v, const void *buf, size_t len,
			  uint64_t off);

/* Entries of the table, in fake_socket.c. */
int fake_sys_socket(struct dx_sys *sys, int domain, int type, int protocol);
int fake_sys_bind(struct dx_sys *sys, int fd, const void *addr, uint32_t len);
int fake_sys_setsockopt(struct dx_sys *sys, int fd, int level, int name, const void *value,
			uint32_t len);
int fake_sys_getsockopt(struct dx_sys *sys, int fd, int level, int name, void *value,
			uint32_t *len);
ssize_t fake_sys_send(struct dx_sys *sys, int fd, const void *buf, size_t len, int flags);
ssize_t fake_sys_recv(struct dx_sys *sys, int fd, void *buf, size_t len, int flags);
int fake_sys_poll(struct dx_sys *sys, struct pollfd *fds, unsigned int n, int timeout_ms);
int fake_sys_sleep_us(struct dx_sys *sys, unsigned int us);

bool fake_group_viable(struct fake *f, int group);
/* A group's file, or a device's, is closed for good. */
void fake_group_release(struct fake *f, struct fake_file *file);
void fake_device_release(struct fake *f, struct fake_file *file);

#endif
