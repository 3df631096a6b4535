#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Nothing grows: after many lives of containers the host is as it was before, and a monitor holds what it held at first.

load common
load small

setup_file() {
	e2e_begin '"stop-timeout": "5s"'
	e2e_keep
}

descriptors() { # PID
	# Numbers of sockets and pipes differ from boot to boot; what they are does not.
	find "/proc/$1/fd" -mindepth 1 -printf '%l\n' | sed -E 's/[0-9]+//g' | sort
}

# Those of a client that has just ended are closed a moment later: waited for.
holds_no_more() { # PID FILE-WITH-DESCRIPTORS
	[[ ! $(descriptors "$1" | comm -13 "$2" -) ]]
}

holds_at_most() { # PID COUNT
	[[ $(descriptors "$1" | wc -l) -le $2 ]]
}

# One life of a guest that reboots as a machine does.
live() { # NAME TREE COMMAND...
	local name=$1 tree=$2 before
	shift 2
	syscontainer create --name "$name" --restart always "$tree" "$@" >/dev/null
	syscontainer start "$name"
	syscontainer exec "$name" true
	before=$(init_pid "$name")
	kill -TERM "$before"
	until [[ $(init_pid "$name") != "$before" ]] && has_field "$name" .State.Running true; do sleep 0.02; done 2>/dev/null
	syscontainer exec "$name" true
	syscontainer stop "$name" >/dev/null
	syscontainer rm "$name" >/dev/null
}

# bats test_tags=slow
@test "50 cycles of create, start, exec, reboot, stop and rm leave the host as it was" {
	local i
	tree_small cycle >/dev/null
	leak_snapshot >"$BATS_TEST_TMPDIR/before"
	for i in {1..50}; do
		live cycle "$(tree_path cycle)" /bin/sh -c "$SMALL_PROGRAM" || e2e_die "cycle $i failed"
	done
	leak_check "$BATS_TEST_TMPDIR/before"
	same state "$(find "$SYSCONTAINER_ROOT"/{containers,names,idmap} "$SYSCONTAINER_RUN/host" -mindepth 1)" ""
	same "run-time files" "$(find "$SYSCONTAINER_RUN" -mindepth 1 -maxdepth 1 -printf '%f\n' | grep -cE '^[0-9a-f]{64}$')" 0
	[[ $(stat -c %s "$SYSCONTAINER_RUN/events.jsonl") -lt 4000000 ]]
}

@test "systemd guests that reboot, stop and go leave the host as it was" {
	local i before
	tree_new web >/dev/null
	leak_snapshot >"$BATS_TEST_TMPDIR/before"
	for i in 1 2 3; do
		syscontainer run -d --name web "$(tree_path web)" >/dev/null
		before=$(init_pid web)
		syscontainer exec web systemctl reboot || true
		wait_for 20 is_gone "$before"
		wait_for 30 has_field web .State.Ready true
		syscontainer stop web >/dev/null
		syscontainer rm web >/dev/null
	done
	leak_check "$BATS_TEST_TMPDIR/before"
}

@test "a guest on an image leaves no loop device and no mount" {
	tree_small source >/dev/null
	truncate -s 64M "$E2E_DIR/trees/source/disk.img"
	mkfs.ext4 -q -d "$(tree_path source)" "$E2E_DIR/trees/source/disk.img"
	leak_snapshot >"$BATS_TEST_TMPDIR/before"
	for i in 1 2 3 4 5; do
		live disk "$E2E_DIR/trees/source/disk.img" /bin/sh -c "$SMALL_PROGRAM"
	done
	leak_check "$BATS_TEST_TMPDIR/before"
	run -0 losetup --list --noheadings --output BACK-FILE
	[[ $output != *"$E2E_DIR"* ]]
}

@test "a monitor holds no more descriptors after 30 execs, attaches, pauses, reboots and waits than at first" {
	local i pid before=$BATS_TEST_TMPDIR/before
	small_start web --restart always
	pid=$(monitor_pid web)
	syscontainer exec web true
	descriptors "$pid" >"$before"
	for i in {1..30}; do
		syscontainer exec web true
		timeout 0.05 syscontainer wait web >/dev/null || true
		timeout 0.05 syscontainer attach web </dev/null >/dev/null 2>&1 || true
		syscontainer update --memory 64m web >/dev/null
		syscontainer pause web >/dev/null
		syscontainer unpause web >/dev/null
	done
	# A long run ends the back-off; these come 100 and 200 ms after each other.
	for i in 1 2; do
		init=$(init_pid web)
		kill -TERM "$init"
		wait_for 10 is_gone "$init"
		wait_for 10 has_field web .State.Running true
	done
	same monitor "$(monitor_pid web)" "$pid"
	wait_for 5 holds_no_more "$pid" "$before" || e2e_die "$(ls -l "/proc/$pid/fd")"
	same children "$(pgrep -P "$pid" | wc -l)" 1
}

@test "an adopted monitor holds no more descriptors than the first" {
	small_start web
	first=$(monitor_pid web)
	count=$(descriptors "$first" | wc -l)
	for i in 1 2 3 4 5; do
		kill_monitor web
		syscontainer repair >/dev/null
	done
	last=$(monitor_pid web)
	wait_for 5 holds_at_most "$last" $((count + 1)) || e2e_die "$(ls -l "/proc/$last/fd")"
}

@test "failed starts leave nothing" {
	local i
	tree_small broken >/dev/null
	syscontainer create --name broken "$(tree_path broken)" /bin/no-such-program >/dev/null
	leak_snapshot >"$BATS_TEST_TMPDIR/before"
	for i in {1..10}; do
		run -127 syscontainer start broken
	done
	# Its run-time directory may stay with it.
	leak_snapshot | grep -v "^state $SYSCONTAINER_RUN/" | comm -13 "$BATS_TEST_TMPDIR/before" - | { ! grep .; }
	has_field broken .State.Status exited || has_field broken .State.Status inited
	has_text /bin/no-such-program "$(field broken .State.Error)"
}
