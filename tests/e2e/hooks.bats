#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# OCI hooks: what is run when, what it is told, and what its failure does.
# shellcheck disable=SC2030,SC2031 # each test is a subshell, and meant to be
# shellcheck disable=SC2154 # stderr is set by run
# shellcheck disable=SC2016 # jq's own variables

load common
load small

setup() {
	HOOKS=$E2E_DIR/hooks
	mkdir -m 711 "$HOOKS"
	daemon_json=$(<"$SYSCONTAINER_CONFIG")
}

teardown() {
	echo "$daemon_json" >"$SYSCONTAINER_CONFIG"
	e2e_clean
	rm -rf "$HOOKS"
}

# A hook program that runs the given lines of a shell.
hook_program() { # NAME LINES
	printf '#!/bin/sh\n%s\n' "$2" >"$HOOKS/$1"
	chmod 755 "$HOOKS/$1"
}

# hooks.json of the given members: "STAGE: PATH [JSON MEMBER]..."
hook_spec() { # JSON
	echo "$1" >"$HOOKS/hooks.json"
}

one_hook() { # STAGE NAME LINES [JSON MEMBER]
	hook_program "$2" "$3"
	hook_spec "{ \"$1\": [ { \"path\": \"$HOOKS/$2\"${4:+, $4} } ] }"
}

# Each hook adds a line to $HOOKS/order.
hook_for_each_stage() {
	hook_program note "printf '%s %s\\n' \"\$1\" \"\$(cat)\" >>$HOOKS/order"
	hook_spec "{ \"prestart\": [ $(noting prestart) ], \"poststart\": [ $(noting poststart) ], \"poststop\": [ $(noting poststop) ] }"
}

noting() { # WORD
	echo "{ \"path\": \"$HOOKS/note\", \"args\": [ \"note\", \"$1\" ] }"
}

daemon_hooks() { # FILE
	jq --arg file "$1" '. + {"hook-spec": $file}' <<<"$daemon_json" >"$SYSCONTAINER_CONFIG"
}

words() { # the first words of the lines of order
	awk '{ printf "%s%s", sep, $1; sep = " " }' "$HOOKS/order"
}

state_at() { # STAGE: the JSON that its hook read
	sed -n "s/^$1 //p" "$HOOKS/order"
}

no_process_runs() { # PATTERN
	! pgrep -f "$1" >/dev/null
}

@test "hooks run at prestart, poststart and poststop, and each gets the state that OCI says" {
	hook_for_each_stage
	small_start web --hook-spec "$HOOKS/hooks.json" --annotation "org.example.note=a b" --annotation 'quote="x\y'
	same order "$(words)" "prestart poststart"
	pid=$(init_pid web)
	id=$(container_id web)
	syscontainer stop web
	same order "$(words)" "prestart poststart poststop"
	for stage in prestart:created poststart:running; do
		state=$(state_at "${stage%:*}")
		same status "$(jq -r .status <<<"$state")" "${stage#*:}"
		same pid "$(jq -r .pid <<<"$state")" "$pid"
		same root "$(jq -r .root <<<"$state")" "/proc/$pid/root"
		same id "$(jq -r .id <<<"$state")" "$id"
		same bundle "$(jq -r .bundle <<<"$state")" "$SYSCONTAINER_ROOT/containers/$id"
		same version "$(jq -r .ociVersion <<<"$state")" "1.0.2"
		same annotation "$(jq -r '.annotations["org.example.note"]' <<<"$state")" "a b"
		same annotation "$(jq -r .annotations.quote <<<"$state")" '"x\y'
	done
	state=$(state_at poststop)
	same status "$(jq -r .status <<<"$state")" stopped
	same pid "$(jq -r .pid <<<"$state")" 0
	same root "$(jq -r .root <<<"$state")" "$(tree_path web)"
	same HookSpec "$(field web .HostConfig.HookSpec)" "$HOOKS/hooks.json"
}

