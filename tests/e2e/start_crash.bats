#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# bats file_tags=slow
# A monitor, and each process that it has at work, killed at every step of a start and a stop. Both commands come to an end, the next one finds a container that runs or
# does not, and can start it.
# Needs a build that was configured with --enable-fault-injection, which SYSCONTAINER_TEST_FAULT names.

load common
load small

setup_file() {
	[[ ${SYSCONTAINER_TEST_FAULT:-} ]] || return 0
	PATH=$SYSCONTAINER_TEST_FAULT/bin:$PATH
	export PATH
	e2e_begin '"stop-timeout": "3s"'
	e2e_keep
}

teardown_file() {
	[[ ! ${SYSCONTAINER_TEST_FAULT:-} ]] || e2e_end
}

setup() {
	[[ ${SYSCONTAINER_TEST_FAULT:-} ]] || skip "no build with fault injection"
}

teardown() {
	[[ ! ${SYSCONTAINER_TEST_FAULT:-} ]] || e2e_clean
}

has_cgroup() {
	compgen -G "/sys/fs/cgroup/$E2E_CGROUP" || compgen -G "/sys/fs/cgroup/*/$E2E_CGROUP"
}

make_guests() {
	mkdir -p "$E2E_DIR/source"
	small_create mapped -v "$E2E_DIR/source:/mnt" --tmpfs /tmp
	small_create plain --user-remap none -v "$E2E_DIR/source:/mnt"
}

# Prints the status of the command, which must come to an end.
status_of() { # COMMAND...
	local status=0
	timeout 30 "$@" >"$E2E_DIR/output" 2>&1 || status=$?
	[[ $status -ne 124 ]] || { cat "$E2E_DIR/output" >&2 && e2e_die "$* does not end"; } || return
	echo "$status"
}

# Starts and stops it with a crash at each step, until there are no more. Who is killed when all is said is not missed, so three in a row.
crash_at_every_step() { # NAME WHO: "" for the monitor and who is at work, ":alone" for the latter only
	local name=$1 step started stopped good=0
	syscontainer start "$name" && syscontainer stop -t 1 "$name" || return
	leak_snapshot >"$E2E_DIR/idle"
	for ((step = 1; good < 3; step++)); do
		started=$(SYSCONTAINER_FAULT=$step$2 status_of syscontainer start "$name") || return
		syscontainer repair >/dev/null || return
		if [[ $started -eq 0 ]]; then
			same "step $step: status after the start" "$(field "$name" .State.Status)" running || return
		fi
		stopped=$(status_of syscontainer stop -t 1 "$name") || return
		syscontainer repair >/dev/null || return
		[[ $(field "$name" .State.Status) =~ ^(inited|exited)$ ]] || e2e_die "step $step: it is not stopped" || return
		! has_cgroup || e2e_die "step $step: a cgroup is left" || return
		if [[ $started -eq 0 && $stopped -eq 0 ]]; then good=$((good + 1)); else good=0; fi
	done
	echo "$name, killed${2:-:all}: $((step - 1)) steps"
	[[ $step -gt 8 ]] || e2e_die "only $step steps" || return
	syscontainer start "$name" && syscontainer stop -t 1 "$name" && leak_check "$E2E_DIR/idle"
}

@test "a monitor that is killed at any step of a start or a stop" {
	make_guests
	crash_at_every_step mapped ""
	crash_at_every_step plain ""
}

@test "a helper of the monitor that is killed at any step of a start" {
	make_guests
	crash_at_every_step mapped :alone
	crash_at_every_step plain :alone
}
