#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Every resource option: in the kernel's files after create, restart and update, of remapped and privileged guests; what
# the kernel then does; what is refused. update.bats has the stories of update itself.

load common
load small

setup_file() {
	e2e_begin '"stop-timeout": "5s"' '"cpu-rt-period": 1000000' '"cpu-rt-runtime": 100000'
	disk_make
	export LIMITS_DISK LIMITS_DISK_NUMBER
	e2e_keep
}

teardown_file() {
	losetup -d "$LIMITS_DISK"
	e2e_end
}

teardown() {
	if mountpoint -q "$E2E_DIR/trees/disk"; then
		syscontainer rm -f disk >/dev/null
		umount "$E2E_DIR/trees/disk"
	fi
	e2e_clean
}

# A disk of our own, whose scheduler knows weights.
disk_make() {
	local name
	truncate -s 64M "$E2E_DIR/disk.img"
	LIMITS_DISK=$(losetup -f --show "$E2E_DIR/disk.img")
	name=${LIMITS_DISK#/dev/}
	LIMITS_DISK_NUMBER=$(cat "/sys/block/$name/dev")
	# The kernel loads it where it is a module.
	echo bfq >"/sys/block/$name/queue/scheduler" || e2e_die "the kernel has no bfq, the scheduler that knows weights"
}

has_v1() { # CONTROLLER
	[[ -d /sys/fs/cgroup/$1 ]]
}

# What cgroup v2 lacks is refused by the name of the file that v1 has for it, and nothing is made.
refused_on_v2() { # OPTION FILE
	tree_small refused >/dev/null
	run -125 syscontainer create --name refused "$1" "$(tree_path refused)" /bin/true
	tree_remove refused
	has_text "Your kernel does not support ${1%%=*}: cgroup v2 has no $2"
	same containers "$(container_names)" ""
}

# What the kernel has for an option; "-" in the table below stands for a version that lacks it.
kernel_value() { # NAME FILE, as CONTROLLER:V1-FILE:V2-FILE
	local controller v1 v2 path
	IFS=: read -r controller v1 v2 <<<"$2"
	if [[ $controller == proc ]]; then
		cat "/proc/$(init_pid "$1")/$v1"
		return
	fi
	path=$(cgroup_file "$1" "$controller" "$v1" "$v2")
	case $path in
	*_device | */io.max) grep "^$LIMITS_DISK_NUMBER " "$path" ;;
	*/io.bfq.weight) paste -sd ' ' "$path" ;; # the cgroup's and the disk's
	*) head -1 "$path" ;;
	esac
}

# One option a line: where to look, what create is given and the kernel has on v1 and v2, and the same of update.
options_table() {
	cat <<-END
		cpu-shares cpu:cpu.shares:cpu.weight 512 512 20 2048 2048 79
		cpu-period cpu:cpu.cfs_period_us:- 50000 50000 - 20000 20000 -
		cpu-quota cpu:cpu.cfs_quota_us:cpu.max 25000 25000 25000_50000 30000 30000 30000_20000
		cpu-rt-period cpu:cpu.rt_period_us:- 500000 500000 - 400000 400000 -
		cpu-rt-runtime cpu:cpu.rt_runtime_us:- 9000 9000 - 8000 8000 -
		cpuset-cpus cpuset:cpuset.cpus:cpuset.cpus 0 0 0 1 1 1
		cpuset-mems cpuset:cpuset.mems:cpuset.mems 0 0 0 0 0 0
		memory memory:memory.limit_in_bytes:memory.max 64m 67108864 67108864 96m 100663296 100663296
		memory-reservation memory:memory.soft_limit_in_bytes:memory.low 32m 33554432 33554432 33m 34603008 34603008
		memory-swap memory:memory.memsw.limit_in_bytes:memory.swap.max 80m 83886080 16777216 128m 134217728 33554432
		memory-swappiness memory:memory.swappiness:- 7 7 - 9 9 -
		oom-kill-disable memory:memory.oom_control:- true oom_kill_disable_1 - false oom_kill_disable_0 -
		oom-score-adj proc:oom_score_adj:oom_score_adj 321 321 321 400 400 400
		pids-limit pids:pids.max:pids.max 50 50 50 60 60 60
		blkio-weight blkio:blkio.bfq.weight:io.bfq.weight 300 300 default_300_$LIMITS_DISK_NUMBER@200 400 400 default_400_$LIMITS_DISK_NUMBER@250
		blkio-weight-device blkio:blkio.bfq.weight_device:- $LIMITS_DISK:200 $LIMITS_DISK_NUMBER@200 - $LIMITS_DISK:250 $LIMITS_DISK_NUMBER@250 -
		device-read-bps blkio:blkio.throttle.read_bps_device:- $LIMITS_DISK:1m $LIMITS_DISK_NUMBER@1048576 - $LIMITS_DISK:2m $LIMITS_DISK_NUMBER@2097152 -
		device-write-bps blkio:blkio.throttle.write_bps_device:- $LIMITS_DISK:3m $LIMITS_DISK_NUMBER@3145728 - $LIMITS_DISK:4m $LIMITS_DISK_NUMBER@4194304 -
		device-read-iops blkio:blkio.throttle.read_iops_device:- $LIMITS_DISK:70 $LIMITS_DISK_NUMBER@70 - $LIMITS_DISK:71 $LIMITS_DISK_NUMBER@71 -
		device-write-iops blkio:blkio.throttle.write_iops_device:io.max $LIMITS_DISK:80 $LIMITS_DISK_NUMBER@80 $LIMITS_DISK_NUMBER@rbps=1048576_wbps=3145728_riops=70_wiops=80 $LIMITS_DISK:81 $LIMITS_DISK_NUMBER@81 $LIMITS_DISK_NUMBER@rbps=2097152_wbps=4194304_riops=71_wiops=81
	END
}

