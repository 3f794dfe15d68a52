// SPDX-License-Identifier: LGPL-2.1-or-later
/* What libbpf, libxdp, the verifier and drivers say, for the reason's sentence. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xdp/libxdp.h>

#include "xsk/prog_priv.h"

/* From little to much: a later line of the same rank wins in the verifier's log alone. */
enum {
	SILENCE,
	LIBRARY,
	KERNEL,
	VERIFIER,
};

#define LOG_BEGIN "-- BEGIN PROG LOAD LOG --"
#define LOG_END "-- END PROG LOAD LOG --"
#define KERNEL_SAYS "Kernel error message: "

/*
 * Both libraries have one function for printing in a process. It is ours while a
 * thread holds the lock; the words of other threads go on to who had them.
 */
static struct dx_mutex lock;
static libbpf_print_fn_t bpf_before;
static libxdp_print_fn_t xdp_before;
static _Thread_local struct dx_prog_words *listener;

static void keep(struct dx_prog_words *words, int rank, const char *line, size_t len)
{
	if (rank < words->rank || (rank == words->rank && rank != VERIFIER))
		return;
	words->rank = rank;
	snprintf(words->text, sizeof(words->text), "%.*s", (int)len, line);
}

static void hear_line(struct dx_prog_words *words, bool *log, const char *line, size_t len)
{
	const char *found;

	if (memmem(line, len, LOG_BEGIN, strlen(LOG_BEGIN))) {
		*log = true;
	} else if (memmem(line, len, LOG_END, strlen(LOG_END))) {
		*log = false;
	} else if (*log) {
		/* The verifier ends with how much it did, after what was wrong. */
		if (strncmp(line, "processed ", strlen("processed ")))
			keep(words, VERIFIER, line, len);
	} else {
		found = memmem(line, len, KERNEL_SAYS, strlen(KERNEL_SAYS));
		if (found) {
			found += strlen(KERNEL_SAYS);
			keep(words, KERNEL, found, len - (size_t)(found - line));
		} else {
			keep(words, LIBRARY, line, len);
		}
	}
}

static void hear(struct dx_prog_words *words, const char *format, va_list args)
{
	bool log = false;
	char *text, *line;
	size_t len;

	if (vasprintf(&text, format, args) < 0)
		return;
	for (line = text; *line; line += len + (line[len] == '\n')) {
		len = strcspn(line, "\n");
		if (!strncmp(line, "libbpf: ", len < 8 ? len : 8) && len > 8)
			hear_line(words, &log, line + 8, len - 8);
		else if (len)
			hear_line(words, &log, line, len);
	}
	free(text);
}

static int bpf_print(enum libbpf_print_level level, const char *format, va_list args)
{
	if (listener && level == LIBBPF_WARN)
		hear(listener, format, args);
	else if (!listener && bpf_before)
		return bpf_before(level, format, args);
	return 0;
}

static int xdp_print(enum libxdp_print_level level, const char *format, va_list args)
{
	if (listener && level == LIBXDP_WARN)
		hear(listener, format, args);
	else if (!listener && xdp_before)
		return xdp_before(level, format, args);
	return 0;
}

void dx_prog_listen(struct dx_prog_words *words)
{
	memset(words, 0, sizeof(*words));
	dx_mutex_lock(&lock);
	listener = words;
	bpf_before = libbpf_set_print(bpf_print);
	xdp_before = libxdp_set_print(xdp_print);
}

void dx_prog_listen_end(void)
{
	libbpf_set_print(bpf_before);
	libxdp_set_print(xdp_before);
	listener = NULL;
	dx_mutex_unlock(&lock);
}

bool dx_prog_verdict(const struct dx_prog_words *words)
{
	return words->rank == VERIFIER;
}

const char *dx_prog_said(const struct dx_prog_words *words, char *text, size_t len)
{
	snprintf(text, len, "%s%s", words->rank ? ": " : "", words->rank ? words->text : "");
	return text;
}
