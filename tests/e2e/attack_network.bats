#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# A hostile guest that has the host's network (field.md, attack 35): no socket of ours or of liblxc's may be within its reach.

load common
load small

setup_file() {
	e2e_begin '"stop-timeout": "5s"'
	e2e_keep
	abstract_sockets </proc/net/unix >"$E2E_DIR/others" # the host may run lxc-monitord
}

abstract_sockets() {
	awk '$8 ~ /^@/ { print $8 }' | sort -u
}

# Abstract sockets in the guest's network whose name has one of these; what it sees is what it could connect to.
sockets_seen() { # NAME WORD...
	local name=$1 word table
	shift
	table=$(syscontainer exec "$name" cat /proc/net/unix)
	for word in "$@"; do
		grep -F -- "$word" <<<"$table" | abstract_sockets | grep -vxFf "$E2E_DIR/others"
	done
}

@test "no abstract socket of a running container is in the host's network" {
	small_start victim
	small_start attacker --user-remap none --net host
	same network "$(readlink "/proc/$(init_pid attacker)/ns/net")" "$(readlink /proc/self/ns/net)"
	same sockets "$(sockets_seen attacker "$(container_id victim)" "$(container_id attacker)" "$SYSCONTAINER_RUN" lxc)" ""
	# The processes that stay are where they cannot be reached by name either.
	same "network of the keeper" "$(readlink "/proc/$(keeper_pid victim)/ns/net")" "$(readlink /proc/self/ns/net)"
}

@test "liblxc's command socket of a starting container is in a network that nobody else has" {
	small_start attacker --user-remap none --net host
	# All that the attacker sees while others start, as fast as it can look.
	local look='while [ ! -e /stop ]; do cat /proc/net/unix; done >/seen'
	syscontainer exec -d attacker /bin/sh -c "$look"
	for name in one two three; do
		small_start "$name"
	done
	touch "$(tree_path attacker)/stop"
	[[ -s $(tree_path attacker)/seen ]]
	same sockets "$(abstract_sockets <"$(tree_path attacker)/seen" | grep -F -e lxc -e "$SYSCONTAINER_RUN" | grep -vxFf "$E2E_DIR/others")" ""
}

@test "our sockets have paths that a guest with the host's network does not have" {
	small_start attacker --user-remap none --net host
	small_start victim
	run syscontainer exec attacker ls "$SYSCONTAINER_RUN" "$SYSCONTAINER_ROOT"
	[[ $status -ne 0 ]]
	run syscontainer exec attacker ls /run/host
	same "what it sees of the host" "$output" notify
	same "mode of the directory" "$(stat -c %a "$SYSCONTAINER_RUN/$(container_id victim)")" 700
	# A path that leads there through another process: the guest has a pid namespace of its own.
	run syscontainer exec attacker ls "/proc/$(monitor_pid victim)/root"
	[[ $status -ne 0 ]]
}
