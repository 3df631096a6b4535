#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# bats file_tags=slow
# The crash matrix of hot-plug: every command that changes what is plugged in is killed at each of its steps, on running and stopped containers with ids of their
# own and without. The next command must find the guest, or bring it, to what was before or to what comes after; nothing in between, and the record the same.
# Needs a build that was configured with --enable-fault-injection, which SYSCONTAINER_TEST_FAULT names.
# shellcheck disable=SC2034 # MOUNTED is mounting's

load common
load small
load mounting
load plug

setup_file() {
	[[ ${SYSCONTAINER_TEST_FAULT:-} ]] || return 0
	PATH=$SYSCONTAINER_TEST_FAULT/bin:$PATH
	export PATH
	plug_begin
	mounting_start mapped
	mounting_start plain --user-remap none
	small_create stopped
	e2e_keep
}

setup() {
	[[ ${SYSCONTAINER_TEST_FAULT:-} ]] || skip "no build with fault injection"
	HOST=$E2E_DIR/host
	mkdir "$HOST" "$HOST/"{a,b,c}
	touch "$HOST/a/in-a" "$HOST/b/in-b" "$HOST/c/in-c"
	MOUNTED=()
}

# --- what there is ------------------------------------------------------------------------------------------------------------

is_running() { # NAME
	[[ -e $SYSCONTAINER_RUN/$(container_id "$1")/boot.json ]]
}

# All that a command may change, in the guest, in its tree and in the record, one thing a line; without numbers that differ each time.
state_of() { # NAME
	local pid
	jq -cS '.attachments // {}' "$(container_dir "$1")/spec.json"
	find "$HOST" -printf '%p %y %U:%G %m\n' | sort
	(cd "$(tree_path "$1")" && find . -xdev -path ./proc -prune -o -path ./sys -prune -o -path ./dev -prune -o -path ./run -prune -o -printf '%p %y\n' | sort)
	is_running "$1" || return 0
	jq -cS 'del(.. | .now?) | {live: (.live // {}), intent}' "$SYSCONTAINER_RUN/$(container_id "$1")/plugged.json" 2>/dev/null || echo '{"intent":null,"live":{}}'
	pid=$(init_pid "$1")
	awk '{ print $4, $5, $6 }' "/proc/$pid/mountinfo"
	nsenter --net="/proc/$pid/ns/net" sh -c 'ip -o address; ip -o link; ip route; ip -6 route' | sed -E 's/^[0-9]+: //; s/@[^:]*//; s/ link\/.*//'
}

same_state() { # WHAT FILE...: is the state in $now that of one of the files?
	local file
	for file in "${@:2}"; do
		[[ $(<"$file") != "$now" ]] || return 0
	done
	diff "${@: -1}" - <<<"$now" >&2
	e2e_die "$1: neither before nor after"
}

tools() { # COMMAND LINE
	# shellcheck disable=SC2086 # words of a table
	syscontainer-tools $1 >/dev/null
}

# A row: what makes the state before, the command, and what takes it back to the state before.
crash_at_every_step() { # NAME COMMAND UNDO
	local name=$1 before=$BATS_TEST_TMPDIR/before after=$BATS_TEST_TMPDIR/after step now status
	state_of "$name" >"$before"
	tools "$2"
	state_of "$name" >"$after"
	tools "$3"
	now=$(state_of "$name")
	same_state "$name: $3" "$before" || return
	for ((step = 1; ; step++)); do
		status=0
		SYSCONTAINER_FAULT=$step tools "$2" 2>/dev/null || status=$?
		[[ $status -eq 0 || $status -eq 137 ]] || e2e_die "$name: $2: step $step: status $status" || return
		syscontainer repair "$name" || return
		now=$(state_of "$name")
		same_state "$name: $2: step $step" "$before" "$after" || return
		[[ $now == "$(<"$before")" ]] || tools "$3"
		[[ $status -ne 0 ]] || break
	done
	echo "$name: $2: $((step - 1)) steps"
	[[ $step -gt 2 ]]
}

matrix() { # NAME, rows on standard input
	local setup command undo
	while IFS='|' read -r setup command undo; do
		[[ ! ${setup// /} ]] || tools "$setup"
		crash_at_every_step "$1" "$command" "$undo" || return
		[[ ! ${setup// /} ]] || tools "${setup/#add-/remove-}"
	done
}

# --- the matrix ---------------------------------------------------------------------------------------------------------------

path_rows() { # NAME
	jq -n --arg host "$HOST/b" '{paths: [{host: $host, guest: "/mnt/x/y", is_read_only: true}]}' >"$E2E_DIR/wanted-$1"
	jq -n --arg host "$HOST/a" '{paths: [{host: $host, guest: "/mnt/x/y", propagation: "rslave"}]}' >"$E2E_DIR/given-$1"
	cat <<-END
		|add-path $1 $HOST/a:/mnt/x/y|remove-path $1 $HOST/a:/mnt/x/y
		|add-path $1 $HOST/a:/mnt/x/y:ro $HOST/b:/mnt/x/z:private $HOST/c/in-c:/mnt/file|remove-path $1 $HOST/a:/mnt/x/y $HOST/b:/mnt/x/z $HOST/c/in-c:/mnt/file
		|add-path $1 $HOST/a:/mnt/x $HOST/b:/mnt/x/b|remove-path $1 $HOST/b:/mnt/x/b $HOST/a:/mnt/x
		add-path $1 $HOST/a:/mnt/x/y|remove-path $1 $HOST/a:/mnt/x/y|add-path $1 $HOST/a:/mnt/x/y
		add-path $1 $HOST/a:/mnt/x/y|apply $1 $E2E_DIR/wanted-$1|apply $1 $E2E_DIR/given-$1
	END
}

@test "paths, remapped" {
	path_rows mapped | matrix mapped
}

@test "paths, with the host's root" {
	path_rows plain | matrix plain
}

@test "paths, stopped" {
	path_rows stopped | matrix stopped
}