@test "at prestart the guest is complete and nothing of it runs: what is changed there PID 1 finds" {
	local remap
	one_hook prestart mounts "pid=\$(sed 's/.*\"pid\":\\([0-9]*\\).*/\\1/')
readlink /proc/\$pid/exe >$HOOKS/exe
ls -d /proc/\$pid/root/run/host >$HOOKS/host
nsenter --net=/proc/\$pid/ns/net ip address add 192.0.2.7/32 dev lo"
	for remap in auto none; do
		small_start "web-$remap" --user-remap "$remap" --hook-spec "$HOOKS/hooks.json"
		has_text "syscontainer-stub" "$(<"$HOOKS/exe")"
		has_text /run/host "$(<"$HOOKS/host")"
		run -0 in_guest "web-$remap" cat /proc/1/net/fib_trie
		has_text 192.0.2.7
		syscontainer stop "web-$remap"
	done
}

@test "the environment is exactly the listed entries and ours, which do not replace them" {
	local hidden=secret
	export hidden
	hook_program show "tr '\\0' '\\n' </proc/\$\$/environ | sort >$HOOKS/environment"
	hook_spec "{ \"prestart\": [ { \"path\": \"$HOOKS/show\", \"env\": [ \"MINE=1 2\", \"LXC_NAME=other\", \"EMPTY=\" ] } ] }"
	small_start web --hook-spec "$HOOKS/hooks.json" -e GUEST=1
	pid=$(init_pid web)
	id=$(container_id web)
	same environment "$(<"$HOOKS/environment")" "$(sort <<-END
		MINE=1 2
		EMPTY=
		LXC_NAME=other
		PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
		LXC_PID=$pid
		LXC_ROOTFS_MOUNT=/proc/$pid/root
		LXC_ROOTFS_PATH=$(tree_path web)
		LXC_CGROUP_PATH=/$E2E_CGROUP/$id
		LXC_CGNS_AWARE=1
		SYSCONTAINER_ROOT=$SYSCONTAINER_ROOT
		SYSCONTAINER_RUN=$SYSCONTAINER_RUN
	END
	)"
	jq '.prestart[0].env = ["PATH=/opt:/usr/bin:/bin"]' "$HOOKS/hooks.json" >"$HOOKS/path.json"
	small_start other --hook-spec "$HOOKS/path.json"
	same PATH "$(grep ^PATH= "$HOOKS/environment")" "PATH=/opt:/usr/bin:/bin"
}

@test "arguments reach the program as they are, without a shell, and the first is its name" {
	hook_program show "tr '\\0' '|' </proc/\$\$/cmdline >$HOOKS/arguments"
	hook_spec "{ \"prestart\": [ { \"path\": \"$HOOKS/show\", \"args\": [ \"name\", \"a b\", \"\$(id);\`id\`\", \"\", \"*\" ] } ] }"
	small_start web --hook-spec "$HOOKS/hooks.json"
	has_text "|a b|\$(id);\`id\`||*|" "$(<"$HOOKS/arguments")"
}

@test "daemon-wide hooks run before the container's; the container's are those of its making, the daemon's those of each start" {
	hook_for_each_stage
	cp "$HOOKS/hooks.json" "$HOOKS/own.json"
	hook_spec "{ \"prestart\": [ $(noting daemon-prestart) ], \"poststop\": [ $(noting daemon-poststop) ] }"
	daemon_hooks "$HOOKS/hooks.json"
	small_start web --hook-spec "$HOOKS/own.json"
	echo broken >"$HOOKS/own.json"
	syscontainer stop web
	same order "$(words)" "daemon-prestart prestart poststart daemon-poststop poststop"
	: >"$HOOKS/order"
	hook_spec "{ \"prestart\": [ $(noting changed) ] }"
	syscontainer start web
	syscontainer stop web
	same order "$(words)" "changed prestart poststart poststop"
	hook_spec "{ \"prestart\": [ { \"path\": 5 } ] }"
	run -125 syscontainer start web
	has_text "$HOOKS/hooks.json: prestart[0].path: expected a string"
	same State "$(field web .State.Status)" exited
}

@test "each boot of a guest that reboots has its own hooks" {
	hook_for_each_stage
	tree_small web >/dev/null
	syscontainer run -d --name web --restart on-failure:1 --hook-spec "$HOOKS/hooks.json" "$(tree_path web)" \
		/bin/sh -c 'sleep 0.2; exit 3' >/dev/null
	wait_for 5 has_field web .State.Status exited
	same order "$(words)" "prestart poststart poststop prestart poststart poststop"
}

