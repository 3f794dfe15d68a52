/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a kernel driver maps buffers of a BAR: who may, and where each byte is then found. */
#include "importer.h"

#include <string.h>

/* Three slices, neither in order nor of one length; bytes of BAR 2. */
static const struct vfio_region_dma_range slices[] = {
	{ .offset = 3 * VM_MIB, .length = 2 * VM_PAGE },
	{ .offset = 1 * VM_MIB, .length = 1 * VM_PAGE },
	{ .offset = 2 * VM_MIB, .length = 3 * VM_PAGE },
};
#define NSLICES 3
#define NPAGES 6

/* The importer, attached to a buffer of the owner's memory. */
struct pair {
	int imp;
	struct dmabufx_dev *owner;
	int fd;
};

static struct pair make_pair(struct vm *vm, uint32_t nslices)
{
	struct pair p = {
		.imp = importer_open(vm, importer_engine()),
		.owner = vm_open(vm, importer_memory(), NULL),
	};

	p.fd = importer_export(vm, p.owner, slices, nslices);
	return p;
}

static struct pair make_attached(struct vm *vm, uint32_t nslices)
{
	struct pair p = make_pair(vm, nslices);

	importer_needs_route();
	assert_int_equal(importer_attach(p.imp, p.fd, VDI_MODE_REVOCABLE), 0);
	return p;
}

/* Offset in the BAR of a page of the buffer. */
static uint64_t bar_offset(uint32_t page)
{
	uint64_t off = (uint64_t)page * VM_PAGE;
	uint32_t i = 0;

	while (off >= slices[i].length)
		off -= slices[i++].length;
	return slices[i].offset + off;
}

/* Where the DMA to an address of the importer goes. */
static uint64_t reached(int imp, uint64_t addr)
{
	return importer_translated(imp) ? importer_phys(imp, addr) : addr;
}

static void assert_maps_right(struct pair p, int slot, uint32_t npages)
{
	uint64_t bar = importer_bar(importer_memory(), 2);

	for (uint32_t i = 0; i < npages; i++) {
		uint64_t addr = importer_addr(p.imp, slot, (uint64_t)i * VM_PAGE);

		assert_int_equal(reached(p.imp, addr), bar + bar_offset(i));
	}
}

static void each_page_of_three_slices_is_where_it_belongs(void **state)
{
	struct pair p = make_attached(*state, NSLICES);
	uint64_t addr;
	int slot;

	slot = importer_map(p.imp, VDI_BIDIRECTIONAL);
	if (importer_translated(p.imp) && importer_defect("all slices go to one address")) {
		assert_int_equal(slot, -EADDRINUSE);
		return;
	}
	assert_int_equal(slot, 0);
	assert_maps_right(p, slot, NPAGES);
	addr = importer_addr(p.imp, slot, 0);
	assert_int_equal(importer_unmap(p.imp, slot), 0);
	if (importer_translated(p.imp))
		assert_int_equal(importer_phys(p.imp, addr), 0);
}

/* What the first page holds goes to all others, one after the other. */
static void copy_around(struct pair p, int slot, volatile uint8_t *edu, uint8_t **va,
			uint32_t npages)
{
	uint8_t want[NPAGES][VM_PAGE];

	for (uint32_t i = 0; i < npages; i++) {
		memset(want[i], 0x10 + (int)i, VM_PAGE);
		memcpy(va[i], want[i], VM_PAGE);
	}
	for (uint32_t i = 0; i < npages; i++) {
		uint32_t next = (i + 1) % npages;

		importer_edu_read(edu, importer_addr(p.imp, slot, (uint64_t)i * VM_PAGE));
		importer_edu_write(edu, importer_addr(p.imp, slot, (uint64_t)next * VM_PAGE));
		memcpy(want[next], want[i], VM_PAGE);
		for (uint32_t k = 0; k < npages; k++)
			assert_memory_equal(va[k], want[k], VM_PAGE);
		/* So that the next round moves other bytes. */
		va[next][0] = want[next][0] = (uint8_t)(0x80 + i);
	}
}

