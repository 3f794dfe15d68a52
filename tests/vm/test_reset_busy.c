/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Resets of one device while another one's DMA goes on. */
#include "dma.h"
#include "vm.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <string.h>

#define RESETS 5

/* A thread that has an engine write to an IOVA again and again. */
struct busy {
	struct engine *engine;
	uint64_t iova;
	const uint8_t *va; /* where the bytes must be found; NULL: wherever they are */
	sem_t done;
	atomic_bool stop;
	atomic_int nwrites;
	atomic_int nwrong;
	pthread_t thread;
};

static void *write_on(void *arg)
{
	uint8_t copy[ENGINE_MAX_LEN];
	struct busy *b = arg;

	for (uint32_t seed = 1; !atomic_load(&b->stop); seed++) {
		int ret = engine_write(b->engine, b->iova, VM_PAGE, seed, copy);

		if (b->va && (ret || memcmp(b->va, copy, VM_PAGE)))
			atomic_fetch_add(&b->nwrong, 1);
		atomic_fetch_add(&b->nwrites, 1);
		sem_post(&b->done);
	}
	return NULL;
}

static void start(struct busy *b)
{
	sem_init(&b->done, 0, 0);
	assert_int_equal(pthread_create(&b->thread, NULL, write_on, b), 0);
}

static void stop(struct busy *b)
{
	atomic_store(&b->stop, true);
	pthread_join(b->thread, NULL);
	sem_destroy(&b->done);
}

/* Returns when one more write that began after the call has ended. */
static void wait_for_writes(struct busy *b)
{
	int seen = atomic_load(&b->nwrites);

	while (atomic_load(&b->nwrites) < seen + 2)
		sem_wait(&b->done);
}

static int in_reset(struct dmabufx_dev *dev, void *user)
{
	wait_for_writes(user);
	return 0;
}

static void dma_into_memory_goes_on_through_resets(void **state)
{
	struct vm *vm = *state;
	struct dmabufx_dev *owner = vm_open(vm, "LAB_IVSHMEM1", NULL);
	struct dmabufx_ioas *ioas = vm_ioas(vm, VM_EDU_MAX);
	struct dmabufx_buf *buf = vm_memory(vm, VM_TARGET);
	struct busy b = { .engine = vm_engine(vm, "LAB_NVME0", ioas), .iova = VM_IOVA };
	uint8_t *va = vm_bar_va(vm, owner, 2, 0, VM_TARGET);
	int before;

	vm_map_at(vm, ioas, buf, VM_IOVA);
	vm_map_at(vm, ioas, vm_export(vm, owner, 2, 0, VM_TARGET), VM_IOVA + VM_MIB);
	vm_works(dmabufx_dev_set_reset_cb(owner, in_reset, in_reset, &b));
	b.va = vm_mmap(vm, dmabufx_buf_fd(buf), VM_TARGET);
	start(&b);
	before = atomic_load(&b.nwrites);
	for (int i = 0; i < RESETS; i++)
		assert_int_equal(vm_works(dmabufx_dev_reset(owner)), 0);
	stop(&b);
	assert_true(atomic_load(&b.nwrites) >= before + 4 * RESETS);
	assert_int_equal(atomic_load(&b.nwrong), 0);
	vm_dma_lands(b.engine, VM_IOVA + VM_MIB, va);
}

/* A user that doesn't stop its DMA loses bytes, and nothing worse happens. */
static void dma_into_the_bar_through_resets_harms_nothing(void **state)
{
	struct vm *vm = *state;
	struct dmabufx_dev *owner = vm_open(vm, "LAB_IVSHMEM1", NULL);
	struct dmabufx_ioas *ioas = vm_ioas(vm, VM_EDU_MAX);
	struct busy b = { .engine = vm_engine(vm, "LAB_NVME0", ioas), .iova = VM_IOVA };
	uint8_t *va = vm_bar_va(vm, owner, 2, 0, 2 * VM_TARGET), fill[VM_TARGET];
	struct dmabufx_mapping *mapping;

	memset(fill, 0xa5, sizeof(fill));
	memcpy(va + VM_TARGET, fill, sizeof(fill));
	mapping = vm_map_at(vm, ioas, vm_export(vm, owner, 2, 0, VM_TARGET), VM_IOVA);
	start(&b);
	for (int i = 0; i < RESETS; i++) {
		wait_for_writes(&b);
		assert_int_equal(vm_works(dmabufx_dev_reset(owner)), 0);
	}
	stop(&b);
	assert_int_equal(dmabufx_mapping_state(mapping), DMABUFX_MAPPING_LIVE);
	vm_dma_lands(b.engine, VM_IOVA, va);
	assert_memory_equal(va + VM_TARGET, fill, sizeof(fill));
}

/* Two threads reset two devices whose buffers are in one address space. */
static void *reset_on(void *arg)
{
	intptr_t sum = 0;

	for (int i = 0; i < RESETS; i++)
		sum |= dmabufx_dev_reset(arg);
	return (void *)sum;
}

static void two_devices_are_reset_at_once(void **state)
{
	struct vm *vm = *state;
	struct dmabufx_dev *first = vm_open(vm, "LAB_IVSHMEM1", NULL);
	struct dmabufx_dev *second = vm_open(vm, "LAB_NVME0", NULL);
	struct dmabufx_ioas *ioas = vm_ioas(vm, VM_EDU_MAX);
	struct engine *edu = vm_engine(vm, "LAB_EDU0", ioas);
	uint8_t *one = vm_bar_va(vm, first, 2, 0, VM_TARGET);
	uint8_t *other = vm_bar_va(vm, second, 2, 0, VM_TARGET);
	pthread_t thread;
	void *sum;

	vm_map_at(vm, ioas, vm_export(vm, first, 2, 0, VM_TARGET), VM_IOVA);
	vm_map_at(vm, ioas, vm_export(vm, second, 2, 0, VM_TARGET), VM_IOVA + VM_MIB);
	assert_int_equal(pthread_create(&thread, NULL, reset_on, second), 0);
	assert_ptr_equal(reset_on(first), NULL);
	pthread_join(thread, &sum);
	assert_ptr_equal(sum, NULL);
	assert_int_equal(engine_prepare_target(second), 0);
	vm_dma_lands(edu, VM_IOVA, one);
	vm_dma_lands(edu, VM_IOVA + VM_MIB, other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		VM_TEST(dma_into_memory_goes_on_through_resets),
		VM_TEST(dma_into_the_bar_through_resets_harms_nothing),
		VM_TEST(two_devices_are_reset_at_once),
	};

	return VM_MAIN(tests);
}
