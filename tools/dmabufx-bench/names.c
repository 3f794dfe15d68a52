// SPDX-License-Identifier: GPL-2.0-or-later
/* The words of plans, and what they mean for frames and rings. */
#include "bench.h"

#include <stdlib.h>
#include <string.h>

const char *const impl_names[IMPLS] = { "ours", "libxdp-raw", "xdpsock-ref", "testpmd" };
const char *const work_names[WORKS] = { "rxdrop", "txonly", "l2fwd", "ping", "ask" };
static const char *const touch_names[] = { "0", "1", "all" };
static const char *const profile_names[] = { "headers", "payload" };
static const char *const wait_names[] = { "spin", "adaptive", "poll" };

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* xdpsock's constants. */
#define REF_FRAMES 4096u
#define REF_CHUNK 4096u
#define REF_RING 2048u
#define REF_BATCH 64u

static bool word(const char *text, const char *const names[], size_t n, void *ret)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(text, names[i]))
			continue;
		*(unsigned int *)ret = (unsigned int)i;
		return true;
	}
	return false;
}

static bool number(const char *text, uint64_t max, uint64_t *ret)
{
	char *end;
	unsigned long long value = strtoull(text, &end, 10);

	if (end == text || *end || value > max || text[0] == '-')
		return false;
	*ret = value;
	return true;
}

/* 1: taken; 0: not a plan's; -1: no such value. */
int plan_option(struct plan *plan, const char *option)
{
	const char *value = strchr(option, '=');
	size_t len;
	uint64_t n = 0;
	bool good;

	if (!value || strncmp(option, "--", 2))
		return 0;
	option += 2;
	len = (size_t)(value++ - option);
#define IS(name) (len == strlen(name) && !strncmp(option, name, len))
	if (IS("impl"))
		return word(value, impl_names, IMPLS, &plan->impl) ? 1 : -1;
	if (IS("work"))
		return word(value, work_names, WORKS, &plan->work) ? 1 : -1;
	if (IS("touch"))
		return word(value, touch_names, COUNT_OF(touch_names), &plan->touch) ? 1 : -1;
	if (IS("profile"))
		return word(value, profile_names, COUNT_OF(profile_names), &plan->profile) ? 1 : -1;
	if (IS("wait"))
		return word(value, wait_names, COUNT_OF(wait_names), &plan->wait) ? 1 : -1;
	if (IS("ifname")) {
		snprintf(plan->ifname, sizeof(plan->ifname), "%s", value);
		return 1;
	}
	if (IS("count"))
		return number(value, FOREVER - 1, &plan->count) ? 1 : -1;
	if (IS("size")) {
		good = number(value, 2048 - 256, &n) && n >= 60;
		plan->size = (uint32_t)n;
		return good ? 1 : -1;
	}
	if (IS("batch")) {
		good = number(value, BATCH_MAX, &n) && n;
		plan->batch = (uint32_t)n;
		return good ? 1 : -1;
	}
	if (IS("pps")) {
		good = number(value, 100000000, &n);
		plan->pps = (uint32_t)n;
		return good ? 1 : -1;
	}
#undef IS
	return 0;
}

/* What the work is best done with; xdpsock has its own idea. */
void plan_defaults(struct plan *plan)
{
	if (!plan->size)
		plan->size = 64;
	if (!plan->count)
		plan->count = FOREVER;
	if (plan->batch)
		return;
	plan->batch = REF_BATCH;
	if (plan->impl != IMPL_REF && (plan->work == WORK_TXONLY || plan->work == WORK_L2FWD))
		plan->batch = 256;
}

int plan_words(const struct plan *plan, char *words[], int max)
{
	char text[10][48];
	int n = 0;

	snprintf(text[n++], sizeof(text[0]), "--impl=%s", impl_names[plan->impl]);
	snprintf(text[n++], sizeof(text[0]), "--work=%s", work_names[plan->work]);
	snprintf(text[n++], sizeof(text[0]), "--touch=%s", touch_names[plan->touch]);
	snprintf(text[n++], sizeof(text[0]), "--wait=%s", wait_names[plan->wait]);
	snprintf(text[n++], sizeof(text[0]), "--profile=%s", profile_names[plan->profile]);
	snprintf(text[n++], sizeof(text[0]), "--size=%u", plan->size);
	snprintf(text[n++], sizeof(text[0]), "--batch=%u", plan->batch);
	snprintf(text[n++], sizeof(text[0]), "--ifname=%s", plan->ifname);
	if (plan->count != FOREVER)
		snprintf(text[n++], sizeof(text[0]), "--count=%llu",
			 (unsigned long long)plan->count);
	for (int i = 0; i < n && i < max; i++)
		words[i] = strdup(text[i]);
	return n;
}

/* xdpsock makes as many frames and both pairs of rings, whatever it does. */
static const struct layout ref_layout = {
	.chunk = REF_CHUNK,
	.rx_frames = REF_FRAMES,
	.tx_frames = REF_FRAMES,
	.fill_ring = 2 * REF_RING,
	.rx_ring = REF_RING,
	.tx_ring = REF_RING,
	.done_ring = REF_RING,
};

#define RX_PAYLOAD 4096u

/* The library's, with options left to it. */
static const struct layout our_layout = {
	.chunk = 2048,
	.rx_frames = 1024,
	.tx_frames = 512,
	.fill_ring = 1024,
	.rx_ring = 1024,
	.tx_ring = 1024,
	.done_ring = 1024,
	.budget = 1024,
};

void layout_of(const struct plan *plan, struct layout *ret)
{
	*ret = plan->impl == IMPL_REF ? ref_layout : our_layout;
	if (plan->impl != IMPL_REF && plan->profile == PROFILE_PAYLOAD)
		ret->rx_frames = ret->fill_ring = ret->rx_ring = RX_PAYLOAD;
	if (plan->work == WORK_RXDROP)
		ret->tx_frames = 0;
	if (plan->work == WORK_TXONLY)
		ret->rx_frames = 0;
	ret->two = plan->work == WORK_L2FWD && plan->impl != IMPL_REF;
}
