/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of dmabufx-bench share: plans, workers, worlds to run them in. */
#ifndef BENCH_H
#define BENCH_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>

#define BATCH_MAX 1024u
#define FOREVER UINT64_MAX
/* One processor sends or generates, the other one runs what is measured. */
#define CPU_PEER 0
#define CPU_WORKER 1

/* A loop whose instructions are counted: callgrind finds it by its name. */
#define measured __attribute__((noinline))

enum bench_exit {
	BENCH_OK = 0,
	BENCH_FAILED = 1,
	BENCH_USAGE = 2,
	BENCH_CANT = 77,
};

enum impl {
	IMPL_OURS,
	IMPL_RAW, /* libxdp, laid out as ours is */
	IMPL_REF, /* libxdp, laid out as xdpsock does it */
	IMPL_TESTPMD,
	IMPLS,
};

enum work {
	WORK_RXDROP,
	WORK_TXONLY,
	WORK_L2FWD,
	WORK_PING, /* l2fwd on one socket, for one that asks */
	WORK_ASK, /* at the far end: sends a packet, waits until it is back */
	WORKS,
};

enum touch {
	TOUCH_NONE,
	TOUCH_FIRST,
	TOUCH_ALL,
};

enum wait_how {
	WAIT_SPIN,
	WAIT_ADAPTIVE,
	WAIT_POLL,
};

enum profile {
	PROFILE_HEADERS,
	PROFILE_PAYLOAD,
};

/**
 * struct plan - what a worker is to do
 * @impl: by which code
 * @work: what
 * @touch: how much of each received packet is read
 * @wait: what to do while nothing is there
 * @size: bytes of a packet
 * @batch: packets at a time; 0: what suits the work
 * @pps: packets a second that the generator sends; 0: all it can
 * @profile: how many frames wait for packets, not for xdpsock-ref
 * @count: packets to move; FOREVER: until told to stop
 * @ifname: interface
 */
struct plan {
	enum impl impl;
	enum work work;
	enum touch touch;
	enum wait_how wait;
	uint32_t size;
	uint32_t batch;
	uint32_t pps;
	enum profile profile;
	uint64_t count;
	char ifname[16];
};

/* Frames and rings. An end without frames has no ring of its own. */
struct layout {
	uint32_t chunk;
	uint32_t rx_frames;
	uint32_t tx_frames;
	uint32_t fill_ring;
	uint32_t rx_ring;
	uint32_t tx_ring;
	uint32_t done_ring;
	uint32_t budget; /* packets that one system call sends; 0: the kernel's choice */
	bool two; /* forward from one queue to another, with a pool each */
};

void layout_of(const struct plan *plan, struct layout *ret);

/* Round trips, up to 82 us; longer ones are in the last bucket. */
#define HIST_STEP_NS 20u
#define HIST_BUCKETS 4096u

/* In memory that the driver shares with a worker. */
struct totals {
	volatile uint32_t ready;
	volatile uint32_t ended;
	volatile uint64_t packets;
	volatile uint64_t calls; /* system calls made for packets */
	volatile uint64_t empty; /* looks that found nothing */
	volatile uint64_t loop_ns;
	uint32_t hist[HIST_BUCKETS]; /* round trips */
};

/* A running worker. @stop is set by a signal; @count is read by the loops. */
struct worker {
	struct plan plan;
	struct layout layout;
	struct totals *totals;
	uint64_t packets;
	uint64_t calls;
	uint64_t empty;
	void *impl;
};

extern volatile sig_atomic_t bench_stop;

/**
 * struct impl_ops - one way to do the work
 * @open: sockets and frames; 0 or an exit code, with the reason on stderr
 * @prime: until so many packets are there
 * @loop: by enum work; moves plan.count packets and counts them
 * @close: adds what was counted to the worker's counters
 */
struct impl_ops {
	int (*open)(struct worker *w);
	void (*prime)(struct worker *w, uint32_t want);
	void (*loop[WORKS])(struct worker *w);
	void (*close)(struct worker *w);
};

extern const struct impl_ops ours_ops;
extern const struct impl_ops libxdp_ops;

/* names.c: words of the enums; plans from options */
extern const char *const impl_names[IMPLS];
extern const char *const work_names[WORKS];
int plan_option(struct plan *plan, const char *option);
void plan_defaults(struct plan *plan);
/* As options for a worker; each from malloc(). Returns how many. */
int plan_words(const struct plan *plan, char *words[], int max);

/* packet.c */
void packet_make(void *frame, uint32_t size);
uint64_t packet_touch(const void *frame, uint32_t len, enum touch touch);

