#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# What happens to disks while they are plugged in: partitions that come and go, a disk that is gone, and what a guest hears of it.

load common
load small
load plug

setup_file() {
	plug_begin
	tree_perl mapped >/dev/null
	syscontainer run -d --name mapped "$(tree_path mapped)" /bin/sh -c "$SMALL_PROGRAM"
	tree_perl plain >/dev/null
	syscontainer run -d --name plain --user-remap none "$(tree_path plain)" /bin/sh -c "$SMALL_PROGRAM"
	e2e_keep
}

setup() {
	local file=$BATS_TEST_TMPDIR/disk
	truncate -s 16M "$file"
	DISK=$(losetup --find --show "$file")
	echo "$DISK" >"$E2E_DIR/disk"
}

teardown() {
	plug_take_back
	e2e_clean
	disk_remove
}

teardown_file() {
	disk_remove
	e2e_end
}

disk_remove() {
	local disk
	[[ -e $E2E_DIR/disk ]] || return 0
	disk=$(cat "$E2E_DIR/disk")
	partx --delete "$disk" 2>/dev/null || true
	losetup -d "$disk" 2>/dev/null || true
	rm "$E2E_DIR/disk"
}

partition_add() { # DISK NUMBER
	addpart "$1" "$2" $(($2 * 1024)) 1024
}

opens() { # NAME PATH
	syscontainer exec "$1" /bin/sh -c "exec 9<$2" 2>/dev/null
}

@test "partitions come and go with a disk that is followed, and with no other" {
	local name
	partition_add "$DISK" 1
	syscontainer add-device --follow-partition mapped "$DISK:/dev/data:r"
	syscontainer add-device plain "$DISK:/dev/data:r"
	has_node_of mapped /dev/datap1 "${DISK}p1"
	partition_add "$DISK" 12
	wait_for 5 has_node_of mapped /dev/datap12 "${DISK}p12"
	opens mapped /dev/datap12
	run ! syscontainer exec mapped /bin/sh -c 'exec 9>>/dev/datap12'
	same list "$(syscontainer list-device --sub-partition mapped | jq -c '[.[].PathInContainer]')" '["/dev/data","/dev/datap1","/dev/datap12"]'
	delpart "$DISK" 1
	wait_for 5 has_no_node mapped /dev/datap1
	has_node_of mapped /dev/datap12 "${DISK}p12"
	has_no_node plain /dev/datap12
	syscontainer remove-device plain "$DISK"
	syscontainer add-device --follow-partition plain "$DISK:/dev/other"
	has_node_of plain /dev/otherp12 "${DISK}p12"
	# Both hear of it.
	delpart "$DISK" 12
	partition_add "$DISK" 3
	for name in mapped:data plain:other; do
		wait_for 5 has_node_of "${name%:*}" "/dev/${name#*:}p3" "${DISK}p3"
		has_no_node "${name%:*}" "/dev/${name#*:}p12"
	done
}

@test "what happens while there is no monitor is seen by the next one" {
	syscontainer add-device --follow-partition mapped "$DISK:/dev/data"
	kill_monitor mapped
	partition_add "$DISK" 2
	syscontainer repair >/dev/null
	wait_for 5 has_node_of mapped /dev/datap2 "${DISK}p2"
	delpart "$DISK" 2
	wait_for 5 has_no_node mapped /dev/datap2
}

@test "followed partitions are there after a reboot, and are followed again" {
	syscontainer add-device --follow-partition plain "$DISK:/dev/data"
	partition_add "$DISK" 2
	wait_for 5 has_node_of plain /dev/datap2 "${DISK}p2"
	syscontainer restart plain
	has_node_of plain /dev/datap2 "${DISK}p2"
	partition_add "$DISK" 3
	wait_for 5 has_node_of plain /dev/datap3 "${DISK}p3"
}

@test "a disk that is gone goes out of the guest, and another one with its number is not the guest's" {
	local name numbers
	truncate -s 8M "$BATS_TEST_TMPDIR/secret"
	for name in mapped plain; do
		syscontainer add-device "$name" "$DISK:/dev/data"
	done
	losetup -d "$DISK"
	for name in mapped plain; do
		wait_for 5 has_no_node "$name" /dev/data
		same "live devices of $name" "$(plugged "$name" '.live.devices | length')" 0
	done
	losetup "$DISK" "$BATS_TEST_TMPDIR/secret"
	numbers=$((0x$(stat -c %t "$DISK"))):$((0x$(stat -c %T "$DISK")))
	[[ ! -d /sys/fs/cgroup/devices ]] || run ! grep " $numbers " "$(cgroup_file mapped devices devices.list none)"
	same "recorded devices" "$(recorded mapped '.devices | length')" 1
}

