// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the kernel's part of the control path costs: the ioctls by hand, in
 * instructions, so it means something under the lab's --icount alone. Wants the
 * profile bigbar. Prints a table or, with --json, the same for compare.py.
 */
#include "cost.h"

#include <dmabufx/dmabufx.h>
#include <err.h>
#include <json-c/json.h>
#include <linux/pci_regs.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>

#include "base/ctx.h"
#include "iommu/iommu.h"
#include "meter.h"
#include "p2p.h"

#define ROUNDS 201
#define REVOKES 9
#define MOST_MAPS 1000
#define BAR 2
#define PAGE 4096ull
#define GIB (1ull << 30)
/* Each size has addresses of its own, aligned for the largest pages of an IOMMU. */
#define FIRST_IOVA (16 * GIB)
#define REVOKED_IOVA (8 * GIB)
#define MEMORY_ON (PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER)

static struct dmabufx_ctx *ctx;
static struct dmabufx_ioas *ioas;
static struct dmabufx_dev *exporter;
static struct json_object *rows;
static bool json;

static void must(int ret, const char *what)
{
	if (ret < 0)
		errx(1, "%s: %s", what, dmabufx_last_error()->text);
}

/* "of" is a number of bytes or of maps. */
static void row(const char *what, const char *size, uint64_t of, uint64_t cost)
{
	struct json_object *r = json_object_new_object();

	json_object_object_add(r, "what", json_object_new_string(what));
	json_object_object_add(r, "size", json_object_new_string(size));
	json_object_object_add(r, "of", json_object_new_uint64(of));
	json_object_object_add(r, "instructions", json_object_new_uint64(cost));
	json_object_array_add(rows, r);
	if (!json)
		printf("%-28s %8s %12llu\n", what, size, (unsigned long long)cost);
}

static void bench_export(uint64_t len, const char *size)
{
	static uint64_t both[ROUNDS];
	int dev = dmabufx_dev_fd(exporter);

	for (int i = 0; i < ROUNDS; i++) {
		uint64_t start = now();

		raw_close(raw_export(dev, BAR, 0, len));
		both[i] = now() - start;
	}
	row("export + close", size, len, median(both, ROUNDS));
}

static void bench_map(int buf, uint64_t iova, uint64_t len, const char *size)
{
	static uint64_t in[ROUNDS], out[ROUNDS];

	for (int i = 0; i < ROUNDS; i++) {
		uint64_t start = now();

		raw_map(ctx->iommufd, ioas->id, buf, 0, iova, len);
		in[i] = now() - start;
		start = now();
		raw_unmap(ctx->iommufd, ioas->id, iova, len);
		out[i] = now() - start;
	}
	row("map", size, len, median(in, ROUNDS));
	row("unmap", size, len, median(out, ROUNDS));
}

/* Memory off and on, while n pages of nbufs buffers are mapped, each page by a map of its own. */
static void bench_revoke(const int *bufs, int nbufs, int n, const char *off_name,
			 const char *on_name)
{
	static uint64_t off[REVOKES], on[REVOKES];
	int dev = dmabufx_dev_fd(exporter);
	uint64_t config = raw_config(dev);
	char size[16];

	for (int i = 0; i < REVOKES; i++) {
		uint64_t start;

		for (int k = 0; k < n; k++)
			raw_map(ctx->iommufd, ioas->id, bufs[k % nbufs],
				(uint64_t)(k / nbufs) * PAGE, REVOKED_IOVA + (uint64_t)k * PAGE,
				PAGE);
		start = now();
		raw_command(dev, config, PCI_COMMAND_MASTER);
		off[i] = now() - start;
		start = now();
		raw_command(dev, config, MEMORY_ON);
		on[i] = now() - start;
		raw_unmap(ctx->iommufd, ioas->id, REVOKED_IOVA, (uint64_t)n * PAGE);
	}
	snprintf(size, sizeof(size), "%d", n);
	row(off_name, size, (uint64_t)n, median(off, REVOKES));
	row(on_name, size, (uint64_t)n, median(on, REVOKES));
}

static void bench_revokes(void)
{
	static const int counts[] = { 1, 10, 100, MOST_MAPS };
	static int bufs[MOST_MAPS];
	int dev = dmabufx_dev_fd(exporter);

	bufs[0] = raw_export(dev, BAR, 0, MOST_MAPS * PAGE);
	for (int i = 0; i < 4; i++)
		bench_revoke(bufs, 1, counts[i], "revoke maps of one buffer",
			     "restore maps of one buffer");
	for (int i = 0, have = 1; i < 4; i++) {
		for (; have < counts[i]; have++)
			bufs[have] = raw_export(dev, BAR, 0, PAGE);
		bench_revoke(bufs, have, have, "revoke a map per buffer",
			     "restore a map per buffer");
	}
	for (int i = 0; i < MOST_MAPS; i++)
		raw_close(bufs[i]);
}

static struct dmabufx_dev *bring(const char *bdf, struct dmabufx_ioas *in)
{
	DMABUFX_OPTS(dmabufx_dev_opts, opts, .ioas = in);
	struct dmabufx_dev *dev;

	must(dmabufx_dev_bind(ctx, bdf, 0), bdf);
	must(dmabufx_dev_open(ctx, bdf, &opts, &dev), bdf);
	return dev;
}

static void print_json(void)
{
	struct json_object *all = json_object_new_object();
	struct utsname un;

	uname(&un);
	json_object_object_add(all, "release", json_object_new_string(un.release));
	json_object_object_add(all, "rows", json_object_get(rows));
	puts(json_object_to_json_string_ext(all, JSON_C_TO_STRING_PLAIN));
	json_object_put(all);
}

int main(int argc, char **argv)
{
	static const struct {
		uint64_t len;
		const char *name;
	} sizes[] = { { PAGE, "4 KiB" },
		      { 1 << 20, "1 MiB" },
		      { 4 << 20, "4 MiB" },
		      { 64 << 20, "64 MiB" },
		      { GIB, "1 GiB" } };
	struct rlimit files = { .rlim_cur = 4096, .rlim_max = 4096 };
	struct dmabufx_dev *engine;
	int buf;

	json = argc > 1 && !strcmp(argv[1], "--json");
	rows = json_object_new_array();
	if (setrlimit(RLIMIT_NOFILE, &files))
		err(1, "file descriptors for %d buffers", MOST_MAPS);
	must(dmabufx_ctx_new(NULL, &ctx), "context");
	must(dmabufx_ioas_new(ctx, NULL, &ioas), "address space");
	engine = bring(LAB_EDU1, ioas);
	exporter = bring(LAB_BIG0, NULL);
	buf = raw_export(dmabufx_dev_fd(exporter), BAR, 0, GIB);

	if (!json)
		printf("%-28s %8s %12s\n", "by hand", "", "instructions");
	for (int i = 0; i < 5; i++)
		bench_export(sizes[i].len, sizes[i].name);
	for (int i = 0; i < 5; i++)
		bench_map(buf, FIRST_IOVA + (uint64_t)i * GIB, sizes[i].len, sizes[i].name);
	raw_close(buf);
	bench_revokes();
	if (json)
		print_json();
	json_object_put(rows);
	dmabufx_dev_unref(exporter);
	dmabufx_dev_unref(engine);
	dmabufx_ioas_unref(ioas);
	dmabufx_ctx_unref(ctx);
	return 0;
}
