/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How memory is taken from a kernel driver that maps it, and what happens if it won't let go. */
#include "importer.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LATE_MS 200

static const struct vfio_region_dma_range slice = { .offset = VM_MIB, .length = 2 * VM_PAGE };

/* A mapping of the importer's, and the owner of its memory. */
struct pair {
	int imp;
	struct dmabufx_dev *owner;
	int fd;
	uint64_t addr;
};

static struct pair make_pair(struct vm *vm, const char *owner)
{
	struct pair p = {
		.imp = importer_open(vm, importer_engine()),
		.owner = vm_open(vm, owner, NULL),
	};

	importer_needs_route();
	p.fd = importer_export(vm, p.owner, &slice, 1);
	assert_int_equal(importer_attach(p.imp, p.fd, VDI_MODE_REVOCABLE), 0);
	assert_int_equal(importer_map(p.imp, VDI_BIDIRECTIONAL), 0);
	p.addr = importer_addr(p.imp, 0, 0);
	return p;
}

static void assert_revoked(struct pair p, uint32_t notifies)
{
	struct vdi_state state = importer_state(p.imp);

	assert_int_equal(state.maps, 0);
	/* Mainline tells an importer as well that the memory is back. */
	assert_true(importer_ours() ? state.notifies == notifies : state.notifies >= notifies);
	if (importer_translated(p.imp))
		assert_int_equal(importer_phys(p.imp, p.addr), 0);
	assert_int_equal(importer_map(p.imp, VDI_BIDIRECTIONAL), -ENODEV);
}

/* Memory that can be reset: it stands alone below a port. */
static const char *resettable(void)
{
	return importer_route() == ROUTE_BUS ? importer_memory() : "LAB_IVSHMEM1";
}

static void importer_is_told_and_may_come_back(void **state)
{
	struct pair p = make_pair(*state, importer_memory());

	for (uint32_t i = 1; i <= 3; i++) {
		vm_set_memory(p.owner, false);
		assert_revoked(p, i);
		vm_set_memory(p.owner, true);
		assert_int_equal(importer_map(p.imp, VDI_BIDIRECTIONAL), 0);
	}
	/* What is on already tells nobody. */
	vm_set_memory(p.owner, true);
	assert_int_equal(importer_state(p.imp).maps, 1);
	if (importer_ours())
		assert_int_equal(importer_state(p.imp).notifies, 3);
}

static void memory_off_takes_as_long_as_a_late_importer(void **state)
{
	struct pair p = make_pair(*state, importer_memory());
	uint64_t before;

	importer_set_delay(p.imp, LATE_MS);
	before = guest_now_ns();
	vm_set_memory(p.owner, false);
	assert_true(guest_now_ns() - before >= LATE_MS * 1000000ull);
	assert_revoked(p, 1);
}

/* A thread that takes the memory away. */
struct taker {
	void (*take)(struct dmabufx_dev *dev);
	struct dmabufx_dev *dev;
	pthread_t thread;
	atomic_int tid;
	atomic_bool done;
};

static void *run_taker(void *arg)
{
	struct taker *t = arg;

	atomic_store(&t->tid, (int)syscall(SYS_gettid));
	t->take(t->dev);
	atomic_store(&t->done, true);
	return NULL;
}

/* The thread's state as the kernel names it, 'D': waits and hears no signal. */
static char thread_state(struct taker *t)
{
	char path[64], state = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", atomic_load(&t->tid));
	file = fopen(path, "re");
	if (file && fscanf(file, "%*d %*s %c", &state) != 1)
		state = 0;
	if (file)
		fclose(file);
	return state;
}

/* Returns when the importer was told, and the thread waits for it. */
static void start_to_wait(struct taker *t, struct pair p)
{
	int waiting = 0;

	assert_int_equal(pthread_create(&t->thread, NULL, run_taker, t), 0);
	while (!atomic_load(&t->done) && !importer_state(p.imp).notifies)
		usleep(1000);
	/* A lock may make it wait for a moment; what we look for lasts. */
	while (!atomic_load(&t->done) && waiting < 50) {
		waiting = thread_state(t) == 'D' ? waiting + 1 : 0;
		usleep(1000);
	}
	assert_false(atomic_load(&t->done));
	assert_int_equal(importer_state(p.imp).maps, 1);
	if (importer_translated(p.imp))
		assert_int_not_equal(importer_phys(p.imp, p.addr), 0);
}

