/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory of virtual functions that the driver of their physical function imports, by a link. */
#include "importer.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NVFS 2
#define LATE_MS 200

static const struct vfio_region_dma_range slices[] = {
	{ .offset = 2 * VM_PAGE, .length = VM_PAGE },
	{ .offset = 0, .length = 2 * VM_PAGE },
};

static int set_vfs(const char *n)
{
	char path[96];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/sriov_numvfs", vm_bdf("LAB_IGB0"));
	return guest_put(path, n);
}

/* A virtual function's address goes where the lab's tests look for names. */
static void name_vf(int i)
{
	char path[96], target[64] = "", name[16];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/virtfn%d", vm_bdf("LAB_IGB0"), i);
	assert_true(readlink(path, target, sizeof(target) - 1) > 0);
	snprintf(name, sizeof(name), "LAB_VF%d", i);
	assert_int_equal(setenv(name, strrchr(target, '/') + 1, 1), 0);
}

static void remove_vfs(void *vm)
{
	for (int i = 0; i < NVFS; i++)
		dmabufx_dev_unbind(((struct vm *)vm)->ctx, vm_bdf(i ? "LAB_VF1" : "LAB_VF0"));
	assert_int_equal(set_vfs("0"), 0);
}

/* The physical function, as importer, and its virtual functions. */
static int open_pf(struct vm *vm)
{
	static bool taken;
	char path[96];
	int pf;

	/* From its own driver, once; the module keeps it until the group's end. */
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver/unbind", vm_bdf("LAB_IGB0"));
	if (!taken)
		assert_int_equal(guest_put(path, vm_bdf("LAB_IGB0")), 0);
	taken = true;
	pf = importer_open(vm, "LAB_IGB0");
	assert_int_equal(set_vfs("2"), 0);
	for (int i = 0; i < NVFS; i++)
		name_vf(i);
	vm_defer(vm, remove_vfs, vm);
	return pf;
}

/* A virtual function is gone before the group's end, where vm_bind() would look for it. */
static struct dmabufx_dev *open_vf(struct vm *vm, const char *name)
{
	struct dmabufx_dev *vf;

	vm_works(dmabufx_dev_bind(vm->ctx, vm_bdf(name), 0));
	vm_works(dmabufx_dev_open(vm->ctx, vm_bdf(name), NULL, &vf));
	return vm_keep_dev(vm, vf);
}

static int export_slices(struct vm *vm, struct dmabufx_dev *dev, uint32_t n)
{
	return vm_fd(vm, raw_export(dmabufx_dev_fd(dev), 0, 0, slices, n));
}

static void assert_link(int imp, uint32_t link, uint32_t vf)
{
	struct vdi_link_info info;

	assert_int_equal(importer_link(imp, &info), 0);
	assert_int_equal(info.link, link);
	assert_int_equal(info.vf, vf);
}

static void assert_slices(int imp, int slot, uint32_t n)
{
	struct vdi_range range;

	for (uint32_t i = 0; i < n; i++) {
		assert_int_equal(importer_range(imp, slot, i, &range), 0);
		assert_int_equal(range.nr_ranges, n);
		assert_int_equal(range.bar, 0);
		assert_int_equal(range.offset, slices[i].offset);
		assert_int_equal(range.length, slices[i].length);
	}
	assert_int_equal(importer_range(imp, slot, n, &range), -ERANGE);
}

/* Whether a line of bufinfo begins with the first and has the second. */
static bool bufinfo_says(const char *device, const char *link)
{
	FILE *file = fopen("/sys/kernel/debug/dma_buf/bufinfo", "re");
	char line[256];
	bool says = false;

	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		if (!strncmp(line, "\t", 1) && !strncmp(line + 1, device, strlen(device)) &&
		    strstr(line, link)) {
			print_message("bufinfo: %s", line);
			says = true;
		}
	}
	fclose(file);
	return says;
}

static void pf_gets_the_bar_of_each_vf(void **state)
{
	struct vm *vm = *state;
	int pf[NVFS] = { open_pf(vm), importer_open(vm, "LAB_IGB0") };
	char text[64];

	for (uint32_t i = 0; i < NVFS; i++) {
		const char *name = i ? "LAB_VF1" : "LAB_VF0";
		int fd = export_slices(vm, open_vf(vm, name), i + 1);

		assert_int_equal(importer_attach(pf[i], fd, VDI_MODE_IOV), 0);
		assert_link(pf[i], VDI_LINK_IOV, i);
		assert_int_equal(importer_map_link(pf[i]), 0);
		assert_int_equal(importer_map_link(pf[i]), 1);
		snprintf(text, sizeof(text), "iov %s (mapped 2 times)", vm_bdf(name));
		assert_true(bufinfo_says(vm_bdf("LAB_IGB0"), text));
		assert_slices(pf[i], 0, i + 1);
		assert_slices(pf[i], 1, i + 1);
		assert_int_equal(importer_unmap(pf[i], 0), 0);
	}
	for (uint32_t i = 0; i < NVFS; i++)
		assert_int_equal(importer_detach(pf[i]), 0);
}

