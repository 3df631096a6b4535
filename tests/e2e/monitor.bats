#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# A guest does not depend on our processes: the monitor, the keeper and commands may be killed.

load common
load small

setup_file() {
	e2e_begin '"stop-timeout": "5s"'
	e2e_keep
}

has_monitor() { # NAME
	monitor_pid "$1" >/dev/null
}

@test "a guest outlives its monitor, and the next command brings a new one that knows its state" {
	guest_start web
	pid=$(init_pid web)
	kill_monitor web
	kill -0 "$pid"
	same state "$(field web .State.Status) $(field web .State.Pid) $(field web .State.Ready)" "running $pid true"
	same "number of monitors" "$(monitor_pid web | wc -l)" 1
	run -0 syscontainer exec web systemctl is-system-running
	same state "$output" running
	run -0 timeout 10 syscontainer wait --condition=ready web
}

# Runs COMMAND in cgroups of its own, and fails when something of it is still there afterwards: whoever ends what is in them would end that.
alone() { # COMMAND...
	local top status=0
	for top in "${tops[@]}"; do
		mkdir "$top/$E2E_CGROUP-caller"
	done
	(
		for top in "${tops[@]}"; do
			echo "$BASHPID" >"$top/$E2E_CGROUP-caller/cgroup.procs"
		done
		"$@"
	) || status=$?
	for top in "${tops[@]}"; do
		wait_for 5 rmdir "$top/$E2E_CGROUP-caller" 2>/dev/null || e2e_die "left in $top: $(ps -o comm= -p "$(paste -sd , "$top/$E2E_CGROUP-caller/cgroup.procs")")" || status=1
	done
	return "$status"
}

# The same place in all hierarchies that there are.
monitor_is_at() { # NAME CGROUP
	[[ $(cut -d : -f 3 "/proc/$(monitor_pid "$1")/cgroup" | sort -u) == "$2" ]]
}

@test "a start leaves no process in the cgroups of its caller: monitor, keeper and guest are in their own" {
	local tops place
	mapfile -t tops < <(findmnt -rno TARGET -t cgroup,cgroup2 | grep '^/sys/fs/cgroup' | grep -v cpuset)
	alone small_start web
	place=/$E2E_CGROUP/$(container_id web).monitor
	monitor_is_at web "$place"
	# One that comes later, too.
	kill_monitor web
	alone syscontainer ps
	wait_for 5 has_monitor web
	wait_for 5 monitor_is_at web "$place"
	syscontainer stop web
	same "left" "$(find "${tops[@]}" -path "*$place")" ""
}

@test "ps shows a guest without a monitor as running and gives it one" {
	small_start web
	kill_monitor web
	run -0 syscontainer ps --format '{{.Names}} {{.State}}'
	same ps "$output" "web running"
	wait_for 5 has_monitor web
}

@test "repair gives containers a new monitor and names them" {
	small_start one
	small_start two
	kill_monitor one
	kill_monitor two
	run -0 syscontainer repair
	same repaired "$(sort <<<"$output" | xargs)" "one two"
	has_monitor one
	has_monitor two
	run -0 syscontainer repair
	same repaired "$output" ""
}

@test "halves of files that killed processes left go with repair and the next change, and those of living ones stay" {
	small_create web
	state=$(container_dir web)
	touch "$state/.tmp-0123456789abcdef" "$state/.tmp-fedcba9876543210"
	exec {writer}<"$state/.tmp-fedcba9876543210"
	flock "$writer"
	syscontainer repair web
	[[ ! -e $state/.tmp-0123456789abcdef && -e $state/.tmp-fedcba9876543210 ]]
	exec {writer}<&-
	syscontainer start web
	run_time=$SYSCONTAINER_RUN/$(container_id web)
	touch "$run_time/.tmp-0123456789abcdef"
	syscontainer rename web other
	syscontainer update --restart no other
	same "what is left" "$(find "$state" "$run_time" -name '.tmp-*')" ""
}

@test "a guest that powers off after its monitor was killed ends with 0 and the reason" {
	guest_start web
	kill_monitor web
	syscontainer repair
	syscontainer exec web systemctl poweroff || true
	run -0 timeout 30 syscontainer wait web
	same code "$output" 0
	has_field web .State.Reason poweroff
}

@test "an end that nobody saw is known afterwards" {
	small_start web
	pid=$(init_pid web)
	kill_monitor web
	kill -TERM "$pid"
	wait_for 5 is_gone "$pid"
	same end "$(field web .State.Status) $(field web .State.ExitCode) $(field web .State.Reason)" "exited 7 exited"
}

@test "an end while the adopted monitor watches is known" {
	small_start web
	kill_monitor web
	syscontainer repair
	kill -TERM "$(init_pid web)"
	run -0 timeout 10 syscontainer wait web
	same code "$output" 7
}

