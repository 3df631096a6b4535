#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# bats file_tags=alone
# Disks that take modules of the kernel: one of SCSI that appears and disappears with its partitions, and one with a queue, for limits and weights.

load ../e2e/common
load ../e2e/small
load ../e2e/plug

ADAPTERS=/sys/bus/pseudo/drivers/scsi_debug

setup_file() {
	modprobe bfq
	mkdir -p /run/udev/rules.d
	modprobe null_blk nr_devices=1 gb=1 memory_backed=1
	modprobe scsi_debug dev_size_mb=64 add_host=0
	plug_begin
	small_start mapped
	small_start plain --user-remap none
	e2e_keep
}

teardown_file() {
	e2e_end
	udevadm settle
	modprobe --remove scsi_debug null_blk
}

setup() {
	echo 1 >"$ADAPTERS/add_host"
	wait_for 5 scsi_find
}

teardown() {
	systemctl stop udisks2
	plug_take_back
	e2e_clean
	rm -f /run/udev/rules.d/50-guest-disks.rules
	udevadm control --reload
	echo none >/sys/block/nullb0/queue/scheduler
	udevadm settle
	echo -1 >"$ADAPTERS/add_host"
}

# Sets DISK, and HOST, which finds it again.
scsi_find() {
	local path
	path=$(find "$ADAPTERS"/adapter*/ -path '*/block/sd*' -prune 2>/dev/null | head -n 1)
	[[ $path && -b /dev/${path##*/} ]] || return
	DISK=/dev/${path##*/}
	HOST=$(grep -o 'host[0-9]*' <<<"$path" | head -n 1)
}

# A partition table, of which the kernel is told. udev, which reads the disk as well, waits for the lock.
partitions() { # SFDISK-LINE...
	printf '%s\n' "label: gpt" "$@" | sfdisk --quiet --lock --wipe always "$DISK"
	udevadm settle
}

@test "partitions that the host makes and deletes on a followed disk come and go in the guest, and outlive its reboot" {
	local name
	for name in mapped plain; do
		syscontainer add-device --follow-partition "$name" "$DISK:/dev/data"
	done
	partitions "size=8M" "size=8M"
	for name in mapped plain; do
		wait_for 5 has_node_of "$name" /dev/data1 "${DISK}1"
		wait_for 5 has_node_of "$name" /dev/data2 "${DISK}2"
		syscontainer restart "$name"
		has_node_of "$name" /dev/data2 "${DISK}2"
	done
	sfdisk --quiet --lock --delete "$DISK" 1
	udevadm settle
	for name in mapped plain; do
		wait_for 5 has_no_node "$name" /dev/data1
		wait_for 5 has_node_of "$name" /dev/data2 "${DISK}2"
		syscontainer exec "$name" /bin/sh -c "printf from-$name | dd of=/dev/data2 conv=fsync status=none"
		same "what the host reads" "$(dd if="${DISK}2" bs=$((5 + ${#name})) count=1 iflag=nocache status=none)" "from-$name"
	done
}

@test "a disk that is unplugged from the host goes out of guests with its partitions, a boot skips it, and repair brings it back" {
	local name
	partitions "size=8M"
	for name in mapped plain; do
		syscontainer add-device --follow-partition "$name" "$DISK:/dev/data"
		has_node_of "$name" /dev/data1 "${DISK}1"
	done
	echo 1 >"/sys/block/${DISK##*/}/device/delete"
	for name in mapped plain; do
		wait_for 5 has_no_node "$name" /dev/data
		wait_for 5 has_no_node "$name" /dev/data1
		same "recorded devices" "$(recorded "$name" '.devices | length')" 1
	done
	syscontainer restart mapped
	has_no_node mapped /dev/data
	has_text "$DISK" "$(syscontainer inspect -f '{{json .Attachments}}' mapped)"
	echo "- - -" >"/sys/class/scsi_host/$HOST/scan"
	wait_for 5 scsi_find
	udevadm settle
	syscontainer repair mapped plain
	for name in mapped plain; do
		wait_for 5 has_node_of "$name" /dev/data "$DISK"
		wait_for 5 has_node_of "$name" /dev/data1 "${DISK}1"
	done
}

@test "the host's udev hears nothing of a disk that is plugged in and out, or written in between, and nothing is mounted" {
	local name monitor mounts
	partitions "size=8M"
	mounts=$(findmnt --raw --noheadings --output TARGET)
	udevadm monitor --kernel --udev --subsystem-match=block >"$BATS_TEST_TMPDIR/events" 3>&- &
	monitor=$!
	wait_for 5 grep -q "^KERNEL - " "$BATS_TEST_TMPDIR/events"
	for name in mapped plain; do
		syscontainer add-device --follow-partition "$name" "$DISK:/dev/data"
		syscontainer exec "$name" /bin/sh -c "exec 9<>/dev/data1; printf content >&9"
		syscontainer remove-device "$name" "$DISK"
	done
	udevadm settle
	same events "$(grep -c "/block/" "$BATS_TEST_TMPDIR/events" || true)" 0
	# It would have heard.
	echo change >"/sys/block/${DISK##*/}/uevent"
	wait_for 5 grep -q "^UDEV .* change .*/block/${DISK##*/} " "$BATS_TEST_TMPDIR/events"
	kill "$monitor"
	wait "$monitor" || true
	same mounts "$(findmnt --raw --noheadings --output TARGET)" "$mounts"
}

@test "the rule of syscontainer-device(8) keeps the host's udev from believing what a guest writes to its disk" {
	local model
	partitions "size=16M"
	read -r model <"/sys/block/${DISK##*/}/device/model"
	syscontainer add-device --follow-partition plain "$DISK:/dev/data"
	mkfs.ext4 -q -L of-a-guest "$BATS_TEST_TMPDIR/content" 8M
	syscontainer exec -i plain dd of=/dev/data1 bs=64k conv=fsync status=none <"$BATS_TEST_TMPDIR/content"
	sfdisk --quiet --lock --append "$DISK" <<<"size=8M"
	udevadm settle # all partitions went and came
	udevadm trigger --settle "${DISK}1"
	[[ -b /dev/disk/by-label/of-a-guest ]]
	printf 'SUBSYSTEM=="block", ATTRS{model}=="%s*", ENV{UDEV_DISABLE_PERSISTENT_STORAGE_RULES_FLAG}="1", ENV{UDISKS_IGNORE}="1"\n' "$model" >/run/udev/rules.d/50-guest-disks.rules
	udevadm control --reload
	udevadm trigger --settle "${DISK}1"
	[[ ! -e /dev/disk/by-label/of-a-guest ]]
}

reads() { # NAME: bytes that the guest has read of the disk with the queue
	sed -nE "s/^$(cat /sys/block/nullb0/dev) .*rbytes=([0-9]+).*/\1/p" "$(cgroup_file "$1" blkio none io.stat)"
}

has_read() { # NAME
	[[ $(reads "$1") -gt 0 ]]
}

@test "a guest's reads wait at the limit of a disk with a queue, and go on when it is lifted" {
	local name pid
	for name in mapped plain; do
		syscontainer add-device --device-read-bps /dev/nullb0:64k "$name" /dev/nullb0:/dev/data
		syscontainer exec "$name" dd if=/dev/data of=/dev/null bs=64k count=256 iflag=direct status=none 3>&- &
		pid=$!
		wait_for 10 has_read "$name"
		[[ $(reads "$name") -lt 16777216 ]]
		kill -0 "$pid"
		syscontainer update-device "$name" --device-read-bps /dev/nullb0:0
		wait "$pid"
		[[ $(reads "$name") -ge 16777216 ]]
		syscontainer remove-device "$name" /dev/nullb0
	done
}

@test "--blkio-weight-device where BFQ has the disk, after a reboot too, and refused where it is nobody's" {
	local name number
	number=$(cat /sys/block/nullb0/dev)
	echo none >/sys/block/nullb0/queue/scheduler
	run -1 syscontainer add-device mapped /dev/nullb0 --blkio-weight-device /dev/nullb0:300
	has_text "device not support blkio weight: /dev/nullb0"
	same list "$(syscontainer list-device mapped)" ""
	echo bfq >/sys/block/nullb0/queue/scheduler
	for name in mapped plain; do
		run -0 syscontainer add-device "$name" /dev/nullb0 --blkio-weight-device /dev/nullb0:300
		has_text "Update blkio weight for device (/dev/nullb0,300) done."
		grep -qx "$number 300" "$(cgroup_file "$name" blkio none io.bfq.weight)"
		syscontainer restart "$name"
		grep -qx "$number 300" "$(cgroup_file "$name" blkio none io.bfq.weight)"
		syscontainer update-device "$name" --blkio-weight-device /dev/nullb0:700
		grep -qx "$number 700" "$(cgroup_file "$name" blkio none io.bfq.weight)"
		syscontainer remove-device "$name" /dev/nullb0
		run ! grep "^$number " "$(cgroup_file "$name" blkio none io.bfq.weight)"
	done
}

knows_ext4() {
	[[ $(udisksctl info --block-device "${DISK}1" 2>/dev/null) == *"IdType: "*ext4* ]]
}

@test "udisks knows the file system on a guest's disk, and neither mounts nor holds it" {
	local name mounts
	systemctl start udisks2
	partitions "size=8M"
	mkfs.ext4 -q "${DISK}1"
	wait_for 20 knows_ext4
	mounts=$(findmnt --raw --noheadings --output TARGET)
	for name in mapped plain; do
		syscontainer add-device --follow-partition "$name" "$DISK:/dev/data"
		syscontainer exec "$name" /bin/sh -c "exec 9<>/dev/data1; printf content >&9"
		# Refused while anybody has a part of the disk open for himself, and told to udisks.
		blockdev --rereadpt "$DISK"
		udevadm settle
		wait_for 20 knows_ext4
		wait_for 5 has_node_of "$name" /dev/data1 "${DISK}1"
		same mounts "$(findmnt --raw --noheadings --output TARGET)" "$mounts"
		syscontainer remove-device "$name" "$DISK"
	done
}
