// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Instructions of the library's calls against the same ioctls by hand, on the
 * same objects in one run. Means something under the lab's --icount alone,
 * where a nanosecond is an instruction. --gate: exit 1 if something is over its
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
#include "meter.h"
#include "p2p.h"

#define ROUNDS 200
#define RESETS 10
#define BAR 2
#define SPACES 4
#define PER_SPACE 16
#define SLICE (1ull << 20)

/*
 * What the library may add to a call: 3 % of what mainline 7.3.4 takes by hand,
 * without modules, where it is least: 4,926, 7,772 and 4,666 instructions. A number
 * and no ratio, since what the library does is the same on a cheaper kernel.
 */
#define MOST_EXPORT 147
#define MOST_MAP 233
#define MOST_UNMAP 139
/* What its unmaps and maps may add; the reset itself is the kernel's. */
#define MOST_RESET (SPACES * PER_SPACE * (MOST_MAP + MOST_UNMAP))
#define NO_LIMIT UINT64_MAX

static struct dmabufx_ctx *ctx;
static struct dmabufx_dev *exporter;
static struct dmabufx_ioas *spaces[SPACES];
static bool over;

static void must(int ret, const char *what)
{
	if (ret < 0)
		errx(1, "%s: %s", what, dmabufx_last_error()->text);
}

static void row(const char *what, const char *size, uint64_t lib, uint64_t raw, uint64_t most)
{
	int64_t adds = (int64_t)(lib - raw);
	bool bad = most != NO_LIMIT && adds > (int64_t)most;
	char limit[24] = "-";

	over |= bad;
	if (most != NO_LIMIT)
		snprintf(limit, sizeof(limit), "%llu", (unsigned long long)most);
	printf("%-22s %8s %10llu %10llu %7.3f %7lld %7s%s\n", what, size, (unsigned long long)lib,
	       (unsigned long long)raw, (double)lib / (double)raw, (long long)adds, limit,
	       bad ? "  OVER" : "");
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
	row("export + close", size, median(lib, ROUNDS), median(raw, ROUNDS), MOST_EXPORT);
}

static void bench_map(struct dmabufx_buf *buf, const char *what, uint64_t len, const char *size,
		      bool gated)
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
	row(name, size, median(map, ROUNDS), median(raw_in, ROUNDS), gated ? MOST_MAP : NO_LIMIT);
	snprintf(name, sizeof(name), "unmap %s", what);
	row(name, size, median(unmap, ROUNDS), median(raw_out, ROUNDS),
	    gated ? MOST_UNMAP : NO_LIMIT);
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
	row("reset, 64 maps, 4 IOAS", "1 MiB", median(lib, RESETS), median(raw, RESETS),
	    MOST_RESET);
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

	printf("%-22s %8s %10s %10s %7s %7s %7s\n", "instructions (median)", "", "library",
	       "by hand", "ratio", "adds", "most");
	for (int i = 0; i < 3; i++)
		bench_export(sizes[i].len, sizes[i].name);
	for (int i = 0; i < 3; i++)
		bench_map(bar, "dma-buf", sizes[i].len, sizes[i].name, true);
	for (int i = 0; i < 2; i++)
		bench_map(mem, "memfd", sizes[i].len, sizes[i].name, false);
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
