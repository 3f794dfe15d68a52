/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A scripted kernel: a table of system calls on state that a test can look at
 * and can tell to fail. It answers as Linux 7.3 does, where the library asks.
 */
#ifndef UNIT_FAKE_H
#define UNIT_FAKE_H

#include <pthread.h>

#include "dmabufx/types.h"
#include "sys/sys.h"

#define FAKE_FDS 256
#define FAKE_FD_FIRST 100
#define FAKE_PAGE 4096ull
#define FAKE_VDEVS 6
#define FAKE_RULES 8
#define FAKE_LOG 8192
#define FAKE_CDEV_MAJOR 511u

enum fake_op {
	FAKE_OPEN,
	FAKE_DUP,
	FAKE_IOCTL,
	FAKE_READ,
	FAKE_WRITE,
	FAKE_PREAD,
	FAKE_PWRITE,
	FAKE_MMAP,
	FAKE_SIZE,
	FAKE_INODE,
	FAKE_READLINK,
	FAKE_LIST,
	FAKE_MEMFD,
	FAKE_TRUNCATE,
	FAKE_ALLOCATE,
	FAKE_SEAL,
	FAKE_SEALS,
	FAKE_EVENTFD_NEW,
	FAKE_RLIMIT,
	FAKE_SOCKET,
	FAKE_BIND,
	FAKE_SETSOCKOPT,
	FAKE_GETSOCKOPT,
	FAKE_SEND,
	FAKE_RECV,
	FAKE_POLL,
	/* Ways to give something back, which a test can't fail. */
	FAKE_CLOSE,
	FAKE_MUNMAP,
};

enum fake_kind {
	FAKE_TEXT, /* a file of text: sysfs, procfs */
	FAKE_PLAIN, /* any other descriptor: a pipe, /dev/null */
	FAKE_IOMMUFD,
	FAKE_CONTAINER,
	FAKE_GROUP,
	FAKE_DEVICE, /* of VFIO: from its node or from its group */
	FAKE_DMABUF,
	FAKE_MEMFD_FILE,
	FAKE_EVENTFD,
	FAKE_NETLINK,
	FAKE_XSK, /* a socket of AF_XDP */
};

/* VFIO_DEVICE_FEATURE with PROBE set, told apart from the call itself. */
#define FAKE_FEATURE_PROBE (1ul << 32)

/* Fails calls: of @op, and of @request or on @path if set; after @skip, @times times, 0: always. */
struct fake_rule {
	enum fake_op op;
	int err;
	unsigned long request;
	const char *path;
	unsigned int skip;
	unsigned int times;
};

struct fake_call {
	enum fake_op op;
	unsigned long request;
	uint32_t space;
	uint64_t iova;
};

struct fake_datagram;
struct fake_net;
struct fake_space;
struct fake_vdev;
struct fake_xsk;

/* An open file; descriptors and areas hold references. */
struct fake_file {
	enum fake_kind kind;
	unsigned int refs;
	uint64_t ino;
	uint64_t rdev;
	char *path;
	char *text;
	size_t pos;
	struct fake_space *space; /* a container's */
	struct fake_file *container; /* a group's */
	int group;
	struct fake_vdev *vdev; /* of a device, or the exporter of a dma-buf */
	bool granted; /* a device that was bound to an iommufd, or came from its group */
	const char *exporter;
	bool gone; /* a dma-buf whose device was closed */
	uint64_t size;
	uint64_t off; /* first byte in the BAR */
	uint32_t bar;
	uint32_t nranges;
	int seals;
	uint64_t count;
	struct fake_datagram *datagrams; /* that wait in a socket of netlink */
	struct fake_xsk *xsk;
};

struct fake_area {
	struct fake_area *next;
	uint64_t iova;
	uint64_t len;
	uint64_t off; /* in the file, or the address */
	uint32_t flags;
	struct fake_file *file; /* NULL: memory by address */
	bool dead; /* revoked: the area is there, the memory isn't */
};

/* An IOAS of iommufd, or the inside of a type1 container. */
struct fake_space {
	struct fake_space *next;
	uint32_t id;
	struct fake_file *owner;
	unsigned int users; /* devices attached, or groups joined */
	bool iommu_set; /* type1 */
	struct fake_area *areas;
};

struct fake_bar {
	uint64_t len;
	bool io;
	bool no_mmap;
	uint32_t nareas; /* of a sparse region */
	struct dmabufx_range areas[10];
};

struct fake_vdev {
	char bdf[16];
	char driver[32]; /* "": none */
	char host_driver[32];
	char override[32];
	char cdev[16];
	int group; /* -1: none */
	unsigned int minor;
	uint16_t vendor;
	uint16_t device;
	const uint8_t *vf_token; /* that opening it takes; NULL: it takes none */
	unsigned int slot; /* that a hot reset hits as a whole; 0: it has none */
	bool is_vf;
	bool not_pci;
	bool no_reset;
	bool msix;
	int export_err; /* what probing for export answers */
	struct fake_bar bars[6];
	uint8_t config[256];
	uint64_t config_len;

