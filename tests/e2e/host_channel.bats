#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# --host-channel: a tmpfs that host and guest share, from create to rm.
# shellcheck disable=SC2030,SC2031 # each test is a subshell, and meant to be

load common
load small

setup() {
	CHANNEL=$E2E_DIR/channels-$BATS_TEST_NUMBER/one
}

teardown() {
	e2e_clean
	! mountpoint -q "$CHANNEL" || umount --lazy "$CHANNEL"
	rm -rf --one-file-system "${CHANNEL%/*}"
}

# Attributes, type and options as the host sees the channel's mount; nothing when there is none.
mount_on_host() {
	awk -v path="$CHANNEL" '$5 == path { i = 7; while ($i != "-") i++; print $6, $(i + 1), $(i + 3) }' /proc/self/mountinfo
}

@test "host and guest see each other's files, with the owners of a shifted and of a privileged guest" {
	local name first
	for name in remapped privileged; do
		small_start "$name" --privileged="$([[ $name == privileged ]] && echo true || echo false)" --host-channel "$CHANNEL:/srv/channel:rw:1m"
		first=$(first_id "$name")
		same "the mount" "$(mount_on_host | cut -d' ' -f1-2)" "rw,nosuid,nodev,noexec,relatime tmpfs"
		has_text size=1024k "$(mount_on_host)"
		same "its root on the host" "$(stat -c '%a %u:%g' "$CHANNEL")" "1777 $first:$first"
		same "its root inside" "$(in_guest "$name" stat -c '%a %u:%g' /srv/channel)" "1777 0:0"
		echo from-host >"$CHANNEL/host"
		in_guest "$name" sh -c 'umask 027; echo from-guest >/srv/channel/guest'
		same "of the host" "$(in_guest "$name" cat /srv/channel/host)" from-host
		same "of the guest" "$(<"$CHANNEL/guest")" from-guest
		same "its owner" "$(stat -c '%u:%g' "$CHANNEL/guest")" "$first:$first"
		run in_guest "$name" dd if=/dev/zero of=/srv/channel/big bs=64k count=32
		has_text "No space left on device"
		has_text noexec "$(grep ' /srv/channel ' "/proc/$(init_pid "$name")/mountinfo")"
		syscontainer rm -f "$name"
		[[ ! -e $CHANNEL ]]
		same "the mount afterwards" "$(mount_on_host)" ""
	done
}

