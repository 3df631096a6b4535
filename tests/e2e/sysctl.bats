#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Kernel parameters: --sysctl sets those of the guest and never the host's, --ns-change-opt lets the guest change them.

load common
load small

setup_file() {
	e2e_begin '"stop-timeout": "5s"'
	e2e_keep
}

setup() {
	before=$(host_parameters)
}

teardown() {
	e2e_clean
	same "parameters of the host" "$(host_parameters)" "$before"
}

# All that a container may ask for, as the host has it.
host_parameters() {
	cat /proc/sys/kernel/{msg{max,mnb,mni},sem,shm{all,max,mni,_rmid_forced},pid_max} /proc/sys/fs/mqueue/* \
		/proc/sys/net/ipv4/{ip_forward,ip_local_port_range,tcp_mem} /proc/sys/net/core/somaxconn
}

parameter() { # NAME PATH BELOW /proc/sys
	syscontainer exec "$1" cat "/proc/sys/$2" | xargs
}

change() { # NAME PATH VALUE
	syscontainer exec "$1" /bin/sh -c "echo $3 >/proc/sys/$2"
}

settings=(--sysctl net.ipv4.ip_forward=1 --sysctl kernel.msgmax=9999
	--sysctl "kernel.sem=250 32000 100 129" --sysctl kernel.shm_rmid_forced=1 --sysctl fs.mqueue.msg_max=20)

# Linux 6.1 shows the network's core parameters in no user namespace.
has_core_for_all() {
	unshare --user --map-root-user --net test -e /proc/sys/net/core/somaxconn
}

@test "--sysctl sets the guest's parameters, remapped, with the host's ids and privileged; a restart keeps them" {
	local name core=(--sysctl net.core.somaxconn=123) core_of_all=()
	! has_core_for_all || core_of_all=("${core[@]}")
	small_start mapped "${settings[@]}" "${core_of_all[@]}"
	small_start plain --user-remap none "${settings[@]}" "${core[@]}"
	small_start privileged --privileged "${settings[@]}" "${core[@]}"
	syscontainer restart mapped
	for name in mapped plain privileged; do
		same ip_forward "$(parameter "$name" net/ipv4/ip_forward)" 1
		[[ $name == mapped && ! ${core_of_all[*]} ]] || same somaxconn "$(parameter "$name" net/core/somaxconn)" 123
		same msgmax "$(parameter "$name" kernel/msgmax)" 9999
		same sem "$(parameter "$name" kernel/sem)" "250 32000 100 129"
		same shm_rmid_forced "$(parameter "$name" kernel/shm_rmid_forced)" 1
		same msg_max "$(parameter "$name" fs/mqueue/msg_max)" 20
	done
	same inspect "$(field mapped "json .HostConfig.Sysctls" | jq -r '."kernel.msgmax", ."kernel.sem"' | xargs)" "9999 250 32000 100 129"
}

@test "net.core.somaxconn is the guest's own, or refused where the kernel has it for the host's root only" {
	tree_small core >/dev/null
	run syscontainer run -d --name core --sysctl net.core.somaxconn=123 "$(tree_path core)" /bin/sh -c "$SMALL_PROGRAM"
	if has_core_for_all; then
		same somaxconn "$(parameter core net/core/somaxconn)" 123
	else
		same status "$status" 125
		has_text "this kernel has no net.core.somaxconn where root is not the host's"
	fi
}

@test "kernel.pid_max is the guest's own, or refused where the kernel has one for all" {
	tree_small pids >/dev/null
	run syscontainer run -d --name pids --sysctl kernel.pid_max=5000 "$(tree_path pids)" /bin/sh -c "$SMALL_PROGRAM"
	if [[ $status -eq 0 ]]; then
		same pid_max "$(parameter pids kernel/pid_max)" 5000
	else
		has_text "this kernel has one kernel.pid_max for all"
	fi
}

@test "what the kernel refuses fails the start with key and value, and leaves nothing running" {
	small_create bad --sysctl net.ipv4.ip_forward=yes
	run -125 syscontainer start bad
	has_text "--sysctl net.ipv4.ip_forward=yes: the kernel does not take yes for net.ipv4.ip_forward: Invalid argument"
	wait_for 5 has_field bad .State.Status exited
	same monitor "$(monitor_pid bad)" ""
	small_create unknown --sysctl net.ipv4.no_such=1
	run -125 syscontainer start unknown
	has_text "has no net.ipv4.no_such of its own"
	# The kernel has these once for all.
	small_create host --user-remap none --sysctl "net.ipv4.tcp_mem=1 2 3"
	run -125 syscontainer start host
	has_text "net.ipv4.tcp_mem"
}

@test "a key that is not on the list, or is no key, is refused and nothing is made" {
	local item tree
	tree=$(tree_small tree)
	for item in kernel.core_pattern=x vm.swappiness=1 net=1 net..x=1 net/ipv4/ip_forward=1 net.../x=1 kernel.msgmax; do
		run -125 syscontainer create --sysctl "$item" "$tree" /bin/true
		has_text "Invalid value \"$item\" for flag --sysctl"
	done
	run -125 syscontainer create --sysctl kernel.core_pattern=x "$tree" /bin/true
	has_text "Sysctl 'kernel.core_pattern' is not whitelist"
	same containers "$(container_names)" ""
}

@test "a parameter of what is shared is refused" {
	local tree
	tree=$(tree_small tree)
	run -125 syscontainer create --user-remap none --net host --sysctl net.ipv4.ip_forward=1 "$tree" /bin/true
	has_text "--sysctl net.ipv4.ip_forward=1 contradicts --net host"
	run -125 syscontainer create --user-remap none --ipc host --sysctl kernel.msgmax=1 "$tree" /bin/true
	has_text "--sysctl kernel.msgmax=1 contradicts --ipc host"
	run -125 syscontainer create --user-remap none --ipc host --ns-change-opt ipc "$tree" /bin/true
	has_text "--ns-change-opt ipc contradicts --ipc host"
}

@test "without --ns-change-opt a guest changes none of them" {
	local name path
	small_start mapped
	small_start plain --user-remap none
	small_start shares --user-remap none --net host
	for name in mapped plain shares; do
		for path in net/ipv4/ip_forward kernel/msgmax fs/mqueue/msg_max kernel/panic; do
			run change "$name" "$path" 1
			[[ $status -ne 0 ]] || e2e_die "$name could write $path"
		done
	done
}

@test "--ns-change-opt net,ipc: those files are writable inside and the rest is not" {
	local name options
	for name in mapped plain privileged; do
		options=()
		[[ $name != plain ]] || options=(--user-remap none)
		[[ $name != privileged ]] || options=(--privileged)
		small_start "$name" --ns-change-opt net,ipc "${options[@]}"
		change "$name" net/ipv4/ip_forward 1
		change "$name" kernel/msgmax 7000
		change "$name" kernel/sem '250 32000 100 130'
		change "$name" fs/mqueue/msg_max 30
		same written "$(parameter "$name" net/ipv4/ip_forward) $(parameter "$name" kernel/msgmax) $(parameter "$name" fs/mqueue/msg_max)" "1 7000 30"
		run change "$name" kernel/panic 1
		[[ $status -ne 0 ]]
		run change "$name" vm/swappiness 1
		[[ $status -ne 0 ]]
		same files "$(field "$name" "json .HostConfig.NsChangeFiles" | jq length)" 10
	done
}

@test "--ns-change-opt net alone, ipc alone, and what is neither" {
	local value tree
	small_start net --ns-change-opt net
	change net net/ipv4/ip_forward 1
	run change net kernel/msgmax 7000
	[[ $status -ne 0 ]]
	small_start ipc --ns-change-opt ipc
	change ipc kernel/msgmax 7000
	run change ipc net/ipv4/ip_forward 1
	[[ $status -ne 0 ]]
	tree=$(tree_small tree)
	for value in net,net pid "net," "," "net ipc"; do
		run -125 syscontainer create --ns-change-opt "$value" "$tree" /bin/true
		has_text "Invalid value \"$value\" for flag --ns-change-opt"
	done
}
