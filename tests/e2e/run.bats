#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# `run`: what it boots, when it returns, what its options do, and how it ends.
# shellcheck disable=SC2016 # what is in single quotes is for the shell of the guest

load common

setup_file() {
	e2e_begin
	plain=$(tree_new plain)
	export plain
	e2e_keep
}

run_plain() { # [OPTION]... -- COMMAND...: one attached run on the shared tree
	local options=()
	while [[ $1 != -- ]]; do
		options+=("$1")
		shift
	done
	syscontainer run --rm "${options[@]}" "$plain" "${@:2}"
}

# --- ready --------------------------------------------------------------------------------------------------------------

@test "run -d prints the id and returns when the guest is running with no failed unit" {
	run -0 syscontainer run -d --name web "$(tree_new web)"
	[[ $output =~ ^[0-9a-f]{64}$ ]]
	run -0 syscontainer exec web systemctl is-system-running
	same state "$output" running
	same "failed units" "$(syscontainer exec web systemctl --no-legend --failed)" ""
	same status "$(field web .State.Status)" running
	read -r _ outside _ <<<"$(syscontainer exec web cat /proc/self/uid_map)"
	[ "$outside" -gt 0 ]
}

@test "run -d --privileged boots a guest whose root is the host's, with no failed unit" {
	syscontainer run -d --privileged --name web "$(tree_overlay web)"
	run -0 syscontainer exec web systemctl is-system-running
	same state "$output" running
	same "failed units" "$(syscontainer exec web systemctl --no-legend --failed)" ""
	read -r inside outside _ <<<"$(syscontainer exec web cat /proc/self/uid_map)"
	same ids "$inside:$outside" 0:0
}

@test "run -tid --system-container --external-rootfs PATH none init works unchanged" {
	run -0 syscontainer run -tid --name web --system-container --external-rootfs "$(tree_new web)" none init
	[[ $output =~ ^[0-9a-f]{64}$ ]]
	run -0 syscontainer exec web systemctl is-system-running
	same state "$output" running
	run -0 syscontainer inspect -f '{{.Config.Cmd}}' web
	has_text init
}

@test "run --wait=started returns before the guest is ready, wait --condition=ready then waits" {
	guest_start web --wait=started
	[[ $(syscontainer exec web systemctl is-system-running) != running ]]
	syscontainer wait --condition=ready web
	run -0 syscontainer exec web systemctl is-system-running
	same state "$output" running
}

@test "run --wait=UNIT returns when that unit is active" {
	tree_new web
	mkdir -p "$(tree_path web)/etc/systemd/system/multi-user.target.wants"
	printf '%s\n' '[Service]' 'Type=oneshot' 'RemainAfterExit=yes' 'ExecStart=/bin/sleep 0.5' >"$(tree_path web)/etc/systemd/system/late.service"
	printf '%s\n' '[Timer]' 'OnBootSec=0' 'AccuracySec=1ms' 'Unit=late.service' >"$(tree_path web)/etc/systemd/system/late.timer"
	ln -s ../late.timer "$(tree_path web)/etc/systemd/system/multi-user.target.wants/late.timer"
	syscontainer run -d --name web --wait=late.service "$(tree_path web)"
	run -0 syscontainer exec web systemctl is-active late.service
}

@test "run --wait=UNIT fails at once when that unit failed, and names it" {
	tree_new web
	mkdir -p "$(tree_path web)/etc/systemd/system/multi-user.target.wants"
	printf '%s\n' '[Service]' 'ExecStart=/bin/false' >"$(tree_path web)/etc/systemd/system/broken.service"
	ln -s ../broken.service "$(tree_path web)/etc/systemd/system/multi-user.target.wants/broken.service"
	run -125 syscontainer run -d --name web --wait=broken.service "$(tree_path web)"
	has_text "unit broken.service of container web failed"
	has_text "Failed units:"
}

@test "a guest that is never ready: --timeout ends the wait and shows failed units, jobs and the console" {
	tree_new web
	mkdir -p "$(tree_path web)/etc/systemd/system/multi-user.target.wants"
	printf '%s\n' '[Unit]' 'Description=Broken thing' '[Service]' 'ExecStart=/bin/false' >"$(tree_path web)/etc/systemd/system/broken.service"
	printf '%s\n' '[Unit]' 'Description=Endless thing' '[Service]' 'Type=oneshot' 'TimeoutStartSec=infinity' 'ExecStart=/bin/sleep infinity' \
		'StandardOutput=tty' >"$(tree_path web)/etc/systemd/system/endless.service"
	ln -s ../broken.service ../endless.service "$(tree_path web)/etc/systemd/system/multi-user.target.wants/"
	run -125 syscontainer run -d --timeout "$(patient 2)s" --name web "$(tree_path web)"
	has_text "container web is not ready after $(patient 2) s"
	has_text "Failed units:"
	has_text "broken.service"
	has_text "endless.service"
	has_text "The last lines of its console:"
	same status "$(field web .State.Status)" running
}

