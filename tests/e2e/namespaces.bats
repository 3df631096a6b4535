#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# What a guest has for itself and what it shares with the host or another container; when its time begins.

load common
load small

setup_file() {
	e2e_begin '"stop-timeout": "5s"'
	small_start owner --user-remap none
	e2e_keep
}

# The namespace of PID 1, as the kernel calls it: net:[4026531840].
namespace_of() { # NAME KIND
	readlink "/proc/$(init_pid "$1")/ns/$2"
}

own_namespace() { # KIND
	readlink "/proc/self/ns/$1"
}

# Seconds since its boot, as the guest sees them.
uptime_of() { # NAME
	syscontainer exec "$1" cat /proc/uptime | cut -d. -f1
}

@test "a guest has every namespace for itself, remapped or not, and inspect says so" {
	local name kind
	small_start mapped
	small_start plain --user-remap none
	for name in mapped plain; do
		for kind in net pid ipc uts cgroup time mnt; do
			[[ $(namespace_of "$name" "$kind") != "$(own_namespace "$kind")" ]] || e2e_die "$name shares $kind with the host"
		done
		same modes "$(field "$name" .HostConfig.NetworkMode) $(field "$name" .HostConfig.PidMode) $(field "$name" .HostConfig.IpcMode)" \
			"none private shareable"
		same modes "$(field "$name" .HostConfig.UTSMode) $(field "$name" .HostConfig.CgroupnsMode) $(field "$name" .HostConfig.TimensMode)" \
			"private private private"
		same interfaces "$(syscontainer exec "$name" ls /sys/class/net)" lo
	done
}

@test "what is shared with the host is the host's, and nothing else is; a restart keeps it" {
	local kind option
	small_start shares --user-remap none --net host --ipc host --uts host --cgroupns host --timens host
	for round in first second; do
		for kind in net ipc uts cgroup time; do
			same "$kind, $round boot" "$(namespace_of shares "$kind")" "$(own_namespace "$kind")"
		done
		[[ $(namespace_of shares pid) != "$(own_namespace pid)" ]]
		[[ $(namespace_of shares mnt) != "$(own_namespace mnt)" ]]
		[[ $round == second ]] || syscontainer restart shares
	done
	same interfaces "$(syscontainer exec shares ls /sys/class/net)" "$(ls /sys/class/net)"
	same "host name" "$(syscontainer exec shares cat /proc/sys/kernel/hostname)" "$(cat /proc/sys/kernel/hostname)"
	same HOSTNAME "$(syscontainer exec shares env | sed -n s/^HOSTNAME=//p)" "$(cat /proc/sys/kernel/hostname)"
	for option in NetworkMode IpcMode UTSMode CgroupnsMode TimensMode; do
		same "$option" "$(field shares ".HostConfig.$option")" host
	done
}

@test "a guest with ids of its own may share host name, cgroup view and time" {
	small_start mapped --uts host --cgroupns host --timens host
	same uts "$(namespace_of mapped uts)" "$(own_namespace uts)"
	same cgroup "$(namespace_of mapped cgroup)" "$(own_namespace cgroup)"
	same time "$(namespace_of mapped time)" "$(own_namespace time)"
	# On v2 there is one tree of cgroups: all of it can be seen, and its own be changed.
	if [[ -e /sys/fs/cgroup/cgroup.procs ]]; then
		own=/sys/fs/cgroup/$E2E_CGROUP/$(container_id mapped)
		syscontainer exec mapped mkdir "$own/guest/below"
		run ! syscontainer exec mapped mkdir "$own/beside"
		run ! syscontainer exec mapped mkdir /sys/fs/cgroup/beside
	fi
	run syscontainer exec mapped /bin/sh -c 'echo other >/proc/sys/kernel/hostname'
	[[ $status -ne 0 ]]
}

@test "a guest with ids of its own cannot share network, processes or IPC: the reason is said, and nothing is left" {
	local kind
	tree_small refused >/dev/null
	for kind in net pid ipc; do
		run -125 syscontainer run -d --name refused "--$kind" host "$(tree_path refused)" /bin/sh -c "$SMALL_PROGRAM"
		has_text "--$kind host cannot be had by a guest with ids of its own: the kernel mounts /"
		has_text "--user-remap none"
		run -125 syscontainer create --name refused "--$kind" container:owner "$(tree_path refused)" /bin/true
	done
	same containers "$(container_names)" owner
	same ranges "$(ls "$SYSCONTAINER_ROOT/idmap")" ""
}

