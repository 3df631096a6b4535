#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# The guests that we promise to boot, in each mode: up with nothing failed, exec, a login on the console, reboot and poweroff from inside, stop.
# What a test reports in its line "# guest ..." is what tests/guests-table makes docs/guests.md of.
# shellcheck disable=SC2016 # what is in single quotes is for the shell of the guest
# bats file_tags=slow

load common

setup_file() {
	e2e_begin
	e2e_keep
}

# --- trees ----------------------------------------------------------------------------------------------------------------

# One copy of a tree for all its modes. In the virtual machine the trees are there to be thrown away.
tree_of() { # NAME
	local source=$SYSCONTAINER_TEST_INITS/$1 tree=$E2E_DIR/guests/$1
	[[ -d $E2E_DIR/guests ]] || mkdir -m 711 "$E2E_DIR/guests" || return
	if [[ $1 == busybox ]]; then
		[[ -d $tree ]] || make_busybox "$tree" || return
	elif [[ ! -d $source ]]; then
		e2e_die "$source is missing; ./run-tests makes it" || return
	elif [[ ${SYSCONTAINER_TEST_THROWAWAY:-} ]]; then
		tree=$source
	else
		[[ -d $tree ]] || cp -a --reflink=auto "$source" "$tree" || return
	fi
	add_walker "$tree" && echo "$tree"
}

# Somebody who may log in: walker, whose password is walker.
add_walker() { # TREE
	! grep -qs '^walker:' "$1/etc/passwd" || return 0
	echo 'walker:x:1000:1000::/:/bin/sh' >>"$1/etc/passwd"
	echo 'walker:x:1000:' >>"$1/etc/group"
	echo 'walker:$6$guest$HssNx5QudHwb4dzmCg8c6TA48RaL7Rz2zEWq1tCLaHJeRh55Gzel8RVy8fZWm2ujhjn8r2B2agtXfVBWJjy...:20000:0:99999:7:::' >>"$1/etc/shadow"
}

make_busybox() { # TREE
	mkdir "$1" && mkdir -p "$1"/{bin,sbin,usr/bin,usr/sbin,etc,proc,sys,dev,run,tmp} || return
	cp /bin/busybox "$1/bin/" && chroot "$1" /bin/busybox --install -s || return
	ln -sf ../bin/busybox "$1/sbin/init"
	busybox | sed -n '1s/^\(BusyBox v[0-9.]*\).*/PRETTY_NAME="\1"/p' >"$1/etc/os-release"
	printf '%s\n' '::sysinit:/bin/echo is up' '::respawn:/sbin/getty -L 0 console' '::shutdown:/bin/echo goes down' >"$1/etc/inittab"
	echo 'root:x:0:0::/:/bin/sh' >"$1/etc/passwd"
}

# --- what differs between kinds of PID 1 ------------------------------------------------------------------------------------

console_of_boot() {
	syscontainer logs -t guest 2>&1 | awk -v start="$(field guest .State.StartedAt)" '$1 >= start'
}

# Has it come up, in its own words, after so many reboots? A login on the console is the last thing that most of them start.
is_up() { # REBOOTS
	has_field guest .RestartCount "$1" && has_field guest .State.Ready true || return
	case $init in
	systemd) ;;
	program) grep -qaF "is up" < <(console_of_boot) ;;
	openrc-init) [[ $(syscontainer exec guest sh -c 'pgrep -x openrc || rc-status --runlevel') == default ]] ;;
	*) grep -qaF "login:" < <(console_of_boot) ;;
	esac
}

has_getty() {
	[[ $(syscontainer exec guest sv status /etc/service/getty-tty1) == run:* ]]
}

is_well() {
	case $init in
	systemd)
		run syscontainer exec guest systemctl is-system-running --wait
		same "state and failed units" "$output $(syscontainer exec guest systemctl --no-legend --plain --failed)" "running "
		;;
	sysvinit | openrc)
		run -0 syscontainer exec guest runlevel
		has_text "2"
		;;&
	openrc | openrc-init)
		run syscontainer exec guest rc-status --nocolor --crashed # ends with 1 when there is none
		same "crashed services" "$output" ""
		;;
	runit) wait_for 10 has_getty ;; # which is begun again after each login
	esac
	# A tree may have /bin beside /usr/bin.
	run -0 syscontainer exec guest ls /proc/1
}

# What its people type.
halt_command() { # reboot or poweroff
	case $init in
	openrc-init) echo "openrc-shutdown --$1 now" ;;
	program) echo "busybox $1 -f" ;;
	*) echo "$1" ;;
	esac
}

name_of_init() {
	case $init in
	systemd) syscontainer exec guest systemctl --version | awk 'NR == 1 { print "systemd", $2 }' ;;
	openrc) echo "OpenRC on sysvinit" ;;
	busybox) echo "busybox init" ;;
	program) echo "a program" ;;
	*) echo "$init" ;;
	esac
}

# --- the story ------------------------------------------------------------------------------------------------------------

log_in() {
	terminal_open syscontainer attach guest
	terminal_type '\r'
	if [[ $init != program ]]; then
		terminal_expect "login:" 20
		terminal_type 'walker\r'
		terminal_expect "Password:" 20
		terminal_type 'walker\r'
		terminal_expect '$ ' 20
	fi
	terminal_type 'echo "I am $(id -un) on $(tty)."\r'
	terminal_expect "I am $1 on /dev/" 20
	[[ $init == program ]] || terminal_type 'exit\r'
	terminal_type '\001q'
	terminal_wait 10
	same "status of attach" "$status" 0
}

