#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Limits: given at create, changed while it runs, and in force after a reboot; seen in the kernel's files and from inside.

load common
load small

setup_file() {
	e2e_begin '"stop-timeout": "5s"'
	guest_start web
	e2e_keep
}

# What the kernel enforces, in the same words on cgroup v1 and v2.
limit_of() { # NAME memory|swap|reservation|pids|cpu|shares|cpus
	case $2 in
	memory) cat "$(cgroup_file "$1" memory memory.limit_in_bytes memory.max)" ;;
	reservation) cat "$(cgroup_file "$1" memory memory.soft_limit_in_bytes memory.low)" ;;
	pids) cat "$(cgroup_file "$1" pids pids.max pids.max)" ;;
	cpus) cat "$(cgroup_file "$1" cpuset cpuset.cpus cpuset.cpus)" ;;
	shares) cat "$(cgroup_file "$1" cpu cpu.shares cpu.weight)" ;;
	cpu) cpu_of "$1" ;;
	esac
}

cpu_of() { # NAME: "QUOTA PERIOD" in microseconds
	local quota
	quota=$(cgroup_file "$1" cpu cpu.cfs_quota_us cpu.max)
	case $quota in
	*.max) cat "$quota" ;;
	*) echo "$(cat "$quota") $(cat "${quota/quota/period}")" | sed 's/^-1 /max /' ;;
	esac
}

limit_is() { # NAME WHAT WANTED
	same "$2 of $1" "$(limit_of "$1" "$2")" "$3"
}

# Starts that many processes in the guest and prints how many of them the kernel let in.
count_processes() { # NAME NUMBER
	# shellcheck disable=SC2016 # for the guest
	syscontainer exec -e "WANTED=$2" "$1" /bin/sh -c 'trap "kill 0" EXIT; i=0; while [ $i -lt $WANTED ]; do sleep 60 & i=$((i + 1)); echo $i; done' 2>/dev/null | tail -1
}

reboot_guest() { # NAME
	local before
	before=$(init_pid "$1")
	syscontainer exec "$1" systemctl reboot || true
	wait_for 20 is_gone "$before"
	wait_for 30 has_field "$1" .State.Ready true
}

@test "limits given at create are in force" {
	small_create box --memory 64m --memory-reservation 32m --cpus 0.5 --pids-limit 20 --cpuset-cpus 0
	syscontainer start box
	limit_is box memory 67108864
	limit_is box reservation 33554432
	limit_is box cpu "50000 100000"
	limit_is box pids 20
	limit_is box cpus 0
	same inspect "$(field box .HostConfig.Memory) $(field box .HostConfig.NanoCpus) $(field box .HostConfig.PidsLimit) $(field box .HostConfig.CpusetCpus)" \
		"67108864 500000000 20 0"
	run -0 syscontainer exec box cat /proc/self/status
	has_text $'Cpus_allowed_list:\t0'
	[[ $(count_processes box 40) -lt 20 ]]
}

@test "other spellings: period and quota, shares, unlimited" {
	small_start box --cpu-period 20000 --cpu-quota 10000 --cpu-shares 512 --memory -1
	limit_is box cpu "10000 20000"
	if [[ $(cgroup_file box cpu v1 v2) == */v1 ]]; then
		limit_is box shares 512
	fi
	run -125 syscontainer create --cpus 1 --cpu-quota 10000 "$(tree_path box)" /bin/true
	has_text "Nano CPUs and CPU Quota cannot both be set"
}

@test "a limit is enforced on what runs in the guest" {
	tree_small box >/dev/null
	# A PID 1 that needs no memory meanwhile: the kernel looks for the next victim when one's memory is not all back yet.
	syscontainer run -d --name box --memory 32m --memory-swap 32m "$(tree_path box)" /bin/sleep 10000 >/dev/null
	run syscontainer exec box dd if=/dev/zero of=/dev/null bs=100M count=1
	[[ $status -ne 0 ]] || e2e_die "a program of 100 MB ran within 32 MB"
	run -0 syscontainer exec box dd if=/dev/zero of=/dev/null bs=1M count=1
	has_field box .State.Running true
}

