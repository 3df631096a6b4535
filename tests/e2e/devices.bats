#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Devices of the host in a guest: the node, its owner, and what the kernel lets be opened.

load common
load small

setup_file() {
	e2e_begin '"stop-timeout": "5s"'
	e2e_keep
}

setup() {
	devices=$BATS_TEST_TMPDIR/devices
	mkdir -p "$devices/below"
	mknod -m 640 "$devices/fuse" c 10 229
	mknod -m 600 "$devices/below/loop" b 7 0
}

node() { # NAME PATH: type, numbers, owner and mode inside
	syscontainer exec "$1" stat -c '%F %t:%T %u:%g %a' "$2"
}

# The device can be opened so: the kernel says EPERM where the cgroup does not allow it.
opens() { # NAME PATH r|w
	if [[ $3 == r ]]; then
		syscontainer exec "$1" /bin/sh -c "exec 9<$2"
	else
		syscontainer exec "$1" /bin/sh -c "exec 9>$2"
	fi
}

# On cgroup v1 what the kernel has.
devices_list() { # NAME
	cat "$(cgroup_file "$1" devices devices.list none)"
}

@test "--device: the node is there with the host's numbers and mode, belongs to the guest's root and can be opened" {
	local name options
	for name in mapped plain privileged; do
		options=()
		[[ $name != plain ]] || options=(--user-remap none)
		[[ $name != privileged ]] || options=(--privileged)
		small_start "$name" --device "$devices/fuse:/dev/of-host" --device /dev/fuse "${options[@]}"
		same "node in $name" "$(node "$name" /dev/of-host)" "character special file a:e5 0:0 640"
		opens "$name" /dev/of-host r
		opens "$name" /dev/fuse r
	done
	run opens mapped /dev/nothing r
	[[ $status -ne 0 ]]
	same inspect "$(field mapped "json .HostConfig.Devices" | jq -c '.[1]')" \
		'{"PathOnHost":"/dev/fuse","PathInContainer":"/dev/fuse","CgroupPermissions":"rwm"}'
	syscontainer restart mapped
	opens mapped /dev/fuse r
	# Nobody sees the nodes' file system on the host.
	run grep -c ' - tmpfs devices ' /proc/self/mountinfo
	same "mounts of the host" "$output" 0
}

@test "permissions of --device hold" {
	small_start guest --device "$devices/fuse:/dev/read:r" --device "$devices/fuse:/dev/sub/dir/again:r"
	opens guest /dev/read r
	run opens guest /dev/read w
	[[ $status -ne 0 ]]
	same node "$(node guest /dev/sub/dir/again)" "character special file a:e5 0:0 640"
	[[ ! -d /sys/fs/cgroup/devices ]] || devices_list guest | grep -qx 'c 10:229 r'
}

@test "a directory is walked, and its devices come below the place in the guest" {
	echo file >"$devices/file"
	ln -s /dev/fuse "$devices/link"
	small_start guest --device "$devices:/dev/all:r"
	same fuse "$(node guest /dev/all/fuse)" "character special file a:e5 0:0 640"
	same loop "$(node guest /dev/all/below/loop)" "block special file 7:0 0:0 600"
	same entries "$(syscontainer exec guest ls /dev/all | xargs)" "below fuse"
	opens guest /dev/all/fuse r
}

@test "numbers are read at each start" {
	small_start guest --device "$devices/fuse:/dev/x"
	rm "$devices/fuse"
	mknod -m 600 "$devices/fuse" c 1 11
	syscontainer restart guest
	same node "$(node guest /dev/x)" "character special file 1:b 0:0 600"
	[[ ! -d /sys/fs/cgroup/devices ]] || devices_list guest | grep -qx 'c 1:11 rwm'
	rm "$devices/fuse"
	syscontainer stop guest
	run -125 syscontainer start guest
	has_text "--device $devices/fuse: the host has no such device"
}

@test "a place outside of /dev, one that is there already, and one that is a directory" {
	small_start guest --device "$devices/fuse:/opt/dev/fuse" --device "$devices/fuse:/etc/passwd" --device /dev/zero:/dev/null
	same node "$(node guest /opt/dev/fuse)" "character special file a:e5 0:0 640"
	same node "$(node guest /etc/passwd)" "character special file a:e5 0:0 640"
	same node "$(node guest /dev/null)" "character special file 1:5 0:0 666"
	[[ -f $(tree_path guest)/etc/passwd ]]
	same "owner in the tree" "$(stat -c %u "$(tree_path guest)/opt/dev")" 0
	small_create bad --device "$devices/fuse:/etc"
	run -125 syscontainer start bad
	has_text "/etc of the guest is a directory"
}

