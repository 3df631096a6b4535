#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Devices that are plugged into containers, running and not: real loop disks with partitions, seen from inside and by the kernel's own files.
# shellcheck disable=SC2016 # what is in single quotes is for the shell and the perl of a guest

load common
load small
load plug

setup_file() {
	plug_begin
	small_start mapped
	small_start plain --user-remap none
	e2e_keep
}

teardown() {
	plug_take_back
	e2e_clean
	disks_remove
}

teardown_file() {
	disks_remove
	e2e_end
}

# --- disks ------------------------------------------------------------------------------------------------------------------

# A loop disk of 16 MB that begins with its name; its path is in $DISK.
disk_new() { # NAME
	local file=$BATS_TEST_TMPDIR/disk-$1
	truncate -s 16M "$file"
	printf '%s' "$1" | dd of="$file" conv=notrunc status=none
	DISK=$(losetup --find --show "$file")
	echo "$DISK" >>"$E2E_DIR/disks"
}

disks_remove() {
	local disk
	[[ -e $E2E_DIR/disks ]] || return 0
	while read -r disk; do
		partx --delete "$disk" 2>/dev/null || true
		losetup -d "$disk" 2>/dev/null || true
	done <"$E2E_DIR/disks"
	rm "$E2E_DIR/disks"
}

# Partitions as the kernel knows them, whether or not it reads partition tables: each of 512 kB.
partition_add() { # DISK NUMBER
	addpart "$1" "$2" $(($2 * 1024)) 1024
}

# "7:3"
numbers() { # DEVICE
	echo "$((0x$(stat -Lc %t "$1"))):$((0x$(stat -Lc %T "$1")))"
}

# --- guests -----------------------------------------------------------------------------------------------------------------

node() { # NAME PATH: type, numbers, owner and mode inside
	syscontainer exec "$1" stat -c '%F %t:%T %u:%g %a' "$2"
}

is_block() { # NAME PATH DEVICE
	same "node $2 in $1" "$(syscontainer exec "$1" stat -c '%F %t:%T' "$2")" "block special file $(stat -Lc %t:%T "$3")"
}

# The device can be opened so: the kernel says EPERM where the cgroup does not allow it.
opens() { # NAME PATH r|w
	if [[ $3 == r ]]; then
		syscontainer exec "$1" /bin/sh -c "exec 9<$2"
	else
		syscontainer exec "$1" /bin/sh -c "exec 9>>$2"
	fi
}

refuses() { # NAME PATH r|w
	run opens "$@"
	[[ $status -ne 0 ]] || e2e_die "$2 can be opened for $3 in $1"
}

begins_with() { # NAME PATH TEXT
	same "content of $2 in $1" "$(syscontainer exec "$1" dd if="$2" bs=${#3} count=1 status=none)" "$3"
}

# What the kernel allows the container, on cgroup v1; nothing to see on v2, where opens and refuses tell.
rules() { # NAME
	[[ ! -d /sys/fs/cgroup/devices ]] || cat "$(cgroup_file "$1" devices devices.list none)"
}

has_no_rule() { # NAME NUMBERS
	! rules "$1" | grep -q " $2 "
}

listed() { # NAME FILTER
	syscontainer list-device --sub-partition "$1" | jq -c "$2"
}

kill_init() { # NAME
	local pid
	pid=$(init_pid "$1" 2>/dev/null) || return 0
	[[ ! $pid =~ ^[1-9][0-9]+$ ]] || kill -9 "$pid" 2>/dev/null || true
}

# "8:16 1048576", or nothing.
limit() { # NAME DISK bps|iops read|write
	local file key
	file=$(cgroup_file "$1" blkio "blkio.throttle.$4_$3_device" io.max)
	key=${4:0:1}$3
	if [[ $file == *io.max ]]; then
		sed -n "s/^$(numbers "$2") .*$key=\([0-9]*\).*/\1/p" "$file"
	else
		sed -n "s/^$(numbers "$2") //p" "$file"
	fi
}

# --- one device -------------------------------------------------------------------------------------------------------------

@test "a disk is there with its numbers, is read and written, and goes away" {
	local name
	disk_new here
	for name in mapped plain; do
		run -0 syscontainer add-device "$name" "$DISK:/dev/data"
		same output "$output" "Add device ($DISK) to container($name,/dev/data) done."
		is_block "$name" /dev/data "$DISK"
		same "owner, group disk of the guest and mode" "$(syscontainer exec "$name" stat -c '%U:%G %a' /dev/data)" \
			"root:disk $(stat -c %a "$DISK")"
		begins_with "$name" /dev/data here
		syscontainer exec "$name" /bin/sh -c "printf from-$name | dd of=/dev/data conv=notrunc,fsync status=none"
		same "what the host reads" "$(dd if="$DISK" bs=$((5 + ${#name})) count=1 iflag=nocache status=none)" "from-$name"
		printf here | dd of="$DISK" conv=notrunc,fsync status=none
		same list "$(listed "$name" .)" "[{\"Type\":\"b\",\"Minor\":$(numbers "$DISK" | cut -d: -f2),\"Major\":7,\"PathOnHost\":\"$DISK\",\"PathInContainer\":\"/dev/data\",\"CgroupPermissions\":\"rwm\",\"Parent\":\"\"}]"
		rules "$name" | grep -qx "b $(numbers "$DISK") rwm" || [[ ! -d /sys/fs/cgroup/devices ]]
		run -0 syscontainer remove-device "$name" "$DISK"
		same output "$output" "Remove device ($DISK) from container($name,/dev/data) done."
		has_no_node "$name" /dev/data
		has_no_rule "$name" "$(numbers "$DISK")"
		run -0 syscontainer list-device "$name"
		same "empty list" "$output" ""
	done
	# Nobody sees the nodes' file system on the host.
	run grep -c ' - tmpfs devices ' /proc/self/mountinfo
	same "mounts of the host" "$output" 0
}

