#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Paths of the host that are plugged into containers, running and not: add-path, remove-path, list-path. Seen from inside, in the kernel's table of PID 1's
# mounts, and on the host, whose content must never be touched.
# shellcheck disable=SC2016,SC2030,SC2031,SC2034 # what is in single quotes is for the guest's shell; each test is a subshell, and meant to be; MOUNTED is mounting's

load common
load small
load mounting
load plug

setup_file() {
	plug_begin
	mounting_start mapped
	mounting_start plain --user-remap none
	e2e_keep
}

setup() {
	HOST=$E2E_DIR/host-$BATS_TEST_NUMBER
	mkdir "$HOST" "$HOST/data"
	echo content >"$HOST/data/file"
	MOUNTED=()
}

teardown() {
	local name path
	for name in mapped plain; do
		[[ $(field "$name" .State.Status) == running ]] || syscontainer start "$name"
		while path=$(syscontainer list-path "$name" | jq -r 'last') && [[ $path ]]; do
			syscontainer remove-path --force "$name" "$path" >/dev/null || break
		done
	done
	e2e_clean
	host_clean
}

paths_of() { # NAME
	syscontainer list-path "$1" | jq -r '.[]?'
}

mounts_at() { # NAME PATH
	awk -v path="$2" '$5 == path' "/proc/$(init_pid "$1")/mountinfo" | wc -l
}

refused() { # TEXT COMMAND...
	local text=$1
	shift
	run -1 --separate-stderr "$@"
	same "standard output" "$output" ""
	# shellcheck disable=SC2154 # run sets it
	has_text "$text" "$stderr"
}

# --- there and back ---------------------------------------------------------------------------------------------------------

@test "a directory and a file: seen with the guest's ids, listed, recorded, and gone again" {
	local name
	chown 1000:1000 "$HOST/data/file"
	for name in mapped plain; do
		run -0 syscontainer add-path "$name" "$HOST/data:/srv/new/place" "$HOST/data/file:/srv/new/file:ro"
		same output "$output" "Add path ($HOST/data) to container($name,/srv/new/place) done.
Add path ($HOST/data/file) to container($name,/srv/new/file) done."
		same "what is inside" "$(in_guest "$name" cat /srv/new/place/file /srv/new/file)" "content
content"
		same "owner inside" "$(in_guest "$name" stat -c %u:%g /srv/new/place/file)" 1000:1000
		in_guest "$name" sh -c 'echo in >/srv/new/place/by-root'
		same "owner on the host" "$(host_owner "$HOST/data/by-root")" 0:0
		run in_guest "$name" sh -c 'echo in >/srv/new/file'
		has_text "Read-only file system"
		same "the made directory" "$(in_guest "$name" stat -c '%a %u:%g' /srv/new)" "755 0:0"
		syscontainer exec -u 7:8 "$name" cat /srv/new/place/file
		same list "$(syscontainer list-path "$name")" "[\"$HOST/data:/srv/new/place:rw,rslave\",\"$HOST/data/file:/srv/new/file:ro\"]"
		same "pretty list" "$(syscontainer list-path -p "$name" | jq -c .)" "$(syscontainer list-path "$name")"
		same record "$(recorded "$name" '.paths | length')" 2
		same live "$(plugged "$name" '.live.paths | map(.now.mount_id > 0) | all')" true
		run -0 syscontainer remove-path "$name" "$HOST/data:/srv/new/place" "$HOST/data/file:/srv/new/file:whatever"
		same output "$output" "Remove path ($HOST/data) from container($name,/srv/new/place) done
Remove path ($HOST/data/file) from container($name,/srv/new/file) done"
		same "what is left inside" "$(in_guest "$name" sh -c 'ls -A /srv 2>&1 || true')" "ls: cannot access '/srv': No such file or directory"
		same list "$(syscontainer list-path "$name")" ""
		same record "$(recorded "$name" .paths)" null
		rm "$HOST/data/by-root"
	done
	same "the host's content" "$(cat "$HOST/data/file")" content
	has_text "done." "$(syscontainer-tools add-path mapped "$HOST/data:/srv/x")"
}

