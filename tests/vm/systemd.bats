#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# bats file_tags=alone
# Containers and the systemd of their host: units, slices, machines, the journal. Those units know the default set of containers only, so that is what
# is used here, on a host that is thrown away.

load ../e2e/common
load ../e2e/small

use_default_set() {
	export -n SYSCONTAINER_ROOT=/var/lib/syscontainer SYSCONTAINER_RUN=/run/syscontainer
	export -n SYSCONTAINER_CONFIG
}

setup_file() {
	local prefix
	prefix=$(dirname "$(dirname "$(command -v syscontainer)")")
	e2e_begin
	rm -rf --one-file-system "$SYSCONTAINER_RUN"
	use_default_set
	systemctl stop syscontainer-lxcfs.service 2>/dev/null || true # of a package that is installed
	[[ -d $SYSCONTAINER_RUN ]] || mkdir -m 711 "$SYSCONTAINER_RUN"
	cp "$prefix"/lib/systemd/system/syscontainer* /run/systemd/system/
	systemctl daemon-reload
	e2e_keep
}

setup() {
	use_default_set
}

teardown() {
	e2e_clean
	rm -rf /run/systemd/system/syscontainer@*.service.d
	systemctl reset-failed
}

teardown_file() {
	use_default_set
	rm -rf --one-file-system "$SYSCONTAINER_RUN/lxcfs" # what the hook of the proc view notes
	e2e_end
}

unit_of() { # NAME
	echo "syscontainer@$1.service"
}

property() { # NAME PROPERTY
	systemctl show --property "$2" --value "$(unit_of "$1")"
}

has_state() { # NAME STATE
	[[ $(property "$1" ActiveState) == "$2" ]]
}

has_main() { # NAME PID
	[[ $(property "$1" MainPID) == "$2" ]]
}

has_other_init() { # NAME PID
	local pid
	pid=$(init_pid "$1" 2>/dev/null) && [[ $pid != "$2" && $pid != 0 ]]
}

has_machine() { # NAME
	machinectl show "$1" >/dev/null 2>&1
}

has_no_machine() { # NAME
	! has_machine "$1"
}

drop_in() { # NAME LINE...
	mkdir -p "/run/systemd/system/$(unit_of "$1").d"
	printf '%s\n' '[Unit]' "${@:2}" >"/run/systemd/system/$(unit_of "$1").d/test.conf"
	systemctl daemon-reload
}

has_session() { # NAME USER
	loginctl -M "$1" --no-legend list-sessions | grep -qw "$2"
}

logs_boot() { # NAME
	journalctl -M "$1" --no-pager -q | grep -q "Startup finished"
}

# The tree of the cache is on a disk of this machine's own: nobody else sees what a guest does to it.
@test "a whole guest: systemctl and machinectl do what our commands do" {
	local pid main id
	syscontainer create --name web "$SYSCONTAINER_TEST_TREE"
	systemctl start "$(unit_of web)"
	same "phase" "$(jq -r .phase "$SYSCONTAINER_RUN/$(container_id web)/boot.json")" ready
	has_state web active
	id=$(container_id web) pid=$(init_pid web) main=$(monitor_pid web)
	has_main web "$main"
	same status "$(property web StatusText)" "Ready; PID 1 is process $pid"
	has_text "/machine.slice/syscontainer-$id.scope/$id/guest" "$(<"/proc/$pid/cgroup")"
	has_text "/syscontainer@web.service" "$(<"/proc/$main/cgroup")"
	run -0 systemctl status "$(unit_of web)"
	has_text "active (running)"

	run -0 machinectl list --no-legend
	has_text "web"
	has_text "syscontainer"
	same leader "$(machinectl show -p Leader --value web)" "$pid"
	same "machine id" "$(machinectl show -p Id --value web)" "$(in_guest web cat /etc/machine-id)"
	run -0 machinectl status web --no-pager
	has_text "Unit: syscontainer-$id.scope"
	same "its systemd" "$(systemctl -M web is-system-running)" running
	wait_for 5 logs_boot web
	run -0 machinectl shell web /bin/echo "from the inside"
	has_text "from the inside"

	machinectl reboot web
	wait_for 60 has_other_init web "$pid"
	syscontainer wait --condition ready web
	has_main web "$main"
	same restarts "$(property web NRestarts)" 0
	same leader "$(machinectl show -p Leader --value web)" "$(init_pid web)"

	machinectl poweroff web
	syscontainer wait web
	wait_for 10 has_state web inactive
	wait_for 10 has_no_machine web
	has_field web .State.Reason poweroff
	same "left of the slice's" "$(find /sys/fs/cgroup/machine.slice -mindepth 1 -type d)" ""
}

