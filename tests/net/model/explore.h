/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small C11 machine with two threads, of which every execution is looked at. A load
 * may see any store that isn't hidden by one that the thread knows of, so that what
 * weakly ordered processors do happens here; a plain access that isn't ordered after
 * the other thread's is a race. Stores aren't delayed past later ones of the thread, nor
 * loads past stores: both show as races, as what they would harm is plain.
 */
#ifndef MODEL_EXPLORE_H
#define MODEL_EXPLORE_H

#include <stdbool.h>
#include <stdint.h>

#define ATOMICS 4
#define PLAINS 8
#define STORES 12
#define THREADS 2

enum order { RELAXED, ACQUIRE, RELEASE };

/* What one knows: which stores, and how far the threads were. */
struct knows {
	uint8_t store[ATOMICS];
	uint8_t clock[THREADS];
};

struct thread {
	uint8_t pc;
	uint8_t reg[6];
	struct knows knows;
};

struct machine {
	struct thread t[THREADS];
	struct {
		uint8_t n;
		uint8_t value[STORES];
		struct knows with[STORES]; /* what an acquiring load learns */
	} atomic[ATOMICS];
	struct {
		uint8_t value;
		uint8_t writer;
		uint8_t written;
		uint8_t read[THREADS];
	} plain[PLAINS];
	struct knows fenced;
	const char *wrong; /* NULL: nothing was */
};

/* The n-th store that a load of @at may see, from the oldest; false: there are no more. */
bool load(struct machine *m, int thread, int at, enum order order, unsigned int nth, uint8_t *ret);
void store(struct machine *m, int thread, int at, enum order order, uint8_t value);
void fence(struct machine *m, int thread);
uint8_t plain_read(struct machine *m, int thread, int at);
void plain_write(struct machine *m, int thread, int at, uint8_t value);

/*
 * One step of a thread, whose loads see the @nth store. False: there is none, or the
 * thread has ended. A step has at most one load.
 */
typedef bool (*step_fn)(struct machine *m, int thread, unsigned int nth);
/* What is wrong with a state in which no thread has a step that changes anything; or NULL. */
typedef const char *(*end_fn)(const struct machine *m);

/* NULL: all executions are right; else what is wrong in one. @ret: states seen. */
const char *explore(const struct machine *begin, step_fn step, end_fn end, unsigned long *ret);

#endif