@test "a cgroup of the guest gets what is plugged in, unless the guest allowed it less, and each loses what is taken out" {
	[[ -d /sys/fs/cgroup/devices ]] || skip "cgroup v2: programs of the guest's own add up with ours"
	local top numbers name
	numbers=$((0x$(stat -c %t "$DISK"))):$((0x$(stat -c %T "$DISK")))
	small_start usual --user-remap none
	top=$(cgroup_file usual devices guest none)
	mkdir -p "$top/open/below" "$top/closed"
	# as systemd does for a unit with DevicePolicy=closed
	echo a >"$top/closed/devices.deny"
	echo 'c 1:3 rwm' >"$top/closed/devices.allow"
	mkdir "$top/closed/below"
	syscontainer add-device usual "$DISK:/dev/data:rw"
	for name in . open open/below; do
		grep -qx "b $numbers rw" "$top/$name/devices.list"
	done
	for name in closed closed/below; do
		same "list of $name" "$(cat "$top/$name/devices.list")" 'c 1:3 rwm'
	done
	echo "b $numbers r" >"$top/closed/devices.allow"
	syscontainer remove-device usual "$DISK"
	for name in . open open/below closed closed/below; do
		run ! grep " $numbers " "$top/$name/devices.list"
	done
	rmdir "$top"/{open/below,open,closed/below,closed}
}

# In the guest: prints the kernel's events as lines, from when the file /run/listens is there until /run/done is.
# shellcheck disable=SC2016 # for perl
LISTENER='socket(my $s, 16, 3, 15) or die $!; bind($s, pack("SSLL", 16, 0, 0, 1)) or die $!;
	setsockopt($s, 1, 16, pack("i", 1)); open(my $f, ">", "/run/listens"); close($f);
	while (! -e "/run/done") { my $r = ""; vec($r, fileno($s), 1) = 1; next if select($r, undef, undef, 0.02) <= 0;
	recv($s, my $m, 8192, 0); $m =~ tr/\0/ /; syswrite(STDOUT, "$m\n") }'

@test "a guest hears of a device by its own name for it, and finds a record of it" {
	local name pid numbers
	numbers=$((0x$(stat -c %t "$DISK"))):$((0x$(stat -c %T "$DISK")))
	for name in mapped plain; do
		syscontainer exec "$name" perl -e "$LISTENER" >"$BATS_TEST_TMPDIR/heard-$name" 3>&- &
		pid=$!
		wait_for 5 syscontainer exec "$name" /bin/sh -c "test -e /run/listens"
		syscontainer add-device --follow-partition "$name" "$DISK:/dev/data"
		same "record in $name" "$(syscontainer exec "$name" cat "/run/udev/data/b$numbers" | sed 's/^I:[0-9]*$/I:N/')" $'S:data\nI:N'
		partition_add "$DISK" 1
		wait_for 5 has_node_of "$name" /dev/datap1 "${DISK}p1"
		delpart "$DISK" 1
		wait_for 5 has_no_node "$name" /dev/datap1
		syscontainer remove-device "$name" "$DISK"
		syscontainer exec "$name" /bin/sh -c "test ! -e /run/udev/data/b$numbers"
		syscontainer exec "$name" touch /run/done
		wait "$pid"
		# A host-root guest hears the kernel itself, too.
		same "heard in $name" "$(sed -nE 's/^([a-z]+)@.*MAJOR=.* DEVNAME=(data[^ ]*) .*SEQNUM=.*/\1 \2/p; s/^([a-z]+)@.*DEVNAME=(data[^ ]*) SEQNUM=.*/\1 \2/p' "$BATS_TEST_TMPDIR/heard-$name" | xargs)" \
			"add data add datap1 remove datap1 remove data"
		grep -q "^add@/devices/virtual/block/.* ACTION=add .*SUBSYSTEM=block .*MAJOR=${numbers%:*} MINOR=${numbers#*:} DEVNAME=data DEVTYPE=disk .*SEQNUM=" \
			"$BATS_TEST_TMPDIR/heard-$name"
		syscontainer exec "$name" perl -e "unlink(qw(/run/listens /run/done)) == 2 or die"
	done
}
