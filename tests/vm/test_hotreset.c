/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hot reset of a bus with three functions: whose buffers go, whose stay, and when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "seq.h"

#include <errno.h>
#include <linux/pci_regs.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define IOVA 0x1000000ull
#define STEP 0x100000ull
/* A secondary bus reset of PCIe takes 100 ms at least, by the specification. */
#define RESET_MS 60
#define MS 1000000ull

/* Exporters: two functions of the bus, and one elsewhere. */
enum { FIRST, SECOND, ELSEWHERE, OWNERS };

static const char *const owners[OWNERS] = { "HOT0", "HOT1", "IVSHMEM1" };

struct world {
	struct seq_census before;
	int iommufd;
	uint32_t ioas;
	uint32_t near_ioas;
	struct seq_edu far;
	struct seq_edu near;
	struct seq_dev dev[OWNERS];
	int buf[OWNERS];
	uint64_t tag;
};

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct seq_dev probe;

	*state = w;
	if (!w || seq_take(&probe, "HOT2"))
		return w ? 0 : -1;
	for (int i = 0; i < OWNERS; i++) {
		w->buf[i] = -1;
		if (seq_take(&w->dev[i], owners[i]))
			return -1;
	}
	w->before = seq_count();
	w->iommufd = raw_iommufd();
	return w->iommufd < 0 || raw_ioas(w->iommufd, &w->ioas) ||
	       raw_ioas(w->iommufd, &w->near_ioas) ||
	       seq_edu_open(&w->far, "EDU0", w->iommufd, w->ioas);
}

static int teardown(void **state)
{
	struct world *w = *state;
	int err = 0;

	if (w->iommufd) {
		for (int i = 0; i < OWNERS; i++) {
			if (w->buf[i] >= 0)
				close(w->buf[i]);
			if (w->dev[i].cdev >= 0)
				seq_close(&w->dev[i]);
		}
		if (w->near.page)
			seq_edu_close(&w->near, w->iommufd, w->near_ioas);
		seq_edu_close(&w->far, w->iommufd, w->ioas);
		close(w->iommufd);
		err = seq_nothing_left(&w->before, 4 * 1024 * 1024);
	}
	free(w);
	return err;
}

static int restore(void **state)
{
	return seq_give_back();
}

static struct world *world(void **state)
{
	struct world *w = *state;

	if (!w->iommufd) {
		print_message("this profile has no slot of several functions\n");
		skip();
	}
	return w;
}

static void open_owner(struct world *w, int i)
{
	assert_int_equal(seq_open(&w->dev[i], w->iommufd, 0), 0);
	assert_int_equal(seq_set_command(&w->dev[i], PCI_COMMAND_MEMORY, true), 0);
	w->buf[i] = seq_export(&w->dev[i], 0);
	assert_true(w->buf[i] >= 0);
}

/* What MAP_FILE says; a buffer that can be mapped is unmapped again. */
static int try_map(struct world *w, int i)
{
	uint64_t iova = IOVA + 0x1000000 + (uint64_t)i * STEP;
	int err = raw_map_file(w->iommufd, w->ioas, w->buf[i], 0, SEQ_LEN, &iova);

	if (!err)
		assert_int_equal(raw_unmap(w->iommufd, w->ioas, iova, SEQ_LEN), 0);
	return err;
}

static void map_in(struct world *w, uint32_t ioas, int i)
{
	uint64_t iova = IOVA + (uint64_t)i * STEP;

	assert_int_equal(raw_map_file(w->iommufd, ioas, w->buf[i], 0, SEQ_LEN, &iova), 0);
}

static void unmap_in(struct world *w, uint32_t ioas, int i)
{
	assert_int_equal(raw_unmap(w->iommufd, ioas, IOVA + (uint64_t)i * STEP, SEQ_LEN), 0);
}

