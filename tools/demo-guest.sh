#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The demo's part inside the guest: the main job by the command, step by step.
# tools/demo.sh starts it in the build folder; LAB_* name the guest's devices.
set -euo pipefail

dmabufx=tools/dmabufx/dmabufx
engine=$LAB_EDU1
memory=$LAB_IVSHMEM1

# step TEXT COMMAND...: says why, shows the command as a person would type it, runs it.
step()
{
	printf '\n--- %s\n$ dmabufx %s\n' "$1" "${*:2}"
	"$dmabufx" "${@:2}"
}

printf 'Linux %s, %s, as a guest.\n' "$(uname -r)" "$(uname -m)"
step "The guest's PCI devices. $engine has a DMA engine, $memory has 64 MiB of memory." list
step "Both go to vfio-pci, so that a program may drive them." bind "$engine" "$memory"
step "Can this kernel and this IOMMU do it? Each thing is tried." probe
step "What of the memory device can be exported, and how it is reset." caps "$memory"
step "The main job: write, unmap, fault, map, write, reset, write; every byte compared." \
	p2p-test "$engine" "$memory"