@test "permissions, in all forms of the argument" {
	local name
	disk_new data
	for name in mapped plain; do
		syscontainer add-device "$name" "$DISK:/dev/r:r"
		opens "$name" /dev/r r
		refuses "$name" /dev/r w
		syscontainer remove-device "$name" "$DISK:/dev/r"
		syscontainer add-device "$name" "$DISK::w"
		opens "$name" "$DISK" w
		refuses "$name" "$DISK" r
		syscontainer remove-device "$name" ":$DISK"
		syscontainer add-device "$name" "$DISK:rw"
		opens "$name" "$DISK" r
		opens "$name" "$DISK" w
		same permissions "$(listed "$name" '.[0].CgroupPermissions')" '"rw"'
		syscontainer remove-device "$name" "$DISK:$DISK:ignored"
	done
}

@test "owner, mode and group of a node; a character device has the group that the host's has" {
	local name device=$BATS_TEST_TMPDIR/device
	mknod -m 620 "$device" c 10 229
	chgrp video "$device"
	disk_new data
	for name in mapped plain; do
		syscontainer add-device "$name" "$device:/dev/of-video"
		same "group of $name" "$(syscontainer exec "$name" stat -c '%U:%G %a' /dev/of-video)" "root:video 620"
		opens "$name" /dev/of-video r
		syscontainer add-device --owner backup:tty --mode 604 "$name" "$DISK:/dev/of-backup"
		same "owner in $name" "$(syscontainer exec "$name" stat -c '%U:%G %a' /dev/of-backup)" "backup:tty 604"
		syscontainer exec -u backup "$name" dd if=/dev/of-backup of=/dev/null bs=4 count=1 status=none
		syscontainer restart "$name"
		same "owner after a restart" "$(syscontainer exec "$name" stat -c '%U:%G %a' /dev/of-backup)" "backup:tty 604"
		syscontainer remove-device "$name" :/dev/of-backup
		run -1 syscontainer add-device --owner nobody-here "$name" "$DISK"
		has_text "--owner nobody-here: the container has no user nobody-here"
		has_no_node "$name" "$DISK"
		has_no_rule "$name" "$(numbers "$DISK")"
		syscontainer remove-device "$name" "$device"
	done
}

@test "a symlink of the host is recorded as it was typed, and is followed anew at each start" {
	local first link=$BATS_TEST_TMPDIR/by-name
	disk_new first
	first=$DISK
	disk_new second
	ln -s "$first" "$link"
	small_start guest
	syscontainer add-device guest "$link:/dev/data"
	same path "$(listed guest '.[0].PathOnHost')" "\"$link\""
	begins_with guest /dev/data first
	ln -sfn "$DISK" "$link"
	syscontainer stop guest
	same "numbers of one that is not plugged in" "$(listed guest '.[0].Minor')" "$(numbers "$DISK" | cut -d: -f2)"
	syscontainer start guest
	begins_with guest /dev/data second
	has_no_rule guest "$(numbers "$first")"
	syscontainer remove-device guest "$link"
	has_no_node guest /dev/data
}

# --- several containers, starts and ends ------------------------------------------------------------------------------------

@test "two containers have one disk, and taking it from one leaves it with the other" {
	disk_new shared
	small_start other
	syscontainer add-device mapped "$DISK:/dev/data:rw"
	syscontainer add-device other "$DISK:/dev/data:r"
	syscontainer exec mapped /bin/sh -c 'printf SHARED | dd of=/dev/data conv=notrunc,fsync status=none'
	begins_with other /dev/data SHARED
	refuses other /dev/data w
	syscontainer remove-device mapped "$DISK"
	has_no_node mapped /dev/data
	opens other /dev/data r
	syscontainer stop other
	syscontainer start other
	opens other /dev/data r
	refuses other /dev/data w
}

# bats test_tags=limits
@test "added while it is stopped, there after the start; removed while it is stopped, gone after it" {
	local options
	disk_new data
	for options in auto none; do
		small_create "guest$options" --user-remap "$options"
		run -0 syscontainer add-device "guest$options" "$DISK:/dev/data:r" --device-read-bps "$DISK:1m"
		same output "$output" "Add device ($DISK) to container(guest$options,/dev/data) done.
Update read bps for device ($DISK,1048576) done."
		same list "$(listed "guest$options" '.[0].PathInContainer')" '"/dev/data"'
		syscontainer start "guest$options"
		opens "guest$options" /dev/data r
		refuses "guest$options" /dev/data w
		same limit "$(limit "guest$options" "$DISK" bps read)" 1048576
		syscontainer stop "guest$options"
		syscontainer remove-device "guest$options" "$DISK"
		syscontainer start "guest$options"
		has_no_node "guest$options" /dev/data
		has_no_rule "guest$options" "$(numbers "$DISK")"
		same limit "$(limit "guest$options" "$DISK" bps read)" ""
	done
}