@test "a symlink of the tree leads nowhere but into the tree" {
	local tree
	tree=$(tree_small linked)
	ln -s "$BATS_TEST_TMPDIR" "$tree/opt"
	run syscontainer run -d --name linked --device "$devices/fuse:/opt/fuse" "$tree" /bin/sh -c "$SMALL_PROGRAM"
	[[ ! -e $BATS_TEST_TMPDIR/fuse ]]
}

@test "--device-cgroup-rule lets a node be used that the guest has otherwise" {
	small_start guest --user-remap none --device-cgroup-rule 'c 10:229 rm' --device-cgroup-rule 'a 7:* r'
	mknod "$(tree_path guest)/fuse" c 10 229
	opens guest /fuse r
	run opens guest /fuse w
	[[ $status -ne 0 ]]
	same inspect "$(field guest "json .HostConfig.DeviceCgroupRules")" '["c 10:229 rm","a 7:* r"]'
	if [[ -d /sys/fs/cgroup/devices ]]; then
		devices_list guest | grep -qx 'c 10:229 rm'
		# "a" means both kinds, and not everything as for the kernel.
		devices_list guest | grep -qx 'c 7:\* r'
		devices_list guest | grep -qx 'b 7:\* r'
		devices_list guest | { ! grep -q '^a'; }
	fi
}

@test "by default what is not needed cannot be opened, and privileged is all devices" {
	local name
	small_start plain --user-remap none
	mknod "$(tree_path plain)/fuse" c 10 229
	run opens plain /fuse r
	[[ $status -ne 0 ]]
	small_start privileged --privileged
	mknod "$(tree_path privileged)/fuse" c 10 229
	opens privileged /fuse r
	[[ -d /sys/fs/cgroup/devices ]] || return 0
	devices_list privileged | grep -qx 'c \*:\* rwm'
	for name in plain privileged; do
		same "below, in $name" "$(cat "$(cgroup_file "$name" devices guest/devices.list none)")" "$(devices_list "$name")"
	done
}

# How many programs decide about devices in a v2 cgroup (bpf(2), BPF_PROG_QUERY).
# shellcheck disable=SC2016 # for perl
count_programs() { # DIRECTORY
	perl -e 'use POSIX; my $fd = POSIX::open($ARGV[0], O_RDONLY) // die $!; my $query = pack("L4 Q L x100", $fd, 6, 0, 0, 0, 0);
		syscall(321, 16, $query, length($query)) == 0 or die $!; print((unpack("L4 Q L", $query))[5])' "$1"
}

@test "on cgroup v2 there is one program of ours, out of the guest's reach, and none of liblxc's" {
	[[ ! -d /sys/fs/cgroup/devices ]] || skip "devices are a controller of cgroup v1 here"
	[[ $(uname -m) == x86_64 ]] || skip "the number of bpf(2) is that of x86-64"
	local name
	small_start mapped
	small_start plain --privileged --device "$devices/fuse"
	for name in mapped plain; do
		same "programs of $name" "$(count_programs "$(cgroup_file "$name" devices none .)")" 1
		same "programs of the guest's cgroup" "$(count_programs "$(cgroup_file "$name" devices none guest)")" 0
	done
}

@test "bad devices and rules are refused with option and value, and nothing is made" {
	local value tree
	tree=$(tree_small tree)
	mkfifo "$devices/fifo"
	mkdir "$devices/empty"
	for value in "$devices/none" "$devices/fifo" "$devices/empty" /etc/passwd dev/null /dev/fuse:x /dev/fuse:rr /dev/fuse::r \
		/dev/fuse:/dev/../x /dev/fuse:/proc/x /dev/fuse:/a:b:c ""; do
		run -125 timeout 20 syscontainer create --device "$value" "$tree" /bin/true
		has_text "--device"
		has_text "$value"
	done
	for value in "" "c 1:3" "d 1:3 r" "c 1:3 rr" "c 1 3 r" "c 99999:1 r" $'c 1:3 r\nlxc.hook.pre-start = /bin/true'; do
		run -125 syscontainer create --device-cgroup-rule "$value" "$tree" /bin/true
		has_text "Invalid value \"$value\" for flag --device-cgroup-rule"
	done
	run -125 syscontainer create --device /dev/null:/dev/x --device /dev/zero:/dev/x "$tree" /bin/true
	has_text "/dev/x is given twice"
	same containers "$(container_names)" ""
}
