#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# How a guest ends by itself, what that leaves in inspect, and when it comes back.
# shellcheck disable=SC2016 # what is in single quotes is for the shell of the guest

load common

setup_file() {
	e2e_begin
	plain=$(tree_new plain)
	export plain
	guest_create web
	e2e_keep
}

setup() {
	rm -f "$plain/boots" "$plain/go"
}

# A PID 1 that writes a line to /boots at each start, and then does what is given.
boots_and() { # POLICY COMMAND
	syscontainer run -d --name small --restart "$1" "$plain" sh -c "echo boot >>/boots; $2"
}

boots() {
	grep -c boot "$plain/boots"
}

has_boots() { # COUNT
	[[ $(boots) -ge $1 ]]
}

has_ended_with() { # EXIT-CODE REASON RESTARTS
	wait_for 10 has_field small .State.Status exited
	same "exit code" "$(field small .State.ExitCode)" "$1"
	same reason "$(field small .State.Reason)" "$2"
	same "restart count" "$(field small .RestartCount)" "$3"
}

web_is_another_boot() { # STARTED-AT
	[[ $(field web .State.StartedAt) != "$1" ]] && syscontainer wait --condition=ready web
}

# --- real guests --------------------------------------------------------------------------------------------------------

@test "reboot in a guest brings it back by default: another boot, RestartCount 1, running" {
	guest_start machine
	same policy "$(field machine .HostConfig.RestartPolicy.Name)" on-reboot
	before=$(field machine .State.StartedAt)
	syscontainer exec machine touch /run/of-this-boot /root/kept
	syscontainer exec machine systemctl reboot
	wait_for 20 has_field machine .RestartCount 1
	wait_for 20 syscontainer wait --condition=ready machine
	[ "$(field machine .State.StartedAt)" != "$before" ]
	same status "$(field machine .State.Status)" running
	run -1 syscontainer exec machine test -e /run/of-this-boot
	run -0 syscontainer exec machine test -e /root/kept
	run -0 syscontainer exec machine systemctl is-system-running
	same state "$output" running
	# and once more, by another word, under a new name and with a limit that was set live
	syscontainer rename machine renamed
	syscontainer update --pids-limit 400 renamed
	syscontainer exec renamed reboot
	wait_for 20 has_field renamed .RestartCount 2
	wait_for 20 syscontainer wait --condition=ready renamed
	same "pids limit" "$(field renamed .HostConfig.PidsLimit)" 400
	run -0 syscontainer exec renamed systemctl is-system-running
	same state "$output" running
}

@test "poweroff, halt and shutdown -h now in a guest are a clean stop: exit code 0, reason poweroff, no restart" {
	for words in poweroff halt "shutdown -h now"; do
		syscontainer start web
		# shellcheck disable=SC2086
		syscontainer exec web $words
		run -0 timeout 20 syscontainer wait web
		same "exit code of $words" "$output" 0
		same "status after $words" "$(field web .State.Status)" exited
		same "reason of $words" "$(field web .State.Reason)" poweroff
		same "restarts after $words" "$(field web .RestartCount)" 0
	done
}

@test "kill -s HUP reaches systemd and does not change the policy" {
	syscontainer start web
	before=$(field web .State.StartedAt)
	syscontainer kill -s HUP web
	wait_for 10 syscontainer exec web sh -c 'journalctl --no-pager -b -o cat _PID=1 | grep -q Reloading'
	same policy "$(field web .HostConfig.RestartPolicy.Name)" on-reboot
	same "start time" "$(field web .State.StartedAt)" "$before"
	syscontainer exec web reboot
	wait_for 20 web_is_another_boot "$before"
	syscontainer stop web
	same "exit code" "$(field web .State.ExitCode)" 0
}

# --- policies -----------------------------------------------------------------------------------------------------------

@test "--restart no: a reboot is not followed and leaves exit code 129" {
	boots_and no 'systemctl -ff reboot'
	has_ended_with 129 reboot 0
	same boots "$(boots)" 1
}

@test "--restart on-reboot: follows a reboot, not an exit, not even one with code 129" {
	boots_and on-reboot '[ $(grep -c boot /boots) -gt 2 ] || systemctl -ff reboot; exit 129'
	wait_for 10 has_boots 3
	has_ended_with 129 exited 2
	same boots "$(boots)" 3
}

@test "--restart on-failure:N: comes back N times with a growing pause, then keeps the exit code" {
	start=${EPOCHREALTIME/./}
	boots_and on-failure:3 'exit 5' || true
	wait_for 10 has_boots 4
	has_ended_with 5 exited 3
	same boots "$(boots)" 4
	[ $((${EPOCHREALTIME/./} - start)) -ge 700000 ]
}

