#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# What comes up with the host, in which order, and what its shutdown does: enable, disable, boot, shutdown, --boot-order, --boot-delay.

load common
load small

# The host goes down without a word: no process of the container lives, and /run is new.
power_cut() { # NAME...
	local name pids
	for name; do
		pids="$(monitor_pid "$name") $(keeper_pid "$name") $(init_pid "$name")"
		# shellcheck disable=SC2086 # three of them; the keeper may go with PID 1
		kill -9 $pids || true
		for pid in $pids; do wait_for 5 is_gone "$pid"; done
		rm -rf "${SYSCONTAINER_RUN:?}/$(container_id "$name")"
	done
}

order_of_starts() {
	syscontainer events -S 1 -U "$(($(date +%s) + 1))" | sed -nE 's/.* container start .*name=([^,)]*).*/\1/p' | tail -n "$1" | paste -sd ' '
}

@test "enable brings up what never ran, disable takes that back, and neither touches what runs" {
	small_create plain
	small_create wanted
	run -0 syscontainer enable wanted
	same printed "$output" wanted
	same inspect "$(field wanted .HostConfig.Boot.Enabled)" true
	run -0 syscontainer boot
	same started "$output" wanted
	has_field plain .State.Status inited
	run -0 syscontainer boot
	same "a second time" "$output" ""
	syscontainer disable wanted
	has_field wanted .State.Status running
	syscontainer stop -t 1 wanted
	run -0 syscontainer boot
	same "disabled" "$output" ""
}

@test "a restart policy says what comes up: always, and unless-stopped unless a user stopped it" {
	local policy
	for policy in no on-reboot on-failure always unless-stopped; do
		small_start "$policy" --restart "$policy"
	done
	small_start stopped --restart unless-stopped
	small_start never --restart always
	small_create fresh --restart always
	syscontainer stop -t 1 stopped never >/dev/null
	run -0 syscontainer shutdown
	same "stopped" "$(sort <<<"$output" | paste -sd ' ')" "always no on-failure on-reboot unless-stopped"
	run -0 syscontainer boot
	same "started" "$(sort <<<"$output" | paste -sd ' ')" "always never unless-stopped"
	has_field fresh .State.Status inited
	has_field stopped .State.Status exited
}

@test "after a power cut that of on-failure comes up as well, and each end is on record" {
	local name
	for name in no on-failure unless-stopped; do
		small_start "$name" --restart "$name"
	done
	power_cut no on-failure unless-stopped
	# Whoever looks before the host's boot gets to them decides nothing.
	run -0 syscontainer ps -a
	same "seen" "$(grep -c 'Exited (255)' <<<"$output")" 3
	same "seen by inspect" "$(field unless-stopped .State.Status) $(field unless-stopped .State.ExitCode)" "exited 255"
	syscontainer repair
	same "running" "$(syscontainer ps -q)" ""
	run -0 syscontainer boot
	same "started" "$(sort <<<"$output" | paste -sd ' ')" "on-failure unless-stopped"
	has_field no .State.Status exited
	has_field no .State.ExitCode 255
	same "restarts" "$(field on-failure .RestartCount)" 0
	leak_check <(leak_snapshot)
}

@test "after a power cut one may be started, or removed, before the host's boot gets to it" {
	small_start started --restart always
	small_start removed --restart always
	power_cut started removed
	syscontainer start started
	syscontainer rm removed
	same "the end that nobody saw" "$(syscontainer events -S 1 -U "$(($(date +%s) + 1))" | grep -c 'container die .*name=started.*reason=lost\|container die .*reason=lost.*name=started')" 1
	run -0 syscontainer boot
	same "started" "$output" ""
	leak_check <(leak_snapshot)
}

@test "a guest that lives through the death of its monitor is not started twice" {
	local pid
	small_start web --restart always
	pid=$(init_pid web)
	kill_monitor web
	run -0 syscontainer boot
	same "started" "$output" ""
	same "PID 1" "$(init_pid web)" "$pid"
}

@test "lower orders come first, equal ones together, and a delay holds back what is behind" {
	local start
	small_create last --boot-order 7
	small_create first --boot-order -3 --boot-delay 300ms
	small_create middle
	syscontainer enable last first middle >/dev/null
	start=${EPOCHREALTIME/./}
	run -0 syscontainer boot
	[[ $((${EPOCHREALTIME/./} - start)) -ge 300000 ]] || e2e_die "nobody waited"
	same "printed" "$(paste -sd ' ' <<<"$output")" "first middle last"
	same "events" "$(order_of_starts 3)" "first middle last"
	same inspect "$(field first .HostConfig.Boot.Order)" -3
	same inspect "$(field first .HostConfig.Boot.Delay)" 300000000
	syscontainer shutdown >/dev/null
	syscontainer update --boot-order 1 first >/dev/null
	syscontainer update --boot-delay 0 first >/dev/null
	run -0 syscontainer boot
	same "after update" "$(paste -sd ' ' <<<"$output")" "middle first last"
}

