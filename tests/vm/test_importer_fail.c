/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a kernel driver's mapping of a BAR leaves behind: nothing, also when it fails half-way. */
#include "importer.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BAR_LEN (64ull * VM_MIB)

/* More than the kernel keeps aside to hand out again, so a loss is seen in the next address. */
static const struct vfio_region_dma_range slices[] = {
	{ .offset = 4 * VM_MIB, .length = 1 * VM_MIB },
	{ .offset = 1 * VM_MIB, .length = 1 * VM_MIB },
	{ .offset = 2 * VM_MIB, .length = 1 * VM_MIB },
};
#define NSLICES 3

struct pair {
	int imp;
	struct dmabufx_dev *owner;
};

static struct pair make_pair(struct vm *vm)
{
	struct pair p = {
		.imp = importer_open(vm, importer_engine()),
		.owner = vm_open(vm, importer_memory(), NULL),
	};

	importer_needs_route();
	return p;
}

static void attach(struct vm *vm, struct pair p, const struct vfio_region_dma_range *ranges,
		   uint32_t nranges)
{
	int fd = importer_export(vm, p.owner, ranges, nranges);

	importer_detach(p.imp);
	assert_int_equal(importer_attach(p.imp, fd, VDI_MODE_REVOCABLE), 0);
}

/* Where the next mapping lies; 0: there is no room. */
static uint64_t next_addr(struct pair p)
{
	uint64_t addr;

	if (importer_map(p.imp, VDI_BIDIRECTIONAL) < 0)
		return 0;
	addr = importer_addr(p.imp, 0, 0);
	assert_int_equal(importer_unmap(p.imp, 0), 0);
	return addr;
}

/*
 * With the same space free the next mapping lies where it once did. Space that
 * was given back is free when the IOMMU was flushed, some milliseconds later.
 */
static bool comes_back_to(struct pair p, uint64_t addr)
{
	for (int i = 0; i < 100; i++) {
		if (next_addr(p) == addr)
			return true;
		usleep(20000);
	}
	return false;
}

static void map_and_unmap(struct pair p, uint32_t n)
{
	while (n--) {
		assert_int_equal(importer_map(p.imp, VDI_BIDIRECTIONAL), 0);
		assert_int_equal(importer_unmap(p.imp, 0), 0);
	}
}

#define LOST_TABLE "the table of each mapping is lost"

/* A freed table stays in KASAN's quarantine, so there the kernel is asked for leaks instead. */
static void maps_leave_no_memory_behind(void **state)
{
	struct pair p = make_pair(*state);
	uint32_t n = vm_count("IMPORTER_ROUNDS", 20000);
	int64_t grown;

	attach(*state, p, slices, 1);
	map_and_unmap(p, 1000);
	if (guest_finds_leaks()) {
		if (!importer_ours())
			guest_put("/dev/kmsg", "dmabufx-expect: kmemleak: [0-9]+ new suspected");
		assert_int_equal(guest_leaks("dma_buf"), importer_defect(LOST_TABLE));
		return;
	}
	grown = guest_slab();
	assert_true(grown > 0);
	map_and_unmap(p, n);
	grown = guest_slab() - grown;
	print_message("%u rounds, %" PRId64 " bytes more\n", n, grown);
	if (importer_defect(LOST_TABLE)) {
		assert_true(grown >= 24 * (int64_t)n);
		return;
	}
	/* The smallest that is allocated is 8 bytes. */
	assert_true(grown < 4 * (int64_t)n);
}

#define FAIL_NTH "/proc/thread-self/fail-nth"
#define FAILSLAB "/sys/kernel/debug/failslab/"

/* Fails the Nth allocation of the mapping; whether there was one. */
static bool fail_nth(struct pair p, uint32_t n)
{
	char text[16];
	int fd = open(FAIL_NTH, O_RDWR | O_CLOEXEC), ret;

	assert_true(fd >= 0);
	snprintf(text, sizeof(text), "%u", n);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	ret = importer_map(p.imp, VDI_BIDIRECTIONAL);
	memset(text, 0, sizeof(text));
	assert_true(pread(fd, text, sizeof(text) - 1, 0) > 0);
	assert_int_equal(pwrite(fd, "0", 1, 0), 1);
	close(fd);
	if (ret >= 0)
		assert_int_equal(importer_unmap(p.imp, ret), 0);
	assert_int_equal(importer_state(p.imp).maps, 0);
	/* What is left of N was not reached. */
	return !strtoul(text, NULL, 10);
}

