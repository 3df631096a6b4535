#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Health checks: when a guest counts as healthy, who hears of it, and that probes are bounded.
# shellcheck disable=SC2154 # stderr is set by run
# shellcheck disable=SC2016 # the guest's shell expands

load common
load small

health() { # NAME FIELD
	syscontainer inspect "$1" | jq -r ".[0].State.Health.$2"
}

has_health() { # NAME STATUS
	[[ $(health "$1" Status) == "$2" ]]
}

status_line() { # NAME
	syscontainer ps -a --filter "name=^$1\$" --format '{{.Status}}'
}

health_events() { # NAME: the statuses in the order in which they came
	jq -r --arg id "$(container_id "$1")" 'select(.id == $id and (.action | startswith("health_status"))) | .action' \
		"$SYSCONTAINER_RUN/events.jsonl" | xargs
}

probes_run() { # PATTERN
	pgrep -f "$1" >/dev/null
}

no_probe_runs() { # PATTERN
	! probes_run "$1"
}

has_results() { # NAME COUNT
	[[ $(health "$1" 'Log | length') -ge $2 ]]
}

@test "a guest is starting, healthy after a success, unhealthy after failures in a row, and healthy again" {
	local remap
	for remap in auto none; do
		small_create "web-$remap" --user-remap "$remap" --health-interval 1s --health-retries 2 \
			--health-cmd 'while test -e /tmp/wait; do sleep 0.1; done; echo checked; test ! -e /tmp/sick'
		touch "$(tree_path "web-$remap")/tmp/wait"
		syscontainer start "web-$remap"
		same status "$(health "web-$remap" Status)" starting
		has_text "(health: starting)" "$(status_line "web-$remap")"
		rm "$(tree_path "web-$remap")/tmp/wait"
		syscontainer wait --condition healthy --timeout "$(patient 10)s" "web-$remap"
		same status "$(health "web-$remap" Status)" healthy
		has_text "(healthy)" "$(status_line "web-$remap")"
		same output "$(health "web-$remap" 'Log[0].Output')" checked
		same code "$(health "web-$remap" 'Log[0].ExitCode')" 0
		in_guest "web-$remap" touch /tmp/sick
		wait_for 10 has_health "web-$remap" unhealthy
		[[ $(health "web-$remap" FailingStreak) -ge 2 ]] # a slow machine has seen the next one
		has_text "(unhealthy)" "$(status_line "web-$remap")"
		same status "$(field "web-$remap" .State.Status)" running
		same events "$(health_events "web-$remap")" "health_status: healthy health_status: unhealthy"
		same "filtered" "$(syscontainer ps -q --no-trunc --filter health=unhealthy)" "$(container_id "web-$remap")"
		rm "$(tree_path "web-$remap")/tmp/sick"
		syscontainer wait --condition healthy --timeout "$(patient 10)s" "web-$remap"
		same streak "$(health "web-$remap" FailingStreak)" 0
		syscontainer rm -f "web-$remap" >/dev/null
	done
}

@test "the check and its defaults are in inspect" {
	small_create plain --health-cmd true
	run -0 syscontainer inspect -f '{{json .Config.HealthCheck}}' plain
	same check "$(jq -c . <<<"$output")" '{"Test":["CMD-SHELL","true"],"Interval":30000000000,"Timeout":30000000000,"StartPeriod":0,"Retries":3,"ExitOnUnhealthy":false}'
}

@test "failures within the start period only go to the log, and a success ends it" {
	small_start web --health-cmd 'test -e /tmp/well' --health-interval 1s --health-retries 1 --health-start-period 1h
	wait_for 10 has_results web 2
	same status "$(health web Status)" starting
	same streak "$(health web FailingStreak)" 0
	in_guest web touch /tmp/well
	wait_for 10 has_health web healthy
	rm "$(tree_path web)/tmp/well"
	wait_for 10 has_health web unhealthy
}

@test "a probe is ended at its timeout with all that it started, also what left its session" {
	tree_small web >/dev/null
	cp -a "$SYSCONTAINER_TEST_TREE/usr/bin/setsid" "$(tree_path web)/usr/bin/"
	syscontainer run -d --name web --health-cmd 'sleep 765401 & (setsid sleep 765402 & ); sleep 765403' --health-interval 1s --health-timeout 1s --health-retries 1 \
		"$(tree_path web)" /bin/sh -c "$SMALL_PROGRAM" >/dev/null
	wait_for 10 probes_run "sleep 76540[1-3]"
	wait_for 10 has_health web unhealthy
	has_text "Health check exceeded timeout (1s)" "$(health web 'Log[0].Output')"
	same code "$(health web 'Log[0].ExitCode')" -1
	wait_for 5 no_probe_runs "sleep 76540[1-3]"
}

@test "there is one probe at a time, and what one leaves behind ends with it" {
	small_start web --health-cmd 'sleep 765411 & sleep 0.1; true' --health-interval 1s
	small_start slow --health-cmd 'echo one >>/tmp/probes; sleep 765412' --health-interval 1s --health-timeout 10m
	syscontainer wait --condition healthy --timeout "$(patient 10)s" web
	wait_for 5 no_probe_runs "sleep 765411"
	wait_for 10 probes_run "sleep 765412"
	sleep 1.1
	same probes "$(in_guest slow cat /tmp/probes)" one
	syscontainer stop slow
	no_probe_runs "sleep 765412"
}

@test "output is cut after 4096 bytes" {
	small_start web --health-cmd 'i=0; while [ $i -lt 1000 ]; do echo "line $i"; i=$((i+1)); done' --health-interval 1s
	syscontainer wait --condition healthy --timeout "$(patient 10)s" web
	output=$(health web 'Log[0].Output')
	same length "${#output}" 4099
	has_text "..."
}

