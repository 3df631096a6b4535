#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# The proc view in real guests: what their programs say of memory, CPUs, time, load and disks, and what update does to it.

load common
load small
load procview

setup_file() {
	procview_begin
	procview_start
	guest_start web --memory 256M --cpuset-cpus 0
	tree_overlay big >/dev/null
	syscontainer run -d --name big --privileged --memory 512M "$(tree_path big)" >/dev/null
	e2e_keep
}

teardown_file() {
	procview_end
}

teardown() {
	local disk
	kill -CONT "$(holder_pid)" 2>/dev/null || true
	e2e_clean
	if [[ -e $E2E_DIR/disk ]]; then
		disk=$(cat "$E2E_DIR/disk")
		partx --delete "$disk" 2>/dev/null || true
		losetup -d "$disk"
		rm "$E2E_DIR/disk"
	fi
	procview_answers || procview_start
}

files_of_proc=(cpuinfo diskstats loadavg meminfo partitions slabinfo stat swaps uptime)

@test "a guest reads its own limits, and another one at the same time others" {
	same "memory of web" "$(memory_of web)" 262144
	same "memory of big" "$(memory_of big)" 524288
	same "CPUs of web" "$(in_guest web grep -c ^processor /proc/cpuinfo)" 1
	same "CPUs of big" "$(in_guest big grep -c ^processor /proc/cpuinfo)" "$(nproc --all)"
	same "boot of web" "$(field web .HostConfig.ProcView)" true
}

