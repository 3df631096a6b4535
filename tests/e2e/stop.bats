#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# `stop`, `restart`, `kill` and `rm -f`: how a guest is asked to end, how long is waited, and what a kill says.
# shellcheck disable=SC2016 # what is in single quotes is for the shell of the guest

load common
load small

setup_file() {
	e2e_begin
	plain=$(tree_new plain)
	export plain
	guest_create web
	e2e_keep
}

small() { # [OPTION]... -- COMMAND...
	local options=()
	while [[ $1 != -- ]]; do
		options+=("$1")
		shift
	done
	syscontainer run -d --name small "${options[@]}" "$plain" "${@:2}" >/dev/null
}

# Its shell has come to the trap: bit 14 of SigCgt, proc(5).
small_hears_term() {
	local caught
	caught=$(sed -n 's/^SigCgt:[[:space:]]*//p' "/proc/$(field small .State.Pid)/status")
	(((0x$caught >> 14) & 1))
}

# Runs the rest and checks that it took so long, in milliseconds; status, output and stderr are as of bats' run.
takes() { # AT-LEAST AT-MOST COMMAND...
	local start=${EPOCHREALTIME/./} least=$1 most took
	most=$(patient "$2")
	shift 2
	run --separate-stderr "$@"
	took=$(((${EPOCHREALTIME/./} - start) / 1000))
	[[ $took -ge $least && $took -le $most ]] || e2e_die "'$*' took $took ms, not $least to $most"
}

# --- a clean stop -------------------------------------------------------------------------------------------------------

@test "stop shuts a guest down: services end in order, reason stopped, exit code 0, far below the timeout" {
	syscontainer start web
	printf '%s\n' '[Service]' 'ExecStart=/bin/sleep infinity' 'ExecStop=/bin/touch /root/was-stopped' |
		syscontainer exec -i web tee /etc/systemd/system/last.service >/dev/null
	syscontainer exec web systemctl start last
	takes 0 5000 syscontainer stop web
	same status "$status" 0
	same output "$output" web
	# shellcheck disable=SC2154
	same "standard error" "$stderr" ""
	same status "$(field web .State.Status)" exited
	same "exit code" "$(field web .State.ExitCode)" 0
	same reason "$(field web .State.Reason)" stopped
	[ -e "$(tree_path web)/root/was-stopped" ]
	run -0 syscontainer stop web
	same "output of a second stop" "$output" web
}

@test "a stop sent right after a start is not lost, twenty times" {
	for round in {1..20}; do
		syscontainer start --wait=started web
		takes 0 6000 syscontainer stop web
		same "status of stop in round $round" "$status:$stderr" 0:
		same "end in round $round" "$(field web .State.ExitCode) $(field web .State.Reason)" "0 stopped"
	done
}

# A shell of that name takes the request through a file, and has it lost before it looks.
@test "an init that loses what it is asked for before it listens is asked again" {
	local tree
	tree=$(tree_small one)
	mkdir -p "$tree/usr/sbin"
	cp "$tree/usr/bin/dash" "$tree/usr/sbin/openrc-init"
	printf '%s\n' '#!/bin/sh' '[ -e /run/listens ] && touch /run/stop' >"$tree/usr/sbin/openrc-shutdown"
	chmod 755 "$tree/usr/sbin/openrc-shutdown"
	syscontainer run -d --name one "$tree" /usr/sbin/openrc-init -c \
		'sleep 1.5; touch /run/listens; while [ ! -e /run/stop ]; do sleep 0.05; done' >/dev/null
	run -0 syscontainer stop -t "$(patient 30)" one
	same printed "$output" one
	has_field one .State.Reason stopped
}

@test "a stop sent while a start waits ends both, and the guest stays down" {
	syscontainer start web >/dev/null 2>&1 3>&- &
	wait_for 5 has_field web .State.Running true
	takes 0 6000 syscontainer stop web
	same "status of stop" "$status" 0
	wait $! || true
	same status "$(field web .State.Status)" exited
	same "exit code" "$(field web .State.ExitCode)" 0
}

@test "five stops at once all succeed" {
	small -- sh -c 'trap "sleep 0.3; exit 0" TERM; while :; do sleep 0.05; done'
	wait_for 5 small_hears_term
	local pids=()
	for _ in {1..5}; do
		syscontainer stop small >/dev/null 3>&- &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid"
	done
	same "exit code" "$(field small .State.ExitCode)" 0
}

