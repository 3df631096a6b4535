#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# The proc view over deaths of its processes: no reader gets an error, and guests have the host's files when nobody serves.

load common
load small
load procview

setup_file() {
	procview_begin
	guest_start web --memory 256M --cpuset-cpus 0
	e2e_keep
}

teardown_file() {
	procview_end
}

setup() {
	procview_answers || procview_start
	wait_for 10 shows_is web proc/meminfo bound
}

teardown() {
	e2e_clean
}

# Eight readers in the guest, of four kinds, until /run/stop is there. Each failed read is a line in /run/failed.
readers_start() {
	in_guest web rm -f /run/stop /run/failed
	# shellcheck disable=SC2016 # for the guest
	in_guest web bash -c '
		reader() { # KIND
			local line
			exec 9</proc/stat
			while [[ ! -e /run/stop ]]; do
				case $1 in
				visit) read -r line </proc/meminfo ;;
				cat) cat /proc/cpuinfo /proc/uptime /proc/loadavg /sys/devices/system/cpu/online >/dev/null ;;
				kept) dd if=/proc/self/fd/9 of=/dev/null bs=4k status=none ;;
				pieces) dd if=/proc/meminfo of=/dev/null bs=100 status=none ;;
				esac || echo "$1 $?" >>/run/failed
				echo "$1" >>/run/done
			done
		}
		: >/run/done
		for kind in visit cat kept pieces visit cat kept pieces; do
			reader "$kind" 2>>/run/failed &
		done
		wait' 3>&- &
	READERS=$!
	wait_for 10 in_guest web test -s /run/done
}

readers_stop() {
	in_guest web touch /run/stop
	wait "$READERS"
	same "failed reads" "$(in_guest web sh -c 'cat /run/failed 2>/dev/null | sort | uniq -c')" ""
	[[ $(in_guest web sh -c 'wc -l </run/done') -gt 100 ]]
}

kill_server() {
	local pid
	pid=$(server_pid)
	kill -9 "$pid"
	wait_for 10 server_is_new "$pid"
}

has_resend() { # FUSE_NOTIFY_RESEND: Linux 6.9
	[[ $(printf '%s\n' 6.9 "$(uname -r)" | sort -V | head -1) == 6.9 ]]
}

# bats test_tags=slow
@test "200 SIGKILLs of the server under eight readers: no read fails" {
	has_resend || skip "this kernel does not send again what a dead server had taken (Linux 6.9)"
	local i
	readers_start
	for ((i = 0; i < 200; i++)); do
		kill_server
	done
	readers_stop
	same "memory" "$(memory_of web)" 262144
}

@test "the programs are replaced under readers by SIGHUP, and a descriptor that is kept goes on" {
	local i pid
	readers_start
	for i in 1 2 3; do
		pid=$(server_pid)
		kill -HUP "$(holder_pid)"
		wait_for 10 server_is_new "$pid"
		wait_for 10 procview_answers
	done
	readers_stop
	run ! is_gone "$(holder_pid)"
}

@test "the holder is killed: the server goes on, and the next holder takes the connection over" {
	local server
	readers_start
	server=$(server_pid)
	kill -9 "$(holder_pid)"
	wait_for 10 is_gone "$(holder_pid)"
	same "memory" "$(memory_of web)" 262144
	run ! is_gone "$server"
	procview_start
	wait_for 10 server_is_new "$server"
	readers_stop
	same "shown" "$(shows web proc/meminfo)" bound
}

@test "counters go on in the next server: no column of stat and uptime runs backwards" {
	local before after
	before=$(in_guest web cat /proc/uptime /proc/stat | awk 'NR == 1 { print int($1 * 100), int($2 * 100) } /^cpu / { print $2, $4, $5 }')
	kill_server
	after=$(in_guest web cat /proc/uptime /proc/stat | awk 'NR == 1 { print int($1 * 100), int($2 * 100) } /^cpu / { print $2, $4, $5 }')
	paste <(tr ' ' '\n' <<<"$before") <(tr ' ' '\n' <<<"$after") | awk '$2 < $1 { print "from", $1, "to", $2; bad = 1 } END { exit bad }'
}