@test "a PID 1 that does not speak the notify protocol is up once it runs" {
	syscontainer run -d --name web "$plain" sleep 60
	same status "$(field web .State.Status)" running
	same "PID 1" "$(syscontainer exec web cat /proc/1/comm)" sleep
}

# --- options ------------------------------------------------------------------------------------------------------------

@test "options take --x v, --x=v, -xv, -x v and -x=v, and short flags cluster" {
	run -0 run_plain --env A=1 --env=B=2 -eC=3 -e D=4 -e=E=5 -ti -- sh -c 'echo $A$B$C$D$E'
	has_text 12345
	run -0 run_plain --user daemon -- id -un
	same user "$output" daemon
	run -0 run_plain -u=daemon -- id -un
	same user "$output" daemon
	run -0 run_plain -udaemon -- id -un
	same user "$output" daemon
	run -0 run_plain --tty=false -- sh -c 'test -t 1 || echo none'
	same terminal "$output" none
}

@test "options stand anywhere before COMMAND, and what follows COMMAND is the command's" {
	run -0 syscontainer run --rm "$plain" -e A=1 sh -c 'echo $A "$@"' sh --rm -e B=2
	same output "$output" "1 --rm -e B=2"
	run -0 syscontainer run --rm -- "$plain" echo -n --help
	same output "$output" "--help"
}

@test "an unknown option, a missing value, a bad number and a missing tree are refused with status 125" {
	run -125 syscontainer run --no-such-option "$plain"
	has_text no-such-option
	run -125 syscontainer run --name
	has_text name
	run -125 syscontainer run --stop-timeout 10x "$plain"
	has_text 10x
	run -125 syscontainer run
	run -125 syscontainer run none init
	has_text "--external-rootfs"
	same containers "$(container_names)" ""
}

@test "run passes environment, working directory, user, groups and host name to PID 1" {
	export IMPORTED=from-outside
	run -0 run_plain -e A=b -e IMPORTED -e NOT_THERE --workdir /made/here -u daemon:www-data --group-add games --hostname box -- \
		sh -c 'echo $A $IMPORTED ${NOT_THERE-unset} $PWD $(id -un) $(id -Gn) $(hostname) $HOSTNAME'
	same output "$output" "b from-outside unset /made/here daemon www-data games box box"
	[ -d "$plain/made/here" ]
	run -126 run_plain -u nobody-like-this -- true
	has_text nobody-like-this
}

@test "labels are in inspect and ps filters by them" {
	syscontainer create --name one --label color=red -l plain "$plain"
	syscontainer create --name two --label color=blue "$plain"
	run -0 syscontainer inspect one
	same label "$(jq -r '.[0].Config.Labels.color' <<<"$output")" red
	same label "$(jq -r '.[0].Config.Labels.plain' <<<"$output")" ""
	run -0 syscontainer ps -a --filter label=color=red --format '{{.Names}}'
	same names "$output" one
}

@test "run --entrypoint makes COMMAND its arguments" {
	run -0 run_plain --entrypoint /bin/echo -- one two
	same output "$output" "one two"
}

# --- the end ------------------------------------------------------------------------------------------------------------

@test "an attached run ends with the status of PID 1" {
	run -0 run_plain -- true
	run -7 run_plain -- sh -c 'exit 7'
	run -255 run_plain -- sh -c 'exit 255'
}

@test "an attached run ends with 128+n when PID 1 dies of a signal" {
	syscontainer run --name web "$plain" sleep 60 >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
	wait_for 10 has_field web .State.Status running
	syscontainer kill web
	status=0
	wait $! || status=$?
	same status "$status" 137
	same "exit code" "$(field web .State.ExitCode)" 137
}

@test "125, 126 and 127 tell what went wrong, by the real cause" {
	run -127 run_plain -- no-such-program
	has_text no-such-program
	run -127 run_plain -- /no/such/program
	run -126 run_plain -- /etc/passwd
	has_text /etc/passwd
	run -126 run_plain -- /etc
	run -126 run_plain -u daemon -- /root
	run -127 run_plain --workdir /etc/passwd/below -- true
	run -125 syscontainer run --rm /no/such/tree true
	has_text /no/such/tree
	# a program whose own words look like our errors
	run -3 run_plain -- sh -c 'echo "executable file not found: permission denied" >&2; exit 3'
	same containers "$(container_names)" ""
}

@test "stdout and stderr of an attached run come apart without a terminal" {
	run_plain -- sh -c 'echo to-stdout; echo to-stderr >&2' >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err"
	same stdout "$(<"$BATS_TEST_TMPDIR/out")" to-stdout
	same stderr "$(<"$BATS_TEST_TMPDIR/err")" to-stderr
}

@test "run --rm removes the container and its state but never the tree" {
	run -4 run_plain --name gone -- sh -c 'echo here >/made-by-guest; exit 4'
	same containers "$(container_names)" ""
	same "state on disk" "$(find "$SYSCONTAINER_ROOT/containers" "$SYSCONTAINER_ROOT/names" -mindepth 1)" ""
	same "the guest's file" "$(<"$plain/made-by-guest")" here
	run -125 syscontainer run --rm --restart always "$plain" true
	has_text "Conflicting options: --restart and --rm"
}