@test "stop takes several containers; an unknown one among them is told and fails the command" {
	small -- sh -c 'trap "exit 0" TERM; while :; do sleep 0.05; done'
	run -1 --separate-stderr syscontainer stop -t 1 small no-such-container
	same output "$output" small
	has_text no-such-container "$stderr"
	same status "$(field small .State.Status)" exited
}

@test "stop of several is one time for all, their names come in the order given, and the last failure is the status" {
	local script='trap "touch /shared/$HOSTNAME; until [ -e /shared/one ] && [ -e /shared/two ]; do sleep 0.02; done; exit 0" TERM; touch /shared/hears-$HOSTNAME; while :; do sleep 0.05; done'
	mkdir -m 777 "$E2E_DIR/shared"
	for name in one two; do
		tree_small "$name" >/dev/null
		syscontainer run -d --name "$name" -e "HOSTNAME=$name" -v "$E2E_DIR/shared:/shared" "$(tree_path "$name")" sh -c "$script" >/dev/null
		wait_for 10 test -e "$E2E_DIR/shared/hears-$name"
	done
	# Each ends only when the other was asked, too: one after the other would take for ever.
	run -1 --separate-stderr timeout 60 syscontainer stop -t -1 two no-such-container one
	same output "$output" $'two\none'
	has_text no-such-container "$stderr"
	same "exit codes" "$(field one .State.ExitCode) $(field two .State.ExitCode)" "0 0"
}

@test "stop works on a paused container" {
	syscontainer start web
	syscontainer pause web
	takes 0 6000 syscontainer stop web
	same "exit code" "$status" 0
	same end "$(field web .State.ExitCode) $(field web .State.Reason)" "0 stopped"
}

# --- time ---------------------------------------------------------------------------------------------------------------

@test "stop -t 0 and stop -f kill at once" {
	for option in "-t 0" -f; do
		syscontainer start --wait=started web
		# shellcheck disable=SC2086
		takes 0 2000 syscontainer stop $option web
		same "status of stop $option" "$status" 0
		same "exit code after stop $option" "$(field web .State.ExitCode)" 137
		same "status after stop $option" "$(field web .State.Status)" exited
	done
}

@test "a PID 1 that ignores the request is killed after -t, and stderr names what was left and where it hung" {
	small -- sh -c 'trap "" TERM; sleep 1000 & sleep 2000 & wait; wait'
	wait_for 5 syscontainer exec small pgrep -fx 'sleep 2000'
	takes 900 3000 syscontainer stop -t 1 small
	same status "$status" 0
	has_text "did not end in time and was killed" "$stderr"
	has_text sleep "$stderr"
	[[ $stderr =~ (nanosleep|hrtimer) ]]
	same end "$(field small .State.ExitCode) $(field small .State.Status)" "137 exited"
}

@test "without -t the time of the container counts, and without one that of daemon.json" {
	small --stop-timeout 1s -- sh -c 'trap "" TERM; sleep 1000 & wait; wait'
	takes 900 3000 syscontainer stop small
	same "exit code" "$(field small .State.ExitCode)" 137
	syscontainer rm small
	jq '."stop-timeout" = "1s"' "$SYSCONTAINER_CONFIG" >"$BATS_TEST_TMPDIR/daemon.json"
	SYSCONTAINER_CONFIG=$BATS_TEST_TMPDIR/daemon.json small -- sh -c 'trap "" TERM; sleep 1000 & wait; wait'
	takes 900 3000 syscontainer stop small
	same "exit code" "$(field small .State.ExitCode)" 137
}

@test "a negative -t waits as long as it takes" {
	small --stop-timeout 1 -- sh -c 'trap "sleep 2; exit 3" TERM; while :; do sleep 0.05; done'
	wait_for 5 small_hears_term
	takes 1900 6000 syscontainer stop -t -1 small
	same status "$status" 0
	same end "$(field small .State.ExitCode) $(field small .State.Reason)" "3 stopped"
}

@test "a second stop may be more impatient than the first" {
	small -- sh -c 'trap "" TERM; sleep 1000 & wait; wait'
	syscontainer stop -t -1 small >/dev/null 2>&1 3>&- &
	sleep 0.2
	takes 0 2000 syscontainer stop -t 0 small
	wait $!
	same "exit code" "$(field small .State.ExitCode)" 137
}

@test "bad times are refused" {
	run -125 syscontainer stop -t soon web
	has_text soon
	run -125 syscontainer stop -t 5y web
	run -125 syscontainer stop
}

