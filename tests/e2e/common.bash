# SPDX-License-Identifier: LGPL-2.1-or-later
# What every end-to-end test needs: a private set of containers for each file, trees, waiting, and the check that nothing is left.
#
# A file does:      load common
#                   setup_file() { e2e_begin; guest_start web; e2e_keep; }
# What exists at e2e_keep stays for all tests of the file; what a test makes goes away after it. A file that has more to take
# away has its own teardown_file() or teardown(), which call e2e_end and e2e_clean too.
#
# Files run beside each other, on a busy machine: wait for what has to happen, never for a time. One that measures the whole machine, or takes
# something of which the host has one (network links too), says `# bats file_tags=alone`.
# shellcheck shell=bash

bats_require_minimum_version 1.5.0

e2e_die() {
	echo "$*" >&2
	return 1
}

# --- a private set of containers ----------------------------------------------------------------------------------------

# Gives this file its own state, run-time and configuration: E2E_DIR (trees, scratch), SYSCONTAINER_{ROOT,RUN,CONFIG}, and a
# cgroup parent. Arguments go into daemon.json as they are: e2e_begin '"stop-timeout": "3s"'.
e2e_begin() { # [JSON MEMBER]...
	local member members='' volatile=/run
	[[ $EUID -eq 0 ]] || e2e_die "the end-to-end tests boot containers: run them as root" || return 1
	[[ -d ${SYSCONTAINER_TEST_TREE:-} ]] || e2e_die "SYSCONTAINER_TEST_TREE must name a Debian tree; ./run-tests sets it" || return 1
	command -v syscontainer >/dev/null || e2e_die "syscontainer is not on PATH; ./run-tests sets it" || return 1
	E2E_DIR=$(mktemp -d "${SYSCONTAINER_TEST_SCRATCH:-/var/tmp}/sysc-test.XXXXXX")
	# On a host without systemd /run may be on a disk.
	[[ $(stat -f -c %T /run) == tmpfs ]] || volatile=/dev/shm
	SYSCONTAINER_RUN=$(mktemp -d "$volatile/sysc-test.XXXXXX") # short: sockets lie below it, and their paths end at 107 bytes
	SYSCONTAINER_ROOT=$E2E_DIR/root
	SYSCONTAINER_CONFIG=$E2E_DIR/daemon.json
	E2E_CGROUP=syscontainer-test-${E2E_DIR##*.}
	export E2E_DIR E2E_CGROUP SYSCONTAINER_RUN SYSCONTAINER_ROOT SYSCONTAINER_CONFIG
	unset SYSCONTAINER_LIBEXEC
	chmod 711 "$E2E_DIR" "$SYSCONTAINER_RUN" # guests pass through
	mkdir -m 711 "$E2E_DIR/trees" "$SYSCONTAINER_ROOT"
	: >"$E2E_DIR/kept"
	for member in '"user-remap": "auto"' "\"cgroup-parent\": \"/$E2E_CGROUP\"" "$@"; do
		members+=${members:+, }$member
	done
	echo "{ $members }" >"$SYSCONTAINER_CONFIG"
}

e2e_keep() {
	{ container_names && ls "$E2E_DIR/trees"; } | sort -u >"$E2E_DIR/kept"
}

# Removes what came after e2e_keep: containers first, then trees.
e2e_clean() {
	local name
	for name in $(container_names | grep -vxFf "$E2E_DIR/kept"); do
		syscontainer rm -f "$name" >/dev/null || syscontainer rm -f "$name" >/dev/null
	done
	find "$E2E_DIR/trees" -mindepth 1 -maxdepth 1 -printf '%f\n' | grep -vxFf "$E2E_DIR/kept" | while read -r name; do
		tree_remove "$name"
	done
	return 0
}

# Removes everything and fails when something of this file is still there.
e2e_end() {
	local status=0
	[[ ${E2E_DIR:-} && -d $E2E_DIR ]] || return 0
	: >"$E2E_DIR/kept"
	e2e_clean || status=1
	leak_check /dev/null || status=1
	rm -rf --one-file-system "$SYSCONTAINER_RUN" "$E2E_DIR"
	# liblxc keeps one folder for each run-time folder that it ever saw
	[[ ! -d /run/lxc/lock$SYSCONTAINER_RUN ]] || find "/run/lxc/lock$SYSCONTAINER_RUN" -type d -empty -delete
	return "$status"
}

teardown_file() {
	e2e_end
}

teardown() {
	e2e_clean
}

# --- trees --------------------------------------------------------------------------------------------------------------

# Prints the path of a fresh writable tree. Overlays cannot be mounted with shifted ids, so it is a copy, in which /usr is hard
# links into one copy for the file: files below /usr may be replaced and removed but must not be written in place. On a host that is thrown away
# (SYSCONTAINER_TEST_THROWAWAY, and SYSCONTAINER_TEST_SCRATCH is beside the test tree) that copy is the test tree itself.
tree_new() { # NAME
	local dir=$E2E_DIR/trees/$1 item
	if [[ ${SYSCONTAINER_TEST_THROWAWAY:-} ]]; then
		ln -sfn "$SYSCONTAINER_TEST_TREE" "$E2E_DIR/base"
	elif [[ ! -d $E2E_DIR/base ]]; then
		cp -a --reflink=auto "$SYSCONTAINER_TEST_TREE" "$E2E_DIR/base" || return 1
	fi
	mkdir -m 711 "$dir" "$dir/tree"
	chmod 755 "$dir/tree"
	for item in "$E2E_DIR"/base/*; do
		if [[ $item == */usr ]]; then
			cp -al "$item" "$dir/tree/"
		else
			cp -a "$item" "$dir/tree/"
		fi
	done
	echo "$dir/tree"
}

