// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The orders of include/dmabufx/ring.h. This side puts frames into one ring (fill, or
 * TX) and takes them out of another (RX, or completion); the kernel does the reverse.
 * This side never looks at the kernel's index of the first, since no more frames are
 * there than the ring has entries; that it may overwrite an entry it knows by the
 * frame that came back. Each order that is there is needed: without it, a race is found.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "explore.h"

#define SIZE 2
#define PACKETS 4

enum { GIVE, BACK, BACK_CONS };
enum { FLAG = 3 };
/* Plain memory: the entries, and what is in the frames. */
enum { GIVE_SLOT = 0, BACK_SLOT = SIZE, DATA = 2 * SIZE };
enum { US, KERNEL };

static struct {
	enum order us_look; /* of dx_ring_look() */
	enum order us_give; /* of dx_ring_publish(), frames that are given */
	enum order us_taken; /* of dx_ring_publish(), entries that are done with */
	enum order kernel_look;
	enum order kernel_back;
	enum order kernel_room;
	bool sends; /* else it receives */
	bool early; /* tells that an entry is done with before that is so */
} how;

enum { R_TOOK, R_GAVE, R_FRAME, R_SEEN };

static bool us(struct machine *m, unsigned int nth)
{
	struct thread *t = &m->t[US];
	uint8_t *r = t->reg;

	if (t->pc && nth)
		return false;
	switch (t->pc) {
	case 0:
		if (r[R_TOOK] == PACKETS || !load(m, US, BACK, how.us_look, nth, &r[R_SEEN]))
			return false;
		t->pc = r[R_SEEN] != r[R_TOOK];
		if (t->pc && how.early)
			store(m, US, BACK_CONS, how.us_taken, r[R_TOOK] + 1);
		return true;
	case 1:
		r[R_FRAME] = plain_read(m, US, BACK_SLOT + r[R_TOOK] % SIZE);
		break;
	case 2:
		if (how.sends)
			plain_write(m, US, DATA + r[R_FRAME], r[R_TOOK]);
		else if (plain_read(m, US, DATA + r[R_FRAME]) != r[R_TOOK])
			m->wrong = "another packet came";
		break;
	case 3:
		plain_write(m, US, GIVE_SLOT + r[R_GAVE] % SIZE, r[R_FRAME]);
		break;
	case 4:
		store(m, US, GIVE, how.us_give, ++r[R_GAVE]);
		break;
	case 5:
		/* The caller may look at it again, up to the next burst. */
		plain_read(m, US, BACK_SLOT + r[R_TOOK] % SIZE);
		break;
	case 6:
		r[R_TOOK]++;
		if (!how.early)
			store(m, US, BACK_CONS, how.us_taken, r[R_TOOK]);
		t->pc = 0;
		return true;
	}
	t->pc++;
	return true;
}

static bool kernel(struct machine *m, unsigned int nth)
{
	struct thread *t = &m->t[KERNEL];
	uint8_t *r = t->reg, seen;

	switch (t->pc) {
	case 0:
		if (r[R_TOOK] == PACKETS || !load(m, KERNEL, GIVE, how.kernel_look, nth, &seen))
			return false;
		t->pc = seen != r[R_TOOK];
		return true;
	case 1:
		if (nth)
			return false;
		r[R_FRAME] = plain_read(m, KERNEL, GIVE_SLOT + r[R_TOOK] % SIZE);
		break;
	case 2:
		if (nth)
			return false;
		if (how.sends)
			plain_read(m, KERNEL, DATA + r[R_FRAME]);
		else
			plain_write(m, KERNEL, DATA + r[R_FRAME], r[R_TOOK]);
		break;
	case 3:
		if (!load(m, KERNEL, BACK_CONS, how.kernel_room, nth, &seen))
			return false;
		if ((uint8_t)(r[R_TOOK] - seen) == SIZE)
			return true;
		break;
	case 4:
		if (nth)
			return false;
		plain_write(m, KERNEL, BACK_SLOT + r[R_TOOK] % SIZE, r[R_FRAME]);
		break;
	case 5:
		if (nth)
			return false;
		store(m, KERNEL, BACK, how.kernel_back, ++r[R_TOOK]);
		t->pc = 0;
		return true;
	}
	t->pc++;
	return true;
}

static bool rings_step(struct machine *m, int thread, unsigned int nth)
{
	return thread == US ? us(m, nth) : kernel(m, nth);
}

static const char *rings_end(const struct machine *m)
{
	return m->t[US].reg[R_TOOK] == PACKETS ? NULL : "it stands still";
}

