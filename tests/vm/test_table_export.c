/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel answers to exports, and what the library makes of it. */
#include "dma.h"
#include "raw.h"
#include "vm.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define BAR_LEN (64ull * VM_MIB)

static struct vfio_region_dma_range range(uint64_t off, uint64_t len)
{
	return (struct vfio_region_dma_range){ .offset = off, .length = len };
}

static void probe_before_bind_says_einval_and_the_library_binds_first(void **state)
{
	struct dmabufx_dev_caps caps = { .size = sizeof(caps) };
	const char *bdf = vm_bdf("LAB_IVSHMEM1");
	struct vm *vm = *state;
	int cdev;

	vm_bind(vm, bdf);
	cdev = raw_cdev(bdf);
	assert_true(cdev >= 0);
	assert_int_equal(raw_probe_export(cdev), -EINVAL);
	close(cdev);
	vm_works(dmabufx_dev_get_caps(vm_open(vm, "LAB_IVSHMEM1", NULL), &caps));
	assert_int_equal(caps.can_export, 1);
	assert_string_equal(caps.bdf, bdf);
	assert_int_equal(caps.bars[2].exportable, 1);
	assert_int_equal(caps.bars[2].len, BAR_LEN);
}

static void probe_makes_no_descriptor(void **state)
{
	struct dmabufx_dev *dev = vm_open(*state, "LAB_IVSHMEM1", NULL);
	int nfds = guest_count_fds();

	assert_int_equal(raw_probe_export(dmabufx_dev_fd(dev)), 0);
	assert_int_equal(guest_count_fds(), nfds);
}

static void kernel_answers_einval_to_seven_mistakes(void **state)
{
	struct dmabufx_dev *dev = vm_open(*state, "LAB_IVSHMEM1", NULL);
	struct vfio_region_dma_range good = range(0, VM_PAGE), bad;
	int fd = dmabufx_dev_fd(dev);

	bad = range(0, 256);
	assert_int_equal(raw_export(fd, 0, 0, &bad, 1), -EINVAL);
	bad = range(0x100, VM_PAGE);
	assert_int_equal(raw_export(fd, 2, 0, &bad, 1), -EINVAL);
	bad = range(0, VM_PAGE + 1);
	assert_int_equal(raw_export(fd, 2, 0, &bad, 1), -EINVAL);
	bad = range(BAR_LEN, VM_PAGE);
	assert_int_equal(raw_export(fd, 2, 0, &bad, 1), -EINVAL);
	bad = range(0, 0);
	assert_int_equal(raw_export(fd, 2, 0, &bad, 1), -EINVAL);
	assert_int_equal(raw_export(fd, 2, 0, NULL, 0), -EINVAL);
	assert_int_equal(raw_export(fd, 2, 1, &good, 1), -EINVAL);
}

/* The seven, through the library. */
static void make_seven_mistakes(struct dmabufx_dev *dev)
{
	DMABUFX_OPTS(dmabufx_export_opts, flags, .flags = 0x10);
	struct dmabufx_buf *buf;
	const char *bdf = vm_bdf("LAB_IVSHMEM1");
	char text[96];

	snprintf(text, sizeof(text), "BAR 0 of %s has 0x100 bytes, less than a page", bdf);
	vm_fails(dmabufx_dev_export(dev, 0, 0, 256, NULL, &buf), EINVAL, DMABUFX_REASON_BAR_SUBPAGE,
		 text);
	snprintf(text, sizeof(text), "offset 0x100 in BAR 2 of %s isn't a multiple", bdf);
	vm_fails(dmabufx_dev_export(dev, 2, 0x100, VM_PAGE, NULL, &buf), EINVAL,
		 DMABUFX_REASON_OFFSET_UNALIGNED, text);
	snprintf(text, sizeof(text), "length 0x1001 in BAR 2 of %s isn't a multiple", bdf);
	vm_fails(dmabufx_dev_export(dev, 2, 0, VM_PAGE + 1, NULL, &buf), EINVAL,
		 DMABUFX_REASON_LENGTH_UNALIGNED, text);
	snprintf(text, sizeof(text), "past the end of BAR 2 of %s, 0x4000000 bytes", bdf);
	vm_fails(dmabufx_dev_export(dev, 2, BAR_LEN, VM_PAGE, NULL, &buf), EINVAL,
		 DMABUFX_REASON_PAST_END, text);
	snprintf(text, sizeof(text), "0 bytes of BAR 2 of %s: name a length", bdf);
	vm_fails(dmabufx_dev_export(dev, 2, 0, 0, NULL, &buf), EINVAL, DMABUFX_REASON_LENGTH_ZERO,
		 text);
	snprintf(text, sizeof(text), "no range of BAR 2 of %s to export; name one", bdf);
	vm_fails(dmabufx_dev_export_ranges(dev, 2, NULL, 0, NULL, &buf), EINVAL,
		 DMABUFX_REASON_NO_RANGES, text);
	vm_fails(dmabufx_dev_export(dev, 2, 0, VM_PAGE, &flags, &buf), EINVAL,
		 DMABUFX_REASON_BAD_FLAGS, "dmabufx_export_opts.*0x10");
}