@test "ro holds, for what is mounted below too, and the root of a guest with ids of its own cannot take it back" {
	local path
	host_mount "$HOST/data/below"
	touch "$HOST/data/below/file"
	for name in mapped plain; do
		syscontainer add-path "$name" "$HOST/data:/mnt/it:ro" "$HOST/data/file:/mnt/file:ro"
		for path in /mnt/it /mnt/it/below; do
			[[ $(mount_of "$name" "$path") == ro,* ]]
			run in_guest "$name" touch "$path/new"
			has_text "Read-only file system"
		done
	done
	for path in /mnt/it /mnt/it/below /mnt/file; do
		run in_guest mapped mount -o remount,bind,rw "$path"
		[[ $status -ne 0 ]]
		[[ $(mount_of mapped "$path") == ro,* ]]
	done
	run in_guest mapped sh -c 'mount --rbind /mnt/it /tmp && mount -o remount,bind,rw /tmp'
	[[ $status -ne 0 && $(mount_of mapped /tmp) == ro,* ]]
	in_guest mapped umount -l /tmp
	same "left over of the way there" "$(grep -c syscontainer-stage "/proc/$(init_pid mapped)/mountinfo" || true)" 0
	for name in mapped plain; do
		syscontainer remove-path "$name" "$HOST/data/file:/mnt/file" "$HOST/data:/mnt/it"
		same "mounts that are left" "$(grep -c ' /mnt/' "/proc/$(init_pid "$name")/mountinfo" || true)" 0
	done
	# It was the guest's mount that was read-only.
	touch "$HOST/data/below/new"
}

@test "propagation: as a slave it sees what the host mounts later, as private not, and nothing goes back" {
	host_mount "$HOST/source"
	mount --make-shared "$HOST/source"
	mkdir "$HOST/source/"{later,inside}
	for name in mapped plain; do
		syscontainer add-path "$name" "$HOST/source:/mnt/slave"
		syscontainer add-path "$name" "$HOST/source/.:/mnt/private:rw,private" && e2e_die "one source with two sets of options"
		syscontainer add-path "$name" "$HOST:/mnt/private:rw,private"
	done
	host_mount "$HOST/source/later"
	touch "$HOST/source/later/file"
	for name in mapped plain; do
		same slave "$(in_guest "$name" ls /mnt/slave/later)" file
		same private "$(in_guest "$name" ls /mnt/private/source/later)" ""
		in_guest "$name" mount -t tmpfs none /mnt/slave/inside
		in_guest "$name" touch /mnt/slave/inside/file
		same "on the host" "$(ls "$HOST/source/inside")" ""
		in_guest "$name" umount /mnt/slave/inside
		# What came by propagation does not keep it.
		syscontainer remove-path "$name" "$HOST/source:/mnt/slave"
		same "mounts that are left" "$(grep -c ' /mnt/slave' "/proc/$(init_pid "$name")/mountinfo" || true)" 0
	done
	mountpoint -q "$HOST/source/later"
}

@test "noshift shows the host's ids, and a file system that cannot be shifted is named" {
	mkdir "$HOST/ram"
	mount -t ramfs "$E2E_CGROUP" "$HOST/ram"
	MOUNTED=("$HOST/ram")
	refused "(ramfs)" syscontainer add-path mapped "$HOST/ram:/mnt/ram"
	has_text noshift "$stderr"
	same "what is left inside" "$(in_guest mapped sh -c 'ls /mnt 2>/dev/null || true')" ""
	syscontainer add-path mapped "$HOST/ram:/mnt/ram:noshift" "$HOST/data:/mnt/data:noshift"
	same "owner inside" "$(in_guest mapped stat -c %u /mnt/data/file)" 65534
	same list "$(paths_of mapped | head -1)" "$HOST/ram:/mnt/ram:rw,noshift"
}