# It tries once, and may come upon what is just being removed; what is mounted there is as good.
@test "a scope that systemd could not remove goes with the container" {
	local scope
	small_start web
	scope=/sys/fs/cgroup/machine.slice/syscontainer-$(container_id web).scope
	mkdir "$scope/stay"
	mount --bind "$scope/stay" "$scope/stay"
	syscontainer stop web
	wait_for 10 has_no_machine web
	umount "$scope/stay"
	rmdir "$scope/stay"
	[[ -d $scope ]]
	syscontainer rm web
	same "left of the slice's" "$(find /sys/fs/cgroup/machine.slice -mindepth 1 -type d)" ""
}

@test "a user logs in by machinectl, loginctl knows the session, and the host's journal has the guest's" {
	local machine_id
	mkdir -p /var/log/journal
	tree_new web >/dev/null
	sed -i 's/^root:[^:]*:/root::/' "$(tree_path web)/etc/shadow"
	syscontainer create --name web --link-journal host "$(tree_path web)"
	systemctl start "$(unit_of web)"
	terminal_open machinectl login web
	terminal_expect "login:" 30
	terminal_type 'root\r'
	wait_for 30 has_session web root
	terminal_type 'logger -t story "written in the guest"\r'
	wait_for 30 journal_tells "written in the guest" -M web
	terminal_type '\035\035\035'
	terminal_wait 10

	machine_id=$(<"$(tree_path web)/etc/machine-id")
	same "of whom" "$(stat -c %u "/var/log/journal/$machine_id")" "$(first_id web)"
	journal_tells "written in the guest" --merge _MACHINE_ID="$machine_id"
	syscontainer rm -f web
	[[ ! -e /var/log/journal/$machine_id ]]
}

journal_tells() { # TEXT OPTION OF journalctl...
	journalctl --no-pager -q -t story "${@:2}" | grep -qF "$1"
}

@test "a host's name service knows the addresses of guests" {
	grep -q '^hosts:.*mymachines' /etc/nsswitch.conf || sed -i 's/^hosts:.*/hosts: mymachines files/' /etc/nsswitch.conf
	small_start web
	nsenter --target "$(init_pid web)" --net sh -c 'ip link add eth0 type dummy && ip link set eth0 up && ip addr add 192.0.2.7/24 dev eth0'
	run -0 getent ahosts web
	has_text "192.0.2.7"
}

@test "start, run and restart are in the unit, whoever began; stop ends it" {
	small_start web
	wait_for 10 has_main web "$(monitor_pid web)"
	has_state web active
	syscontainer stop -t 1 web
	wait_for 10 has_state web inactive
	systemctl start "$(unit_of web)"
	has_field web .State.Status running
	systemctl restart "$(unit_of web)"
	has_field web .State.Status running
	syscontainer restart -t 1 web
	wait_for 10 has_main web "$(monitor_pid web)"
	wait_for 10 has_state web active
	systemctl stop "$(unit_of web)"
	has_field web .State.Status exited
	has_field web .State.Reason stopped
	same "by a user" "$(jq .was_stopped_by_user "$(container_dir web)/state.json")" true
}

@test "one that runs attached gets its unit too" {
	small_create web
	syscontainer start -a web >/dev/null 3>&- &
	wait_for 20 has_state web active
	has_main web "$(monitor_pid web)"
	syscontainer stop -t 1 web
	wait "$!" || true
	wait_for 10 has_state web inactive
}

@test "a monitor that is killed has a successor, and its guest does not notice" {
	local pid old
	small_start web
	wait_for 10 has_state web active
	pid=$(init_pid web) old=$(monitor_pid web)
	kill -9 "$old"
	wait_for 10 is_gone "$old"
	wait_for 20 has_state web active
	same "PID 1" "$(init_pid web)" "$pid"
	has_main web "$(monitor_pid web)"
	[[ $(monitor_pid web) != "$old" ]]
}