static void dma_lands(struct vm *vm, uint32_t nslices, uint32_t npages)
{
	struct pair p = make_attached(vm, nslices);
	volatile uint8_t *edu = importer_edu(vm, importer_engine());
	uint8_t *va[NPAGES];
	int slot;

	if (importer_route() == ROUTE_BUS && importer_phys(p.imp, VM_PAGE) != VM_PAGE) {
		print_message("QEMU's switch leaves all to the IOMMU; iommu=pt opens that\n");
		skip();
	}
	slot = importer_map(p.imp, VDI_BIDIRECTIONAL);
	if (nslices > 1 && importer_translated(p.imp) &&
	    importer_defect("all slices go to one address")) {
		assert_int_equal(slot, -EADDRINUSE);
		return;
	}
	assert_int_equal(slot, 0);
	for (uint32_t i = 0; i < npages; i++)
		va[i] = vm_bar_va(vm, p.owner, 2, bar_offset(i), VM_PAGE);
	copy_around(p, slot, edu, va, npages);
}

static void dma_lands_in_each_page_of_one_slice(void **state)
{
	dma_lands(*state, 1, 2);
}

static void dma_lands_in_each_page_of_three_slices(void **state)
{
	dma_lands(*state, NSLICES, NPAGES);
}

static void table_has_addresses_but_no_pages(void **state)
{
	struct pair p = make_attached(*state, 1);
	struct vdi_entry e;

	assert_int_equal(importer_map(p.imp, VDI_TO_DEVICE), 0);
	assert_int_equal(importer_entry(p.imp, 0, 0, &e), 0);
	assert_int_equal(e.has_page, 0);
	assert_int_equal(e.orig_nents, 0);
	assert_int_equal(e.nents, 1);
	assert_int_equal(e.len, slices[0].length);
	assert_int_equal(importer_entry(p.imp, 0, 1, &e), -ERANGE);
}

static void each_mapping_of_an_attachment_stands_alone(void **state)
{
	struct pair p = make_attached(*state, 1);

	assert_int_equal(importer_map(p.imp, VDI_BIDIRECTIONAL), 0);
	assert_int_equal(importer_map(p.imp, VDI_FROM_DEVICE), 1);
	assert_maps_right(p, 0, 2);
	assert_maps_right(p, 1, 2);
	assert_int_equal(importer_unmap(p.imp, 0), 0);
	assert_maps_right(p, 1, 2);
	assert_int_equal(importer_map(p.imp, VDI_TO_DEVICE), 0);
	assert_int_equal(importer_unmap(p.imp, 1), 0);
	assert_maps_right(p, 0, 2);
	assert_int_equal(importer_unmap(p.imp, 0), 0);
	assert_int_equal(importer_map(p.imp, VDI_BIDIRECTIONAL), 0);
	assert_maps_right(p, 0, 2);
}

static void attaching_without_mapping_leaves_nothing(void **state)
{
	struct pair p = make_attached(*state, 1);

	for (int i = 0; i < 100; i++) {
		assert_int_equal(importer_detach(p.imp), 0);
		assert_int_equal(importer_attach(p.imp, p.fd, VDI_MODE_REVOCABLE), 0);
	}
	assert_int_equal(importer_map(p.imp, VDI_BIDIRECTIONAL), 0);
	assert_maps_right(p, 0, 2);
}

static void importer_without_peer_to_peer_is_refused(void **state)
{
	struct pair p = make_pair(*state, 1);

	assert_int_equal(importer_attach(p.imp, p.fd, VDI_MODE_NO_P2P), -EOPNOTSUPP);
}

static void static_importer_is_refused(void **state)
{
	struct pair p = make_pair(*state, 1);

	assert_int_equal(importer_attach(p.imp, p.fd, VDI_MODE_STATIC), -EOPNOTSUPP);
}