@test "ext4 on a loop disk, mounted by the host: the guest's root writes, the host sees its ids" {
	truncate -s 8M "$HOST/image"
	mkfs.ext4 -q "$HOST/image"
	mkdir "$HOST/disk"
	mount -o loop "$HOST/image" "$HOST/disk"
	MOUNTED=("$HOST/disk")
	chmod 755 "$HOST/disk"
	syscontainer add-path mapped "$HOST/disk:/mnt/disk"
	in_guest mapped sh -c 'echo data >/mnt/disk/file'
	same "owner on the host" "$(host_owner "$HOST/disk/file")" 0:0
	syscontainer exec -u 0 mapped sh -c 'mkdir /mnt/disk/own'
	has_mount mapped /mnt/disk idmapped
	has_mount mapped /mnt/disk ext4
	syscontainer remove-path mapped "$HOST/disk:/mnt/disk"
	# Nobody holds it any more.
	umount "$HOST/disk"
	MOUNTED=()
}

@test "recorded while stopped, plugged in at each boot, kept over restart, guest reboot and removal while stopped" {
	local name
	for name in one two; do
		mounting_start "$name" --user-remap "$([[ $name == one ]] && echo auto || echo none)" --restart on-reboot
		syscontainer stop "$name"
		syscontainer add-path "$name" "$HOST/data:/mnt/it:ro"
		same list "$(paths_of "$name")" "$HOST/data:/mnt/it:ro"
		syscontainer start "$name"
		same inside "$(in_guest "$name" cat /mnt/it/file)" content
		[[ $(mount_of "$name" /mnt/it) == ro,* ]]
		syscontainer add-path "$name" "$HOST/data/file:/mnt/file"
		syscontainer restart "$name"
		same inside "$(in_guest "$name" cat /mnt/it/file /mnt/file)" "content
content"
		syscontainer remove-path "$name" "$HOST/data:/mnt/it"
		same "mounts at /mnt/it" "$(mounts_at "$name" /mnt/it)" 0
		syscontainer stop "$name"
		syscontainer remove-path "$name" "$HOST/data/file:/mnt/file"
		syscontainer start "$name"
		same "mounts at /mnt/file" "$(mounts_at "$name" /mnt/file)" 0
		same list "$(syscontainer list-path "$name")" ""
	done
}

@test "a missing directory is made when its parent is there, and taken back when the command fails" {
	run -0 syscontainer add-path mapped "$HOST/made:/mnt/made"
	same "on the host" "$(stat -c '%F %a %u:%g' "$HOST/made")" "directory 755 0:0"
	in_guest mapped touch /mnt/made/new
	syscontainer remove-path mapped "$HOST/made:/mnt/made"
	[[ -e $HOST/made/new ]]
	refused "$HOST/no/where" syscontainer add-path mapped "$HOST/first:/mnt/a" "$HOST/no/where:/mnt/b"
	[[ ! -e $HOST/first && ! -e $HOST/no ]]
	ln -s "$HOST/nothing" "$HOST/dangling"
	refused "$HOST/dangling" syscontainer add-path mapped "$HOST/dangling:/mnt/a"
	same list "$(syscontainer list-path mapped)" ""
	# A symlink of the host is followed.
	ln -s "$HOST/data" "$HOST/link"
	syscontainer add-path mapped "$HOST/link:/mnt/link"
	same inside "$(in_guest mapped cat /mnt/link/file)" content
}

@test "a source that vanished is skipped at boot with a warning, or fails the start when it is required; repair brings it back" {
	small_create one
	syscontainer add-path one "$HOST/data:/mnt/it"
	mv "$HOST/data" "$HOST/moved"
	syscontainer start one
	[[ ! -e $HOST/data ]]
	same "mounts at /mnt/it" "$(mounts_at one /mnt/it)" 0
	has_text "$HOST/data" "$(syscontainer attachments one)"
	has_text "No such file or directory" "$(syscontainer attachments one)"
	mv "$HOST/moved" "$HOST/data"
	syscontainer repair
	same inside "$(in_guest one cat /mnt/it/file)" content
	syscontainer rm -f one
	small_create two
	syscontainer add-path --required two "$HOST/data:/mnt/it"
	mv "$HOST/data" "$HOST/moved"
	run -125 syscontainer start two
	has_text "$HOST/data"
	[[ ! -e $HOST/data ]]
	mv "$HOST/moved" "$HOST/data"
	syscontainer start two
	same inside "$(in_guest two cat /mnt/it/file)" content
}

# --- in use -------------------------------------------------------------------------------------------------------------------

