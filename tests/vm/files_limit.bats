#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# --files-limit on a host whose kernel counts files by BPF: what the guest may open, and that nothing of it stays on the host.

load ../e2e/common
load ../e2e/small

setup_file() {
	e2e_begin
	e2e_keep
}

teardown_file() {
	e2e_end
	[[ ! -e /sys/fs/bpf/syscontainer ]] || e2e_die "left behind: $(find /sys/fs/bpf/syscontainer)"
}

teardown() {
	e2e_clean
}

# PID 1 sleeps and holds a handful of files; perl opens others.
files_start() { # NAME [OPTION OF run]...
	local tree
	tree=$(tree_small "$1")
	(cd "$SYSCONTAINER_TEST_TREE" && cp -a --parents usr/bin/perl usr/lib/*-linux-gnu/libcrypt.so.* "$tree")
	syscontainer run -d --name "$1" "${@:2}" "$tree" /bin/sleep 10000 >/dev/null
}

# Opens that many in one process of the guest, says how many it got and the last error, and holds them for SECONDS.
# shellcheck disable=SC2016 # for perl
OPEN_FILES='$| = 1; my ($what, $wanted, $seconds) = @ARGV;
while (@held < $wanted) {
	my ($one, $other);
	last unless $what eq "file" ? open($one, "<", "/dev/null") : $what eq "socket" ? socket($one, 1, 1, 0) : pipe($one, $other);
	push @held, grep(defined, $one, $other);
}
print scalar(@held), " $!\n"; sleep $seconds;'

open_files() { # NAME WHAT WANTED [SECONDS]
	syscontainer exec "$1" /usr/bin/perl -e "$OPEN_FILES" "$2" "$3" "${4:-0}"
}

files_used() { # NAME
	syscontainer stats --no-stream --format json "$1" | jq '.[0].FilesUsed'
}

uses_fewer_than() { # NAME NUMBER
	[[ $(files_used "$1") -lt $2 ]]
}

# Asserts that so many and no more could be opened, give or take what the programs themselves hold.
stopped_near() { # LIMIT OUTPUT
	local opened=${2%% *}
	[[ $opened -le $1 && $opened -gt $(($1 - 40)) ]] || e2e_die "$opened files within a limit of $1: $2"
	has_text "Too many open files in system" "$2"
}

@test "files, sockets and pipes over the limit cannot be opened, and closed ones make room" {
	local what
	files_start box --files-limit 100
	for what in file socket pipe; do
		run -0 open_files box "$what" 400
		stopped_near 100 "$output"
	done
	wait_for 10 uses_fewer_than box 20
	run -0 syscontainer stats --no-stream box
	has_text " / 100"
	same inspect "$(field box .HostConfig.FilesLimit)" 100
}

@test "the limit is that of all processes in sum, in cgroups below too" {
	files_start box --files-limit 100
	open_files box file 60 600 >"$BATS_TEST_TMPDIR/first" 3>&- &
	wait_for 20 test -s "$BATS_TEST_TMPDIR/first"
	run -0 open_files box file 400
	stopped_near 40 "$output"
	# shellcheck disable=SC2016 # for the guest
	run -0 syscontainer exec box /bin/sh -c 'while read -r _ where type _; do [ "$type" != cgroup2 ] || break; done </proc/mounts
		mkdir "$where/below" && echo $$ >"$where/below/cgroup.procs" && exec "$@"' sh \
		/usr/bin/perl -e "$OPEN_FILES" file 400 0
	stopped_near 40 "$output"
}

@test "another container and the host are not concerned" {
	files_start box --files-limit 60
	files_start free
	run -0 open_files free file 400
	has_text "400 " "$output"
	files_start other --files-limit 300
	run -0 open_files other file 400
	stopped_near 300 "$output"
	run -0 open_files box file 400
	stopped_near 60 "$output"
}

@test "update changes the limit of a running guest, and it is kept over its next start" {
	files_start box --files-limit 60
	syscontainer update --files-limit 200 box
	run -0 open_files box file 400
	stopped_near 200 "$output"
	syscontainer update --files-limit -1 box
	run -0 open_files box file 400
	has_text "400 " "$output"
	syscontainer update --files-limit 80 box
	syscontainer restart -t 1 box
	run -0 open_files box file 400
	stopped_near 80 "$output"
}

@test "a guest that was started without a limit is not given one while it runs" {
	files_start box
	run -1 syscontainer update --files-limit 100 box
	has_text "it was started without, so its open files were not counted; stop it first"
	syscontainer stop -t 1 box
	syscontainer update --files-limit 100 box
	syscontainer start box
	run -0 open_files box file 400
	stopped_near 100 "$output"
}

@test "the limit outlives the monitor, and the counter goes with the last container" {
	files_start box --files-limit 100
	files_start other --files-limit 100
	kill_monitor box
	run -0 open_files box file 400
	stopped_near 100 "$output"
	syscontainer rm -f box
	run -0 open_files other file 400
	stopped_near 100 "$output"
	syscontainer rm -f other
	[[ ! -e /sys/fs/bpf/syscontainer ]]
}
