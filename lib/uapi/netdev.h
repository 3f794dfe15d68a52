/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The netdev family of generic netlink: linux/netdev.h, which Debian 12 lacks.
 * Source: include/uapi/linux/netdev.h of Linux 6.18; the family is there since 6.3.
 */
#ifndef DX_UAPI_NETDEV_H
#define DX_UAPI_NETDEV_H

#define NETDEV_FAMILY_NAME "netdev"
#define NETDEV_FAMILY_VERSION 1

#define NETDEV_CMD_DEV_GET 1
#define NETDEV_CMD_QUEUE_GET 10 /* 6.8 */

#define NETDEV_A_DEV_IFINDEX 1
#define NETDEV_A_DEV_XDP_FEATURES 3
#define NETDEV_A_DEV_XDP_ZC_MAX_SEGS 4 /* 6.6 */
#define NETDEV_A_DEV_XDP_RX_METADATA_FEATURES 5 /* 6.7 */
#define NETDEV_A_DEV_XSK_FEATURES 6 /* 6.8 */

#define NETDEV_A_QUEUE_ID 1
#define NETDEV_A_QUEUE_IFINDEX 2
#define NETDEV_A_QUEUE_TYPE 3
#define NETDEV_A_QUEUE_XSK 7 /* 6.15 */

#define NETDEV_QUEUE_TYPE_RX 0
#define NETDEV_QUEUE_TYPE_TX 1

#define NETDEV_XDP_ACT_BASIC 1
#define NETDEV_XDP_ACT_REDIRECT 2
#define NETDEV_XDP_ACT_NDO_XMIT 4
#define NETDEV_XDP_ACT_XSK_ZEROCOPY 8
#define NETDEV_XDP_ACT_HW_OFFLOAD 16
#define NETDEV_XDP_ACT_RX_SG 32
#define NETDEV_XDP_ACT_NDO_XMIT_SG 64

#define NETDEV_XDP_RX_METADATA_TIMESTAMP 1
#define NETDEV_XDP_RX_METADATA_HASH 2
#define NETDEV_XDP_RX_METADATA_VLAN_TAG 4 /* 6.8 */

#define NETDEV_XSK_FLAGS_TX_TIMESTAMP 1
#define NETDEV_XSK_FLAGS_TX_CHECKSUM 2
#define NETDEV_XSK_FLAGS_TX_LAUNCH_TIME_FIFO 4 /* 6.14 */

#endif