@test "a path in use is kept, and the message says by whom; --force detaches it" {
	local name holder
	for name in mapped plain; do
		syscontainer add-path "$name" "$HOST/data:/mnt/it"
		syscontainer exec "$name" sh -c 'cd /mnt/it; echo $$ >/tmp/pid; exec sleep 100' 3>&- &
		wait_for 5 in_guest "$name" sh -c '[ "$(cat "/proc/$(cat /tmp/pid)/comm")" = sleep ]'
		holder=$(in_guest "$name" cat /tmp/pid)
		refused "process $holder (sleep: working directory)" syscontainer remove-path "$name" "$HOST/data:/mnt/it"
		same "mounts at /mnt/it" "$(mounts_at "$name" /mnt/it)" 1
		same list "$(paths_of "$name")" "$HOST/data:/mnt/it:rw,rslave"
		syscontainer remove-path --force "$name" "$HOST/data:/mnt/it"
		same "mounts at /mnt/it" "$(mounts_at "$name" /mnt/it)" 0
		same "what who uses it sees" "$(in_guest "$name" cat "/proc/$holder/cwd/file")" content
		in_guest "$name" sh -c "kill $holder; rm /tmp/pid"
		wait $! || true
	done
}

@test "what the guest mounted on it keeps it, and what it mounted over it; --force takes that along" {
	local name
	for name in mapped plain; do
		syscontainer add-path "$name" "$HOST/data:/mnt/it"
		mkdir -p "$HOST/data/sub"
		in_guest "$name" mount -t tmpfs none /mnt/it/sub
		refused "the guest has mounted tmpfs on /mnt/it/sub" syscontainer remove-path "$name" "$HOST/data:/mnt/it"
		in_guest "$name" umount /mnt/it/sub
		in_guest "$name" mount -t tmpfs none /mnt/it
		refused "the guest has mounted tmpfs on /mnt/it" syscontainer remove-path "$name" "$HOST/data:/mnt/it"
		same list "$(paths_of "$name")" "$HOST/data:/mnt/it:rw,rslave"
		syscontainer remove-path -f "$name" "$HOST/data:/mnt/it"
		same "mounts at /mnt/it" "$(mounts_at "$name" /mnt/it)" 0
		syscontainer add-path "$name" "$HOST/data:/mnt/it/deep"
		in_guest "$name" mount -t tmpfs none /mnt/it
		refused "mounted something over /mnt/it/deep" syscontainer remove-path -f "$name" "$HOST/data:/mnt/it/deep"
		in_guest "$name" umount /mnt/it
		syscontainer remove-path "$name" "$HOST/data:/mnt/it/deep"
	done
	same "the host's content" "$(cat "$HOST/data/file")" content
}

@test "moved, renamed or unmounted by the guest: the mount itself is found, and nothing else is unmounted" {
	local name
	for name in mapped plain; do
		in_guest "$name" mount --make-rprivate /
		syscontainer add-path "$name" "$HOST/data:/mnt/it"
		in_guest "$name" sh -c 'mkdir /elsewhere && mount --move /mnt/it /elsewhere && mount -t tmpfs none /mnt/it'
		syscontainer remove-path "$name" "$HOST/data:/mnt/it"
		same "mounts at /elsewhere" "$(mounts_at "$name" /elsewhere)" 0
		same "the guest's own" "$(mounts_at "$name" /mnt/it)" 1
		in_guest "$name" sh -c 'umount /mnt/it; rmdir /elsewhere /mnt/it'
		syscontainer add-path "$name" "$HOST/data:/mnt/it"
		in_guest "$name" sh -c 'umount /mnt/it; mount -t tmpfs none /mnt/it'
		syscontainer remove-path "$name" "$HOST/data:/mnt/it"
		same "the guest's own" "$(mounts_at "$name" /mnt/it)" 1
		in_guest "$name" sh -c 'umount /mnt/it; rm -r /mnt'
	done
}

