/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dmabufx probe: what this machine can do, and the verdict. */
#include "cli.h"

static const char *const questions[DMABUFX_PROBE_COUNT] = {
	[DMABUFX_PROBE_IOMMU] = "an IOMMU translates for devices",
	[DMABUFX_PROBE_IOMMUFD] = "/dev/iommu makes address spaces",
	[DMABUFX_PROBE_TYPE1] = "a VFIO type1 container opens",
	[DMABUFX_PROBE_VFIO_PCI] = "the kernel has vfio-pci",
	[DMABUFX_PROBE_VFIO_CDEV] = "VFIO devices have own nodes",
	[DMABUFX_PROBE_VFIO_DEVICE] = "a VFIO device can be opened",
	[DMABUFX_PROBE_MAP_FILE] = "iommufd maps memory files",
	[DMABUFX_PROBE_EXPORT] = "a BAR becomes a dma-buf",
	[DMABUFX_PROBE_IMPORT] = "iommufd maps such a dma-buf",
	[DMABUFX_PROBE_MULTI_RANGE] = "also one of several ranges",
	[DMABUFX_PROBE_LINKS] = "the kernel has dma-buf links",
	[DMABUFX_PROBE_UDMABUF] = "/dev/udmabuf opens",
	[DMABUFX_PROBE_DMA_HEAP] = "there is a dma-buf heap",
	[DMABUFX_PROBE_DRM] = "the library knows DRM buffers",
	[DMABUFX_PROBE_MEMLOCK] = "memory may be pinned",
	[DMABUFX_PROBE_NOFILE] = "descriptors may be opened",
	[DMABUFX_PROBE_HUGETLB] = "huge pages are free",
	[DMABUFX_PROBE_P2P] = "the main job can run",
};

static const char *answer_word(uint32_t answer)
{
	switch (answer) {
	case DMABUFX_ANSWER_NO:
		return "no";
	case DMABUFX_ANSWER_YES:
		return "yes";
	default:
		return "unknown";
	}
}

static const char *question(uint32_t id)
{
	if (id < DMABUFX_PROBE_COUNT && questions[id])
		return questions[id];
	return dmabufx_probe_name((enum dmabufx_probe_id)id);
}

static void add_json(struct json_object *list, const struct dmabufx_probe_answer *a)
{
	struct json_object *row = js_push(list);

	js_str(row, "id", dmabufx_probe_name((enum dmabufx_probe_id)a->id));
	js_str(row, "question", question(a->id));
	js_str(row, "answer", answer_word(a->answer));
	if (a->value == UINT64_MAX)
		js_str(row, "value", "unlimited");
	else if (a->value)
		js_num(row, "value", a->value);
	js_str(row, "text", a->text);
}

static void show(struct cli *cli, const struct dmabufx_probe_answer *answers, size_t count)
{
	static const char *const heads[] = { "QUESTION", "ANSWER", "WHY" };
	struct json_object *list = js_array(cli->out, "answers");
	struct table *t = table_new(3, heads);

	for (size_t i = 0; i < count; i++) {
		add_json(list, &answers[i]);
		table_add(t, "%s", question(answers[i].id));
		table_add(t, "%s", answer_word(answers[i].answer));
		table_add(t, "%s", answers[i].text);
	}
	table_print(cli, t);
	table_free(t);
}

static void show_verdict(struct cli *cli, const struct dmabufx_probe_answer *p2p)
{
	struct json_object *verdict = js_obj(cli->out, "verdict");

	js_str(verdict, "answer", answer_word(p2p->answer));
	js_str(verdict, "text", p2p->text);
	switch (p2p->answer) {
	case DMABUFX_ANSWER_YES:
		cli_say(cli, "\nThe main job can run on this machine, with no lab: "
			     "dmabufx p2p-test does it.\n");
		break;
	case DMABUFX_ANSWER_NO:
		cli_say(cli, "\nThe main job can't run on this machine: %s\n", p2p->text);
		break;
	default:
		cli_say(cli, "\nWhether the main job can run on this machine is not known: %s\n",
			p2p->text);
		break;
	}
}

static bool parse(struct cli *cli, int argc, char **argv, struct dmabufx_probe_opts *opts)
{
	static const struct option options[] = { CLI_LONG_OPTIONS,
						 { "device", required_argument, NULL, OPT_OWN },
						 { NULL, 0, NULL, 0 } };
	int opt;

	while ((opt = cli_getopt(cli, argc, argv, options)) != -1) {
		if (opt != OPT_OWN)
			return false;
		opts->bdf = optarg;
	}
	return cli_want_args(cli, argc, 0, 0);
}

int cmd_probe(struct cli *cli, int argc, char **argv)
{
	struct dmabufx_probe_answer answers[DMABUFX_PROBE_COUNT];
	DMABUFX_OPTS(dmabufx_probe_opts, opts);
	char bdf[DMABUFX_BDF_MAX];
	int count;
	int ret;

	if (!parse(cli, argc, argv, &opts))
		return cli->exit;
	if (opts.bdf && !cli_bdf(cli, opts.bdf, bdf))
		return cli->exit;
	if (opts.bdf)
		opts.bdf = bdf;
	ret = cli_ctx(cli);
	if (ret)
		return ret;
	count = dmabufx_probe(cli->ctx, &opts, answers, DMABUFX_PROBE_COUNT);
	if (count < 0)
		return cli_fail_lib(cli, count);
	/* A newer library may know more questions than these headers. */
	if (count > DMABUFX_PROBE_COUNT)
		count = DMABUFX_PROBE_COUNT;
	show(cli, answers, (size_t)count);
	for (int i = 0; i < count; i++) {
		if (answers[i].id == DMABUFX_PROBE_P2P)
			show_verdict(cli, &answers[i]);
	}
	return CLI_OK;
}