# The same as an overlay on the test tree, for guests whose root is the host's.
tree_overlay() { # NAME
	local dir=$E2E_DIR/trees/$1
	mkdir -m 711 "$dir"
	mkdir -m 755 "$dir/upper" "$dir/work" "$dir/tree"
	mount -t overlay "$E2E_CGROUP" -o "lowerdir=$SYSCONTAINER_TEST_TREE,upperdir=$dir/upper,workdir=$dir/work" "$dir/tree"
	echo "$dir/tree"
}

# Path of a tree that tree_new or guest_start made.
tree_path() { # NAME
	echo "$E2E_DIR/trees/$1/tree"
}

tree_remove() { # NAME
	local dir=$E2E_DIR/trees/$1
	! mountpoint -q "$dir/tree" || umount "$dir/tree" || umount --lazy "$dir/tree"
	rm -rf --one-file-system "$dir"
}

# --- containers ---------------------------------------------------------------------------------------------------------

container_names() {
	syscontainer ps -a --format '{{.Names}}'
}

# A fresh tree NAME, booted as container NAME; returns when the guest is ready.
guest_start() { # NAME [OPTION OF run]...
	local name=$1
	shift
	tree_new "$name" >/dev/null && syscontainer run -d --name "$name" --stop-timeout "$(patient 10)s" "$@" "$(tree_path "$name")" >/dev/null
}

# A fresh tree NAME with a container NAME that is not started.
guest_create() { # NAME [OPTION OF create]...
	local name=$1
	shift
	tree_new "$name" >/dev/null && syscontainer create --name "$name" --stop-timeout "$(patient 10)s" "$@" "$(tree_path "$name")" >/dev/null
}

# One field of inspect: field web .State.Status
field() { # NAME FIELD
	syscontainer inspect -f "{{$2}}" "$1"
}

in_guest() { # NAME COMMAND...
	syscontainer exec "$@"
}

# --- waiting and looking ------------------------------------------------------------------------------------------------

# How much longer all takes here than where processors are real: an emulated machine is told 20.
SLOWNESS=${SYSCONTAINER_TEST_SLOWNESS:-1}

