#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Which host ids a guest has, and that its tree never changes hands. One guest has all of them: nobody else gets any meanwhile.
# bats file_tags=alone

load common
load small

setup_file() {
	e2e_begin '"stop-timeout": "5s"'
	e2e_keep
}

teardown() {
	! mountpoint -q "$BATS_TEST_TMPDIR/other" 2>/dev/null || umount "$BATS_TEST_TMPDIR/other"
	[[ ! ${sleeper:-} ]] || kill "$sleeper"
	e2e_clean
}

# uid_map and gid_map of PID 1 as "INSIDE OUTSIDE COUNT".
map_of() { # NAME uid|gid
	awk '{ print $1, $2, $3 }' "/proc/$(init_pid "$1")/$2_map"
}

# Owners, modes, sizes and content times of everything in a tree.
listing() { # TREE
	(cd "$1" && find . -mindepth 1 ! -path './run/*' -printf '%p %U:%G %m %y %T@ %l\n' | sort)
}

@test "each container has 65536 ids of its own, and they are what the kernel enforces" {
	small_start one
	small_start two
	one=$(first_id one)
	two=$(first_id two)
	same "uids of one" "$(map_of one uid)" "0 $one 65536"
	same "gids of one" "$(map_of one gid)" "0 $one 65536"
	same "uids of two" "$(map_of two uid)" "0 $two 65536"
	[[ $((one + 65536)) -le $two || $((two + 65536)) -le $one ]]
	same "owner of PID 1" "$(stat -c %u:%g "/proc/$(init_pid one)")" "$one:$one"
	run -0 syscontainer exec one cat /proc/self/uid_map
	same "map inside" "$(xargs <<<"$output")" "0 $one 65536"
	[[ $(readlink "/proc/$(init_pid one)/ns/user") != "$(readlink /proc/self/ns/user)" ]]
}

@test "a range stays with its container over stop, rename and start, and rm gives it back" {
	small_start one
	one=$(first_id one)
	syscontainer stop one
	syscontainer rename one uno
	syscontainer start uno
	same "uids" "$(map_of uno uid)" "0 $one 65536"
	same "ranges" "$(ls "$SYSCONTAINER_ROOT/idmap")" "$one-65536"
	syscontainer rm -f uno
	same "ranges" "$(ls "$SYSCONTAINER_ROOT/idmap")" ""
	small_start next
	[[ $(first_id next) -le $one ]] # the first one that is free
}

@test "ranges respect /etc/subuid, /etc/subgid and users of the host" {
	local name start count file
	small_create one
	small_create two
	for name in one two; do
		range=$(first_id "$name")
		for file in /etc/subuid /etc/subgid; do
			while IFS=: read -r _ start count; do
				[[ $((start + count)) -le $range || $((range + 65536)) -le $start ]] ||
					e2e_die "$range overlaps $start:$count of $file"
			done < <(cat "$file" 2>/dev/null)
		done
		run getent passwd "$range"
		same "status of getent" "$status" 2
	done
}

is_elsewhere() { # PID: has a user namespace of its own
	[[ $(readlink "/proc/$1/ns/user") != "$(readlink /proc/self/ns/user)" ]]
}

@test "ranges respect a user namespace that somebody else runs" {
	small_create probe
	range=$(first_id probe)
	syscontainer rm probe
	unshare --user sleep 60 3>&- &
	sleeper=$!
	wait_for 5 is_elsewhere "$sleeper"
	echo "0 $range 65536" >"/proc/$sleeper/uid_map"
	small_create beside
	beside=$(first_id beside)
	[[ $((range + 65536)) -le $beside || $((beside + 65536)) -le $range ]]
}

@test "a user namespace in which all ids are the host's takes none" {
	unshare --user sleep 60 3>&- &
	sleeper=$!
	wait_for 5 is_elsewhere "$sleeper"
	cat <<<$'0 0 1\n1 1 4294967294' >"/proc/$sleeper/uid_map" # as systemd writes it for PrivateUsers=full
	small_create one
}

