#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Containers that are started by services and sessions, which systemd ends with all of their processes.

load ../e2e/common
load ../e2e/small

# As a service or a scope of this name, with the environment that tells this file's set of containers.
run_as() { # NAME [OPTION OF systemd-run]... -- COMMAND...
	systemd-run --quiet --unit="$1" --setenv=PATH --setenv=SYSCONTAINER_ROOT --setenv=SYSCONTAINER_RUN --setenv=SYSCONTAINER_CONFIG "${@:2}"
}

@test "a service that started a container is stopped, and monitor and guest go on" {
	small_create web
	run_as starter --service-type=oneshot --remain-after-exit -- syscontainer start web
	pids="$(init_pid web) $(keeper_pid web) $(monitor_pid web)"
	systemctl stop starter.service
	same state "$(field web .State.Status)" running
	same processes "$(init_pid web) $(keeper_pid web) $(monitor_pid web)" "$pids"
	# shellcheck disable=SC2086 # three
	kill -0 $pids
}

@test "a session that is killed leaves the containers that were started in it" {
	small_create web
	run_as session --scope -- bash -c 'syscontainer start web && exec -a leader sleep infinity' 3>&- &
	wait_for 10 has_field web .State.Status running
	pids="$(init_pid web) $(keeper_pid web) $(monitor_pid web)"
	systemctl kill --kill-whom=all --signal=KILL session.scope
	wait $! || true
	same state "$(field web .State.Status)" running
	same processes "$(init_pid web) $(keeper_pid web) $(monitor_pid web)" "$pids"
}