@test "a prestart hook that fails ends the start with its own words, and poststop hooks clean up" {
	hook_program fail "echo one >&2; printf 'the disk \\033[31mis gone\\n' >&2; exit 9"
	hook_program note "echo \"\$1\" >>$HOOKS/order"
	hook_spec "{ \"prestart\": [ $(noting first), { \"path\": \"$HOOKS/fail\" }, $(noting never) ], \"poststop\": [ $(noting poststop) ] }"
	small_create web --hook-spec "$HOOKS/hooks.json"
	run -125 --separate-stderr syscontainer start web
	has_text "prestart hook $HOOKS/fail: it failed with exit status 9: one" "$stderr"
	has_text "the disk ?[31mis gone" "$stderr"
	same order "$(words)" "first poststop"
	same status "$(field web .State.Status)" exited
	same code "$(field web .State.ExitCode)" 125
	has_text "exit status 9" "$(field web .State.Error)"
	[[ ! -d $(dirname "$(cgroup_file web pids - -)") ]]
	run -125 syscontainer run --rm --name other --hook-spec "$HOOKS/hooks.json" "$(tree_path web)" /bin/true
	run -0 container_names
	same containers "$output" web
}

@test "what a hook says is cut, so that any amount of it is a message" {
	one_hook prestart talk 'head -c 300000 /dev/zero | tr "\0" "x" >&2; echo "the reason" >&2; exit 1'
	small_create web --hook-spec "$HOOKS/hooks.json"
	run -125 --separate-stderr syscontainer start web
	has_text "it failed with exit status 1: ...xxx" "$stderr"
	[[ ${#stderr} -lt 2100 ]]
}

@test "a hook that is not executable is found at the start: 126; one that is missing: 127" {
	one_hook poststop late true
	small_create web --hook-spec "$HOOKS/hooks.json"
	chmod 644 "$HOOKS/late"
	run -126 syscontainer start web
	has_text "poststop hook 1: $HOOKS/late is not executable: Permission denied"
	rm "$HOOKS/late"
	run -127 syscontainer start web
	has_text "$HOOKS/late: No such file or directory"
	one_hook poststop late true
	syscontainer start web
}

@test "poststart and poststop hooks that fail are told of and change nothing" {
	hook_program fail 'echo "not that bad" >&2; exit 4'
	hook_program die 'kill -9 $$'
	hook_spec "{ \"poststart\": [ { \"path\": \"$HOOKS/fail\" }, { \"path\": \"$HOOKS/die\" } ], \"poststop\": [ { \"path\": \"$HOOKS/fail\" } ] }"
	small_start web --hook-spec "$HOOKS/hooks.json"
	same status "$(field web .State.Status)" running
	run -0 syscontainer logs web
	has_text "poststart hook $HOOKS/fail: it failed with exit status 4: not that bad"
	has_text "poststart hook $HOOKS/die: it was killed by signal 9"
	syscontainer stop web
	same code "$(field web .State.ExitCode)" 7
	run -0 jq -r --arg id "$(container_id web)" 'select(.id == $id and .action == "hook_failed") | .attributes[0,1]' "$SYSCONTAINER_RUN/events.jsonl"
	same "failures in events" "$(xargs <<<"$output")" "stage=poststart index=0 stage=poststart index=1 stage=poststop index=0"
}

@test "start returns when poststart hooks are done, and the guest runs meanwhile" {
	one_hook poststart slow "until [ -e $HOOKS/go ]; do sleep 0.05; done; echo done >$HOOKS/order"
	small_create web --hook-spec "$HOOKS/hooks.json"
	syscontainer start web 3>&- &
	pid=$!
	wait_for 5 has_field web .State.Ready true
	same status "$(field web .State.Status)" running
	run -0 in_guest web cat /proc/1/comm
	same output "$output" sh
	kill -0 "$pid"
	touch "$HOOKS/go"
	wait "$pid"
	same order "$(words)" "done"
}

@test "a hook is killed at its timeout with everything that it started, however often that forked away" {
	one_hook prestart hang "setsid sleep 987651 & (setsid sh -c 'sleep 987652 & sleep 987653' & ) ; (setsid nohup setsid sleep 987654 >/dev/null 2>&1 &) ; sleep 987655" '"timeout": 1'
	small_create web --hook-spec "$HOOKS/hooks.json"
	run -125 syscontainer start web
	has_text "prestart hook $HOOKS/hang: it did not end within 1 s and was killed"
	no_process_runs "sleep 98765[1-5]"
	same status "$(field web .State.Status)" exited
}

@test "what a hook that went well leaves in the background lives on" {
	one_hook prestart daemon "setsid sleep 876543 >/dev/null 2>&1 </dev/null & echo \$! >$HOOKS/pid"
	small_start web --hook-spec "$HOOKS/hooks.json"
	kill "$(<"$HOOKS/pid")"
	wait_for 5 no_process_runs "sleep 876543"
}

@test "while a prestart hook hangs the container can be looked at, stopped and killed" {
	local command
	one_hook prestart hang "touch $HOOKS/hangs; sleep 876501 & sleep 876502"
	jq --arg note "$HOOKS/note" --arg path "$HOOKS" '. + {poststop: [{path: $note}]}' "$HOOKS/hooks.json" >"$HOOKS/both.json"
	hook_program note "echo poststop >>$HOOKS/order"
	small_create web --hook-spec "$HOOKS/both.json"
	for command in "stop -t 60" kill "rm -f"; do
		rm -f "$HOOKS/hangs" "$HOOKS/order"
		syscontainer start web 3>&- 2>"$HOOKS/said" &
		pid=$!
		wait_for 5 test -e "$HOOKS/hangs"
		same status "$(field web .State.Status)" starting
		# shellcheck disable=SC2086 # its words
		run -0 timeout 10 syscontainer $command web
		status=0
		wait "$pid" || status=$?
		same "status of start" "$status" 125
		has_text "stopped while its prestart hooks ran" "$(<"$HOOKS/said")"
		no_process_runs "sleep 87650[12]"
		same order "$(words)" poststop
	done
}

@test "a monitor that is killed in the middle of a hook takes the hook with it, and the start is undone by the next" {
	hook_program hang "touch $HOOKS/hangs; (setsid sleep 876511 &); sleep 876512"
	hook_program note "echo poststop >>$HOOKS/order"
	hook_spec "{ \"prestart\": [ { \"path\": \"$HOOKS/hang\" } ], \"poststop\": [ { \"path\": \"$HOOKS/note\" } ] }"
	small_create web --hook-spec "$HOOKS/hooks.json"
	syscontainer start web 3>&- 2>/dev/null &
	pid=$!
	wait_for 5 test -e "$HOOKS/hangs"
	kill_monitor web
	status=0
	wait "$pid" || status=$?
	[[ $status -ne 0 ]]
	wait_for 5 no_process_runs "sleep 87651[12]"
	syscontainer repair web
	wait_for 5 has_field web .State.Status exited
	same order "$(words)" poststop
}

@test "the guest's end interrupts a poststart hook, and a stop during poststop hooks waits for them" {
	hook_program hang "touch $HOOKS/hangs; sleep 876521"
	hook_program slow "sleep 0.5; echo poststop >>$HOOKS/order"
	hook_spec "{ \"poststart\": [ { \"path\": \"$HOOKS/hang\" } ], \"poststop\": [ { \"path\": \"$HOOKS/slow\" } ] }"
	small_create web --hook-spec "$HOOKS/hooks.json"
	syscontainer start web 3>&- 2>/dev/null &
	pid=$!
	wait_for 5 test -e "$HOOKS/hangs"
	syscontainer stop web
	status=0
	wait "$pid" || status=$?
	[[ $status -ne 0 ]]
	no_process_runs "sleep 876521"
	same order "$(words)" poststop
	same status "$(field web .State.Status)" exited
}

# --- bad input --------------------------------------------------------------------------------------------------------------

@test "a bad hook spec is refused with its path and key, and nothing is made" {
	local json words
	tree_small web >/dev/null
	hook_program good true
	touch "$HOOKS/plain"
	before=$(ls "$SYSCONTAINER_ROOT"/{containers,names,idmap})
	while IFS='~' read -r json words; do
		hook_spec "${json//GOOD/$HOOKS/good}"
		run -125 --separate-stderr syscontainer create --hook-spec "$HOOKS/hooks.json" "$(tree_path web)" /bin/true
		has_text "Invalid value \"$HOOKS/hooks.json\" for flag --hook-spec" "$stderr"
		has_text "${words//HOOKS/$HOOKS}" "$stderr"
	done <<-END
		~HOOKS/hooks.json
		[]~expected an object, found an array
		{"prestart":{}}~prestart: expected an array
		{"startup":[]}~startup
		{"file":"/x"}~file
		{"prestart":[{}]}~prestart[0].path: required, but missing
		{"prestart":[{"path":"GOOD","shell":true}]}~prestart[0].shell
		{"prestart":[{"path":""}]}~prestart[0]: path: "" is not absolute
		{"prestart":[{"path":"bin/true"}]}~prestart[0]: path: "bin/true" is not absolute
		{"poststop":[{"path":"GOOD","timeout":-1}]}~poststop[0]: timeout: -1
		{"poststop":[{"path":"GOOD","timeout":1.5}]}~poststop[0].timeout
		{"poststop":[{"path":"GOOD","timeout":99999999999}]}~poststop[0].timeout
		{"poststart":[{"path":"GOOD","env":["A"]}]}~poststart[0]: env[0]: "A" is not KEY=VALUE
		{"poststart":[{"path":"GOOD","env":["=1"]}]}~poststart[0]: env[0]
		{"poststart":[{"path":"GOOD","args":"x"}]}~poststart[0].args: expected an array of strings
		{"prestart":[{"path":"/nonexistent"}]}~/nonexistent: No such file or directory
		{"prestart":[{"path":"HOOKS"}]}~HOOKS
		{"prestart":[{"path":"/dev/null"}]}~/dev/null is no regular file
		{"prestart":[{"path":"/etc"}]}~/etc is no regular file
		{"prestart":[{"path":"/etc/passwd"}]}~/etc/passwd is not executable
	END
	run -125 syscontainer create --hook-spec hooks.json "$(tree_path web)"
	has_text "hooks.json is no absolute path"
	run -125 syscontainer create --hook-spec "$HOOKS/missing" "$(tree_path web)"
	has_text "$HOOKS/missing: No such file or directory"
	same "what there is" "$(ls "$SYSCONTAINER_ROOT"/{containers,names,idmap})" "$before"
}

@test "a hook spec of ten megabytes is taken, one byte more is refused" {
	tree_small web >/dev/null
	hook_program good true
	{ printf '{"prestart":[{"path":"%s"}]}' "$HOOKS/good" && head -c 11000000 /dev/zero | tr '\0' ' '; } | head -c 10485760 >"$HOOKS/large.json"
	syscontainer create --name web --hook-spec "$HOOKS/large.json" "$(tree_path web)" /bin/true >/dev/null
	echo >>"$HOOKS/large.json"
	run -125 syscontainer create --hook-spec "$HOOKS/large.json" "$(tree_path web)" /bin/true
	has_text "is larger than 10485760 bytes"
}

@test "a bad daemon-wide hook spec is named with daemon.json's key" {
	tree_small web >/dev/null
	daemon_hooks relative
	run -125 syscontainer create "$(tree_path web)" /bin/true
	has_text "$SYSCONTAINER_CONFIG: hook-spec: \"relative\" is not absolute"
	daemon_hooks "$HOOKS/missing.json"
	run -125 syscontainer create "$(tree_path web)" /bin/true
	has_text "$SYSCONTAINER_CONFIG: hook-spec: "
	has_text "$HOOKS/missing.json"
}

@test "a start while poststop hooks run, and a restart is to follow, returns when the guest is up again" {
	local pid
	one_hook poststop slow "touch $HOOKS/began; sleep 0.5"
	small_start web --restart always --hook-spec "$HOOKS/hooks.json"
	pid=$(init_pid web)
	kill -9 "$pid"
	wait_for 10 test -e "$HOOKS/began"
	run -0 timeout 20 syscontainer start web
	has_field web .State.Running true
	[[ $(init_pid web) != "$pid" ]]
}

@test "a unit that is started again does not start a guest that died with its monitor, while poststop hooks run either" {
	local monitor
	one_hook poststop slow "sleep 0.3"
	small_start web --restart no --hook-spec "$HOOKS/hooks.json"
	monitor=$(monitor_pid web)
	kill -9 "$monitor" "$(init_pid web)"
	wait_for 5 is_gone "$monitor" # systemd starts a unit again when its process is reaped
	run -1 env NOTIFY_SOCKET=/nonexistent timeout 20 syscontainer start --notify web
	has_text "container web ended when its monitor was killed"
	has_field web .State.Status exited
}