static void let_go(struct taker *t, struct pair p)
{
	assert_int_equal(importer_unmap(p.imp, 0), 0);
	pthread_join(t->thread, NULL);
	assert_true(atomic_load(&t->done));
}

static void waits_for_importer(struct vm *vm, void (*take)(struct dmabufx_dev *dev))
{
	struct pair p = make_pair(vm, resettable());
	struct taker t = { .take = take, .dev = p.owner };

	importer_set_delay(p.imp, VDI_DELAY_HOLD);
	start_to_wait(&t, p);
	let_go(&t, p);
}

static void turn_off(struct dmabufx_dev *dev)
{
	vm_set_memory(dev, false);
}

static void reset(struct dmabufx_dev *dev)
{
	assert_int_equal(raw_reset(dmabufx_dev_fd(dev)), 0);
}

static void memory_off_waits_until_the_importer_lets_go(void **state)
{
	waits_for_importer(*state, turn_off);
}

static void reset_waits_until_the_importer_lets_go(void **state)
{
	waits_for_importer(*state, reset);
}

static void close_dev(struct dmabufx_dev *dev)
{
	dmabufx_dev_unref(dev);
}

static void close_waits_until_the_importer_lets_go(void **state)
{
	struct vm *vm = *state;
	struct pair p = make_pair(vm, importer_memory());
	struct taker t = { .take = close_dev, .dev = p.owner };

	vm_forget(vm, p.owner);
	importer_set_delay(p.imp, VDI_DELAY_HOLD);
	start_to_wait(&t, p);
	let_go(&t, p);
	assert_revoked(p, 1);
}

static void importers_close_ends_the_wait(void **state)
{
	struct vm *vm = *state;
	struct pair p = make_pair(vm, importer_memory());
	struct taker t = { .take = turn_off, .dev = p.owner };

	importer_set_delay(p.imp, VDI_DELAY_HOLD);
	start_to_wait(&t, p);
	vm_drop(vm, (void *)(intptr_t)(p.imp + 1));
	pthread_join(t.thread, NULL);
}

static void log_names_who_does_not_let_go(void **state)
{
	struct vm *vm = *state;
	struct pair p = make_pair(vm, importer_memory());
	struct taker t = { .take = turn_off, .dev = p.owner };
	char line[128];
	bool said, waits;

	importer_set_delay(p.imp, VDI_DELAY_HOLD);
	start_to_wait(&t, p);
	snprintf(line, sizeof(line), "%s: it is attached to .* %s", vm_bdf(importer_memory()),
		 vm_bdf(importer_engine()));
	said = vm_kernel_says(vm, line, 15000);
	waits = !atomic_load(&t.done);
	/* Before any assertion, or the test's end would wait as well. */
	let_go(&t, p);
	assert_true(waits);
	if (importer_defect("it waits for ever and says nothing"))
		assert_false(said);
	else
		assert_true(said);
	assert_revoked(p, 1);
}

static void buffer_outlives_its_device_but_maps_no_more(void **state)
{
	struct vm *vm = *state;
	struct pair p = make_pair(vm, importer_memory());
	int late = importer_open(vm, importer_engine());

	vm_drop(vm, p.owner);
	assert_revoked(p, 1);
	assert_int_equal(importer_attach(late, p.fd, VDI_MODE_REVOCABLE), -ENODEV);
	/* It doesn't come back with another owner either. */
	vm_open(vm, importer_memory(), NULL);
	assert_int_equal(importer_map(p.imp, VDI_BIDIRECTIONAL), -ENODEV);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		VM_TEST(importer_is_told_and_may_come_back),
		VM_TEST(memory_off_takes_as_long_as_a_late_importer),
		VM_TEST(memory_off_waits_until_the_importer_lets_go),
		VM_TEST(reset_waits_until_the_importer_lets_go),
		VM_TEST(close_waits_until_the_importer_lets_go),
		VM_TEST(importers_close_ends_the_wait),
		VM_TEST(log_names_who_does_not_let_go),
		VM_TEST(buffer_outlives_its_device_but_maps_no_more),
	};

	return IMPORTER_MAIN(tests);
}
