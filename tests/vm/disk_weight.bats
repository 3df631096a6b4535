#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Weights of disks on cgroup v2, where each disk goes by BFQ or by io.cost, which is the host's to choose for all.

load ../e2e/common
load ../e2e/small

setup_file() {
	local number
	e2e_begin '"stop-timeout": "3s"'
	for number in 1 2; do
		truncate -s 64M "$E2E_DIR/disk$number.img"
	done
	BFQ_DISK=$(losetup -f --show "$E2E_DIR/disk1.img")
	COST_DISK=$(losetup -f --show "$E2E_DIR/disk2.img")
	export BFQ_DISK COST_DISK
	echo none >"/sys/block/${COST_DISK#/dev/}/queue/scheduler"
	echo "$(number_of "$COST_DISK") enable=1" >/sys/fs/cgroup/io.cost.qos
	e2e_keep
}

teardown_file() {
	echo "$(number_of "$COST_DISK") enable=0" >/sys/fs/cgroup/io.cost.qos
	losetup -d "$BFQ_DISK" "$COST_DISK"
	e2e_end
}

teardown() {
	e2e_clean
}

number_of() { # DISK
	cat "/sys/block/${1#/dev/}/dev"
}

weights() { # NAME FILE: in one line
	paste -sd ' ' "$(cgroup_file "$1" blkio - "$2")"
}

@test "a disk of io.cost has its weight in io.weight, with or without the module bfq" {
	modprobe --quiet --remove bfq || true
	small_start box --blkio-weight 1000 --blkio-weight-device "$COST_DISK:10"
	same "without bfq" "$(weights box io.weight)" "default 10000 $(number_of "$COST_DISK") 1"
	modprobe bfq
	syscontainer restart -t 1 box
	same "with bfq" "$(weights box io.weight)" "default 10000 $(number_of "$COST_DISK") 1"
	same "for disks of bfq" "$(weights box io.bfq.weight)" "default 1000"
}

@test "of two disks each has its weight where its scheduler looks for it, and update takes them back" {
	modprobe bfq
	echo bfq >"/sys/block/${BFQ_DISK#/dev/}/queue/scheduler"
	small_start box --blkio-weight-device "$COST_DISK:1000" --blkio-weight-device "$BFQ_DISK:500"
	same io.weight "$(weights box io.weight)" "default 100 $(number_of "$COST_DISK") 10000"
	same io.bfq.weight "$(weights box io.bfq.weight)" "default 100 $(number_of "$BFQ_DISK") 500"
	syscontainer update --blkio-weight-device "$COST_DISK:0" --blkio-weight-device "$BFQ_DISK:0" box
	same io.weight "$(weights box io.weight)" "default 100"
	same io.bfq.weight "$(weights box io.bfq.weight)" "default 100"
}