@test "when monitor and guest are killed the restart policy counts, not the unit" {
	local name
	for name in no always; do
		small_start "$name" --restart "$name"
		wait_for 10 has_state "$name" active
		kill -9 "$(monitor_pid "$name")" "$(init_pid "$name")"
	done
	wait_for 20 has_field always .State.Status running
	wait_for 20 has_state always active
	wait_for 20 has_state no failed
	has_field no .State.Status exited
}

@test "a guest that ends by itself ends the unit, and a failure is the unit's" {
	tree_small web >/dev/null
	syscontainer create --name good "$(tree_path web)" /bin/sh -c 'sleep 1' >/dev/null
	systemctl start "$(unit_of good)"
	wait_for 20 has_state good inactive
	syscontainer create --name bad "$(tree_path web)" /bin/sh -c 'sleep 1; exit 7' >/dev/null
	systemctl start "$(unit_of bad)"
	wait_for 20 has_state bad failed
	same status "$(property bad ExecMainStatus)" 7
	has_field bad .State.ExitCode 7
}

@test "a start that fails says why to whoever starts, and in the journal" {
	small_create web
	rm "$(tree_path web)/usr/bin/dash"
	run -1 systemctl start "$(unit_of web)"
	has_state web failed
	has_text "cannot execute /bin/sh" "$(journalctl --no-pager -q -u "$(unit_of web)")"
	run syscontainer start web
	same status "$status" 127
	has_text "cannot start container web: cannot execute /bin/sh: No such file or directory"
}

@test "what a drop-in requires is up before, by our commands too, or nothing is started" {
	small_create db
	small_create web
	drop_in web "Requires=$(unit_of db)" "After=$(unit_of db)"
	syscontainer start web
	has_field db .State.Status running
	has_field web .State.Status running
	systemctl stop "$(unit_of db)"
	has_field web .State.Status exited
	rm "$(tree_path db)/usr/bin/dash"
	run -1 syscontainer start web
	has_text "syscontainer@web.service: systemd did not start it: dependency"
	has_field web .State.Status exited
}

@test "slices: a-b.slice lies in a.slice, systemd's limits bind there, and ours survive its reload" {
	local id
	small_start web --cgroup-parent sysctest-inner.slice --memory 64m --pids-limit 50
	id=$(container_id web)
	[[ -d /sys/fs/cgroup/sysctest.slice/sysctest-inner.slice/syscontainer-$id.scope/$id/guest ]]
	same slice "$(systemctl show -p Slice --value "syscontainer-$id.scope")" sysctest-inner.slice
	systemctl set-property --runtime sysctest-inner.slice MemoryMax=48M
	systemctl daemon-reload
	systemctl daemon-reexec
	same ours "$(</sys/fs/cgroup/sysctest.slice/sysctest-inner.slice/syscontainer-"$id".scope/"$id"/memory.max)" 67108864
	same pids "$(</sys/fs/cgroup/sysctest.slice/sysctest-inner.slice/syscontainer-"$id".scope/"$id"/pids.max)" 50
	same theirs "$(</sys/fs/cgroup/sysctest.slice/sysctest-inner.slice/memory.max)" $((48 << 20))
	syscontainer update --memory 32m web
	same update "$(</sys/fs/cgroup/sysctest.slice/sysctest-inner.slice/syscontainer-"$id".scope/"$id"/memory.max)" $((32 << 20))
	has_state web active
	has_main web "$(monitor_pid web)"
	syscontainer rm -f web
	wait_for 10 test ! -e "/sys/fs/cgroup/sysctest.slice/sysctest-inner.slice/syscontainer-$id.scope"
}

@test "a machine of somebody else keeps its name, and the guest runs" {
	systemd-run --unit=squatter sleep 1000
	busctl call org.freedesktop.machine1 /org/freedesktop/machine1 org.freedesktop.machine1.Manager RegisterMachine sayssus \
		web 0 other container "$(systemctl show -p MainPID --value squatter)" /
	small_start web
	has_field web .State.Status running
	same service "$(machinectl show -p Service --value web)" other
	has_text "there is another machine web, of other" "$(syscontainer logs web 2>&1)"
	systemctl stop squatter
}