@test "one that does not come up is named, and the others do" {
	small_create bad --boot-order -1 --timeout "$(patient 5)s"
	small_create good
	rm "$(tree_path bad)/usr/bin/dash"
	syscontainer enable bad good >/dev/null
	run --separate-stderr syscontainer boot
	same status "$status" 1
	same started "$output" good
	# shellcheck disable=SC2154 # set by run
	has_text "cannot start container bad" "$stderr"
}

@test "shutdown stops all at once, each in its time, and none waits for another" {
	local name
	for name in a1 a2 a3 a4; do
		# Deaf to what asks it to end.
		tree_small "$name" >/dev/null
		syscontainer run -d --name "$name" --stop-timeout 1500ms "$(tree_path "$name")" /bin/sh -c 'trap "" TERM; while :; do sleep 1; done' >/dev/null
	done
	run --separate-stderr syscontainer shutdown
	same "stopped" "$(sort <<<"$output" | paste -sd ' ')" "a1 a2 a3 a4"
	has_text "container a3 did not end in time and was killed" "$stderr"
	for name in a1 a2 a3 a4; do has_field "$name" .State.Status exited; done
	same "all were asked before the first one ended" "$(syscontainer events -S 1 -U "$(($(date +%s) + 1))" |
		grep -oE ' container (stopping|die) ' | tail -n 8 | uniq -c | tr -s ' ')" $' 4 container stopping \n 4 container die '
}

@test "shutdown --timeout bounds those whose own time is longer, for ever too" {
	tree_small web >/dev/null
	syscontainer run -d --name web --stop-timeout -1 "$(tree_path web)" /bin/sh -c 'trap "" TERM; while :; do sleep 1; done' >/dev/null
	run -0 --separate-stderr syscontainer shutdown --timeout 300ms
	same output "$output" web
	has_field web .State.Status exited
	run -0 syscontainer shutdown
	same "nothing to stop" "$output" ""
}

@test "what is no place in the boot is refused, and nothing is made" {
	local tree
	tree=$(tree_small web)
	run -125 syscontainer create --name web --boot-order first "$tree" /bin/sh
	has_text '--boot-order'
	run -125 syscontainer create --name web --boot-order 1000001 "$tree" /bin/sh
	run -125 syscontainer create --name web --boot-delay -1s "$tree" /bin/sh
	run -125 syscontainer create --name web --boot-delay 25h "$tree" /bin/sh
	run -1 syscontainer inspect web
	run -1 syscontainer enable web
	has_text "No such container: web"
	syscontainer create --name web --rm "$tree" /bin/sh >/dev/null
	run -1 syscontainer enable web
	has_text "made with --rm"
	run -125 syscontainer boot web
}

@test "start --notify wants a service manager, and one container" {
	small_create web
	run -125 env -u NOTIFY_SOCKET syscontainer start --notify web
	has_text "NOTIFY_SOCKET"
	run -125 syscontainer start --notify web web
	has_field web .State.Status inited
}

@test "a slice names a cgroup whose levels are in its name, with limits, and nothing of it stays" {
	local name slice=syscontainer_test_${E2E_DIR##*.} id file
	small_start web --cgroup-parent "$slice-inner.slice" --memory 64m
	same inspect "$(field web .HostConfig.CgroupParent)" "$slice-inner.slice"
	id=$(container_id web)
	file=$(find /sys/fs/cgroup -path "*/$slice.slice/$slice-inner.slice/syscontainer-$id.scope/$id/memory.*" \
		\( -name memory.limit_in_bytes -o -name memory.max \))
	same limit "$(<"$file")" 67108864
	syscontainer rm -f web >/dev/null
	wait_for 5 no_cgroup "$slice.slice"
	tree_small bad >/dev/null
	for name in -a.slice a--b.slice a-.slice .slice "a b.slice" 'a\x2d.slice'; do
		run -125 syscontainer create --name bad "--cgroup-parent=$name" "$(tree_path bad)" /bin/sh
		has_text "is no name of a slice"
	done
	name=$(printf 'abcdefg-%.0s' {1..30})last.slice # each level of it repeats all above
	run -125 syscontainer create --name bad "--cgroup-parent=$name" "$(tree_path bad)" /bin/sh
	has_text "2048 is the most"
}

no_cgroup() { # NAME
	[[ -z $(find /sys/fs/cgroup -type d -name "$1") || -d /run/systemd/system ]]
}
