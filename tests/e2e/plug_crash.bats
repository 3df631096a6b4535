#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# bats file_tags=slow,links
# The crash matrix of hot-plug: every command that changes what is plugged in is killed at each of its steps, on running and stopped containers with ids of their
# own and without. The next command must find the guest, or bring it, to what was before or to what comes after; nothing in between, and the record the same.
# Needs a build that was configured with --enable-fault-injection, which SYSCONTAINER_TEST_FAULT names.
# shellcheck disable=SC2034 # MOUNTED is mounting's

load common
load small
load mounting
load plug
load net

setup_file() {
	[[ ${SYSCONTAINER_TEST_FAULT:-} ]] || return 0
	PATH=$SYSCONTAINER_TEST_FAULT/bin:$PATH
	export PATH
	plug_begin
	net_begin
	mounting_start mapped
	mounting_start plain --user-remap none
	small_create stopped
	e2e_keep
}

teardown_file() {
	[[ ${SYSCONTAINER_TEST_FAULT:-} ]] || return 0
	net_end
	e2e_end
}

setup() {
	[[ ${SYSCONTAINER_TEST_FAULT:-} ]] || skip "no build with fault injection"
	HOST=$E2E_DIR/host
	mkdir "$HOST" "$HOST/"{a,b,c}
	touch "$HOST/a/in-a" "$HOST/b/in-b" "$HOST/c/in-c"
	MOUNTED=()
	DISK=
}

teardown() {
	[[ ${SYSCONTAINER_TEST_FAULT:-} ]] || return 0
	e2e_clean
	[[ ! $DISK ]] || losetup -d "$DISK"
	net_clean
	host_clean
}

# --- what there is ------------------------------------------------------------------------------------------------------------

is_running() { # NAME
	[[ -e $SYSCONTAINER_RUN/$(container_id "$1")/boot.json ]]
}

state_of_network() { # PID
	nsenter --net="/proc/$1/ns/net" sh -c 'ip -o link; ip -o -4 address; ip -o -6 address show scope global; ip route; ip -6 route | grep -v ^fe80' |
		sed -E 's/^[0-9]+: //; s/@[^:]*//; s/ (link-netnsid|qdisc|tentative|nodad)\b( [0-9a-z]+)?//g; s/ state [A-Z]+//; s/,?(LOWER_UP|M-DOWN)//; s/ linkdown//'
	host_links | sort
	! has_link "${NET}lent" || host_nic_looks "${NET}lent"
}

# What the guest's processes may do with devices, and how fast.
state_of_devices() { # NAME
	find /sys/fs/cgroup -ignore_readdir_race -path "*/$E2E_CGROUP/$(container_id "$1")*" \( -name devices.list -o -name 'blkio.throttle.*_device' \) -exec grep -H . {} + 2>/dev/null |
		sed 's|^/sys/fs/cgroup/||' | sort
}

# All that a command may change, on the host, in the guest, in its tree and in the record, one thing a line; without numbers that differ each time.
state_of() { # NAME
	local pid
	jq -cS '.attachments // {}' "$(container_dir "$1")/spec.json"
	find "$HOST" -printf '%p %y %U:%G %m\n' | sort
	(cd "$(tree_path "$1")" && find . -xdev -path ./proc -prune -o -path ./sys -prune -o -path ./dev -prune -o -path ./run -prune -o -printf '%p %y\n' | sort)
	is_running "$1" || return 0
	jq -cS 'del(.. | .now?) | {live: (.live // {}), intent}' "$SYSCONTAINER_RUN/$(container_id "$1")/plugged.json" 2>/dev/null || echo '{"intent":null,"live":{}}'
	pid=$(init_pid "$1")
	awk '{ sub(/^\/[0-9a-f]+-/, "/node-", $4); print $4, $5, $6 }' "/proc/$pid/mountinfo"
	state_of_network "$pid"
	state_of_devices "$1"
}

# Reads it into $now. Links take a moment to come up.
has_state() { # NAME FILE...
	local file
	now=$(state_of "$1")
	for file in "${@:2}"; do
		[[ $(<"$file") != "$now" ]] || return 0
	done
	return 1
}

must_have_state() { # WHAT NAME FILE...
	wait_for 3 has_state "${@:2}" 2>/dev/null && return 0
	local file
	for file in "${@:3}"; do
		echo "not as ${file##*/}:" >&2
		diff "$file" - <<<"$now" >&2
	done
	e2e_die "$1: the state is neither"
}

