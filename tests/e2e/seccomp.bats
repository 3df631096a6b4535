#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Which system calls a guest may make: the default profile, profiles that are given, and that they hold for PID 1 and exec alike.
# shellcheck disable=SC2016 # what is in single quotes is for perl

load common
load small

setup_file() {
	e2e_begin '"stop-timeout": "3s"'
	perl_start usual
	e2e_keep
}

perl_start() { # NAME [OPTION OF run]...
	local name=$1
	shift
	tree_perl "$name" && syscontainer run -d --name "$name" "$@" "$(tree_path "$name")" /bin/sh -c "$SMALL_PROGRAM" >/dev/null
}

# Makes a call in a guest and prints the errno, 0 for success.
call() { # NAME [OPTION OF exec]... CALL [ARGUMENT]...
	local name=$1 options=()
	shift
	while [[ $1 == -* ]]; do
		options+=("$1")
		shift
	done
	syscontainer exec "${options[@]}" "$name" /usr/bin/perl -e '$n = shift; $r = syscall($n + 0, map { $_ + 0 } @ARGV); print $r < 0 ? $! + 0 : 0' "$(scmp_sys_resolver "$1")" "${@:2}"
}

seccomp_of() { # PID
	awk '$1 == "Seccomp:" { print $2 }' "/proc/$1/status"
}

profile() { # RULE OF syscalls...: allows all but what these say; prints its path
	local IFS=,
	echo "{ \"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": [ $* ] }" >"$BATS_TEST_TMPDIR/profile.json"
	echo "$BATS_TEST_TMPDIR/profile.json"
}

# --- the default profile ------------------------------------------------------------------------------------------------

@test "the default profile filters PID 1 and exec, whatever the user" {
	same "mode of PID 1" "$(seccomp_of "$(init_pid usual)")" 2
	for user in 0 1000; do
		run -0 syscontainer exec -u $user usual cat /proc/self/status
		has_text $'Seccomp:\t2'
		has_text $'NoNewPrivs:\t0'
	done
}

@test "what changes the host is refused, what programs can do without is not there, the rest works" {
	local call
	for call in kexec_load swapoff acct quotactl open_by_handle_at syslog perf_event_open bpf init_module delete_module; do
		same "$call" "$(call usual "$call" 0 0 0 0)" 1 # EPERM
	done
	for call in io_uring_setup userfaultfd keyctl add_key request_key lookup_dcookie; do
		same "$call" "$(call usual "$call" 0 0 0 0)" 38 # ENOSYS
	done
	same "a socket of AF_VSOCK" "$(call usual socket 40 1 0)" 97 # EAFNOSUPPORT
	same "a socket of AF_UNIX" "$(call usual socket 1 1 0)" 0
	same "unshare" "$(call usual unshare $((0x20000000)))" 0
	same "getpid" "$(call usual getpid)" 0
}

@test "a capability that is given opens what belongs to it" {
	perl_start plain --user-remap none
	same "clock_settime without CAP_SYS_TIME" "$(call plain clock_settime 77 0)" 1
	perl_start timed --user-remap none --cap-add sys_time
	same "clock_settime with it" "$(call timed clock_settime 77 0)" 22 # EINVAL: it came as far as the kernel
	same "delete_module" "$(call timed delete_module 0 0)" 1
}

@test "systemd guests boot without a failed unit under it, remapped or with the host's root" {
	local remap
	for remap in auto none; do
		guest_start "machine-$remap" --user-remap $remap
		same "mode of PID 1" "$(seccomp_of "$(init_pid "machine-$remap")")" 2
		same "state" "$(syscontainer exec "machine-$remap" systemctl is-system-running)" running
		same "failed units" "$(syscontainer exec "machine-$remap" systemctl --failed --no-legend)" ""
	done
}

@test "unconfined and --privileged are without a filter, but a profile that is given counts" {
	perl_start open --security-opt seccomp=unconfined
	same "mode of PID 1" "$(seccomp_of "$(init_pid open)")" 0
	same "mode of exec" "$(syscontainer exec open cat /proc/self/status | awk '$1 == "Seccomp:" { print $2 }')" 0
	same keyctl "$(call open keyctl 0 0 0 0)" 22 # the kernel's own answer
	same inspect "$(field open .SeccompProfile) $(field open 'json .HostConfig.SecurityOpt')" 'unconfined ["seccomp=unconfined"]'
	perl_start power --privileged
	same "mode of PID 1" "$(seccomp_of "$(init_pid power)")" 0
	perl_start both --privileged --security-opt "seccomp=$(profile '{"name": "getppid", "action": "SCMP_ACT_ERRNO", "errnoRet": 5}')"
	same getppid "$(call both getppid)" 5
}

