/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the lab's tests share: a fixture that undoes everything, and assertions on reasons. */
#ifndef TESTS_VM_H
#define TESTS_VM_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <dmabufx/dmabufx.h>

#include <errno.h>

#include "engine.h"
#include "guest.h"

#define VM_PAGE 4096u
#define VM_MIB (1024u * 1024u)

/**
 * struct vm - one test's world
 * @ctx: context that logs into @log
 * @log: the lines the library logged, the newest last, each ended by a newline
 * @kmsg: the kernel's log from the test's begin on
 * @nfds: descriptors that were open before
 * @nthings: elements of @things in use
 * @things: what the end of the test undoes, the newest first
 */
struct vm {
	struct dmabufx_ctx *ctx;
	char log[8192];
	int kmsg;
	int nfds;
	size_t nthings;
	struct {
		void (*undo)(void *thing);
		void *thing;
	} things[256];
};

/* cmocka's fixtures: a context of its own; at the end no descriptor may be left. */
int vm_setup(void **state);
int vm_setup_type1(void **state);
int vm_teardown(void **state);

/* A group's end: devices that tests bound go back to where they were found. */
int vm_restore(void **state);

#define VM_TEST(name) cmocka_unit_test_setup_teardown(name, vm_setup, vm_teardown)
#define VM_TEST_TYPE1(name) cmocka_unit_test_setup_teardown(name, vm_setup_type1, vm_teardown)
/* VM_CASES, a pattern, picks some. */
#define VM_MAIN(tests)                               \
	(cmocka_set_test_filter(getenv("VM_CASES")), \
	 cmocka_run_group_tests(tests, NULL, vm_restore))

/* At the test's end call @undo, unless vm_forget() came before. */
void *vm_defer(struct vm *vm, void (*undo)(void *thing), void *thing);
void vm_forget(struct vm *vm, const void *thing);
/* Undo it now. */
void vm_drop(struct vm *vm, const void *thing);

/* Address of a device of the lab, "LAB_EDU0"; the test is skipped in a profile without it. */
const char *vm_bdf(const char *name);
/* How often, or how much: the variable's number, for a run that is longer than usual. */
uint32_t vm_count(const char *name, uint32_t usual);
/* Which IOMMU the lab runs with: "vtd", "virtio-iommu", "amdvi". */
bool vm_iommu_is(const char *name);

/* Whether iommufd maps buffers of several ranges: with our series it does, on mainline not. */
bool vm_maps_ranges(void);

/* The same as the library's calls; they must succeed, and the test's end undoes them. */
void vm_bind(struct vm *vm, const char *bdf);
struct dmabufx_dev *vm_open(struct vm *vm, const char *name, struct dmabufx_ioas *ioas);
struct dmabufx_dev *vm_open_legacy(struct vm *vm, const char *name);
/* One that the test opened itself. */
struct dmabufx_dev *vm_keep_dev(struct vm *vm, struct dmabufx_dev *dev);
struct dmabufx_ioas *vm_ioas(struct vm *vm, uint64_t iova_max);
struct dmabufx_buf *vm_export(struct vm *vm, struct dmabufx_dev *dev, uint32_t bar, uint64_t off,
			      uint64_t len);
struct dmabufx_buf *vm_memory(struct vm *vm, uint64_t len);
struct dmabufx_buf *vm_import(struct vm *vm, int fd);
/* One that the test made itself. */
struct dmabufx_buf *vm_keep_buf(struct vm *vm, struct dmabufx_buf *buf);
struct dmabufx_mapping *vm_map(struct vm *vm, struct dmabufx_ioas *ioas, struct dmabufx_buf *buf);
struct dmabufx_mapping *vm_map_at(struct vm *vm, struct dmabufx_ioas *ioas, struct dmabufx_buf *buf,
				  uint64_t iova);
uint8_t *vm_bar_va(struct vm *vm, struct dmabufx_dev *dev, uint32_t bar, uint64_t off,
		   uint64_t len);
uint8_t *vm_mmap(struct vm *vm, int fd, size_t len);
int vm_fd(struct vm *vm, int fd);

uint16_t vm_config16(struct dmabufx_dev *dev, uint32_t off);
void vm_set_config16(struct dmabufx_dev *dev, uint32_t off, uint16_t val);
/* Turns the device's memory on or off in its command register. */
void vm_set_memory(struct dmabufx_dev *dev, bool on);
/* Offset of a capability in configuration space; the test is skipped without it. */
uint32_t vm_capability(struct dmabufx_dev *dev, uint8_t id);

/* Runs @fn in a child, whose first failed assertion ends it; its exit status, 0: all well. */
int vm_in_child(void (*fn)(void *arg), void *arg);

/* Mappings that the address space holds. */
int vm_count_mappings(struct dmabufx_ioas *ioas);

/*
 * What a refused call must leave as it was: descriptors, areas of VFIO and of
 * buffers in the process' memory, mappings of @ioas, which may be NULL, and
 * the drivers of all functions.
 */
struct vm_seen {
	int nfds;
	int nareas;
	int nmappings;
	int ndrivers;
};
struct vm_seen vm_look(struct vm *vm, struct dmabufx_ioas *ioas);
void vm_unchanged(struct vm *vm, struct dmabufx_ioas *ioas, struct vm_seen before);

/*
 * Whether a line that matches the expression comes into the kernel's log within
 * the time; the test's begin counts, unless vm_kernel_from_now() came later.
 */
void vm_kernel_from_now(struct vm *vm);
bool vm_kernel_says(struct vm *vm, const char *expression, int timeout_ms);

/*
 * The call failed with this errno and reason, and the sentence matches the
 * expression, in which the object and the mend should both occur.
 */
#define vm_fails(call, err, reason, expression) \
	vm_check_failure((call), -(err), (reason), (expression), #call, __FILE__, __LINE__)
void vm_check_failure(int ret, int err, enum dmabufx_reason reason, const char *expression,
		      const char *call, const char *file, int line);

/* The call succeeded; else the library's sentence is printed. */
#define vm_works(call) vm_check_success((call), #call, __FILE__, __LINE__)
int vm_check_success(int ret, const char *call, const char *file, int line);

bool vm_matches(const char *text, const char *expression);

#endif