/*
 * Swaps the two Ethernet addresses, w0 w1 w2 and w3 w4 w5 as words of 16 bits: the first
 * store puts w6 where the second one puts w0.
 */
static inline void packet_turn(void *frame)
{
	unsigned char *bytes = frame;
	uint64_t from;
	uint32_t to;
	uint16_t to_end;

	memcpy(&from, bytes + 6, sizeof(from));
	memcpy(&to, bytes, sizeof(to));
	memcpy(&to_end, bytes + 4, sizeof(to_end));
	memcpy(bytes, &from, sizeof(from));
	memcpy(bytes + 6, &to, sizeof(to));
	memcpy(bytes + 10, &to_end, sizeof(to_end));
}

static inline void cpu_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#else
	__asm__ volatile("" ::: "memory");
#endif
}

/* util.c */
void die(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
/* fork(2); the child is killed when this process ends, also when it is stopped by then. */
pid_t fork_tied(void);
uint64_t now_ns(void);
void sleep_ms(unsigned int ms);
void pin(int cpu);
double median(double *values, size_t n);
double quantile(double *values, size_t n, double q);

/* world.c: a veth pair between two namespaces, near the worker's, far the generator's */
enum { NEAR, FAR };

struct world {
	int ns[2];
	int ctl[2]; /* a socket in each, for ioctls */
	unsigned int ifindex[2];
	struct bpf_object *bpf;
	struct bpf_link *link;
	struct gen_control *gen;
	int gen_fd;
	int map_fd;
};

/* Its own mounts, with a bpffs for libxdp. Leaves with BENCH_CANT if it may not. */
void world_may(void);
extern const char *const world_ifname[2];
void world_new(struct world *world);
/* Attaches one of the programs of peer.bpf.c to the far end. */
void world_attach(struct world *world, const char *prog);
void world_enter(int ns);
void world_home(void);
void world_free(struct world *world);

/* counters.c */
uint64_t counter_sum(const struct world *world, int end, const char *suffix);
/* Packets that the work got done, as the interfaces count them. */
uint64_t counter_goodput(const struct world *world, enum work work);
uint64_t counter_cpu_ns(pid_t pid);

/* gen.c: shared with peer.bpf.c */
struct gen_control {
	uint64_t interval_ns;
	uint64_t limit;
	uint64_t next;
	uint64_t sent;
};

void gen_load(struct world *world);
pid_t gen_start(struct world *world, uint32_t size, uint32_t pps, uint64_t limit);

/* child.c: processes that end with this one */
struct child {
	pid_t pid;
	struct totals *totals;
	int totals_fd;
	int in; /* its standard input */
};

void child_worker(struct child *child, struct world *world, const struct plan *plan,
		  const char *wrap, int end);
void child_testpmd(struct child *child, struct world *world, const struct plan *plan);
bool testpmd_found(void);
/* False: it ended before. */
bool child_wait_ready(struct child *child, unsigned int ms);
void child_freeze(pid_t pid);
void child_thaw(pid_t pid);
/* SIGTERM, and SIGKILL if that isn't enough; returns its exit status. */
int child_stop(pid_t pid);
bool child_ended(struct child *child, int *status);

/* probe.c: ns that a cache line takes from one processor to the other */
double probe_line_ns(void);

/* rounds.c */
#define ROUNDS_MAX 400u
#define ROWS_MAX 8u

/**
 * struct row - one variant's result in a cell
 * @name: what it is
 * @rate: by round: packets a second, or with WORK_PING the median round trip in us
 * @ratio: by round: @rate to that of the cell's first row
 * @cpu: by round: ns of processor for a packet
 * @cores: by round: how much of a processor it used
 * @calls: system calls a packet; below 0: unknown
 */
struct row {
	char name[32];
	double rate[ROUNDS_MAX];
	double ratio[ROUNDS_MAX];
	double cpu[ROUNDS_MAX];
	double cores[ROUNDS_MAX];
	double calls;
};

struct cell {
	enum work work;
	uint32_t size;
	enum touch touch;
	unsigned int run;
	unsigned int rounds;
	unsigned int ms;
	unsigned int nrows;
	double line_ns[2]; /* the probe before and after */
	struct row rows[ROWS_MAX];
};

void cell_measure(struct cell *cell, const struct plan plans[], unsigned int n);

/* report.c */
void report_head(void);
void report_cell(struct cell *cell);
void report_summary(struct cell *cells, unsigned int n);
void report_json(const char *path, struct cell *cells, unsigned int n);
void report_svg(const char *path, struct cell *cells, unsigned int n);

/* Commands. */
int cmd_worker(int argc, char **argv);
int cmd_one(int argc, char **argv);
int cmd_closed(int argc, char **argv);
int cmd_table(int argc, char **argv);

#endif
