/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the lab's devices sit, in every profile that has them. This is the only
 * table: the runner places the devices by it, and gives programs the same names as
 * environment variables for the devices that the running profile has.
 */
#ifndef LAB_P2P_H
#define LAB_P2P_H

#define LAB_EDU0 "0000:00:04.0" /* DMA engine, 28 bits of address; no reset */
#define LAB_EDU1 "0000:00:05.0" /* DMA engine, 64 bits of address; no reset */
#define LAB_EDU2 "0000:02:00.0" /* DMA engine, 64 bits; own root port: bus reset */
#define LAB_IVSHMEM0 "0000:00:06.0" /* BAR2: 64 MiB of memory, BAR0: 256 bytes; no reset */
#define LAB_IVSHMEM1 "0000:01:00.0" /* the same below its own root port: bus reset */
#define LAB_IGB0 "0000:00:07.0" /* network card, FLR, MSI-X in BAR3, 7 VFs by sriov_numvfs */
#define LAB_IGB0_VF0 "0000:00:17.0" /* its first VF, there after sriov_numvfs is written */
#define LAB_NVME0 "0000:00:08.0" /* FLR; BAR2: controller memory buffer of 16 MiB */
#define LAB_NVME1 "0000:00:09.0" /* FLR; BAR2: controller memory buffer of 1 MiB */
#define LAB_NET0 "0000:00:0a.0" /* virtio-net behind the IOMMU */
#define LAB_TESTDEV0 "0000:00:0b.0" /* pci-testdev: BAR0 4 KiB, BAR2 16 MiB of memory */
#define LAB_BIG0 "0000:00:0c.0" /* ivshmem, BAR2: 1 GiB of memory */
#define LAB_PAIR0 "0000:00:0d.0" /* edu; shares its IOMMU group with the next */
#define LAB_PAIR1 "0000:00:0d.1" /* virtio-pci has it; in the group of LAB_PAIR0 */
#define LAB_NET1 "0000:00:0e.0" /* virtio-net that the IOMMU does not see */
#define LAB_HOT0 "0000:03:00.0" /* ivshmem, BAR2: 64 MiB; in one slot and group with: */
#define LAB_HOT1 "0000:03:00.1" /* nvme, FLR; BAR2: controller memory buffer of 1 MiB */
#define LAB_HOT2 "0000:03:00.2" /* edu */
#define LAB_EDU3 "0000:03:00.0" /* DMA engine, 64 bits; below a switch with LAB_IVSHMEM2 */
#define LAB_IVSHMEM2 "0000:04:00.0" /* the memory below the same switch */
#define LAB_NOIOMMU0 "0000:81:00.0" /* edu that no IOMMU covers: it has no group */

#endif