tools() { # COMMAND LINE
	local words
	read -ra words <<<"$1"
	[[ ${#words[@]} -eq 0 ]] || syscontainer-tools "${words[@]}" >/dev/null
}

crash_at_every_step() { # NAME COMMAND UNDO
	local name=$1 before=$BATS_TEST_TMPDIR/before after=$BATS_TEST_TMPDIR/after step now status
	state_of "$name" >"$before"
	tools "$2" || return
	state_of "$name" >"$after"
	tools "$3" || return
	must_have_state "$3" "$name" "$before" || return
	# On a slow machine most, not all: every third step once a minute is over.
	for ((step = 1; ; step += SECONDS < 60 * SLOWNESS ? 1 : 3)); do
		status=0
		SYSCONTAINER_FAULT=$step tools "$2" 2>/dev/null || status=$?
		[[ $status -eq 0 || $status -eq 137 ]] || e2e_die "$2: step $step: status $status" || return
		syscontainer repair "$name" || return
		must_have_state "$2: step $step" "$name" "$before" "$after" || return
		[[ $now == "$(<"$before")" ]] || tools "$3" || return
		[[ $status -ne 0 ]] || break
	done
	echo "$2: $((step - 1)) steps"
	[[ $step -gt 2 ]]
}

# Rows are: what makes the state before | the command | what takes it back to the state before | the end
matrix() { # NAME, rows on standard input
	local setup command undo end
	while IFS='|' read -r setup command undo end; do
		tools "$setup" || return
		crash_at_every_step "$1" "$command" "$undo" || return
		tools "$end" || return
	done
}

# --- the matrix ---------------------------------------------------------------------------------------------------------------

path_rows() { # NAME
	jq -n --arg host "$HOST/b" '{paths: [{host: $host, guest: "/mnt/x/y", is_read_only: true}]}' >"$E2E_DIR/wanted-$1"
	jq -n --arg host "$HOST/a" '{paths: [{host: $host, guest: "/mnt/x/y", propagation: "rslave"}]}' >"$E2E_DIR/given-$1"
	cat <<-END
		|add-path $1 $HOST/a:/mnt/x/y|remove-path $1 $HOST/a:/mnt/x/y|
		|add-path $1 $HOST/a:/mnt/x/y:ro $HOST/b:/mnt/x/z:private $HOST/c/in-c:/mnt/file|remove-path $1 $HOST/a:/mnt/x/y $HOST/b:/mnt/x/z $HOST/c/in-c:/mnt/file|
		|add-path $1 $HOST/a:/mnt/x $HOST/b:/mnt/x/b|remove-path $1 $HOST/b:/mnt/x/b $HOST/a:/mnt/x|
		add-path $1 $HOST/a:/mnt/x/y|remove-path $1 $HOST/a:/mnt/x/y|add-path $1 $HOST/a:/mnt/x/y|remove-path $1 $HOST/a:/mnt/x/y
		add-path $1 $HOST/a:/mnt/x/y|apply $1 $E2E_DIR/wanted-$1|apply $1 $E2E_DIR/given-$1|remove-path $1 $HOST/a:/mnt/x/y
	END
}

device_rows() { # NAME
	truncate -s 16M "$HOST/disk"
	DISK=$(losetup --find --show "$HOST/disk")
	cat <<-END
		|add-device $1 $DISK:/dev/crash:rw|remove-device $1 $DISK:/dev/crash|
		|add-device --device-read-bps $DISK:1m $1 $DISK:/dev/crash /dev/zero:/dev/more|remove-device $1 $DISK:/dev/crash /dev/zero:/dev/more|
		add-device $1 $DISK:/dev/crash|remove-device $1 $DISK:/dev/crash|add-device $1 $DISK:/dev/crash|remove-device $1 $DISK:/dev/crash
		add-device --device-write-bps $DISK:1m $1 $DISK:/dev/crash|update-device --device-write-bps $DISK:2m $1|update-device --device-write-bps $DISK:1m $1|remove-device $1 $DISK:/dev/crash
	END
}

veth_rows() { # NAME
	local veth="--type veth --name ${NET}c:eth7 --ip 10.77.0.7/24 --mac 02:00:00:00:00:07 --bridge ${NET}b"
	cat <<-END
		|add-nic $veth $1|remove-nic --name eth7 $1|
		add-nic $veth $1|remove-nic --name eth7 $1|add-nic $veth $1|remove-nic --name eth7 $1
		add-nic $veth $1|update-nic --name eth7 --mtu 1400 --ip 10.77.0.8/24 $1|update-nic --name eth7 --mtu 1500 --ip 10.77.0.7/24 $1|remove-nic --name eth7 $1
		add-nic $veth $1|add-route $1 [{"dest":"10.78.0.0/16","gw":"10.77.0.1"},{"dest":"10.90.0.0/16","dev":"eth7"}]|remove-route $1 [{"dest":"10.78.0.0/16","gw":"10.77.0.1"},{"dest":"10.90.0.0/16","dev":"eth7"}]|remove-nic --name eth7 $1
	END
}

lent_rows() { # NAME
	cat <<-END
		|add-nic --type eth --name ${NET}lent:eth8 --ip 10.77.0.9/24 $1|remove-nic --name eth8 $1|
		add-nic --type eth --name ${NET}lent:eth8 --ip 10.77.0.9/24 $1|remove-nic --name eth8 $1|add-nic --type eth --name ${NET}lent:eth8 --ip 10.77.0.9/24 $1|remove-nic --name eth8 $1
	END
}

@test "paths, remapped" {
	path_rows mapped | matrix mapped
}

@test "paths, with the host's root" {
	path_rows plain | matrix plain
}

@test "devices, remapped" {
	device_rows mapped >"$BATS_TEST_TMPDIR/rows"
	matrix mapped <"$BATS_TEST_TMPDIR/rows"
}

@test "devices, with the host's root" {
	device_rows plain >"$BATS_TEST_TMPDIR/rows"
	matrix plain <"$BATS_TEST_TMPDIR/rows"
}

@test "NICs and routes, remapped" {
	host_nic_dressed lent
	{ veth_rows mapped && lent_rows mapped; } | matrix mapped
}

@test "NICs and routes, with the host's root" {
	host_nic_dressed lent
	{ veth_rows plain && lent_rows plain; } | matrix plain
}

@test "all of them, stopped" {
	host_nic_dressed lent
	{ path_rows stopped && device_rows stopped && veth_rows stopped && lent_rows stopped; } >"$BATS_TEST_TMPDIR/rows"
	matrix stopped <"$BATS_TEST_TMPDIR/rows"
}
