// SPDX-License-Identifier: GPL-2.0-or-later
/* What was measured, for people: a table a cell, and one over all runs. */
#include "bench.h"

#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

void report_head(void)
{
	struct utsname name;
	double load = 0;

	uname(&name);
	if (getloadavg(&load, 1) != 1)
		load = -1;
	printf("Linux %s %s, veth with 2 queues, copying; load average %.1f\n", name.release,
	       name.machine, load);
}

/* quantile() sorts, and rounds belong together. */
static double of(const double *values, unsigned int n, double q)
{
	double copy[ROUNDS_MAX];

	memcpy(copy, values, n * sizeof(*copy));
	return quantile(copy, n, q);
}

static void print_calls(double calls)
{
	if (calls < 0)
		printf(" %9s\n", "-");
	else if (calls > 0)
		printf("  1/%-6.0f\n", 1 / calls);
	else
		printf(" %9s\n", "0");
}

void report_cell(struct cell *cell)
{
	bool ping = cell->work == WORK_PING;

	printf("\n%s, %u bytes, run %u: %u rounds of %u ms; a cache line takes %.0f ns before, %.0f ns "
	       "after\n",
	       work_names[cell->work], cell->size, cell->run + 1, cell->rounds, cell->ms,
	       cell->line_ns[0], cell->line_ns[1]);
	printf("%-20s %8s %15s %6s %13s %8s %6s %9s\n", "", ping ? "us" : "Mpps", "quartiles",
	       "ratio", "quartiles", "ns/pkt", "cores", "calls/pkt");
	for (unsigned int i = 0; i < cell->nrows; i++) {
		const struct row *row = &cell->rows[i];
		unsigned int n = cell->rounds;
		double unit = ping ? 1 : 1e6;

		printf("%-20s %8.3f %7.3f-%7.3f %6.3f %6.3f-%6.3f %8.1f %6.2f", row->name,
		       of(row->rate, n, .5) / unit, of(row->rate, n, .25) / unit,
		       of(row->rate, n, .75) / unit, of(row->ratio, n, .5), of(row->ratio, n, .25),
		       of(row->ratio, n, .75), of(row->cpu, n, .5), of(row->cores, n, .5));
		print_calls(row->calls);
	}
	fflush(stdout);
}

/* The runs' medians: the median of them, and the worst. */
static void summarise(struct cell *cells, unsigned int n, const struct cell *like, unsigned int row)
{
	double medians[ROUNDS_MAX];
	unsigned int runs = 0;

	for (unsigned int i = 0; i < n; i++)
		if (cells[i].work == like->work && cells[i].size == like->size)
			medians[runs++] = of(cells[i].rows[row].ratio, cells[i].rounds, .5);
	printf("%-8s %5u  %-20s %6.3f  %6.3f-%6.3f\n", work_names[like->work], like->size,
	       like->rows[row].name, of(medians, runs, .5), of(medians, runs, 0),
	       of(medians, runs, 1));
}

void report_summary(struct cell *cells, unsigned int n)
{
	printf("\nRatio to xdpsock-ref: median of the runs, least and most\n");
	for (unsigned int i = 0; i < n && cells[i].run == 0; i++)
		for (unsigned int row = 1; row < cells[i].nrows; row++)
			summarise(cells, n, &cells[i], row);
}
