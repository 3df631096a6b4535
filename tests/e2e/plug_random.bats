#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# bats file_tags=links
# A thousand operations in a random order, some of them killed: at the end, and in between, host and guest are as the record says, and the record as was asked for.

load common
load small
load plug

OPERATIONS=${SYSCONTAINER_TEST_OPERATIONS:-1000}

setup_file() {
	plug_begin
	# Told on failure, so that a round can be had again: RANDOM_SEED=N bats plug_random.bats
	export RANDOM_SEED=${RANDOM_SEED:-$RANDOM}
	DISKS=()
	local number
	for number in 0 1; do
		truncate -s 4M "$E2E_DIR/disk$number"
		DISKS+=("$(losetup --find --show "$E2E_DIR/disk$number")")
		mkdir "$E2E_DIR/source$number"
		echo "content $number" >"$E2E_DIR/source$number/file"
	done
	export DISK0=${DISKS[0]} DISK1=${DISKS[1]}
	e2e_keep
}

teardown_file() {
	syscontainer rm -f web >/dev/null 2>&1 || true
	losetup --detach "$DISK0" "$DISK1"
	e2e_end
}

# What each thing is called in commands, in the record and in the guest.
disk() {
	[[ $1 == 0 ]] && echo "$DISK0" || echo "$DISK1"
}

add() { # KIND NUMBER
	case $1 in
	disk) tools add-device web "$(disk "$2"):/dev/disk$2" ;;
	path) tools add-path web "$E2E_DIR/source$2:/mnt/path$2:ro" ;;
	nic) tools add-nic --type veth --name "sysct$RANDOM_SEED$2:nic$2" --ip "192.0.2.1$2/24" web ;;
	esac
}

remove() { # KIND NUMBER
	case $1 in
	disk) tools remove-device web "$(disk "$2"):/dev/disk$2" ;;
	path) tools remove-path web "$E2E_DIR/source$2:/mnt/path$2:ro" ;;
	nic) tools remove-nic --type veth --name "nic$2" web ;;
	esac
}

# Runs it, or kills it after a moment.
tools() {
	local pid
	if [[ ! $kill_ms ]]; then
		syscontainer-tools "$@" 3>&-
		return
	fi
	syscontainer-tools "$@" 3>&- &
	pid=$!
	sleep "0.$kill_ms"
	kill -9 "$pid" 2>/dev/null || true
	wait "$pid" 2>/dev/null || true
}

name_of() { # KIND NUMBER: as it stands in the record
	case $1 in
	disk) echo "\"/dev/disk$2\"" ;;
	path) echo "\"/mnt/path$2\"" ;;
	nic) echo "\"nic$2\"" ;;
	esac
}

guest_has() { # KIND NUMBER
	case $1 in
	disk) [[ -b /proc/$init/root/dev/disk$2 ]] ;;
	path) [[ $(cat "/proc/$init/root/mnt/path$2/file" 2>/dev/null) == "content $2" ]] ;;
	nic) nsenter -t "$init" -n ip -o address show dev "nic$2" 2>/dev/null | grep -qF "192.0.2.1$2/24" ;;
	esac
}

host_has() { # KIND NUMBER: the end of a veth that stays here
	[[ $1 != nic ]] || ip link show dev "sysct$RANDOM_SEED$2" &>/dev/null
}

# Every thing is in the record, the guest and the host, or in none. A command that was killed is repaired by the next one.
check() { # OPERATION
	local kind number is
	kill_ms=''
	tools apply web <(syscontainer attachments web --format json) >/dev/null || e2e_die "$1: cannot repair" || return
	record=$(syscontainer attachments web --format json)
	init=$(init_pid web)
	for kind in disk path nic; do
		for number in 0 1; do
			is=no
			! grep -qF "$(name_of "$kind" "$number")" <<<"$record" || is=yes
			[[ ! ${model[$kind$number]} || ${model[$kind$number]} == "$is" ]] || e2e_die "$1: $kind $number in the record: $is" || return
			model[$kind$number]=$is
			if [[ $is == yes ]]; then
				guest_has "$kind" "$number" || e2e_die "$1: $kind $number is not in the guest" || return
				host_has "$kind" "$number" || e2e_die "$1: $kind $number is not on the host" || return
			else
				! guest_has "$kind" "$number" || e2e_die "$1: $kind $number is in the guest" || return
				[[ $kind != nic ]] || ! host_has "$kind" "$number" || e2e_die "$1: $kind $number is on the host" || return
			fi
		done
	done
}

has_another_init() { # PID
	local now
	now=$(init_pid web 2>/dev/null) && [[ $now && $now != "$1" && $now != 0 ]]
}

is_up() {
	[[ $(field web .State.Status) == running ]]
}

# One operation on a random thing: what is there is removed, what is not is added; so success is certain, unless it is killed.
change() { # kill or nothing
	local kinds=(disk path nic) kind number
	kind=${kinds[RANDOM % 3]}
	number=$((RANDOM % 2))
	kill_ms=''
	[[ ! ${1:-} ]] || printf -v kill_ms '%03d' $((RANDOM % 15))
	if [[ ${model[$kind$number]} == yes ]]; then
		remove "$kind" "$number" >/dev/null || e2e_die "cannot remove $kind $number" || return
		model[$kind$number]=no
	else
		add "$kind" "$number" >/dev/null || e2e_die "cannot add $kind $number" || return
		model[$kind$number]=yes
	fi
	[[ ! $kill_ms ]] || model[$kind$number]=
}

@test "a thousand operations, and reboots and kills among them, end as the record says" {
	local round operation init record
	declare -A model
	RANDOM=$RANDOM_SEED
	for operation in disk path nic; do
		model[${operation}0]=no model[${operation}1]=no
	done
	small_start web --restart always
	for ((round = 1; ; round++)); do
		has_round "$round" "$OPERATIONS" || break
		operation=$((RANDOM % 40))
		case $operation in
		0) init=$(init_pid web) && kill -9 "$init" && wait_for 20 has_another_init "$init" ;;
		1) kill_monitor web && syscontainer repair >/dev/null ;;
		2) syscontainer restart -t 0 web >/dev/null ;;
		3 | 4 | 5 | 6) change kill ;;
		*) change ;;
		esac || e2e_die "round $round, seed $RANDOM_SEED" || return
		if ((operation <= 6 || round % 10 == 0)); then
			wait_for 20 is_up
			check "round $round, seed $RANDOM_SEED, operation $operation" || return
		fi
		((operation > 2)) || wait_for 20 is_up
	done
	echo "$((round - 1)) operations"
	syscontainer rm -f web >/dev/null
	for round in 0 1; do
		same "content of source $round" "$(cat "$E2E_DIR/source$round/file")" "content $round"
		run ! ip link show dev "sysct$RANDOM_SEED$round"
	done
}
