#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# What is refused, with which words and status, and that a refusal or a broken file harms nothing else.
# shellcheck disable=SC2030,SC2031 # each test is a subshell, and meant to be

load common
load small

setup_file() {
	e2e_begin '"stop-timeout": "3s"'
	tree_small plain
	small_start busy
	e2e_keep
}

teardown() {
	full_disk_end
	e2e_clean
}

# Where a test left the set of containers that lies on a disk of its own.
full_disk_end() {
	local disk=$BATS_TEST_TMPDIR/full
	if mountpoint -q "$disk" 2>/dev/null; then
		rm -f "$disk/filler"
		SYSCONTAINER_ROOT=$disk e2e_clean
		umount "$disk"
	fi
}

# The refusal has this status and every one of these texts.
refused() { # STATUS TEXT... -- COMMAND...
	local wanted=$1 texts=()
	shift
	while [[ $1 != -- ]]; do
		texts+=("$1")
		shift
	done
	shift
	run --separate-stderr timeout 20 syscontainer "$@"
	same "status of $*" "$status" "$wanted" || return
	same "stdout of $*" "$output" "" || return
	for text in "${texts[@]}"; do
		# shellcheck disable=SC2154 # set by run
		has_text "$text" "$stderr" || return
	done
}

# --- options ----------------------------------------------------------------------------------------------------------------

# What every option of create refuses. ANY: it takes any string, which is looked at when the guest is there. What the type of an
# option refuses is below; options that take strings have their rows here, and a new option without one fails the test.
bad_values() {
	cat <<-END
		--name -x
		--name a/b
		--name x
		--entrypoint ANY
		--user ANY
		--group-add ANY
		--external-rootfs relative/tree
		--external-rootfs /
		--external-rootfs /nowhere/at/all
		--env =x
		--env-file /nowhere
		--env-target-file relative
		--env-target-file /etc/../x
		--env-target-file /
		--env-target-file /etc/passwd/x
		--label-file /nowhere
		--annotation =x
		--add-host db
		--add-host db:1.2.3
		--add-host -x:1.2.3.4
		--add-host a_b:1.2.3.4
		--dns dns.example
		--dns 1.2.3.4.5
		--dns-option ndots=2
		--dns-option NDOTS:2
		--dns-opt :2
		--dns-search a..b
		--dns-search -a
		--memory abc
		--memory 10x
		--memory -5
		--memory 1.2.3g
		--memory 99999999999999999999
		--memory 16777215t
		--memory 1
		--memory-reservation 12q
		--memory-swap xyz
		--memory-swappiness 101
		--memory-swappiness 1.5
		--cpus abc
		--cpus -1
		--cpus nan
		--cpus inf
		--cpus 8192
		--cpu-shares 1
		--cpu-shares 1e3
		--cpu-shares 99999999999999999999
		--cpu-period 5
		--cpu-quota 7
		--cpuset-cpus 8191
		--cpuset-cpus 1-
		--cpuset-cpus 3-1
		--cpuset-cpus zero
		--cpuset-mems 8191
		--pids-limit x
		--pids-limit 99999999999
		--timeout 5y
		--timeout -1
		--timeout 99999999999999999999s
		--stop-timeout abc
		--stop-signal FOO
		--stop-signal 99
		--stop-signal -1
		--restart sometimes
		--restart on-failure:x
		--restart on-failure:-1
		--restart always:3
		--user-remap 1:2
		--user-remap a:b:c
		--user-remap 100000:100000:0
		--user-remap 0:0:99999999999
		--user-remap 4294967295:1:65536
		--link-journal yes
		--link-journal GUEST
		--link-journal guest
		--link-journal hostile
		--hostname -x
		--hostname a_b
		--label =x
		--workdir relative
		--cgroup-parent /a/../b
		--cap-add SYS_EVERYTHING
		--cap-drop 21
		--security-opt nonsense
		--ulimit files=5
		--net bridge
		--network bridge
		--net container:
		--net container:../x
		--pid shareable
		--pid container:a/b
		--ipc none
		--uts container:
		--sysctl kernel.core_pattern=x
		--sysctl net.ipv4.ip_forward
		--sysctl net/../kernel.core_pattern=x
		--sysctl +net.ipv4.ip_forward=1
		--ns-change-opt uts
		--ns-change-opt net,ipc,net
		--ns-change-opt net,
		--device dev/null
		--device /nowhere
		--device /dev/null:/dev/x:rwx
		--device /dev/null:/dev/x:rwm:y
		--device /etc/passwd
		--device-cgroup-rule c
		--device-cgroup-rule x
		--volume relative:/x
		--volume /etc
		--volume /etc:/
		--volume /etc:/proc/x
		--volume /etc:/x:ro,rw
		--volume /etc:/x:shiny
		--mount type=nfs,src=/etc,dst=/x
		--mount dst=/x
		--mount type=tmpfs,dst=/x,size=3
		--mount type=squashfs,src=/etc/passwd
		--volumes-from nobody
		--volumes-from busy:wo
		--tmpfs relative
		--tmpfs /x:size=much
		--tmpfs /x:mode=9
		--tmpfs /x:shiny
		--host-channel /a:/b:rw:1k
		--host-channel a:/b
		--host-channel /etc:/b
		--host-channel /a:/b:wo
		--host-channel /a:/b:rw:999999t
		--hook-spec relative
		--hook-spec /nowhere
		--health-cmd ANY
		--health-interval 10ms
		--health-interval x
		--health-timeout 11m
		--health-timeout x
		--health-start-period -1s
		--hugetlb-limit x
		--hugetlb-limit 3KB:1048576
		--blkio-weight 5
		--blkio-weight-device /dev/null:100
		--blkio-weight-device /nowhere:100
		--blkio-weight-device 100
		--device-read-bps /dev/null:1m
		--device-read-bps /nowhere:1m
		--device-write-bps /dev/null
		--device-write-bps /dev/loop0:x
		--device-read-iops /dev/loop0:-1
		--device-read-iops /nowhere:5
		--device-write-iops /dev/loop0:1.5
		--device-write-iops /nowhere:5
		--shm-size 10x
		--oom-score-adj 1001
		--cpu-rt-runtime x
		--kernel-memory x
		--files-limit x
		--tty maybe
		--rm 2
	END
}