static void each_allocation_may_fail_and_nothing_is_lost(void **state)
{
	struct pair p = make_pair(*state);
	uint64_t addr;
	uint32_t n = 1;

	if (access(FAILSLAB, F_OK)) {
		print_message("this kernel has no failslab; --with debug has\n");
		skip();
	}
	assert_int_equal(guest_put(FAILSLAB "ignore-gfp-wait", "N"), 0);
	assert_int_equal(guest_put(FAILSLAB "verbose", "0"), 0);
	/* Else the kernel tries another half of the space for good, once the first failed. */
	importer_set_bits(p.imp, 32);
	/* Mainline can't map more than one behind an IOMMU. */
	attach(*state, p, slices, importer_ours() ? NSLICES : 1);
	addr = next_addr(p);
	assert_int_not_equal(addr, 0);
	while (fail_nth(p, n))
		n++;
	print_message("%u allocations failed in turn\n", n - 1);
	/* The state of the mapping, and its table, at least. */
	assert_true(n > 2);
	assert_int_equal(!comes_back_to(p, addr),
			 importer_translated(p.imp) &&
				 importer_defect("space is lost when the table fails"));
	importer_set_bits(p.imp, 64);
	assert_int_equal(guest_leaks("dma_buf"), importer_defect(LOST_TABLE));
}

/* On mainline this fails at the second slice, with our series it doesn't fail. */
static void several_slices_give_their_addresses_back(void **state)
{
	struct pair p = make_pair(*state);
	uint64_t addr;
	bool back;
	int ret;

	importer_set_bits(p.imp, 32);
	attach(*state, p, slices, 1);
	addr = next_addr(p);
	assert_int_not_equal(addr, 0);
	attach(*state, p, slices, NSLICES);
	for (int i = 0; i < 4; i++) {
		ret = importer_map(p.imp, VDI_BIDIRECTIONAL);
		if (ret >= 0)
			assert_int_equal(importer_unmap(p.imp, ret), 0);
	}
	attach(*state, p, slices, 1);
	back = comes_back_to(p, addr);
	importer_set_bits(p.imp, 64);
	assert_true(back);
}

#define EXPECT_DMA_DEBUG \
	"dmabufx-expect: tries to free DMA memory it has not allocated|WARNING: kernel/dma/debug"

/* What was not mapped is unmapped: the kernel warns as soon as it looks for what it freed. */
static bool warns_of_what_it_frees(struct vm *vm, struct pair p)
{
	bool said = false;

	assert_int_equal(guest_put("/dev/kmsg",
				   "dmabufx-expect: WARNING: .*drivers/iommu/iova[.]c"),
			 0);
	/* So does who looks at each call. */
	if (!access("/sys/kernel/debug/dma-api", F_OK))
		assert_int_equal(guest_put("/dev/kmsg", EXPECT_DMA_DEBUG), 0);
	for (int i = 0; i < 50 && !said; i++) {
		assert_true(importer_map(p.imp, VDI_BIDIRECTIONAL) < 0);
		said = vm_kernel_says(vm, "WARNING: .*iova_magazine_free_pfns", 50);
	}
	return said;
}

/*
 * Space of 28 bits has room for three whole BARs, so that a buffer of five is
 * mapped piece by piece, and the fourth piece fails.
 */
static void piece_that_does_not_fit_undoes_those_before(void **state)
{
	static const struct vfio_region_dma_range bars[] = {
		{ .length = BAR_LEN }, { .length = BAR_LEN }, { .length = BAR_LEN },
		{ .length = BAR_LEN }, { .length = BAR_LEN },
	};
	struct pair p = make_pair(*state);
	uint64_t addr;
	bool back;

	if (!importer_translated(p.imp)) {
		print_message("addresses that aren't translated take no room\n");
		skip();
	}
	importer_set_bits(p.imp, 28);
	attach(*state, p, bars, 3);
	addr = next_addr(p);
	assert_int_not_equal(addr, 0);
	attach(*state, p, bars, 5);
	if (importer_defect("pieces that were never mapped are unmapped")) {
		back = warns_of_what_it_frees(*state, p);
		importer_set_bits(p.imp, 64);
		assert_true(back);
		return;
	}
	for (int i = 0; i < 3; i++) {
		assert_true(importer_map(p.imp, VDI_BIDIRECTIONAL) < 0);
		assert_int_equal(importer_state(p.imp).maps, 0);
		for (uint64_t at = 0; at < 1ull << 28; at += BAR_LEN / 4)
			assert_int_equal(importer_phys(p.imp, at), 0);
	}
	attach(*state, p, bars, 3);
	back = comes_back_to(p, addr);
	importer_set_bits(p.imp, 64);
	assert_true(back);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		VM_TEST(maps_leave_no_memory_behind),
		VM_TEST(each_allocation_may_fail_and_nothing_is_lost),
		VM_TEST(several_slices_give_their_addresses_back),
		VM_TEST(piece_that_does_not_fit_undoes_those_before),
	};

	return IMPORTER_MAIN(tests);
}