@test "a path in a path: the outer one stays until the inner one is gone" {
	mkdir "$HOST/inner"
	touch "$HOST/inner/in"
	for name in mapped plain; do
		syscontainer add-path "$name" "$HOST/data:/mnt/out"
		syscontainer add-path "$name" "$HOST/inner:/mnt/out/in:ro"
		same "the mount point on the host" "$(stat -c %u "$HOST/data/in")" 0
		refused "is plugged in below it, at /mnt/out/in" syscontainer remove-path --force "$name" "$HOST/data:/mnt/out"
		same inside "$(in_guest "$name" ls /mnt/out/in)" in
		syscontainer remove-path "$name" "$HOST/data:/mnt/out" "$HOST/inner:/mnt/out/in"
		[[ ! -e $HOST/data/in ]]
		same "the host's content" "$(cat "$HOST/data/file")" content
	done
}

# --- refused ------------------------------------------------------------------------------------------------------------------

@test "bad arguments are refused, and nothing is made or recorded" {
	local argument text
	while IFS='|' read -r argument text; do
		refused "$text" syscontainer add-path mapped "$HOST/data:/mnt/good" "$argument"
	done <<-END
		/|Failed to parse bind: /, invalid path specification: /
		:/mnt|only absolute path is allowed
		data:/mnt|only absolute path is allowed
		$HOST:mnt|only absolute path is allowed
		$HOST:/mnt:wo|invalid permissions: wo
		$HOST:/mnt:ro,rw|invalid permissions: ro,rw
		$HOST:/mnt:shared|invalid permissions: shared
		$HOST:/mnt:ro:x|invalid path specification
		$HOST:/|Failed to parse bind: $HOST:/, the destination is the guest's root
		$HOST:/proc|Failed to parse bind: $HOST:/proc,
		$HOST:/sys/fs|Failed to parse bind: $HOST:/sys/fs,
		$HOST:/dev|Failed to parse bind: $HOST:/dev,
		$HOST:/run/host|Failed to parse bind: $HOST:/run/host,
		$HOST:/mnt/../x|Failed to parse bind
		$HOST:/mnt/good/|Mount more than one host paths to a single path in container
		$HOST/data/file:/mnt|of the guest is a directory
		$HOST/data/file/x:/mnt/x|Not a directory
	END
	refused "No such container" syscontainer add-path nobody "$HOST:/mnt/x"
	run -1 syscontainer add-path mapped
	run -1 syscontainer add-path mapped "$HOST:/x" --nonsense
	run -1 syscontainer list-path mapped more
	refused "fail to find bind" syscontainer remove-path mapped "$HOST:/mnt/x"
	same "what is left inside" "$(in_guest mapped sh -c 'ls /mnt 2>/dev/null || true')" ""
	same list "$(syscontainer list-path mapped)" ""
	same intent "$(plugged mapped .intent)" null
}

@test "a place is taken once, by create's mounts too, and one source has one set of options" {
	mkdir "$HOST/other"
	mounting_start one -v "$HOST/data:/mnt/v"
	refused "Mount more than one host paths" syscontainer add-path one "$HOST/other:/mnt/v"
	syscontainer add-path one "$HOST/other:/mnt/o"
	refused "Mount more than one host paths" syscontainer add-path one "$HOST/data:/mnt/o"
	refused "Mount more than one host paths" syscontainer add-path one "$HOST/other:/mnt/o"
	refused "Mount one host path with different permissions, old: rw,rslave, new: ro" syscontainer add-path one "$HOST/other:/mnt/p:ro"
	syscontainer add-path one "$HOST/other:/mnt/p"
	refused "fail to find bind" syscontainer remove-path one "$HOST/data:/mnt/o"
	refused "fail to find bind" syscontainer remove-path one "$HOST/other:/mnt/o" "$HOST/data:/mnt/v"
	same "mounts at /mnt/o" "$(mounts_at one /mnt/o)" 1
	# Doubly mounted, and half of it removed.
	syscontainer remove-path one "$HOST/other:/mnt/o"
	in_guest one touch /mnt/p/file
	[[ -e $HOST/other/file ]]
}

