// SPDX-License-Identifier: GPL-2.0-or-later
/* What the machine is said to be able to do, and why not. */
#include "unit.h"

#define ANSWER(id) (&answers[DMABUFX_PROBE_##id])

/* Probes and checks that nothing is left of it. */
static void probe(struct unit *u, const char *bdf, struct dmabufx_probe_answer *ret)
{
	DMABUFX_OPTS(dmabufx_probe_opts, opts, .bdf = bdf);
	struct unit_account before = unit_account(u->f);

	assert_int_equal(dmabufx_probe(u->ctx, &opts, ret, DMABUFX_PROBE_COUNT),
			 DMABUFX_PROBE_COUNT);
	unit_assert_same(&before, u->f, "probe", 0);
	for (uint32_t i = 0; i < DMABUFX_PROBE_COUNT; i++) {
		assert_int_equal(ret[i].id, i);
		assert_true(ret[i].text[0] != '\0');
	}
}

static void expect(const struct dmabufx_probe_answer *a, enum dmabufx_answer answer,
		   const char *words)
{
	if (a->answer != answer || !strstr(a->text, words))
		fail_msg("%s: answer %u, wanted %d; \"%s\" wants \"%s\"",
			 dmabufx_probe_name((enum dmabufx_probe_id)a->id), a->answer, answer,
			 a->text, words);
}

static void a_machine_that_can_do_all_says_so(void **state)
{
	struct dmabufx_probe_answer answers[DMABUFX_PROBE_COUNT];
	struct unit *u = *state;

	fake_dev_node(u->f, "/dev/udmabuf", FAKE_PLAIN, 0);
	fake_dev_node(u->f, "/dev/dma_heap/system", FAKE_PLAIN, 0);
	fake_text(u->f, "/sys/kernel/debug/dma_buf/bufinfo", "");
	u->f->links = true;
	probe(u, MEM, answers);
	expect(ANSWER(IOMMU), DMABUFX_ANSWER_YES, "3 IOMMU groups");
	expect(ANSWER(IOMMUFD), DMABUFX_ANSWER_YES, "/dev/iommu");
	expect(ANSWER(TYPE1), DMABUFX_ANSWER_YES, "type1v2");
	expect(ANSWER(VFIO_PCI), DMABUFX_ANSWER_YES, "driver");
	expect(ANSWER(VFIO_CDEV), DMABUFX_ANSWER_YES, "3 device nodes");
	expect(ANSWER(VFIO_DEVICE), DMABUFX_ANSWER_YES, "opened");
	expect(ANSWER(MAP_FILE), DMABUFX_ANSWER_YES, "memfd");
	expect(ANSWER(EXPORT), DMABUFX_ANSWER_YES, "BAR 2 of " MEM);
	expect(ANSWER(IMPORT), DMABUFX_ANSWER_YES, "mapped");
	expect(ANSWER(MULTI_RANGE), DMABUFX_ANSWER_NO, "2 ranges");
	expect(ANSWER(LINKS), DMABUFX_ANSWER_YES, "'iommu' got a dma-buf over 'phys'");
	expect(ANSWER(UDMABUF), DMABUFX_ANSWER_YES, "/dev/udmabuf");
	expect(ANSWER(DMA_HEAP), DMABUFX_ANSWER_YES, "'system'");
	expect(ANSWER(MEMLOCK), DMABUFX_ANSWER_YES, "8388608");
	assert_int_equal(ANSWER(MEMLOCK)->value, 8 * MIB);
	expect(ANSWER(HUGETLB), DMABUFX_ANSWER_YES, "3 free pages");
	assert_int_equal(ANSWER(HUGETLB)->value, 3);
	expect(ANSWER(P2P), DMABUFX_ANSWER_YES, "another");
}