# By the type of an option in the command tables.
bad_values_of_type() { # TYPE
	case $1 in
	flag) printf '%s\n' maybe ;;
	integer) printf '%s\n' x 1.5 99999999999999999999 ;;
	decimal) printf '%s\n' x nan ;;
	size) printf '%s\n' 10x 99999999999999999999 -5 ;;
	duration) printf '%s\n' x 5y 99999999999999999999s ;;
	choice) printf '%s\n' wrong ;;
	esac
}

options_of_create() { # prints NAME TYPE COMPLETION
	syscontainer __tables | jq -r '.commands[] | select(.name == "create").options[] | "\(.name) \(.type) \(.complete)"'
}

# A file, and what may lie in its place.
make_bad_files() { # DIRECTORY
	mkdir "$1" "$1/directory"
	mkfifo "$1/fifo"
	mknod "$1/device" c 1 5
	ln -s loop "$1/loop"
	truncate -s 11M "$1/large"
	head -c 4096 /dev/urandom >"$1/noise"
	printf '\n=\0\n' >>"$1/noise"
}

@test "an option with a bad value is refused with its name and value, and nothing is made" {
	local option value name type completion kind rows
	before=$(ls "$SYSCONTAINER_ROOT"/{containers,names,idmap})
	leak_patterns >"$BATS_TEST_TMPDIR/patterns"
	processes=$(processes_of_ours "$BATS_TEST_TMPDIR/patterns")
	rows=$(bad_values)
	while IFS=' ' read -r option value; do
		[[ $value != ANY ]] || continue
		refused 125 "$option" "$value" -- create "$option=$value" "$(tree_path plain)" /bin/true
	done <<<"$rows"
	make_bad_files "$BATS_TEST_TMPDIR/bad"
	while IFS=' ' read -r name type completion; do
		while IFS= read -r value; do
			refused 125 "--$name" "$value" -- create "--$name=$value" "$(tree_path plain)" /bin/true
		done < <(bad_values_of_type "$type")
		[[ $type != string* ]] || grep -q -e "^--$name " <<<"$rows" || e2e_die "--$name has no row in bad_values"
		[[ $completion == file && $name != external-rootfs && $name != device ]] || continue
		for kind in missing directory fifo device loop large noise; do
			value=$BATS_TEST_TMPDIR/bad/$kind
			refused 125 "--$name" "$value" -- create "--$name=$value" "$(tree_path plain)" /bin/true
		done
	done < <(options_of_create)
	same "containers afterwards" "$(ls "$SYSCONTAINER_ROOT"/{containers,names,idmap})" "$before"
	same "processes of ours" "$(processes_of_ours "$BATS_TEST_TMPDIR/patterns")" "$processes"
}