@test "update of a running guest is in force at once, in its cgroup and inside" {
	run -0 syscontainer update --memory 256m --cpus 1.5 --pids-limit 200 --cpuset-cpus 1 web
	same output "$output" web
	limit_is web memory 268435456
	limit_is web cpu "150000 100000"
	limit_is web pids 200
	limit_is web cpus 1
	run -0 syscontainer exec web cat /proc/1/status
	has_text $'Cpus_allowed_list:\t1'
	run -0 syscontainer stats --no-stream --format json web
	same "limit in stats" "$(jq '.[0].MemLimit' <<<"$output")" 268435456
	[[ $(count_processes web 300) -lt 200 ]]
}

@test "what update changed is in force after a reboot of the guest, and after stop and start" {
	syscontainer update --memory 300m --cpus 0.75 --pids-limit 300 --cpuset-cpus 0 web
	reboot_guest web
	limit_is web memory 314572800
	limit_is web cpu "75000 100000"
	limit_is web pids 300
	limit_is web cpus 0
	run -0 syscontainer exec web systemctl is-system-running --wait
	same state "$output" running
	syscontainer stop web
	syscontainer start web
	limit_is web memory 314572800
}

@test "update of a stopped container is for its next start" {
	small_create box --memory 64m
	syscontainer update --memory 48m --pids-limit 33 box
	same memory "$(field box .HostConfig.Memory)" 50331648
	syscontainer start box
	limit_is box memory 50331648
	limit_is box pids 33
}

@test "limits are taken back by 0 or -1" {
	small_start box --cpus 0.5 --pids-limit 20
	syscontainer update --cpus 0 --pids-limit 0 box
	limit_is box cpu "max 100000"
	limit_is box pids max
	syscontainer update --memory 64m box
	syscontainer update --memory -1 box
	[[ $(limit_of box memory) == max || $(limit_of box memory) -gt 1000000000000 ]]
}

@test "an update that cannot be done leaves all as it is, in the kernel and in the spec" {
	small_start box --memory 64m --cpus 0.5 --pids-limit 20
	syscontainer exec box dd if=/dev/zero of=/run/ballast bs=1M count=30
	before=$(field box .HostConfig)
	# Less memory than what is used and cannot be given back.
	run syscontainer update --pids-limit 50 --cpus 1 --memory 8m --memory-swap 8m box
	same status "$status" 1
	has_text "Cannot update container box"
	has_text memory
	same spec "$(field box .HostConfig)" "$before"
	limit_is box memory 67108864
	limit_is box pids 20
	limit_is box cpu "50000 100000"
	# Contradictions with what is set.
	run -1 syscontainer update --cpu-quota 10000 box
	has_text "CPU Quota cannot be updated as NanoCPUs has already been set"
	run -1 syscontainer update --cpuset-cpus 4000 --memory 80m box
	has_text 4000
	limit_is box memory 67108864
	same spec "$(field box .HostConfig)" "$before"
}

@test "an update of several containers does what it can" {
	small_start one
	small_start two
	run --separate-stderr -1 syscontainer update --pids-limit 44 one nowhere two
	same output "$output" $'one\ntwo'
	limit_is one pids 44
	limit_is two pids 44
}

@test "update --restart counts at once" {
	small_start box --restart no
	syscontainer update --restart on-failure:3 box
	kill -TERM "$(init_pid box)"
	wait_for 10 has_field box .RestartCount 1
	wait_for 10 has_field box .State.Running true
	syscontainer update --restart no box
	kill -TERM "$(init_pid box)"
	run -0 timeout 10 syscontainer wait box
	same code "$output" 7
	has_field box .State.Status exited
}

@test "update without an option, and of a container that removes itself, is refused" {
	run -125 syscontainer update web
	has_text "You must provide one or more flags"
	small_start brief --rm
	run -1 syscontainer update --restart always brief
	has_text AutoRemove
}

@test "update of a paused container is in force and it stays paused" {
	small_start box
	syscontainer pause box
	syscontainer update --memory 99m box
	limit_is box memory 103809024
	has_field box .State.Status paused
	syscontainer unpause box
}