@test "owners of a tree do not change by booting it, and what guest root writes belongs to root" {
	tree_new web >/dev/null
	tree=$(tree_path web)
	touch "$BATS_TEST_TMPDIR/before"
	listing "$tree/usr" >"$BATS_TEST_TMPDIR/usr"
	find "$tree" -printf '%P %U:%G\n' | sort >"$BATS_TEST_TMPDIR/owners"
	syscontainer run -d --name web "$tree" >/dev/null
	syscontainer exec web touch /root/by-root
	syscontainer exec web sh -c 'touch /var/tmp/by-user && chown 1000:1000 /var/tmp/by-user'
	same "owner inside" "$(syscontainer exec web stat -c %u:%g /etc/passwd /root/by-root /usr/bin/su | xargs)" "0:0 0:0 0:0"
	same "owner in the tree" "$(stat -c %u:%g "$tree/root/by-root")" 0:0
	same "owner in the tree" "$(stat -c %u:%g "$tree/var/tmp/by-user")" 1000:1000
	syscontainer stop web
	listing "$tree/usr" | diff "$BATS_TEST_TMPDIR/usr" -
	# Nobody outside of 0-65535 owns anything, and what was not written anew has its owner.
	find "$tree" -uid +65535 -o -gid +65535 | { ! grep .; }
	same "changed owners" "$(find "$tree" ! -newer "$BATS_TEST_TMPDIR/before" -printf '%P %U:%G\n' | sort | comm -23 - "$BATS_TEST_TMPDIR/owners")" ""
	syscontainer rm web
	[[ -e $tree/root/by-root ]]
}

@test "a guest's root is nobody to what the host did not give it" {
	small_start one
	mkdir -p "$BATS_TEST_TMPDIR/secret"
	run -0 syscontainer exec one stat -c %u /proc/sys/kernel/core_pattern
	same "owner of the host's files" "$output" 65534
	run syscontainer exec one /bin/sh -c 'echo x >/proc/sys/kernel/core_pattern'
	[[ $status -ne 0 ]]
}

@test "--user-remap with fixed ids maps those" {
	small_start fixed --user-remap 300000:400000:10000
	same uids "$(map_of fixed uid)" "0 300000 10000"
	same gids "$(map_of fixed gid)" "0 400000 10000"
	same remap "$(field fixed .HostConfig.UserRemap)" 300000:400000:10000
	syscontainer exec fixed touch /root/file
	same "owner in the tree" "$(stat -c %u:%g "$(tree_path fixed)/root/file")" 0:0
}

@test "a fixed range that overlaps another container's is refused" {
	small_create one
	range=$(first_id one)
	tree_small two >/dev/null
	run -125 syscontainer create --name two --user-remap "$((range + 65535)):$((range + 65535)):10" "$(tree_path two)" /bin/true
	has_text "overlap"
	has_text "$range"
	small_create below --user-remap "$((range - 10)):$((range - 10)):10"
}

@test "--user-remap none and --privileged give a guest the host's root, and both together with ids contradict" {
	small_start none --user-remap none
	same "user namespace" "$(readlink "/proc/$(init_pid none)/ns/user")" "$(readlink /proc/self/ns/user)"
	small_start privileged --privileged
	same "user namespace" "$(readlink "/proc/$(init_pid privileged)/ns/user")" "$(readlink /proc/self/ns/user)"
	same "ranges" "$(ls "$SYSCONTAINER_ROOT/idmap")" ""
	run -125 syscontainer create --privileged --user-remap 100000:100000:65536 "$(tree_path none)" /bin/true
	has_text "--user-remap 100000:100000:65536"
	same "modes" "$(field none .HostConfig.UsernsMode) $(field none .HostConfig.Privileged)" "host false"
	same "modes" "$(field privileged .HostConfig.UsernsMode) $(field privileged .HostConfig.Privileged)" "host true"
}

@test "user-remap of daemon.json is the default, and the option wins over it" {
	sed 's/"user-remap": "auto"/"user-remap": "none"/' "$SYSCONTAINER_CONFIG" >"$BATS_TEST_TMPDIR/daemon.json"
	export SYSCONTAINER_CONFIG=$BATS_TEST_TMPDIR/daemon.json
	small_create plain
	same remap "$(field plain .HostConfig.UsernsMode)" host
	small_create own --user-remap auto
	[[ $(field own .HostConfig.UserRemap) == *:65536 ]]
}

@test "a file system that cannot shift ids is refused with its name and the way out" {
	mkdir "$BATS_TEST_TMPDIR/other"
	mount -t ramfs "$E2E_CGROUP-other" "$BATS_TEST_TMPDIR/other"
	tree_small source >/dev/null
	cp -a "$(tree_path source)" "$BATS_TEST_TMPDIR/other/tree"
	run -125 syscontainer run -d --name ram "$BATS_TEST_TMPDIR/other/tree" /bin/sh -c "$SMALL_PROGRAM"
	has_text "$BATS_TEST_TMPDIR/other/tree (ramfs)"
	has_text "shifted ids"
	has_text "--user-remap none"
	same containers "$(container_names)" ""
	syscontainer run -d --name ram --user-remap none "$BATS_TEST_TMPDIR/other/tree" /bin/sh -c "$SMALL_PROGRAM"
	has_field ram .State.Running true
	syscontainer rm -f ram
}

