/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Run the steps of the peer-to-peer test and tell them as a transcript. */
#include "p2p.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/**
 * struct step - one step
 * @name: what it does
 * @run: does it; 0 or -1 with the failure told
 */
struct step {
	const char *name;
	int (*run)(struct p2p *p);
};

static const struct step set_up[] = {
	{ "find both devices", p2p_find },
	{ "have both bound to vfio-pci", p2p_bind },
	{ "open the source", p2p_open_source },
	{ "open the target", p2p_open_target },
	{ "choose the target's memory", p2p_choose_bar },
	{ "export it as a dma-buf", p2p_export },
	{ "map it for the source", p2p_map },
	{ "start the source's DMA engine", p2p_start_engine },
	{ "look into the BAR with the CPU", p2p_look_in },
};

static const struct step one_round[] = {
	{ "DMA into the BAR", p2p_dma },
	{ "take the mapping out", p2p_unmap },
	{ "DMA while nothing is mapped", p2p_dma_unmapped },
	{ "map again at the same IOVA", p2p_map_again },
	{ "DMA into the BAR again", p2p_dma },
	{ "reset the target", p2p_reset },
	{ "DMA into the BAR after the reset", p2p_dma },
};

static const struct step clean_up = { "clean up", p2p_clean_up };

#define COUNT(steps) (sizeof(steps) / sizeof((steps)[0]))

/* The devices must be given back: a signal ends the test between two steps. */
static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
	interrupted = number;
}

static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000u + (uint64_t)ts.tv_nsec / 1000u;
}

void p2p_tell(struct p2p *p, const char *fmt, ...)
{
	char *before = p->text;
	char *line;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&line, fmt, ap) < 0)
		abort();
	va_end(ap);
	json_object_array_add(p->details, json_object_new_string(line));
	p->text = cli_format("%s      %s\n", before ? before : "", line);
	free(before);
	free(line);
}

/* Told on standard error at the end, behind the transcript. */
static void keep(struct p2p *p, int err, const char *reason, const char *text, int code)
{
	p2p_tell(p, "%s", text);
	if (p->failed.err)
		return;
	p->failed.err = err;
	snprintf(p->failed.reason, sizeof(p->failed.reason), "%s", reason);
	snprintf(p->failed.text, sizeof(p->failed.text), "%s", text);
	p->exit = code;
}

int p2p_fail(struct p2p *p, int err, const char *reason, const char *fmt, ...)
{
	char text[DMABUFX_ERROR_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	keep(p, err, reason, text, CLI_FAILED);
	return -1;
}

int p2p_fail_lib(struct p2p *p, int err)
{
	const struct dmabufx_error *error = dmabufx_last_error();

	keep(p, err, dmabufx_reason_name(error->reason), error->text, cli_exit_for(error));
	return -1;
}

static bool shows_progress(const struct p2p *p)
{
	return !p->cli->quiet && isatty(STDERR_FILENO);
}

void p2p_tick(void *user)
{
	static const char marks[] = "|/-\\";
	struct p2p *p = user;
	static unsigned int turn;
	static uint64_t last;
	uint64_t now = now_us();

	if (!shows_progress(p) || now - last < 100000)
		return;
	last = now;
	fprintf(stderr, "\r%c step %u\r", marks[turn++ % 4], p->nsteps);
}

static int run_step(struct p2p *p, const struct step *s)
{
	struct json_object *row = js_push(p->steps);
	uint64_t start = now_us();
	uint64_t took;
	char ms[32];
	int ret;

	p->nsteps++;
	js_num(row, "step", p->nsteps);
	js_str(row, "name", s->name);
	if (p->round)
		js_num(row, "round", p->round);
	p->details = json_object_new_array();
	if (shows_progress(p))
		fprintf(stderr, "\r  step %u: %s ...\r", p->nsteps, s->name);
	ret = s->run(p);
	took = now_us() - start;
	if (shows_progress(p))
		fprintf(stderr, "\r\033[K");
	js_bool(row, "ok", ret == 0);
	snprintf(ms, sizeof(ms), "%llu.%llu", (unsigned long long)(took / 1000),
		 (unsigned long long)(took / 100 % 10));
	json_object_object_add(row, "ms", json_object_new_double_s((double)took / 1000.0, ms));
	json_object_object_add(row, "details", p->details);
	cli_say(p->cli, "%3u. %-34s %-6s %10s ms\n%s", p->nsteps, s->name, ret ? "FAILED" : "OK",
		ms, p->text ? p->text : "");
	fflush(stdout);
	free(p->text);
	p->text = NULL;
	return ret;
}

/* Not a failure of a step, but the end of the test all the same. */
static int stop(struct p2p *p, const char *before)
{
	p->failed.err = -EINTR;
	snprintf(p->failed.reason, sizeof(p->failed.reason), "interrupted");
	snprintf(p->failed.text, sizeof(p->failed.text), "stopped by signal %d before: %s",
		 (int)interrupted, before);
	p->exit = CLI_FAILED;
	return -1;
}

static int run_steps(struct p2p *p, const struct step *steps, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (interrupted)
			return stop(p, steps[i].name);
		if (run_step(p, &steps[i]))
			return -1;
	}
	return 0;
}

static void run_rounds(struct p2p *p)
{
	for (p->round = 1; p->round <= p->rounds; p->round++) {
		if (p->rounds > 1)
			cli_say(p->cli, "Round %llu of %llu\n", (unsigned long long)p->round,
				(unsigned long long)p->rounds);
		if (run_steps(p, one_round, COUNT(one_round)))
			return;
	}
}

static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	/* A reader that goes away must not end it half-way either. */
	signal(SIGPIPE, SIG_IGN);
}

static int show_verdict(struct p2p *p)
{
	bool ok = !p->failed.err;

	js_bool(p->cli->out, "ok", ok);
	if (ok) {
		cli_say(p->cli,
			"\nPASSED: %s wrote into the memory of %s, was stopped when it was unmapped, and wrote again after the reset.\n",
			p->src.bdf, p->dst.bdf);
		return CLI_OK;
	}
	cli_say(p->cli, "\nFAILED\n");
	cli_fail(p->cli, p->failed.err, p->failed.reason, "%s", p->failed.text);
	return p->exit;
}

int p2p_run(struct p2p *p)
{
	p->kmsg = -1;
	js_str(p->cli->out, "source", p->src.bdf);
	js_str(p->cli->out, "target", p->dst.bdf);
	p->steps = js_array(p->cli->out, "steps");
	cli_say(p->cli, "Peer-to-peer test: %s writes into the memory of %s\n\n", p->src.bdf,
		p->dst.bdf);
	catch_signals();
	if (run_steps(p, set_up, COUNT(set_up)) == 0)
		run_rounds(p);
	p->round = 0;
	/* Not by run_steps(): this one is done after a signal too. */
	run_step(p, &clean_up);
	return show_verdict(p);
}
