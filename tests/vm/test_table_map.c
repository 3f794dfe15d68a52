/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel answers to mappings, and what the library makes of it. */
#include "dma.h"
#include "raw.h"
#include "vm.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/*
 * Address spaces of the kernel's own and of the library's, each with a device:
 * without one the kernel looks at the memory no sooner than at the first attach.
 */
struct spaces {
	int iommufd;
	uint32_t raw;
	struct dmabufx_ioas *ioas;
};

static struct spaces make_spaces(struct vm *vm)
{
	struct spaces s = { .iommufd = vm_fd(vm, raw_iommufd()) };
	int cdev;

	vm_bind(vm, vm_bdf("LAB_EDU0"));
	cdev = vm_fd(vm, raw_cdev(vm_bdf("LAB_EDU0")));
	assert_int_equal(raw_bind(cdev, s.iommufd), 0);
	assert_int_equal(raw_ioas(s.iommufd, &s.raw), 0);
	assert_int_equal(raw_attach(cdev, s.raw), 0);
	s.ioas = vm_ioas(vm, 0);
	vm_open(vm, "LAB_EDU1", s.ioas);
	return s;
}

/* The kernel's own answer to MAP_FILE. */
static int raw_answer(const struct spaces *s, int fd, uint64_t start, uint64_t len)
{
	uint64_t iova = VM_IOVA;

	return raw_map_file(s->iommufd, s->raw, fd, start, len, &iova);
}

static void buffer_of_two_ranges_is_multi_range_or_mapped(void **state)
{
	struct vm *vm = *state;
	struct spaces s = make_spaces(vm);
	struct dmabufx_dev *dev = vm_open(vm, "LAB_IVSHMEM1", NULL);
	const struct dmabufx_range two[] = {
		{ .start = 0, .len = VM_PAGE },
		{ .start = 4 * VM_PAGE, .len = VM_PAGE },
	};
	struct dmabufx_mapping *mapping;
	struct dmabufx_buf *buf;

	vm_works(dmabufx_dev_export_ranges(dev, 2, two, 2, NULL, &buf));
	vm_keep_buf(vm, buf);
	if (vm_maps_ranges()) {
		assert_int_equal(raw_answer(&s, dmabufx_buf_fd(buf), 0, 2 * VM_PAGE), 0);
		assert_int_equal(dmabufx_mapping_len(vm_map(vm, s.ioas, buf)), 2 * VM_PAGE);
		return;
	}
	assert_int_equal(raw_answer(&s, dmabufx_buf_fd(buf), 0, 2 * VM_PAGE), -EOPNOTSUPP);
	vm_fails(dmabufx_ioas_map(s.ioas, buf, NULL, &mapping), EOPNOTSUPP,
		 DMABUFX_REASON_MULTI_RANGE,
		 "BAR 2 of .* is made of 2 ranges.*export a buffer a range");
	/* The mend. */
	vm_map(vm, s.ioas, vm_export(vm, dev, 2, 0, VM_PAGE));
	vm_map(vm, s.ioas, vm_export(vm, dev, 2, 4 * VM_PAGE, VM_PAGE));
	assert_int_equal(vm_count_mappings(s.ioas), 2);
}

static void refused_exporter(struct vm *vm, int fd, const char *exporter)
{
	struct dmabufx_buf_info info = { .size = sizeof(info) };
	struct dmabufx_buf *buf = vm_import(vm, fd);
	struct spaces s = make_spaces(vm);
	struct dmabufx_mapping *mapping;
	char text[96];

	assert_int_equal(raw_answer(&s, fd, 0, VM_PAGE), -EOPNOTSUPP);
	snprintf(text, sizeof(text), "dma-buf of exporter '%s'.*map its memory by address",
		 exporter);
	vm_fails(dmabufx_ioas_map(s.ioas, buf, NULL, &mapping), EOPNOTSUPP, DMABUFX_REASON_EXPORTER,
		 text);
	assert_int_equal(vm_count_mappings(s.ioas), 0);
	vm_works(dmabufx_buf_get_info(buf, &info));
	assert_string_equal(info.exporter, exporter);
	assert_int_equal(info.kind, DMABUFX_BUF_DMABUF);
}

static void udmabuf_is_named_as_the_culprit(void **state)
{
	struct vm *vm = *state;
	int memfd = vm_fd(vm, raw_memfd(VM_PAGE));

	refused_exporter(vm, vm_fd(vm, raw_udmabuf(memfd, VM_PAGE)), "udmabuf");
}