/* Whether the engine sees at the IOVA what the CPU has just put into the buffer. */
static bool is_live(struct world *w, struct seq_edu *edu, int i)
{
	uint64_t off, len, seen, tag = ++w->tag | 0x5eed000000000000ull;

	assert_int_equal(seq_region(&w->dev[i], 2, &off, &len), 0);
	assert_int_equal(pwrite(w->dev[i].cdev, &tag, sizeof(tag), (off_t)off), sizeof(tag));
	assert_int_equal(seq_edu_read(edu, IOVA + (uint64_t)i * STEP, &seen), 0);
	return seen == tag;
}

/* With no group descriptors: all functions are proven to be ours by the iommufd. */
static int hot_reset(const struct seq_dev *dev)
{
	struct vfio_pci_hot_reset arg = { .argsz = sizeof(arg) };

	return ioctl(dev->cdev, VFIO_DEVICE_PCI_HOT_RESET, &arg) ? -errno : 0;
}

static void both_open_lose_their_buffers_and_get_them_back(void **state)
{
	struct world *w = world(state);

	for (int i = 0; i < OWNERS; i++) {
		open_owner(w, i);
		map_in(w, w->ioas, i);
		assert_true(is_live(w, &w->far, i));
	}
	for (int round = 0; round < 3; round++) {
		assert_int_equal(hot_reset(&w->dev[round % 2]), 0);
		assert_false(is_live(w, &w->far, FIRST));
		assert_false(is_live(w, &w->far, SECOND));
		/* Another bus has nothing to do with it. */
		assert_true(is_live(w, &w->far, ELSEWHERE));
		for (int i = FIRST; i <= SECOND; i++) {
			unmap_in(w, w->ioas, i);
			map_in(w, w->ioas, i);
			assert_true(is_live(w, &w->far, i));
		}
	}
}

static void function_that_was_never_opened_does_no_harm(void **state)
{
	struct world *w = world(state);

	for (int opened = FIRST; opened <= SECOND; opened++) {
		open_owner(w, opened);
		map_in(w, w->ioas, opened);
		assert_int_equal(hot_reset(&w->dev[opened]), 0);
		assert_false(is_live(w, &w->far, opened));
		assert_int_equal(try_map(w, opened), 0);
		assert_int_equal(seq_close(&w->dev[opened]), 0);
		assert_int_equal(try_map(w, opened), -ENODEV);
	}
}

static void function_that_was_closed_keeps_its_buffers_revoked(void **state)
{
	struct world *w = world(state);

	for (int closed = FIRST; closed <= SECOND; closed++) {
		open_owner(w, FIRST);
		open_owner(w, SECOND);
		assert_int_equal(seq_close(&w->dev[closed]), 0);
		assert_int_equal(hot_reset(&w->dev[!closed]), 0);
		assert_int_equal(try_map(w, closed), -ENODEV);
		assert_int_equal(try_map(w, !closed), 0);
		for (int i = FIRST; i <= SECOND; i++) {
			close(w->buf[i]);
			w->buf[i] = -1;
		}
		assert_int_equal(seq_close(&w->dev[!closed]), 0);
	}
}

static void memory_that_is_off_stays_off(void **state)
{
	struct world *w = world(state);

	open_owner(w, FIRST);
	open_owner(w, SECOND);
	assert_int_equal(seq_set_command(&w->dev[SECOND], PCI_COMMAND_MEMORY, false), 0);
	assert_int_equal(hot_reset(&w->dev[FIRST]), 0);
	assert_int_equal(try_map(w, FIRST), 0);
	assert_int_equal(try_map(w, SECOND), -ENODEV);
	assert_int_equal(seq_set_command(&w->dev[SECOND], PCI_COMMAND_MEMORY, true), 0);
	assert_int_equal(try_map(w, SECOND), 0);
}

/* A reset in another thread. */
struct reset {
	struct seq_dev *dev;
	int (*call)(const struct seq_dev *dev);
	int err;
	bool done;
};

static void *run_reset(void *arg)
{
	struct reset *r = arg;

	r->err = r->call(r->dev);
	__atomic_store_n(&r->done, true, __ATOMIC_RELEASE);
	return NULL;
}

