// SPDX-License-Identifier: GPL-2.0-or-later
/* Threads on one context: mapping, cloning, exporting, listening, while a device is reset. */
#include "unit.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>

#define THREADS 4
#define ROUNDS 300
#define RESETS 100

struct job {
	struct unit *u;
	pthread_t thread;
	unsigned int id;
	atomic_int *running; /* others that still work */
	int failed; /* cmocka's checks are for the main thread alone */
};

#define CHECK(job, cond)                                                  \
	do {                                                              \
		if (!(cond)) {                                            \
			print_error("thread %u: %s\n", (job)->id, #cond); \
			(job)->failed++;                                  \
		}                                                         \
	} while (0)

/* Its own error, whatever the others do meanwhile. */
static void fail_once(struct job *job)
{
	DMABUFX_OPTS(dmabufx_map_opts, opts, .offset = 0x1000ull * job->id + 1);
	struct dmabufx_mapping *map;
	char word[32];

	CHECK(job, dmabufx_ioas_map(job->u->ioas, job->u->buf, &opts, &map) == -EINVAL);
	snprintf(word, sizeof(word), "offset 0x%llx ", (unsigned long long)opts.offset);
	CHECK(job, strstr(dmabufx_last_error()->text, word));
}

static void *map_and_unmap(void *arg)
{
	struct job *job = arg;
	struct unit *u = job->u;
	DMABUFX_OPTS(dmabufx_map_opts, opts, .length = PAGE);

	for (unsigned int i = 0; i < ROUNDS; i++) {
		struct dmabufx_mapping *map = NULL;

		CHECK(job, !dmabufx_ioas_map(u->ioas, u->buf, &opts, &map));
		CHECK(job, dmabufx_mapping_state(map) == DMABUFX_MAPPING_LIVE);
		CHECK(job, !dmabufx_mapping_refresh(map));
		CHECK(job, !dmabufx_mapping_unmap(map));
		fail_once(job);
	}
	(*job->running)--;
	return NULL;
}

static void *clone_and_export(void *arg)
{
	struct job *job = arg;
	struct unit *u = job->u;

	for (unsigned int i = 0; i < ROUNDS; i++) {
		struct dmabufx_buf *buf = NULL, *held;
		struct dmabufx_ioas *clone = NULL;

		CHECK(job, !dmabufx_ioas_clone(u->ioas, NULL, &clone));
		CHECK(job, !dmabufx_dev_export(u->mem, 2, i * PAGE, PAGE, NULL, &buf));
		held = dmabufx_buf_ref(buf);
		dmabufx_buf_unref(buf);
		dmabufx_buf_unref(held);
		dmabufx_ioas_unref(clone);
	}
	(*job->running)--;
	return NULL;
}

static int map_inside(struct dmabufx_dev *dev, void *user)
{
	struct job *job = user;
	struct dmabufx_mapping *map = NULL;

	CHECK(job, !dmabufx_ioas_map_va(job->u->ioas, (void *)0x10000, PAGE, NULL, &map));
	CHECK(job, !dmabufx_mapping_unmap(map));
	return 0;
}

static void *reset(void *arg)
{
	struct job *job = arg;
	struct unit *u = job->u;

	CHECK(job, !dmabufx_dev_set_reset_cb(u->mem, map_inside, map_inside, job));
	for (unsigned int i = 0; i < RESETS; i++)
		CHECK(job, !dmabufx_dev_reset(u->mem));
	(*job->running)--;
	return NULL;
}

static void *listen(void *arg)
{
	struct job *job = arg;
	struct dmabufx_event event;

	while (*job->running) {
		int n = dmabufx_ctx_next_event(job->u->ctx, &event);

		CHECK(job, n >= 0);
		CHECK(job, !n || event.type == DMABUFX_EVENT_REMAPPED);
	}
	return NULL;
}

static void one_context_serves_threads_during_resets(void **state)
{
	static void *(*const jobs[])(void *) = { map_and_unmap, map_and_unmap, clone_and_export,
						 reset, listen };
	struct unit *u = *state;
	struct unit_account before;
	struct job job[THREADS + 1];
	atomic_int running = THREADS;

	dmabufx_ctx_event_fd(u->ctx);
	before = unit_account(u->f);
	for (unsigned int i = 0; i <= THREADS; i++) {
		job[i] = (struct job){ .u = u, .id = i, .running = &running };
		assert_int_equal(pthread_create(&job[i].thread, NULL, jobs[i], &job[i]), 0);
	}
	for (unsigned int i = 0; i <= THREADS; i++) {
		assert_int_equal(pthread_join(job[i].thread, NULL), 0);
		assert_int_equal(job[i].failed, 0);
	}
	assert_state(u->map, LIVE);
	assert_int_equal(u->vmem->resets, RESETS);
	unit_assert_same(&before, u->f, "threads", 0);
}

struct holder {
	struct unit *u;
	atomic_bool inside;
	atomic_bool started;
	atomic_bool done;
	pthread_t other;
};

static void *ask_state(void *arg)
{
	struct holder *h = arg;

	h->started = true;
	dmabufx_mapping_state(h->u->map);
	h->done = true;
	return NULL;
}

/* Gives the other thread the chance to get in; it must not. */
static int look_from_outside(struct dmabufx_dev *dev, void *user)
{
	struct holder *h = user;

	assert_int_equal(pthread_create(&h->other, NULL, ask_state, h), 0);
	while (!h->started)
		sched_yield();
	for (int i = 0; i < 2000; i++) {
		assert_state(h->u->map,
			     LIVE); /* the owner gets in, and out, as often as it likes */
		sched_yield();
	}
	h->inside = !h->done;
	return 0;
}

static void other_threads_wait_while_a_callback_runs(void **state)
{
	struct unit *u = *state;
	struct holder h = { .u = u };

	assert_int_equal(dmabufx_dev_set_reset_cb(u->mem, look_from_outside, NULL, &h), 0);
	assert_int_equal(dmabufx_dev_reset(u->mem), 0);
	assert_int_equal(pthread_join(h.other, NULL), 0);
	assert_true(h.inside);
	assert_true(h.done);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		unit_case(one_context_serves_threads_during_resets, unit_mapped),
		unit_case(other_threads_wait_while_a_callback_runs, unit_mapped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
