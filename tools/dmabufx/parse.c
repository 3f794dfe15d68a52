/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers, BARs and PCI addresses from the command line. */
#include "cli.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool suffix_shift(const char *text, unsigned int *ret)
{
	static const char letters[] = "KMGT";
	const char *at;

	if (!*text) {
		*ret = 0;
		return true;
	}
	at = strchr(letters, toupper((unsigned char)*text));
	if (!at || text[1])
		return false;
	*ret = 10 * (unsigned int)(at - letters + 1);
	return true;
}

bool parse_u64(const char *text, uint64_t *ret)
{
	bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	const char *digits = hex ? text + 2 : text;
	unsigned long long val;
	unsigned int shift;
	char *end;

	/* strtoull() would take blanks, a sign, and 0x twice. */
	if (hex ? !isxdigit((unsigned char)*digits) : !isdigit((unsigned char)*digits))
		return false;
	if (hex && (digits[1] == 'x' || digits[1] == 'X'))
		return false;
	errno = 0;
	val = strtoull(digits, &end, hex ? 16 : 10);
	if (errno || !suffix_shift(end, &shift))
		return false;
	if (val > UINT64_MAX >> shift)
		return false;
	*ret = (uint64_t)val << shift;
	return true;
}

static bool hex_field(const char **text, unsigned int digits, unsigned int max, char end,
		      unsigned int *ret)
{
	unsigned int val = 0;

	for (unsigned int i = 0; i < digits; i++) {
		unsigned char c = (unsigned char)*(*text)++;

		if (!isxdigit(c))
			return false;
		val = val * 16 + (unsigned int)(isdigit(c) ? c - '0' : tolower(c) - 'a' + 10);
	}
	if (val > max || *(*text)++ != end)
		return false;
	*ret = val;
	return true;
}

bool parse_bdf(const char *text, char ret[DMABUFX_BDF_MAX])
{
	unsigned int domain = 0;
	unsigned int bus;
	unsigned int slot;
	unsigned int function;

	if (strlen(text) > 7 && !hex_field(&text, 4, 0xffff, ':', &domain))
		return false;
	if (!hex_field(&text, 2, 0xff, ':', &bus) || !hex_field(&text, 2, 0x1f, '.', &slot) ||
	    !hex_field(&text, 1, 7, '\0', &function))
		return false;
	snprintf(ret, DMABUFX_BDF_MAX, "%04x:%02x:%02x.%x", domain & 0xffff, bus & 0xff,
		 slot & 0x1f, function & 7);
	return true;
}

bool cli_number(struct cli *cli, const char *what, const char *text, uint64_t *ret)
{
	if (parse_u64(text, ret))
		return true;
	cli->exit = cli_usage(cli,
			      "%s '%s' is no number below 2^64; give one like 4096, 0x1000 or 4K",
			      what, text);
	return false;
}

bool cli_bar(struct cli *cli, const char *text, uint32_t *ret)
{
	uint64_t val;

	if (!parse_u64(text, &val) || val >= DMABUFX_BARS) {
		cli->exit = cli_usage(cli, "BAR '%s': a function has BARs 0 to %d", text,
				      DMABUFX_BARS - 1);
		return false;
	}
	*ret = (uint32_t)val;
	return true;
}

bool cli_bdf(struct cli *cli, const char *text, char ret[DMABUFX_BDF_MAX])
{
	if (parse_bdf(text, ret))
		return true;
	cli->exit = cli_usage(cli, "'%s' is no PCI address; give one like 0000:00:04.0 or 00:04.0",
			      text);
	return false;
}

bool cli_device(struct cli *cli, const char *text, const char **ret)
{
	char bdf[DMABUFX_BDF_MAX];

	if (text[0] != '/' && !parse_bdf(text, bdf)) {
		cli->exit = cli_usage(cli,
				      "'%s' is neither a PCI address like 0000:00:04.0 nor the "
				      "path of a node under /dev/vfio/devices",
				      text);
		return false;
	}
	*ret = text;
	return true;
}