@test "the next monitor goes on counting the retries of on-failure:N" {
	tree_small web >/dev/null
	syscontainer run -d --name web --restart on-failure:2 "$(tree_path web)" /bin/sh -c "$SMALL_PROGRAM" >/dev/null
	for retry in 1 2; do
		kill_monitor web
		syscontainer repair
		kill -TERM "$(init_pid web)"
		wait_for 10 has_field web .RestartCount "$retry"
		wait_for 10 has_field web .State.Running true
	done
	kill_monitor web
	syscontainer repair
	kill -TERM "$(init_pid web)"
	run -0 timeout 60 syscontainer wait web
	same code "$output" 7
	same retries "$(field web .RestartCount)" 2
	# Only in a row: a start by hand begins anew.
	syscontainer start web
	kill -TERM "$(init_pid web)"
	wait_for 10 has_field web .RestartCount 1
}

# As a monitor leaves it that is killed after the freezer was told, and before boot.json is written.
set_freezer() { # NAME 0|1
	local file words=(THAWED FROZEN)
	file=$(cgroup_file "$1" freezer freezer.state cgroup.freeze)
	if [[ $file == *.state ]]; then echo "${words[$2]}"; else echo "$2"; fi >"$file"
}

@test "a monitor that was killed in the middle of pause or unpause leaves a guest that is as it was before" {
	small_start web
	set_freezer web 1
	kill_monitor web
	syscontainer repair
	same status "$(field web .State.Status)" running
	timeout 60 syscontainer exec web true
	syscontainer pause web
	set_freezer web 0
	kill_monitor web
	syscontainer repair
	same status "$(field web .State.Status)" paused
	run -0 grep -xE 'FROZEN|frozen 1' "$(cgroup_file web freezer freezer.state cgroup.events)"
	syscontainer unpause web
	timeout 60 syscontainer exec web true
}

@test "a guest that reboots after its monitor was killed comes back" {
	guest_start web
	kill_monitor web
	syscontainer repair
	before=$(init_pid web)
	syscontainer exec web systemctl reboot || true
	wait_for 20 is_gone "$before"
	wait_for 30 has_field web .RestartCount 1 # before that the last boot is what it tells of
	wait_for 30 has_field web .State.Ready true
	run -0 syscontainer exec web systemctl is-system-running --wait
}

@test "a reboot that nobody saw is followed by the next command" {
	guest_start web
	pid=$(init_pid web)
	kill_monitor web
	# Not by exec, which would bring a monitor.
	nsenter -t "$pid" -a systemctl --force reboot
	wait_for 20 is_gone "$pid"
	syscontainer repair
	wait_for 30 has_field web .State.Ready true
}

@test "a restart policy holds after the monitor was killed" {
	small_start web --restart on-failure:2
	kill_monitor web
	syscontainer repair
	before=$(init_pid web)
	kill -TERM "$before"
	wait_for 10 has_field web .RestartCount 1
	wait_for 10 has_field web .State.Running true
	[[ $(init_pid web) != "$before" ]]
	syscontainer stop web
	has_field web .State.Status exited
}

@test "readiness that comes after the monitor was killed is heard" {
	tree_new slow >/dev/null
	mkdir -p "$(tree_path slow)/etc/systemd/system/sysinit.target.wants"
	printf '%s\n' '[Unit]' DefaultDependencies=no Before=sysinit.target '[Service]' Type=oneshot 'ExecStart=/bin/sh -c "until test -e /go; do sleep 0.1; done"' \
		>"$(tree_path slow)/etc/systemd/system/late.service"
	ln -s ../late.service "$(tree_path slow)/etc/systemd/system/sysinit.target.wants/late.service"
	syscontainer run -d --wait=started --name slow "$(tree_path slow)" >/dev/null
	has_field slow .State.Ready false
	kill_monitor slow
	syscontainer repair
	has_field slow .State.Ready false
	touch "$(tree_path slow)/go"
	run -0 timeout 30 syscontainer wait --condition=ready slow
	has_field slow .State.Ready true
}

@test "readiness that comes while there is no monitor is heard by the next one" {
	tree_new slow >/dev/null
	mkdir -p "$(tree_path slow)/etc/systemd/system/sysinit.target.wants"
	printf '%s\n' '[Unit]' DefaultDependencies=no Before=sysinit.target '[Service]' Type=oneshot 'ExecStart=/bin/sleep 1' \
		>"$(tree_path slow)/etc/systemd/system/late.service"
	ln -s ../late.service "$(tree_path slow)/etc/systemd/system/sysinit.target.wants/late.service"
	syscontainer run -d --wait=started --name slow "$(tree_path slow)" >/dev/null
	kill_monitor slow
	sleep 3
	run -0 timeout 10 syscontainer wait --condition=ready slow
}