@test "run refuses what create refuses" {
	same "options that run lacks" "$(syscontainer __tables | jq -c '[.commands[] | select(.name == "create" or .name == "run").options] | .[0] - .[1]')" "[]"
	refused 125 --memory abc -- run -d --memory abc "$(tree_path plain)" /bin/true
	refused 125 --env-file /nowhere -- run -d --env-file /nowhere "$(tree_path plain)" /bin/true
	same containers "$(container_names)" busy
}

@test "options that contradict each other are refused" {
	local options text
	while IFS=: read -r options text; do
		# shellcheck disable=SC2086 # words are words
		refused 125 "$text" -- create $options "$(tree_path plain)" /bin/true
	done <<-END
		--cpus 1 --cpu-quota 50000:CPU Quota
		--cpus 1 --cpu-period 50000:CPU Period
		--memory 64m --memory-swap 32m:memory
		--memory 64m --memory-reservation 128m:memory
		--privileged --user-remap auto:contradict
		--restart always --rm:Conflicting options
		--mount src=/nowhere,dst=/x:--mount: cannot mount /x: cannot find the source /nowhere
	END
	same containers "$(container_names)" busy
}

@test "a missing value, an unknown option and a missing operand are refused" {
	refused 125 "flag needs an argument" memory -- create --memory
	refused 125 "flag needs an argument" env -- create -e
	refused 125 "unknown flag" --wat -- create --wat "$(tree_path plain)"
	refused 125 "unknown flag" -- run -dZ "$(tree_path plain)"
	refused 125 "requires" -- create
	refused 1 "requires 2 arguments" -- rename busy
	run -1 syscontainer wat
	has_text "command wat not found"
}

@test "options of other commands are refused with their name and value" {
	local option value words
	while IFS=' ' read -r option value words; do
		# shellcheck disable=SC2086 # words are words
		refused 125 "$option" "$value" -- ${words%% *} "$option=$value" ${words#* }
	done <<-END
		--timeout soon start busy
		--time soon stop busy
		--time 99999999999999999999 stop busy
		--time soon restart busy
		--condition happy wait busy
		--timeout soon wait busy
		--tail some logs busy
		--last x ps -a
		--format yaml info --format=json
		--format yaml stats busy
		--memory lots update busy
		--restart never update busy
		--since yesterdayish events --until=1
	END
	refused 1 --cpus 0.0001 -- update --cpus 0.0001 busy
	refused 1 FOO -- kill -s FOO busy
	refused 1 99 -- kill -s 99 busy
	has_field busy .State.Running true
}

# --- names and ids -------------------------------------------------------------------------------------------------------------

@test "every command names a container that is not there" {
	local command
	for command in start stop kill restart rm exec attach logs wait top stats pause unpause export update cp; do
		case $command in
		exec) refused 125 nowhere -- exec nowhere true || refused 1 nowhere -- exec nowhere true ;;
		attach) refused 125 nowhere -- attach nowhere || refused 1 nowhere -- attach nowhere ;;
		export) refused 1 nowhere -- export -o "$BATS_TEST_TMPDIR/x.tar" nowhere ;;
		update) refused 1 nowhere -- update --memory 64m nowhere ;;
		cp) refused 1 nowhere -- cp nowhere:/etc/passwd "$BATS_TEST_TMPDIR/x" ;;
		*) refused 1 "No such container: nowhere" -- "$command" nowhere ;;
		esac
	done
	refused 1 "No such object:nowhere" -- inspect nowhere
	refused 1 nowhere -- rename nowhere elsewhere
	[[ ! -e $BATS_TEST_TMPDIR/x.tar && ! -e $BATS_TEST_TMPDIR/x ]]
}

