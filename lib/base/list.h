/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A doubly linked list whose links live in its elements. */
#ifndef DX_BASE_LIST_H
#define DX_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct dx_list {
	struct dx_list *prev;
	struct dx_list *next;
};

#define dx_container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

/* @pos is a struct dx_list *; its element may be unlinked only in the _safe form. */
#define dx_list_for_each(pos, head) for (pos = (head)->next; pos != (head); pos = pos->next)
#define dx_list_for_each_safe(pos, tmp, head) \
	for (pos = (head)->next, tmp = pos->next; pos != (head); pos = tmp, tmp = pos->next)
#define dx_list_for_each_reverse(pos, head) for (pos = (head)->prev; pos != (head); pos = pos->prev)

static inline void dx_list_init(struct dx_list *head)
{
	head->prev = head;
	head->next = head;
}

static inline bool dx_list_empty(const struct dx_list *head)
{
	return head->next == head;
}

static inline unsigned int dx_list_count(const struct dx_list *head)
{
	const struct dx_list *pos;
	unsigned int n = 0;

	dx_list_for_each(pos, head)
		n++;
	return n;
}

static inline void dx_list_add_tail(struct dx_list *head, struct dx_list *link)
{
	link->prev = head->prev;
	link->next = head;
	head->prev->next = link;
	head->prev = link;
}

/* For an element that goes away: @link is left as it is. */
static inline void dx_list_unlink(struct dx_list *link)
{
	link->prev->next = link->next;
	link->next->prev = link->prev;
}

/* Leaves @link initialised, so that deleting it again does no harm. */
static inline void dx_list_del(struct dx_list *link)
{
	link->prev->next = link->next;
	link->next->prev = link->prev;
	dx_list_init(link);
}

#endif
