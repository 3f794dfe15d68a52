#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Many rounds of the main job for each pair of devices: runs in the guest, in
# the build folder. A round is two maps, a reset and four DMAs.
set -euo pipefail
command=./tools/dmabufx/dmabufx

# soak SRC DST ROUNDS: one case, told as cmocka does.
soak()
{
	local name="$3_rounds_from_$1_to_$2" src=LAB_$1 dst=LAB_$2

	echo "[ RUN      ] $name"
	if $command --quiet p2p-test --bind --rounds "$3" "${!src}" "${!dst}"; then
		echo "[       OK ] $name"
	else
		echo "[  FAILED  ] $name"
		failed=1
	fi
}

failed=0
soak NVME0 NVME1 200
soak IGB0 IVSHMEM1 200
soak EDU0 IVSHMEM1 50
soak EDU2 NVME0 50
exit $failed
