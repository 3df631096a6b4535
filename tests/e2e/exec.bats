#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# `exec`: a program in a running guest, its status, its streams, its terminal and its confinement.
# shellcheck disable=SC2016 # what is in single quotes is for the shell of the guest

load common

setup_file() {
	e2e_begin
	guest_start web
	e2e_keep
}

# --- status -------------------------------------------------------------------------------------------------------------

@test "exec ends with the status of the command, 128+n for a signal" {
	run -0 syscontainer exec web true
	run -1 syscontainer exec web false
	run -42 syscontainer exec web sh -c 'exit 42'
	run -255 syscontainer exec web sh -c 'exit 255'
	run -137 syscontainer exec web sh -c 'kill -KILL $$'
	run -143 syscontainer exec web sh -c 'kill -TERM $$'
	run -134 syscontainer exec web sh -c 'kill -ABRT $$'
	run -9 syscontainer exec -t web sh -c 'exit 9'
}

@test "exec: 125 for a mistake of ours, 126 for what cannot be executed, 127 for what is not there" {
	run -125 syscontainer exec --no-such-option web true
	run -125 syscontainer exec web
	run -126 syscontainer exec web /etc/passwd
	has_text /etc/passwd
	run -126 syscontainer exec web /etc
	run -126 syscontainer exec -u daemon web /root/program
	run -127 syscontainer exec web no-such-program
	has_text no-such-program
	run -127 syscontainer exec web /no/such/program
	run -127 syscontainer exec --workdir /no/such/folder web true
	has_text /no/such/folder
	run -126 syscontainer exec -u nobody-like-this web true
	has_text nobody-like-this
}

@test "exec in a container that is unknown, stopped or paused is refused" {
	run -1 syscontainer exec no-such-container true
	has_text "no-such-container"
	syscontainer create --name off "$(tree_new off)" sleep 60
	run -1 syscontainer exec off true
	has_text "is not running"
	syscontainer start off
	syscontainer pause off
	run -1 timeout 10 syscontainer exec off true
	has_text paused
	syscontainer unpause off
	run -0 syscontainer exec off true
}

# --- streams ------------------------------------------------------------------------------------------------------------

@test "stdout and stderr of exec come apart" {
	syscontainer exec web sh -c 'echo to-stdout; echo to-stderr >&2' >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err"
	same stdout "$(<"$BATS_TEST_TMPDIR/out")" to-stdout
	same stderr "$(<"$BATS_TEST_TMPDIR/err")" to-stderr
}

@test "20 MB pass through stdin and stdout of exec unchanged" {
	head -c 20000000 /dev/urandom >"$BATS_TEST_TMPDIR/data"
	timeout 60 syscontainer exec -i web cat <"$BATS_TEST_TMPDIR/data" >"$BATS_TEST_TMPDIR/copy"
	cmp "$BATS_TEST_TMPDIR/data" "$BATS_TEST_TMPDIR/copy"
	timeout 60 syscontainer exec web head -c 20000000 /dev/zero | cmp -n 20000000 - /dev/zero
	timeout 60 cat "$BATS_TEST_TMPDIR/data" | timeout 60 syscontainer exec -i web sha256sum >"$BATS_TEST_TMPDIR/sum"
	same sum "$(cut -d' ' -f1 "$BATS_TEST_TMPDIR/sum")" "$(sha256sum <"$BATS_TEST_TMPDIR/data" | cut -d' ' -f1)"
}

@test "a command that exits early does not hang on much input, and a reader that goes away does not hang the command" {
	run -0 timeout 10 syscontainer exec -i web head -c 10 < <(head -c 20000000 /dev/zero | tr '\0' x)
	same output "$output" xxxxxxxxxx
	run -3 timeout 10 syscontainer exec -i web sh -c 'exit 3' </dev/zero
	run -0 bash -c 'timeout 10 syscontainer exec web sh -c "yes | head -c 1000000; touch /run/finished" | head -c 10'
	wait_for 5 syscontainer exec web test -e /run/finished
}

@test "exec without -i has no input; with -i it sees the end of it" {
	run -0 timeout 10 syscontainer exec web cat <<<'not read'
	same output "$output" ""
	run -0 timeout 10 syscontainer exec -i web cat </dev/null
	same output "$output" ""
	run -0 timeout 10 syscontainer exec -i web cat <<<'read'
	same output "$output" read
}

@test "exec -it without a terminal works, and end of input never hangs it" {
	run -0 timeout 10 syscontainer exec -it web sh -c 'test -t 0 && test -t 1 && echo terminal' </dev/null
	has_text terminal
	run -0 timeout 10 syscontainer exec -it web cat <<<'a line'
	has_text 'a line'
	run -0 timeout 10 syscontainer exec -it web cat < <(printf 'no newline at the end')
	has_text 'no newline at the end'
	run -5 timeout 10 syscontainer exec -it web sh <<<'exit 5'
}

@test "a command that closes its terminal before it ends is not hung up by exec" {
	run -7 timeout 10 syscontainer exec -t web sh -c 'exec <&- >&- 2>&-; sleep 0.3; exit 7'
}

@test "a background child does not hang exec" {
	run -0 timeout 5 syscontainer exec web sh -c 'sleep 20 & echo started'
	same output "$output" started
	run -0 timeout 5 syscontainer exec -i web sh -c 'sleep 21 & echo started' </dev/null
	same output "$output" started
	run -0 timeout 5 syscontainer exec -t web sh -c 'trap "" HUP; sleep 22 & echo started'
	has_text started
	run -0 syscontainer exec web pgrep -f 'sleep 2[012]'
	same children "${#lines[@]}" 3
	syscontainer exec web pkill -f 'sleep 2[012]'
}

