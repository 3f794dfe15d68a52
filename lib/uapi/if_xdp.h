/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * AF_XDP: what Debian 12's linux/if_xdp.h (6.1) lacks.
 * Source: include/uapi/linux/if_xdp.h of Linux 6.18.
 */
#ifndef DX_UAPI_IF_XDP_H
#define DX_UAPI_IF_XDP_H

#include <linux/if_xdp.h>
#include <stdint.h>

#ifndef XDP_USE_SG
#define XDP_USE_SG (1 << 4) /* 6.6 */
#endif
#ifndef XDP_PKT_CONTD
#define XDP_PKT_CONTD (1 << 0) /* 6.6 */
#endif
#ifndef XDP_TX_METADATA
#define XDP_TX_METADATA (1 << 1) /* 6.8 */
#endif
#ifndef XDP_UMEM_TX_SW_CSUM
#define XDP_UMEM_TX_SW_CSUM (1 << 1) /* 6.8 */
#endif
#ifndef XDP_UMEM_TX_METADATA_LEN
#define XDP_UMEM_TX_METADATA_LEN (1 << 2) /* 6.11 */
#endif
#ifndef XDP_MAX_TX_SKB_BUDGET
#define XDP_MAX_TX_SKB_BUDGET 9 /* 6.18 */
#endif

#ifndef XDP_TXMD_FLAGS_TIMESTAMP
#define XDP_TXMD_FLAGS_TIMESTAMP (1 << 0) /* 6.8 */
#define XDP_TXMD_FLAGS_CHECKSUM (1 << 1)
#endif
#ifndef XDP_TXMD_FLAGS_LAUNCH_TIME
#define XDP_TXMD_FLAGS_LAUNCH_TIME (1 << 2) /* 6.14 */
#endif

/*
 * struct xsk_tx_metadata, 6.8; launch time 6.14. The 8 bytes from csum_start on become
 * the time of sending, if that was asked for.
 */
struct dx_xsk_tx_metadata {
	uint64_t flags;
	uint16_t csum_start;
	uint16_t csum_offset;
	uint32_t room; /* nobody's */
	uint64_t launch_time;
};

/* With tx_metadata_len, 6.8. A kernel that knows less takes a shorter one. */
struct dx_xdp_umem_reg {
	uint64_t addr;
	uint64_t len;
	uint32_t chunk_size;
	uint32_t headroom;
	uint32_t flags;
	uint32_t tx_metadata_len;
};

#endif