@test "the console log goes on after the monitor was killed" {
	tree_small web >/dev/null
	# shellcheck disable=SC2016 # for the guest
	syscontainer run -d --name web "$(tree_path web)" /bin/sh -c 'trap "exit 0" TERM; n=0; while :; do n=$((n + 1)); echo "line $n."; sleep 0.05; done' >/dev/null
	wait_for 5 log_has web "line 3."
	kill_monitor web
	sleep 0.3
	syscontainer repair
	# The guest goes on writing: a line may come between finding the last one and printing it.
	last=$(syscontainer logs --tail 1 web | grep -oE '[0-9]+' | tail -n 1)
	wait_for 5 log_has web "line $((last + 10))."
	# Nothing was lost but what the dead monitor had in its hands.
	run -0 syscontainer logs web
	[[ $(wc -l <<<"$output") -ge $last ]]
}

@test "attach works after the monitor was killed" {
	tree_small web >/dev/null
	# shellcheck disable=SC2016 # for the guest
	syscontainer run -d -i --name web "$(tree_path web)" /bin/sh -c 'while read -r word; do echo "<$word>"; [ "$word" != bye ] || exit 5; done' >/dev/null
	kill_monitor web
	run timeout 10 syscontainer attach web <<<$'one\nbye'
	[[ $status -eq 5 ]] || e2e_die "status $status: $output"
	has_text "<bye>"
}

@test "attach gets the exit code of a guest that ends with input unread" {
	local i
	tree_small web >/dev/null
	syscontainer create -i --name web "$(tree_path web)" /bin/sh -c 'read -r word; exit 5' >/dev/null
	for ((i = 0; i < 20; i++)); do
		run timeout 10 syscontainer start -a web < <(yes)
		[[ $status -eq 5 ]] || e2e_die "status $status: $output"
	done
}

@test "killing the keeper does not end the guest, and its exit code is still known" {
	small_start web
	keeper=$(keeper_pid web)
	same keeper "$(cat "/proc/$keeper/comm")" syscontainer-ke
	kill -9 "$keeper"
	wait_for 5 is_gone "$keeper"
	run -0 syscontainer exec web true
	kill -TERM "$(init_pid web)"
	run -0 timeout 10 syscontainer wait web
	same code "$output" 7
}

@test "killing monitor and keeper leaves a guest that can be used and stopped" {
	small_start web
	keeper=$(keeper_pid web)
	kill -9 "$keeper"
	kill_monitor web
	wait_for 5 is_gone "$keeper"
	run -0 syscontainer exec web true
	has_field web .State.Running true
	run -0 timeout 20 syscontainer stop web
	has_field web .State.Status exited
	syscontainer start web
	has_field web .State.Running true
}

@test "PID 1 that is killed leaves 137 and a container that can be started" {
	small_start web
	kill -9 "$(init_pid web)"
	run -0 timeout 10 syscontainer wait web
	same code "$output" 137
	has_field web .State.Reason killed
	syscontainer start web
	has_field web .State.Running true
}

@test "a command that is killed while it starts a guest leaves the guest starting" {
	guest_create web
	syscontainer start web 3>&- &
	pid=$!
	sleep 0.15
	kill -9 "$pid"
	wait "$pid" || true
	# Before or after, and what was begun goes on.
	case $(field web .State.Status) in
	inited) syscontainer start web ;;
	starting | running) run -0 timeout 60 syscontainer wait --condition=ready web ;;
	*) e2e_die "state is $(field web .State.Status)" ;;
	esac
	has_field web .State.Ready true
}

@test "a monitor that is killed while it starts a guest leaves nothing, and a start works" {
	local delay
	small_create web
	for delay in 0 0.002 0.005 0.01 0.02 0.03; do
		syscontainer start web >/dev/null 2>&1 3>&- &
		pid=$!
		wait_for 5 has_monitor web
		sleep "$delay"
		kill_monitor web 2>/dev/null || true
		wait "$pid" || true
		syscontainer repair
		case $(field web .State.Status) in inited | exited | running) ;; *) e2e_die "state is $(field web .State.Status)" ;; esac
		syscontainer start web
		has_field web .State.Running true
		same "number of monitors" "$(monitor_pid web | wc -l)" 1
		syscontainer stop web
	done
}

@test "a monitor ignores what a terminal or a session end sends" {
	local signal
	small_start web
	pid=$(monitor_pid web)
	for signal in HUP INT QUIT TERM PIPE USR1 USR2; do
		kill -"$signal" "$pid"
	done
	sleep 0.2
	same monitor "$(monitor_pid web)" "$pid"
}

@test "a container that is removed at its end is removed although its monitor was killed" {
	small_start brief --rm
	pid=$(init_pid brief)
	kill_monitor brief
	kill -TERM "$pid"
	wait_for 5 is_gone "$pid"
	syscontainer repair
	same containers "$(container_names)" ""
}