# bats test_tags=limits
@test "--update-config-only leaves the running container alone" {
	disk_new data
	small_start guest
	syscontainer add-device --update-config-only --device-write-bps "$DISK:1m" guest "$DISK:/dev/data"
	has_no_node guest /dev/data
	has_no_rule guest "$(numbers "$DISK")"
	same limit "$(limit guest "$DISK" bps write)" ""
	same list "$(listed guest 'length')" 1
	syscontainer restart guest
	opens guest /dev/data r
	same limit "$(limit guest "$DISK" bps write)" 1048576
}

@test "what the host has no more at a start is skipped with an event, or is required; what is back is plugged in by repair" {
	local link=$BATS_TEST_TMPDIR/by-name
	disk_new data
	ln -s "$DISK" "$link"
	small_start guest
	syscontainer add-device guest "$link:/dev/data" /dev/zero:/dev/other
	syscontainer stop guest
	rm "$link"
	syscontainer start guest
	has_no_node guest /dev/data
	opens guest /dev/other r
	same "what is known of it" "$(listed guest '.[0] | [.Type, .Major, .PathOnHost]')" "[\"\",0,\"$link\"]"
	has_text "lstat $link: no such file or directory" "$(syscontainer attachments guest)"
	ln -s "$DISK" "$link"
	syscontainer repair guest
	begins_with guest /dev/data data
	syscontainer remove-device guest "$link" :/dev/other
	syscontainer add-device --required guest "$link:/dev/data"
	syscontainer stop guest
	rm "$link"
	run -125 syscontainer start guest
	has_text "lstat $link: no such file or directory"
}

# --- what the guest has itself ----------------------------------------------------------------------------------------------

@test "the guest's own nodes keep working when another name of their device goes" {
	local name
	for name in mapped plain; do
		syscontainer add-device "$name" /dev/zero:/dev/nothing:r
		opens "$name" /dev/nothing r
		syscontainer remove-device "$name" /dev/zero
		has_no_node "$name" /dev/nothing
		opens "$name" /dev/zero r
		opens "$name" /dev/zero w
		# Over the guest's own node, which is there again afterwards.
		syscontainer add-device --mode 600 "$name" /dev/zero
		same "mode over its own" "$(syscontainer exec "$name" stat -c %a /dev/zero)" 600
		syscontainer remove-device "$name" /dev/zero
		same "mode of its own" "$(syscontainer exec "$name" stat -c %a /dev/zero)" 666
		opens "$name" /dev/zero w
	done
}

@test "two names of one device are independent" {
	local link=$BATS_TEST_TMPDIR/alias
	disk_new data
	ln -s "$DISK" "$link"
	syscontainer add-device mapped "$DISK:/dev/one:r" "$link:/dev/two:rw"
	opens mapped /dev/two w
	syscontainer remove-device mapped "$link"
	has_no_node mapped /dev/two
	opens mapped /dev/one r
	refuses mapped /dev/one w
}

@test "a file in its place: refused, covered by --force, and back again; a directory is always refused" {
	local name
	disk_new data
	for name in mapped plain; do
		echo mine >"$(tree_path "$name")/opt-file"
		run -1 syscontainer add-device "$name" "$DISK:/opt-file"
		has_text "Failed to add device: "
		has_text "/opt-file of the guest is there already"
		same content "$(<"$(tree_path "$name")/opt-file")" mine
		has_no_rule "$name" "$(numbers "$DISK")"
		syscontainer add-device --force "$name" "$DISK:/opt-file"
		is_block "$name" /opt-file "$DISK"
		syscontainer restart "$name"
		is_block "$name" /opt-file "$DISK"
		syscontainer remove-device "$name" "$DISK"
		same content "$(syscontainer exec "$name" cat /opt-file)" mine
		run -1 syscontainer add-device --force "$name" "$DISK:/etc"
		has_text "/etc of the guest is a directory"
		run -0 syscontainer list-device "$name"
		same list "$output" ""
	done
}

@test "outside of /dev nothing of ours is left in the tree" {
	local name
	disk_new data
	for name in mapped plain; do
		syscontainer add-device "$name" "$DISK:/opt/sub/data"
		is_block "$name" /opt/sub/data "$DISK"
		syscontainer restart "$name"
		is_block "$name" /opt/sub/data "$DISK"
		syscontainer remove-device "$name" "$DISK"
		same "what is below /opt" "$(ls -A "$(tree_path "$name")/opt/sub")" ""
	done
}

# --- many at once -----------------------------------------------------------------------------------------------------------

