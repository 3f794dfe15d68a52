// SPDX-License-Identifier: GPL-2.0-or-later
/* dmabufx-bench: what packets cost, by this library and by what people use. */
#include "bench.h"

#include <bpf/libbpf.h>
#include <stdarg.h>
#include <string.h>
#include <xdp/libxdp.h>

static const char usage[] =
	"usage: dmabufx-bench xsk [OPTION...]          all side by side: table, JSON, SVG\n"
	"       dmabufx-bench xsk one [OPTION...]      one worker, one line of JSON\n"
	"       dmabufx-bench xsk closed [OPTION...]   the ring code alone, in a closed loop\n"
	"Options of a worker:\n"
	"  --impl=ours|libxdp-raw|xdpsock-ref  --work=rxdrop|txonly|l2fwd|ping\n"
	"  --size=BYTES  --batch=N  --touch=0|1|all  --wait=spin|adaptive|poll  --count=N\n"
	"  --profile=headers|payload\n"
	"of xsk:         --work=WORK[,WORK...]  --size=BYTES[,BYTES...]  --impl=IMPL[,IMPL...]\n"
	"                --rounds=N  --ms=N  --runs=N  --json=FILE  --svg=FILE\n"
	"of xsk one:     --wrap=COMMAND  --pps=N  --limit=N\n"
	"of xsk closed:  --seconds=N  --gate\n";

static int quiet(enum libbpf_print_level level, const char *fmt, va_list args)
{
	return level == LIBBPF_WARN ? vfprintf(stderr, fmt, args) : 0;
}

/* It warns of dispatchers that aren't there, and here never are. */
static int silent(enum libxdp_print_level level, const char *fmt, va_list args)
{
	return 0;
}

int main(int argc, char **argv)
{
	libbpf_set_print(quiet);
	libxdp_set_print(silent);
	if (argc > 1 && !strcmp(argv[1], "worker"))
		return cmd_worker(argc - 1, argv + 1);
	if (argc > 1 && !strcmp(argv[1], "--help"))
		return fputs(usage, stdout), BENCH_OK;
	if (argc < 2 || strcmp(argv[1], "xsk"))
		return fputs(usage, stderr), BENCH_USAGE;
	if (argc > 2 && !strcmp(argv[2], "one"))
		return cmd_one(argc - 2, argv + 2);
	if (argc > 2 && !strcmp(argv[2], "closed"))
		return cmd_closed(argc - 2, argv + 2);
	return cmd_table(argc - 1, argv + 1);
}
