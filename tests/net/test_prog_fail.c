// SPDX-License-Identifier: GPL-2.0-or-later
/* Every way in which attaching a program fails: errno, reason and sentence. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <xdp/libxdp.h>

#include "base/ctx.h"
#include "prog_test.h"
#include "xsk/prog_priv.h"

#define file_fails(name, err, reason, ...)                                                    \
	do {                                                                                  \
		struct dmabufx_prog *prog_ = NULL;                                            \
		opts.path = object(name);                                                     \
		assert_fails(dmabufx_prog_attach(w->ctx, "near", &opts, &prog_), err, reason, \
			     __VA_ARGS__);                                                    \
		assert_null(prog_);                                                           \
	} while (0)

static void bad_objects_are_refused(struct world *w, uint32_t flags)
{
	DMABUFX_OPTS(dmabufx_prog_opts, opts, .kind = DMABUFX_PROG_FILE, .flags = flags);

	file_fails("absent", ENOENT, PROG_MISSING, "user_absent.o", "no such file");
	file_fails("no_map", ENOEXEC, PROG_BAD, "xsks_map");
	file_fails("other_type", ENOEXEC, PROG_BAD, "XSKMAP");
	file_fails("no_prog", ENOEXEC, PROG_BAD, "no XDP program");
	/* The verifier's own words. */
	file_fails("refused", ENOEXEC, PROG_BAD, "user_reads_past_the_end", "packet");
	file_fails("two", ENOENT, PROG_MISSING, "section", "user_redirect, user_drop");
	opts.section = "user_redirected";
	file_fails("two", ENOENT, PROG_MISSING, "user_redirected", "user_redirect, user_drop");
	opts.section = "xdp";
	file_fails("two", ENOENT, PROG_MISSING, "more than one");
	opts.section = NULL;
	opts.path = "/proc/self/exe";
	assert_fails(dmabufx_prog_attach(w->ctx, "near", &opts, &(struct dmabufx_prog *){ NULL }),
		     ENOEXEC, PROG_BAD, "/proc/self/exe");
	opts.path = "/proc/self/status";
	assert_fails(dmabufx_prog_attach(w->ctx, "near", &opts, &(struct dmabufx_prog *){ NULL }),
		     ENOEXEC, PROG_BAD, "no BPF object");
}

static void bad_objects_are_told(void **state)
{
	bad_objects_are_refused(*state, 0);
}

static void dispatcher_takes_no_bad_objects(void **state)
{
	bad_objects_are_refused(*state, DMABUFX_PROG_SHARE);
}
in_dispatcher(dispatcher_takes_no_bad_objects)

#define opts_fail(opts_, err, reason, ...) \
	assert_fails(dmabufx_prog_attach(w->ctx, "near", (opts_), &prog), err, reason, __VA_ARGS__)

	static void bad_options_are_told(void **state)
{
	const uint16_t ports[1] = { 1 };
	DMABUFX_OPTS(dmabufx_prog_opts, o, .kind = 3);
	struct {
		struct dmabufx_prog_opts o;
		uint64_t more;
	} longer = { { .size = sizeof(longer) }, 1 };
	struct world *w = *state;
	struct dmabufx_prog *prog = NULL;

	assert_fails(dmabufx_prog_attach(NULL, "near", NULL, &prog), EINVAL, NULL_ARGUMENT, "ctx");
	assert_fails(dmabufx_prog_attach(w->ctx, NULL, NULL, &prog), EINVAL, NULL_ARGUMENT,
		     "ifname");
	assert_fails(dmabufx_prog_attach(w->ctx, "near", NULL, NULL), EINVAL, NULL_ARGUMENT, "ret");
	opts_fail(&o, EINVAL, BAD_FLAGS, "kind 3");
	o = (struct dmabufx_prog_opts){ .size = sizeof(o), .mode = 3 };
	opts_fail(&o, EINVAL, BAD_FLAGS, "mode 3");
	o = (struct dmabufx_prog_opts){ .size = sizeof(o), .flags = 8 };
	opts_fail(&o, EINVAL, BAD_FLAGS, "0x8");
	o = (struct dmabufx_prog_opts){ .size = 4 };
	opts_fail(&o, EINVAL, OPTS_SIZE, "dmabufx_prog_opts");
	opts_fail(&longer.o, E2BIG, OPTS_UNKNOWN, "dmabufx_prog_opts");
	o = (struct dmabufx_prog_opts){ .size = sizeof(o), .kind = DMABUFX_PROG_PORTS };
	opts_fail(&o, EINVAL, PORTS, "0 ports");
	o.nports = 1;
	opts_fail(&o, EINVAL, PORTS, "ports");
	o.ports = ports;
	o.nports = 1025;
	opts_fail(&o, EINVAL, PORTS, "1025");
	o = (struct dmabufx_prog_opts){ .size = sizeof(o), .ports = ports, .nports = 1 };
	opts_fail(&o, EINVAL, PORTS, "DMABUFX_PROG_PORTS");
	o = (struct dmabufx_prog_opts){ .size = sizeof(o), .kind = DMABUFX_PROG_FILE };
	opts_fail(&o, EINVAL, NULL_ARGUMENT, "path");
	assert_fails(dmabufx_prog_attach(w->ctx, "nowhere", NULL, &prog), ENODEV, NO_INTERFACE,
		     "nowhere");
	assert_fails(dmabufx_prog_attach(w->ctx, "", NULL, &prog), ENODEV, NO_INTERFACE, "");
	assert_fails(dmabufx_prog_attach(w->ctx, "a-name-that-is-too-long", NULL, &prog), ENODEV,
		     NO_INTERFACE, "a-name-that-is-too-long");
	assert_null(prog);
	assert_null(dmabufx_prog_unref(NULL));
}