@test "128 paths, and none more" {
	local i paths=()
	for ((i = 0; i < 127; i++)); do
		paths+=("$HOST/data:/mnt/many/$i")
	done
	small_create one
	syscontainer add-path one "${paths[@]}" >/dev/null
	refused "Path already reach max limit" syscontainer add-path one "$HOST/data:/mnt/x" "$HOST/data:/mnt/y"
	same number "$(paths_of one | wc -l)" 127
	syscontainer add-path one "$HOST/data:/mnt/x"
	refused "Path already reach max limit" syscontainer add-path one "$HOST/data:/mnt/y"
	syscontainer start one
	same "mounts below /mnt/many" "$(grep -c ' /mnt/many/' "/proc/$(init_pid one)/mountinfo")" 127
	syscontainer remove-path one "${paths[@]}" >/dev/null
	same "mounts below /mnt" "$(grep -c ' /mnt/' "/proc/$(init_pid one)/mountinfo")" 1
}

@test "names with blanks, quotes and newlines stay names" {
	local odd=$'a b\n"c" \\040 $(x) <&>'
	mkdir "$HOST/$odd"
	touch "$HOST/$odd/file"
	syscontainer add-path mapped "$HOST/$odd:/mnt/$odd"
	same inside "$(in_guest mapped ls "/mnt/$odd")" file
	same list "$(syscontainer list-path mapped | jq -r '.[0]')" "$HOST/$odd:/mnt/$odd:rw,rslave"
	syscontainer remove-path mapped "$HOST/$odd:/mnt/$odd"
	same "what is left inside" "$(in_guest mapped sh -c 'ls /mnt 2>/dev/null || true')" ""
}

@test "several in one command: all or none, and apply changes one in place" {
	mkdir "$HOST/other"
	touch "$HOST/other/other"
	for name in mapped plain; do
		in_guest "$name" sh -c 'mkdir -p /full && mount -t tmpfs -o nr_inodes=1 none /full'
		refused "No space left on device" syscontainer add-path "$name" "$HOST/data:/mnt/a" "$HOST/data:/mnt/b" "$HOST/data:/full/c/d"
		same "what is left inside" "$(in_guest "$name" sh -c 'ls -A /mnt /full 2>/dev/null || true')" "/full:"
		in_guest "$name" sh -c 'umount /full; rmdir /full'
		same list "$(syscontainer list-path "$name")" ""
		syscontainer add-path "$name" "$HOST/data:/mnt/a"
		syscontainer attachments --format json "$name" | jq --arg host "$HOST/other" '.paths[0].host = $host | .paths[0].is_read_only = true' >"$HOST/wanted"
		has_text "change path $HOST/other at /mnt/a" "$(syscontainer apply "$name" "$HOST/wanted")"
		same inside "$(in_guest "$name" ls /mnt/a)" other
		[[ $(mount_of "$name" /mnt/a) == ro,* ]]
		same "mounts at /mnt/a" "$(mounts_at "$name" /mnt/a)" 1
		same record "$(paths_of "$name")" "$HOST/other:/mnt/a:ro,rslave"
		syscontainer remove-path "$name" "$HOST/other:/mnt/a"
		same "what is left inside" "$(in_guest "$name" sh -c 'ls /mnt 2>/dev/null || true')" ""
	done
}

@test "relabel: refused where there is no SELinux, and nothing is made permissive" {
	[[ ! -e /sys/fs/selinux/enforce ]] || skip "this host has SELinux"
	refused "SELinux is not on" syscontainer relabel
	refused "SELinux is not on" syscontainer-tools relabel --isulad-path /usr/bin --rootfs /x
}

# --- a guest that does not want to ------------------------------------------------------------------------------------------------

@test "a frozen guest and one that is ended meanwhile keep nobody waiting" {
	local i
	for name in mapped plain; do
		syscontainer pause "$name"
		timeout 20 syscontainer add-path "$name" "$HOST/data:/mnt/it"
		same "mounts at /mnt/it" "$(mounts_at "$name" /mnt/it)" 1
		timeout 20 syscontainer remove-path "$name" "$HOST/data:/mnt/it"
		syscontainer unpause "$name"
	done
	mounting_start one
	for ((i = 0; i < 5; i++)); do
		(sleep "0.0$i" && kill -9 "$(init_pid one)") 2>/dev/null 3>&- &
		timeout 20 syscontainer add-path one "$HOST/data:/mnt/$i" || true
		wait $! || true
		wait_for 5 has_field one .State.Status exited
		syscontainer start one
		# Before or after: what is recorded is there.
		same "mounts at /mnt/$i" "$(mounts_at one "/mnt/$i")" "$(paths_of one | grep -c "/mnt/$i:" || true)"
		timeout 20 syscontainer remove-path one "$HOST/data:/mnt/$i" || true
	done
	same "the host's content" "$(cat "$HOST/data/file")" content
}