@test "daemon.json says which profile is the default, and a missing one is an error that names it" {
	perl_start restarted
	sed "s|{|{ \"seccomp-profile\": \"$(profile '{"name": "getppid", "action": "SCMP_ACT_ERRNO", "errnoRet": 6}')\", |" \
		"$SYSCONTAINER_CONFIG" >"$BATS_TEST_TMPDIR/daemon.json"
	export SYSCONTAINER_CONFIG=$BATS_TEST_TMPDIR/daemon.json
	same "getppid before" "$(call restarted getppid)" 0
	syscontainer restart restarted
	same "getppid after" "$(call restarted getppid)" 6
	rm "$BATS_TEST_TMPDIR/profile.json"
	run -125 syscontainer run -d --name none "$(tree_path restarted)" /bin/true
	has_text "$BATS_TEST_TMPDIR/profile.json"
	has_text "seccomp-profile"
	same containers "$(container_names | sort | xargs)" "restarted usual"
	syscontainer stop restarted
	run -125 syscontainer start restarted
	has_text "$BATS_TEST_TMPDIR/profile.json"
	sed -i "s|\"seccomp-profile\": \"[^\"]*\"|\"seccomp-profile\": \"unconfined\"|" "$SYSCONTAINER_CONFIG"
	syscontainer start restarted
	same "mode of PID 1" "$(seccomp_of "$(init_pid restarted)")" 0
}

# --- profiles that are given --------------------------------------------------------------------------------------------

@test "each operator compares an argument, and a rule holds when all of its arguments do" {
	local rules=() code=60 op
	for op in NE:7 LT:3 LE:4 EQ:50 GE:5000 GT:9000; do
		code=$((code + 1)) # of getpgid(N), each in a range of its own
		[[ ${op%:*} != NE ]] || continue
		rules+=("{\"names\": [\"getpgid\"], \"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": $code, \"args\": [{\"index\": 0, \"value\": ${op#*:}, \"op\": \"SCMP_CMP_${op%:*}\"}]}")
	done
	rules+=('{"names": ["getpriority"], "action": "SCMP_ACT_ERRNO", "errnoRet": 70, "args": [{"index": 0, "value": 255, "valueTwo": 2, "op": "SCMP_CMP_MASKED_EQ"}]}')
	rules+=('{"names": ["getpriority"], "action": "SCMP_ACT_ERRNO", "errnoRet": 71, "args": [{"index": 0, "value": 1, "op": "SCMP_CMP_EQ"}, {"index": 1, "value": 3, "op": "SCMP_CMP_EQ"}]}')
	rules+=('{"names": ["flock"], "action": "SCMP_ACT_ERRNO", "errnoRet": 72, "args": [{"index": 0, "value": 7, "op": "SCMP_CMP_NE"}]}')
	perl_start ops --security-opt "seccomp=$(profile "${rules[@]}")"
	same "LT 3" "$(call ops getpgid 2)" 62
	same "LE 4" "$(call ops getpgid 4)" 63
	same "EQ 50" "$(call ops getpgid 50)" 64
	same "GE 5000" "$(call ops getpgid 5000)" 65
	same "none of them" "$(call ops getpgid 40)" 3 # ESRCH
	same "masked" "$(call ops getpriority 258 0)" 70
	same "masked otherwise" "$(call ops getpriority 0 0)" 0
	same "both arguments" "$(call ops getpriority 1 3)" 71
	same "one of two" "$(call ops getpriority 1 0)" 0
	same "NE" "$(call ops flock 9 8)" 72
	same "NE does not hold" "$(call ops flock 7 8)" 9 # EBADF
}

@test "includes and excludes of capabilities, architectures and kernels; unknown names and nulls are no mistake" {
	local arch other=arm64
	case $(uname -m) in x86_64) arch=amd64 ;; aarch64) arch=arm64 other=amd64 ;; *) arch=$(uname -m) ;; esac
	local path
	path=$(profile \
		'{"names": ["getppid"], "action": "SCMP_ACT_ERRNO", "errnoRet": 50, "includes": {"caps": ["CAP_SYS_TIME"]}, "args": null}' \
		'{"names": ["getpgid"], "action": "SCMP_ACT_ERRNO", "errnoRet": 51, "excludes": {"caps": ["CAP_SYS_TIME"]}, "comment": "x"}' \
		"{\"names\": [\"getsid\"], \"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": 52, \"includes\": {\"arches\": [\"$arch\"]}}" \
		"{\"names\": [\"getpriority\"], \"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": 53, \"includes\": {\"arches\": [\"$other\"]}}" \
		'{"names": ["flock", "no_such_call"], "action": "SCMP_ACT_ERRNO", "errnoRet": 54, "includes": {"minKernel": "4.8"}}' \
		'{"names": ["fsync"], "action": "SCMP_ACT_ERRNO", "errnoRet": 55, "includes": {"minKernel": "99.0"}}')
	perl_start with --security-opt "seccomp=$path"
	same "with the capability" "$(call with getppid) $(call with getpgid 0)" "50 0"
	same "arches" "$(call with getsid 0) $(call with getpriority 0 0)" "52 0"
	same "kernels" "$(call with flock 99 0) $(call with fsync 99)" "54 9"
	perl_start without --security-opt "seccomp:$path" --cap-drop SYS_TIME
	same "without the capability" "$(call without getppid) $(call without getpgid 0)" "0 51"
}