@test "of several containers those that are there are acted on, and the status tells that one was not" {
	small_create one
	run --separate-stderr -1 syscontainer rm nowhere one
	same stdout "$output" one
	has_text nowhere "$stderr"
	refused 1 "No such container: one" -- rm one
}

@test "an id is found by a unique beginning, and an ambiguous one names the choices" {
	local i first ids
	# Sixteen first digits: among seventeen containers two share one.
	for i in {1..17}; do
		syscontainer create --name "many$i" "$(tree_path plain)" /bin/true >/dev/null
	done
	ids=$(ls "$SYSCONTAINER_ROOT/containers")
	first=$(cut -c1 <<<"$ids" | uniq -d | head -1)
	refused 1 "$first could be any of the containers" "$(grep -m1 "^$first" <<<"$ids" | cut -c1-12)" -- rm "$first"
	run -0 syscontainer inspect -f '{{.Name}}' "$(container_id many3 | cut -c1-20)"
	same name "$output" many3
	same "number of containers" "$(wc -l <<<"$ids")" 18
}

@test "a name that is taken or wrong is refused and the owner stays" {
	local name
	id=$(container_id busy)
	refused 125 'The name "busy" is already in use' "$id" -- create --name busy "$(tree_path plain)" /bin/true
	refused 125 'The name "busy" is already in use' -- run -d --name busy "$(tree_path plain)" /bin/true
	small_create other
	refused 1 'The name "busy" is already in use' -- rename other busy
	refused 1 "same name" -- rename other other
	for name in x -x a/b 'a b' ä .a "$(printf 'a%.0s' {1..300})"; do
		refused 125 "Invalid container name" "$name" -- create --name="$name" "$(tree_path plain)" /bin/true
		refused 1 "$name" -- rename other "$name"
	done
	same owner "$(container_id busy)" "$id"
	has_field other .Name other
}

# --- trees -----------------------------------------------------------------------------------------------------------------------

@test "a tree that cannot be booted is refused, each with its own message" {
	mkdir -p "$BATS_TEST_TMPDIR"/{empty,arm/etc,arm/sbin}
	touch "$BATS_TEST_TMPDIR/arm/etc/os-release"
	head -c 64 /bin/true >"$BATS_TEST_TMPDIR/arm/sbin/init"
	printf '\xb7\x00' | dd of="$BATS_TEST_TMPDIR/arm/sbin/init" bs=1 seek=18 conv=notrunc status=none
	chmod +x "$BATS_TEST_TMPDIR/arm/sbin/init"
	refused 125 "$BATS_TEST_TMPDIR/nowhere" "No such file or directory" -- create "$BATS_TEST_TMPDIR/nowhere"
	refused 125 "$BATS_TEST_TMPDIR/empty" "no os-release" -- create "$BATS_TEST_TMPDIR/empty"
	refused 125 "$BATS_TEST_TMPDIR/arm" "wrong architecture" arm64 -- create "$BATS_TEST_TMPDIR/arm"
	refused 125 "relative/tree" "absolute" -- create relative/tree
	refused 125 "the host's own" -- create /
	refused 125 "the host's own" -- create /tmp/..
	refused 125 "placeholder" -- create none
	refused 125 /dev/null "neither a directory" -- create /dev/null
	refused 125 "$BATS_TEST_TMPDIR/empty" "no os-release" -- run -tid --system-container --external-rootfs "$BATS_TEST_TMPDIR/empty" none init
	# ELF class: a 32-bit program of a machine that only has a 64-bit tree.
	printf '\x02' | dd of="$BATS_TEST_TMPDIR/arm/sbin/init" bs=1 seek=5 conv=notrunc status=none
	refused 125 "wrong architecture" -- create "$BATS_TEST_TMPDIR/arm"
}