# From the start to READY; of those that say nothing, to their login.
report() { # MODE STARTED-MICROSECONDS
	local end=${EPOCHREALTIME/./} times system kernel
	if [[ $init == systemd ]]; then
		mapfile -t times < <(jq 'select(.action == "starting" or .action == "ready") | .time_ns' "$SYSCONTAINER_RUN/events.jsonl" | tail -n 2)
		end=$((times[1] / 1000)) && set -- "$1" $((times[0] / 1000))
	fi
	system=$(sed -n 's/^PRETTY_NAME="\(.*\)"/\1/p' "$tree/etc/os-release")
	kernel=$(uname -r | cut -d . -f 1,2)
	echo "# guest $system|$(name_of_init)|$(host_kind), Linux $kernel|$1|$(((end - $2) / 1000)) ms|$(syscontainer --version | awk 'NR == 1 { print $NF }')" >&3
}

# By where its controllers are, as tests/vm/run calls it.
host_kind() {
	if [[ -e /sys/fs/cgroup/cgroup.controllers ]]; then
		echo v2
	elif grep -q ' - cgroup2 ' /proc/self/mountinfo; then
		echo hybrid
	else
		echo v1
	fi
}

lives() { # TREE INIT MODE [COMMAND...]
	local init=$2 mode=$3 tree options=() begin command
	tree=$(tree_of "$1")
	shift 3
	case $mode in
	host-root) options=(--user-remap none) ;;
	privileged) options=(--privileged) ;;
	esac
	[[ $init != program ]] || options+=(-t)
	begin=${EPOCHREALTIME/./}
	syscontainer run -d --name guest "${options[@]}" "$tree" "$@"
	wait_for 20 is_up 0
	report "$mode" "$begin"
	is_well
	case $init in
	openrc-init) ;; # Debian starts nobody there to log in with
	program) log_in root ;;
	*) log_in walker ;;
	esac
	is_well
	read -ra command <<<"$(halt_command reboot)"
	syscontainer exec guest "${command[@]}" || true # which may end before it can tell
	wait_for 30 is_up 1
	is_well
	read -ra command <<<"$(halt_command poweroff)"
	syscontainer exec guest "${command[@]}" || true
	wait_for 30 has_field guest .State.Status exited
	same "exit code and reason" "$(field guest .State.ExitCode) $(field guest .State.Reason)" "0 poweroff"
	# Right after the start: before most of them can hear.
	syscontainer start guest
	run --separate-stderr syscontainer stop -t "$(patient 30)" guest
	# shellcheck disable=SC2154 # set by run
	same "status and stderr of stop" "$status $stderr" "0 "
	same "exit code and reason" "$(field guest .State.ExitCode) $(field guest .State.Reason)" "0 stopped"
}

# What is tagged "full" runs with ./run-tests --guests only.

PROGRAM='trap "exit 0" TERM; echo is up; while :; do read -r line; eval "$line"; done'

@test "Debian 11 with ids of its own" { lives bullseye systemd remapped; }
# bats test_tags=full
@test "Debian 11 with the host's root" { lives bullseye systemd host-root; }
@test "Debian 11 privileged" { lives bullseye systemd privileged; }
@test "Debian 12 with ids of its own" { lives bookworm systemd remapped; }
# bats test_tags=full
@test "Debian 12 with the host's root" { lives bookworm systemd host-root; }
# bats test_tags=full
@test "Debian 12 privileged" { lives bookworm systemd privileged; }
@test "Debian 13 with ids of its own" { lives trixie systemd remapped; }
# bats test_tags=full
@test "Debian 13 with the host's root" { lives trixie systemd host-root; }
@test "Debian 13 privileged" { lives trixie systemd privileged; }
# bats test_tags=full
@test "Debian sid with ids of its own" { lives sid systemd remapped; }
# bats test_tags=full
@test "Debian sid with the host's root" { lives sid systemd host-root; }
# bats test_tags=full
@test "Debian sid privileged" { lives sid systemd privileged; }
@test "sysvinit with ids of its own" { lives sysvinit sysvinit remapped; }
# bats test_tags=full
@test "sysvinit with the host's root" { lives sysvinit sysvinit host-root; }
# bats test_tags=full
@test "sysvinit privileged" { lives sysvinit sysvinit privileged; }
@test "OpenRC on sysvinit with ids of its own" { lives openrc openrc remapped; }
# bats test_tags=full
@test "OpenRC on sysvinit with the host's root" { lives openrc openrc host-root; }
# bats test_tags=full
@test "OpenRC on sysvinit privileged" { lives openrc openrc privileged; }
# bats test_tags=full
@test "openrc-init with ids of its own" { lives openrc openrc-init remapped /sbin/openrc-init; }
@test "runit with ids of its own" { lives runit runit remapped; }
# bats test_tags=full
@test "runit with the host's root" { lives runit runit host-root; }
# bats test_tags=full
@test "runit privileged" { lives runit runit privileged; }
@test "busybox init with ids of its own" { lives busybox busybox remapped; }
# bats test_tags=full
@test "busybox init with the host's root" { lives busybox busybox host-root; }
# bats test_tags=full
@test "busybox init privileged" { lives busybox busybox privileged; }
@test "a program with ids of its own" { lives busybox program remapped /bin/sh -c "$PROGRAM"; }
# bats test_tags=full
@test "a program with the host's root" { lives busybox program host-root /bin/sh -c "$PROGRAM"; }
# bats test_tags=full
@test "a program privileged" { lives busybox program privileged /bin/sh -c "$PROGRAM"; }
