#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# What works inside a guest as on a machine of its own.
# shellcheck disable=SC2016 # what is in single quotes is for the shell of the guest

load common

setup_file() {
	e2e_begin
	guest_start web
	e2e_keep
}

unit_write() { # NAME LINE...
	local name=$1
	shift
	printf '%s\n' "$@" | syscontainer exec -i web tee "/etc/systemd/system/$name" >/dev/null
}

@test "a guest is running with no failed unit" {
	run -0 syscontainer exec web systemctl is-system-running
	same state "$output" running
	run -0 syscontainer exec web systemctl --no-legend --plain --failed
	same "failed units" "$output" ""
}

@test "systemctl start, stop, restart, enable, disable and mask work in a guest" {
	unit_write probe.service '[Service]' 'ExecStart=/bin/sleep infinity' '[Install]' 'WantedBy=multi-user.target'
	syscontainer exec web systemctl daemon-reload
	syscontainer exec web systemctl start probe
	run -0 syscontainer exec web systemctl is-active probe
	same state "$output" active
	before=$(syscontainer exec web systemctl show -P MainPID probe)
	syscontainer exec web systemctl restart probe
	[ "$(syscontainer exec web systemctl show -P MainPID probe)" != "$before" ]
	syscontainer exec web systemctl stop probe
	run -3 syscontainer exec web systemctl is-active probe
	same state "$output" inactive
	syscontainer exec web systemctl enable --quiet probe
	run -0 syscontainer exec web systemctl is-enabled probe
	same state "$output" enabled
	syscontainer exec web systemctl disable --quiet probe
	run -1 syscontainer exec web systemctl is-enabled probe
	same state "$output" disabled
	unit_write other.service '[Service]' 'ExecStart=/bin/true'
	syscontainer exec web rm /etc/systemd/system/other.service
	syscontainer exec web systemctl mask --quiet other
	run -1 syscontainer exec web systemctl start other
	has_text masked
}

@test "systemctl reload, kill, set-property and a unit that fails work in a guest" {
	unit_write reload.service '[Service]' "ExecStart=/bin/sh -c 'trap \"echo again >/run/reloaded\" HUP; touch /run/listens; while :; do sleep 0.05; done'" \
		'ExecReload=/bin/kill -HUP $MAINPID'
	unit_write fails.service '[Service]' 'ExecStart=/bin/sh -c "exit 7"'
	syscontainer exec web systemctl daemon-reload
	syscontainer exec web systemctl start reload
	wait_for 5 syscontainer exec web test -e /run/listens
	syscontainer exec web systemctl reload reload
	wait_for 5 syscontainer exec web test -e /run/reloaded
	syscontainer exec web systemctl set-property --runtime reload MemoryMax=64M
	run -0 syscontainer exec web systemctl show -P MemoryMax reload
	same MemoryMax "$output" 67108864
	syscontainer exec web systemctl kill --signal KILL reload
	wait_for 5 syscontainer exec web systemctl is-failed --quiet reload
	syscontainer exec web systemctl start fails
	wait_for 5 syscontainer exec web systemctl is-failed --quiet fails
	same status "$(syscontainer exec web systemctl show -P ExecMainStatus fails)" 7
	syscontainer exec web systemctl reset-failed
	run -0 syscontainer exec web systemctl is-system-running
}

@test "journalctl has the boot and what a service writes" {
	run -0 syscontainer exec web journalctl --no-pager -b -o cat _PID=1
	has_text "Reached target"
	syscontainer exec web systemd-run --quiet --wait --unit talk /bin/echo "words of a service"
	run -0 syscontainer exec web journalctl --no-pager -o cat -u talk
	has_text "words of a service"
	syscontainer exec web logger -t probe "words of a command"
	run -0 syscontainer exec web journalctl --no-pager -o cat -t probe
	same journal "$output" "words of a command"
}

@test "loginctl knows logind and the sessions" {
	run -0 syscontainer exec web systemctl is-active systemd-logind
	run -0 syscontainer exec web loginctl --no-pager --no-legend list-sessions
	run -0 syscontainer exec web loginctl enable-linger root
	wait_for 10 syscontainer exec web systemctl is-active --quiet user@0.service
	run -0 syscontainer exec web loginctl --no-legend --no-pager list-users
	has_text root
	run -0 syscontainer exec web loginctl show-user root -p Linger --value
	same Linger "$output" yes
	run -0 syscontainer exec -e XDG_RUNTIME_DIR=/run/user/0 web systemctl --user is-system-running
	same "state of the user manager" "$output" running
	syscontainer exec web loginctl disable-linger root
}

@test "a timer fires in a guest" {
	syscontainer exec web systemd-run --quiet --unit tick --on-active=100ms --timer-property=AccuracySec=10ms /bin/touch /run/tick
	wait_for 10 syscontainer exec web test -e /run/tick
	run -0 syscontainer exec web systemctl list-timers --all --no-pager --no-legend
	has_text systemd-tmpfiles-clean.timer
}

@test "a guest knows that it is a container, and how long its boot took" {
	run -0 syscontainer exec web systemd-detect-virt
	same virtualisation "$output" lxc
	run -0 syscontainer exec web systemd-analyze time
	has_text "userspace"
}

@test "a guest does not see the host's processes and its root is not the host's" {
	run -0 syscontainer exec web cat /proc/1/comm
	same "PID 1" "$output" systemd
	run -0 syscontainer exec web cat /proc/self/uid_map
	read -r inside outside count <<<"$output"
	same "first id inside" "$inside" 0
	[ "$outside" -ge 65536 ]
	same "ids" "$count" 65536
}

@test "poweroff in a guest is a clean stop: exit code 0, reason poweroff" {
	guest_start off
	syscontainer exec off systemctl poweroff
	run -0 syscontainer wait off
	same "exit code" "$output" 0
	same status "$(field off .State.Status)" exited
	same "exit code" "$(field off .State.ExitCode)" 0
	same reason "$(field off .State.Reason)" poweroff
	same restarts "$(field off .RestartCount)" 0
}

@test "a guest keeps what it wrote over poweroff and start" {
	guest_start keeps
	syscontainer exec keeps sh -c 'echo kept >/root/note; ln -s note /root/link; chown 1000:1000 /root/note'
	syscontainer stop keeps >/dev/null
	same "owner on the host" "$(stat -c %u:%g "$(tree_path keeps)/root/note")" 1000:1000
	syscontainer start keeps
	same note "$(syscontainer exec keeps cat /root/link)" kept
	same owner "$(syscontainer exec keeps stat -c %u:%g /root/note)" 1000:1000
}
