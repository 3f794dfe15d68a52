/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the lab's init does before it runs anything: file systems and the port. */
#ifndef LAB_AGENT_H
#define LAB_AGENT_H

/*
 * Mounts what a program expects over the read-only root. The @keep folders stay
 * visible and as they are even where memory is put over a folder above them.
 */
void guest_mounts(char **keep, int nkeep);

/* Opens the virtio port of that name; a file descriptor, or -1. */
int guest_port(const char *name);

#endif