@test "a profile is taken as it is at create, and kept over restarts" {
	local path
	path=$(profile '{"name": "getppid", "action": "SCMP_ACT_ERRNO", "errnoRet": 5}')
	tree_perl own
	syscontainer create --name own --security-opt "seccomp=$path" "$(tree_path own)" /bin/sh -c "$SMALL_PROGRAM"
	same inspect "$(field own .SeccompProfile)" "$path"
	echo garbage >"$path"
	syscontainer start own
	same getppid "$(call own getppid)" 5
	rm "$path"
	syscontainer restart own
	same "getppid after a restart" "$(call own getppid)" 5
	same "the copy's mode" "$(stat -c %a "$(container_dir own)/seccomp.json")" 600
}

@test "no profile has to allow what we do ourselves before the program runs" {
	local path
	path=$(profile '{"names": ["setuid", "setresuid", "setresgid", "setgroups", "capset", "prctl", "umask", "chdir", "seccomp", "close_range", "setsid"], "action": "SCMP_ACT_KILL_PROCESS"}')
	perl_start strict --security-opt "seccomp=$path" -u daemon --cap-drop ALL
	same user "$(stat -c %u "/proc/$(init_pid strict)")" "$(($(field strict .HostConfig.UserRemap | cut -d: -f1) + 1))"
	same user "$(syscontainer exec -u 33 strict id -u)" 33
	run -159 syscontainer exec strict /usr/bin/perl -e 'umask(0)' # 128 + SIGSYS
	syscontainer rm -f strict
	tree_remove strict
	perl_start strict --security-opt "seccomp=$path" --security-opt no-new-privileges -u daemon
	same user "$(syscontainer exec strict id -u)" 1
}

@test "a profile that is none is refused with file and place, and nothing is made" {
	local rule message
	while IFS='|' read -r rule message; do
		run -125 syscontainer create --security-opt "seccomp=$(profile "$rule")" "$(tree_path usual)" /bin/true
		has_text "Invalid value \"seccomp=$BATS_TEST_TMPDIR/profile.json\" for flag --security-opt"
		has_text "$message"
	done <<-'END'
		{"name": "x"}|syscalls[0].action: required, but missing
		{"name": "x", "action": "SCMP_ACT_NOTIFY"}|syscalls[0].action: expected one of SCMP_ACT_ALLOW
		{"name": "x", "action": "allow"}|syscalls[0].action: expected one of
		{"action": "SCMP_ACT_ALLOW"}|syscalls[0]: give either names or name
		{"name": "x", "names": ["y"], "action": "SCMP_ACT_ALLOW"}|syscalls[0]: give either names or name
		{"name": "x", "action": "SCMP_ACT_ERRNO", "errnoRet": 4096}|syscalls[0]: errnoRet: 4096 is not between 0 and 4095
		{"name": "x", "action": "SCMP_ACT_ERRNO", "errno": 1}|syscalls[0].errno: unknown key; there are:
		{"name": "x", "action": "SCMP_ACT_ERRNO", "args": [{"index": 6, "value": 1, "op": "SCMP_CMP_EQ"}]}|syscalls[0]: args[0].index: 6 is not between 0 and 5
		{"name": "x", "action": "SCMP_ACT_ERRNO", "args": [{"index": 0, "value": -1, "op": "SCMP_CMP_EQ"}]}|syscalls[0].args[0].value: expected
		{"name": "x", "action": "SCMP_ACT_ERRNO", "args": [{"index": 0, "value": 1, "op": "=="}]}|syscalls[0].args[0].op: expected one of
		{"name": "x", "action": "SCMP_ACT_ERRNO", "includes": {"caps": ["CAP_X"]}}|syscalls[0]: includes: caps[0]: unknown capability
		{"name": "x", "action": "SCMP_ACT_ERRNO", "includes": {"minKernel": "five"}}|minKernel
	END
	printf '{' >"$BATS_TEST_TMPDIR/cut"
	echo '{ "defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_VAX"] }' >"$BATS_TEST_TMPDIR/vax"
	echo '{ "defaultAction": "SCMP_ACT_ALLOW", "listenerPath": "/x" }' >"$BATS_TEST_TMPDIR/listener"
	{ echo '{ "defaultAction": "SCMP_ACT_ALLOW" }' && head -c 1048576 /dev/zero | tr '\0' ' '; } >"$BATS_TEST_TMPDIR/large"
	mkfifo "$BATS_TEST_TMPDIR/fifo"
	mkdir "$BATS_TEST_TMPDIR/folder"
	ln -s loop "$BATS_TEST_TMPDIR/loop"
	for name in cut vax listener large fifo folder loop missing; do
		run -125 timeout 5 syscontainer create --security-opt "seccomp=$BATS_TEST_TMPDIR/$name" "$(tree_path usual)" /bin/true
		has_text "$BATS_TEST_TMPDIR/$name"
	done
	same containers "$(container_names)" usual
	same "state" "$(ls -A "$SYSCONTAINER_ROOT/containers")" "$(container_id usual)"
}