@test "an image that holds no file system is refused at start, and no loop device stays" {
	head -c 1M /dev/urandom >"$BATS_TEST_TMPDIR/noise.img"
	run syscontainer run -d --name noise "$BATS_TEST_TMPDIR/noise.img"
	same status "$status" 125
	has_text "$BATS_TEST_TMPDIR/noise.img holds no file system"
	run -0 losetup --list --noheadings --output BACK-FILE
	[[ $output != *noise.img* ]]
}

@test "a tree that a running container uses is refused, and free again afterwards" {
	refused 125 "$(tree_path busy)" "in use by a running container" -- run -d --name second "$(tree_path busy)" /bin/sh -c "$SMALL_PROGRAM"
	has_field busy .State.Running true
	small_start first
	syscontainer stop first >/dev/null
	syscontainer run -d --name third "$(tree_path first)" /bin/sh -c "$SMALL_PROGRAM"
	refused 125 "in use by a running container" -- start first
}

# --- configuration -----------------------------------------------------------------------------------------------------------------

@test "a mistake in daemon.json is named by file and key" {
	local text key
	while IFS=$'\t' read -r key text; do
		echo "$text" >"$BATS_TEST_TMPDIR/daemon.json"
		SYSCONTAINER_CONFIG=$BATS_TEST_TMPDIR/daemon.json \
			refused 125 "$BATS_TEST_TMPDIR/daemon.json" "$key" -- create "$(tree_path plain)" /bin/true
	done <<-'END'
		user-rempa	{ "user-rempa": "auto" }
		user-remap	{ "user-remap": 5 }
		user-remap	{ "user-remap": "some" }
		start-timeout	{ "start-timeout": "soon" }
		stop-timeout	{ "stop-timeout": "10 parsecs" }
		cgroup-parent	{ "cgroup-parent": "/a/../b" }
		container-log.max-size	{ "container-log": { "max-size": "1" } }
		container-log.max-file	{ "container-log": { "max-file": 0 } }
		container-log.colour	{ "container-log": { "colour": "red" } }
		line	{ "user-remap": "auto"
		line	
	END
	# What needs no configuration works on.
	SYSCONTAINER_CONFIG=$BATS_TEST_TMPDIR/daemon.json syscontainer exec busy true
	SYSCONTAINER_CONFIG=$BATS_TEST_TMPDIR/daemon.json syscontainer ps -q
}

# --- broken files ------------------------------------------------------------------------------------------------------------------

# Breaks a file of the container and checks what remains possible.
is_reported_broken() { # NAME FILE
	refused 1 "container $1 is broken" "$2" -- inspect "$1"
	refused 1 "container $1 is broken" "$2" -- start "$1"
	refused 1 "container $1 is broken" "$2" -- stop "$1"
	refused 1 "$2" -- repair "$1"
	run -0 syscontainer ps -a --filter "name=^$1\$" --format '{{.State}} {{.Status}}'
	same "state of $1" "$output" "broken Broken"
	run -0 syscontainer exec busy true
}

@test "a stopped container whose files are empty, cut off, garbage or gone is reported, and can be removed" {
	local file damage
	for file in spec.json state.json; do
		for damage in empty cut garbage type gone; do
			small_create "$damage"
			path=$(container_dir "$damage")/$file
			case $damage in
			empty) : >"$path" ;;
			cut) truncate -s -10 "$path" ;;
			garbage) head -c 400 /dev/urandom >"$path" ;;
			type) echo '{ "version": "one" }' >"$path" ;;
			gone) rm "$path" && mkdir "$path" ;;
			esac
			is_reported_broken "$damage" "$file"
			run -0 syscontainer rm "$damage"
			e2e_clean
		done
	done
	same "what is left" "$(ls "$SYSCONTAINER_ROOT/names")" busy
	same "ranges that are left" "$(count_entries "$SYSCONTAINER_ROOT/idmap")" 1
}