/* Attaches for the DMA API, unless the memory can't be reached from the device; whether it did. */
static bool attached_without_link(int imp, int fd)
{
	int ret = importer_attach(imp, fd, VDI_MODE_IOV);

	if (ret) {
		assert_int_equal(ret, -EOPNOTSUPP);
		return false;
	}
	assert_link(imp, VDI_LINK_NONE, 0);
	assert_int_equal(importer_map_link(imp), -EOPNOTSUPP);
	return true;
}

static void assert_no_link(int imp, int fd, const char *name)
{
	if (!attached_without_link(imp, fd))
		return;
	assert_true(bufinfo_says(vm_bdf(name), "scatterlist"));
	assert_int_equal(importer_detach(imp), 0);
}

static void others_get_the_dma_api_or_nothing(void **state)
{
	struct vm *vm = *state;
	int pf = open_pf(vm), fd, own;

	fd = export_slices(vm, open_vf(vm, "LAB_VF0"), 1);
	assert_no_link(importer_open(vm, "LAB_VF1"), fd, "LAB_VF1");
	importer_give_back_one("LAB_VF1");
	assert_no_link(importer_open(vm, "LAB_EDU1"), fd, "LAB_EDU1");
	/* Nor does the physical function get anything but its virtual functions. */
	own = vm_fd(vm,
		    raw_export(dmabufx_dev_fd(vm_open(vm, "LAB_IVSHMEM0", NULL)), 2, 0, slices, 1));
	assert_no_link(pf, own, "LAB_IGB0");
}

static void pf_that_cant_be_revoked_is_refused(void **state)
{
	struct vm *vm = *state;
	int pf = open_pf(vm), fd;

	fd = export_slices(vm, open_vf(vm, "LAB_VF0"), 1);
	assert_int_equal(importer_attach(pf, fd, VDI_MODE_IOV_NO_PROMISE), -EINVAL);
	assert_int_equal(importer_attach(pf, fd, VDI_MODE_NO_PROMISE), -EOPNOTSUPP);
	assert_int_equal(importer_attach(pf, fd, VDI_MODE_STATIC), -EOPNOTSUPP);
}

static void reset_and_close_revoke(void **state)
{
	struct vm *vm = *state;
	int pf = open_pf(vm), fd;
	struct dmabufx_dev *vf = open_vf(vm, "LAB_VF0");

	fd = export_slices(vm, vf, 2);
	assert_int_equal(importer_attach(pf, fd, VDI_MODE_IOV), 0);
	for (uint32_t i = 1; i <= 3; i++) {
		assert_int_equal(importer_map_link(pf), 0);
		assert_int_equal(raw_reset(dmabufx_dev_fd(vf)), 0);
		assert_int_equal(importer_state(pf).maps, 0);
		assert_true(importer_state(pf).notifies >= i);
	}
	assert_int_equal(importer_map_link(pf), 0);
	assert_slices(pf, 0, 2);
	vm_drop(vm, vf);
	assert_int_equal(importer_state(pf).maps, 0);
	assert_int_equal(importer_map_link(pf), -ENODEV);
	/* The match stays what it was. */
	assert_link(pf, VDI_LINK_IOV, 0);
	assert_int_equal(importer_detach(pf), 0);
	assert_int_equal(importer_attach(pf, fd, VDI_MODE_IOV), -ENODEV);
}

static void reset_waits_for_a_late_importer(void **state)
{
	struct vm *vm = *state;
	int pf = open_pf(vm), fd;
	struct dmabufx_dev *vf = open_vf(vm, "LAB_VF0");
	uint64_t before;

	fd = export_slices(vm, vf, 1);
	assert_int_equal(importer_attach(pf, fd, VDI_MODE_IOV), 0);
	assert_int_equal(importer_map_link(pf), 0);
	importer_set_delay(pf, LATE_MS);
	before = guest_now_ns();
	assert_int_equal(raw_reset(dmabufx_dev_fd(vf)), 0);
	assert_true(guest_now_ns() - before >= LATE_MS * 1000000ull);
	assert_int_equal(importer_state(pf).maps, 0);
}

static atomic_int vfs_gone;

static void *disable_vfs(void *arg)
{
	atomic_store(&vfs_gone, set_vfs("0") ? -1 : 1);
	return NULL;
}