static void a_bare_machine_says_what_is_missing(void **state)
{
	struct dmabufx_probe_answer answers[DMABUFX_PROBE_COUNT];
	struct unit *u = *state;

	fake_remove(u->f, "/sys");
	fake_remove(u->f, "/dev");
	fake_fail(u->f, (struct fake_rule){ .op = FAKE_RLIMIT, .err = EINVAL });
	probe(u, NULL, answers);
	expect(ANSWER(IOMMU), DMABUFX_ANSWER_NO, "intel_iommu=on");
	expect(ANSWER(IOMMUFD), DMABUFX_ANSWER_NO, "CONFIG_IOMMUFD");
	expect(ANSWER(TYPE1), DMABUFX_ANSWER_NO, "load module vfio");
	expect(ANSWER(VFIO_PCI), DMABUFX_ANSWER_NO, "load module vfio-pci");
	expect(ANSWER(VFIO_CDEV), DMABUFX_ANSWER_UNKNOWN, "CONFIG_VFIO_DEVICE_CDEV");
	expect(ANSWER(VFIO_DEVICE), DMABUFX_ANSWER_UNKNOWN, "iommufd");
	expect(ANSWER(MAP_FILE), DMABUFX_ANSWER_NO, "iommufd");
	expect(ANSWER(EXPORT), DMABUFX_ANSWER_UNKNOWN, "device");
	expect(ANSWER(IMPORT), DMABUFX_ANSWER_UNKNOWN, "device");
	expect(ANSWER(MULTI_RANGE), DMABUFX_ANSWER_UNKNOWN, "device");
	expect(ANSWER(LINKS), DMABUFX_ANSWER_UNKNOWN, "device");
	expect(ANSWER(UDMABUF), DMABUFX_ANSWER_NO, "ENOENT");
	expect(ANSWER(DMA_HEAP), DMABUFX_ANSWER_NO, "CONFIG_DMABUF_HEAPS_SYSTEM");
	expect(ANSWER(MEMLOCK), DMABUFX_ANSWER_UNKNOWN, "EINVAL");
	expect(ANSWER(HUGETLB), DMABUFX_ANSWER_NO, "nr_hugepages");
	expect(ANSWER(P2P), DMABUFX_ANSWER_NO, "iommu: no IOMMU groups");
}

static void the_first_device_that_opens_is_tried(void **state)
{
	struct dmabufx_probe_answer answers[DMABUFX_PROBE_COUNT];
	struct unit *u = *state;
	struct dmabufx_dev *taken = open_dev(u, EDU);

	probe(u, NULL, answers);
	expect(ANSWER(EXPORT), DMABUFX_ANSWER_YES, MEM);
	dmabufx_dev_unref(taken);
	probe(u, NULL, answers);
	expect(ANSWER(EXPORT), DMABUFX_ANSWER_YES, EDU);
}

static void a_device_that_does_not_open_says_why(void **state)
{
	struct dmabufx_probe_answer answers[DMABUFX_PROBE_COUNT];
	struct unit *u = *state;

	fake_set_driver(u->f, u->vmem, "nvme");
	probe(u, MEM, answers);
	expect(ANSWER(VFIO_DEVICE), DMABUFX_ANSWER_NO, "nvme");
	expect(ANSWER(P2P), DMABUFX_ANSWER_NO, "vfio-device: ");
	fake_set_driver(u->f, u->vedu, "");
	fake_set_driver(u->f, u->vodd, "");
	fake_text(u->f, "/sys/class/vfio-dev", "");
	probe(u, NULL, answers);
	expect(ANSWER(VFIO_DEVICE), DMABUFX_ANSWER_NO, "dmabufx bind");
	fake_remove(u->f, "/sys/class/vfio-dev");
	probe(u, NULL, answers);
	expect(ANSWER(VFIO_CDEV), DMABUFX_ANSWER_NO, "CONFIG_VFIO_DEVICE_CDEV");
	expect(ANSWER(VFIO_DEVICE), DMABUFX_ANSWER_NO, "dmabufx bind");
}

static void a_kernel_that_cant_export_says_so(void **state)
{
	struct dmabufx_probe_answer answers[DMABUFX_PROBE_COUNT];
	struct unit *u = *state;

	u->vmem->export_err = ENOTTY;
	probe(u, MEM, answers);
	expect(ANSWER(EXPORT), DMABUFX_ANSWER_NO, "6.19");
	expect(ANSWER(P2P), DMABUFX_ANSWER_NO, "export: ");
}

