/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers, lengths and PCI addresses as the command takes and prints them. */
#include <setjmp.h>
#include <stdarg.h>

#include "cli.h"

#include <cmocka.h>

static void takes(const char *text, uint64_t want)
{
	uint64_t got = ~want;

	assert_true(parse_u64(text, &got));
	assert_int_equal(got, want);
}

static void refuses(const char *text)
{
	uint64_t got = 4711;

	assert_false(parse_u64(text, &got));
	assert_int_equal(got, 4711);
}

static void number_takes_decimal_and_hex(void **state)
{
	takes("0", 0);
	takes("4096", 4096);
	takes("010", 10);
	takes("0x1000", 4096);
	takes("0XfF", 255);
	takes("18446744073709551615", UINT64_MAX);
	takes("0xffffffffffffffff", UINT64_MAX);
}

static void number_takes_suffixes(void **state)
{
	takes("4K", 4096);
	takes("4k", 4096);
	takes("64M", 64ull << 20);
	takes("1G", 1ull << 30);
	takes("2T", 2ull << 40);
	takes("0x10K", 16384);
	takes("0K", 0);
}

static void number_refuses_what_is_odd(void **state)
{
	static const char *const odd[] = { "",    " ",   " 1",  "1 ",    "-1",    "+1",
					   "K",   "0x",  "0xK", "0x0x1", "1KK",   "1KiB",
					   "1.5", "ten", "0xg", "1e3",   "1,000", "1P" };

	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
		refuses(odd[i]);
}

static void number_refuses_overflow(void **state)
{
	refuses("18446744073709551616");
	refuses("0x10000000000000000");
	refuses("18014398509481984K");
	refuses("16777216T");
	takes("16777215T", 16777215ull << 40);
}

static void address_gets_its_domain(void **state)
{
	char bdf[DMABUFX_BDF_MAX];

	assert_true(parse_bdf("00:04.0", bdf));
	assert_string_equal(bdf, "0000:00:04.0");
	assert_true(parse_bdf("00AB:fF:1f.7", bdf));
	assert_string_equal(bdf, "00ab:ff:1f.7");
}

static void address_refuses_what_is_odd(void **state)
{
	static const char *const odd[] = { "",
					   "4",
					   "00:04",
					   "00:04.",
					   "00:04.8",
					   "00:20.0",
					   "0:04.0",
					   "00:04.0 ",
					   "0000:00:04",
					   "0000:00:04.00",
					   "0000-00:04.0",
					   "g000:00:04.0",
					   "00000:00:04.0",
					   "0000:00:04.0x",
					   "::::::::" };
	char bdf[DMABUFX_BDF_MAX] = "untouched";

	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
		assert_false(parse_bdf(odd[i], bdf));
	assert_string_equal(bdf, "untouched");
}

static void length_is_printed_exactly(void **state)
{
	char buf[32];

	assert_string_equal(cli_size(0, buf), "0 B");
	assert_string_equal(cli_size(256, buf), "256 B");
	assert_string_equal(cli_size(4096, buf), "4 KiB");
	assert_string_equal(cli_size(4097, buf), "4097 B");
	assert_string_equal(cli_size(3ull << 19, buf), "1536 KiB");
	assert_string_equal(cli_size(64ull << 20, buf), "64 MiB");
	assert_string_equal(cli_size(1ull << 62, buf), "4194304 TiB");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(number_takes_decimal_and_hex),
		cmocka_unit_test(number_takes_suffixes),
		cmocka_unit_test(number_refuses_what_is_odd),
		cmocka_unit_test(number_refuses_overflow),
		cmocka_unit_test(address_gets_its_domain),
		cmocka_unit_test(address_refuses_what_is_odd),
		cmocka_unit_test(length_is_printed_exactly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