@test "ro: the host writes, the guest reads, and cannot change that" {
	tree_small one >/dev/null
	(cd "$SYSCONTAINER_TEST_TREE" && cp -a --parents usr/bin/mount usr/lib/*-linux-gnu/lib{mount,blkid}.so.* "$(tree_path one)")
	syscontainer run -d --name one --host-channel "$CHANNEL:/srv/channel:ro:" "$(tree_path one)" /bin/sh -c "$SMALL_PROGRAM"
	echo news >"$CHANNEL/file"
	same content "$(in_guest one cat /srv/channel/file)" news
	run in_guest one mount -o remount,bind,rw /srv/channel
	[[ $status -ne 0 ]]
	run in_guest one touch /srv/channel/new
	has_text "Read-only file system"
	same "by default" "$(mount_on_host | grep -o 'size=[0-9]*k')" size=65536k
	same inspect "$(syscontainer inspect -f '{{json .HostConfig.HostChannel}}' one)" \
		"{\"PathOnHost\":\"$CHANNEL\",\"PathInContainer\":\"/srv/channel\",\"Permissions\":\"ro\",\"Size\":67108864}"
}

@test "content survives stop and start, a guest's reboot and the monitor's death, and goes with rm" {
	small_create one --host-channel "$CHANNEL:/srv/channel"
	same "before the first start" "$(mount_on_host)" ""
	same mode "$(stat -c %a "$CHANNEL")" 700
	syscontainer start one
	in_guest one touch /srv/channel/first
	syscontainer restart one
	in_guest one touch /srv/channel/second
	kill_monitor one
	syscontainer stop one
	same "while it is stopped" "$(ls "$CHANNEL")" "first
second"
	touch "$CHANNEL/third"
	syscontainer start one
	same "after a start" "$(in_guest one ls /srv/channel)" "first
second
third"
	same "number of mounts" "$(mount_on_host | wc -l)" 1
	syscontainer rm -f one
	[[ ! -e $CHANNEL && -d ${CHANNEL%/*} ]]
	same "the mount afterwards" "$(mount_on_host)" ""
}

@test "it is removed with a container that removes itself" {
	tree_small one >/dev/null
	syscontainer run --rm --name one --host-channel "$CHANNEL:/srv/channel" "$(tree_path one)" /bin/touch /srv/channel/x
	[[ ! -e $CHANNEL ]]
	same "the mount afterwards" "$(mount_on_host)" ""
	same containers "$(container_names)" ""
}

@test "after a reboot of the host it is made again" {
	small_start one --host-channel "$CHANNEL:/srv/channel:rw:1m"
	in_guest one touch /srv/channel/old
	syscontainer stop one
	# What a reboot leaves: no mount, and below a tmpfs no directory either.
	umount "$CHANNEL"
	syscontainer start one
	same content "$(in_guest one ls /srv/channel)" ""
	syscontainer stop one
	umount "$CHANNEL"
	rmdir "$CHANNEL"
	syscontainer start one
	in_guest one touch /srv/channel/new
	same content "$(ls "$CHANNEL")" new
	has_text size=1024k "$(mount_on_host)"
}

@test "a path that is there already is refused: directory, file, symlink, another container's" {
	mkdir -p "$CHANNEL"
	tree_small one >/dev/null
	refused() {
		run -125 syscontainer create --host-channel "$1:/srv/channel" "$(tree_path one)" /bin/true
		has_text "Invalid value \"$1:/srv/channel\" for flag --host-channel"
		has_text "is there already"
	}
	refused "$CHANNEL"
	rmdir "$CHANNEL"
	touch "$CHANNEL"
	refused "$CHANNEL"
	ln -sf nowhere "$CHANNEL"
	refused "$CHANNEL"
	rm "$CHANNEL"
	small_create two --host-channel "$CHANNEL:/srv/channel"
	refused "$CHANNEL"
	same containers "$(container_names)" two
}

@test "what came into its place is not touched" {
	small_start one --host-channel "$CHANNEL:/srv/channel"
	syscontainer stop one
	umount "$CHANNEL"
	rmdir "$CHANNEL"
	mkdir "$E2E_DIR/canary"
	touch "$E2E_DIR/canary/file"
	ln -s "$E2E_DIR/canary" "$CHANNEL"
	run -125 syscontainer start one
	has_text "is no directory any more"
	same "mounts on the canary" "$(grep -c "$E2E_DIR/canary" /proc/self/mountinfo || true)" 0
	rm "$CHANNEL"
	mkdir "$CHANNEL"
	mount -t tmpfs "$E2E_CGROUP" "$CHANNEL"
	run -125 syscontainer start one
	has_text "something else is mounted"
	syscontainer rm -f one
	same "of somebody else" "$(mount_on_host | wc -l)" 1
	umount "$CHANNEL"
	[[ -e $E2E_DIR/canary/file ]]
	rm -r "$E2E_DIR/canary"
}

@test "it takes the place of a tmpfs that the guest would have had there" {
	small_start one --host-channel "$CHANNEL:/dev/shm"
	small_start two --read-only --host-channel "$CHANNEL-two:/tmp"
	touch "$CHANNEL/file" "$CHANNEL-two/file"
	same "/dev/shm" "$(in_guest one ls /dev/shm)" file
	same "/tmp" "$(in_guest two ls /tmp)" file
}

@test "sizes and words out of range are refused, and nothing is made" {
	local value half
	half=$(awk '/^MemTotal/ { print int($2 / 2) }' /proc/meminfo)
	tree_small one >/dev/null
	for value in "$CHANNEL" relative:/x "/:/srv" "$CHANNEL:/" "$CHANNEL:/proc/x" "$CHANNEL:/srv:wx" "$CHANNEL:/srv:rw:4095" "$CHANNEL:/srv:rw:zero" \
		"$CHANNEL:/srv:rw:1m:1" "$CHANNEL:/srv:rw:$((half + 4096))k" "$CHANNEL/../x:/srv"; do
		run -125 syscontainer create --host-channel "$value" "$(tree_path one)" /bin/true
		has_text "Invalid value \"$value\" for flag --host-channel"
	done
	run -125 syscontainer create --host-channel "$CHANNEL:/srv" --tmpfs /srv "$(tree_path one)" /bin/true
	has_text "the destination /srv is given twice"
	[[ ! -e $CHANNEL ]]
	same containers "$(container_names)" ""
	small_start small --host-channel "$CHANNEL:/srv/channel:rw:4k"
	has_text size=4k "$(mount_on_host)"
}