@test "a running container with a broken file is not removed without -f, and leaves nothing with it" {
	local file pid
	for file in spec.json state.json boot.json; do
		small_start crippled
		pid=$(init_pid crippled)
		if [[ $file == boot.json ]]; then
			path=$SYSCONTAINER_RUN/$(container_id crippled)/boot.json
		else
			path=$(container_dir crippled)/$file
		fi
		echo '{ "version": 1,' >"$path"
		is_reported_broken crippled "$file"
		refused 1 "You cannot remove container crippled" "$file" "-f" -- rm crippled
		kill -0 "$pid"
		run -0 syscontainer rm -f crippled
		wait_for 5 is_gone "$pid"
		e2e_clean
	done
}

@test "a running container with a broken spec whose monitor is dead can be removed" {
	small_start crippled
	pid=$(init_pid crippled)
	kill_monitor crippled
	: >"$(container_dir crippled)/spec.json"
	refused 1 "You cannot remove container crippled" -- rm crippled
	run -0 syscontainer rm -f crippled
	wait_for 5 is_gone "$pid"
}

@test "ps, stats and info of all containers work beside a broken one" {
	small_create crippled
	: >"$(container_dir crippled)/spec.json"
	run -0 syscontainer ps -a --format json
	same "broken ones" "$(jq -r '.[] | select(.State == "broken") | .Names' <<<"$output")" crippled
	run -0 syscontainer stats --no-stream --format json
	same "running ones" "$(jq -r '.[].NAME' <<<"$output")" busy
	run -0 syscontainer info --format json
	same "broken ones" "$(jq .ContainersBroken <<<"$output")" 1
	run -0 syscontainer create --name another "$(tree_path plain)" /bin/true
}

# --- a full disk ---------------------------------------------------------------------------------------------------------------------

@test "a full disk loses nothing: commands fail with the reason, and work when there is room" {
	export SYSCONTAINER_ROOT=$BATS_TEST_TMPDIR/full
	mkdir "$SYSCONTAINER_ROOT"
	mount -t tmpfs -o size=1m,mode=711 "$E2E_CGROUP-full" "$SYSCONTAINER_ROOT"
	tree_small full
	syscontainer create --name full "$(tree_path full)" /bin/sh -c "$SMALL_PROGRAM"
	syscontainer create --name still "$(tree_path plain)" /bin/sh -c "$SMALL_PROGRAM"
	dd if=/dev/zero of="$SYSCONTAINER_ROOT/filler" bs=4k status=none 2>/dev/null || true
	before=$(sha256sum "$SYSCONTAINER_ROOT"/containers/*/*.json)

	refused 125 "No space left on device" -- create --name more "$(tree_path plain)" /bin/true
	refused 1 "No space left on device" -- update --restart always full
	refused 1 "No space left on device" -- rename full fuller
	same "files" "$(sha256sum "$SYSCONTAINER_ROOT"/containers/*/*.json)" "$before"
	refused 125 "No space left on device" -- start full
	wait_for 5 has_field full .State.Running false

	rm "$SYSCONTAINER_ROOT/filler"
	same "containers" "$(container_names | sort | xargs)" "full still"
	has_field full .HostConfig.RestartPolicy.Name on-reboot
	syscontainer start full
	has_field full .State.Running true
	# Full again while it runs: its end is told to who asks, whatever can be written of it.
	dd if=/dev/zero of="$SYSCONTAINER_ROOT/filler" bs=4k status=none 2>/dev/null || true
	syscontainer stop full
	has_field full .State.Status exited
	rm "$SYSCONTAINER_ROOT/filler"
	syscontainer start full
	syscontainer rm -f full still
	same "what is left" "$(find "$SYSCONTAINER_ROOT"/{containers,names,idmap} -mindepth 1)" ""
}

# --- at the same time ------------------------------------------------------------------------------------------------------------------

