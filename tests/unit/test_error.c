// SPDX-License-Identifier: GPL-2.0-or-later
/* Errors: names, reasons, one record a thread. */
#include "unit.h"

#include <limits.h>
#include <pthread.h>

static void strerror_names_an_errno_of_either_sign(void **state)
{
	assert_string_equal(dmabufx_strerror(-EOPNOTSUPP), "EOPNOTSUPP");
	assert_string_equal(dmabufx_strerror(ENODEV), "ENODEV");
}

static void strerror_of_no_errno_is_unknown(void **state)
{
	static const int none[] = { 0, 100000, -100000, INT_MAX, INT_MIN };

	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		assert_string_equal(dmabufx_strerror(none[i]), "unknown error");
}

static void reason_name_is_a_word(void **state)
{
	assert_string_equal(dmabufx_reason_name(DMABUFX_REASON_NONE), "none");
	assert_string_equal(dmabufx_reason_name(DMABUFX_REASON_LENGTH_UNALIGNED),
			    "length-unaligned");
	assert_string_equal(dmabufx_reason_name(DMABUFX_REASON_MEMLOCK), "memlock");
}

static void reason_name_of_no_reason_is_unknown(void **state)
{
	static const int none[] = { -1, 50, 99, 399, 499, 600, INT_MAX, INT_MIN };

	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		assert_string_equal(dmabufx_reason_name((enum dmabufx_reason)none[i]), "unknown");
}

/* The first of each group to its last: no hole, no word twice. */
static void every_reason_has_a_name_of_its_own(void **state)
{
	static const enum dmabufx_reason groups[][2] = {
		{ DMABUFX_REASON_NONE, DMABUFX_REASON_NOT_BUILT },
		{ DMABUFX_REASON_NO_IOMMU, DMABUFX_REASON_DEVICE_GONE },
		{ DMABUFX_REASON_BAR_INDEX, DMABUFX_REASON_NOT_MAPPABLE },
		{ DMABUFX_REASON_BAD_FD, DMABUFX_REASON_PEER_CLOSED },
		{ DMABUFX_REASON_IOVA_ZERO, DMABUFX_REASON_MEMLOCK },
		{ DMABUFX_REASON_NO_INTERFACE, DMABUFX_REASON_NO_METADATA },
	};
	const char *seen[128];
	size_t n = 0;

	for (size_t g = 0; g < sizeof(groups) / sizeof(groups[0]); g++) {
		for (int r = (int)groups[g][0]; r <= (int)groups[g][1]; r++) {
			seen[n] = dmabufx_reason_name((enum dmabufx_reason)r);
			assert_string_not_equal(seen[n], "unknown");
			for (size_t i = 0; i < n; i++)
				assert_string_not_equal(seen[i], seen[n]);
			n++;
		}
	}
}

static void *look_at_own_error(void *arg)
{
	const struct dmabufx_error **ret = arg;

	*ret = dmabufx_last_error();
	return (void *)(uintptr_t)((*ret)->reason == DMABUFX_REASON_NONE && (*ret)->err == 0 &&
				   (*ret)->text[0]);
}

static void each_thread_has_its_own_error(void **state)
{
	const struct dmabufx_error *theirs;
	pthread_t thread;
	void *fresh;

	assert_fails(dmabufx_ctx_backend(NULL), EINVAL, NULL_ARGUMENT, "ctx");
	assert_int_equal(pthread_create(&thread, NULL, look_at_own_error, &theirs), 0);
	assert_int_equal(pthread_join(thread, &fresh), 0);
	assert_non_null(fresh);
	assert_ptr_not_equal(theirs, dmabufx_last_error());
	assert_int_equal(dmabufx_last_error()->reason, DMABUFX_REASON_NULL_ARGUMENT);
}

static void a_long_sentence_is_cut_at_its_room(void **state)
{
	char word[400];

	memset(word, 'x', sizeof(word) - 1);
	word[sizeof(word) - 1] = '\0';
	assert_int_equal(dx_fail(-EIO, DMABUFX_REASON_SYSTEM, "%s", word), -EIO);
	assert_int_equal(strlen(dmabufx_last_error()->text), DMABUFX_ERROR_TEXT_MAX - 1);
}

/* Each errno that has a mend of its own gets it. */
static void a_failed_system_call_gets_a_reason_and_a_mend(void **state)
{
	static const struct {
		int err;
		enum dmabufx_reason reason;
		const char *mend;
	} table[] = {
		{ EACCES, DMABUFX_REASON_PERMISSION, "root" },
		{ EPERM, DMABUFX_REASON_PERMISSION, "root" },
		{ EMFILE, DMABUFX_REASON_SYSTEM, "RLIMIT_NOFILE" },
		{ ENFILE, DMABUFX_REASON_SYSTEM, "file-max" },
		{ ENOMEM, DMABUFX_REASON_NO_MEMORY, "RLIMIT_MEMLOCK" },
		{ EIO, DMABUFX_REASON_SYSTEM, "kernel log" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		assert_int_equal(dx_fail_sys(-table[i].err, "reading %s", "a node"), -table[i].err);
		assert_int_equal(dmabufx_last_error()->reason, table[i].reason);
		assert_non_null(strstr(dmabufx_last_error()->text, table[i].mend));
		assert_non_null(strstr(dmabufx_last_error()->text, "reading a node"));
		assert_non_null(strstr(dmabufx_last_error()->text, dmabufx_strerror(table[i].err)));
	}
}

static void version_is_that_of_the_headers(void **state)
{
	assert_string_equal(dmabufx_version(), "0.1.0");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(strerror_names_an_errno_of_either_sign),
		cmocka_unit_test(strerror_of_no_errno_is_unknown),
		cmocka_unit_test(reason_name_is_a_word),
		cmocka_unit_test(reason_name_of_no_reason_is_unknown),
		cmocka_unit_test(every_reason_has_a_name_of_its_own),
		cmocka_unit_test(each_thread_has_its_own_error),
		cmocka_unit_test(a_long_sentence_is_cut_at_its_room),
		cmocka_unit_test(a_failed_system_call_gets_a_reason_and_a_mend),
		cmocka_unit_test(version_is_that_of_the_headers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