# Reads the table for the kernel that we run on: OPTION FILE GIVEN WANTED CHANGED WANTED-THEN, without what it lacks.
options_here() {
	local option file given v1 v2 changed v1_then v2_then
	options_table | while read -r option file given v1 v2 changed v1_then v2_then; do
		if ! has_v1 "${file%%:*}" && [[ $file != proc:* ]]; then
			[[ $v2 != - || $option == *device* || $option == cpu-period ]] || continue
			v1=$v2 v1_then=$v2_then
		fi
		echo "$option $file $given $v1 $changed $v1_then"
	done
}

kernel_has() { # NAME created|changed
	local option file given wanted changed wanted_then
	while read -r option file given wanted changed wanted_then; do
		[[ $2 == created ]] || wanted=$wanted_then
		[[ $wanted != - ]] || continue
		wanted=${wanted//_/ }
		[[ $wanted != "oom kill disable"* ]] || wanted="oom_kill_disable ${wanted##* }"
		same "--$option, $2" "$(kernel_value "$1" "$file")" "${wanted/@/ }" || return
	done < <(options_here)
}

check_all_options() { # [OPTION OF create]...
	local created=() changed=() option file given wanted changed_to rest
	while read -r option file given wanted changed_to rest; do
		created+=("--$option=$given")
		changed+=("--$option=$changed_to")
	done < <(options_here)
	small_create box "$@" "${created[@]}"
	syscontainer start box
	kernel_has box created
	syscontainer restart box
	kernel_has box created
	syscontainer update "${changed[@]}" box
	kernel_has box changed
	syscontainer stop box
	syscontainer start box
	kernel_has box changed
}

@test "every option is in force after create, restart, update and a later boot of a remapped guest" {
	check_all_options
	same "what inspect says" "$(field box .HostConfig | jq -c '[.BlkioWeight, .OomScoreAdj, .BlkioDeviceReadBps, .BlkioDeviceWriteIOps]')" \
		"[400,400,[{\"Path\":\"$LIMITS_DISK\",\"Rate\":2097152}],[{\"Path\":\"$LIMITS_DISK\",\"Rate\":81}]]"
}

@test "and of a privileged guest" {
	check_all_options --privileged
}

@test "what a disk may do is taken back by 0, and other disks keep theirs" {
	local file
	small_start box --device-read-iops "$LIMITS_DISK:70" --device-write-iops "$LIMITS_DISK:80"
	syscontainer update --device-read-iops "$LIMITS_DISK:0" box
	file=$(cgroup_file box blkio blkio.throttle.read_iops_device io.max)
	if has_v1 blkio; then
		same "read limits" "$(cat "$file")" ""
	else
		has_text "riops=max wiops=80" "$(cat "$file")"
	fi
	same "what is stored" "$(field box .HostConfig | jq -c '[.BlkioDeviceReadIOps, .BlkioDeviceWriteIOps]')" \
		"[[],[{\"Path\":\"$LIMITS_DISK\",\"Rate\":80}]]"
}

@test "a disk is looked up at each start, and one that is gone is named" {
	ln -s "$LIMITS_DISK" "$E2E_DIR/by-name"
	small_create box --device-read-bps "$E2E_DIR/by-name:1m"
	syscontainer start box
	syscontainer stop box
	rm "$E2E_DIR/by-name"
	run -125 syscontainer start box
	has_text "--device-read-bps: cannot find the disk $E2E_DIR/by-name"
	syscontainer update --device-read-bps "$E2E_DIR/by-name:0" box
	syscontainer start box
}

@test "a guest whose tree lies on a slowed disk is slow, and fast again after an update" {
	local tree=$E2E_DIR/trees/disk begin
	mkfs.ext4 -q "$LIMITS_DISK"
	mkdir -m 711 "$tree"
	mount "$LIMITS_DISK" "$tree"
	tree_small raw >/dev/null
	cp -a "$(tree_path raw)" "$tree/"
	dd if=/dev/urandom of="$tree/tree/data" bs=1M count=4 status=none
	sync -f "$tree"
	syscontainer run -d --name disk --device-read-bps "$LIMITS_DISK:2m" "$tree/tree" /bin/sh -c "$SMALL_PROGRAM" >/dev/null
	begin=${EPOCHREALTIME/./}
	syscontainer exec disk dd if=/data of=/dev/null bs=1M iflag=direct
	# 4 MiB at 2 MiB a second; never faster, however fast the machine is
	[[ $((${EPOCHREALTIME/./} - begin)) -ge 1000000 ]] || e2e_die "4 MiB were read in $((${EPOCHREALTIME/./} - begin)) us"
	syscontainer update --device-read-bps "$LIMITS_DISK:0" disk
	syscontainer exec disk dd if=/data of=/dev/null bs=1M iflag=direct
}

@test "a guest cannot leave its limits behind in a cgroup of its own" {
	guest_start web --device-read-bps "$LIMITS_DISK:2m"
	run -0 in_guest web systemctl is-system-running --wait
	same state "$output" running
	local file
	file=$(cgroup_file web blkio blkio.throttle.read_bps_device io.max)
	if has_v1 blkio; then
		same "in the guest's cgroup" "$(cat "${file%/*}/guest/${file##*/}")" "$LIMITS_DISK_NUMBER 2097152"
		run ! in_guest web mkdir /sys/fs/cgroup/blkio/free
	fi
	has_text "$LIMITS_DISK_NUMBER" "$(cat "$file")"
}

@test "real-time CPU is there for what has some, and for nobody else" {
	if ! has_v1 cpu; then
		refused_on_v2 --cpu-rt-runtime=9000 cpu.rt_runtime_us
		refused_on_v2 --cpu-rt-period=500000 cpu.rt_period_us
		return
	fi
	small_start with --cpu-rt-runtime 9000
	small_start without
	chrt -f -p 1 "$(init_pid with)"
	run chrt -f -p 1 "$(init_pid without)"
	[[ $status -ne 0 ]] || e2e_die "a guest without real-time CPU got some"
	# More than what daemon.json lets the parent hand out.
	run -1 syscontainer update --cpu-rt-runtime 200000 with
	has_text "its parent has 100000 microseconds of 1000000 to hand out"
	same "runtime" "$(kernel_value with cpu:cpu.rt_runtime_us:-)" 9000
}

# --- memory -----------------------------------------------------------------------------------------------------------------

memory_hog() { # NAME
	syscontainer exec "$1" dd if=/dev/zero of=/dev/null bs=100M count=1
}

# The same by a program that touches its memory itself: read(2) would come back with less than was asked for instead of waiting.
memory_waiter() { # NAME
	# shellcheck disable=SC2016 # for the guest
	syscontainer exec "$1" /bin/sh -c 'text=0123456789abcdef i=0; while [ $i -lt 22 ]; do text=$text$text i=$((i + 1)); done'
}

oom_events() { # NAME
	syscontainer events --since 1 --until "$(date +%s)" --name "^$1\$" --format json | jq -r 'select(.Action == "oom") | .Actor.Attributes.killed'
}

has_oom_event() { # NAME KILLED
	[[ $(oom_events "$1" | sort -u) == "$2" ]]
}

@test "a container that ran out of memory says so at once, also after its monitor was killed, until its next start" {
	tree_small box >/dev/null
	# A PID 1 that needs no memory meanwhile: the kernel looks for the next victim when one's memory is not all back yet.
	syscontainer run -d --name box --memory 24m --memory-swap 24m "$(tree_path box)" /bin/sleep 10000 >/dev/null
	has_field box .State.OOMKilled false
	run ! memory_hog box
	wait_for 5 has_field box .State.OOMKilled true
	wait_for 5 has_oom_event box true
	has_field box .State.Running true
	syscontainer stop -t 1 box
	has_field box .State.OOMKilled true
	syscontainer start box
	has_field box .State.OOMKilled false
	kill_monitor box
	has_field box .State.Running true
	run ! memory_hog box
	wait_for 5 has_field box .State.OOMKilled true
}

@test "a guest whose PID 1 is the victim is told to have run out of memory" {
	tree_small box >/dev/null
	run ! syscontainer run --name box --memory 24m --memory-swap 24m "$(tree_path box)" /bin/dd if=/dev/zero of=/dev/null bs=100M
	same status "$status" 137
	has_field box .State.OOMKilled true
	has_field box .State.ExitCode 137
}

@test "--oom-kill-disable: what is out of memory waits, until there is more or the update that lets it be killed" {
	local pid
	if ! has_v1 memory; then # it always kills
		refused_on_v2 --oom-kill-disable memory.oom_control
		return
	fi
	tree_small waiting >/dev/null
	run -0 --separate-stderr syscontainer create --name careless --oom-kill-disable "$(tree_path waiting)" /bin/true
	# shellcheck disable=SC2154 # set by run
	has_text "syscontainer: warning: --oom-kill-disable without --memory" "$stderr"
	# A PID 1 that needs nothing: a fork would fail now, which few programs survive.
	syscontainer run -d --name waiting --memory 24m --memory-swap 24m --oom-kill-disable "$(tree_path waiting)" /bin/sleep 600 >/dev/null
	memory_waiter waiting 3>&- &
	pid=$!
	wait_for 5 has_oom_event waiting false
	kill -0 "$pid"
	has_field waiting .State.OOMKilled false
	syscontainer update --memory 200m --memory-swap 200m waiting
	wait "$pid"
	syscontainer update --memory 24m --memory-swap 24m waiting
	memory_waiter waiting 3>&- &
	pid=$!
	wait_for 5 grep -q "under_oom 1" "$(cgroup_file waiting memory memory.oom_control -)"
	syscontainer update --oom-kill-disable=false waiting
	! wait "$pid" || e2e_die "it was not killed"
	wait_for 5 has_field waiting .State.OOMKilled true
	has_field waiting .State.Running true
}

@test "memory is shrunk by taking back what is only cache, and nobody is killed for it" {
	small_start box --memory 200m
	local before
	before=$(init_pid box)
	syscontainer exec box dd if=/dev/zero of=/var/cached bs=1M count=60
	syscontainer update --memory 16m --memory-swap 32m box
	same limit "$(kernel_value box memory:memory.limit_in_bytes:memory.max)" 16777216
	syscontainer exec box cat /proc/self/status >/dev/null
	same "PID 1" "$(init_pid box)" "$before"
	has_field box .State.OOMKilled false
	# A tmpfs is no cache: without swap nobody can take it back.
	syscontainer update --memory 200m --memory-swap 200m box
	syscontainer exec box dd if=/dev/zero of=/run/kept bs=1M count=60
	run -1 syscontainer update --memory 16m --memory-swap 16m box
	has_text "--memory cannot be lowered to 16777216 bytes: "
	[[ $output =~ ([0-9]+)\ bytes\ are\ in\ use && ${BASH_REMATCH[1]} -gt 60000000 ]]
	same limit "$(kernel_value box memory:memory.limit_in_bytes:memory.max)" 209715200
	same "PID 1" "$(init_pid box)" "$before"
}

@test "oom-score-adj is that of PID 1, of what exec starts and of what update finds, but not of what chose its own" {
	local chosen
	small_start box --oom-score-adj 100
	same "PID 1" "$(cat "/proc/$(init_pid box)/oom_score_adj")" 100
	run -0 syscontainer exec box cat /proc/self/oom_score_adj
	same exec "$output" 100
	syscontainer exec -d box /bin/sh -c 'echo 700 >/proc/self/oom_score_adj; exec sleep 60'
	wait_for 5 chooses_own
	chosen=$(pgrep -f '^sleep 60$' --ns "$(init_pid box)" --nslist pid)
	syscontainer update --oom-score-adj 300 box
	same "PID 1" "$(cat "/proc/$(init_pid box)/oom_score_adj")" 300
	same "what chose its own" "$(cat "/proc/$chosen/oom_score_adj")" 700
	run -0 syscontainer exec box cat /proc/self/oom_score_adj
	same exec "$output" 300
	small_start plain
	run -0 syscontainer exec plain cat /proc/self/oom_score_adj
	same exec "$output" 0
}

chooses_own() {
	pgrep -f '^sleep 60$' --ns "$(init_pid box)" --nslist pid | xargs -I{} grep -qx 700 /proc/{}/oom_score_adj
}

# --- huge pages --------------------------------------------------------------------------------------------------------------

hugetlb_limit() { # NAME SIZE[.rsvd]
	kernel_value "$1" "hugetlb:hugetlb.$2.limit_in_bytes:hugetlb.$2.max"
}

@test "huge pages: limit after create, update and restart" {
	has_v1 hugetlb || grep -qsw hugetlb /sys/fs/cgroup/cgroup.controllers || skip "the controller lies in the v2 tree of a hybrid host, whose top is not ours to change"
	small_start box --hugetlb-limit 2m:4m
	same inspect "$(field box .HostConfig.Hugetlbs)" '[{"PageSize":"2MB","Limit":4194304}]'
	same "limit" "$(hugetlb_limit box 2MB)" 4194304
	same "limit of reservations" "$(hugetlb_limit box 2MB.rsvd)" 4194304
	syscontainer update --hugetlb-limit 2MB:8m box
	same "limit after update" "$(hugetlb_limit box 2MB)" 8388608
	syscontainer restart box
	same "limit after restart" "$(hugetlb_limit box 2MB)" 8388608
	syscontainer update --hugetlb-limit 2MB:-1 box
	[[ $(hugetlb_limit box 2MB) == max || $(hugetlb_limit box 2MB) -gt 1000000000000 ]] || e2e_die "it is $(hugetlb_limit box 2MB)"
	same inspect "$(field box .HostConfig.Hugetlbs)" '[]'
}

# --- where ------------------------------------------------------------------------------------------------------------------

@test "the longest --cgroup-parent holds a container, a longer one is refused with its length" {
	local parent=/$E2E_CGROUP
	while ((${#parent} < 1800)); do parent+=/$(printf 'a%.0s' {1..99}); done
	while ((${#parent} < 2048 - 1 - 64 - 16)); do parent+=b; done
	tree_small other >/dev/null
	run -125 syscontainer create --name other --cgroup-parent "${parent}b" "$(tree_path other)" /bin/true
	has_text "flag --cgroup-parent: the cgroups of its containers would have paths of 2049 bytes: 2048 is the most"
	small_start box --cgroup-parent "$parent" --memory 64m
	syscontainer pause box >/dev/null
	syscontainer unpause box >/dev/null
	syscontainer rm -f box >/dev/null
}

@test "--cgroup-parent counts more than daemon.json" {
	small_start box --cgroup-parent "/$E2E_CGROUP/below" --memory 64m
	same parent "$(field box .HostConfig.CgroupParent)" "/$E2E_CGROUP/below"
	local cgroup
	cgroup=$(cgroup_file box memory x x)
	cgroup=${cgroup/$E2E_CGROUP/$E2E_CGROUP/below}
	same limit "$(cat "${cgroup%/x}"/memory.{limit_in_bytes,max} 2>/dev/null)" 67108864
	small_start other
	same "default" "$(field other .HostConfig.CgroupParent)" "/$E2E_CGROUP"
}

@test "cgroups above a container that were made for it go with it, and others stay" {
	local top
	for top in /sys/fs/cgroup/{memory,unified,.}; do
		[[ ! -e $top/cgroup.procs ]] || break
	done
	small_create box --cgroup-parent "/$E2E_CGROUP/theirs/ours/below"
	small_start other # keeps what is above
	mkdir "$top/$E2E_CGROUP/theirs"
	syscontainer start box
	[[ -d $top/$E2E_CGROUP/theirs/ours/below/$(container_id box) ]]
	syscontainer rm -f box
	same "left" "$(find "$top/$E2E_CGROUP/theirs" -type d)" "$top/$E2E_CGROUP/theirs"
	# The parent itself as well.
	small_start second --cgroup-parent "/$E2E_CGROUP/theirs"
	[[ -d $top/$E2E_CGROUP/theirs/$(container_id second) ]]
	syscontainer rm -f second
	same "left" "$(find "$top/$E2E_CGROUP/theirs" -type d)" "$top/$E2E_CGROUP/theirs"
	rmdir "$top/$E2E_CGROUP/theirs"
}

@test "stats shows the limits that count, of the container or above it" {
	small_start box --pids-limit 50 --memory 64m
	run -0 syscontainer stats --no-stream --format json box
	same "limits" "$(jq -c '.[0] | [.MemLimit, .PidsLimit]' <<<"$output")" "[67108864,50]"
}

# --- bad input -----------------------------------------------------------------------------------------------------------------

@test "a bad value names option and value, and nothing is made" {
	local option value text before
	tree_small plain >/dev/null
	mkfifo "$E2E_DIR/fifo"
	before=$(find "$SYSCONTAINER_ROOT" -mindepth 2)
	while IFS='|' read -r option value text; do
		run --separate-stderr -125 timeout 20 syscontainer create "$option=$value" "$(tree_path plain)" /bin/true
		same "stdout of $option=$value" "$output" ""
		has_text "$option" "$stderr"
		has_text "$text" "$stderr"
	done <<-END
		--cpu-rt-period|-1|Invalid --cpu-rt-period -1
		--cpu-rt-period|1s|Invalid value "1s" for flag --cpu-rt-period
		--cpu-rt-runtime|99999999999|Invalid --cpu-rt-runtime 99999999999
		--kernel-memory|1k|Invalid --kernel-memory 1024
		--kernel-memory|64m|Your kernel does not support --kernel-memory
		--oom-kill-disable|maybe|Invalid value "maybe" for flag --oom-kill-disable
		--oom-score-adj|1001|from -1000 to 1000
		--oom-score-adj|-1001|from -1000 to 1000
		--oom-score-adj|1e2|Invalid value "1e2"
		--blkio-weight|9|from 10 to 1000
		--blkio-weight|1001|from 10 to 1000
		--blkio-weight-device|$LIMITS_DISK:9|Invalid weight for device
		--blkio-weight-device|$LIMITS_DISK|Invalid value "$LIMITS_DISK"
		--device-read-bps|$LIMITS_DISK:fast|"fast" is not a size
		--device-read-bps|$LIMITS_DISK:99999999999999999999|out of range
		--device-read-bps|/nowhere:1m|cannot find the disk /nowhere
		--device-read-bps|/etc/passwd:1m|/etc/passwd is no block device
		--device-write-bps|/etc:1m|/etc is no block device
		--device-write-bps|$E2E_DIR/fifo:1m|is no block device
		--device-write-bps|/dev/null:1m|/dev/null is no block device
		--device-write-iops|$LIMITS_DISK:1m|"1m" is not a whole number
		--device-read-iops|$LIMITS_DISK:-1|out of range
		--hugetlb-limit|3MB:6m|hugetlb
		--hugetlb-limit|:1g|"" is not a size
		--hugetlb-limit|lots|"lots" is not a size
		--cgroup-parent|/a/../b|is no cgroup path
	END
	run -125 --separate-stderr syscontainer create --cpu-rt-period 1000 --cpu-rt-runtime 1001 "$(tree_path plain)" /bin/true
	has_v1 cpu && text="--cpu-rt-runtime: rt runtime cannot be higher than rt period" || text="does not support --cpu-rt-"
	has_text "$text" "$stderr"
	same "containers afterwards" "$(find "$SYSCONTAINER_ROOT" -mindepth 2)" "$before"
	same "cgroups afterwards" "$(find /sys/fs/cgroup -maxdepth 2 -name 'syscontainer.??????')" ""
}

@test "a disk without weights is refused with what to do, and the start leaves nothing" {
	echo none >"/sys/block/${LIMITS_DISK#/dev/}/queue/scheduler"
	small_create box --blkio-weight-device "$LIMITS_DISK:200"
	run syscontainer start box
	echo bfq >"/sys/block/${LIMITS_DISK#/dev/}/queue/scheduler"
	same status "$status" 125
	has_text "the disk's scheduler knows no weights: write bfq to /sys/dev/block/$LIMITS_DISK_NUMBER/queue/scheduler"
	has_field box .State.Status exited
}