static void dma_heap_is_named_as_the_culprit(void **state)
{
	refused_exporter(*state, vm_fd(*state, raw_heap(VM_PAGE)), "system");
}

static void device_node_is_a_foreign_descriptor(void **state)
{
	struct vm *vm = *state;
	struct spaces s = make_spaces(vm);
	struct dmabufx_dev *dev = vm_open(vm, "LAB_IVSHMEM1", NULL);
	struct dmabufx_buf *buf;
	char text[96];

	assert_int_equal(raw_answer(&s, dmabufx_dev_fd(dev), 0, VM_PAGE), -EINVAL);
	snprintf(text, sizeof(text), "descriptor [0-9]+ is neither a dma-buf nor a memfd; pass");
	vm_fails(dmabufx_buf_import(vm->ctx, dmabufx_dev_fd(dev), NULL, &buf), EINVAL,
		 DMABUFX_REASON_FOREIGN_FD, text);
}

static void unaligned_and_too_long_are_found_before_the_kernel(void **state)
{
	struct vm *vm = *state;
	struct spaces s = make_spaces(vm);
	struct dmabufx_dev *dev = vm_open(vm, "LAB_IVSHMEM1", NULL);
	struct dmabufx_buf *buf = vm_export(vm, dev, 2, 0, 2 * VM_PAGE);
	DMABUFX_OPTS(dmabufx_map_opts, at, .offset = 0x100, .length = VM_PAGE);
	DMABUFX_OPTS(dmabufx_map_opts, len, .length = 0x100);
	DMABUFX_OPTS(dmabufx_map_opts, end, .offset = VM_PAGE, .length = 2 * VM_PAGE);
	struct dmabufx_mapping *m;
	int fd = dmabufx_buf_fd(buf);

	assert_int_equal(raw_answer(&s, fd, 0x100, VM_PAGE), -EINVAL);
	assert_int_equal(raw_answer(&s, fd, VM_PAGE, 2 * VM_PAGE), -EINVAL);
	vm_fails(dmabufx_ioas_map(s.ioas, buf, &at, &m), EINVAL, DMABUFX_REASON_OFFSET_UNALIGNED,
		 "offset 0x100 isn't a multiple of the page, 0x1000");
	vm_fails(dmabufx_ioas_map(s.ioas, buf, &len, &m), EINVAL, DMABUFX_REASON_LENGTH_UNALIGNED,
		 "length 0x100 isn't a multiple of the page, 0x1000");
	vm_fails(dmabufx_ioas_map(s.ioas, buf, &end, &m), EINVAL, DMABUFX_REASON_PAST_END,
		 "0x2000 bytes from 0x1000 on are past the end of .*BAR 2 of .*0x2000 bytes");
	assert_int_equal(vm_count_mappings(s.ioas), 0);
}

static void bar_by_address_must_go_through_a_dma_buf(void **state)
{
	struct vm *vm = *state;
	struct spaces s = make_spaces(vm);
	struct dmabufx_dev *dev = vm_open(vm, "LAB_IVSHMEM1", NULL);
	uint8_t *va = vm_bar_va(vm, dev, 2, 0, VM_PAGE);
	struct dmabufx_mapping *mapping;

	assert_int_equal(raw_map_va(s.iommufd, s.raw, va, VM_PAGE, VM_IOVA), -EFAULT);
	vm_fails(dmabufx_ioas_map_va(s.ioas, va, VM_PAGE, NULL, &mapping), EFAULT,
		 DMABUFX_REASON_BAR_VA,
		 "is a device's BAR, which must go through a dma-buf; export it with");
	assert_int_equal(vm_count_mappings(s.ioas), 0);
}

