#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# The console of a guest: its log, and being attached to it.
# shellcheck disable=SC2016 # what is in single quotes is for the shell of the guest

load common
load small

setup_file() {
	e2e_begin '"container-log": { "max-size": "64k", "max-file": 3 }'
	plain=$(tree_new plain)
	export plain
	guest_start web
	e2e_keep
}

setup() {
	rm -f "$plain/boots" "$plain/go"
}

shell_start() { # a shell on the console of container small
	syscontainer run -tid --name small "$plain" sh >/dev/null
}

file_has() { # TEXT FILE
	grep -qF -e "$1" "$2"
}

# --- the log ------------------------------------------------------------------------------------------------------------

@test "logs shows what systemd wrote to the console" {
	run -0 syscontainer logs web
	has_text "Welcome to"
	has_text "Debian"
}

@test "what a guest writes to /dev/console is in logs" {
	syscontainer exec web sh -c 'echo written to the console >/dev/console'
	wait_for 5 bash -c 'syscontainer logs web | grep -q "written to the console"'
}

@test "logs keeps stdout and stderr apart and in order" {
	syscontainer run --name small "$plain" sh -c 'echo one; echo two >&2; echo three' >/dev/null 2>&1
	run -0 --separate-stderr syscontainer logs small
	same stdout "$output" $'one\nthree'
	# shellcheck disable=SC2154
	same stderr "$stderr" two
}

@test "logs --tail shows the last lines, -t puts the time in front" {
	syscontainer run --name small "$plain" seq 1 50 >/dev/null
	run -0 syscontainer logs --tail 3 small
	same output "$output" $'48\n49\n50'
	run -0 syscontainer logs --tail=0 small
	same output "$output" ""
	run -0 syscontainer logs --tail all small
	same lines "${#lines[@]}" 50
	run -0 syscontainer logs -t --tail 1 small
	[[ $output =~ ^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{9}(Z|[+-][0-9:]{5})\ 50$ ]]
	run -125 syscontainer logs --tail some small
	has_text some
	run -1 syscontainer logs no-such-container
	has_text no-such-container
}

@test "logs -f shows new lines as they come and ends when the container does" {
	syscontainer run -d --name small "$plain" sh -c 'echo early; while [ ! -e /go ]; do sleep 0.02; done; echo late' >/dev/null
	wait_for 5 log_has small early
	syscontainer logs -f small >"$BATS_TEST_TMPDIR/log" 3>&- &
	wait_for 5 file_has early "$BATS_TEST_TMPDIR/log"
	touch "$plain/go"
	wait_for 5 file_has late "$BATS_TEST_TMPDIR/log"
	wait_for 5 bash -c "! kill -0 $! 2>/dev/null"
	wait $!
}

@test "logs -f follows through rotations and loses nothing" {
	syscontainer run -d --name small "$plain" sh -c 'while [ ! -e /go ]; do sleep 0.02; done; for n in $(seq 1 2000); do echo "line $n of many"; [ $((n % 100)) != 0 ] || sleep 0.02; done' >/dev/null
	syscontainer logs -f small >"$BATS_TEST_TMPDIR/log" 3>&- &
	sleep 0.2
	touch "$plain/go"
	wait_for 20 bash -c "! kill -0 $! 2>/dev/null"
	same lines "$(grep -c 'of many' "$BATS_TEST_TMPDIR/log")" 2000
	same "first and last" "$(sed -n '1p;$p' "$BATS_TEST_TMPDIR/log" | tr '\n' ' ')" "line 1 of many line 2000 of many "
}

@test "the log is rotated: its files stay below size and number, the newest lines are there" {
	syscontainer run --name small "$plain" seq -f 'a line with the number %g' 1 5000 >/dev/null
	local folder
	folder=$SYSCONTAINER_ROOT/containers/$(field small .Id)
	same files "$(find "$folder" -name 'console.log*' | wc -l)" 3
	same "files that are too large" "$(find "$folder" -name 'console.log*' -size +64k)" ""
	run -0 syscontainer logs --tail 1 small
	same output "$output" "a line with the number 5000"
	run -0 syscontainer logs small
	[ "${#lines[@]}" -gt 100 ]
	same "first line" "${lines[0]}" "a line with the number $((5000 - ${#lines[@]} + 1))"
}