host_state() {
	find "$HOST" -printf '%p %y %m %U:%G %s\n' | sort
	cat "$HOST/data/file"
	grep -F "$HOST" /proc/self/mountinfo || true
}

@test "a guest that swaps symlinks and mounts all the time: nothing of the host changes, and no path is left" {
	local i name flipper
	mkdir -p "$HOST/canary/mine"
	cat >"$BATS_TEST_TMPDIR/flipper.sh" <<-'END'
		while :; do
			mv -T /flip/link /flip/it 2>/dev/null; ln -sfn ../../../../../../../flip /flip/link
			umount -l /flip/dir/data 2>/dev/null; mount -t tmpfs none /flip/dir 2>/dev/null
			mkdir -p /flip/dir/data; umount -l /flip/dir 2>/dev/null
			mount --bind /etc /flip/dir/data 2>/dev/null; mv /flip/dir /flip/was; ln -s /proc /flip/dir; rm /flip/dir; mv /flip/was /flip/dir
		done
	END
	host_state >"$BATS_TEST_TMPDIR/before"
	for name in mapped plain; do
		mounting_start "evil-$name" --user-remap "$([[ $name == mapped ]] && echo auto || echo none)"
		mkdir -p "$(tree_path "evil-$name")/flip/dir"
		cp "$BATS_TEST_TMPDIR/flipper.sh" "$(tree_path "evil-$name")/"
		syscontainer exec "evil-$name" sh /flipper.sh >/dev/null 2>&1 3>&- &
		flipper=$!
		for ((i = 0; i < 12; i++)); do
			timeout 20 syscontainer add-path "evil-$name" "$HOST/data:/flip/dir/data:ro" >/dev/null 2>&1 || true
			timeout 20 syscontainer add-path "evil-$name" "$HOST/canary:/flip/dir/made/by/us:ro" >/dev/null 2>&1 || true
			timeout 20 syscontainer remove-path "evil-$name" "$HOST/data:/flip/dir/data" >/dev/null 2>&1 || true
			timeout 20 syscontainer remove-path --force "evil-$name" "$HOST/canary:/flip/dir/made/by/us" >/dev/null 2>&1 || true
		done
		host_state | diff "$BATS_TEST_TMPDIR/before" -
		syscontainer kill "evil-$name"
		wait "$flipper" || true
		wait_for 5 has_field "evil-$name" .State.Status exited
		host_state | diff "$BATS_TEST_TMPDIR/before" -
	done
}

# --- a real system --------------------------------------------------------------------------------------------------------------

@test "systemd: services with mounts of their own see it come and go, and a reboot of the guest keeps it" {
	guest_start web
	in_guest web systemd-run --quiet --unit held -p ProtectSystem=strict -p PrivateTmp=yes sh -c 'until [ -e /srv/it/file ]; do sleep 0.05; done; touch /tmp/came; while [ -e /srv/it/file ]; do sleep 0.05; done; touch /tmp/seen; sleep 100'
	syscontainer add-path web "$HOST/data:/srv/it:ro"
	same inside "$(in_guest web cat /srv/it/file)" content
	wait_for 10 in_guest web sh -c 'ls /tmp/systemd-private-*-held.service-*/tmp/came'
	syscontainer remove-path web "$HOST/data:/srv/it"
	wait_for 10 in_guest web sh -c 'ls /tmp/systemd-private-*-held.service-*/tmp/seen'
	same "copies that are left" "$(grep -c /srv/it "/proc/$(init_pid web)/mountinfo" || true)" 0
	syscontainer add-path web "$HOST/data:/srv/it:ro"
	in_guest web systemctl reboot
	wait_for 20 has_field web .RestartCount 1
	wait_for 20 syscontainer wait --condition=ready web
	same inside "$(in_guest web cat /srv/it/file)" content
	same "state of the system" "$(in_guest web systemctl is-system-running --wait || true)" running
}