@test "each file can be read, from a remapped and from a privileged guest, and none of them is the host's" {
	local name file
	for name in web big; do
		for file in "${files_of_proc[@]/#//proc/}" /sys/devices/system/cpu/{online,possible,present}; do
			run -0 in_guest "$name" cat "$file"
			[[ $output || $file == */diskstats ]] || e2e_die "$file of $name is empty"
			same "$file of $name" "$(shows "$name" "proc/${file#/proc/}" | grep -v bound)" ""
		done
		same "layers" "$(lxcfs-toolkit list --format json "$name" | jq '[.[] | select(.shows == "bound") | .layers] | unique')" "$(printf '[\n  1\n]')"
	done
	has_text "lxcfs /proc/meminfo fuse.lxcfs ro" "$(in_guest web cat /proc/mounts)"
}

@test "the programs that people use agree with it" {
	run -0 in_guest web free -k
	has_text "Mem:          262144" "$(tr -s ' ' <<<"$output" | sed 's/^Mem: /Mem:          /')"
	same nproc "$(in_guest web nproc)" 1
	same "nproc --all" "$(in_guest web nproc --all)" 1
	run -0 in_guest web lscpu
	has_text "CPU(s):                1 " "$(grep '^CPU(s):' <<<"$output" | sed -E 's/^(CPU\(s\):) +([0-9]+)/\1                \2 /')"
	run -0 in_guest web top -b -n 1
	has_text "256.0 total"
	[[ $(in_guest web cut -d. -f1 /proc/uptime) -lt $(cut -d. -f1 /proc/uptime) ]]
	run -0 in_guest web ps -o etimes= -p 1
	# start times are the kernel's: only with a time namespace they count from the guest's start
	if [[ $(readlink "/proc/$(init_pid web)/ns/time") != "$(readlink /proc/self/ns/time)" ]]; then
		[[ $output -le $(in_guest web cut -d. -f1 /proc/uptime) ]]
	fi
	run -0 in_guest web uptime
	has_text "load average"
	run -0 in_guest web vmstat
	run -0 in_guest web lsblk
}

# What of the plugged disk the file names.
# shellcheck disable=SC2016 # for awk
disks_in() { # NAME FILE
	in_guest "$1" awk '$NF ~ /^plugged/ { print $NF; next } $3 ~ /^plugged/ { print $3 }' "$2" | xargs
}

disks_are() { # NAME FILE WANTED
	[[ $(disks_in "$1" "$2") == "$3" ]]
}

@test "a disk that is plugged in is shown under its name in the guest, with its partitions, until it is taken out" {
	local name disk
	truncate -s 16M "$BATS_TEST_TMPDIR/disk"
	disk=$(losetup --find --show "$BATS_TEST_TMPDIR/disk")
	echo "$disk" >"$E2E_DIR/disk"
	addpart "$disk" 1 2048 1024
	for name in web big; do
		disks_are "$name" /proc/partitions ""
		syscontainer add-device --follow-partition "$name" "$disk:/dev/plugged"
		same "partitions of $name" "$(disks_in "$name" /proc/partitions)" "plugged pluggedp1"
		has_text " 16384 plugged" "$(in_guest "$name" cat /proc/partitions)"
		same "diskstats of $name" "$(disks_in "$name" /proc/diskstats)" plugged
		in_guest "$name" dd if=/dev/plugged of=/dev/null bs=1M count=1 iflag=direct status=none
		# cgroup v1 counts for disks with a limit only
		[[ -d /sys/fs/cgroup/blkio ]] ||
			has_text "2048" "$(in_guest "$name" grep ' plugged ' /proc/diskstats | cut -d' ' -f7-)"
		addpart "$disk" 2 4096 1024
		wait_for 5 disks_are "$name" /proc/partitions "plugged pluggedp1 pluggedp2"
		delpart "$disk" 2
		wait_for 5 disks_are "$name" /proc/partitions "plugged pluggedp1"
		# Another server knows it as well, and so does the next boot.
		kill -9 "$(server_pid)"
		wait_for 10 procview_answers
		same "partitions of $name, by the next server" "$(disks_in "$name" /proc/partitions)" "plugged pluggedp1"
		syscontainer restart "$name"
		same "partitions of $name, after a reboot" "$(disks_in "$name" /proc/partitions)" "plugged pluggedp1"
		syscontainer remove-device "$name" "$disk"
		same "partitions of $name, without it" "$(disks_in "$name" /proc/partitions)" ""
	done
}

@test "update shows at once, on a descriptor that is kept as well" {
	# A program that keeps its descriptor and reads again from the start of the file.
	# shellcheck disable=SC2016 # for the guest
	in_guest web bash -c 'exec 5</proc/meminfo; echo $BASHPID >/run/reader; while [[ ! -e /run/go ]]; do sleep 0.02; done; head -1 <&5' \
		>"$BATS_TEST_TMPDIR/kept" 3>&- &
	local reader=$!
	wait_for 10 in_guest web test -s /run/reader
	same "memory before" "$(memory_of web)" 262144
	syscontainer update --memory 128M web
	same "memory after" "$(memory_of web)" 131072
	in_guest web touch /run/go
	wait "$reader"
	has_text 131072 "$(cat "$BATS_TEST_TMPDIR/kept")"
	syscontainer update --memory 256M --cpuset-cpus 0-1 web
	same "memory of web" "$(memory_of web)" 262144
	same "CPUs of web" "$(in_guest web grep -c ^processor /proc/cpuinfo)" 2
	same "online of web" "$(in_guest web cat /sys/devices/system/cpu/online)" 0-1
	same "lines of stat" "$(in_guest web grep -c '^cpu[0-9]' /proc/stat)" 2
	syscontainer update --cpus 1 web
	same "CPUs of web under a quota" "$(in_guest web grep -c ^processor /proc/cpuinfo)" 1
	syscontainer update --cpus 2 --cpuset-cpus 0 web
	same "CPUs of web" "$(in_guest web nproc)" 1
}

@test "a CPU quota is shown as CPUs unless --cpu-quota-view=false" {
	guest_start quota --cpus 1 --cpu-quota-view=false
	same "CPUs" "$(in_guest quota grep -c ^processor /proc/cpuinfo)" "$(nproc --all)"
	same "inspect" "$(field quota .HostConfig.CPUQuotaView)" false
	syscontainer rm -f quota >/dev/null
}

@test "--no-proc-view and proc-view of daemon.json leave it out, and a restart keeps that" {
	small_start plain --no-proc-view --memory 64M
	same "memory" "$(memory_of_small plain)" "$(host_memory)"
	same "inspect" "$(field plain .HostConfig.ProcView)" false
	syscontainer restart plain >/dev/null
	same "memory" "$(memory_of_small plain)" "$(host_memory)"
	procview_config '"proc-view": false'
	small_start off --memory 64M
	small_start on --memory 64M --no-proc-view=false
	procview_config
	same "memory" "$(memory_of_small off)" "$(host_memory)"
	same "memory" "$(memory_of_small on)" 65536
	procview_config '"proc-view": "no"'
	run -125 syscontainer create --name bad "$(tree_path web)"
	procview_config
	has_text proc-view
}

memory_of_small() { # NAME: without sed
	in_guest "$1" cat /proc/meminfo | sed -n 's/^MemTotal: *\([0-9]*\) kB/\1/p'
}

@test "a guest inside a guest sees the limits of its own" {
	run -0 in_guest web unshare -r -m -p -f --mount-proc cat /proc/uptime
	# the view's files lie over the outer /proc: a fresh one is allowed and shows the kernel's
	run -0 in_guest web unshare -r -m -p -f sh -c 'grep MemTotal /proc/meminfo'
	has_text 262144
}

@test "a guest that starts while no server runs gets the view when one comes" {
	procview_stop
	small_start late --memory 64M
	same "memory without server" "$(memory_of_small late)" "$(host_memory)"
	same "memory of web without server" "$(memory_of web)" "$(host_memory)"
	procview_start
	wait_for 10 shows_is late proc/meminfo bound
	same "memory" "$(memory_of_small late)" 65536
	wait_for 10 shows_is web proc/meminfo bound
	same "memory of web" "$(memory_of web)" 262144
}

@test "a reboot of the guest begins anew: uptime, and other limits" {
	local before start uptime
	small_start again --memory 64M
	before=$(init_pid again)
	sleep 1.2
	start=${EPOCHREALTIME/./}
	syscontainer restart again >/dev/null
	is_gone "$before"
	read -r uptime _ < <(in_guest again cat /proc/uptime)
	# Younger than the restart; the boot before was more than a second older.
	[[ $((10#${uptime/./})) -le $(((${EPOCHREALTIME/./} - start) / 10000)) ]] || e2e_die "uptime is $uptime"
	same "memory" "$(memory_of_small again)" 65536
}

@test "nothing can be written, changed or passed on to the host, by whatever root" {
	local name online=()
	online=("$(cat /sys/devices/system/cpu/online)" "$(cat /sys/devices/system/cpu/cpu1/online 2>/dev/null)")
	for name in web big; do
		run ! in_guest "$name" sh -c 'echo 1 >/proc/meminfo'
		run ! in_guest "$name" truncate -s 0 /proc/stat
		run ! in_guest "$name" chmod 666 /proc/uptime
		run ! in_guest "$name" rm /proc/swaps
		run ! in_guest "$name" touch /sys/devices/system/cpu/new
		in_guest "$name" sh -c 'mount -o remount,rw,bind /proc/meminfo; mount -o remount,rw /proc/meminfo' || true
		run ! in_guest "$name" sh -c 'echo 1 >>/proc/meminfo'
		run ! in_guest "$name" chmod 666 /proc/meminfo
		# shellcheck disable=SC2016 # for the guest
		in_guest "$name" sh -c 'mount -o remount,rw,bind /sys/devices/system/cpu; mount -o remount,rw /sys/devices/system/cpu; for i in /sys/devices/system/cpu/cpu*/online; do echo 0 >$i; done' || true
	done
	same "CPUs of the host" "$(cat /sys/devices/system/cpu/online)" "${online[0]}"
	same "cpu1 of the host" "$(cat /sys/devices/system/cpu/cpu1/online 2>/dev/null)" "${online[1]}"
	same "memory of web" "$(memory_of web)" 262144
}

@test "the toolkit takes files off and puts them on again, one container or all" {
	local log=$BATS_TEST_TMPDIR/log
	run -0 lxcfs-toolkit --log "$log" umount --container-id web
	has_text "umount web: done"
	has_text "umount web: done" "$(cat "$log")"
	same "memory" "$(memory_of web)" "$(host_memory)"
	same "shown" "$(shows web proc/meminfo)" host
	same "memory of big" "$(memory_of big)" 524288
	run -0 lxcfs-toolkit remount -c web
	same "memory" "$(memory_of web)" 262144
	run -0 lxcfs-toolkit umount --all
	same "memory of big" "$(memory_of big)" "$(host_memory)"
	run -0 lxcfs-tools remount -a
	same "memory of big" "$(memory_of big)" 524288
	in_guest web umount /proc/meminfo
	same "memory" "$(memory_of web)" "$(host_memory)"
	run -0 lxcfs-toolkit remount --container-id "$(container_id web | cut -c1-12)"
	same "memory" "$(memory_of web)" 262144
	run -0 lxcfs-toolkit check-lxcfs
	has_text "lxcfs is running"
}

@test "what the toolkit does not understand it says, with the exit status that scripts know" {
	run -1 lxcfs-toolkit remount
	has_text "remount: You must choose at least one container"
	run -1 lxcfs-toolkit umount --container-id ''
	has_text "Containerid mustn't be empty"
	run -1 lxcfs-toolkit remount --all more
	has_text "remount: requires none args"
	run -1 lxcfs-toolkit umount --all more
	has_text "umount:requires at least one argument"
	run -1 lxcfs-toolkit check-lxcfs more
	has_text "check-lxcfs: don't need any args"
	run -1 lxcfs-toolkit remount -c nobody
	has_text nobody
	run -3 lxcfs-toolkit shout
	has_text "No help topic for 'shout'"
	run -0 lxcfs-toolkit
	run -0 lxcfs-toolkit --version
}

@test "a symlink or a file of the guest's own at the target is not followed, and the others are bound" {
	local before
	lxcfs-toolkit umount -c web 2>/dev/null
	in_guest web mount -t tmpfs none /proc/pressure 2>/dev/null || true
	in_guest web sh -c 'mkdir -p /run/fake && mount --bind /etc/hostname /proc/uptime'
	before=$(in_guest web cat /etc/hostname)
	run -0 lxcfs-toolkit remount -c web
	same "the guest's own mount" "$(in_guest web cat /proc/uptime)" "$before"
	same "memory" "$(memory_of web)" 262144
	in_guest web umount /proc/uptime
	run -0 lxcfs-toolkit remount -c web
	same "shown" "$(shows web proc/uptime)" bound
}

# The server is one of the holder's children, who binds guests is another.
binds_nobody() {
	[[ $(pgrep -c -P "$(holder_pid)") -le 1 ]]
}

@test "a process in the mount namespace of whoever works is never bound over" {
	local hook
	hook=$(jq -r .prestart[-1].path "$E2E_DIR/hookspec.json")
	# To the holder, which binds whoever is new, that process is in a namespace of its own.
	kill -STOP "$(holder_pid)"
	wait_for 10 binds_nobody
	# in a namespace of our own, so that a failure hurts nobody
	# shellcheck disable=SC2016 # for the inner shell
	run -0 unshare --mount sh -c '
		sleep 20 &
		printf "{\"id\":\"host\",\"status\":\"created\",\"pid\":%d}" $! | "$1"
		lxcfs-toolkit remount -c host
		grep "fuse.lxcfs" /proc/self/mountinfo | grep " /proc/"
		kill $!
		echo "{\"id\":\"host\",\"status\":\"stopped\"}" | "$1"' sh "$hook"
	kill -CONT "$(holder_pid)"
	has_text "is in the host's mount namespace"
	[[ $output != *fuse.lxcfs* ]] || e2e_die "$output"
	[[ ! -e $SYSCONTAINER_RUN/lxcfs/guests/host ]]
}

@test "a container that was paused can be worked on" {
	small_start frozen --memory 64M
	syscontainer pause frozen >/dev/null
	run -0 timeout 20 lxcfs-toolkit umount -c frozen
	run -0 timeout 20 lxcfs-toolkit remount -c frozen
	syscontainer unpause frozen >/dev/null
	same "memory" "$(memory_of_small frozen)" 65536
}

@test "the mount point serves processes of the host by their cgroup, and plain LXC guests" {
	local point=$E2E_DIR/point cgroup
	procview_stop
	mkdir "$point"
	procview_start --cache-age 20ms "$point"
	run -0 ls "$point/proc"
	has_text meminfo
	# a process of the host, in a cgroup with a limit
	cgroup=$(dirname "$(cgroup_file web memory memory.limit_in_bytes memory.max)")
	cgroup=$(dirname "$cgroup")/plain
	mkdir "$cgroup"
	echo 100M >"$cgroup/memory.limit_in_bytes" 2>/dev/null || echo 100M >"$cgroup/memory.max"
	run -0 sh -c "echo \$\$ >$cgroup/cgroup.procs && cat $point/proc/meminfo"
	has_text "MemTotal:         102400 kB"
	run -0 sh -c "echo \$\$ >$cgroup/cgroup.procs && cat $point/proc/cpuinfo $point/proc/stat $point/proc/loadavg $point/proc/uptime $point/sys/devices/system/cpu/online"
	rmdir "$cgroup"
	mkdir "$cgroup"
	echo 200M >"$cgroup/memory.limit_in_bytes" 2>/dev/null || echo 200M >"$cgroup/memory.max"
	run -0 sh -c "echo \$\$ >$cgroup/cgroup.procs && cat $point/proc/meminfo"
	has_text "MemTotal:         204800 kB"
	rmdir "$cgroup"
	# a guest of plain LXC, with files of the mount bound over its own
	tree_overlay lxc >/dev/null
	cat >"$E2E_DIR/lxc.conf" <<-END
		lxc.rootfs.path = dir:$(tree_path lxc)
		lxc.uts.name = plain
		lxc.cgroup.dir = $E2E_CGROUP/plain
		lxc.cgroup.memory.limit_in_bytes = 100M
		lxc.cgroup2.memory.max = 100M
		lxc.mount.auto = proc sys
		lxc.mount.entry = $point/proc/meminfo proc/meminfo none bind 0 0
		lxc.mount.entry = $point/proc/uptime proc/uptime none bind 0 0
		lxc.mount.entry = $point/proc/cpuinfo proc/cpuinfo none bind 0 0
		lxc.init.cmd = /read.sh
	END
	printf '#!/bin/sh\ncat /proc/meminfo /proc/uptime /proc/cpuinfo >/read\n' >"$(tree_path lxc)/read.sh"
	chmod 755 "$(tree_path lxc)/read.sh"
	timeout 20 lxc-start -F -n plain -P "$E2E_DIR" -f "$E2E_DIR/lxc.conf" </dev/null
	output=$(cat "$(tree_path lxc)/read")
	has_text "MemTotal:         102400 kB"
	has_text "processor"
	grep -qE '^0\.[0-9]+ ' <<<"$output" || e2e_die "no uptime of its own in: $output"
	find /sys/fs/cgroup/*/"$E2E_CGROUP/plain" "/sys/fs/cgroup/$E2E_CGROUP/plain" -depth -type d -exec rmdir {} + 2>/dev/null || true
	procview_stop
	run -0 ls -A "$point"
	same "what is left on the mount point" "$output" ""
	rmdir "$point"
	procview_start
}
