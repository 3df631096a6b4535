#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Capabilities, no-new-privileges, security modules, limits of processes, umask: for PID 1 and for exec, as the kernel shows them.

load common
load small

setup_file() {
	e2e_begin '"stop-timeout": "3s"'
	small_start usual
	e2e_keep
}

status_of_init() { # NAME KEY
	awk -v key="$2:" '$1 == key { print $2 }' "/proc/$(init_pid "$1")/status"
}

status_of_exec() { # NAME KEY [OPTION OF exec]...
	syscontainer exec "${@:3}" "$1" cat /proc/self/status | awk -v key="$2:" '$1 == key { print $2 }'
}

# What this host's root could give at most: its own bounding set, without the given capability numbers.
set_without() { # [NUMBER]...
	local set number
	set=$((16#$(awk '$1 == "CapBnd:" { print $2 }' /proc/self/status)))
	for number; do set=$((set & ~(1 << number))); done
	printf '%016x' "$set"
}

# In the user namespace of a guest all exist.
full_without() { # [NUMBER]...
	local set number
	set=$(((2 << $(</proc/sys/kernel/cap_last_cap)) - 1))
	for number; do set=$((set & ~(1 << number))); done
	printf '%016x' "$set"
}

# All sets of PID 1 and of exec as root are `wanted`, and none is inheritable or ambient.
has_capabilities() { # NAME WANTED
	local of
	for of in status_of_init status_of_exec; do
		same "sets by $of" "$($of "$1" CapPrm) $($of "$1" CapEff) $($of "$1" CapBnd) $($of "$1" CapInh) $($of "$1" CapAmb)" \
			"$2 $2 $2 0000000000000000 0000000000000000"
	done
}

limit_of() { # PID "NAME IN limits": soft and hard
	sed -nE "s/^$2 +([^ ]+) +([^ ]+).*/\1 \2/p" "/proc/$1/limits"
}

limit_in_exec() { # NAME "NAME IN limits"
	syscontainer exec "$1" cat /proc/self/limits | sed -nE "s/^$2 +([^ ]+) +([^ ]+).*/\1 \2/p"
}

# --- capabilities -------------------------------------------------------------------------------------------------------

@test "the default capabilities: all but what no container has, and less where root is the host's" {
	has_capabilities usual "$(full_without 16 17 37)"
	small_start host --user-remap none
	has_capabilities host "$(set_without 16 17 25 32 33 34 35 36 37)"
	small_start power --privileged
	has_capabilities power "$(set_without)"
}

@test "another user than root has none, and the same bounding set" {
	same "effective" "$(status_of_exec usual CapEff -u daemon)" 0000000000000000
	same "permitted" "$(status_of_exec usual CapPrm -u daemon)" 0000000000000000
	same "bounding" "$(status_of_exec usual CapBnd -u daemon)" "$(full_without 16 17 37)"
	small_start user -u daemon
	same "effective of PID 1" "$(status_of_init user CapEff)" 0000000000000000
}

@test "--cap-add and --cap-drop take names of any case, with or without CAP_, and ALL; restart keeps them" {
	small_start tuned --cap-drop CAP_NET_RAW --cap-drop sys_time --cap-add sys_rawio --cap-add SYS_TIME
	has_capabilities tuned "$(full_without 13 16 25 37)" # what is both added and dropped is dropped
	same added "$(field tuned 'json .HostConfig.CapAdd')" '["SYS_RAWIO","SYS_TIME"]'
	same dropped "$(field tuned 'json .HostConfig.CapDrop')" '["NET_RAW","SYS_TIME"]'
	syscontainer restart tuned
	has_capabilities tuned "$(full_without 13 16 25 37)"
	small_start few --cap-drop all --cap-add Kill --cap-add cap_setuid
	has_capabilities few 00000000000000a0
	small_start none --cap-drop ALL
	has_capabilities none 0000000000000000
	small_start most --cap-add ALL --cap-drop MKNOD
	has_capabilities most "$(full_without 27)"
	small_start power --privileged --cap-drop sys_module
	has_capabilities power "$(set_without 16)"
}

# --- no-new-privileges and security modules -----------------------------------------------------------------------------

@test "no-new-privileges holds for PID 1 and exec, in each of its forms" {
	local form
	same "without it" "$(status_of_init usual NoNewPrivs) $(status_of_exec usual NoNewPrivs)" "0 0"
	for form in no-new-privileges no-new-privileges=true no-new-privileges:true; do
		small_start "with" --security-opt "$form"
		same "$form" "$(status_of_init with NoNewPrivs) $(status_of_exec with NoNewPrivs) $(status_of_exec with NoNewPrivs -u daemon)" "1 1 1"
		same "filter" "$(status_of_init with Seccomp) $(status_of_exec with Seccomp)" "2 2"
		same inspect "$(field with .NoNewPrivileges) $(field with 'json .HostConfig.SecurityOpt')" 'true ["no-new-privileges"]'
		syscontainer rm -f "with"
		tree_remove "with"
	done
	has_field usual .NoNewPrivileges false
}

@test "a label of a security module that is not on here is refused with the reason" {
	if [[ ! -e /sys/fs/selinux/enforce ]]; then
		run -125 syscontainer create --security-opt label=type:container_t "$(tree_path usual)" /bin/true
		has_text "SELinux is not on here"
	fi
	if [[ $(cat /sys/module/apparmor/parameters/enabled 2>/dev/null) != Y ]]; then
		run -125 syscontainer create --security-opt apparmor=docker-default "$(tree_path usual)" /bin/true
		has_text "AppArmor is not on here"
	fi
	small_start plain --security-opt label=disable --security-opt apparmor=unconfined
	same inspect "$(field plain 'json .HostConfig.SecurityOpt') $(field plain .ProcessLabel)" '["apparmor=unconfined","label=disable"] unconfined'
}

# --- limits of processes ------------------------------------------------------------------------------------------------

@test "--ulimit is in force for PID 1 and exec, and kept over a restart" {
	small_start limited --ulimit nofile=100:200 --ulimit core=0 --ulimit stack=1048576 --ulimit nproc=-1 --ulimit nproc=500:600
	for round in 1 2; do
		for name in "Max open files:100 200" "Max core file size:0 0" "Max stack size:1048576 1048576" "Max processes:500 600"; do
			same "${name%:*} of PID 1" "$(limit_of "$(init_pid limited)" "${name%:*}")" "${name#*:}"
			same "${name%:*} of exec" "$(limit_in_exec limited "${name%:*}")" "${name#*:}"
		done
		[[ $round == 2 ]] || syscontainer restart limited
	done
	same inspect "$(field limited 'json .HostConfig.Ulimits' | jq -c '.[0]')" '{"Name":"nofile","Hard":200,"Soft":100}'
}

@test "default-ulimits and native.umask of daemon.json count from the next start on, and --ulimit wins by name" {
	same "umask before" "$(syscontainer exec usual sh -c umask)" 0022
	sed 's|{|{ "native.umask": "secure", "default-ulimits": { "nofile": { "name": "nofile", "hard": 900, "soft": 800 }, "core": { "soft": 1, "hard": -1 } }, |' \
		"$SYSCONTAINER_CONFIG" >"$BATS_TEST_TMPDIR/daemon.json"
	small_start own --ulimit nofile=700
	export SYSCONTAINER_CONFIG=$BATS_TEST_TMPDIR/daemon.json
	same "exec in what runs already" "$(limit_in_exec own "Max open files") $(syscontainer exec own sh -c umask)" "700 700 0022"
	syscontainer restart own
	same "its own" "$(limit_of "$(init_pid own)" "Max open files")" "700 700"
	same "the default" "$(limit_of "$(init_pid own)" "Max core file size") $(limit_in_exec own "Max core file size")" "1 unlimited 1 unlimited"
	same "umask of exec" "$(syscontainer exec own sh -c umask)" 0027
	same "umask of PID 1" "$(awk '$1 == "Umask:" { print $2 }' "/proc/$(init_pid own)/status")" 0027
	same inspect "$(field own 'json .HostConfig.Ulimits')" '[{"Name":"nofile","Hard":700,"Soft":700}]'
}

@test "a hard limit above our own is raised where the host lets its root do that, and else refused" {
	tree_small raised >/dev/null
	if ((16#$(set_without) >> 24 & 1)); then # CAP_SYS_RESOURCE
		syscontainer run -d --name raised --ulimit nice=30:35 "$(tree_path raised)" /bin/sh -c "$SMALL_PROGRAM"
		same "limit of PID 1" "$(limit_of "$(init_pid raised)" "Max nice priority")" "30 35"
		same "limit of exec" "$(limit_in_exec raised "Max nice priority")" "30 35"
	else
		run -125 syscontainer run -d --name raised --ulimit nice=30:35 "$(tree_path raised)" /bin/sh -c "$SMALL_PROGRAM"
		has_text "cannot set the ulimit nice to 30:35: Operation not permitted"
	fi
}

@test "a limit that the kernel refuses fails the start with its name" {
	tree_small high >/dev/null
	run -125 syscontainer run -d --name high --ulimit nofile=2147483648 "$(tree_path high)" /bin/true
	has_text "cannot set the ulimit nofile to 2147483648:2147483648"
	syscontainer rm -f high
	run -125 syscontainer run -d --name high --ulimit nofile=2 "$(tree_path high)" /bin/true
	has_text nofile
}

# --- bad input ----------------------------------------------------------------------------------------------------------

@test "bad values are refused with option, value and reason, and nothing is made" {
	local option value why
	while IFS=' ' read -r option value why; do
		run -125 --separate-stderr syscontainer create "$option=$value" "$(tree_path usual)" /bin/true
		# shellcheck disable=SC2154 # set by run
		has_text "Invalid value \"$value\" for flag $option: $why" "$stderr"
	done <<-'END'
		--cap-add SYS_EVERYTHING Unknown capability to add: 'SYS_EVERYTHING'
		--cap-drop 21 Unknown capability to drop: '21'
		--cap-add CAP_CAP_CHOWN Unknown capability to add: 'CAP_CAP_CHOWN'
		--security-opt nonsense use seccomp=
		--security-opt no-new-privileges=maybe "maybe"
		--security-opt label=colour:red use label=user:X
		--security-opt label=type:a/b label type: "a/b"
		--security-opt label use label=user:X
		--security-opt apparmor= AppArmor profile: ""
		--security-opt seccomp= use seccomp=FILE
		--ulimit nofile Invalid ulimit argument: "nofile", use NAME=SOFT[:HARD]
		--ulimit =5 Invalid ulimit argument: "=5", delimiter '=' can't be the first or the last character
		--ulimit nofile= Invalid ulimit argument: "nofile=", delimiter '=' can't be the first or the last character
		--ulimit nofile=:5 Invalid ulimit argument: ":5", delimiter ':' can't be the first or the last character
		--ulimit nofile=5: Invalid ulimit argument: "5:", delimiter ':' can't be the first or the last character
		--ulimit nofile=1:2:3 Too many limit value arguments: "1:2:3"
		--ulimit files=5 Invalid ulimit type: "files"
		--ulimit as=5 Invalid ulimit type: "as"
		--ulimit nofile=x Invalid ulimit soft value: "x"
		--ulimit nofile=1:x Invalid ulimit hard value: "x"
		--ulimit nofile=-2 Invalid ulimit soft value: "-2"
		--ulimit nofile=5:4 Ulimit soft limit must be less than or equal to hard limit: 5 > 4
		--ulimit nofile=-1:4 Ulimit soft limit must be less than or equal to hard limit: -1 > 4
		--ulimit nofile=9223372036854775808 Invalid ulimit soft value: "9223372036854775808"
	END
	run -125 syscontainer create --security-opt seccomp=unconfined --security-opt seccomp=/x "$(tree_path usual)" /bin/true
	has_text 'Invalid value "seccomp=/x" for flag --security-opt'
	run -125 syscontainer create --security-opt label=disable --security-opt label=type:x "$(tree_path usual)" /bin/true
	has_text contradict
	run -125 syscontainer create --security-opt $'apparmor=a\nlxc.hook.start=/x' "$(tree_path usual)" /bin/true
	has_text "AppArmor profile"
	same containers "$(container_names)" usual
}
