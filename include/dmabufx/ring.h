/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Rings that a socket of AF_XDP shares with the kernel, and what they hold.
 *
 * One side moves the producer index, the other the consumer index; both run free,
 * and their difference is what the ring holds. An index is stored with release, after
 * the entries it covers were written or read, and loaded with acquire, before they
 * are: the partners are the kernel's smp_load_acquire() and smp_store_release() in
 * net/xdp/xsk_queue.h.
 */
#ifndef DMABUFX_RING_H
#define DMABUFX_RING_H

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "types.h"

DMABUFX_BEGIN_DECLS

/** DMABUFX_DESC_MORE - the packet goes on in the next descriptor. */
#define DMABUFX_DESC_MORE (1u << 0)
/** DMABUFX_DESC_METADATA - TX metadata stands before the packet. */
#define DMABUFX_DESC_METADATA (1u << 1)

/**
 * struct dmabufx_desc - a packet, or one frame of it
 * @addr: first byte, from the beginning of the UMEM; dmabufx_xsk_data() makes a
 * pointer of it
 * @len: bytes
 * @options: DMABUFX_DESC_*
 */
struct dmabufx_desc {
	uint64_t addr;
	uint32_t len;
	uint32_t options;
};

/**
 * struct dmabufx_ring - one of a socket's rings, as this side sees it
 * @ours: the index that this side moves
 * @theirs: the kernel's, as it was seen last, of rings that the kernel fills
 * @mask: entries, less one
 * @shown: @ours, as the kernel was told last
 * @ours_shared: where the kernel sees @ours
 * @theirs_shared: where the kernel's index is
 * @flags: what the kernel wants, see DMABUFX_RING_NEED_WAKEUP
 * @slots: the entries
 *
 * Of rings that this side fills the kernel's index isn't looked at: no more frames
 * are ever there than the ring has entries.
 */
struct dmabufx_ring {
	uint32_t ours;
	uint32_t theirs;
	uint32_t mask;
	uint32_t shown;
	uint32_t *ours_shared;
	const uint32_t *theirs_shared;
	const uint32_t *flags;
	void *slots;
};

/** DMABUFX_RING_NEED_WAKEUP - in a ring's flags: the kernel waits for a system call. */
#define DMABUFX_RING_NEED_WAKEUP (1u << 0)

/*
 * Copies that are short and many: of a loop or memcpy() compilers make "rep movs" or
 * a call, and both take longer to begin than these take for a burst.
 */
#ifdef __SSE2__
#define DX_LOAD(from) _mm_loadu_si128((const __m128i *)(const void *)(from))
#define DX_LOAD_LOW(from) _mm_loadl_epi64((const __m128i *)(const void *)(from))
#define DX_STORE(to, value) _mm_storeu_si128((__m128i *)(void *)(to), value)
/* At @at, and seven times @step further. */
#define DX_EIGHT(one, at, step)         \
	do {                            \
		one(at);                \
		one((at) + (step));     \
		one((at) + 2 * (step)); \
		one((at) + 3 * (step)); \
		one((at) + 4 * (step)); \
		one((at) + 5 * (step)); \
		one((at) + 6 * (step)); \
		one((at) + 7 * (step)); \
	} while (0)
#endif

static inline void dx_copy_descs(struct dmabufx_desc *to, const struct dmabufx_desc *from,
				 uint32_t n)
{
#ifdef __SSE2__
#define DX_ONE(at) DX_STORE(to + (at), DX_LOAD(from + (at)))
	for (; n >= 16; n -= 16, to += 16, from += 16) {
		DX_EIGHT(DX_ONE, 0, 1);
		DX_EIGHT(DX_ONE, 8, 1);
	}
	for (; n >= 8; n -= 8, to += 8, from += 8)
		DX_EIGHT(DX_ONE, 0, 1);
#undef DX_ONE
#endif
	for (; n; n--)
		*to++ = *from++;
}

