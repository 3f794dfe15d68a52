// SPDX-License-Identifier: GPL-2.0-or-later
/* Every execution of two threads, each state once. */
#include "explore.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TABLE (1u << 22)

struct search {
	step_fn step;
	end_fn end;
	uint64_t *seen;
	unsigned long states;
	const char *wrong;
};

static void learn(struct knows *to, const struct knows *from)
{
	for (int i = 0; i < ATOMICS; i++)
		if (to->store[i] < from->store[i])
			to->store[i] = from->store[i];
	for (int i = 0; i < THREADS; i++)
		if (to->clock[i] < from->clock[i])
			to->clock[i] = from->clock[i];
}

bool load(struct machine *m, int thread, int at, enum order order, unsigned int nth, uint8_t *ret)
{
	struct knows *knows = &m->t[thread].knows;
	unsigned int which = knows->store[at] + nth;

	if (which >= m->atomic[at].n)
		return false;
	knows->store[at] = (uint8_t)which;
	*ret = m->atomic[at].value[which];
	if (order == ACQUIRE)
		learn(knows, &m->atomic[at].with[which]);
	return true;
}

void store(struct machine *m, int thread, int at, enum order order, uint8_t value)
{
	struct knows *knows = &m->t[thread].knows;
	uint8_t n = m->atomic[at].n++;

	if (n >= STORES)
		abort();
	m->atomic[at].value[n] = value;
	knows->store[at] = n;
	if (order == RELEASE)
		m->atomic[at].with[n] = *knows;
	/* What comes after isn't ordered before who acquires this. */
	knows->clock[thread]++;
}

void fence(struct machine *m, int thread)
{
	struct knows *knows = &m->t[thread].knows;

	for (int i = 0; i < ATOMICS; i++) {
		if (m->fenced.store[i] < knows->store[i])
			m->fenced.store[i] = knows->store[i];
		knows->store[i] = m->fenced.store[i];
	}
}

uint8_t plain_read(struct machine *m, int thread, int at)
{
	const uint8_t *clock = m->t[thread].knows.clock;
	uint8_t writer = m->plain[at].writer;

	if (writer != thread && m->plain[at].written > clock[writer])
		m->wrong = "an entry is read before it is known to be written";
	m->plain[at].read[thread] = clock[thread];
	return m->plain[at].value;
}

void plain_write(struct machine *m, int thread, int at, uint8_t value)
{
	const uint8_t *clock = m->t[thread].knows.clock;
	int other = !thread;

	if (m->plain[at].writer == other && m->plain[at].written > clock[other])
		m->wrong = "an entry is written before the other's is known";
	if (m->plain[at].read[other] > clock[other])
		m->wrong = "an entry is overwritten while it may still be read";
	m->plain[at].value = value;
	m->plain[at].writer = (uint8_t)thread;
	m->plain[at].written = clock[thread];
}

/* Whether it was; by a hash of 64 bits, which so few states don't share. */
static bool was_seen(struct search *s, const struct machine *m)
{
	const unsigned char *p = (const unsigned char *)m;
	uint64_t hash = 0xcbf29ce484222325ull;

	for (size_t i = 0; i < sizeof(*m); i++)
		hash = (hash ^ p[i]) * 0x100000001b3ull;
	hash ^= hash >> 29;
	hash += !hash;
	for (uint64_t at = hash % TABLE;; at = (at + 1) % TABLE) {
		if (s->seen[at] == hash)
			return true;
		if (!s->seen[at]) {
			s->seen[at] = hash;
			break;
		}
	}
	if (++s->states > TABLE / 2)
		abort();
	return false;
}

static void visit(struct search *s, const struct machine *m)
{
	bool moves = false;

	if (m->wrong)
		s->wrong = m->wrong;
	if (s->wrong || was_seen(s, m))
		return;
	for (int t = 0; t < THREADS; t++) {
		for (unsigned int nth = 0;; nth++) {
			struct machine next = *m;

			if (!s->step(&next, t, nth))
				break;
			/* One that only waits leaves all as it was. */
			if (!memcmp(&next, m, sizeof(next)))
				continue;
			moves = true;
			visit(s, &next);
		}
	}
	if (!moves && !s->wrong)
		s->wrong = s->end(m);
}

const char *explore(const struct machine *begin, step_fn step, end_fn end, unsigned long *ret)
{
	struct search s = { .step = step, .end = end };

	s.seen = calloc(TABLE, sizeof(*s.seen));
	if (!s.seen)
		abort();
	visit(&s, begin);
	free(s.seen);
	*ret = s.states;
	return s.wrong;
}