static void an_export_or_import_that_fails_says_why(void **state)
{
	struct dmabufx_probe_answer answers[DMABUFX_PROBE_COUNT];
	struct unit *u = *state;

	fake_fail_ioctl(u->f, VFIO_DEVICE_FEATURE, EMFILE);
	probe(u, MEM, answers);
	expect(ANSWER(EXPORT), DMABUFX_ANSWER_NO, "RLIMIT_NOFILE");
	fake_heal(u->f);
	u->f->old_dmabuf = true;
	probe(u, MEM, answers);
	expect(ANSWER(EXPORT), DMABUFX_ANSWER_YES, "dma-buf");
	expect(ANSWER(IMPORT), DMABUFX_ANSWER_NO, "exporters it knows");
	expect(ANSWER(P2P), DMABUFX_ANSWER_NO, "import: ");
	fake_fail(u->f, (struct fake_rule){ .op = FAKE_IOCTL,
					    .request = VFIO_DEVICE_FEATURE,
					    .err = EINVAL,
					    .skip = 1 });
	probe(u, MEM, answers);
	expect(ANSWER(MULTI_RANGE), DMABUFX_ANSWER_NO, "EINVAL");
}

static void a_device_without_a_bar_to_try_is_no_answer(void **state)
{
	struct dmabufx_probe_answer answers[DMABUFX_PROBE_COUNT];
	struct unit *u = *state;

	u->vmem->bars[2].len = 0; /* BAR 1 is all MSI-X table, BAR 0 under a page */
	probe(u, MEM, answers);
	expect(ANSWER(EXPORT), DMABUFX_ANSWER_UNKNOWN, MEM);
	u->vmem->bars[2].len = PAGE;
	probe(u, MEM, answers);
	expect(ANSWER(EXPORT), DMABUFX_ANSWER_YES, "BAR 2");
	expect(ANSWER(MULTI_RANGE), DMABUFX_ANSWER_UNKNOWN, "too small");
}

static void links_are_what_debugfs_tells_of_them(void **state)
{
	static const char bufinfo[] = "/sys/kernel/debug/dma_buf/bufinfo";
	struct dmabufx_probe_answer answers[DMABUFX_PROBE_COUNT];
	struct unit *u = *state;

	probe(u, MEM, answers);
	expect(ANSWER(LINKS), DMABUFX_ANSWER_UNKNOWN, "mount -t debugfs");
	fake_text(u->f, bufinfo, "");
	probe(u, MEM, answers);
	expect(ANSWER(LINKS), DMABUFX_ANSWER_NO, "dma-buf-interconnect");
	fake_text(u->f, bufinfo, "\nDma-buf Objects:\n");
	probe(u, MEM, answers);
	expect(ANSWER(LINKS), DMABUFX_ANSWER_UNKNOWN, "no dma-buf with inode");
	fake_fail(u->f, (struct fake_rule){ .op = FAKE_OPEN, .path = bufinfo, .err = EACCES });
	probe(u, MEM, answers);
	expect(ANSWER(LINKS), DMABUFX_ANSWER_UNKNOWN, "only root");
	expect(ANSWER(P2P), DMABUFX_ANSWER_YES, "another");
	fake_heal(u->f);
	fake_fail_ioctl(u->f, IOMMU_IOAS_MAP_FILE, ENOTTY);
	probe(u, MEM, answers);
	expect(ANSWER(LINKS), DMABUFX_ANSWER_UNKNOWN, "to try with");
}

static void memory_that_cant_be_mapped_or_made_says_why(void **state)
{
	struct dmabufx_probe_answer answers[DMABUFX_PROBE_COUNT];
	struct unit *u = *state;

	fake_fail_ioctl(u->f, IOMMU_IOAS_MAP_FILE, ENOTTY);
	probe(u, MEM, answers);
	expect(ANSWER(MAP_FILE), DMABUFX_ANSWER_NO, "maps no files");
	fake_heal(u->f);
	fake_fail(u->f, (struct fake_rule){ .op = FAKE_MEMFD, .err = EMFILE });
	probe(u, MEM, answers);
	expect(ANSWER(MAP_FILE), DMABUFX_ANSWER_UNKNOWN, "RLIMIT_NOFILE");
}

