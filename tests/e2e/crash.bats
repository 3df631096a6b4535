#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# "Nothing is ever half done": SIGKILL at random moments, and a consistent state after it.

load common
load small

setup_file() {
	e2e_begin '"stop-timeout": "2s"'
	# Told on failure, so that a round can be had again: CRASH_SEED=N bats crash.bats
	export CRASH_SEED=${CRASH_SEED:-$RANDOM}
	e2e_keep
}

# All processes of this set of containers that may be killed: monitor, payload or keeper, PID 1.
victims() { # monitor|payload|init
	local id
	for id in "$SYSCONTAINER_ROOT"/containers/*; do
		id=${id##*/}
		# Never a pattern that fits the monitors of others.
		[[ $id =~ ^[0-9a-f]{64}$ ]] || continue
		case $1 in
		monitor) pgrep -f "^syscontainer-monitor $id" ;;
		payload) pgrep -f "^syscontainer-(payload|keeper) .*$id|^syscontainer-keeper [0-9]+ .*$id" ;;
		init) jq -r '.init.pid // empty' "$SYSCONTAINER_RUN/$id/boot.json" 2>/dev/null | grep -vx 0 ;;
		esac
	done
}

kill_one() { # monitor|payload|init
	local pids
	mapfile -t pids < <(victims "$1")
	[[ ${#pids[@]} -eq 0 ]] || kill -9 "${pids[RANDOM % ${#pids[@]}]}" 2>/dev/null || true
}

pause_ms() { # MILLISECONDS
	local text
	printf -v text '%d.%03d' $(($1 / 1000)) $(($1 % 1000))
	sleep "$text"
}

# Runs a command and kills it, or a process behind a container, up to that many milliseconds later; all the later the slower all is.
kill_during() { # VICTIM MAX-MS COMMAND...
	local victim=$1 max=$2 pid
	shift 2
	[[ ! ${CRASH_TRACE:-} ]] || echo "# kill $victim during $*" >&3
	syscontainer "$@" >/dev/null 2>&1 </dev/null 3>&- &
	pid=$!
	pause_ms $((RANDOM % (max * SLOWNESS)))
	if [[ $victim == cli ]]; then
		kill -9 "$pid" 2>/dev/null || true
	else
		kill_one "$victim"
	fi
	# What is left of it must come to an end by itself.
	timeout 60 tail --pid="$pid" -f /dev/null || e2e_die "round $round: '$*' hangs after $victim was killed" || return
	wait "$pid" 2>/dev/null || true
	kills=$((kills + 1))
}

# Every container is one thing or the other, and what is left is of containers that are there.
is_consistent() {
	local id name status count
	while read -r id name status; do
		[[ $status =~ ^(inited|exited|running|paused)$ ]] || e2e_die "$name is $status" || return
		same "owner of the name $name" "$(readlink "$SYSCONTAINER_ROOT/names/$name")" "$id" || return
		count=$(pgrep -cf "^syscontainer-monitor $id" || true)
		case $status in
		running | paused) same "number of monitors of $name, $status," "$count" 1 || return ;;
		*) same "number of monitors of $name, $status," "$count" 0 || return ;;
		esac
	done < <(syscontainer ps -a --no-trunc --format '{{.ID}} {{.Names}} {{.State}}')
	same "half-made directories" "$(find "$SYSCONTAINER_ROOT/containers" -mindepth 1 -maxdepth 1 -name '.*')" "" || return
	same "list of names" "$(find "$SYSCONTAINER_ROOT/names" -type l -printf '%l\n' | sort)" "$(find "$SYSCONTAINER_ROOT/containers" -mindepth 1 -maxdepth 1 -printf '%f\n' | sort)" || return
	same "list of ranges" "$(find "$SYSCONTAINER_ROOT/idmap" -type l -printf '%l\n' | sort)" "$(find "$SYSCONTAINER_ROOT/containers" -mindepth 1 -maxdepth 1 -printf '%f\n' | sort)"
}

# One repair is enough; what a killed command began, the monitor then ends by itself.
check_state() {
	timeout 60 syscontainer repair >/dev/null || e2e_die "round $round: repair failed" || return
	wait_for 10 is_consistent 2>"$BATS_TEST_TMPDIR/tries" || e2e_die "round $round: $(tail -3 "$BATS_TEST_TMPDIR/tries")"
}

# Back to a container NAME that is there and runs, whatever the round left.
revive() { # NAME TREE COMMAND...
	local name=$1 tree=$2
	shift 2
	if ! syscontainer inspect "$name" >/dev/null 2>&1; then
		syscontainer create --name "$name" "$tree" "$@" >/dev/null || return
	fi
	# It stays paused when unpause came while a monitor that had been killed was still dying.
	! has_field "$name" .State.Status paused || syscontainer unpause "$name" || return
	timeout 60 syscontainer start "$name"
}

works_again() { # NAME TREE COMMAND...
	revive "$@" && syscontainer exec "$1" /bin/true
}

# Rounds of random commands and victims; COMMAND is PID 1.
crash_rounds() { # ROUNDS MAX-MS NAME TREE COMMAND...
	local rounds=$1 max=$2 name=$3 tree=$4 victim round
	local verbs=(start exec stop restart rm create kill pause update rename reboot) who=(cli cli monitor monitor payload init)
	shift 4
	for ((round = 1; ; round++)); do
		has_round "$round" "$rounds" || break
		[[ ! ${CRASH_TRACE:-} ]] || echo "# $EPOCHREALTIME round $round" >&3
		victim=${who[RANDOM % ${#who[@]}]}
		case ${verbs[RANDOM % ${#verbs[@]}]} in
		start) syscontainer stop -t 0 "$name" >/dev/null 2>&1 && kill_during "$victim" "$max" start "$name" ;;
		exec) kill_during "$victim" 15 exec "$name" /bin/sleep 0.02 ;;
		stop) kill_during "$victim" "$max" stop "$name" ;;
		restart) kill_during "$victim" "$max" restart -t 1 "$name" ;;
		rm) kill_during "$victim" "$max" rm -f "$name" ;;
		create) syscontainer rm -f "$name" >/dev/null 2>&1 && kill_during cli 12 create --name "$name" "$tree" "$@" ;;
		kill) kill_during "$victim" 20 kill -s KILL "$name" ;;
		pause) kill_during "$victim" 15 pause "$name" && { syscontainer unpause "$name" >/dev/null 2>&1 || true; } ;;
		update) kill_during cli 12 update --memory "$((64 + round % 64))m" "$name" ;;
		rename) kill_during cli 8 rename "$name" "$name.new" && { syscontainer rename "$name.new" "$name" >/dev/null 2>&1 || true; } ;;
		reboot) syscontainer update --restart always "$name" >/dev/null 2>&1 && kill_one init && kill_during "$victim" 300 wait --timeout 0.4s "$name" ;;
		esac || e2e_die "round $round: the round itself failed" || return
		check_state || return
		# A kill that was on its way may come as late as now: then once more.
		wait_for 20 works_again "$name" "$tree" "$@" 2>>"$BATS_TEST_TMPDIR/tries" ||
			e2e_die "round $round: $name does not start again: $(tail -5 "$BATS_TEST_TMPDIR/tries")" || return
	done
}

