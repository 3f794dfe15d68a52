// SPDX-License-Identifier: GPL-2.0-or-later
/* The table: which works, which sizes, which variants, how many rounds. */
#include "bench.h"

#include <stdlib.h>
#include <string.h>

#define CELLS_MAX 64u

struct table {
	bool works[WORKS];
	uint32_t sizes[4];
	unsigned int nsizes;
	bool impls[IMPLS];
	bool adaptive;
	enum touch touch;
	unsigned int rounds;
	unsigned int ms;
	unsigned int runs;
	const char *json;
	const char *svg;
};

static bool words(const char *list, const char *const names[], unsigned int n, bool *ret)
{
	char copy[128], *rest = NULL;

	memset(ret, 0, n * sizeof(*ret));
	snprintf(copy, sizeof(copy), "%s", list);
	for (char *word = strtok_r(copy, ",", &rest); word; word = strtok_r(NULL, ",", &rest)) {
		unsigned int i = 0;

		while (i < n && strcmp(word, names[i]))
			i++;
		if (i == n)
			return false;
		ret[i] = true;
	}
	return true;
}

static bool sizes(struct table *t, const char *list)
{
	char *end;

	for (t->nsizes = 0; t->nsizes < 4; list = end + 1) {
		unsigned long size = strtoul(list, &end, 10);

		if (end == list || size < 60 || size > 1792)
			return false;
		t->sizes[t->nsizes++] = (uint32_t)size;
		if (!*end)
			return true;
		if (*end != ',')
			return false;
	}
	return false;
}

static bool number(const char *text, unsigned int max, unsigned int *ret)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	*ret = (unsigned int)n;
	return end != text && !*end && n && n <= max;
}

static bool option(struct table *t, const char *arg)
{
	const char *value = strchr(arg, '=');
	struct plan plan = { 0 };

	if (!value++)
		return false;
#define IS(name) (!strncmp(arg, "--" name "=", sizeof("--" name "=") - 1))
	if (IS("work"))
		return words(value, work_names, WORK_ASK, t->works);
	if (IS("size"))
		return sizes(t, value);
	if (IS("impl"))
		return words(value, impl_names, IMPLS, t->impls);
	if (IS("rounds"))
		return number(value, ROUNDS_MAX / 4, &t->rounds);
	if (IS("ms"))
		return number(value, 10000, &t->ms);
	if (IS("runs"))
		return number(value, 16, &t->runs);
	if (IS("json"))
		return t->json = value, true;
	if (IS("svg"))
		return t->svg = value, true;
	if (IS("touch") && plan_option(&plan, arg) == 1)
		return t->touch = plan.touch, true;
#undef IS
	return false;
}

static void add(struct cell *cell, struct plan plans[], unsigned int *n, enum impl impl,
		enum wait_how wait, const char *name)
{
	struct plan *plan = &plans[*n];

	*plan = (struct plan){
		.impl = impl,
		.work = cell->work,
		.size = cell->size,
		.touch = cell->touch,
		.wait = wait,
	};
	plan_defaults(plan);
	snprintf(cell->rows[*n].name, sizeof(cell->rows[*n].name), "%s", name);
	++*n;
}

/* Few frames lose where another processor reads them whole, or a busy one leaves them waiting. */
static bool depth_matters(const struct table *t, const struct cell *cell)
{
	return cell->work == WORK_L2FWD || (cell->work == WORK_RXDROP && t->touch == TOUCH_ALL);
}

/* The reference comes first, and twice: how far the two differ is what no ratio can tell. */
static void measure(const struct table *t, struct cell *cell)
{
	struct plan plans[ROWS_MAX];
	unsigned int n = 0;

	add(cell, plans, &n, IMPL_REF, WAIT_SPIN, "xdpsock-ref");
	add(cell, plans, &n, IMPL_REF, WAIT_SPIN, "xdpsock-ref again");
	if (t->impls[IMPL_RAW])
		add(cell, plans, &n, IMPL_RAW, WAIT_SPIN, "libxdp-raw");
	if (t->impls[IMPL_OURS])
		add(cell, plans, &n, IMPL_OURS, WAIT_SPIN, "ours");
	if (t->impls[IMPL_OURS] && cell->work == WORK_RXDROP)
		add(cell, plans, &n, IMPL_OURS, WAIT_ADAPTIVE, "ours, adaptive wait");
	if (t->impls[IMPL_OURS] && depth_matters(t, cell)) {
		add(cell, plans, &n, IMPL_OURS, WAIT_SPIN, "ours, payload");
		plans[n - 1].profile = PROFILE_PAYLOAD;
	}
	if (t->impls[IMPL_TESTPMD] && testpmd_found())
		add(cell, plans, &n, IMPL_TESTPMD, WAIT_SPIN, "testpmd");
	cell->rounds = t->rounds;
	cell->ms = t->ms;
	/* One process alone is there at once, and many short rounds are steadier. */
	if (cell->work == WORK_TXONLY) {
		cell->rounds *= 4;
		cell->ms /= 4;
	}
	cell_measure(cell, plans, n);
}

static void run(const struct table *t, struct cell *cells, unsigned int *n)
{
	for (unsigned int run = 0; run < t->runs; run++)
		for (int work = 0; work < WORK_ASK; work++)
			for (unsigned int size = 0; t->works[work] && size < t->nsizes; size++) {
				struct cell *cell = &cells[(*n)++];

				if (*n > CELLS_MAX)
					die("more than %u cells", CELLS_MAX);
				cell->work = (enum work)work;
				cell->size = t->sizes[size];
				cell->touch = t->touch;
				cell->run = run;
				measure(t, cell);
				report_cell(cell);
			}
}

int cmd_table(int argc, char **argv)
{
	struct table t = {
		.works = { true, true, true },
		.sizes = { 64, 1500 },
		.nsizes = 2,
		.impls = { true, true, true, true },
		.rounds = 12,
		.ms = 200,
		.runs = 1,
	};
	struct cell *cells = calloc(CELLS_MAX, sizeof(*cells));
	unsigned int n = 0;

	for (int i = 1; i < argc; i++)
		if (!option(&t, argv[i]))
			return fprintf(stderr, "dmabufx-bench: %s isn't understood\n", argv[i]),
			       BENCH_USAGE;
	if (!cells)
		die("no memory");
	world_may();
	report_head();
	run(&t, cells, &n);
	if (t.runs > 1)
		report_summary(cells, n);
	if (t.json)
		report_json(t.json, cells, n);
	if (t.svg)
		report_svg(t.svg, cells, n);
	free(cells);
	return BENCH_OK;
}