static void seven_mistakes_have_seven_reasons(void **state)
{
	struct dmabufx_dev *dev = vm_open(*state, "LAB_IVSHMEM1", NULL);
	int nfds = guest_count_fds();

	make_seven_mistakes(dev);
	assert_int_equal(guest_count_fds(), nfds);
}

/* The device's descriptor leads to /dev/null, where an ioctl answers ENOTTY. */
static void without_device(void *dev)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct dmabufx_buf *buf;

	assert_int_equal(dup2(null, dmabufx_dev_fd(dev)), dmabufx_dev_fd(dev));
	/* A legal export must reach the kernel, or this proves nothing. */
	assert_int_equal(dmabufx_dev_export(dev, 2, 0, VM_PAGE, NULL, &buf), -ENOTTY);
	make_seven_mistakes(dev);
}

static void mistakes_never_reach_the_kernel(void **state)
{
	assert_int_equal(vm_in_child(without_device, vm_open(*state, "LAB_IVSHMEM1", NULL)), 0);
}

static void rom_and_absent_bar_are_enodev(void **state)
{
	struct dmabufx_dev *dev = vm_open(*state, "LAB_IVSHMEM1", NULL);
	struct vfio_region_dma_range page = range(0, VM_PAGE);
	struct dmabufx_buf *buf;
	char text[64];

	assert_int_equal(raw_export(dmabufx_dev_fd(dev), VFIO_PCI_ROM_REGION_INDEX, 0, &page, 1),
			 -ENODEV);
	vm_fails(dmabufx_dev_export(dev, 6, 0, VM_PAGE, NULL, &buf), ENODEV,
		 DMABUFX_REASON_BAR_ABSENT, "region 6 of .* is its ROM.*choose BAR 0 to 5");
	assert_int_equal(raw_export(dmabufx_dev_fd(dev), 5, 0, &page, 1), -ENODEV);
	snprintf(text, sizeof(text), "%s has no BAR 5; `dmabufx caps", vm_bdf("LAB_IVSHMEM1"));
	vm_fails(dmabufx_dev_export(dev, 5, 0, VM_PAGE, NULL, &buf), ENODEV,
		 DMABUFX_REASON_BAR_ABSENT, text);
}

static void export_with_memory_off_is_born_revoked(void **state)
{
	struct vm *vm = *state;
	struct dmabufx_dev *dev = vm_open(vm, "LAB_IVSHMEM1", NULL);
	struct dmabufx_ioas *ioas = vm_ioas(vm, 0);
	struct dmabufx_mapping *mapping;
	struct dmabufx_buf *buf;

	vm_set_memory(dev, false);
	buf = vm_export(vm, dev, 2, 0, VM_PAGE);
	assert_true(vm_matches(vm->log, "BAR 2 is exported while.*memory is off.*born revoked"));
	vm_fails(dmabufx_ioas_map(ioas, buf, NULL, &mapping), ENODEV, DMABUFX_REASON_REVOKED,
		 "buffer of BAR 2 of .* is revoked.*memory is off.*turn it on");
	assert_int_equal(vm_count_mappings(ioas), 0);
	vm_set_memory(dev, true);
	vm_map(vm, ioas, buf);
}

static void msix_table_is_left_out_unless_asked_for(void **state)
{
	DMABUFX_OPTS(dmabufx_export_opts, with, .flags = DMABUFX_EXPORT_MSIX);
	struct dmabufx_dev_caps caps = { .size = sizeof(caps) };
	struct vm *vm = *state;
	struct dmabufx_dev *dev = vm_open(vm, "LAB_NVME0", NULL);
	const struct dmabufx_bar_caps *bar = &caps.bars[0];
	struct vfio_region_dma_range whole;
	struct dmabufx_buf *buf;
	int fd;

	vm_works(dmabufx_dev_get_caps(dev, &caps));
	assert_true(bar->msix.len && bar->msix.start);
	whole = range(0, bar->len);
	fd = raw_export(dmabufx_dev_fd(dev), 0, 0, &whole, 1);
	assert_true(fd >= 0);
	close(fd);
	vm_fails(dmabufx_dev_export(dev, 0, 0, bar->len, NULL, &buf), EACCES,
		 DMABUFX_REASON_MSIX_OVERLAP,
		 "holds the MSI-X table of .*leave its pages out, or set DMABUFX_EXPORT_MSIX");
	vm_works(dmabufx_dev_export(dev, 0, 0, bar->len, &with, &buf));
	dmabufx_buf_unref(buf);
}