@test "--restart on-failure: exit code 0 and poweroff are no failure, a reboot is followed" {
	boots_and on-failure 'exit 0' || true
	has_ended_with 0 exited 0
	syscontainer rm small
	boots_and on-failure 'systemctl -ff poweroff' || true
	has_ended_with 0 poweroff 0
	syscontainer rm small
	rm "$plain/boots"
	boots_and on-failure '[ $(grep -c boot /boots) -gt 1 ] && exit 0; systemctl -ff reboot' || true
	wait_for 10 has_boots 2
	has_ended_with 0 exited 1
}

@test "--restart always: comes back after exit code 0 and after poweroff, until it is stopped" {
	boots_and always '[ $(grep -c boot /boots) -gt 1 ] || exit 0; [ $(grep -c boot /boots) -gt 2 ] || systemctl -ff poweroff; exec sleep 60'
	wait_for 10 has_boots 3
	wait_for 10 has_field small .State.Status running
	same "restart count" "$(field small .RestartCount)" 2
	syscontainer stop -t 0 small
	sleep 0.5
	same status "$(field small .State.Status)" exited
	same boots "$(boots)" 3
	syscontainer start small
	same status "$(field small .State.Status)" running
	same boots "$(boots)" 4
}

@test "--restart unless-stopped: comes back until it is stopped" {
	boots_and unless-stopped '[ $(grep -c boot /boots) -gt 1 ] || exit 3; exec sleep 60'
	wait_for 10 has_boots 2
	wait_for 10 has_field small .State.Status running
	syscontainer stop -t 0 small
	sleep 0.5
	same status "$(field small .State.Status)" exited
	same boots "$(boots)" 2
}

@test "a stop between two boots cancels the restart" {
	boots_and always 'exit 1' || true
	wait_for 10 has_boots 3
	timeout 10 syscontainer stop small
	same status "$(field small .State.Status)" exited
	before=$(boots)
	sleep 1
	same boots "$(boots)" "$before"
}

@test "kill is final although the policy is always; a PID 1 killed from outside comes back" {
	boots_and always 'exec sleep 600'
	wait_for 10 has_boots 1
	kill -KILL "$(field small .State.Pid)"
	wait_for 10 has_boots 2
	wait_for 10 has_field small .State.Status running
	same "exit code of the boot before" "$(field small .RestartCount)" 1
	syscontainer kill small
	has_ended_with 137 killed 1
	sleep 0.5
	same boots "$(boots)" 2
}

@test "a PID 1 killed from outside leaves exit code 137 under the default policy" {
	boots_and on-reboot 'exec sleep 60'
	kill -KILL "$(field small .State.Pid)"
	has_ended_with 137 killed 0
}

@test "update --restart is in force for the boot that runs" {
	local until_go='while [ ! -e /go ]; do sleep 0.02; done; rm /go; exit 7'
	boots_and no "$until_go"
	syscontainer update --restart on-failure:1 small
	touch "$plain/go"
	wait_for 10 has_boots 2
	wait_for 10 has_field small .State.Status running
	syscontainer update --restart no small
	touch "$plain/go"
	has_ended_with 7 exited 1
	same policy "$(field small .HostConfig.RestartPolicy.Name)" no
}

@test "a bad restart policy is refused by run and by update" {
	for policy in sometimes on-failure:x on-failure:-1 no:3 ""; do
		run -125 syscontainer run -d --name bad --restart "$policy" "$plain" true
	done
	syscontainer create --name small "$plain"
	run -125 syscontainer update --restart sometimes small
	same policy "$(field small .HostConfig.RestartPolicy.Name)" on-reboot
}

# --- who looks on -------------------------------------------------------------------------------------------------------

@test "wait does not take a reboot for the end; an attached run shows every boot" {
	boots_and on-failure:1 'while [ ! -e /go ]; do sleep 0.02; done; rm /go; exit 4'
	syscontainer wait small >"$BATS_TEST_TMPDIR/code" 3>&- &
	sleep 0.1
	touch "$plain/go"
	wait_for 10 has_boots 2
	kill -0 $!
	touch "$plain/go"
	wait $!
	same "exit code" "$(<"$BATS_TEST_TMPDIR/code")" 4
	run -4 timeout 20 syscontainer run --name loud --restart on-failure:2 "$plain" sh -c 'echo here; exit 4'
	same output "$output" $'here\nhere\nhere'
}

@test "start after the end begins a new count, and starting what runs is no error" {
	boots_and on-failure:1 'exit 3' || true
	has_ended_with 3 exited 1
	rm "$plain/boots"
	syscontainer start --wait=started small || true
	wait_for 10 has_boots 2
	wait_for 10 has_field small .State.Status exited
	same boots "$(boots)" 2
	syscontainer rm small
	boots_and no 'exec sleep 60'
	run -0 syscontainer start small
	same output "$output" ""
	same boots "$(boots)" 3
}