/* The addresses of descriptors, two by two where the processor can. */
static inline void dx_copy_addrs(uint64_t *to, const struct dmabufx_desc *from, uint32_t n)
{
#ifdef __SSE2__
#define DX_ONE(at)                                                                         \
	DX_STORE(to + (at),                                                                \
		 _mm_castpd_si128(_mm_loadh_pd(_mm_castsi128_pd(DX_LOAD_LOW(from + (at))), \
					       (const double *)(const void *)(from + (at) + 1))))
	for (; n >= 16; n -= 16, to += 16, from += 16)
		DX_EIGHT(DX_ONE, 0, 2);
#undef DX_ONE
#endif
	for (; n; n--)
		*to++ = (from++)->addr;
}

/* Descriptors with an address, and nothing else. */
static inline void dx_copy_fresh(struct dmabufx_desc *to, const uint64_t *from, uint32_t n)
{
#ifdef __SSE2__
#define DX_ONE(at) DX_STORE(to + (at), DX_LOAD_LOW(from + (at)))
	for (; n >= 16; n -= 16, to += 16, from += 16) {
		DX_EIGHT(DX_ONE, 0, 1);
		DX_EIGHT(DX_ONE, 8, 1);
	}
	for (; n >= 8; n -= 8, to += 8, from += 8)
		DX_EIGHT(DX_ONE, 0, 1);
#undef DX_ONE
#endif
	for (; n; n--, to++) {
		to->addr = *from++;
		to->len = 0;
		to->options = 0;
	}
}

static inline void dx_copy_words(uint64_t *to, const uint64_t *from, uint32_t n)
{
#ifdef __SSE2__
#define DX_ONE(at) DX_STORE(to + (at), DX_LOAD(from + (at)))
	for (; n >= 16; n -= 16, to += 16, from += 16)
		DX_EIGHT(DX_ONE, 0, 2);
#undef DX_ONE
#endif
	for (; n; n--)
		*to++ = *from++;
}

/* Addresses in frames made those that the frames are sent from. */
static inline void dx_copy_frames(uint64_t *to, const uint64_t *from, uint32_t n, uint64_t mask,
				  uint64_t lead)
{
#ifdef __SSE2__
	__m128i masks = _mm_set1_epi64x((long long)mask), leads = _mm_set1_epi64x((long long)lead);

#define DX_ONE(at) \
	DX_STORE(to + (at), _mm_add_epi64(_mm_and_si128(DX_LOAD(from + (at)), masks), leads))
	for (; n >= 16; n -= 16, to += 16, from += 16)
		DX_EIGHT(DX_ONE, 0, 2);
#undef DX_ONE
#endif
	for (; n; n--)
		*to++ = (*from++ & mask) + lead;
}

/*
 * Numbers that one thread changes and dmabufx_xsk_get_stats() reads from any other: whole,
 * and in no order with anything. The thread itself reads them as they are.
 */
#define DX_SET(field, value) __atomic_store_n(&(field), (value), __ATOMIC_RELAXED)
#define DX_ADD(field, n) DX_SET(field, (field) + (n))

/*
 * Release: what was written to the entries is there before the kernel sees the
 * index, and what was read of them was read before the kernel may overwrite it.
 */
static inline void dx_ring_show(struct dmabufx_ring *ring, uint32_t ours)
{
	ring->shown = ours;
	__atomic_store_n(ring->ours_shared, ours, __ATOMIC_RELEASE);
}

static inline void dx_ring_publish(struct dmabufx_ring *ring, uint32_t n)
{
	uint32_t ours = ring->ours + n;

	DX_SET(ring->ours, ours);
	dx_ring_show(ring, ours);
}

/* How many entries the kernel has put there. Acquire: they are read after that. */
static inline uint32_t dx_ring_look(struct dmabufx_ring *ring)
{
	ring->theirs = __atomic_load_n(ring->theirs_shared, __ATOMIC_ACQUIRE);
	return ring->theirs - ring->ours;
}

/*
 * Relaxed, and without a fence after the index was published: the kernel may set the
 * flag just after it was read here, and sleep. So whoever finds a ring empty, or
 * waits, looks at the flag again, and no packet is late for longer than that.
 */
static inline int dx_ring_wants_kick(const struct dmabufx_ring *ring)
{
	return (int)(__atomic_load_n(ring->flags, __ATOMIC_RELAXED) & DMABUFX_RING_NEED_WAKEUP);
}

DMABUFX_END_DECLS

#endif