# Prints how long to wait for what must come: at least five times as long, since any machine has hours in which it is slow.
patient() { # SECONDS
	echo $(($1 * (SLOWNESS > 5 ? SLOWNESS : 5)))
}

# Of a story that does something again and again: is there this round? After two minutes a fifth of them is enough.
has_round() { # ROUND COUNT
	[[ $1 -le $2 && ($SECONDS -lt 120 || $1 -le $(($2 / 5))) ]]
}

# Runs COMMAND until it succeeds, at most that long (see patient).
wait_for() { # SECONDS COMMAND...
	local end=$((${EPOCHREALTIME/./} + $(patient "$1") * 1000000))
	shift
	until "$@"; do
		[[ ${EPOCHREALTIME/./} -lt $end ]] || e2e_die "in vain waited for: $*" || return 1
		sleep 0.05
	done
}

# timeout(1), with the same patience.
timeout() { # SECONDS COMMAND...
	local seconds=$1
	shift
	[[ $seconds == *.* ]] || seconds=$(patient "$seconds")
	command timeout "$seconds" "$@"
}

has_field() { # NAME FIELD VALUE
	[[ $(field "$1" "$2") == "$3" ]]
}

log_has() { # NAME TEXT
	grep -qF -e "$2" < <(syscontainer logs "$1")
}

# Asserts equality and shows both.
same() { # WHAT IS WANTED
	[[ $2 == "$3" ]] || e2e_die "$1 is '$2', not '$3'"
}

# Asserts that what is there contains the text (of $output without a third argument).
# Of ours: it has said to a monitor what it wants, and waits for what comes.
is_waiting() { # PID
	[[ $(<"/proc/$1/comm") == syscontainer && $(<"/proc/$1/wchan") == *poll* ]]
}

has_text() { # TEXT [WHERE]
	[[ ${2-${output-}} == *"$1"* ]] || e2e_die "'$1' is not in: ${2-${output-}}"
}

# --- a race --------------------------------------------------------------------------------------------------------------

# A command that exchanges two names as fast as it can, for five minutes at most; PATH and PATH come after it. It is the same in a full guest.
flipper() { # NAME-OF-ARRAY
	local -n command_of_flipper=$1
	# shellcheck disable=SC2016,SC2034 # perl's variables; -100 is AT_FDCWD, 2 is RENAME_EXCHANGE
	command_of_flipper=(perl -e 'alarm shift; $call = 0 + shift; syscall($call, -100, $ARGV[0], -100, $ARGV[1], 2) while 1'
		"$(patient 300)" "$(scmp_sys_resolver renameat2)")
}

# --- a terminal ---------------------------------------------------------------------------------------------------------

# Runs a command on a terminal of its own of 24 rows and 80 columns, in the background. One at a time.
terminal_open() { # COMMAND...
	local command
	TERMINAL=$(mktemp -d "$BATS_TEST_TMPDIR/terminal.XXXXXX")
	printf -v command '%q ' "$@"
	mkfifo "$TERMINAL/input"
	: >"$TERMINAL/output"
	script -qefc "stty rows 24 cols 80; tty >$TERMINAL/name; $command" "$TERMINAL/output" <"$TERMINAL/input" >/dev/null 2>&1 3>&- &
	TERMINAL_PID=$!
	exec {TERMINAL_INPUT}>"$TERMINAL/input"
	wait_for 5 test -s "$TERMINAL/name"
}

terminal_type() { # TEXT, with the escapes of printf
	printf '%b' "$1" >&"$TERMINAL_INPUT"
}

terminal_shows() { # TEXT
	grep -qF -e "$1" "$TERMINAL/output"
}

terminal_expect() { # TEXT [SECONDS]
	wait_for "${2:-10}" terminal_shows "$1" || { cat -v "$TERMINAL/output" >&2 && return 1; }
}

terminal_resize() { # ROWS COLUMNS
	stty -F "$(<"$TERMINAL/name")" rows "$1" cols "$2"
}