static void disabling_vfs_waits_for_the_revocation(void **state)
{
	struct vm *vm = *state;
	int pf = open_pf(vm), fd;
	struct dmabufx_dev *vf = open_vf(vm, "LAB_VF0");
	pthread_t thread;

	fd = export_slices(vm, vf, 1);
	assert_int_equal(importer_attach(pf, fd, VDI_MODE_IOV), 0);
	assert_int_equal(importer_map_link(pf), 0);

	atomic_store(&vfs_gone, 0);
	assert_int_equal(pthread_create(&thread, NULL, disable_vfs, NULL), 0);
	usleep(500000);
	/* As long as the function is open, it is there, and so are its mappings. */
	assert_int_equal(atomic_load(&vfs_gone), 0);
	assert_int_equal(importer_state(pf).maps, 1);

	vm_drop(vm, vf);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(atomic_load(&vfs_gone), 1);
	assert_int_equal(importer_state(pf).maps, 0);
	assert_int_equal(importer_map_link(pf), -ENODEV);

	/* Functions that come back at the same addresses are others. */
	assert_int_equal(set_vfs("2"), 0);
	assert_int_equal(importer_map_link(pf), -ENODEV);
	assert_int_equal(importer_detach(pf), 0);
	assert_int_equal(importer_attach(pf, fd, VDI_MODE_IOV), -ENODEV);
}

/* One random step after the other; what must hold is known after each. */
struct rounds {
	struct vm *vm;
	int pf, other, fd;
	struct dmabufx_dev *vf;
	bool attached;
	uint32_t maps;
};

static void begin(struct rounds *r)
{
	r->vf = open_vf(r->vm, "LAB_VF0");
	r->fd = raw_export(dmabufx_dev_fd(r->vf), 0, 0, slices, 2);
	assert_true(r->fd >= 0);
}

static void forget_all(struct rounds *r)
{
	if (r->attached)
		assert_int_equal(importer_detach(r->pf), 0);
	r->attached = false;
	r->maps = 0;
}

/* The buffer outlives the device, revoked for good. */
static void reopen(struct rounds *r, bool disable)
{
	pthread_t thread;

	if (disable)
		assert_int_equal(pthread_create(&thread, NULL, disable_vfs, NULL), 0);
	vm_drop(r->vm, r->vf);
	if (disable) {
		assert_int_equal(pthread_join(thread, NULL), 0);
		assert_int_equal(atomic_load(&vfs_gone), 1);
	}
	if (r->attached) {
		assert_int_equal(importer_state(r->pf).maps, 0);
		assert_int_equal(importer_map_link(r->pf), -ENODEV);
	}
	forget_all(r);
	close(r->fd);
	if (disable)
		assert_int_equal(set_vfs("2"), 0);
	begin(r);
}

static void attach_other(struct rounds *r)
{
	if (attached_without_link(r->other, r->fd))
		assert_int_equal(importer_detach(r->other), 0);
}

static void map_once_more(struct rounds *r)
{
	if (!r->attached || r->maps == VDI_MAX_MAPS)
		return;
	assert_true(importer_map_link(r->pf) >= 0);
	assert_slices(r->pf, 0, 2);
	r->maps++;
}

static void round_of(struct rounds *r, int step)
{
	switch (step) {
	case 0:
		/* One in ten of these, since the kernel waits a second for the functions to go. */
		reopen(r, !(random() % 10));
		break;
	case 1:
		assert_int_equal(raw_reset(dmabufx_dev_fd(r->vf)), 0);
		r->maps = 0;
		break;
	case 2:
		attach_other(r);
		break;
	case 3:
		forget_all(r);
		assert_int_equal(importer_attach(r->pf, r->fd, VDI_MODE_IOV), 0);
		assert_link(r->pf, VDI_LINK_IOV, 0);
		r->attached = true;
		break;
	default:
		map_once_more(r);
	}
	if (r->attached)
		assert_int_equal(importer_state(r->pf).maps, r->maps);
}

static void rounds_in_random_order(void **state)
{
	struct rounds r = { .vm = *state };
	uint32_t n = vm_count("IOV_ROUNDS", 300);

	srandom(vm_count("IOV_SEED", 1));
	r.pf = open_pf(r.vm);
	r.other = importer_open(r.vm, "LAB_EDU1");
	begin(&r);
	for (uint32_t i = 0; i < n; i++)
		round_of(&r, (int)(random() % 8));
	forget_all(&r);
	close(r.fd);
	print_message("%u rounds\n", n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		VM_TEST(pf_gets_the_bar_of_each_vf),
		VM_TEST(others_get_the_dma_api_or_nothing),
		VM_TEST(pf_that_cant_be_revoked_is_refused),
		VM_TEST(reset_and_close_revoke),
		VM_TEST(reset_waits_for_a_late_importer),
		VM_TEST(disabling_vfs_waits_for_the_revocation),
		VM_TEST(rounds_in_random_order),
	};

	return IMPORTER_MAIN(tests);
}