@test "a container removed while another command waits for it ends the wait" {
	small_start fleeting
	syscontainer wait fleeting >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
	waiter=$!
	wait_for 5 is_waiting "$waiter"
	syscontainer rm -f fleeting
	status=0
	timeout 10 tail --pid=$waiter -f /dev/null
	wait "$waiter" || status=$?
	# It may have seen the end (137) before the container was gone.
	same output "$(sed 's/^syscontainer: container fleeting was removed.*/137/' "$BATS_TEST_TMPDIR/out")" 137
}

@test "two starts at once are one start" {
	local a b
	small_create twice
	for _ in 1 2 3 4 5; do
		syscontainer start twice 3>&- &
		a=$!
		syscontainer start twice 3>&- &
		b=$!
		wait "$a"
		wait "$b"
		same "number of monitors" "$(monitor_pid twice | wc -l)" 1
		has_field twice .State.Running true
		syscontainer stop twice
	done
}

@test "two starts of one tree at once give one running container" {
	syscontainer create --name left "$(tree_path plain)" /bin/sh -c "$SMALL_PROGRAM"
	syscontainer create --name right "$(tree_path plain)" /bin/sh -c "$SMALL_PROGRAM"
	syscontainer start left >/dev/null 2>&1 3>&- &
	a=$!
	syscontainer start right >/dev/null 2>&1 3>&- &
	b=$!
	status_a=0 status_b=0
	wait "$a" || status_a=$?
	wait "$b" || status_b=$?
	same "sum of statuses" $((status_a + status_b)) 125
	same "running" "$(syscontainer ps -q --filter 'name=left|right' | wc -l)" 1
}

@test "two creates of one name at once give one container" {
	local pids=() ok=0 i
	for i in {1..8}; do
		syscontainer create --name same "$(tree_path plain)" /bin/true >/dev/null 2>&1 3>&- &
		pids+=($!)
	done
	for i in "${pids[@]}"; do
		wait "$i" && ok=$((ok + 1))
	done
	same "successes" "$ok" 1
	same "containers" "$(count_entries "$SYSCONTAINER_ROOT/containers")" 2
	same "ranges" "$(count_entries "$SYSCONTAINER_ROOT/idmap")" 2
}

@test "fifty commands at once on one container leave it whole" {
	local i commands pids=()
	commands=("start" "stop -t 1" "restart -t 1" "exec" "inspect" "update --restart on-reboot" "pause" "unpause" "kill -s TERM" "ps")
	small_start crowd
	for i in {0..49}; do
		case ${commands[i % 10]} in
		exec) timeout 60 syscontainer exec crowd true ;;
		ps) timeout 60 syscontainer ps -a ;;
		*) eval "timeout 60 syscontainer ${commands[i % 10]} crowd" ;;
		esac >>"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
		pids+=($!)
	done
	for i in "${pids[@]}"; do
		status=0
		wait "$i" || status=$?
		# Some come at a bad moment; none hangs (124) or crashes (128 and more).
		[[ $status -lt 124 || $status -eq 125 || $status -eq 137 ]] || e2e_die "status $status: $(cat "$BATS_TEST_TMPDIR/out")"
	done
	syscontainer unpause crowd 2>/dev/null || true
	syscontainer start crowd
	run -0 syscontainer exec crowd true
	same "number of monitors" "$(monitor_pid crowd | wc -l)" 1
	syscontainer stop crowd
	has_field crowd .State.Status exited
}

@test "a limit on open files is refused with what the kernel lacks, unless it can be kept" {
	local tree
	tree=$(tree_small box)
	if grep -qsw bpf /sys/kernel/security/lsm || grep -qsw files /proc/cgroups; then
		run -0 syscontainer create --name box --files-limit 100 "$tree" /bin/true
		return
	fi
	run -125 syscontainer create --name box --files-limit 100 "$tree" /bin/true
	has_text "Your kernel does not support --files-limit: it has no cgroup controller files, and BPF cannot count files either: "
	run -0 syscontainer create --name box --files-limit -1 "$tree" /bin/true
	run -1 syscontainer update --files-limit 100 box
	has_text "Your kernel does not support --files-limit"
}