# bats test_tags=limits
@test "several devices in one command: all or none" {
	local first before
	disk_new first
	first=$DISK
	disk_new second
	before=$(rules mapped)
	run -0 syscontainer add-device mapped "$first:/dev/a:r" "$DISK:/dev/b" /dev/zero:/dev/c
	same output "$output" "Add device ($first) to container(mapped,/dev/a) done.
Add device ($DISK) to container(mapped,/dev/b) done.
Add device (/dev/zero) to container(mapped,/dev/c) done."
	run -0 syscontainer remove-device mapped "$first" ":/dev/b" "/dev/zero:/dev/c"
	same "number of lines" "${#lines[@]}" 3
	same rules "$(rules mapped)" "$before"
	# The last one cannot be there.
	run -1 syscontainer add-device mapped "$first:/dev/a" "$DISK:/dev/b" "/dev/zero:/proc-like/../x"
	has_text "Failed to parse device: /dev/zero:/proc-like/../x, "
	run -1 syscontainer add-device mapped "$first:/dev/a" "$DISK:/etc" --device-read-bps "$first:1m"
	has_text "/etc of the guest is a directory"
	has_no_node mapped /dev/a
	same rules "$(rules mapped)" "$before"
	same limit "$(limit mapped "$first" bps read)" ""
	same list "$(syscontainer list-device mapped)" ""
	syscontainer add-device mapped "$first:/dev/a"
	run -1 syscontainer remove-device mapped "$first" "$DISK"
	has_text "Failed to remove device: Device pair($DISK:$DISK) is not added by syscontainer-tools, can not remove it, please check input parameter."
	opens mapped /dev/a r
}

@test "one device once, one place once" {
	disk_new data
	syscontainer add-device mapped "$DISK:/dev/data"
	run -1 syscontainer add-device mapped "$DISK:/dev/again"
	has_text "Failed to add device: device $DISK:/dev/data has been already added into container"
	run -1 syscontainer add-device mapped /dev/zero:/dev/data
	has_text "device $DISK:/dev/data has been already added into container"
	run -1 syscontainer add-device mapped /dev/zero:/dev/x /dev/full:/dev/x
	has_text "has been already added into container"
	small_create guest --device /dev/null:/dev/of-create
	run -1 syscontainer add-device guest /dev/zero:/dev/of-create
	has_text "device /dev/null:/dev/of-create has been already added into container, by --device of create"
	run -1 syscontainer remove-device guest :/dev/of-create
	has_text "is not added by syscontainer-tools"
}

# --- limits -----------------------------------------------------------------------------------------------------------------

# bats test_tags=limits
@test "limits of a disk, with units, when it is plugged in, later, and lifted" {
	local name
	disk_new data
	for name in mapped plain; do
		run -0 syscontainer add-device --device-read-bps "$DISK:1.5m" --device-write-bps "$DISK:2MB" --device-read-iops "$DISK:1k" \
			--device-write-iops "$DISK:500" "$name" "$DISK:/dev/data"
		same output "$output" "Add device ($DISK) to container($name,/dev/data) done.
Update read iops for device ($DISK,1024) done.
Update write iops for device ($DISK,500) done.
Update read bps for device ($DISK,1572864) done.
Update write bps for device ($DISK,2097152) done."
		same "read bps" "$(limit "$name" "$DISK" bps read)" 1572864
		same "write bps" "$(limit "$name" "$DISK" bps write)" 2097152
		same "read iops" "$(limit "$name" "$DISK" iops read)" 1024
		same "write iops" "$(limit "$name" "$DISK" iops write)" 500
		if [[ -d /sys/fs/cgroup/blkio ]]; then
			# v1 counts each cgroup for itself: the limit is where the guest's processes are.
			same "in the guest's cgroup" "$(cat "$(cgroup_file "$name" blkio guest/blkio.throttle.read_bps_device none)")" "$(numbers "$DISK") 1572864"
		fi
		run -0 syscontainer update-device "$name" --device-read-bps "$DISK:3m" --device-write-iops "$DISK:0"
		same output "$output" "Update write iops for device ($DISK,0) done.
Update read bps for device ($DISK,3145728) done."
		same "read bps" "$(limit "$name" "$DISK" bps read)" 3145728
		same "write bps" "$(limit "$name" "$DISK" bps write)" 2097152
		same "write iops" "$(limit "$name" "$DISK" iops write)" ""
		syscontainer restart "$name"
		same "read bps after a restart" "$(limit "$name" "$DISK" bps read)" 3145728
		same "write iops after a restart" "$(limit "$name" "$DISK" iops write)" ""
		run -0 syscontainer remove-device "$name" "$DISK"
		same output "$output" "Remove device ($DISK) from container($name,/dev/data) done.
Remove read iops for device ($DISK) done.
Remove read bps for device ($DISK) done.
Remove write bps for device ($DISK) done."
		same "read bps" "$(limit "$name" "$DISK" bps read)" ""
	done
}

# bats test_tags=limits
@test "a limit of create is back when the plugged disk with its own is gone" {
	disk_new data
	small_start guest --device-read-bps "$DISK:7m"
	syscontainer add-device --device-read-bps "$DISK:1m" --device-write-bps "$DISK:1m" guest "$DISK"
	same "read bps" "$(limit guest "$DISK" bps read)" 1048576
	syscontainer remove-device guest "$DISK"
	same "read bps" "$(limit guest "$DISK" bps read)" 7340032
	same "write bps" "$(limit guest "$DISK" bps write)" ""
}

