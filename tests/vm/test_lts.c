/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the series for LTS kernels does right and other kernels don't: resets that don't come
 * through vfio-pci, and buffers whose file is gone while a path to them is not.
 */
#include "dma.h"
#include "raw.h"
#include "vm.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define OWNER "LAB_IVSHMEM1"

static int reset_by_sysfs(const char *name)
{
	char path[96];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/reset", vm_bdf(name));
	return guest_put(path, "1");
}

static void assert_comes_back(struct vm_pair *p)
{
	vm_works(dmabufx_mapping_refresh(p->mapping));
	vm_dma_lands(p->edu, VM_IOVA, p->va);
}

static void reset_from_sysfs_revokes_and_gives_back(void **state)
{
	struct vm *vm = *state;
	struct vm_pair p = vm_make_pair(vm, OWNER);

	for (int i = 0; i < 3; i++) {
		assert_int_equal(reset_by_sysfs(OWNER), 0);
		vm_dma_faults(vm, p.edu, VM_IOVA, p.va);
		assert_comes_back(&p);
	}
}

static void memory_off_outlasts_a_reset_from_sysfs(void **state)
{
	struct vm *vm = *state;
	struct vm_pair p = vm_make_pair(vm, OWNER);
	uint64_t iova = VM_IOVA + VM_MIB;
	int iommufd = vm_fd(vm, raw_iommufd());
	uint32_t ioas;

	assert_int_equal(raw_ioas(iommufd, &ioas), 0);
	vm_set_memory(p.owner, false);
	assert_int_equal(reset_by_sysfs(OWNER), 0);
	assert_int_equal(raw_map_file(iommufd, ioas, dmabufx_buf_fd(p.buf), 0, VM_PAGE, &iova),
			 -ENODEV);
	vm_set_memory(p.owner, true);
	assert_int_equal(raw_map_file(iommufd, ioas, dmabufx_buf_fd(p.buf), 0, VM_PAGE, &iova), 0);
	assert_comes_back(&p);
}

struct resetter {
	atomic_bool stop;
	long done;
};

static void *reset_again_and_again(void *arg)
{
	struct resetter *r = arg;

	while (!atomic_load(&r->stop))
		r->done += !reset_by_sysfs(OWNER);
	return NULL;
}

/* A reset blocks the configuration space, for which a write to it waits with a lock held. */
static void configuration_writes_beside_resets_from_sysfs_end(void **state)
{
	struct vm *vm = *state;
	struct vm_pair p = vm_make_pair(vm, OWNER);
	struct resetter r = { .done = 0 };
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, reset_again_and_again, &r), 0);
	for (int i = 0; i < 200; i++) {
		int ret;

		vm_set_memory(p.owner, i & 1);
		ret = raw_reset(dmabufx_dev_fd(p.owner));
		/* The other thread may have the device. */
		assert_true(ret == 0 || ret == -EAGAIN);
	}
	atomic_store(&r.stop, true);
	pthread_join(thread, NULL);
	assert_true(r.done > 0);
	vm_set_memory(p.owner, true);
	assert_comes_back(&p);
}

/* True if the child ends in time; it is killed if not, which can take until it may die. */
static bool ends_within(pid_t child, int seconds)
{
	const struct timespec tick = { .tv_nsec = 50 * 1000 * 1000 };

	for (int i = 0; i < seconds * 20; i++) {
		if (waitpid(child, NULL, WNOHANG) == child)
			return true;
		nanosleep(&tick, NULL);
	}
	kill(child, SIGKILL);
	return false;
}

static void unbinding_doesnt_wait_for_a_path_to_a_closed_buffer(void **state)
{
	struct vm *vm = *state;
	struct dmabufx_dev *dev = vm_open(vm, OWNER, NULL);
	struct dmabufx_buf *buf = vm_export(vm, dev, 2, 0, VM_PAGE);
	char link[32];
	pid_t child;
	int path;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", dmabufx_buf_fd(buf));
	path = open(link, O_PATH | O_CLOEXEC);
	assert_true(path >= 0);
	vm_drop(vm, buf);
	/* Goes through the device's buffers, of which this one has no file any more. */
	assert_int_equal(raw_reset(dmabufx_dev_fd(dev)), 0);
	vm_drop(vm, dev);

	child = fork();
	if (!child)
		_exit(guest_put("/sys/bus/pci/drivers/vfio-pci/unbind", vm_bdf(OWNER)));
	assert_true(ends_within(child, 20));
	close(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		VM_TEST(reset_from_sysfs_revokes_and_gives_back),
		VM_TEST(memory_off_outlasts_a_reset_from_sysfs),
		VM_TEST(configuration_writes_beside_resets_from_sysfs_end),
		VM_TEST(unbinding_doesnt_wait_for_a_path_to_a_closed_buffer),
	};

	return VM_MAIN(tests);
}