/* Not where one can be had: this machine's libxdp may not get its dispatcher. */
static void metadata_can_not_join_a_dispatcher(void **state)
{
	const struct dx_prog_there there = { .id = 77, .dispatcher = true };
	const struct dmabufx_prog_opts o = { .flags = DMABUFX_PROG_META };
	const struct dmabufx_prog prog = { .ifname = "near" };

	assert_fails(dx_prog_meta_check(&prog, &o, &there), EBUSY, PROG_BUSY, "near",
		     "dispatcher, program 77", "xdp-loader unload near");
}

static void info_checks_its_size(void **state)
{
	struct {
		struct dmabufx_prog_info info;
		uint64_t more;
	} longer = { { .size = sizeof(longer) }, 0 };
	struct dmabufx_prog_info info = { .size = 8 };
	struct dmabufx_prog *prog = attach(*state, NULL);

	assert_fails(dmabufx_prog_get_info(NULL, &info), EINVAL, NULL_ARGUMENT, "prog");
	assert_fails(dmabufx_prog_get_info(prog, NULL), EINVAL, NULL_ARGUMENT, "ret");
	assert_fails(dmabufx_prog_get_info(prog, &info), EINVAL, OPTS_SIZE, "dmabufx_prog_info");
	assert_fails(dmabufx_prog_get_info(prog, &longer.info), E2BIG, OPTS_UNKNOWN,
		     "dmabufx_prog_info");
	dmabufx_prog_unref(prog);
}

/* A program of no library's that passes all; its descriptor. */
static int pass_prog(void)
{
	static const struct bpf_insn insns[] = { { .code = 0xb7, .imm = XDP_PASS },
						 { .code = 0x95 } };
	int fd = bpf_prog_load(BPF_PROG_TYPE_XDP, "a_stranger", "GPL", insns, 2, NULL);

	assert_true(fd >= 0);
	return fd;
}

static void strangers_program_is_told(void **state)
{
	DMABUFX_OPTS(dmabufx_prog_opts, share, .flags = DMABUFX_PROG_SHARE);
	struct world *w = *state;
	uint32_t ifindex = w->net->ifindex[NET_NEAR];
	struct dmabufx_prog *prog = NULL;
	int fd = pass_prog(), link;
	char id[16];

	assert_int_equal(bpf_xdp_attach((int)ifindex, fd, XDP_FLAGS_DRV_MODE, NULL), 0);
	snprintf(id, sizeof(id), "%u", native_id(ifindex));
	opts_fail(NULL, EBUSY, PROG_BUSY, id, "a_stranger", "ip link set dev near xdp off");
	opts_fail(&share, EBUSY, PROG_BUSY, id);
	net_ip("link", "set", "dev", "near", "xdp", "off");
	link = bpf_link_create(fd, (int)ifindex, BPF_XDP, NULL);
	assert_true(link >= 0);
	opts_fail(NULL, EBUSY, PROG_BUSY, id, "a_stranger", "link");
	close(link);
	close(fd);
	assert_null(prog);
	/* The context's own is told apart. */
	prog = attach(w, NULL);
	assert_fails(dmabufx_prog_attach(w->ctx, "near", NULL, &(struct dmabufx_prog *){ NULL }),
		     EBUSY, PROG_BUSY, "this context");
	dmabufx_prog_unref(prog);
}

static void without_privilege_it_says_so(void **state)
{
	struct world *w = *state;
	struct dmabufx_prog *prog;
	pid_t pid = fork();
	int status;

	if (!pid) {
		if (setresuid(65534, 65534, 65534))
			_exit(2);
		_exit(dmabufx_prog_attach(w->ctx, "near", NULL, &prog) != -EPERM ||
		      dmabufx_last_error()->reason != DMABUFX_REASON_PERMISSION ||
		      !strstr(dmabufx_last_error()->text, "CAP_NET_ADMIN"));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static unsigned int heard;

static int hear(enum libbpf_print_level level, const char *format, va_list args)
{
	heard++;
	return 0;
}

static int hear_xdp(enum libxdp_print_level level, const char *format, va_list args)
{
	heard++;
	return 0;
}

/* Neither on the outputs nor to the process's own printers, which are there again after. */
static void nothing_is_printed(void **state)
{
	libbpf_print_fn_t bpf_before = libbpf_set_print(hear);
	libxdp_print_fn_t xdp_before = libxdp_set_print(hear_xdp);
	int out = memfd_create("outputs", MFD_CLOEXEC), saved[3];

	heard = 0;
	fflush(NULL);
	for (int fd = 1; fd < 3; fd++) {
		saved[fd] = dup(fd);
		dup2(out, fd);
	}
	bad_objects_are_refused(*state, 0);
	bad_objects_are_refused(*state, DMABUFX_PROG_SHARE);
	fflush(NULL);
	for (int fd = 1; fd < 3; fd++) {
		dup2(saved[fd], fd);
		close(saved[fd]);
	}
	assert_int_equal(lseek(out, 0, SEEK_END), 0);
	close(out);
	assert_int_equal(heard, 0);
	assert_ptr_equal(libbpf_set_print(bpf_before), hear);
	assert_ptr_equal(libxdp_set_print(xdp_before), hear_xdp);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		prog_case(bad_objects_are_told),
		prog_case(shared_dispatcher_takes_no_bad_objects),
		prog_case(bad_options_are_told),
		prog_case(metadata_can_not_join_a_dispatcher),
		prog_case(info_checks_its_size),
		prog_case(strangers_program_is_told),
		prog_case(without_privilege_it_says_so),
		prog_case(nothing_is_printed),
	};

	net_need_privilege();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