is_enabled() { # NAME
	systemctl is-enabled --quiet "$(unit_of "$1")"
}

@test "enabled is one thing, whoever says it, and goes with the container and its name" {
	small_create web
	systemctl enable "$(unit_of web)"
	has_field web .HostConfig.Boot.Enabled true
	syscontainer disable web
	run ! is_enabled web
	has_field web .HostConfig.Boot.Enabled false
	syscontainer enable web
	is_enabled web
	same "as status tells" "$(property web UnitFileState)" enabled
	syscontainer rename web app
	is_enabled app
	run ! is_enabled web
	systemctl disable "$(unit_of app)"
	has_field app .HostConfig.Boot.Enabled false
	syscontainer enable app
	syscontainer rm app
	run ! is_enabled app
	same "links left" "$(find /etc/systemd/system -name 'syscontainer*')" ""
}

@test "the host's boot starts what is to come up, in its order, whoever enabled it" {
	small_create first --boot-order 1
	small_create second --boot-order 2
	small_create none
	systemctl enable "$(unit_of second)"
	syscontainer enable first
	systemctl start syscontainer.service
	has_field first .State.Status running
	has_field second .State.Status running
	has_field none .State.Status inited
	[[ $(field first .State.StartedAt) < $(field second .State.StartedAt) ]] || e2e_die "not in order"
	wait_for 10 has_state first active
	run systemctl start syscontainer.target
	has_text "may be requested by dependency only"
	systemctl stop syscontainer.service
	has_field first .State.Status running
}

# Reads its memory without end; the tests count what failed.
reader_start() { # NAME
	tree_small "$1" >/dev/null
	# shellcheck disable=SC2016 # for the guest
	syscontainer run -d --name "$1" --memory 64m "$(tree_path "$1")" /bin/sh -c \
		'n=0; while :; do cat /proc/meminfo >/dev/null || echo failed; n=$((n + 1)); echo $n >/tmp/count; done' >/dev/null
}

sees_its_memory() { # NAME
	[[ $(syscontainer exec "$1" cat /proc/meminfo) == "MemTotal:"*" 65536 kB"* ]]
}

reads_counted() { # NAME
	syscontainer exec "$1" cat /tmp/count
}

has_read_more_than() { # NAME NUMBER
	local count
	count=$(reads_counted "$1") && [[ $count -gt $2 ]]
}

count_failures() { # NAME
	syscontainer logs "$1" 2>/dev/null | grep -c failed || true
}

@test "the proc view comes back under its readers: restarted, and both of its processes killed" {
	local round main
	systemctl start syscontainer-lxcfs
	reader_start web
	wait_for 10 sees_its_memory web
	[[ $(systemctl show -p NFileDescriptorStore --value syscontainer-lxcfs) -ge 1 ]] || e2e_die "systemd keeps no connection"

	systemctl restart syscontainer-lxcfs
	wait_for 10 sees_its_memory web
	systemctl reload syscontainer-lxcfs
	wait_for 10 sees_its_memory web
	same "failed reads" "$(count_failures web)" 0

	# Kernels before 6.9 do not send again what a dead server had taken: one read a round may fail, and no more.
	for round in 1 2 3; do
		main=$(systemctl show -p MainPID --value syscontainer-lxcfs)
		systemctl kill --kill-who=all --signal=KILL syscontainer-lxcfs
		wait_for 10 is_gone "$main"
		wait_for 20 systemctl is-active --quiet syscontainer-lxcfs
		wait_for 20 sees_its_memory web
		wait_for 20 has_read_more_than web "$(reads_counted web)"
	done
	[[ $(count_failures web) -le $round ]] || e2e_die "$(count_failures web) reads failed"
	syscontainer rm -f web
	systemctl stop syscontainer-lxcfs
	rm -rf "$SYSCONTAINER_RUN/lxcfs"
	same "mounts" "$(grep -c syscontainer/lxcfs /proc/self/mountinfo || true)" 0
}
