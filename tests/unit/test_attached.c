// SPDX-License-Identifier: GPL-2.0-or-later
/* Who has attached a dma-buf, from what the kernel writes in debugfs. */
#include <stdio.h>

#include "unit.h"

#define BUFINFO "/sys/kernel/debug/dma_buf/bufinfo"
#define HEAD \
	"\nDma-buf Objects:\nsize    \tflags   \tmode    \tcount   \texp_name\tino     \tname\n"
#define BUFFER(ino, name) \
	"00004096\t00000002\t00080007\t00000003\tvfio_pci_core\t" ino "\t" name "\n"
#define WHO "\tAttached Devices:\n"
#define TOTAL(n) "Total " #n " devices attached\n\n"
#define END "\nTotal 2 objects, 8192 bytes\n"

static int ask(struct unit *u, const char *text, uint64_t inode, struct dmabufx_attached *ret,
	       size_t max)
{
	fake_text(u->f, BUFINFO, text);
	return dmabufx_buf_attached(u->ctx, inode, ret, max);
}

static void assert_is(const struct dmabufx_attached *a, const char *dev, const char *link,
		      const char *detail, uint32_t maps, uint32_t flags)
{
	assert_string_equal(a->dev, dev);
	assert_string_equal(a->link, link);
	assert_string_equal(a->detail, detail);
	assert_int_equal(a->maps, maps);
	assert_int_equal(a->flags, flags);
}

static void each_device_is_told_with_its_link(void **state)
{
	static const char text[] = HEAD BUFFER("00000007", "<none>") WHO
		"\t0000:09:00.0 scatterlist\n" TOTAL(1) BUFFER("00000123", "a name") WHO
		"\t0000:01:00.0 iov 0000:01:10.0 (mapped 2 times)\n"
		"\tiommu phys (mapped 1 times)\n"
		"\t0000:02:00.0 scatterlist\n" TOTAL(3) END;
	struct dmabufx_attached who[4];
	struct unit *u = *state;

	assert_int_equal(ask(u, text, 123, who, 4), 3);
	assert_is(&who[0], "0000:01:00.0", "iov", "0000:01:10.0", 2, 0);
	assert_is(&who[1], "iommu", "phys", "", 1, 0);
	assert_is(&who[2], "0000:02:00.0", "scatterlist", "", 0, 0);
	assert_int_equal(ask(u, text, 7, who, 4), 1);
	assert_is(&who[0], "0000:09:00.0", "scatterlist", "", 0, 0);
}

static void kernel_without_links_names_devices_alone(void **state)
{
	struct dmabufx_attached who[2];
	struct unit *u = *state;

	assert_int_equal(ask(u,
			     HEAD BUFFER("00000123", "<none>") WHO "\t0000:02:00.0\n" TOTAL(1) END,
			     123, who, 2),
			 1);
	assert_is(&who[0], "0000:02:00.0", "", "", 0, 0);
}

static void revoked_buffer_is_told(void **state)
{
	struct dmabufx_attached who[2];
	struct unit *u = *state;

	assert_int_equal(ask(u,
			     HEAD BUFFER("00000123",
					 "<none>") "\tRevoked\n" WHO
						   "\t0000:01:00.0 iov 0000:01:10.0 (mapped 0 times)\n"
						   "\t0000:02:00.0 scatterlist\n" TOTAL(2)
							   BUFFER("00000124", "<none>") WHO
			     "\tiommu phys (mapped 1 times)\n" TOTAL(1) END,
			     123, who, 2),
			 2);
	assert_is(&who[0], "0000:01:00.0", "iov", "0000:01:10.0", 0, DMABUFX_ATTACHED_REVOKED);
	assert_is(&who[1], "0000:02:00.0", "scatterlist", "", 0, DMABUFX_ATTACHED_REVOKED);
	assert_int_equal(dmabufx_buf_attached(u->ctx, 124, who, 2), 1);
	assert_int_equal(who[0].flags, 0);
}

static void fences_before_the_devices_are_none(void **state)
{
	struct dmabufx_attached who[2];
	struct unit *u = *state;

	assert_int_equal(ask(u,
			     HEAD BUFFER("00000123",
					 "<none>") "\twrite fence:xe bcs signalled\n" WHO TOTAL(0)
				     END,
			     123, who, 2),
			 0);
}