@test "holder and server are killed: the toolkit gives the guest the host's files, and all comes back with a new one" {
	local stuck
	kill -STOP "$(holder_pid)"
	kill -9 "$(server_pid)"
	# the descriptor is held, and nobody answers: a reader waits
	in_guest web cat /proc/meminfo >"$BATS_TEST_TMPDIR/stuck" 3>&- &
	stuck=$!
	run -1 timeout 10 lxcfs-toolkit check-lxcfs
	has_text "not ready"
	run -0 timeout 10 lxcfs-toolkit umount --all
	same "memory" "$(timeout 5 syscontainer exec web sed -n 's/^MemTotal: *\([0-9]*\) kB/\1/p' /proc/meminfo)" "$(host_memory)"
	kill -9 "$(holder_pid)"
	wait_for 10 is_gone "$(holder_pid)"
	wait "$stuck" || true # its connection is over
	run -1 timeout 10 lxcfs-toolkit check-lxcfs
	run -0 timeout 10 lxcfs-toolkit prestart
	same "tasks of the guest that hang" "$(in_guest web ps -eo stat= | grep -c ^D)" 0
	procview_start
	wait_for 10 shows_is web proc/meminfo bound
	same "memory" "$(memory_of web)" 262144
}

@test "an aborted connection is replaced" {
	local pid number
	pid=$(server_pid)
	number=$(stat -c %d "$SYSCONTAINER_RUN/lxcfs/tree")
	echo 1 >"/sys/fs/fuse/connections/$number/abort"
	wait_for 10 server_is_new "$pid"
	wait_for 10 shows_is web proc/meminfo bound
	same "memory" "$(memory_of web)" 262144
	same "layers" "$(lxcfs-toolkit list --format json web | jq '[.[].layers] | max')" 1
}

@test "a server that does not start leaves the guest the host's files until it does" {
	procview_stop
	local libexec
	libexec=$(dirname "$(dirname "$(command -v syscontainer)")")
	mkdir "$E2E_DIR/libexec"
	cp "$libexec/libexec/syscontainer/syscontainer-lxcfs-server" "$libexec/bin/lxcfs-toolkit" "$E2E_DIR/libexec/"
	SYSCONTAINER_LIBEXEC=$E2E_DIR/libexec procview_start
	wait_for 10 shows_is web proc/meminfo bound
	mv "$E2E_DIR/libexec/syscontainer-lxcfs-server" "$E2E_DIR/libexec/gone"
	kill -9 "$(server_pid)"
	wait_for 10 shows_is web proc/meminfo host
	same "memory" "$(memory_of web)" "$(host_memory)"
	mv "$E2E_DIR/libexec/gone" "$E2E_DIR/libexec/syscontainer-lxcfs-server"
	wait_for 20 shows_is web proc/meminfo bound
	same "memory" "$(memory_of web)" 262144
	procview_stop
	rm -r "$E2E_DIR/libexec"
}

@test "on a kernel that sends nothing again: a read may fail, but none hangs, and the guest has its own values again" {
	local i
	procview_stop
	procview_start --without-resend --cache-age 0
	wait_for 10 shows_is web proc/meminfo bound
	readers_start
	for ((i = 0; i < 20; i++)); do
		kill_server
	done
	in_guest web touch /run/stop
	wait_for 20 is_gone "$READERS"
	same "tasks of the guest that hang" "$(in_guest web ps -eo stat= | grep -c ^D)" 0
	wait_for 10 procview_answers
	wait_for 10 shows_is web proc/meminfo bound
	same "memory" "$(memory_of web)" 262144
	procview_stop
}

@test "a server that hung while a guest started binds it when it goes on" {
	local start
	kill -STOP "$(server_pid)"
	small_start late --memory 64M &
	start=$!
	wait_for 15 eval 'syscontainer inspect late >/dev/null 2>&1'
	sleep 0.5
	kill -CONT "$(server_pid)"
	wait "$start"
	wait_for 10 shows_is late proc/meminfo bound
}

@test "the last guest's state goes with it" {
	small_start gone --memory 64M
	local id
	id=$(container_id gone)
	in_guest gone cat /proc/stat >/dev/null
	test -e "$SYSCONTAINER_RUN/lxcfs/guests/$id"
	syscontainer rm -f gone >/dev/null
	wait_for 5 test ! -e "$SYSCONTAINER_RUN/lxcfs/guests/$id"
}
