// SPDX-License-Identifier: LGPL-2.1-or-later
/* From an object, the library's or the caller's, to a program in the kernel. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "xsk/prog_priv.h"

#define MAP "xsks_map"
#define PORTS_MAP "ports"
#define FRAGS_SECTION "xdp.frags"
#define PORT_WORDS (65536 / 64)

static const char *file_of(const struct dmabufx_prog_opts *o)
{
	return o->kind == DMABUFX_PROG_FILE ? o->path : "the library's own";
}

static bool is_xdp(const struct bpf_program *bpf)
{
	return bpf_program__type(bpf) == BPF_PROG_TYPE_XDP;
}

/* Names of the XDP programs in an object, and how many there are. */
static unsigned int list_programs(struct bpf_object *obj, char *text, size_t len)
{
	struct bpf_program *bpf;
	unsigned int n = 0;
	size_t at = 0;

	text[0] = '\0';
	bpf_object__for_each_program(bpf, obj)
	{
		if (!is_xdp(bpf))
			continue;
		n++;
		at += (size_t)snprintf(text + at, len - at, "%s%s", at ? ", " : "",
				       bpf_program__name(bpf));
		if (at >= len)
			at = len - 1;
	}
	return n;
}

/* By its function's name or by its section's; the only one where none is asked for. */
static struct bpf_program *choose(struct bpf_object *obj, const char *name)
{
	struct bpf_program *bpf, *found = NULL;
	unsigned int n = 0;

	bpf_object__for_each_program(bpf, obj)
	{
		if (!is_xdp(bpf) || (name && strcmp(name, bpf_program__name(bpf)) &&
				     strcmp(name, bpf_program__section_name(bpf))))
			continue;
		found = bpf;
		n++;
	}
	return n == 1 ? found : NULL;
}

static int no_program(struct bpf_object *obj, const struct dmabufx_prog_opts *o)
{
	char names[128];
	unsigned int n = list_programs(obj, names, sizeof(names));

	if (!n)
		return dx_fail(-ENOEXEC, DMABUFX_REASON_PROG_BAD,
			       "%s: it has no XDP program: give one SEC(\"xdp\")", file_of(o));
	if (!o->section)
		return dx_fail(-ENOENT, DMABUFX_REASON_PROG_MISSING,
			       "%s: it has %u programs, say which by section: %s", file_of(o), n,
			       names);
	return dx_fail(-ENOENT, DMABUFX_REASON_PROG_MISSING,
		       "%s: it has no program, or more than one, of the name %s: there are %s",
		       file_of(o), o->section, names);
}

static int no_object(const struct dmabufx_prog_opts *o, int err, const struct dx_prog_words *words)
{
	char said[192];

	if (err == -ENOENT)
		return dx_fail(-ENOENT, DMABUFX_REASON_PROG_MISSING, "%s: there is no such file",
			       file_of(o));
	if (err == -ENOMEM || err == -EACCES || err == -EPERM)
		return dx_fail_sys(err, "opening %s", file_of(o));
	return dx_fail(-ENOEXEC, DMABUFX_REASON_PROG_BAD, "%s: it is no BPF object%s", file_of(o),
		       dx_prog_said(words, said, sizeof(said)));
}

static int choose_program(struct dmabufx_prog *prog, const struct dmabufx_prog_opts *o)
{
	const char *name = o->kind == DMABUFX_PROG_FILE  ? o->section :
			   o->kind == DMABUFX_PROG_PORTS ? "dmabufx_ports" :
							   "dmabufx_all";
	struct bpf_program *bpf;
	struct bpf_map *ports;

	prog->bpf = choose(prog->obj, name);
	if (!prog->bpf)
		return no_program(prog->obj, o);
	bpf_object__for_each_program(bpf, prog->obj)
		bpf_program__set_autoload(bpf, bpf == prog->bpf);
	if (o->flags & DMABUFX_PROG_FRAGS)
		bpf_program__set_flags(prog->bpf,
				       bpf_program__flags(prog->bpf) | BPF_F_XDP_HAS_FRAGS);
	/* libbpf heeds the section's name when it loads, whatever the flags. */
	if (o->flags & DMABUFX_PROG_FRAGS ||
	    !strncmp(bpf_program__section_name(prog->bpf), FRAGS_SECTION, strlen(FRAGS_SECTION)))
		prog->flags |= DMABUFX_PROG_FRAGS;
	if (o->kind == DMABUFX_PROG_ALL) {
		ports = bpf_object__find_map_by_name(prog->obj, PORTS_MAP);
		return bpf_map__set_autocreate(ports, false);
	}
	return 0;
}

