#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# What scripts read: ps, inspect, stats, top, events, info and version, as text and as JSON.

load common
load small

setup_file() {
	e2e_begin '"stop-timeout": "5s"'
	guest_start web --label role=front --label bare --hostname front -e COLOR=blue
	small_create idle --label role=back
	small_start gone
	syscontainer stop gone >/dev/null
	e2e_keep
}

names() { # OPTION OF ps...
	syscontainer ps --format '{{.Names}}' "$@" | xargs
}

time_pattern='^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})$'

# --- ps -----------------------------------------------------------------------------------------------------------------------

@test "ps prints the columns of the reference" {
	run -0 syscontainer ps
	[[ ${lines[0]} =~ ^"CONTAINER ID"\ +IMAGE\ +COMMAND\ +CREATED\ +STATUS\ +PORTS\ +NAMES$ ]]
	same "number of lines" "${#lines[@]}" 2
	[[ ${lines[1]} =~ ^$(container_id web | cut -c1-12)\ +none\ +\"/sbin/init\"\ +.*\ ago\ +Up\ .*\ web$ ]]
}

@test "ps shows running containers, with -a all, the last started first" {
	same ps "$(names)" web
	same "ps -a" "$(names -a)" "gone web idle"
	same "ps -n 2" "$(names -n 2)" "gone idle"
	same "ps -l" "$(names -l)" gone
	same "ps -aq" "$(syscontainer ps -aq | xargs)" "$(for i in gone web idle; do container_id $i | cut -c1-12; done | xargs)"
	same "ps -q --no-trunc" "$(syscontainer ps -q --no-trunc)" "$(container_id web)"
}

@test "ps filters by id, name, label and status" {
	same name "$(names -a -f name=^i)" idle
	same id "$(names -a -f "id=^$(container_id gone | cut -c1-16)")" gone
	same "label with a value" "$(names -a -f label=role=back)" idle
	same "label without a value" "$(names -a -f label=role)" "web idle"
	same "both labels" "$(names -a -f label=role -f label=bare)" web
	same status "$(names -f status=exited)" gone
	same statuses "$(names -f status=inited -f status=running)" "web idle"
	same created "$(names -f status=created)" idle
	same last "$(names -f last_n=1)" gone
	run -1 syscontainer ps -f colour=red
	has_text "Invalid filter 'colour'"
	run -1 syscontainer ps -f status=happy
	has_text happy
}

@test "ps --format prints fields, tables and JSON" {
	run -0 syscontainer ps -a --format '{{.Names}}|{{.State}}|{{.ExitCode}}|{{.Image}}|{{.Runtime}}|{{.RestartCount}}' -f name=gone
	same fields "$output" "gone|exited|7|none|lxc|0"
	run -0 syscontainer ps --format '{{.ID}} {{.Pid}}'
	same "id and pid" "$output" "$(container_id web | cut -c1-12) $(init_pid web)"
	run -0 syscontainer ps --format 'table {{.Names}}\t{{.State}}'
	[[ ${lines[0]} =~ ^NAMES\ +STATE$ && ${lines[1]} =~ ^web\ +running$ ]]
	run -1 syscontainer ps --format '{{.Colour}}'
	has_text "--format not support the field: Colour"
	run -0 syscontainer ps -a --format '{{.StartAt}} {{.FinishAt}}' -f name=gone
	[[ ${output% *} =~ $time_pattern && ${output#* } =~ $time_pattern ]]
	run -0 syscontainer ps -a --format json
	same "JSON" "$(jq -r 'map("\(.Names) \(.State) \(.Ready)") | join(", ")' <<<"$output")" "gone exited false, web running true, idle inited false"
	[[ $(jq -r '.[0].CreatedAt' <<<"$output") =~ $time_pattern ]]
}

@test "the states of a container and their words" {
	same inited "$(names -a --format '{{.State}} {{.Status}}' -f name=idle)" "inited Created"
	[[ $(names -a --format '{{.Status}}' -f name=gone) == "Exited (7) "*" ago" ]]
	syscontainer pause web
	paused=$(names --format '{{.State}} {{.Status}}')
	syscontainer unpause web
	[[ $paused == "paused Up "*" (Paused)" ]] || e2e_die "$paused"
}

@test "a guest's words do not break the lines of ps" {
	tree_small odd >/dev/null
	syscontainer create --name odd "$(tree_path odd)" /bin/sh -c $'a\nb\e[2J' >/dev/null
	run -0 syscontainer ps -a --no-trunc
	same "number of lines" "${#lines[@]}" 5
	[[ $output != *$'\e'* ]]
	run -0 syscontainer inspect odd
	same argument "$(jq -r '.[0].Args[1]' <<<"$output")" $'a\nb\e[2J'
}

# --- inspect -------------------------------------------------------------------------------------------------------------------

@test "inspect prints an array of documents with the keys of the reference" {
	run -0 syscontainer inspect web idle
	same names "$(jq -r 'map(.Name) | join(" ")' <<<"$output")" "web idle"
	same id "$(jq -r '.[0].Id' <<<"$output")" "$(container_id web)"
	for key in Id Created Path Args State Resources Image HostnamePath LogPath Name RestartCount HostConfig GraphDriver Mounts Config NetworkSettings; do
		jq -e ".[0] | has(\"$key\")" <<<"$output" >/dev/null || e2e_die "$key is missing"
	done
	for key in Status Running Paused Restarting Pid ExitCode Error StartedAt FinishedAt Health; do
		jq -e ".[0].State | has(\"$key\")" <<<"$output" >/dev/null || e2e_die "State.$key is missing"
	done
	for key in NetworkMode GroupAdd IpcMode Privileged SystemContainer UserRemap AutoRemove RestartPolicy CapAdd Memory NanoCpus CpusetCpus \
		PidsLimit FilesLimit Hugetlbs HostChannel EnvTargetFile ExternalRootfs CgroupParent; do
		jq -e ".[0].HostConfig | has(\"$key\")" <<<"$output" >/dev/null || e2e_die "HostConfig.$key is missing"
	done
	same config "$(jq -c '.[0].Config | [.Hostname, .Tty, .Labels.role, .Labels.bare, (.Env | index("COLOR=blue") != null)]' <<<"$output")" \
		'["front",false,"front","",true]'
	[[ $(jq -r '.[0].State.StartedAt' <<<"$output") =~ $time_pattern ]]
	[[ -e $(jq -r '.[0].LogPath' <<<"$output") ]]
}

@test "inspect -f prints fields, bare or as JSON, one a line" {
	same status "$(syscontainer inspect -f '{{.State.Status}}' web)" running
	same json "$(syscontainer inspect -f '{{json .State.Status}}' web)" '"running"'
	same "two groups" "$(syscontainer inspect -f '{{.Name}} {{json .HostConfig.CgroupParent}}' web)" $'web\n'"\"/$E2E_CGROUP\""
	same "two containers" "$(syscontainer inspect -f '{{.Name}}' web idle)" $'web\nidle'
	same object "$(syscontainer inspect -f '{{json .Config.Labels}}' web | jq -cS .)" '{"bare":"","role":"front"}'
	syscontainer inspect -f '{{json .}}' web | jq -e .Id >/dev/null
	run -1 syscontainer inspect -f '{{.State.Colour}}' web
	has_text ".State.Colour"
	run -1 syscontainer inspect -f '{{.State' web
	has_text "Template parsing error"
}

@test "inspect shows what there is when one of several is not there" {
	run --separate-stderr -1 syscontainer inspect idle nowhere web
	same names "$(jq -r 'map(.Name) | join(" ")' <<<"$output")" "idle web"
	# shellcheck disable=SC2154 # set by run
	has_text "No such object:nowhere" "$stderr"
}

# --- stats and top -----------------------------------------------------------------------------------------------------------------

@test "stats measures what runs, and all with -a" {
	run -0 syscontainer stats --no-stream
	[[ ${lines[0]} =~ ^CONTAINER\ +"CPU %"\ +"MEM USAGE / LIMIT"\ +"MEM %"\ +"BLOCK I / O"\ +PIDS\ +FILES$ ]]
	[[ ${lines[1]} =~ ^$(container_id web | cut -c1-12)\ +[0-9.]+%\ +[0-9.]+[KMG]iB\ /\ [0-9.]+[MGT]iB\ +[0-9.]+%\ +.*\ +[0-9]+\ +-$ ]]
	same "number of lines" "${#lines[@]}" 2
	run -0 syscontainer stats --no-stream -a --format json
	same names "$(jq -r 'map(.NAME) | join(" ")' <<<"$output")" "gone idle web"
	same "an idle one" "$(jq -c '.[1] | [.Status, .PIDS, .MemUsed]' <<<"$output")" '["inited",0,0]'
	jq -e '.[2] | .PIDS > 2 and .MemUsed > 1000000 and .CpuUseNanos > 0 and .MemLimit > 1000000' <<<"$output" >/dev/null
	run -0 syscontainer stats --no-stream --original web
	[[ ${lines[0]} =~ ^ID\ +PIDS\ +Status\ +CpuUseNanos\ +CpuSystemUse\ +OnlineCpus\ +BlkioRead\ +BlkioWrite\ +MemUsed\ +MemLimit\ +KmemUsed\ +CacheUsage\ +NAME$ ]]
}

cpu_time() { # NAME: in nanoseconds
	syscontainer stats --no-stream --format json "$1" | jq '.[0].CpuUseNanos'
}

@test "stats sees a guest that works" {
	local before after
	before=$(cpu_time web)
	# Some 200000 times of a loop take well above 10 ms of any processor, however long they wait for one.
	# shellcheck disable=SC2016 # for the guest's shell
	syscontainer exec web sh -c 'i=0; while [ "$i" -lt 200000 ]; do i=$((i + 1)); done'
	after=$(cpu_time web)
	[[ $((after - before)) -gt 10000000 ]] || e2e_die "$after is not enough above $before"
	syscontainer exec web sh -c 'while :; do :; done' 3>&- &
	busy=$!
	wait_for 5 syscontainer exec web pgrep -f 'while :'
	run -0 syscontainer stats --no-stream --format json web
	kill "$busy"
	syscontainer exec web pkill -f 'while :' || true
	jq -e '.[0].CpuPercent > 0' <<<"$output" >/dev/null || e2e_die "$output"
}

@test "top shows a container's processes by the host's ps" {
	run -0 syscontainer top web
	[[ ${lines[0]} =~ ^UID\ +PID\ +PPID\ +C\ +STIME\ +TTY\ +TIME\ +CMD$ ]]
	has_text systemd-journald
	[[ $output != *syscontainer-monitor* ]]
	run -0 syscontainer top web -o pid,comm
	[[ ${lines[1]} =~ ^\ *$(init_pid web)\ +systemd$ ]]
	run -0 syscontainer top --format json web
	same "PID 1" "$(jq -r '.[] | select(.PID == "'"$(init_pid web)"'") | .CMD' <<<"$output")" /sbin/init
	run -1 syscontainer top web -o comm
	has_text "PID"
	run -1 syscontainer top idle
	has_text "Container idle is not running"
}

# --- events ------------------------------------------------------------------------------------------------------------------------

@test "events tells what happened, in order, as text and as JSON" {
	since=$(date -u +%Y-%m-%dT%H:%M:%S.%NZ)
	small_start brief
	syscontainer exec brief true
	syscontainer pause brief
	syscontainer unpause brief
	syscontainer stop brief
	syscontainer rm brief
	until=$(date -u +%Y-%m-%dT%H:%M:%S.%NZ)
	run -0 timeout 10 syscontainer events --since "$since" --until "$until" --name '^brief$' --format json
	actions=$(jq -r .Action <<<"$output" | sed 's/:.*//' | xargs)
	wanted="create starting start ready exec_create exec_start exec_die pause unpause stopping die stop destroy"
	seen=$(tr ' ' '\n' <<<"$actions" | grep -xFf <(tr ' ' '\n' <<<"$wanted") | xargs)
	same events "$(tr ' ' '\n' <<<"$seen" | grep -xE 'create|start|pause|unpause|die|destroy' | xargs)" "create start pause unpause die destroy"
	same "exit code" "$(jq -r 'select(.Action == "die") | .Actor.Attributes.exitCode' <<<"$output")" 7
	run -0 timeout 10 syscontainer events --since "$since" --until "$until" --name '^brief$'
	[[ ${lines[0]} =~ ^[0-9T:.-]+[^\ ]*\ container\ create\ [0-9a-f]{64}\ \(.*image=none,\ name=brief.*\)$ ]]
}

@test "events follows what comes, until its end" {
	local since follower out=$BATS_TEST_TMPDIR/out
	since=$(date -u +%Y-%m-%dT%H:%M:%S.%NZ)
	small_create sooner
	syscontainer events --since "$since" --name '^(sooner|later)$' >"$out" 3>&- &
	follower=$!
	wait_for 20 grep -q " container create $(container_id sooner)" "$out"
	small_create later
	wait_for 20 grep -q " container create $(container_id later)" "$out"
	kill "$follower"
	run -0 timeout 20 syscontainer events --until "$(date -u -d '1 second' +%Y-%m-%dT%H:%M:%S.%NZ)" --name '^nobody$'
	same events "$output" ""
}

# --- info and version ----------------------------------------------------------------------------------------------------------------

@test "info counts containers and names what is in force" {
	run -0 syscontainer info
	has_text "Containers: 3"
	has_text " Running: 1"
	has_text " Stopped: 2"
	has_text "iSulad Root Dir: $SYSCONTAINER_ROOT"
	run -0 syscontainer info --format json
	same counts "$(jq -c '[.Containers, .ContainersRunning, .ContainersPaused, .ContainersStopped, .ContainersBroken // 0]' <<<"$output")" "[3,1,0,2,0]"
	same places "$(jq -r '[.RootDir, .RunDir, .ConfigFile, .CgroupParent] | join(" ")' <<<"$output")" \
		"$SYSCONTAINER_ROOT $SYSCONTAINER_RUN $SYSCONTAINER_CONFIG /$E2E_CGROUP"
}

@test "version, and --version" {
	run -0 syscontainer version
	[[ $output =~ Client:.*Version:.*Server:.*Version: ]]
	number=$(syscontainer version --format json | jq -r .Client.Version)
	run -0 syscontainer --version
	has_text "$number"
}

@test "output to a full or closed device is an error" {
	local command
	for command in "ps -a" "inspect web" "info" "version" "logs web"; do
		# shellcheck disable=SC2086 # words are words
		run bash -c 'syscontainer "$@" >/dev/full' bash $command
		[[ $status -ne 0 ]] || e2e_die "$command did not see that its output was lost"
	done
}