static void a_container_without_type1v2_and_no_limits_are_told(void **state)
{
	struct dmabufx_probe_answer answers[DMABUFX_PROBE_COUNT];
	struct unit *u = *state;

	u->f->no_type1v2 = true;
	u->f->rlimit = UINT64_MAX;
	probe(u, MEM, answers);
	expect(ANSWER(TYPE1), DMABUFX_ANSWER_NO, "vfio_iommu_type1");
	expect(ANSWER(NOFILE), DMABUFX_ANSWER_YES, "no limit");
	assert_true(ANSWER(NOFILE)->value == UINT64_MAX);
}

static void probe_fills_no_more_than_there_is_room_for(void **state)
{
	struct dmabufx_probe_answer answers[2] = { [1] = { .id = 77 } };
	struct unit *u = *state;

	assert_int_equal(dmabufx_probe(u->ctx, NULL, answers, 1), DMABUFX_PROBE_COUNT);
	assert_int_equal(answers[1].id, 77);
	assert_int_equal(dmabufx_probe(u->ctx, NULL, NULL, 0), DMABUFX_PROBE_COUNT);
}

static void probe_refuses_null_and_tells_lack_of_memory(void **state)
{
	struct dmabufx_probe_answer answer = { .id = 77 };
	struct unit *u = *state;

	assert_fails(dmabufx_probe(NULL, NULL, &answer, 1), EINVAL, NULL_ARGUMENT, "ctx");
	assert_fails(dmabufx_probe(u->ctx, NULL, NULL, 1), EINVAL, NULL_ARGUMENT, "ret");
	heap_fail_nth(1);
	assert_fails(dmabufx_probe(u->ctx, NULL, &answer, 1), ENOMEM, NO_MEMORY, "memory");
	assert_int_equal(answer.id, 77);
}

static void probe_leaves_the_last_error_alone(void **state)
{
	struct dmabufx_probe_answer answers[DMABUFX_PROBE_COUNT];
	struct unit *u = *state;

	forget_error();
	fake_remove(u->f, "/dev/iommu");
	probe(u, NULL, answers);
	assert_string_equal(dmabufx_last_error()->text, "untouched");
}

static void every_question_has_a_name_of_its_own(void **state)
{
	for (int i = 0; i < DMABUFX_PROBE_COUNT; i++) {
		const char *name = dmabufx_probe_name((enum dmabufx_probe_id)i);

		assert_string_not_equal(name, "unknown");
		for (int other = 0; other < i; other++)
			assert_string_not_equal(name,
						dmabufx_probe_name((enum dmabufx_probe_id)other));
	}
	assert_string_equal(dmabufx_probe_name(DMABUFX_PROBE_COUNT), "unknown");
	assert_string_equal(dmabufx_probe_name((enum dmabufx_probe_id) - 1), "unknown");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		unit_case(a_machine_that_can_do_all_says_so, unit_ctx),
		unit_case(a_bare_machine_says_what_is_missing, unit_ctx),
		unit_case(the_first_device_that_opens_is_tried, unit_ctx),
		unit_case(a_device_that_does_not_open_says_why, unit_ctx),
		unit_case(a_kernel_that_cant_export_says_so, unit_ctx),
		unit_case(an_export_or_import_that_fails_says_why, unit_ctx),
		unit_case(a_device_without_a_bar_to_try_is_no_answer, unit_ctx),
		unit_case(links_are_what_debugfs_tells_of_them, unit_ctx),
		unit_case(memory_that_cant_be_mapped_or_made_says_why, unit_ctx),
		unit_case(a_container_without_type1v2_and_no_limits_are_told, unit_ctx),
		unit_case(probe_fills_no_more_than_there_is_room_for, unit_ctx),
		unit_case(probe_refuses_null_and_tells_lack_of_memory, unit_ctx),
		unit_case(probe_leaves_the_last_error_alone, unit_ctx),
		cmocka_unit_test(every_question_has_a_name_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