static int check_map(const struct dmabufx_prog *prog, const struct dmabufx_prog_opts *o)
{
	const struct bpf_map *map = bpf_object__find_map_by_name(prog->obj, MAP);

	if (!map)
		return dx_fail(-ENOEXEC, DMABUFX_REASON_PROG_BAD,
			       "%s: it has no map " MAP ", into which packets are redirected",
			       file_of(o));
	if (bpf_map__type(map) != BPF_MAP_TYPE_XSKMAP)
		return dx_fail(-ENOEXEC, DMABUFX_REASON_PROG_BAD,
			       "%s: its map " MAP " is of another type than XSKMAP", file_of(o));
	return 0;
}

int dx_prog_open(struct dmabufx_prog *prog, const struct dmabufx_prog_opts *o,
		 struct dx_prog_words *words)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = "dmabufx");
	int err;

	if (o->kind == DMABUFX_PROG_FILE)
		prog->obj = bpf_object__open_file(o->path, NULL);
	else
		prog->obj = o->flags & DMABUFX_PROG_META ?
				    bpf_object__open_mem(dx_prog_meta_object,
							 dx_prog_meta_object_len, &opts) :
				    bpf_object__open_mem(dx_prog_object, dx_prog_object_len, &opts);
	if (!prog->obj)
		return no_object(o, -errno, words);
	err = choose_program(prog, o);
	if (!err)
		err = check_map(prog, o);
	if (!err && o->flags & DMABUFX_PROG_META)
		err = dx_prog_meta_set(prog);
	if (err)
		dx_prog_close(prog);
	return err;
}

int dx_prog_refused(const struct dmabufx_prog *prog, const struct dmabufx_prog_opts *o, int err,
		    const struct dx_prog_words *words)
{
	char said[192];

	if (err == -EPERM)
		return dx_fail(-EPERM, DMABUFX_REASON_PERMISSION,
			       "loading a BPF program: it takes CAP_BPF and CAP_NET_ADMIN, or CAP_SYS_ADMIN");
	if (err == -ENOMEM)
		return dx_fail_memory();
	return dx_fail(-ENOEXEC, DMABUFX_REASON_PROG_BAD,
		       "%s: the kernel refuses its program %s (%s)%s", file_of(o),
		       bpf_program__name(prog->bpf), dmabufx_strerror(err),
		       dx_prog_said(words, said, sizeof(said)));
}

int dx_prog_load(struct dmabufx_prog *prog, const struct dmabufx_prog_opts *o,
		 struct dx_prog_words *words)
{
	int err = bpf_object__load(prog->obj);

	return err ? dx_prog_refused(prog, o, err, words) : dx_prog_loaded(prog, o);
}

static int set_ports(struct dmabufx_prog *prog, const struct dmabufx_prog_opts *o)
{
	int fd = bpf_object__find_map_fd_by_name(prog->obj, PORTS_MAP), err = 0;
	uint64_t words[PORT_WORDS] = { 0 };

	for (uint32_t i = 0; i < o->nports; i++)
		words[o->ports[i] / 64] |= 1ull << o->ports[i] % 64;
	for (uint32_t i = 0; !err && i < PORT_WORDS; i++) {
		if (words[i])
			err = bpf_map_update_elem(fd, &i, &words[i], BPF_ANY);
	}
	return err ? dx_fail_sys(err, "filling the map of ports") : 0;
}

int dx_prog_loaded(struct dmabufx_prog *prog, const struct dmabufx_prog_opts *o)
{
	const struct bpf_map *map = bpf_object__find_map_by_name(prog->obj, MAP);

	prog->map_fd = bpf_map__fd(map);
	prog->map_len = bpf_map__max_entries(map);
	return o->kind == DMABUFX_PROG_PORTS ? set_ports(prog, o) : 0;
}

void dx_prog_close(struct dmabufx_prog *prog)
{
	bpf_object__close(prog->obj);
	prog->obj = NULL;
	prog->bpf = NULL;
	prog->map_fd = -1;
}