static void occupied_iova_is_eexist(void **state)
{
	struct vm *vm = *state;
	struct spaces s = make_spaces(vm);
	struct dmabufx_dev *dev = vm_open(vm, "LAB_IVSHMEM1", NULL);
	struct dmabufx_buf *buf = vm_export(vm, dev, 2, 0, VM_PAGE);
	DMABUFX_OPTS(dmabufx_map_opts, opts, .iova = VM_IOVA, .flags = DMABUFX_MAP_FIXED);
	int fd = dmabufx_buf_fd(buf);
	struct dmabufx_mapping *mapping;
	uint64_t iova = VM_IOVA;

	assert_int_equal(raw_map_file(s.iommufd, s.raw, fd, 0, VM_PAGE, &iova), 0);
	/* A reset kills the mapping, and still it keeps its place. */
	assert_int_equal(raw_reset(dmabufx_dev_fd(dev)), 0);
	assert_int_equal(raw_map_file(s.iommufd, s.raw, fd, 0, VM_PAGE, &iova), -EEXIST);
	assert_int_equal(raw_unmap(s.iommufd, s.raw, VM_IOVA, VM_PAGE), 0);
	assert_int_equal(raw_map_file(s.iommufd, s.raw, fd, 0, VM_PAGE, &iova), 0);

	vm_map_at(vm, s.ioas, buf, VM_IOVA);
	vm_fails(dmabufx_ioas_map(s.ioas, buf, &opts, &mapping), EEXIST, DMABUFX_REASON_IOVA_IN_USE,
		 "at IOVA 0x1000000 overlap what is mapped up to 0x1000fff; unmap that first");
	assert_int_equal(vm_count_mappings(s.ioas), 1);
}

static void automatic_iova_stays_above_the_floor(void **state)
{
	struct vm *vm = *state;
	struct spaces s = make_spaces(vm);
	struct dmabufx_buf *buf = vm_memory(vm, VM_PAGE), *large = vm_memory(vm, 5 * VM_PAGE);
	struct dmabufx_iova_range ranges[16];
	struct dmabufx_mapping *mapping;
	uint64_t iova = 0, first;

	assert_int_equal(raw_first_iova(s.iommufd, s.raw, &first), 0);
	assert_int_equal(first, 0);
	assert_int_equal(raw_map_file(s.iommufd, s.raw, dmabufx_buf_fd(buf), 0, VM_PAGE, &iova), 0);
	assert_int_equal(iova, 0x1000);

	assert_true(vm_works(dmabufx_ioas_ranges(s.ioas, ranges, 16)) >= 1);
	assert_int_equal(ranges[0].start, 0);
	/* With gaps behind it and without. */
	for (int i = 0; i < 8; i++) {
		mapping = vm_map(vm, s.ioas, i % 2 ? buf : large);
		assert_true(dmabufx_mapping_iova(mapping) >= DMABUFX_IOVA_FLOOR);
		if (i % 3 == 0)
			vm_drop(vm, mapping);
	}
}

/* The DRM device that imports nothing of a peer: the driver vgem. */
static int open_vgem(void)
{
	char path[300], target[300];
	int fd = -1;
	DIR *dir = opendir("/sys/class/drm");
	struct dirent *e;
	ssize_t n;

	while (dir && fd < 0 && (e = readdir(dir))) {
		if (strncmp(e->d_name, "card", 4))
			continue;
		snprintf(path, sizeof(path), "/sys/class/drm/%s/device", e->d_name);
		n = readlink(path, target, sizeof(target) - 1);
		if (n <= 0)
			continue;
		target[n] = 0;
		snprintf(path, sizeof(path), "/dev/dri/%s", e->d_name);
		if (strstr(target, "vgem"))
			fd = open(path, O_RDWR | O_CLOEXEC);
	}
	if (dir)
		closedir(dir);
	return fd;
}

static void vgem_is_no_peer_to_peer_importer(void **state)
{
	struct vm *vm = *state;
	struct dmabufx_dev *dev = vm_open(vm, "LAB_IVSHMEM1", NULL);
	struct dmabufx_buf *buf = vm_export(vm, dev, 2, 0, VM_PAGE);
	int drm = vm_fd(vm, open_vgem()), ret;
	uint32_t handle;

	ret = dmabufx_buf_to_drm(buf, drm, &handle);
	if (ret == -ENOSYS) {
		print_message("built without libdrm\n");
		skip();
	}
	vm_fails(ret, EOPNOTSUPP, DMABUFX_REASON_IMPORTER,
		 "buffer of BAR 2 of .*can't do peer-to-peer; use a driver whose importer");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		VM_TEST(buffer_of_two_ranges_is_multi_range_or_mapped),
		VM_TEST(udmabuf_is_named_as_the_culprit),
		VM_TEST(dma_heap_is_named_as_the_culprit),
		VM_TEST(device_node_is_a_foreign_descriptor),
		VM_TEST(unaligned_and_too_long_are_found_before_the_kernel),
		VM_TEST(bar_by_address_must_go_through_a_dma_buf),
		VM_TEST(occupied_iova_is_eexist),
		VM_TEST(automatic_iova_stays_above_the_floor),
		VM_TEST(vgem_is_no_peer_to_peer_importer),
	};

	return VM_MAIN(tests);
}
