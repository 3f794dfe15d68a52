/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The fixture: what a test makes goes away in reverse order, and nothing stays open. */
#include "vm.h"

#include <fcntl.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Devices that the group's end gives back; the driver they had is found by the kernel. */
static char bound[16][DMABUFX_BDF_MAX];
static size_t nbound;

/* The newest lines stay; a flood drops the oldest half. */
static void take_log(void *user, enum dmabufx_log_level level, const char *text)
{
	struct vm *vm = user;
	size_t used = strlen(vm->log), half = sizeof(vm->log) / 2;

	if (used + strlen(text) + 2 > sizeof(vm->log)) {
		memmove(vm->log, vm->log + half, sizeof(vm->log) - half);
		used = strlen(vm->log);
	}
	snprintf(vm->log + used, sizeof(vm->log) - used, "%d %s\n", level, text);
}

static int setup(void **state, uint32_t backend)
{
	DMABUFX_OPTS(dmabufx_ctx_opts, opts, .backend = backend);
	struct vm *vm = calloc(1, sizeof(*vm));

	if (!vm)
		return -1;
	vm->nfds = guest_count_fds();
	vm->kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (vm->kmsg < 0 || lseek(vm->kmsg, 0, SEEK_END) < 0)
		return -1;
	if (dmabufx_ctx_new(&opts, &vm->ctx) ||
	    dmabufx_ctx_set_log(vm->ctx, take_log, vm, DMABUFX_LOG_DEBUG))
		return -1;
	*state = vm;
	return 0;
}

int vm_setup(void **state)
{
	return setup(state, DMABUFX_BACKEND_IOMMUFD);
}

int vm_setup_type1(void **state)
{
	return setup(state, DMABUFX_BACKEND_TYPE1);
}

void *vm_defer(struct vm *vm, void (*undo)(void *thing), void *thing)
{
	assert_true(vm->nthings < sizeof(vm->things) / sizeof(vm->things[0]));
	vm->things[vm->nthings].undo = undo;
	vm->things[vm->nthings++].thing = thing;
	return thing;
}

static size_t find(struct vm *vm, const void *thing)
{
	size_t i = vm->nthings;

	while (i && vm->things[i - 1].thing != thing)
		i--;
	assert_true(i);
	return i - 1;
}

void vm_forget(struct vm *vm, const void *thing)
{
	size_t i = find(vm, thing);

	memmove(&vm->things[i], &vm->things[i + 1], (--vm->nthings - i) * sizeof(vm->things[0]));
}

void vm_drop(struct vm *vm, const void *thing)
{
	size_t i = find(vm, thing);
	void (*undo)(void *) = vm->things[i].undo;
	void *what = vm->things[i].thing;

	vm_forget(vm, thing);
	undo(what);
}

int vm_teardown(void **state)
{
	struct vm *vm = *state;
	int left;

	while (vm->nthings--)
		vm->things[vm->nthings].undo(vm->things[vm->nthings].thing);
	dmabufx_ctx_unref(vm->ctx);
	close(vm->kmsg);
	left = guest_count_fds() - vm->nfds;
	if (left)
		print_error("%d descriptors are left open; the library logged:\n%s", left, vm->log);
	free(vm);
	return left ? -1 : 0;
}

int vm_restore(void **state)
{
	struct dmabufx_ctx *ctx;
	int err = dmabufx_ctx_new(NULL, &ctx);

	while (!err && nbound) {
		err = dmabufx_dev_unbind(ctx, bound[--nbound]);
		if (err)
			print_error("%s\n", dmabufx_last_error()->text);
	}
	dmabufx_ctx_unref(ctx);
	return err;
}

const char *vm_bdf(const char *name)
{
	const char *bdf = getenv(name);

	if (!bdf) {
		print_message("this profile has no %s\n", name);
		skip();
	}
	return bdf;
}

uint32_t vm_count(const char *name, uint32_t usual)
{
	const char *count = getenv(name);

	return count ? (uint32_t)strtoul(count, NULL, 0) : usual;
}

bool vm_iommu_is(const char *name)
{
	const char *iommu = getenv("LAB_IOMMU");

	return iommu && !strcmp(iommu, name);
}

bool vm_maps_ranges(void)
{
	const char *flavour = getenv("LAB_FLAVOUR");

	return flavour && !strcmp(flavour, "lts");
}

void vm_bind(struct vm *vm, const char *bdf)
{
	struct dmabufx_dev_info info;

	vm_works(dmabufx_dev_lookup(vm->ctx, bdf, &info));
	if (!strcmp(info.driver, "vfio-pci"))
		return;
	assert_true(nbound < sizeof(bound) / sizeof(bound[0]));
	vm_works(dmabufx_dev_bind(vm->ctx, bdf, 0));
	memcpy(bound[nbound++], info.bdf, sizeof(bound[0]));
}

bool vm_matches(const char *text, const char *expression)
{
	regex_t re;
	bool match;

	assert_int_equal(regcomp(&re, expression, REG_EXTENDED | REG_NOSUB), 0);
	match = !regexec(&re, text, 0, NULL, 0);
	regfree(&re);
	return match;
}

void vm_check_failure(int ret, int err, enum dmabufx_reason reason, const char *expression,
		      const char *call, const char *file, int line)
{
	const struct dmabufx_error *e = dmabufx_last_error();

	if (ret == err && e->err == err && e->reason == reason && vm_matches(e->text, expression) &&
	    !strchr(e->text, '\n'))
		return;
	print_error("%s\n  returned %d (%s)", call, ret, ret < 0 ? dmabufx_strerror(ret) : "");
	if (ret < 0)
		print_error(", %s: \"%s\"", dmabufx_reason_name(e->reason), e->text);
	print_error("\n  wanted %s, %s: /%s/\n", dmabufx_strerror(err), dmabufx_reason_name(reason),
		    expression);
	_fail(file, line);
}

int vm_check_success(int ret, const char *call, const char *file, int line)
{
	if (ret >= 0)
		return ret;
	print_error("%s\n  returned %d (%s): \"%s\"\n", call, ret, dmabufx_strerror(ret),
		    dmabufx_last_error()->text);
	_fail(file, line);
	return ret;
}

int vm_in_child(void (*fn)(void *arg), void *arg)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (!pid) {
		/* Else cmocka would go on with the next test, in the child. */
		setenv("CMOCKA_TEST_ABORT", "1", 1);
		fn(arg);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}
