#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# The cgroups that a guest is given, by the systemd that its tree has and by what the host has mounted. A shell stands in for each systemd.
# shellcheck disable=SC2016 # what is in single quotes is for the shell of the guest

load common
load small

# Says what it finds, makes a cgroup as a systemd does, and waits for SIGRTMIN+3.
STAND_IN='echo "cgroup: $(stat -f -c %t /sys/fs/cgroup)"; mkdir /sys/fs/cgroup/init.scope && echo 1 >/sys/fs/cgroup/init.scope/cgroup.procs && echo up
trap "exit 0" 37; while :; do sleep 0.05; done'

systemd_tree() { # NAME VERSION
	local tree
	tree=$(tree_small "$1") && mkdir -p "$tree/usr/lib/systemd" && cp "$tree/usr/bin/dash" "$tree/usr/lib/systemd/systemd" &&
		: >"$tree/usr/lib/systemd/libsystemd-shared-$2.so" && echo "$tree"
}

systemd_start() { # NAME VERSION [OPTION OF run]...
	local tree
	tree=$(systemd_tree "$1" "$2")
	syscontainer run -d --wait started --name "$1" "${@:3}" "$tree" /usr/lib/systemd/systemd -c "$STAND_IN"
}

needs_v1() {
	[[ ! -e /sys/fs/cgroup/cgroup.procs ]] || skip "this host has no hierarchies of v1"
}

needs_hybrid() {
	needs_v1
	[[ -e /sys/fs/cgroup/unified/cgroup.procs ]] || skip "this host has no v2 beside v1"
}

# As if the host had one hierarchy less, which it may have: in a mount namespace in which it is not mounted.
without() { # HIERARCHY COMMAND...
	unshare --mount sh -c '! mountpoint -q "/sys/fs/cgroup/$1" || umount "/sys/fs/cgroup/$1"; shift; exec "$@"' - "$@"
}

on_v1() { # COMMAND...
	without unified "$@"
}

# Of PID 1, which may have said something and not have gone there yet.
comes_to_v2_place() { # NAME PATH-BELOW-THE-CONTAINER'S
	[[ $(v2_place "$(init_pid "$1")") == "/$E2E_CGROUP/$(container_id "$1")/$2" ]]
}

v2_place() { # PID
	sed -n 's/^0:://p' "/proc/$1/cgroup"
}

@test "a systemd that knows v2 only gets v2 on a host of v1 and v2, and one that knows both chooses itself" {
	needs_hybrid
	systemd_start new 257
	wait_for 5 log_has new up
	log_has new "cgroup: 63677270" # CGROUP2_SUPER_MAGIC
	systemd_start both 252
	wait_for 5 log_has both "cgroup: 62656572" # SYSFS_MAGIC: nothing is mounted there
	run -0 syscontainer exec new cat /proc/self/cgroup
	has_text $'0::/\n' "$output"$'\n'
	wait_for 5 comes_to_v2_place new guest/init.scope
}

@test "on a host that has not mounted v2 it gets it all the same, in a cgroup of its own, and nobody is left in it" {
	needs_v1
	local name options=()
	for name in mapped host; do
		tree=$(systemd_tree "$name" 262)
		[[ $name == mapped ]] || options=(--user-remap none)
		on_v1 syscontainer run -d --wait started --name "$name" "${options[@]}" "$tree" \
			/usr/lib/systemd/systemd -c "$STAND_IN"
		wait_for 5 log_has "$name" up
		log_has "$name" "cgroup: 63677270"
		wait_for 5 comes_to_v2_place "$name" guest/init.scope
		same "place of exec" "$(on_v1 syscontainer exec "$name" cat /proc/self/cgroup | tail -n 1)" "0::/"
		same "place of the keeper" "$(v2_place "$(keeper_pid "$name")")" "$(v2_place self)"
		# What is killed is cleaned up as well.
		[[ $name == mapped ]] || kill -9 "$(keeper_pid "$name")" "$(monitor_pid "$name")" "$(init_pid "$name")"
		on_v1 syscontainer rm -f "$name"
		same "cgroups of ours" "$(find /sys/fs/cgroup -path "*$E2E_CGROUP*" -type d 2>/dev/null)" ""
	done
}

@test "on a host that has not mounted name=systemd, one that knows v1 gets that, and nothing else" {
	needs_v1
	local name tree options=() script='mkdir /sys/fs/cgroup/systemd/init.scope && echo 1 >/sys/fs/cgroup/systemd/init.scope/cgroup.procs && echo up
		trap "exit 0" 37; while :; do sleep 0.05; done'
	for name in mapped host; do
		tree=$(systemd_tree "$name" 252)
		[[ $name == mapped ]] || options=(--user-remap none)
		without systemd syscontainer run -d --wait started --name "$name" "${options[@]}" "$tree" /usr/lib/systemd/systemd -c "$script"
		wait_for 5 log_has "$name" up
		same "what is there" "$(without systemd syscontainer exec "$name" ls /sys/fs/cgroup)" systemd
		run -0 without systemd syscontainer exec "$name" ls /sys/fs/cgroup/systemd
		has_text init.scope
		[[ $output != *release_agent* ]] # which only the top has
		grep -q "name=systemd:/$E2E_CGROUP/$(container_id "$name")/guest/init.scope\$" "/proc/$(init_pid "$name")/cgroup"
		same "place of the keeper" "$(grep name=systemd "/proc/$(keeper_pid "$name")/cgroup")" "$(grep name=systemd /proc/self/cgroup)"
		without systemd syscontainer stop "$name"
		same "cgroups of ours" "$(find /sys/fs/cgroup/systemd -path "*$E2E_CGROUP*" -type d)" ""
	done
}

@test "root of the host in a guest does not see the top of v2, where the host has not mounted it" {
	needs_v1
	tree=$(systemd_tree host 252)
	on_v1 syscontainer run -d --wait started --name host --user-remap none "$tree" /usr/lib/systemd/systemd -c "trap 'exit 0' 37; while :; do sleep 0.05; done"
	wait_for 5 comes_to_v2_place host guest
	on_v1 syscontainer rm -f host
}

@test "what the host has not mounted cannot be had with the host's cgroup namespace: refused at create" {
	needs_hybrid
	tree=$(systemd_tree new 262)
	run -125 on_v1 syscontainer create --name new --cgroupns host --user-remap none "$tree" /usr/lib/systemd/systemd
	has_text "the tree's systemd (262) needs cgroup v2"
	has_text "leave out --cgroupns host"
	# Where it is mounted, it is shown as the host sees it.
	syscontainer run -d --wait started --name new --cgroupns host --user-remap none "$tree" /usr/lib/systemd/systemd -c "trap 'exit 0' 37; while :; do sleep 0.05; done"
	run -0 syscontainer exec new stat -f -c %t /sys/fs/cgroup
	same "file system" "$output" 63677270
	syscontainer exec new ls "/sys/fs/cgroup/$E2E_CGROUP/$(container_id new)/guest"
}
