// SPDX-License-Identifier: GPL-2.0-or-later
/* The scripted kernel's life, the calls it fails, and what it tells of itself. */
#include "fake.h"

#include <errno.h>
#include <string.h>

#include "fake_net.h"
#include "fake_priv.h"
#include "fake_sys.h"
#include "heap.h"

struct fake *fake_enter(struct dx_sys *sys)
{
	struct fake *f = (struct fake *)sys;

	pthread_mutex_lock(&f->lock);
	return f;
}

void fake_leave(struct fake **f)
{
	pthread_mutex_unlock(&(*f)->lock);
}

void *fake_zalloc(size_t size)
{
	return __real_calloc(1, size);
}

char *fake_strdup(const char *s)
{
	size_t len = strlen(s) + 1;

	return memcpy(fake_zalloc(len), s, len);
}

void fake_release(void *p)
{
	__real_free(p);
}

struct fake *fake_new(void)
{
	struct fake *f = fake_zalloc(sizeof(*f));

	f->sys = fake_sys;
	f->net = fake_zalloc(sizeof(*f->net));
	pthread_mutex_init(&f->lock, NULL);
	f->next_id = 1;
	f->next_ino = 1000;
	f->next_va = 0x700000000000;
	f->page_sizes = ~(FAKE_PAGE - 1);
	f->bad_va = UINT64_MAX;
	f->allowed[0].last = 0xfedfffff;
	f->allowed[1].start = 0xfef00000;
	f->allowed[1].last = (1ull << 48) - 1;
	f->nallowed = 2;
	return f;
}

void fake_free(struct fake *f)
{
	fake_remove(f, "/");
	fake_release(f->net);
	pthread_mutex_destroy(&f->lock);
	fake_release(f);
}

void fake_fail(struct fake *f, struct fake_rule rule)
{
	f->rules[f->nrules++] = rule;
}

void fake_fail_ioctl(struct fake *f, unsigned long request, int err)
{
	fake_fail(f, (struct fake_rule){ .op = FAKE_IOCTL, .request = request, .err = err });
}

void fake_fail_nth(struct fake *f, unsigned int nth, int err)
{
	f->calls = 0;
	f->fail_at = nth;
	f->fail_err = err;
	f->failed = false;
}

void fake_heal(struct fake *f)
{
	f->nrules = 0;
	f->fail_at = 0;
}

static bool matches(const struct fake_rule *rule, const struct fake_call *call, const char *path)
{
	return rule->op == call->op && (!rule->request || rule->request == call->request) &&
	       (!rule->path || (path && !strcmp(rule->path, path)));
}

static int by_rule(struct fake *f, const struct fake_call *call, const char *path)
{
	for (unsigned int i = 0; i < f->nrules; i++) {
		struct fake_rule *rule = &f->rules[i];

		if (!rule->err || !matches(rule, call, path))
			continue;
		if (rule->skip) {
			rule->skip--;
			continue;
		}
		int err = rule->err;

		if (rule->times && !--rule->times)
			rule->err = 0;
		return -err;
	}
	return 0;
}

/* Undoing a half-made thing must not fail, or every fail-Nth run would leak. */
static bool can_fail(const struct fake_call *call)
{
	return call->op < FAKE_CLOSE && !fake_is_undo(call->request);
}

int fake_step(struct fake *f, const struct fake_call *call, const char *path)
{
	if (f->nlog < FAKE_LOG)
		f->log[f->nlog++] = *call;
	if (!can_fail(call))
		return 0;
	if (++f->calls == f->fail_at) {
		f->failed = true;
		return -f->fail_err;
	}
	return by_rule(f, call, path);
}

int fake_step_op(struct fake *f, enum fake_op op)
{
	struct fake_call call = { .op = op };

	return fake_step(f, &call, NULL);
}

void fake_clear_log(struct fake *f)
{
	f->nlog = 0;
}

unsigned int fake_count(struct fake *f, unsigned long request)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < f->nlog; i++)
		n += f->log[i].op == FAKE_IOCTL && f->log[i].request == request;
	return n;
}