@test "container:X shares what X has, by name or id; X must run, and what was shared outlives a restart of X" {
	local kind
	small_start joined --user-remap none --net container:owner --ipc "container:$(container_id owner)" --uts container:owner
	for kind in net ipc uts; do
		same "$kind" "$(namespace_of joined "$kind")" "$(namespace_of owner "$kind")"
	done
	same mode "$(field joined .HostConfig.NetworkMode)" "container:$(container_id owner)"
	same "host name" "$(syscontainer exec joined cat /proc/sys/kernel/hostname)" "$(field owner .Config.Hostname)"
	before=$(namespace_of joined net)
	syscontainer restart owner
	same "network of the one that ran on" "$(namespace_of joined net)" "$before"
	syscontainer stop owner joined
	run -125 syscontainer start joined
	has_text "container owner does not run"
	syscontainer start owner joined
	same "network after the next start" "$(namespace_of joined net)" "$(namespace_of owner net)"
}

@test "a start that shares with a container that was removed says so" {
	small_start gone --user-remap none
	small_create joined --user-remap none --net container:gone
	id=$(container_id gone)
	syscontainer rm -f gone
	run -125 syscontainer start joined
	has_text "cannot start container joined: --net container:${id:0:12}: No such container: $id"
}

@test "what nobody may share is refused, and so is what is not there" {
	small_start alone --user-remap none --ipc private
	small_create wants --user-remap none --ipc container:alone
	run syscontainer start wants
	has_text "--ipc private"
	run -125 syscontainer create --user-remap none --net container:nobody "$(tree_path wants)" /bin/true
	has_text 'Invalid value "container:nobody" for flag --net: No such container: nobody'
}

@test "among the processes of others: they are seen, orphans are reaped, a stop takes all, and no init can be there" {
	small_start beside --user-remap none --pid container:owner
	same "pid namespace" "$(namespace_of beside pid)" "$(namespace_of owner pid)"
	local program='/bin/sh -c "sleep 0.1 & sleep 7777 & exit"; trap "exit 7" TERM; while :; do sleep 0.05; done'
	tree_small among >/dev/null
	syscontainer run -d --name among --user-remap none --pid host "$(tree_path among)" /bin/sh -c "$program" >/dev/null
	same "pid namespace" "$(namespace_of among pid)" "$(own_namespace pid)"
	keeper=$(keeper_pid among)
	adopted=$(pgrep -P "$keeper" -x sleep)
	for _ in 1 2 3 4 5 6 7 8 9 10; do sleep 0.05; done
	run ps --ppid "$keeper" -o stat=
	[[ $output != *Z* ]]
	# reboot(2) would be the host's.
	same CAP_SYS_BOOT "$((16#$(awk '/^CapBnd/ { print $2 }' "/proc/$(init_pid among)/status") >> 22 & 1))" 0
	syscontainer stop among
	for pid in $adopted; do is_gone "$pid"; done
	run -125 syscontainer create --user-remap none --pid host --name no "$(tree_small no)" /sbin/init
	cp "$(tree_path no)/bin/true" "$(tree_path no)/bin/systemd"
	ln -s /bin/systemd "$(tree_path no)/bin/boot"
	run -125 syscontainer create --user-remap none --pid host --name no "$(tree_path no)" /bin/boot
	has_text "--pid host: /bin/boot is an init and must be PID 1"
}

@test "options that contradict each other are refused with both" {
	local tree
	tree=$(tree_small tree)
	run -125 syscontainer create --user-remap none --uts host --hostname web "$tree" /bin/true
	has_text "--hostname web contradicts --uts host"
	run -125 syscontainer create --userns host --user-remap auto "$tree" /bin/true
	has_text "--userns host and --user-remap contradict each other"
	run -125 syscontainer create --userns private --privileged "$tree" /bin/true
	has_text "--userns private and --privileged contradict each other"
	syscontainer create --name same --userns host "$tree" /bin/true
	same mode "$(field same .HostConfig.UsernsMode)" host
	while read -r option; do
		run -125 syscontainer create "$option" "$tree" /bin/true
		has_text "\"${option#*=}\" for flag ${option%%=*}"
	done <<-END
		--net=bridge
		--net=container:
		--net=container:../x
		--pid=none
		--ipc=Host
		--uts=shareable
		--cgroupns=container:owner
		--timens=1
		--userns=container:owner
	END
}

@test "uptime begins with the guest's boot, for exec too, and anew at each boot" {
	guest_start machine

	[[ $(uptime_of machine) -lt 120 ]]
	# /proc/PID/stat counts from the same moment: PID 1 was there at once.
	[[ $(syscontainer exec machine cat /proc/1/stat | cut -d' ' -f22) -lt 1000 ]]
	same "systemd" "$(syscontainer exec machine systemctl is-system-running)" running
	first=$(cat "/proc/$(init_pid machine)/timens_offsets")
	syscontainer exec machine systemctl --no-block reboot
	wait_for 20 rebooted machine
	syscontainer wait --condition=ready machine
	[[ $(cat "/proc/$(init_pid machine)/timens_offsets") != "$first" ]]
	[[ $(uptime_of machine) -lt 120 ]]
	# Ours is the host's time: a start time that went through a namespace would not be found again.
	kill_monitor machine
	same status "$(field machine .State.Status)" running
}

rebooted() { # NAME
	[[ $(field "$1" .RestartCount) -ge 1 ]]
}