@test "rm leaves the tree as it is" {
	guest_start web
	before=$(find "$(tree_path web)" -printf '%P %u %g %m\n' | sort | sha256sum)
	syscontainer rm -f web
	same tree "$(find "$(tree_path web)" -printf '%P %u %g %m\n' | sort | sha256sum)" "$before"
	same "ids of the host that own files" "$(find "$(tree_path web)" -uid +65535)" ""
}

# --- terminal -----------------------------------------------------------------------------------------------------------

@test "run -it on a terminal is a session: typing, size, end" {
	terminal_open syscontainer run -it --rm "$plain" sh
	terminal_expect '# '
	terminal_type 'stty size; tty; exit 5\r'
	terminal_wait
	same status "$status" 5
	has_text "24 80"
	has_text "/dev/console"
}

@test "run -it without a terminal works, and end of input ends the program that reads it" {
	run -0 timeout 20 syscontainer run -it --rm "$plain" sh -c 'test -t 0 && echo terminal' </dev/null
	has_text terminal
	run -6 timeout 20 syscontainer run -it --rm "$plain" sh <<<'exit 6'
	run -0 timeout 20 syscontainer run -it --rm "$plain" cat <<<'typed words'
	has_text "typed words"
	run -0 timeout 20 syscontainer run -it --rm "$plain" cat < <(printf 'no newline at the end')
	has_text "no newline at the end"
}

@test "run -i passes a pipe and its end; without -i PID 1 has no input" {
	run -0 timeout 20 syscontainer run -i --rm "$plain" cat <<<'through the pipe'
	same output "$output" 'through the pipe'
	run -0 timeout 20 syscontainer run -i --rm "$plain" cat </dev/null
	same output "$output" ""
	run -0 timeout 20 syscontainer run --rm "$plain" cat <<<'not read'
	same output "$output" ""
	head -c 3000000 /dev/urandom >"$BATS_TEST_TMPDIR/data"
	timeout 20 syscontainer run -i --rm "$plain" cat <"$BATS_TEST_TMPDIR/data" >"$BATS_TEST_TMPDIR/copy"
	cmp "$BATS_TEST_TMPDIR/data" "$BATS_TEST_TMPDIR/copy"
}

@test "Ctrl-a q detaches from an attached run, which goes on" {
	terminal_open syscontainer run -it --name web "$plain" sh
	terminal_expect '# '
	terminal_type '\001q'
	terminal_wait
	same status "$status" 0
	same status "$(field web .State.Status)" running
}

# --- trees --------------------------------------------------------------------------------------------------------------

@test "an image file boots, and its loop device is gone after the stop" {
	image=$E2E_DIR/disk.img
	truncate -s 600M "$image"
	mkfs.ext4 -q -E lazy_itable_init=1 -d "$SYSCONTAINER_TEST_TREE" "$image"
	syscontainer run -d --name web "$image"
	run -0 syscontainer exec web systemctl is-system-running
	same state "$output" running
	same "failed units" "$(syscontainer exec web systemctl --no-legend --failed)" ""
	[ -n "$(losetup -j "$image")" ]
	syscontainer exec web sh -c 'echo kept >/root/note'
	syscontainer stop web
	same "loop devices" "$(losetup -j "$image")" ""
	same mounts "$(grep -F "$image" /proc/self/mountinfo || true)" ""
	syscontainer start web
	same note "$(syscontainer exec web cat /root/note)" kept
	syscontainer rm -f web
	same "loop devices" "$(losetup -j "$image")" ""
	rm "$image"
}

@test "a tree in a folder that only root may enter boots unprivileged" {
	chmod 700 "$E2E_DIR/trees/plain"
	run -0 run_plain -- cat /etc/os-release
	chmod 711 "$E2E_DIR/trees/plain"
	has_text "Debian"
}

@test "a tree without os-release, of another architecture or in use, and what is no tree, is refused, each with its message" {
	mkdir -p "$E2E_DIR/trees/none/tree"
	run -125 syscontainer run -d "$(tree_path none)"
	has_text os-release
	tree_new web
	rm "$(tree_path web)/lib/systemd/systemd"
	printf '\177ELF\2\2\1\0\0\0\0\0\0\0\0\0\0\2\0\26' >"$(tree_path web)/lib/systemd/systemd"
	chmod 755 "$(tree_path web)/lib/systemd/systemd"
	run -125 syscontainer run -d "$(tree_path web)"
	has_text "is a program for s390"
	syscontainer run -d --name first "$plain" sleep 60
	run -125 syscontainer run -d --name second "$plain" sleep 60
	has_text "is in use by a running container"
	syscontainer rm -f first second
	run -125 syscontainer run -d ./relative
	has_text ./relative
	run -125 syscontainer run -d "$plain/etc/passwd"
	has_text passwd
}