# Waits for the command's end, at most that long, and sets status and output as bats' run does.
terminal_wait() { # [SECONDS]
	local end=$((SECONDS + $(patient "${1:-10}")))
	while kill -0 "$TERMINAL_PID" 2>/dev/null; do
		[[ $SECONDS -lt $end ]] || { kill "$TERMINAL_PID" && cat -v "$TERMINAL/output" >&2 && e2e_die "it did not end"; } || return 1
		sleep 0.05
	done
	status=0
	wait "$TERMINAL_PID" || status=$?
	exec {TERMINAL_INPUT}>&-
	output=$(tr -d '\r' <"$TERMINAL/output")
}

# --- leaks --------------------------------------------------------------------------------------------------------------

container_ids() { # of all that ever were in this set
	{
		[[ ! -e $SYSCONTAINER_RUN/events.jsonl ]] || grep -oE '[0-9a-f]{64}' "$SYSCONTAINER_RUN/events.jsonl"
		ls "$SYSCONTAINER_ROOT/containers" 2>/dev/null
	} | sort -u
}

# Patterns, one a line, that tell a thing of ours from those of other sets of containers.
leak_patterns() {
	printf '%s\n' "$E2E_DIR" "$SYSCONTAINER_RUN" "$E2E_CGROUP"
	container_ids
}

processes_of_ours() { # PATTERNS
	local pid name
	for pid in /proc/[0-9]*; do
		name=$(cat "$pid/comm" 2>/dev/null) || continue
		[[ $name == syscontainer* || $name == lxc* ]] || continue
		if tr '\0' '\n' 2>/dev/null <"$pid/environ" | grep -qxF "SYSCONTAINER_ROOT=$SYSCONTAINER_ROOT" ||
			tr '\0' ' ' 2>/dev/null <"$pid/cmdline" | grep -qFf "$1"; then
			echo "process $name ${pid#/proc/}"
		fi
	done
}

# What this set of containers holds on the host, one thing a line. Links carry no name of ours: all of them.
leak_snapshot() {
	local patterns
	patterns=$(mktemp "$E2E_DIR/patterns.XXXXXX")
	leak_patterns >"$patterns"
	{
		grep -Ff "$patterns" /proc/self/mountinfo | awk '{ print "mount", $5 }'
		find /sys/fs/cgroup -mindepth 1 -type d 2>/dev/null | grep -Ff "$patterns" | sed 's/^/cgroup /'
		losetup --list --noheadings --output NAME,BACK-FILE | grep -Ff "$patterns" | sed 's/^/loop device /'
		ip -o link | sed -E 's/^[0-9]+: ([^:@]+).*/link \1/'
		processes_of_ours "$patterns"
		find /run/lxc ! -type d 2>/dev/null | grep -Ff "$patterns" | sed 's/^/file /'
		find "$SYSCONTAINER_ROOT/containers" "$SYSCONTAINER_ROOT/names" "$SYSCONTAINER_ROOT/idmap" "$SYSCONTAINER_RUN/host" \
			-mindepth 1 -maxdepth 1 2>/dev/null | sed 's/^/state /'
		find "$SYSCONTAINER_RUN" -mindepth 1 -maxdepth 1 -type d ! -name host ! -name root ! -name image ! -name filters 2>/dev/null | sed 's/^/state /'
	} | sort
	rm -f "$patterns"
}

# Fails and says what is here now and was not in the snapshot; the kernel gets five seconds to finish. With /dev/null as the
# snapshot nothing of ours may be here at all.
leak_check() { # SNAPSHOT
	local now end=$((SECONDS + $(patient 5))) before=$1
	if [[ $before == /dev/null ]]; then
		before=$E2E_DIR/before
		{ ip -o link | sed -E 's/^[0-9]+: ([^:@]+).*/link \1/'; } | sort >"$before"
	fi
	while now=$(leak_snapshot | comm -13 "$before" -) && [[ $now ]]; do
		[[ $SECONDS -lt $end ]] || e2e_die "left behind: $now" || return 1
		sleep 0.2
	done
}