# bats test_tags=slow
@test "200 random kills of commands, monitors, payloads and first programs leave a consistent state" {
	RANDOM=$CRASH_SEED
	echo "CRASH_SEED=$CRASH_SEED"
	kills=0
	tree_small victim >/dev/null
	leak_snapshot >"$BATS_TEST_TMPDIR/before"
	revive victim "$(tree_path victim)" /bin/sh -c "$SMALL_PROGRAM"
	crash_rounds 200 60 victim "$(tree_path victim)" /bin/sh -c "$SMALL_PROGRAM"
	echo "$kills kills"
	[[ $kills -ge 40 ]]
	syscontainer rm -f victim
	leak_check "$BATS_TEST_TMPDIR/before"
}

# bats test_tags=slow
@test "20 random kills around a systemd guest leave a consistent state" {
	RANDOM=$((CRASH_SEED + 1))
	echo "CRASH_SEED=$CRASH_SEED"
	kills=0
	tree_new machine >/dev/null
	leak_snapshot >"$BATS_TEST_TMPDIR/before"
	revive machine "$(tree_path machine)" /sbin/init
	crash_rounds 20 400 machine "$(tree_path machine)" /sbin/init
	run -0 timeout 120 syscontainer exec machine systemctl is-system-running --wait
	syscontainer rm -f machine
	leak_check "$BATS_TEST_TMPDIR/before"
}

@test "a create that is killed at any of its system calls leaves all or nothing" {
	local delay
	kills=0 round=0
	tree_small victim >/dev/null
	for ((round = 1; ; round++)); do
		has_round "$round" 30 || break
		syscontainer create --name "new$round" "$(tree_path victim)" /bin/true >/dev/null 2>&1 3>&- &
		pid=$!
		printf -v delay '0.%04d' $((round * 3 * SLOWNESS))
		sleep "$delay"
		kill -9 "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
		check_state
	done
	syscontainer create --name last "$(tree_path victim)" /bin/true
}