static void importer_without_the_promise_is_refused(void **state)
{
	struct pair p = make_pair(*state, 1);
	int ret = importer_attach(p.imp, p.fd, VDI_MODE_NO_PROMISE);

	if (importer_defect("a callback counts as the promise"))
		assert_int_equal(ret, 0);
	else
		assert_int_equal(ret, -EOPNOTSUPP);
}

static void importer_out_of_reach_is_refused(void **state)
{
	struct pair p = make_pair(*state, 1);

	if (importer_route() != ROUTE_NONE) {
		print_message("here the importer reaches the memory\n");
		skip();
	}
	/* Mainline finds out when it is mapped. */
	if (importer_ours()) {
		assert_int_equal(importer_attach(p.imp, p.fd, VDI_MODE_REVOCABLE), -EOPNOTSUPP);
		return;
	}
	assert_int_equal(importer_attach(p.imp, p.fd, VDI_MODE_REVOCABLE), 0);
	assert_true(importer_map(p.imp, VDI_BIDIRECTIONAL) < 0);
}

static void module_refuses_misuse(void **state)
{
	struct vm *vm = *state;
	struct pair p = make_attached(vm, 1);
	struct vdi_entry e;

	assert_int_equal(importer_attach(p.imp, p.fd, VDI_MODE_REVOCABLE), -EBUSY);
	assert_int_equal(importer_map(p.imp, 3), -EINVAL);
	assert_int_equal(importer_unmap(p.imp, 0), -ENOENT);
	assert_int_equal(importer_unmap(p.imp, VDI_MAX_MAPS), -EINVAL);
	assert_int_equal(importer_entry(p.imp, 0, 0, &e), -ENOENT);
	assert_int_equal(importer_entry(p.imp, -1, 0, &e), -EINVAL);
	for (int i = 0; i < VDI_MAX_MAPS; i++)
		assert_int_equal(importer_map(p.imp, VDI_BIDIRECTIONAL), i);
	assert_int_equal(importer_map(p.imp, VDI_BIDIRECTIONAL), -ENOSPC);
	assert_int_equal(importer_state(p.imp).maps, VDI_MAX_MAPS);
	assert_int_equal(importer_detach(p.imp), 0);
	assert_int_equal(importer_detach(p.imp), -ENOENT);
	assert_int_equal(importer_map(p.imp, VDI_BIDIRECTIONAL), -ENOENT);
	assert_int_equal(importer_attach(p.imp, p.fd, VDI_MODE_IOV_NO_PROMISE + 1), -EINVAL);
	assert_int_equal(importer_attach(p.imp, -1, VDI_MODE_REVOCABLE), -EBADF);
	assert_int_equal(importer_attach(p.imp, vm->kmsg, VDI_MODE_REVOCABLE), -EINVAL);
}

static void driver_that_leaves_lets_go_of_all(void **state)
{
	struct vm *vm = *state;
	struct pair p = make_attached(vm, 1);

	assert_int_equal(importer_map(p.imp, VDI_BIDIRECTIONAL), 0);
	importer_give_back();
	assert_int_equal(importer_map(p.imp, VDI_BIDIRECTIONAL), -ENODEV);
	vm_set_memory(p.owner, false);
	vm_set_memory(p.owner, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		VM_TEST(each_page_of_three_slices_is_where_it_belongs),
		VM_TEST(dma_lands_in_each_page_of_one_slice),
		VM_TEST(dma_lands_in_each_page_of_three_slices),
		VM_TEST(table_has_addresses_but_no_pages),
		VM_TEST(each_mapping_of_an_attachment_stands_alone),
		VM_TEST(attaching_without_mapping_leaves_nothing),
		VM_TEST(importer_without_peer_to_peer_is_refused),
		VM_TEST(static_importer_is_refused),
		VM_TEST(importer_without_the_promise_is_refused),
		VM_TEST(importer_out_of_reach_is_refused),
		VM_TEST(module_refuses_misuse),
		VM_TEST(driver_that_leaves_lets_go_of_all),
	};

	return IMPORTER_MAIN(tests);
}