@test "exec -d returns at once with status 0 and the command goes on" {
	run -0 timeout 5 syscontainer exec -d web sh -c 'sleep 0.3; echo done >/run/detached; exit 9'
	same output "$output" ""
	wait_for 5 syscontainer exec web test -e /run/detached
	run -127 syscontainer exec -d web no-such-program
}

# --- terminal -----------------------------------------------------------------------------------------------------------

@test "exec -it on a terminal is a session of its own, and its size follows" {
	terminal_open syscontainer exec -it web sh
	terminal_expect '# '
	terminal_type 'tty; stty size\r'
	terminal_expect '/dev/pts/'
	terminal_expect '24 80'
	terminal_resize 50 132
	terminal_type 'sleep 0.2; stty size\r'
	terminal_expect '50 132'
	terminal_type 'ps -o tty= -p $$ | tr -d " "; exit 6\r'
	terminal_wait
	same status "$status" 6
	has_text pts/
}

@test "Ctrl-c in exec -it reaches the command and not exec" {
	terminal_open syscontainer exec -it web sh
	terminal_expect '# '
	terminal_type 'sleep 50\r'
	wait_for 5 syscontainer exec web pgrep -fx 'sleep 50'
	terminal_type '\003'
	terminal_type 'echo $((6 * 7)); exit 8\r'
	terminal_wait
	same status "$status" 8
	has_text 42
}

@test "Ctrl-a q detaches exec -it; Ctrl-a and another key goes to the command" {
	terminal_open syscontainer exec -it web cat
	terminal_type 'one\r'
	terminal_expect one
	terminal_type '\001x\r'
	terminal_expect '^Ax'
	terminal_type '\001q'
	terminal_wait 5
	same status "$status" 0
	run -0 syscontainer exec web true
}

@test "exec leaves the terminal as it was" {
	terminal_open sh -c 'before=$(stty -g); syscontainer exec -it web sh -c "stty raw -echo"; [ "$(stty -g)" = "$before" ] && echo the-same'
	terminal_wait
	has_text the-same
}

# --- what the command gets ----------------------------------------------------------------------------------------------

@test "exec -e, -u and --workdir set environment, user and working directory" {
	run -0 syscontainer exec -e A=b --env C=d -u daemon:www-data --workdir /usr/share web sh -c 'echo $A $C $(id -un) $(id -gn) $PWD'
	same output "$output" "b d daemon www-data /usr/share"
	run -0 syscontainer exec -u 1234:5678 web sh -c 'echo $(id -u) $(id -g)'
	same output "$output" "1234 5678"
	run -0 syscontainer exec web sh -c 'echo $(id -u) $(id -g) $PWD $HOME'
	same output "$output" "0 0 / /root"
	run -0 syscontainer exec -t web sh -c 'echo $TERM'
	[ -n "$output" ]
}

@test "the command of exec inherits the environment of the container but not of the caller" {
	syscontainer run -d --name env -e FROM_RUN=yes "$(tree_new env)" sleep 60
	export FROM_CALLER=yes
	run -0 syscontainer exec env sh -c 'echo ${FROM_RUN-no} ${FROM_CALLER-no}'
	same output "$output" "yes no"
}

@test "the command of exec has the descriptors 0, 1 and 2 only" {
	local see='for n in $(seq 0 40); do [ ! -e /proc/$$/fd/$n ] || printf "%s " $n; done'
	run -0 syscontainer exec web sh -c "$see" 7</dev/null 8>/dev/null
	same descriptors "$output" "0 1 2 "
	run -0 syscontainer exec -i web sh -c "$see" 9</dev/null <<<''
	same descriptors "$output" "0 1 2 "
	syscontainer exec -d web sh -c "($see) >/run/descriptors; touch /run/written"
	wait_for 5 syscontainer exec web test -e /run/written
	same descriptors "$(syscontainer exec web cat /run/descriptors)" "0 1 2 "
	run -0 syscontainer exec web readlink /proc/self/fd/0
	same stdin "$output" /dev/null
}

@test "the command of exec is confined like PID 1: capabilities, NoNewPrivs, seccomp, namespaces, cgroup" {
	local see='grep -E "^(CapPrm|CapEff|CapBnd|CapAmb|NoNewPrivs|Seccomp):"'
	same confinement "$(syscontainer exec web sh -c "$see /proc/self/status")" "$(syscontainer exec web sh -c "$see /proc/1/status")"
	same namespaces "$(syscontainer exec web sh -c 'cd /proc/self/ns; for n in cgroup ipc mnt net pid user uts; do readlink $n; done')" \
		"$(syscontainer exec web sh -c 'cd /proc/1/ns; for n in cgroup ipc mnt net pid user uts; do readlink $n; done')"
	run -0 syscontainer exec web cat /proc/self/cgroup
	[[ $output != *"$E2E_CGROUP"* ]]
	same "umask" "$(syscontainer exec web sh -c umask)" 0022
	run -0 syscontainer exec -u daemon web sh -c "$see /proc/self/status"
	has_text "CapEff:	0000000000000000"
}

@test "the parent of the command of exec is outside of the guest, and nothing of ours stays in it" {
	run -0 syscontainer exec web sh -c 'echo $PPID'
	same "parent's pid" "$output" 0
	run -1 syscontainer exec web sh -c 'ps -e -o comm= | grep -i syscontainer'
}

@test "fifty execs at once all succeed" {
	local pids=()
	for n in {1..50}; do
		syscontainer exec web echo "number $n" >"$BATS_TEST_TMPDIR/$n" 3>&- &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid"
	done
	same lines "$(cat "$BATS_TEST_TMPDIR"/[0-9]* | sort -u | grep -c '^number')" 50
}