static void export_bar_slices_around_the_msix_table(void **state)
{
	struct dmabufx_dev_caps caps = { .size = sizeof(caps) };
	struct dmabufx_buf_info info = { .size = sizeof(info) };
	struct vm *vm = *state;
	struct dmabufx_dev *dev = vm_open(vm, "LAB_NVME0", NULL);
	const struct dmabufx_bar_caps *bar = &caps.bars[0];
	struct dmabufx_buf *bufs[2];
	uint64_t total = 0;
	int n;

	vm_works(dmabufx_dev_get_caps(dev, &caps));
	n = vm_works(dmabufx_dev_export_bar(dev, 0, NULL, bufs, 2));
	for (int i = 0; i < n; i++) {
		vm_works(dmabufx_buf_get_info(bufs[i], &info));
		assert_true(info.offset + info.len <= bar->msix.start ||
			    info.offset >= bar->msix.start + bar->msix.len);
		assert_int_equal(info.bar, 0);
		total += info.len;
		dmabufx_buf_unref(bufs[i]);
	}
	assert_int_equal(total, bar->len - bar->msix.len);
	vm_works(dmabufx_dev_get_caps(dev, &caps));
	n = vm_works(dmabufx_dev_export_bar(dev, 2, NULL, bufs, 1));
	assert_int_equal(n, 1);
	vm_works(dmabufx_buf_get_info(bufs[0], &info));
	assert_int_equal(info.len, caps.bars[2].len);
	dmabufx_buf_unref(bufs[0]);
}

/* Another process, which has the descriptor alone: DMA of its device into the BAR. */
static void with_import(void *buf)
{
	uint8_t copy[ENGINE_MAX_LEN];
	struct dmabufx_ioas *ioas;
	struct engine *e;
	void *state;

	assert_int_equal(vm_setup(&state), 0);
	ioas = vm_ioas(state, VM_EDU_MAX);
	e = vm_engine(state, "LAB_EDU0", ioas);
	vm_map_at(state, ioas, vm_import(state, dmabufx_buf_fd(buf)), VM_IOVA);
	assert_int_equal(engine_write(e, VM_IOVA, VM_PAGE, 1, copy), 0);
	assert_int_equal(vm_teardown(&state), 0);
}

static void legacy_export_is_mapped_by_another_process(void **state)
{
	uint8_t want[VM_PAGE];
	struct vm *vm = *state;
	struct dmabufx_dev *dev = vm_open_legacy(vm, "LAB_IVSHMEM1");
	struct dmabufx_buf *buf = vm_export(vm, dev, 2, 0, VM_PAGE);
	uint8_t *va = vm_bar_va(vm, dev, 2, 0, VM_PAGE);

	/* Here, so that this process gives it back. */
	vm_bind(vm, vm_bdf("LAB_EDU0"));
	memset(va, 0, VM_PAGE);
	assert_int_equal(vm_in_child(with_import, buf), 0);
	/* What the edu's engine writes for seed 1. */
	engine_pattern(1, want, sizeof(want));
	assert_memory_equal(va, want, sizeof(want));
}

static void dma_buf_cant_be_mapped_by_the_cpu(void **state)
{
	struct vm *vm = *state;
	struct dmabufx_dev *dev = vm_open(vm, "LAB_IVSHMEM1", NULL);
	struct dmabufx_buf *buf = vm_export(vm, dev, 2, 0, VM_PAGE);
	void *va = mmap(NULL, VM_PAGE, PROT_READ, MAP_SHARED, dmabufx_buf_fd(buf), 0);

	assert_ptr_equal(va, MAP_FAILED);
	/* The way that works. */
	vm_bar_va(vm, dev, 2, 0, VM_PAGE)[0] = 1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		VM_TEST(probe_before_bind_says_einval_and_the_library_binds_first),
		VM_TEST(probe_makes_no_descriptor),
		VM_TEST(kernel_answers_einval_to_seven_mistakes),
		VM_TEST(seven_mistakes_have_seven_reasons),
		VM_TEST(mistakes_never_reach_the_kernel),
		VM_TEST(rom_and_absent_bar_are_enodev),
		VM_TEST(export_with_memory_off_is_born_revoked),
		VM_TEST(msix_table_is_left_out_unless_asked_for),
		VM_TEST(export_bar_slices_around_the_msix_table),
		VM_TEST(legacy_export_is_mapped_by_another_process),
		VM_TEST(dma_buf_cant_be_mapped_by_the_cpu),
	};

	return VM_MAIN(tests);
}
