/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two network cards of the lab on one wire, and packets between their sockets. */
#ifndef TESTS_VM_WIRE_H
#define TESTS_VM_WIRE_H

#include "vm.h"

/* The lab's cards, in the order of struct wire. */
enum wire_end {
	WIRE_IGB,
	WIRE_VIRTIO,
};

/**
 * struct wire - a UMEM, and a socket on each card
 * @vm: the test
 * @ifname: the cards
 * @buf: the memory of the frames
 * @umem: frames for both
 * @xsk: the sockets
 */
struct wire {
	struct vm *vm;
	char ifname[2][16];
	struct dmabufx_buf *buf;
	struct dmabufx_umem *umem;
	struct dmabufx_xsk *xsk[2];
};

/* The interface of a card of the lab, and whether it is up. */
void wire_find_card(const char *name, char ifname[16]);
void wire_set_link(const char *ifname, bool up);

/* Both cards up, with sockets of that kind; the test's end undoes all of it. */
struct wire *wire_new(struct vm *vm, enum dmabufx_zc zc);
/* The cards alone. */
struct wire *wire_bare(struct vm *vm);
void wire_open(struct wire *wire, enum wire_end end, enum dmabufx_zc zc);
void wire_close(struct wire *wire, enum wire_end end);

/*
 * Frames of @len bytes with a number and bytes that depend on it. wire_is() tells
 * whether it is that one, and skips what others have sent.
 */
void wire_write(void *frame, uint32_t len, uint32_t number);
bool wire_is(const void *frame, uint32_t len, uint32_t number);
/* Of an experimental Ethernet type: nobody else here sends such frames. */
bool wire_is_ours(const void *frame, uint32_t len);

/* Sends @n from number @first on, with @window on the way at most, and checks each in order. */
void wire_exchange(struct wire *wire, enum wire_end from, uint32_t len, uint32_t first, uint32_t n,
		   uint32_t window);
/* The same; the other end sends each back, from where it is. */
void wire_reflect(struct wire *wire, enum wire_end from, uint32_t len, uint32_t first, uint32_t n,
		  uint32_t window);

/* Until all that is being sent has come back; then nothing may be held anywhere. */
void wire_settled(struct wire *wire);

#endif