@test "an unhealthy guest is killed when that was asked for, and its restart policy followed" {
	small_start web --health-cmd 'exit 1' --health-interval 1s --health-retries 1 --health-exit-on-unhealthy
	small_start again --health-cmd 'exit 1' --health-interval 1s --health-retries 1 --health-exit-on-unhealthy --restart on-failure:1
	wait_for 10 has_field web .State.Status exited
	same code "$(field web .State.ExitCode)" 137
	same reason "$(field web .State.Reason)" unhealthy
	same status "$(health web Status)" unhealthy
	wait_for 10 has_field again .RestartCount 1
	wait_for 10 has_field again .State.Status exited
	same code "$(field again .State.ExitCode)" 137
}

@test "a paused guest is not probed, and probes go on afterwards" {
	small_start web --health-cmd 'sleep 0.2; test -e /tmp/x' --health-interval 1s --health-timeout 1s
	syscontainer pause web
	count=$(health web 'Log | length')
	sleep 1.5
	same results "$(health web 'Log | length')" "$count"
	syscontainer unpause web
	in_guest web touch /tmp/x
	wait_for 10 has_health web healthy
}

@test "a monitor that takes over goes on with what was known, and ends the dead one's probe" {
	small_start web --health-cmd 'test -e /tmp/hang && sleep 765421; exit 1' --health-interval 1s --health-retries 3
	wait_for 10 has_results web 1
	in_guest web touch /tmp/hang
	wait_for 10 probes_run "sleep 765421"
	streak=$(health web FailingStreak)
	kill_monitor web
	wait_for 5 no_probe_runs "sleep 765421"
	syscontainer repair web
	same streak "$(health web FailingStreak)" "$streak"
	rm "$(tree_path web)/tmp/hang"
	wait_for 10 has_health web unhealthy
}

@test "each boot begins anew, and rm leaves nothing" {
	small_start web --health-cmd 'while test -e /tmp/wait; do sleep 0.1; done' --health-interval 1s
	syscontainer wait --condition healthy --timeout "$(patient 10)s" web
	syscontainer stop web
	same status "$(health web Status)" healthy
	touch "$(tree_path web)/tmp/wait"
	syscontainer start web
	same status "$(health web Status)" starting
	same results "$(health web 'Log | length')" 0
}

@test "waiting for the health of a guest that has no check, or ends before, fails" {
	small_start plain
	run -1 syscontainer wait --condition healthy plain
	has_text "container plain has no health check"
	small_start web --health-cmd 'exit 1' --health-interval 1h
	syscontainer wait --condition healthy web 3>&- 2>"$BATS_TEST_TMPDIR/said" &
	pid=$!
	wait_for 5 is_waiting "$pid"
	syscontainer stop web
	status=0
	wait "$pid" || status=$?
	[[ $status -ne 0 ]]
	has_text "it ended before it was healthy" "$(<"$BATS_TEST_TMPDIR/said")"
}

@test "a guest without a shell is unhealthy and says why" {
	local tree
	tree=$(tree_small web)
	syscontainer run -d --name web --health-cmd true --health-interval 1s --health-retries 1 "$tree" /usr/bin/sleep 1000 >/dev/null
	wait_for 10 has_health web healthy
	rm -f "$tree/usr/bin/sh" "$tree/usr/bin/dash"
	wait_for 10 has_health web unhealthy
	same code "$(health web 'Log[-1].ExitCode')" 127
	has_text "cannot execute /bin/sh" "$(health web 'Log[-1].Output')"
}

@test "bad health options are refused with option and value, and nothing is made" {
	local options words
	tree_small web >/dev/null
	before=$(ls "$SYSCONTAINER_ROOT"/{containers,names,idmap})
	while IFS='~' read -r options words; do
		# shellcheck disable=SC2086 # words
		run -125 --separate-stderr syscontainer create $options "$(tree_path web)" /bin/true
		has_text "$words" "$stderr"
	done <<-END
		--health-cmd=~Invalid value "" for flag --health-cmd
		--health-cmd=x --health-interval=500ms~Invalid value "500ms" for flag --health-interval: it is less than one second
		--health-cmd=x --health-interval=soon~Invalid value "soon" for flag --health-interval
		--health-cmd=x --health-interval=-5s~Invalid value "-5s" for flag --health-interval
		--health-cmd=x --health-interval=99999999999h~Invalid value "99999999999h" for flag --health-interval
		--health-cmd=x --health-timeout=11m~Invalid value "11m" for flag --health-timeout: it is more than ten minutes
		--health-cmd=x --health-start-period=1ms~Invalid value "1ms" for flag --health-start-period
		--health-cmd=x --health-retries=-1~Invalid value "-1" for flag --health-retries
		--health-cmd=x --health-retries=1.5~Invalid value "1.5" for flag --health-retries
		--health-cmd=x --health-retries=99999999999~Invalid value "99999999999" for flag --health-retries
		--health-retries=3~give that too
		--health-exit-on-unhealthy~give that too
		--no-healthcheck --health-cmd=x~--no-healthcheck conflicts
	END
	same "what there is" "$(ls "$SYSCONTAINER_ROOT"/{containers,names,idmap})" "$before"
	run -1 syscontainer ps --filter health=fine
	has_text "Unrecognised filter value for health: fine"
	run -0 syscontainer create --name none --no-healthcheck "$(tree_path web)" /bin/true
	same check "$(field none .Config.HealthCheck)" null
}
