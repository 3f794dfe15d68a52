// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Instructions of the library's calls against the same ioctls by hand, on the
 * same objects in one run. Means something under the lab's --icount alone,
 * where a nanosecond is an instruction. --gate: exit 1 if a ratio is over its
 * limit.
 */
#include "cost.h"

#include <dmabufx/dmabufx.h>
#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ctx.h"
#include "iommu/iommu.h"
#include "p2p.h"

#define ROUNDS 200
#define RESETS 10
#define BAR 2
#define SPACES 4
#define PER_SPACE 16
#define SLICE (1ull << 20)

static struct dmabufx_ctx *ctx;
static struct dmabufx_dev *exporter;
static struct dmabufx_ioas *spaces[SPACES];
static bool over;

static void must(int ret, const char *what)
{
	if (ret < 0)
		errx(1, "%s: %s", what, dmabufx_last_error()->text);
}

static int ascending(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* What two readings of the clock cost by themselves. */
static uint64_t clock_cost(void)
{
	static uint64_t cost;

	for (int i = 0; i < 100 && !cost; i++) {
		uint64_t start = now();

		cost = now() - start;
	}
	return cost;
}

static uint64_t median(uint64_t *samples, int n)
{
	qsort(samples, (size_t)n, sizeof(*samples), ascending);
	return samples[n / 2] - clock_cost();
}

/* A limit of 0 gates nothing. */
static void row(const char *what, const char *size, uint64_t lib, uint64_t raw, double limit)
{
	double ratio = (double)lib / (double)raw;
	bool bad = limit > 0 && ratio > limit;
	char shown[16] = "-";

	over |= bad;
	if (limit > 0)
		snprintf(shown, sizeof(shown), "%.2f", limit);
	printf("%-22s %8s %10llu %10llu %8.3f %8s%s\n", what, size, (unsigned long long)lib,
	       (unsigned long long)raw, ratio, shown, bad ? "  OVER" : "");
}

static void bench_export(uint64_t len, const char *size)
{
	static uint64_t lib[ROUNDS], raw[ROUNDS];
	int dev = dmabufx_dev_fd(exporter);

	for (int i = 0; i < ROUNDS; i++) {
		struct dmabufx_buf *buf;
		uint64_t start = now();

		must(dmabufx_dev_export(exporter, BAR, 0, len, NULL, &buf), "export");
		dmabufx_buf_unref(buf);
		lib[i] = now() - start;
		start = now();
		raw_close(raw_export(dev, BAR, 0, len));
		raw[i] = now() - start;
	}
	row("export + close", size, median(lib, ROUNDS), median(raw, ROUNDS), 1.03);
}

static void bench_map(struct dmabufx_buf *buf, const char *what, uint64_t len, const char *size,
		      double limit)
{
	static uint64_t map[ROUNDS], unmap[ROUNDS], raw_in[ROUNDS], raw_out[ROUNDS];
	DMABUFX_OPTS(dmabufx_map_opts, opts, .length = len);
	char name[32];

	for (int i = 0; i < ROUNDS; i++) {
		struct dmabufx_mapping *m;
		uint64_t start = now(), iova;

		must(dmabufx_ioas_map(spaces[0], buf, &opts, &m), "map");
		map[i] = now() - start;
		iova = dmabufx_mapping_iova(m);
		start = now();
		must(dmabufx_mapping_unmap(m), "unmap");
		unmap[i] = now() - start;
		start = now();
		raw_map(ctx->iommufd, spaces[0]->id, dmabufx_buf_fd(buf), 0, iova, len);
		raw_in[i] = now() - start;
		start = now();
		raw_unmap(ctx->iommufd, spaces[0]->id, iova, len);
		raw_out[i] = now() - start;
	}
	snprintf(name, sizeof(name), "map %s", what);
	row(name, size, median(map, ROUNDS), median(raw_in, ROUNDS), limit);
	snprintf(name, sizeof(name), "unmap %s", what);
	row(name, size, median(unmap, ROUNDS), median(raw_out, ROUNDS), limit);
}

/* The ioctls that a reset is made of, in its order. */
static uint64_t reset_by_hand(struct dmabufx_buf *buf, struct dmabufx_mapping *all[])
{
	int dev = dmabufx_dev_fd(exporter), fd = dmabufx_buf_fd(buf);
	uint64_t start = now();

	for (int i = 0; i < SPACES * PER_SPACE; i++)
		raw_unmap(ctx->iommufd, all[i]->ioas->id, all[i]->head.iova, SLICE);
	raw_reset(dev);
	for (int i = 0; i < SPACES * PER_SPACE; i++)
		raw_map(ctx->iommufd, all[i]->ioas->id, fd, all[i]->off, all[i]->head.iova, SLICE);
	return now() - start;
}

static void bench_reset(struct dmabufx_buf *buf)
{
	struct dmabufx_mapping *all[SPACES * PER_SPACE];
	uint64_t lib[RESETS], raw[RESETS];

	for (int i = 0; i < SPACES * PER_SPACE; i++) {
		DMABUFX_OPTS(dmabufx_map_opts, opts, .length = SLICE,
			     .offset = (uint64_t)(i % PER_SPACE) * SLICE);

		must(dmabufx_ioas_map(spaces[i / PER_SPACE], buf, &opts, &all[i]), "map");
	}
	for (int i = 0; i < RESETS; i++) {
		uint64_t start = now();

		must(dmabufx_dev_reset(exporter), "reset");
		lib[i] = now() - start;
		raw[i] = reset_by_hand(buf, all);
	}
	row("reset, 64 maps, 4 IOAS", "1 MiB", median(lib, RESETS), median(raw, RESETS), 1.05);
	for (int i = 0; i < SPACES * PER_SPACE; i++)
		must(dmabufx_mapping_unmap(all[i]), "unmap");
}

static struct dmabufx_dev *bring(const char *bdf, struct dmabufx_ioas *ioas)
{
	DMABUFX_OPTS(dmabufx_dev_opts, opts, .ioas = ioas);
	struct dmabufx_dev *dev;

	must(dmabufx_dev_bind(ctx, bdf, 0), bdf);
	must(dmabufx_dev_open(ctx, bdf, &opts, &dev), bdf);
	return dev;
}

int main(int argc, char **argv)
{
	static const struct {
		uint64_t len;
		const char *name;
	} sizes[] = { { 4096, "4 KiB" }, { 1 << 20, "1 MiB" }, { 64 << 20, "64 MiB" } };
	struct dmabufx_dev *engines[2];
	struct dmabufx_buf *bar, *mem;
	bool gate = argc > 1 && !strcmp(argv[1], "--gate");

	must(dmabufx_ctx_new(NULL, &ctx), "context");
	for (int i = 0; i < SPACES; i++)
		must(dmabufx_ioas_new(ctx, NULL, &spaces[i]), "address space");
	engines[0] = bring(LAB_EDU0, spaces[0]);
	engines[1] = bring(LAB_EDU1, spaces[1]);
	exporter = bring(LAB_IVSHMEM1, NULL);
	must(dmabufx_dev_export(exporter, BAR, 0, 64 << 20, NULL, &bar), "export");
	must(dmabufx_buf_alloc(ctx, 64 << 20, NULL, &mem), "memory");

	printf("%-22s %8s %10s %10s %8s %8s\n", "instructions (median)", "", "library", "by hand",
	       "ratio", "limit");
	for (int i = 0; i < 3; i++)
		bench_export(sizes[i].len, sizes[i].name);
	for (int i = 0; i < 3; i++)
		bench_map(bar, "dma-buf", sizes[i].len, sizes[i].name, 1.03);
	for (int i = 0; i < 2; i++)
		bench_map(mem, "memfd", sizes[i].len, sizes[i].name, 0);
	bench_reset(bar);
	dmabufx_buf_unref(bar);
	dmabufx_buf_unref(mem);
	dmabufx_dev_unref(exporter);
	for (int i = 0; i < 2; i++)
		dmabufx_dev_unref(engines[i]);
	for (int i = 0; i < SPACES; i++)
		dmabufx_ioas_unref(spaces[i]);
	dmabufx_ctx_unref(ctx);
	return gate && over;
}
