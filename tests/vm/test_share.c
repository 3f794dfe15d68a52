/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A BAR sent over a socket: another process maps it for its device, and what a reset does to it. */
#include "dma.h"
#include "vm.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* What the other process is asked for; it answers an int. */
struct order {
	enum { WRITE, REFRESH, EVENTS } what;
	uint32_t seed;
};

/* The process that has the engine. It was forked before there was a buffer. */
static void serve(int sock)
{
	struct dmabufx_mapping *mapping;
	struct dmabufx_event event;
	uint8_t copy[ENGINE_MAX_LEN];
	struct dmabufx_ioas *ioas;
	struct dmabufx_buf *buf;
	struct order order;
	struct engine *e;
	struct vm *vm;
	int answer;

	assert_int_equal(vm_setup((void **)&vm), 0);
	ioas = vm_ioas(vm, VM_EDU_MAX);
	e = vm_engine(vm, "LAB_EDU0", ioas);
	vm_works(dmabufx_buf_recv(vm->ctx, sock, &buf));
	mapping = vm_map_at(vm, ioas, vm_keep_buf(vm, buf), VM_IOVA);
	while (read(sock, &order, sizeof(order)) == sizeof(order)) {
		if (order.what == WRITE)
			answer = engine_write(e, VM_IOVA, VM_PAGE, order.seed, copy);
		else if (order.what == REFRESH)
			answer = dmabufx_mapping_refresh(mapping);
		else
			answer = dmabufx_ctx_next_event(vm->ctx, &event);
		assert_int_equal(write(sock, &answer, sizeof(answer)), sizeof(answer));
	}
	assert_int_equal(vm_teardown((void **)&vm), 0);
}

static int ask(int sock, int what, uint32_t seed)
{
	struct order order = { .what = what, .seed = seed };
	int answer = 1;

	assert_int_equal(write(sock, &order, sizeof(order)), sizeof(order));
	assert_int_equal(read(sock, &answer, sizeof(answer)), sizeof(answer));
	return answer;
}

static void lands(int sock, uint8_t *va, uint32_t seed)
{
	uint8_t want[VM_PAGE];

	memset(va, 0, VM_PAGE);
	assert_int_equal(ask(sock, WRITE, seed), 0);
	engine_pattern(seed, want, sizeof(want));
	assert_memory_equal(va, want, sizeof(want));
}

/* An edu doesn't tell of a fault: what counts is the memory. */
static void is_blocked(int sock, uint8_t *va, uint32_t seed)
{
	static const uint8_t zeroes[VM_PAGE];

	memset(va, 0, VM_PAGE);
	ask(sock, WRITE, seed);
	assert_memory_equal(va, zeroes, sizeof(zeroes));
}

static pid_t start(int *sock)
{
	int ends[2];
	pid_t pid;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		/* As in vm_in_child(). */
		setenv("CMOCKA_TEST_ABORT", "1", 1);
		close(ends[0]);
		serve(ends[1]);
		_exit(0);
	}
	close(ends[1]);
	*sock = ends[0];
	return pid;
}

static void a_sent_buffer_is_reached_until_its_exporter_resets(void **state)
{
	struct vm *vm = *state;
	struct dmabufx_dev *dev = vm_open(vm, "LAB_IVSHMEM1", NULL);
	uint8_t *va = vm_bar_va(vm, dev, 2, 0, VM_PAGE);
	struct dmabufx_buf *buf;
	int sock, status;
	pid_t pid;

	/* Here, so that this process gives it back. */
	vm_bind(vm, vm_bdf("LAB_EDU0"));
	pid = start(&sock);
	vm_fd(vm, sock);
	buf = vm_export(vm, dev, 2, 0, VM_PAGE);
	vm_works(dmabufx_buf_send(buf, sock));
	/* The other process keeps it. */
	vm_drop(vm, buf);
	lands(sock, va, 1);

	vm_works(dmabufx_dev_reset(dev));
	is_blocked(sock, va, 2);
	assert_int_equal(ask(sock, EVENTS, 0), 0);
	assert_int_equal(ask(sock, REFRESH, 0), 0);
	lands(sock, va, 3);

	vm_set_memory(dev, false);
	assert_int_equal(ask(sock, REFRESH, 0), -ENODEV);
	vm_set_memory(dev, true);
	assert_int_equal(ask(sock, REFRESH, 0), 0);
	lands(sock, va, 4);

	shutdown(sock, SHUT_WR);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		VM_TEST(a_sent_buffer_is_reached_until_its_exporter_resets),
	};

	return VM_MAIN(tests);
}
