#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Guests whose PID 1 is not systemd: they are up once it runs, and are stopped in their own language, without a kill.
# bats file_tags=slow

load common

setup_file() {
	e2e_begin
	e2e_keep
}

# A copy, because a guest writes into its tree.
copy_tree() { # NAME SOURCE
	[[ -d $2 ]] || e2e_die "$2 is missing; ./run-tests makes it"
	mkdir -m 711 "$E2E_DIR/trees/$1"
	cp -a --reflink=auto "$2" "$(tree_path "$1")"
}

console_has() { # NAME TEXT
	syscontainer logs "$1" | grep -qF "$2"
}

# Boots it, waits until its console says so, stops it.
boots_and_stops() { # NAME TEXT-OF-CONSOLE
	syscontainer run -d --name "$1" "$(tree_path "$1")"
	wait_for 20 console_has "$1" "$2"
	run --separate-stderr syscontainer stop -t 20 "$1"
	same "status of stop" "$status" 0
	# shellcheck disable=SC2154 # set by run
	same "stderr of stop" "$stderr" ""
	same "exit code" "$(field "$1" .State.ExitCode)" 0
	same reason "$(field "$1" .State.Reason)" stopped
}

@test "sysvinit is stopped by its own run level change" {
	copy_tree sysvinit "$SYSCONTAINER_TEST_INITS/sysvinit"
	boots_and_stops sysvinit "Entering runlevel: 2"
	console_has sysvinit "Will now halt."
}

@test "runit is stopped by its own request file" {
	copy_tree runit "$SYSCONTAINER_TEST_INITS/runit"
	boots_and_stops runit "runsvchdir: default: current."
}

@test "OpenRC on sysvinit is stopped by a run level change" {
	copy_tree openrc "$SYSCONTAINER_TEST_INITS/openrc"
	boots_and_stops openrc "Entering runlevel: 2"
}

@test "busybox init is stopped by its power-off signal, also right after its start" {
	local tree
	mkdir -m 711 "$E2E_DIR/trees/busybox"
	tree=$(tree_path busybox)
	mkdir -p "$tree"/{bin,sbin,usr/bin,usr/sbin,etc,proc,sys,dev,run,tmp}
	cp /bin/busybox "$tree/bin/"
	chroot "$tree" /bin/busybox --install -s
	ln -sf ../bin/busybox "$tree/sbin/init"
	echo 'ID=busybox' >"$tree/etc/os-release"
	printf '::sysinit:/bin/echo is up\n::respawn:/bin/sleep 1000\n::shutdown:/bin/echo goes down\n' >"$tree/etc/inittab"
	boots_and_stops busybox "is up"
	console_has busybox "goes down"
	syscontainer start busybox
	syscontainer stop -t 20 busybox
	same "exit code" "$(field busybox .State.ExitCode)" 0
}