/* Whoever holds a buffer gives it a name of up to 31 characters, of his choice. */
static void names_cant_pass_for_anything_else(void **state)
{
	static const char *const names[] = {
		"\n\tAttached Devices:\n\tliar",
		"\nTotal 0 devices attached",
		"\n\tRevoked\nx",
		"\n1\t1\t1\t1\tx\t123\tx",
		"\n00000001\t00000001\t0\t0\tx\t123",
	};
	struct dmabufx_attached who[2];
	struct unit *u = *state;
	char text[1024];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_true(strlen(names[i]) < 32);
		snprintf(text, sizeof(text),
			 HEAD BUFFER("00000123", "%s") WHO
			 "\tiommu phys (mapped 1 times)\n" TOTAL(1) BUFFER("00000999", "%s") WHO
			 "\tanother scatterlist\n" TOTAL(1) END,
			 names[i], names[i]);
		assert_int_equal(ask(u, text, 123, who, 2), 1);
		assert_is(&who[0], "iommu", "phys", "", 1, 0);
	}
}

static void no_more_is_written_than_there_is_room_for(void **state)
{
	static const char text[] = HEAD BUFFER("00000123", "<none>") WHO
		"\tone scatterlist\n\ttwo scatterlist\n\tthree scatterlist\n" TOTAL(3) END;
	struct dmabufx_attached who[2] = { [1].maps = 77 };
	struct unit *u = *state;

	assert_int_equal(ask(u, text, 123, who, 1), 3);
	assert_string_equal(who[0].dev, "one");
	assert_int_equal(who[1].maps, 77);
	assert_int_equal(dmabufx_buf_attached(u->ctx, 123, NULL, 0), 3);
}

static void long_and_odd_lines_do_no_harm(void **state)
{
	char text[1024], word[401];
	struct dmabufx_attached who[3];
	struct unit *u = *state;

	memset(word, 'w', sizeof(word) - 1);
	word[sizeof(word) - 1] = '\0';
	snprintf(text, sizeof(text),
		 HEAD BUFFER("00000123", "x") WHO "\t%s %s\n\t\n\tone two (mapped", word, word);
	assert_int_equal(ask(u, text, 123, who, 3), 3);
	assert_int_equal(strlen(who[0].dev), sizeof(who[0].dev) - 1);
	assert_int_equal(strlen(who[0].link), sizeof(who[0].link) - 1);
	assert_is(&who[1], "", "", "", 0, 0);
	assert_is(&who[2], "one", "two", "", 0, 0);
	assert_int_equal(ask(u, "00004096", 123, who, 3), -ESRCH);
	assert_int_equal(ask(u, "\t\t\t\n\n00004096\t00000002\t", 0, who, 3), -ESRCH);
}

static void failures_tell_what_is_missing(void **state)
{
	struct dmabufx_attached who = { .maps = 77 };
	struct unit *u = *state;

	assert_fails(dmabufx_buf_attached(NULL, 1, &who, 1), EINVAL, NULL_ARGUMENT, "ctx");
	assert_fails(dmabufx_buf_attached(u->ctx, 1, NULL, 1), EINVAL, NULL_ARGUMENT, "ret");
	assert_fails(dmabufx_buf_attached(u->ctx, 1, &who, 1), ENOENT, SYSTEM, BUFINFO,
		     "mount -t debugfs", "CONFIG_DEBUG_FS");
	assert_fails(ask(u, HEAD END, 123, &who, 1), ESRCH, FOREIGN_FD, "inode 123");
	fake_fail(u->f, (struct fake_rule){ .op = FAKE_OPEN, .err = EACCES });
	assert_fails(dmabufx_buf_attached(u->ctx, 1, &who, 1), EACCES, PERMISSION, "root");
	fake_heal(u->f);
	fake_fail(u->f, (struct fake_rule){ .op = FAKE_OPEN, .err = EPERM });
	assert_fails(dmabufx_buf_attached(u->ctx, 1, &who, 1), EPERM, PERMISSION, "lockdown");
	fake_heal(u->f);
	fake_fail(u->f, (struct fake_rule){ .op = FAKE_READ, .err = EIO });
	assert_fails(dmabufx_buf_attached(u->ctx, 1, &who, 1), EIO, SYSTEM, BUFINFO);
	fake_heal(u->f);
	heap_fail_nth(1);
	assert_fails(dmabufx_buf_attached(u->ctx, 1, &who, 1), ENOMEM, NO_MEMORY, "memory");
	assert_int_equal(fake_open_fds(u->f), 0);
	assert_int_equal(who.maps, 77);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		unit_case(each_device_is_told_with_its_link, unit_ctx),
		unit_case(kernel_without_links_names_devices_alone, unit_ctx),
		unit_case(revoked_buffer_is_told, unit_ctx),
		unit_case(fences_before_the_devices_are_none, unit_ctx),
		unit_case(names_cant_pass_for_anything_else, unit_ctx),
		unit_case(no_more_is_written_than_there_is_room_for, unit_ctx),
		unit_case(long_and_odd_lines_do_no_harm, unit_ctx),
		unit_case(failures_tell_what_is_missing, unit_ctx),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
