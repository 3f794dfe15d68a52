/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What unit tests share: a machine with objects on it, checks of failures and of leaks. */
#ifndef UNIT_UNIT_H
#define UNIT_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "base/fail.h"
#include "ctx_new.h"
#include "dmabufx/dmabufx.h"
#include "../fails.h"
#include "fake.h"
#include "heap.h"
#include "uapi/iommufd.h"
#include "uapi/vfio.h"

#define PAGE FAKE_PAGE
#define MIB (1ull << 20)
#define EDU "0000:00:04.0"
#define MEM "0000:00:05.0"
#define ODD "0000:00:06.0"
#define IOVA 0x1000000ull

/* Sizes that an option struct of another version may have. */
#define TAIL 16

/* Set in outputs before a call that must fail. */
#define SENTINEL ((void *)(uintptr_t)0x5e471)

struct unit {
	struct fake *f;
	struct dmabufx_ctx *ctx;
	struct dmabufx_ioas *ioas;
	struct dmabufx_dev *edu; /* attached to ioas */
	struct dmabufx_dev *mem; /* exports */
	struct dmabufx_buf *buf; /* all of mem's BAR 2 */
	struct dmabufx_mapping *map; /* of buf at IOVA in ioas */
	struct fake_vdev *vedu;
	struct fake_vdev *vmem;
	struct fake_vdev *vodd;
};

/* Set-ups; each goes further than the one before. unit_type1() has a type1 ctx. */
int unit_ctx(void **state);
int unit_ioas(void **state);
int unit_devs(void **state);
int unit_mapped(void **state);
int unit_type1(void **state);
/* Drops every object of the unit and checks that nothing is left of them. */
int unit_end(void **state);

/* For tests that look at an end themselves: drops every object, in order of use. */
void unit_drop(struct unit *u);

#define unit_case(test, setup) cmocka_unit_test_setup_teardown(test, setup, unit_end)

/* A context of the unit's machine with a backend of the test's choice. */
struct dmabufx_ctx *new_ctx(struct unit *u, enum dmabufx_backend backend);
struct dmabufx_dev *open_dev(struct unit *u, const char *bdf);
struct dmabufx_buf *export_at(struct dmabufx_dev *dev, uint32_t bar, uint64_t off, uint64_t len);
struct dmabufx_buf *new_memfd(struct unit *u, uint64_t len);
struct dmabufx_mapping *map_fixed(struct dmabufx_ioas *ioas, struct dmabufx_buf *buf,
				  uint64_t iova);
struct dmabufx_mapping *map_slice(struct dmabufx_ioas *ioas, struct dmabufx_buf *buf, uint64_t iova,
				  uint64_t off, uint64_t len);

/* What there is in the kernel and on the heap. */
struct unit_account {
	unsigned int fds;
	unsigned int spaces;
	unsigned int areas;
	unsigned int mmaps;
};
struct unit_account unit_account(struct fake *f);
void unit_assert_same(const struct unit_account *before, struct fake *f, const char *what,
		      unsigned int nth);
void assert_nothing_left(struct fake *f);

/*
 * The call answers -@err, and the last error says so with its reason and a
 * sentence in which each of the words stands.
 */
#define assert_fails(call, err, reason, ...)               \
	(forget_error(),                                   \
	 check_fails((call), err, DMABUFX_REASON_##reason, \
		     (const char *const[]){ __VA_ARGS__, NULL }, #call, __FILE__, __LINE__))
void forget_error(void);

#define assert_reason(mapping, what) \
	assert_int_equal(dmabufx_mapping_reason(mapping), DMABUFX_REASON_##what)
#define assert_state(mapping, what) \
	assert_int_equal(dmabufx_mapping_state(mapping), DMABUFX_MAPPING_##what)

/* Takes an event and checks it. */
void expect_event(struct unit *u, enum dmabufx_event_type type, enum dmabufx_reason reason,
		  const struct dmabufx_mapping *mapping);
void expect_no_event(struct unit *u);
/* Whether the ctx's eventfd polls readable. */
bool event_fd_ready(struct unit *u);

/* Writes PCI registers through the library. */
void set_memory(struct dmabufx_dev *dev, bool on);
void set_power(struct dmabufx_dev *dev, unsigned int d_state);
uint32_t memory_enabled(struct dmabufx_dev *dev);

/* The unit's mapping is dead, or live at its IOVA, and the one event that waits tells so. */
void expect_revoked(struct unit *u);
void expect_back(struct unit *u);

/* Seeds rand(), by UNIT_SEED if that is set, and tells how to do the same again. */
void unit_seed(void);

/* How long a random test goes on: UNIT_TIMES times as long as usual, if that is set. */
int unit_steps(int usual);

/* A log that remembers how often it was called and the last line. */
struct unit_log {
	unsigned int lines;
	enum dmabufx_log_level level;
	char text[512];
};
void unit_log_fn(void *user, enum dmabufx_log_level level, const char *text);

#endif
