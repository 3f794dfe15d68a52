/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text, JSON and errors, each to the stream it belongs to. */
#include "cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *cli_alloc(size_t count, size_t each)
{
	void *mem = calloc(count, each);

	if (!mem) {
		fputs("dmabufx: out of memory\n", stderr);
		exit(CLI_FAILED);
	}
	return mem;
}

char *cli_format(const char *fmt, ...)
{
	va_list ap;
	char *text;
	int len;

	va_start(ap, fmt);
	len = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (len < 0) {
		fputs("dmabufx: out of memory\n", stderr);
		exit(CLI_FAILED);
	}
	return text;
}

void cli_say(struct cli *cli, const char *fmt, ...)
{
	va_list ap;

	if (cli->json || cli->quiet)
		return;
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
}

void cli_emit(struct cli *cli)
{
	if (cli->json) {
		puts(json_object_to_json_string_ext(cli->out,
						    JSON_C_TO_STRING_PRETTY |
							    JSON_C_TO_STRING_NOSLASHESCAPE));
		cli->emitted = true;
	}
	/* Whoever reads this waits for it while the command holds something. */
	fflush(stdout);
}

const char *cli_size(uint64_t len, char buf[32])
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	size_t unit = 0;

	while (unit < 4 && len && len % 1024 == 0) {
		len /= 1024;
		unit++;
	}
	snprintf(buf, 32, "%llu %s", (unsigned long long)len, units[unit]);
	return buf;
}

static void tell(struct cli *cli, int err, const char *reason, const char *text)
{
	fflush(stdout);
	fprintf(stderr, "dmabufx: %s\n", text);
	if (!json_object_object_get_ex(cli->out, "error", NULL))
		js_error(cli->out, err, reason, text);
	/* An object that is out already is followed by one for what came after. */
	cli->emitted = false;
}

int cli_fail(struct cli *cli, int err, const char *reason, const char *fmt, ...)
{
	char text[DMABUFX_ERROR_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	tell(cli, err, reason, text);
	return CLI_FAILED;
}

int cli_usage(struct cli *cli, const char *fmt, ...)
{
	char text[DMABUFX_ERROR_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	tell(cli, -EINVAL, "usage", text);
	if (!cli->quiet)
		fprintf(stderr, "Try: dmabufx %s%s--help\n", cli->cmd ? cli->cmd->name : "",
			cli->cmd ? " " : "");
	return CLI_USAGE;
}

int cli_exit_for(const struct dmabufx_error *error)
{
	switch (error->reason) {
	case DMABUFX_REASON_NO_IOMMU:
	case DMABUFX_REASON_BACKEND:
	case DMABUFX_REASON_NO_GROUP:
	case DMABUFX_REASON_UNSAFE_IRQ:
	case DMABUFX_REASON_EXPORT_UNSUPPORTED:
	case DMABUFX_REASON_NOT_BUILT:
	case DMABUFX_REASON_NO_XDP:
	case DMABUFX_REASON_NO_ZERO_COPY:
		return CLI_CANT;
	default:
		return CLI_FAILED;
	}
}

int cli_fail_lib(struct cli *cli, int err)
{
	const struct dmabufx_error *error = dmabufx_last_error();

	tell(cli, err, dmabufx_reason_name(error->reason), error->text);
	return cli_exit_for(error);
}