@test "the output of earlier boots is kept" {
	syscontainer run --name small --restart on-failure:1 "$plain" sh -c 'echo boot >>/boots; echo "this is boot $(grep -c boot /boots)"; exit 1' >/dev/null || true
	run -0 syscontainer logs small
	same output "$output" $'this is boot 1\nthis is boot 2'
	syscontainer start --wait=started small || true
	wait_for 10 has_field small .State.Status exited
	run -0 syscontainer logs small
	has_text "this is boot 1"
	has_text "this is boot 4"
}

@test "output without a newline and output that is no text do not break the log" {
	syscontainer run --name small "$plain" sh -c 'printf "no newline"; printf "\\377\\376\\000binary" >&2' >/dev/null 2>&1
	run -0 --separate-stderr syscontainer logs small
	same stdout "$output" "no newline"
	has_text binary "$stderr"
}

# --- attach -------------------------------------------------------------------------------------------------------------

@test "attach shows the console and takes input; Ctrl-a q leaves it running; attach works again" {
	shell_start
	terminal_open syscontainer attach small
	terminal_type 'echo $((6 * 7))\r'
	terminal_expect 42
	terminal_type '\001q'
	terminal_wait 5
	same status "$status" 0
	same status "$(field small .State.Status)" running
	terminal_open syscontainer attach small
	terminal_type 'echo $((7 * 8)); tty\r'
	terminal_expect 56
	terminal_expect /dev/console
	terminal_resize 40 111
	terminal_type 'sleep 0.2; stty size\r'
	terminal_expect '40 111'
	terminal_type '\001q'
	terminal_wait 5
	run -0 syscontainer logs small
	has_text 42
	has_text 56
}

@test "attach ends with the exit status of PID 1 when it ends" {
	shell_start
	terminal_open syscontainer attach small
	terminal_type 'exit 5\r'
	terminal_wait
	same status "$status" 5
	same "exit code" "$(field small .State.ExitCode)" 5
}

@test "two attached at once both see the console" {
	shell_start
	terminal_open syscontainer attach small
	syscontainer attach small < <(sleep 3) >"$BATS_TEST_TMPDIR/second" 3>&- &
	wait_for 5 is_waiting $!
	terminal_type 'echo $((6 * 7))\r'
	terminal_expect 42
	wait_for 5 file_has 42 "$BATS_TEST_TMPDIR/second"
	terminal_type 'exit 0\r'
	terminal_wait
	wait $!
}

@test "the console of a booted guest has a login" {
	terminal_open syscontainer attach web
	terminal_type '\r'
	terminal_expect "login:"
	terminal_type '\001q'
	terminal_wait 5
	same status "$status" 0
	same status "$(field web .State.Status)" running
}

@test "attach without input of its own sees what a program without a terminal writes" {
	syscontainer run -d --name small "$plain" sh -c 'while [ ! -e /go ]; do sleep 0.02; done; echo to-stdout; echo to-stderr >&2; exit 3' >/dev/null
	syscontainer attach small </dev/null >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" 3>&- &
	wait_for 5 is_waiting $!
	touch "$plain/go"
	status=0
	wait $! || status=$?
	same status "$status" 3
	same stdout "$(<"$BATS_TEST_TMPDIR/out")" to-stdout
	same stderr "$(<"$BATS_TEST_TMPDIR/err")" to-stderr
}

@test "after the monitor was killed attach still passes input and its end to a program without a terminal" {
	syscontainer run -d -i --name small "$plain" cat >/dev/null
	kill_monitor small
	same status "$(field small .State.Status)" running
	syscontainer repair
	run -0 timeout 10 syscontainer attach small <<<'words after the crash'
	same output "$output" 'words after the crash'
	same "exit code" "$(field small .State.ExitCode)" 0
	same status "$(field small .State.Status)" exited
}

@test "a reader that goes away or does not read does not hang the guest" {
	syscontainer run -d --name small "$plain" sh -c 'while [ ! -e /go ]; do sleep 0.02; done; seq 1 300000; touch /boots; sleep 60' >/dev/null
	syscontainer attach small </dev/null 3>&- | head -c 10 >/dev/null &
	sleep 0.2
	touch "$plain/go"
	wait_for 20 test -e "$plain/boots"
}

@test "attach to a container that is stopped, paused or unknown is refused" {
	syscontainer create --name small "$plain" sleep 60
	run -1 timeout 10 syscontainer attach small
	has_text "You cannot attach to a stopped container, start it first"
	syscontainer start small
	syscontainer pause small
	run -1 timeout 10 syscontainer attach small
	has_text "paused"
	run -1 syscontainer attach no-such-container
}