@test "limits are for whole disks that are plugged in" {
	local partition
	disk_new data
	partition_add "$DISK" 1
	partition=${DISK}p1
	run -1 syscontainer add-device mapped /dev/zero --device-read-bps /dev/zero:1m
	has_text "cannot set Qos of a char device"
	run -1 syscontainer add-device mapped "$partition" --device-read-bps "$partition:1m"
	has_text "cannot set Qos of a child device"
	run -1 syscontainer add-device mapped /dev/zero:/dev/x --device-read-bps "$DISK:1m"
	has_text "Failed to add device: device $DISK was not added to container or not in add-device args"
	run -1 syscontainer update-device mapped --device-read-bps "$DISK:1m"
	has_text "Failed to update device: device $DISK was not added to container or not in add-device args"
	run -1 syscontainer update-device mapped
	has_text "update device should specify at least one device QOS configuration"
	run -1 syscontainer update-device mapped --device-read-bps "$BATS_TEST_TMPDIR/none:1m"
	has_text "lstat $BATS_TEST_TMPDIR/none: no such file or directory"
	same list "$(syscontainer list-device mapped)" ""
	has_no_node mapped /dev/x
}

# bats test_tags=v1
@test "--blkio-weight-device works where the scheduler has weights, and is refused where it has none" {
	local queue
	[[ -d /sys/fs/cgroup/blkio ]] || skip "weights of cgroup v2 have stories of their own in tests/vm"
	disk_new data
	queue=/sys/block/${DISK##*/}/queue/scheduler
	echo none >"$queue"
	run -1 syscontainer add-device mapped "$DISK" --blkio-weight-device "$DISK:300"
	has_text "device not support blkio weight: $DISK, whose scheduler is none"
	same list "$(syscontainer list-device mapped)" ""
	run -1 syscontainer add-device --update-config-only mapped "$DISK" --blkio-weight-device "$DISK:300"
	has_text "device not support blkio weight"
	echo bfq >"$queue"
	run -0 syscontainer add-device mapped "$DISK" --blkio-weight-device "$DISK:300"
	has_text "Update blkio weight for device ($DISK,300) done."
	grep -qx "$(numbers "$DISK") 300" "$(cgroup_file mapped blkio blkio.bfq.weight_device none)"
	syscontainer update-device mapped --blkio-weight-device "$DISK:0"
	run grep -c "^$(numbers "$DISK") " "$(cgroup_file mapped blkio blkio.bfq.weight_device none)"
	same "lines of the disk" "$output" 0
	echo none >"$queue"
}

# --- partitions -------------------------------------------------------------------------------------------------------------

@test "--follow-partition brings the partitions along, under the disk's name in the guest" {
	local name
	disk_new data
	partition_add "$DISK" 1
	partition_add "$DISK" 10
	for name in mapped plain; do
		run -0 syscontainer add-device --follow-partition "$name" "$DISK:/dev/C:r"
		same output "$output" "Add device ($DISK) to container($name,/dev/C) done.
Add device (${DISK}p1) to container($name,/dev/Cp1) done.
Add device (${DISK}p10) to container($name,/dev/Cp10) done."
		is_block "$name" /dev/Cp1 "${DISK}p1"
		is_block "$name" /dev/Cp10 "${DISK}p10"
		opens "$name" /dev/Cp10 r
		refuses "$name" /dev/Cp10 w
		same "the disk alone" "$(syscontainer list-device "$name" | jq -c '[.[].PathInContainer]')" '["/dev/C"]'
		same "all of it" "$(listed "$name" '[.[] | [.PathOnHost, .PathInContainer, .Parent]]')" \
			"[[\"$DISK\",\"/dev/C\",\"\"],[\"${DISK}p1\",\"/dev/Cp1\",\"$DISK\"],[\"${DISK}p10\",\"/dev/Cp10\",\"$DISK\"]]"
		run -1 syscontainer remove-device "$name" "${DISK}p1"
		has_text "came with its disk $DISK (--follow-partition)"
		# What happens while it is stopped counts at the next start.
		syscontainer stop "$name"
		delpart "$DISK" 1
		partition_add "$DISK" 2
		syscontainer start "$name"
		is_block "$name" /dev/Cp10 "${DISK}p10"
		is_block "$name" /dev/Cp2 "${DISK}p2"
		has_no_node "$name" /dev/Cp1
		syscontainer remove-device "$name" "$DISK"
		has_no_node "$name" /dev/C
		has_no_node "$name" /dev/Cp2
		has_no_rule "$name" "$(numbers "${DISK}p2")"
		delpart "$DISK" 2
		partition_add "$DISK" 1
	done
}

@test "the disk that partitions are followed of is known by its number, whatever its path leads to" {
	local link=$BATS_TEST_TMPDIR/by-name first
	disk_new first
	first=$DISK
	disk_new second
	ln -s "$first" "$link"
	small_start guest
	syscontainer add-device --follow-partition guest "$link:/dev/C"
	ln -sfn "$DISK" "$link"
	partition_add "$DISK" 1
	partition_add "$first" 2
	wait_for 10 has_node guest /dev/Cp2
	is_block guest /dev/Cp2 "${first}p2"
	has_no_node guest /dev/Cp1
}

@test "a partition by itself, and its disk beside it" {
	disk_new data
	partition_add "$DISK" 1
	printf part | dd of="${DISK}p1" conv=notrunc,fsync status=none
	syscontainer add-device mapped "${DISK}p1:/dev/part" "$DISK:/dev/whole"
	begins_with mapped /dev/part part
	begins_with mapped /dev/whole data
	same parents "$(listed mapped '[.[].Parent]')" "[\"$DISK\",\"\"]"
	run -0 syscontainer remove-device --follow-partition mapped "$DISK"
	same "what was removed" "${#lines[@]}" 2
	has_no_node mapped /dev/part
	run -1 syscontainer add-device --follow-partition mapped /dev/zero
	has_text "Char device /dev/zero not support follow partition"
}

# --- guests that do not keep still ------------------------------------------------------------------------------------------

@test "a node that the guest has moved, shown elsewhere or covered is taken out all the same" {
	local name shell='mount() { perl -e "syscall(165, @ARGV[0] . qq(\0), \$ARGV[1] . qq(\0), \$ARGV[2] . qq(\0), \$ARGV[3] + 0, 0) == 0 or die \$!" "$@"; }'
	disk_new data
	for name in auto none; do
		tree_perl "perl$name" >/dev/null
		syscontainer run -d --name "perl$name" --user-remap "$name" --privileged="$([[ $name == none ]] && echo true || echo false)" \
			"$(tree_path "perl$name")" /bin/sh -c "$SMALL_PROGRAM"
		syscontainer add-device "perl$name" "$DISK:/dev/data:r"
		# MS_BIND at another place, then a tmpfs over the whole of /opt where a third one is
		syscontainer exec "perl$name" /bin/sh -c "$shell; touch /tmp/copy; mkdir -p /opt; touch /opt/third; mount /dev/data /tmp/copy '' 4096; mount /dev/data /opt/third '' 4096"
		opens "perl$name" /tmp/copy r
		syscontainer remove-device "perl$name" "$DISK"
		has_no_node "perl$name" /dev/data
		same "a copy" "$(syscontainer exec "perl$name" stat -c %F /tmp/copy)" "regular empty file"
		same "another copy" "$(syscontainer exec "perl$name" stat -c %F /opt/third)" "regular empty file"
		# Covered: what is left can not be opened by anybody, and goes with the cover.
		syscontainer add-device "perl$name" "$DISK:/dev/data:r"
		syscontainer exec "perl$name" /bin/sh -c "$shell; mount /dev/null /dev/data '' 4096"
		syscontainer remove-device "perl$name" "$DISK"
		has_no_rule "perl$name" "$(numbers "$DISK")"
		# Unmounted by the guest itself.
		syscontainer add-device "perl$name" "$DISK:/dev/other:r"
		syscontainer exec "perl$name" perl -e '$path = "/dev/other\0"; syscall(166, $path, 2) == 0 or die $!'
		syscontainer remove-device "perl$name" "$DISK"
		same list "$(syscontainer list-device "perl$name")" ""
	done
}

@test "symlinks of the guest: followed inside, and a circle ends with an error" {
	local name
	disk_new data
	for name in mapped plain; do
		syscontainer exec "$name" /bin/sh -c 'mkdir -p /tmp/real; /bin/dash -c "exec 2>/dev/null"; true'
		ln -sfn /tmp/real "$(tree_path "$name")/inside"
		ln -sfn loop-b "$(tree_path "$name")/loop-a"
		ln -sfn loop-a "$(tree_path "$name")/loop-b"
		ln -sfn /nowhere/at/all "$(tree_path "$name")/dangling"
		ln -sfn "../../../../../../..$BATS_TEST_TMPDIR" "$(tree_path "$name")/outside"
		ln -sfn /proc "$(tree_path "$name")/kernel"
		syscontainer add-device "$name" "$DISK:/inside/data"
		is_block "$name" /tmp/real/data "$DISK"
		syscontainer remove-device "$name" "$DISK"
		run -1 timeout 20 syscontainer add-device "$name" "$DISK:/loop-a/data"
		has_text "Too many levels of symbolic links"
		run -1 timeout 20 syscontainer add-device "$name" "$DISK:/loop-a"
		has_text "Too many levels of symbolic links"
		run -1 syscontainer add-device "$name" "$DISK:/dangling"
		has_text "is a symlink that leads nowhere"
		run -1 syscontainer add-device --force "$name" "$DISK:/kernel/version"
		has_text "leads to a file system of the kernel"
		syscontainer add-device "$name" "$DISK:/outside/data" || true
		[[ ! -e $BATS_TEST_TMPDIR/data ]]
		syscontainer remove-device "$name" "$DISK" || true
		has_no_rule "$name" "$(numbers "$DISK")"
	done
}

@test "a guest that swaps directories for symlinks while we plug never leads us out of it" {
	local i command pid tree done=0
	disk_new data
	tree=$(tree_path plain)
	mkdir -p "$tree/flip/dir" "$BATS_TEST_TMPDIR/canary"
	ln -s "../../../../../../../../../..$BATS_TEST_TMPDIR/canary" "$tree/flip/link"
	flipper command
	"${command[@]}" "$tree/flip/dir" "$tree/flip/link" 3>&- &
	pid=$!
	for i in {1..25}; do
		! syscontainer add-device plain "$DISK:/flip/dir/data" >/dev/null 2>&1 || done=$((done + 1))
		same "canary in round $i" "$(ls -A "$BATS_TEST_TMPDIR/canary")" ""
		syscontainer remove-device plain "$DISK" >/dev/null 2>&1 || true
	done
	kill "$pid"
	wait "$pid" || true
	same list "$(syscontainer list-device plain)" ""
	has_no_rule plain "$(numbers "$DISK")"
	[[ $done -gt 0 ]]
	rm -rf "$tree/flip"
}

@test "a paused guest is served, and a full /dev is a clear error that leaves nothing" {
	local name
	disk_new data
	for name in mapped plain; do
		syscontainer pause "$name"
		timeout 20 syscontainer add-device "$name" "$DISK:/dev/data"
		timeout 20 syscontainer remove-device "$name" "$DISK"
		timeout 20 syscontainer add-device "$name" "$DISK:/dev/data"
		syscontainer unpause "$name"
		is_block "$name" /dev/data "$DISK"
		syscontainer remove-device "$name" "$DISK"
	done
	tree_perl full >/dev/null
	syscontainer run -d --name full "$(tree_path full)" /bin/sh -c "$SMALL_PROGRAM" >/dev/null
	syscontainer exec full perl -e 'mkdir("/full"); ($type, $target, $data) = ("tmpfs\0", "/full\0", "nr_inodes=2\0");
		syscall(165, $type, $target, $type, 0, $data) == 0 or die $!;'
	run -1 syscontainer add-device full "$DISK:/full/dir/data"
	has_text "No space left on device"
	has_no_rule full "$(numbers "$DISK")"
	same list "$(syscontainer list-device full)" ""
}

@test "a guest that dies meanwhile: an error or success, and never a hang" {
	local i
	disk_new data
	small_start guest --restart always
	for i in {1..6}; do
		kill_init guest
		timeout 60 syscontainer add-device guest "$DISK:/dev/data" >/dev/null 2>&1 || true
		kill_init guest
		timeout 60 syscontainer remove-device guest "$DISK" >/dev/null 2>&1 || true
	done
	wait_for 20 syscontainer exec guest true 2>/dev/null
	syscontainer add-device guest "$DISK:/dev/data" || syscontainer remove-device guest "$DISK"
	if [[ $(syscontainer list-device guest) ]]; then
		is_block guest /dev/data "$DISK"
	else
		has_no_node guest /dev/data
	fi
}

@test "a guest whose own file system does not answer is given up after its time, and nothing is left" {
	tree_perl guest >/dev/null
	syscontainer run -d --name guest --device /dev/fuse "$(tree_path guest)" /bin/sh -c "$SMALL_PROGRAM" >/dev/null
	syscontainer exec -d guest perl -e '
		mkdir("/served");
		open(my $fuse, "+<", "/dev/fuse") or die $!;
		my ($source, $target, $type, $data) = ("x\0", "/served\0", "fuse\0", "fd=" . fileno($fuse) . ",rootmode=40000,user_id=0,group_id=0\0");
		syscall(165, $source, $target, $type, 0, $data) == 0 or die $!;
		mkdir("/ready");
		sleep(1000);'
	wait_for 5 test -d "$(tree_path guest)/ready"
	run -1 timeout 60 syscontainer add-device guest /dev/zero:/served/device
	has_text "a file system that the guest serves itself, does not answer"
	same list "$(syscontainer list-device guest)" ""
	syscontainer add-device guest /dev/zero:/dev/device
	opens guest /dev/device r
}

# bats test_tags=limits
@test "what is plugged in is in the one list too, and changed by it" {
	local name file=$BATS_TEST_TMPDIR/attachments
	disk_new data
	for name in mapped plain; do
		syscontainer add-device "$name" "$DISK:/dev/data:r"
		syscontainer attachments "$name" --format json >"$file"
		jq '.devices[0] += {permissions: "rw", mode: "0640", owner: "backup", write_bps: 1048576}' "$file" >"$file.new"
		syscontainer apply "$name" "$file.new"
		opens "$name" /dev/data w
		same node "$(syscontainer exec "$name" stat -c '%U %a' /dev/data)" "backup 640"
		same limit "$(limit "$name" "$DISK" bps write)" 1048576
		# Another device at the same place.
		jq '.devices[0] |= {host: "/dev/zero", guest: .guest, permissions: "r"}' "$file" >"$file.new"
		syscontainer apply "$name" "$file.new"
		same node "$(node "$name" /dev/data)" "character special file 1:5 0:0 666"
		same limit "$(limit "$name" "$DISK" bps write)" ""
		has_no_rule "$name" "$(numbers "$DISK")"
		jq '.devices[0].host = "/none"' "$file" >"$file.new"
		run -1 syscontainer apply "$name" "$file.new"
		same node "$(node "$name" /dev/data)" "character special file 1:5 0:0 666"
		jq '.devices[0].write_bps = -1' "$file" >"$file.new"
		run -1 syscontainer apply "$name" "$file.new"
		has_text "-1 is no write bps"
		syscontainer apply "$name" - <<<'{}'
		has_no_node "$name" /dev/data
	done
}

# --- bad input --------------------------------------------------------------------------------------------------------------

@test "arguments that are no devices are refused with the words that scripts know, and change nothing" {
	local value reason
	mkfifo "$BATS_TEST_TMPDIR/fifo"
	mknod "$BATS_TEST_TMPDIR/no-disk" b 7 250
	while IFS='|' read -r value reason; do
		run -1 timeout 20 syscontainer add-device mapped "$value"
		same "refusal of $value" "$output" "Failed to parse device: $value, $reason"
	done <<-END
		dev/sda|hostpath should be an absolute path: dev/sda
		/dev/zero:dev/x|containerpath should be an absolute path: dev/x
		/dev/zero:rr|containerpath should be an absolute path: rr
		/dev/zero:/dev/x:rwmr|invalid permission: rwmr
		/dev/zero::x|invalid permission: x
		/dev/zero:/dev/x:r:w|invalid device specification: /dev/zero:/dev/x:r:w
		:|either of host path and container path should be assigned
		$BATS_TEST_TMPDIR/none|lstat $BATS_TEST_TMPDIR/none: no such file or directory
		/etc/passwd|/etc/passwd: not a device
		$BATS_TEST_TMPDIR/fifo|$BATS_TEST_TMPDIR/fifo: not a device
		/tmp|/tmp: not a device
		$BATS_TEST_TMPDIR/no-disk|$BATS_TEST_TMPDIR/no-disk: the host has no block device 7:250
	END
	run -1 syscontainer remove-device mapped dev/x
	same refusal "$output" "Failed to parse device mapping: dev/x, hostpath should be an absolute path: dev/x"
	for value in -1 1.2.3 ten 10x; do
		run -1 syscontainer add-device mapped /dev/zero:/dev/x --device-read-bps "/dev/zero:$value"
		has_text "Invalid rate for device: /dev/zero:$value. The correct format is <device-path>:<number>[<unit>]."
	done
	for value in 9 1001 -1 10k; do
		run -1 syscontainer add-device mapped /dev/zero:/dev/x --blkio-weight-device "/dev/zero:$value"
		has_text "Invalid weight for device: /dev/zero:$value"
	done
	run -1 syscontainer add-device mapped /dev/zero:/dev/x --device-read-bps /dev/zero
	same refusal "$output" "Bad format: /dev/zero"
	run -1 syscontainer add-device mapped
	has_text "add-device"
	run -1 syscontainer add-device --mode 9 mapped /dev/zero
	run -1 syscontainer add-device --owner : mapped /dev/zero
	run -1 syscontainer add-device none-such /dev/zero
	has_text "none-such"
	run -1 syscontainer list-device mapped plain
	same list "$(syscontainer list-device mapped)" ""
}

@test "options stand anywhere, and both names of the program work" {
	run -0 syscontainer-tools add-device mapped --update-config-only /dev/zero:/dev/x
	same output "$output" "Add device (/dev/zero) to container(mapped,/dev/x) done."
	run -0 isulad-tools list-device mapped --pretty
	has_text '"PathInContainer": "/dev/x"'
	run -0 isulad-tools --log "$BATS_TEST_TMPDIR/log" remove-device mapped /dev/zero
	grep -qF "Remove device (/dev/zero) from container(mapped,/dev/x) done." "$BATS_TEST_TMPDIR/log"
}

# --- a machine --------------------------------------------------------------------------------------------------------------

@test "a privileged system partitions the disk, makes a file system, mounts it, and finds it again after its reboot" {
	local file
	disk_new data
	tree_new machine >/dev/null
	for file in /usr/sbin/sfdisk $(ldd /usr/sbin/sfdisk | grep -o '/[^ ]*'); do
		[[ -e $(tree_path machine)$file ]] || cp "$file" "$(tree_path machine)$file"
	done
	syscontainer run -d --name machine --privileged --user-remap none "$(tree_path machine)" >/dev/null
	syscontainer add-device --follow-partition machine "$DISK:/dev/vdb"
	syscontainer exec machine /bin/sh -ec 'printf "size=8M\n" | sfdisk -q --no-reread /dev/vdb; partx -u /dev/vdb'
	wait_for 5 test -b "${DISK}p1"
	wait_for 5 syscontainer exec machine test -b /dev/vdbp1
	syscontainer exec machine /bin/sh -ec 'mkfs.ext4 -q /dev/vdbp1; mount /dev/vdbp1 /mnt; echo kept >/mnt/file; umount /mnt'
	syscontainer exec machine systemctl reboot
	wait_for 20 has_field machine .RestartCount 1
	wait_for 20 syscontainer wait --condition=ready machine
	same content "$(syscontainer exec machine /bin/sh -ec 'mount /dev/vdbp1 /mnt; cat /mnt/file; umount /mnt')" kept
	syscontainer remove-device machine "$DISK"
	has_no_node machine /dev/vdbp1
}