	unsigned int opens;
	struct fake_space *attached;
	bool revoked; /* memory off, or in D3 */
	uint64_t back_at; /* the device answers all ones until then */
	uint64_t reset_ms; /* how long a reset keeps it away */
	uint32_t config_end; /* a write reaches only what lies before it, and fails; 0: all */
	bool loses_command; /* a reset clears the command register for good */
	unsigned int resets;
};

/* Offsets of the capabilities in the configuration space of every fake device. */
#define FAKE_CAP_PM 0x40
#define FAKE_CAP_PCIE 0x60
#define FAKE_CAP_AF 0xa0
#define FAKE_CAP_MSIX 0xb0

struct fake_node;

struct fake {
	struct dx_sys sys; /* first: what the library gets */
	pthread_mutex_t lock;
	struct fake_file *fds[FAKE_FDS];
	struct fake_node *nodes;
	struct fake_space *spaces;
	struct fake_vdev vdevs[FAKE_VDEVS];
	unsigned int nvdevs;
	struct fake_net *net; /* fake_net.h */
	uint32_t next_id;
	uint64_t next_ino;
	uint64_t next_va;
	unsigned int mmaps;

	bool no_tokens; /* a kernel whose nodes take none */
	unsigned int more_hits; /* functions that a hot reset names beyond those there are */

	uint64_t now;
	uint64_t slept;
	bool unsafe_irq; /* no interrupt remapping */
	bool no_type1v2;
	bool links; /* the kernel names the links of dma-bufs in debugfs */
	bool old_dmabuf; /* iommufd of before 6.19: takes a dma-buf for a memfd */
	uint64_t unmap_less; /* so many bytes less are told of an unmap */
	uint64_t bad_va; /* memory by this address can't be pinned */
	uint64_t rlimit;
	uint64_t huge_bytes; /* free in the pool of huge pages */
	bool short_config; /* config reads and writes end a byte early */
	struct dmabufx_iova_range allowed[40];
	uint32_t nallowed;
	uint64_t page_sizes; /* what the IOMMU knows, smallest bit counts */

	unsigned int calls; /* that can fail */
	unsigned int fail_at; /* 0: none */
	int fail_err;
	bool failed; /* the call to fail was reached */
	struct fake_rule rules[FAKE_RULES];
	unsigned int nrules;
	struct fake_call log[FAKE_LOG];
	unsigned int nlog;
};

struct fake *fake_new(void);
void fake_free(struct fake *f);

/* Files and directories; a directory is there when something is below it. */
void fake_text(struct fake *f, const char *path, const char *text);
void fake_link(struct fake *f, const char *path, const char *target);
void fake_dev_node(struct fake *f, const char *path, enum fake_kind kind, int which);
/* Removes @path and everything below it. */
void fake_remove(struct fake *f, const char *path);
const char *fake_get_text(struct fake *f, const char *path);

/* Descriptors that a test makes for itself, or looks at. */
int fake_fd(struct fake *f, enum fake_kind kind);
struct fake_file *fake_at(struct fake *f, int fd);
/* A dma-buf of another exporter, or of another process's VFIO device. */
int fake_foreign_dmabuf(struct fake *f, const char *exporter, uint64_t size);
void fake_close(struct fake *f, int fd);

/* A PCI function with empty BARs; its sysfs is made when it is bound. */
struct fake_vdev *fake_add(struct fake *f, const char *bdf, uint16_t vendor, uint16_t device,
			   int group);
void fake_publish(struct fake *f, struct fake_vdev *v, const char *driver);
void fake_set_driver(struct fake *f, struct fake_vdev *v, const char *driver);
/* What is written to driver_override; "": any driver may have it. */
void fake_set_override(struct fake *f, struct fake_vdev *v, const char *value);
struct fake_vdev *fake_find(struct fake *f, const char *bdf);
/* Marks every byte of @file's mappings dead, as the kernel does on a revoke. */
void fake_revoke(struct fake *f, const struct fake_vdev *v);

/*
 * Two devices on vfio-pci, edu 0000:00:04.0 and ivshmem 0000:00:05.0 with
 * 64 MiB in BAR 2 and MSI-X in BAR 1, and 0000:00:06.0 with odd BARs.
 */
struct fake *fake_machine(void);

/* Failures to come. */
void fake_fail(struct fake *f, struct fake_rule rule);
void fake_fail_ioctl(struct fake *f, unsigned long request, int err);
void fake_fail_nth(struct fake *f, unsigned int nth, int err);
void fake_heal(struct fake *f);

/* What there is. */
unsigned int fake_open_fds(struct fake *f);
unsigned int fake_spaces(struct fake *f);
unsigned int fake_areas(struct fake *f);
struct fake_space *fake_space(struct fake *f, uint32_t id);
/* Calls of an ioctl since the log was cleared. */
unsigned int fake_count(struct fake *f, unsigned long request);
void fake_clear_log(struct fake *f);
/* The area a DMA of @v to @iova hits, NULL when it faults. */
const struct fake_area *fake_dma(struct fake *f, const struct fake_vdev *v, uint64_t iova);

#endif