static bool is_done(struct reset *r)
{
	return __atomic_load_n(&r->done, __ATOMIC_ACQUIRE);
}

/* They go before the bus is reset, not after: an engine could write into the reset. */
static void buffers_are_away_as_long_as_the_reset_takes(void **state)
{
	struct world *w = world(state);
	struct reset r = { .dev = &w->dev[FIRST], .call = hot_reset };
	uint64_t since[2] = { 0 }, until[2] = { 0 };
	pthread_t thread;

	open_owner(w, FIRST);
	open_owner(w, SECOND);
	assert_int_equal(pthread_create(&thread, NULL, run_reset, &r), 0);
	while (!is_done(&r)) {
		for (int i = FIRST; i <= SECOND; i++) {
			if (try_map(w, i) != -ENODEV)
				continue;
			until[i] = guest_now_ns();
			since[i] = since[i] ? since[i] : until[i];
		}
		usleep(2000);
	}
	pthread_join(thread, NULL);
	assert_int_equal(r.err, 0);
	for (int i = FIRST; i <= SECOND; i++) {
		assert_true(until[i] - since[i] >= RESET_MS * MS);
		assert_int_equal(try_map(w, i), 0);
	}
}

static int function_reset(const struct seq_dev *dev)
{
	return raw_reset(dev->cdev);
}

/*
 * The second function is busy with a reset of its own, so that the hot reset, which has
 * locked the first by then, gives up: what it has taken from that one comes back.
 */
static void hot_reset_that_gives_up_gives_back(void **state)
{
	struct world *w = world(state);
	struct reset r = { .dev = &w->dev[SECOND], .call = function_reset };
	int busy = 0, err;
	pthread_t thread;

	open_owner(w, FIRST);
	open_owner(w, SECOND);
	for (int round = 0; round < 5; round++) {
		r.done = false;
		assert_int_equal(pthread_create(&thread, NULL, run_reset, &r), 0);
		while (!is_done(&r)) {
			usleep(5000);
			if (try_map(w, SECOND) != -ENODEV)
				continue;
			err = hot_reset(&w->dev[FIRST]);
			assert_true(!err || err == -EBUSY || err == -EAGAIN);
			busy += err == -EBUSY;
			assert_int_equal(try_map(w, FIRST), 0);
		}
		pthread_join(thread, NULL);
		assert_true(!r.err || r.err == -EAGAIN);
		assert_int_equal(try_map(w, SECOND), 0);
	}
	assert_true(busy > 0);
}

static void importer_on_the_bus_loses_only_what_the_bus_owns(void **state)
{
	struct world *w = world(state);

	/* It is in the group of the two others. */
	assert_int_equal(seq_edu_open(&w->near, "HOT2", w->iommufd, w->near_ioas), 0);
	for (int i = 0; i < OWNERS; i++) {
		open_owner(w, i);
		map_in(w, w->near_ioas, i);
		assert_true(is_live(w, &w->near, i));
	}
	for (int round = 0; round < 3; round++) {
		/* The last time by the importer's own descriptor. */
		assert_int_equal(hot_reset(round == 2 ? &w->near.dev : &w->dev[round]), 0);
		assert_false(is_live(w, &w->near, FIRST));
		assert_false(is_live(w, &w->near, SECOND));
		assert_true(is_live(w, &w->near, ELSEWHERE));
		for (int i = FIRST; i <= SECOND; i++) {
			unmap_in(w, w->near_ioas, i);
			map_in(w, w->near_ioas, i);
			assert_true(is_live(w, &w->near, i));
		}
	}
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(both_open_lose_their_buffers_and_get_them_back),
		CASE(function_that_was_never_opened_does_no_harm),
		CASE(function_that_was_closed_keeps_its_buffers_revoked),
		CASE(memory_that_is_off_stays_off),
		CASE(buffers_are_away_as_long_as_the_reset_takes),
		CASE(hot_reset_that_gives_up_gives_back),
		CASE(importer_on_the_bus_loses_only_what_the_bus_owns),
	};

	return cmocka_run_group_tests(tests, NULL, restore);
}