# --- words --------------------------------------------------------------------------------------------------------------

@test "--stop-signal is what PID 1 gets; without it a program gets SIGTERM" {
	small --stop-signal USR1 -- sh -c 'trap "exit 11" USR1; trap "exit 12" TERM; while :; do sleep 0.05; done'
	wait_for 5 small_hears_term
	takes 0 2000 syscontainer stop small
	same "exit code" "$(field small .State.ExitCode)" 11
	syscontainer rm small
	small -- sh -c 'trap "exit 12" TERM; while :; do sleep 0.05; done'
	wait_for 5 small_hears_term
	takes 0 2000 syscontainer stop small
	same "exit code" "$(field small .State.ExitCode)" 12
}

@test "sleep as PID 1 hears no signal but KILL: --stop-signal SIGKILL ends it at once, SIGTERM takes the whole time" {
	small --stop-signal SIGKILL -- sleep 1000
	takes 0 1500 syscontainer stop small
	same "status of stop" "$status:$stderr" 0:
	same "exit code" "$(field small .State.ExitCode)" 137
	syscontainer rm small
	small -- sleep 1000
	takes 900 3000 syscontainer stop -t 1 small
	has_text "sleep" "$stderr"
	same "exit code" "$(field small .State.ExitCode)" 137
	run -125 syscontainer run -d --stop-signal NOSUCH "$plain" sleep 1
	has_text "Invalid signal: NOSUCH"
}

@test "kill sends a signal by name, by number and by RTMIN; without one it kills" {
	small -- sh -c 'trap "echo usr1" USR1; trap "echo rt" 37; trap "echo winch" WINCH; echo up; while :; do sleep 0.05; done'
	wait_for 5 bash -c 'syscontainer logs small | grep -q up'
	run -0 syscontainer kill -s USR1 small
	same output "$output" small
	syscontainer kill -s SIGWINCH small
	syscontainer kill --signal=RTMIN+3 small
	wait_for 5 bash -c '[[ $(syscontainer logs small | sort | tr "\n" " ") == "rt up usr1 winch " ]]'
	run -1 syscontainer kill -s NOSUCH small
	has_text "Invalid signal: NOSUCH"
	same status "$(field small .State.Status)" running
	syscontainer kill small
	same "exit code" "$(field small .State.ExitCode)" 137
	run -1 syscontainer kill small
	has_text "is not running"
}

# --- restart and rm -----------------------------------------------------------------------------------------------------

@test "restart stops and starts: another boot that is ready" {
	syscontainer start web
	before=$(field web .State.StartedAt)
	run -0 syscontainer restart web
	same output "$output" web
	[ "$(field web .State.StartedAt)" != "$before" ]
	run -0 syscontainer exec web systemctl is-system-running
	same state "$output" running
	syscontainer stop web
	run -0 syscontainer restart web
	same "status of a stopped one" "$(field web .State.Status)" running
	syscontainer stop web
}

@test "rm refuses a running container; rm -f kills it and leaves nothing" {
	leak_snapshot >"$BATS_TEST_TMPDIR/before"
	small -- sleep 1000
	run -1 syscontainer rm small
	has_text "You cannot remove a running container"
	run -0 syscontainer rm -f small
	same output "$output" small
	leak_check "$BATS_TEST_TMPDIR/before"
	small -- sleep 1000
	syscontainer pause small
	syscontainer rm -f small
	leak_check "$BATS_TEST_TMPDIR/before"
}

@test "start, exec, reboot, stop and rm leave mounts, cgroups, links, loop devices, processes and files as before" {
	leak_snapshot >"$BATS_TEST_TMPDIR/before"
	guest_start fresh
	syscontainer exec fresh true
	syscontainer exec fresh reboot
	wait_for 20 has_field fresh .RestartCount 1
	syscontainer wait --condition=ready fresh
	syscontainer stop fresh
	syscontainer rm fresh
	tree_remove fresh
	leak_check "$BATS_TEST_TMPDIR/before"
}

@test "a stop that kills very many processes names the first hundred and counts the rest" {
	# shellcheck disable=SC2016 # for the guest
	small -- /bin/sh -c 'trap "" TERM; for n in $(seq 150); do sleep 1000 & done; echo all; while :; do wait; done'
	wait_for 5 eval 'syscontainer logs small | grep -q all'
	run --separate-stderr syscontainer stop -t 1 small
	same "status of stop" "$status" 0
	# shellcheck disable=SC2154 # set by run
	has_text "and 51 more" "$stderr"
}
