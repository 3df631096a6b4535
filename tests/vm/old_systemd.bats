#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# A systemd before 230 knows cgroup v1 only. On a host of v2 its guest gets a hierarchy name=systemd that nobody else sees. A shell stands in for it.
# shellcheck disable=SC2016 # what is in single quotes is for the shell of the guest

load ../e2e/common
load ../e2e/small

# PID 1 does what such a systemd does first, and waits for SIGRTMIN+3; a tree without libsystemd-shared is one of that age.
OLD_SYSTEMD='mkdir /sys/fs/cgroup/systemd/init.scope && echo 1 >/sys/fs/cgroup/systemd/init.scope/cgroup.procs && echo up
trap "exit 0" 37; while :; do sleep 0.05; done'

old_start() { # NAME [OPTION OF run]...
	local tree
	tree=$(tree_small "$1")
	mkdir -p "$tree/usr/lib/systemd"
	cp "$tree/usr/bin/dash" "$tree/usr/lib/systemd/systemd"
	syscontainer run -d --wait started --name "$@" "$tree" /usr/lib/systemd/systemd -c "$OLD_SYSTEMD"
}

has_old_hierarchy() {
	grep -q 'name=systemd' /proc/self/cgroup
}

has_no_old_hierarchy() {
	! has_old_hierarchy
}

lives_on_v1() { # NAME
	local pid
	wait_for 5 log_has "$1" up
	pid=$(init_pid "$1")
	run -0 syscontainer exec "$1" cat /proc/1/cgroup
	has_text "name=systemd:/init.scope"
	# What exec starts is below the guest's own cgroup too.
	run -0 syscontainer exec "$1" cat /proc/self/cgroup
	has_text "name=systemd:/"
	[[ $output != *..* ]]
	# Its mount shows its own cgroup, without what the host's root could be asked to run (release_agent).
	run -0 syscontainer exec "$1" ls /sys/fs/cgroup /sys/fs/cgroup/systemd
	has_text init.scope
	[[ $output != *release_agent* ]]
	# On the host: where it is meant to be, with nothing mounted, and without the keeper.
	grep -q "name=systemd:/$E2E_CGROUP/$(container_id "$1")/guest/init.scope" "/proc/$pid/cgroup"
	run ! grep -q 'name=systemd' /proc/self/mountinfo
	grep -q 'name=systemd:/$' "/proc/$(keeper_pid "$1")/cgroup"
}

@test "an old systemd, with ids of its own or the host's root, gets a hierarchy of its own, which is gone with the last" {
	has_no_old_hierarchy
	old_start mapped
	lives_on_v1 mapped
	old_start host --user-remap none
	lives_on_v1 host
	syscontainer stop mapped
	same reason "$(field mapped .State.Reason)" stopped
	has_old_hierarchy
	syscontainer stop host
	syscontainer start --wait started host
	lives_on_v1 host
	syscontainer rm -f host
	wait_for 10 has_no_old_hierarchy
}

@test "what is killed leaves no such hierarchy either" {
	old_start mapped
	wait_for 5 log_has mapped up
	kill -9 "$(monitor_pid mapped)" "$(keeper_pid mapped)" "$(init_pid mapped)"
	syscontainer repair || true
	syscontainer rm -f mapped
	wait_for 10 has_no_old_hierarchy
}

@test "with the host's cgroup namespace it is refused, before anything is there" {
	local tree
	tree=$(tree_small old)
	mkdir -p "$tree/usr/lib/systemd"
	cp "$tree/usr/bin/dash" "$tree/usr/lib/systemd/systemd"
	run -125 syscontainer create --name old --cgroupns host --user-remap none "$tree" /usr/lib/systemd/systemd
	has_text "the tree's systemd (at most 229) needs the hierarchy name=systemd of cgroup v1"
	has_text "leave out --cgroupns host"
	has_no_old_hierarchy
}
