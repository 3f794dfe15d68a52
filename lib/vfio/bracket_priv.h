/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What stands around everything that makes the kernel revoke a device's
 * buffers: their mappings are taken out before and put back after, at the same
 * IOVAs, in every address space. ctx locked throughout. Private to this room.
 */
#ifndef DX_VFIO_BRACKET_PRIV_H
#define DX_VFIO_BRACKET_PRIV_H

#include "vfio/dev_priv.h"

/*
 * The devices of one transaction, by dev->set_link, in the order they were added;
 * each is held and @resetting until the set is dropped.
 */
void dx_set_add(struct dx_list *set, struct dmabufx_dev *dev);
void dx_set_drop(struct dx_list *set);

/* -EBUSY if the device is in a transaction already. Records the reason. */
int dx_reset_check_idle(const struct dmabufx_dev *dev);

/*
 * The caller's callbacks. Stopping calls each device's first, and if one refuses,
 * the second of those that have stopped. Restarting keeps the last error.
 */
int dx_set_stop(struct dx_list *set);
void dx_set_restart(struct dx_list *set);

/* Takes all mappings out; if one can't be, puts them back. Undoing keeps the last error. */
int dx_set_out(struct dx_list *set);
void dx_set_undo(struct dx_list *set);

/*
 * Waits for each device, gives it its command register back if @restore, and puts
 * the mappings in. How many could not come back; -EIO if a device did not.
 */
int dx_set_in(struct dx_list *set, bool restore);

/* The device's memory is on: maps what is REVOKED once more. Keeps the last error. */
void dx_dev_revive(struct dmabufx_dev *dev);

/*
 * The bracket around @reset, which answers 0 or -errno with its reason;
 * without @restore the command register stays as that leaves it.
 */
int dx_set_reset(struct dx_list *set, bool restore, int (*reset)(void *arg), void *arg);

#endif