/* Both rings of two frames each, which the kernel has at first. */
static const char *rings(bool sends)
{
	static struct machine m;
	unsigned long states;
	const char *wrong;

	memset(&m, 0, sizeof(m));
	how.sends = sends;
	for (int i = 0; i < ATOMICS; i++)
		m.atomic[i].n = 1;
	for (uint8_t i = 0; i < SIZE; i++)
		m.plain[GIVE_SLOT + i].value = i;
	m.atomic[GIVE].value[0] = SIZE;
	m.t[US].reg[R_GAVE] = SIZE;
	for (int i = 0; i < THREADS; i++)
		m.t[i].knows.clock[i] = 1;
	wrong = explore(&m, rings_step, rings_end, &states);
	print_message("%8lu states: %s\n", states, wrong ? wrong : "right");
	return wrong;
}

static void as_it_is(void)
{
	how.us_look = how.kernel_look = how.kernel_room = ACQUIRE;
	how.us_give = how.us_taken = how.kernel_back = RELEASE;
	how.early = false;
}

static void rings_are_right(void **state)
{
	as_it_is();
	assert_null(rings(false));
	assert_null(rings(true));
}

static void each_order_is_needed(void **state)
{
	static enum order *const orders[] = {
		&how.us_look,     &how.us_give,     &how.us_taken,
		&how.kernel_look, &how.kernel_back, &how.kernel_room,
	};

	for (int sends = 0; sends < 2; sends++) {
		for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
			as_it_is();
			*orders[i] = RELAXED;
			assert_non_null(rings(sends));
		}
		as_it_is();
		how.early = true;
		assert_non_null(rings(sends));
	}
}

/*
 * Frames are given, and then this side sleeps: dmabufx_xsk_wait(). The kernel finds the
 * ring empty, says that it wants to be woken, and sleeps; a good one looks at the ring
 * once more before. The last look of this side is of one who slept a while.
 */
static struct {
	bool fence;
	bool looks_again;
	bool kernel_is_good;
} wait_how;

enum { R_WOKEN, R_ASLEEP, R_KNOWN };

static bool wait_us(struct machine *m, unsigned int nth)
{
	struct thread *t = &m->t[US];
	uint8_t flag;

	switch (t->pc) {
	case 0:
		if (nth)
			return false;
		store(m, US, GIVE, RELEASE, 1);
		break;
	case 1:
		if (nth)
			return false;
		if (wait_how.fence)
			fence(m, US);
		break;
	case 2:
		if (!load(m, US, FLAG, RELAXED, nth, &flag))
			return false;
		t->reg[R_WOKEN] |= flag;
		break;
	default:
		return false;
	}
	t->pc++;
	return true;
}

static bool wait_kernel(struct machine *m, unsigned int nth)
{
	struct thread *t = &m->t[KERNEL];

	switch (t->pc) {
	case 0:
	case 3:
		if (!load(m, KERNEL, GIVE, ACQUIRE, nth, &t->reg[R_KNOWN]))
			return false;
		t->pc = t->reg[R_KNOWN] ? 5 : t->pc + 1;
		return true;
	case 1:
		if (nth)
			return false;
		store(m, KERNEL, FLAG, RELAXED, 1);
		t->pc = wait_how.kernel_is_good ? 2 : 4;
		return true;
	case 2:
		if (nth)
			return false;
		fence(m, KERNEL);
		t->pc = 3;
		return true;
	case 4:
		t->reg[R_ASLEEP] = 1;
		return !nth;
	}
	return false;
}

static bool wait_step(struct machine *m, int thread, unsigned int nth)
{
	return thread == US ? wait_us(m, nth) : wait_kernel(m, nth);
}

/* By then all stores have arrived, so a later look sees the last one. */
static const char *wait_end(const struct machine *m)
{
	uint8_t last = m->atomic[FLAG].value[m->atomic[FLAG].n - 1];
	bool woken = m->t[US].reg[R_WOKEN] || (wait_how.looks_again && last);

	return m->t[KERNEL].reg[R_ASLEEP] && !woken ? "both sleep, and frames are there" : NULL;
}

static const char *waits(bool fenced, bool again, bool good)
{
	static struct machine m;
	unsigned long states;
	const char *wrong;

	memset(&m, 0, sizeof(m));
	wait_how.fence = fenced;
	wait_how.looks_again = again;
	wait_how.kernel_is_good = good;
	for (int i = 0; i < ATOMICS; i++)
		m.atomic[i].n = 1;
	wrong = explore(&m, wait_step, wait_end, &states);
	print_message("%8lu states: %s\n", states, wrong ? wrong : "right");
	return wrong;
}

static void fence_or_a_later_look_wakes_the_kernel(void **state)
{
	/* One look does behind the fence, if the kernel looks again, too. */
	assert_null(waits(true, false, true));
	assert_non_null(waits(false, false, true));
	/* Drivers that don't make no fence enough; sleeps are short, so there is a later look. */
	assert_non_null(waits(true, false, false));
	assert_null(waits(true, true, false));
	assert_null(waits(true, true, true));
	assert_null(waits(false, true, false));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(rings_are_right),
		cmocka_unit_test(each_order_is_needed),
		cmocka_unit_test(fence_or_a_later_look_wakes_the_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