@test "an overlay is refused for shifted ids, with its name" {
	tree=$(tree_overlay over)
	run -125 syscontainer create "$tree"
	has_text "(overlay)"
}

@test "a guest boots although newuidmap is installed" {
	mkdir "$BATS_TEST_TMPDIR/bin"
	for name in newuidmap newgidmap; do
		printf '#!/bin/sh\ntouch %q\nexit 1\n' "$BATS_TEST_TMPDIR/was-called" >"$BATS_TEST_TMPDIR/bin/$name"
		chmod +x "$BATS_TEST_TMPDIR/bin/$name"
	done
	PATH=$BATS_TEST_TMPDIR/bin:$PATH small_start one
	has_field one .State.Running true
	[[ ! -e $BATS_TEST_TMPDIR/was-called ]]
}

# --- trees that were chowned beforehand ----------------------------------------------------------------------------------------

@test "a tree that was chowned for the range is mounted as it is, and a restart finds it the same" {
	tree=$(tree_small old)
	chown -hR 300000:400000 "$tree"
	chown -h 300100:400100 "$tree/root"
	syscontainer run -d --name old --user-remap 300000:400000:65536 "$tree" /bin/sh -c "$SMALL_PROGRAM" >/dev/null
	for round in first second; do
		same "owners inside, $round boot" "$(syscontainer exec old stat -c %u:%g / /etc/passwd /root | xargs)" "0:0 0:0 100:100"
		[[ $round == second ]] || syscontainer restart old
	done
	grep -q '^[^ ]* / [^ ]* .*idmapped' "/proc/$(init_pid old)/mounts" && return 1
	syscontainer exec old touch /var/new
	same "owner in the tree" "$(stat -c %u:%g "$tree/var/new")" 300000:400000
	# A copy into it gets the same owner whether it runs or not.
	syscontainer cp /etc/hostname old:/var/copy-running
	syscontainer stop old
	syscontainer cp /etc/hostname old:/var/copy-stopped
	same "owners in the tree" "$(stat -c %u:%g "$tree/var/copy-running" "$tree/var/copy-stopped" | xargs)" "300000:400000 300000:400000"
}

@test "a chowned tree may lie where ids cannot be shifted" {
	mkdir "$BATS_TEST_TMPDIR/other"
	mount -t ramfs "$E2E_CGROUP-other" "$BATS_TEST_TMPDIR/other"
	tree_small source >/dev/null
	cp -a "$(tree_path source)" "$BATS_TEST_TMPDIR/other/tree"
	chmod 711 "$BATS_TEST_TMPDIR/other"
	chown -hR 300000:300000 "$BATS_TEST_TMPDIR/other/tree"
	syscontainer create --name ram --user-remap 300000:300000:65536 "$BATS_TEST_TMPDIR/other/tree" /bin/sh -c "$SMALL_PROGRAM" >/dev/null
	syscontainer rm ram
}

@test "a half chowned tree, and one chowned for another range, are refused with what is wrong" {
	tree=$(tree_small half)
	chown 300000:300000 "$tree"
	run -125 syscontainer create --user-remap 300000:300000:65536 "$tree" /bin/sh
	has_text "is half chowned: / belongs to 300000:300000, /etc does not"
	chown -hR 300000:300000 "$tree"
	run -125 syscontainer create --user-remap auto "$tree" /bin/sh
	has_text "belongs to 300000:300000, which is no id of the guest"
	same containers "$(container_names)" ""
	same ranges "$(ls "$SYSCONTAINER_ROOT/idmap")" ""
}

@test "sizes up to the last id, and what goes beyond it" {
	tree=$(tree_small big)
	syscontainer create --name big --user-remap 65536:65536:4294901759 "$tree" /bin/sh -c "$SMALL_PROGRAM" >/dev/null
	syscontainer start big
	# liblxc needs one id for itself.
	same uids "$(map_of big uid)" $'0 65536 2147483647\n2147483648 2147549184 2147418111'
	syscontainer exec big /bin/sh -c 'touch /root/file && exec 9>/dev/console'
	for range in 65536:65536:4294901760 65536:65536:4294967296 1:1:18446744073709551615 1:1:-1 1:1 1:1:0 0:1:1 1:0:1 x:1:1; do
		run -125 syscontainer create --user-remap "$range" "$tree" /bin/sh
		has_text "Invalid value \"$range\" for flag --user-remap"
	done
	run -125 syscontainer create --user-remap 70000:70000:10 "$tree" /bin/sh
	has_text overlap
}
