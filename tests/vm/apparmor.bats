#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# --security-opt apparmor= on a host that has AppArmor: the profile of PID 1, of exec and of their children, and what it forbids.

load ../e2e/common
load ../e2e/small

PROFILE=syscontainer-test

setup_file() {
	e2e_begin '"stop-timeout": "3s"'
	# All may be done but one thing, so that it can be seen who is bound by it.
	apparmor_parser --replace --skip-cache <<-END
		profile $PROFILE flags=(attach_disconnected,mediate_deleted) {
			file, capability, mount, umount, pivot_root, signal, ptrace, unix, network, dbus,
			deny /etc/secret rw,
		}
	END
	e2e_keep
}

teardown_file() {
	e2e_end
	printf %s "$PROFILE" >/sys/kernel/security/apparmor/.remove
}

teardown() {
	e2e_clean
}

profile_of() { # PID
	cat "/proc/$1/attr/apparmor/current"
}

profiles_are() { # NAME WANTED
	same "PID 1 of $1" "$(profile_of "$(init_pid "$1")")" "$2"
	same "exec in $1" "$(syscontainer exec "$1" cat /proc/self/attr/apparmor/current)" "$2"
	same "a child of exec in $1" "$(syscontainer exec "$1" sh -c 'cat /proc/self/attr/apparmor/current; true')" "$2"
}

reads_secret() { # NAME
	syscontainer exec "$1" cat /etc/secret
}

@test "PID 1 and what exec starts are in the profile and bound by it, after a restart too" {
	local name round options
	for name in remapped privileged; do
		options=(--security-opt "apparmor=$PROFILE")
		[[ $name == remapped ]] || options+=(--privileged)
		small_start "$name" "${options[@]}"
		for round in 1 2; do
			profiles_are "$name" "$PROFILE (enforce)"
			same inspect "$(field "$name" 'json .HostConfig.SecurityOpt')" "[\"apparmor=$PROFILE\"]"
			echo hidden >"$(tree_path "$name")/etc/secret"
			run ! reads_secret "$name"
			has_text "Permission denied"
			[[ $round == 2 ]] || syscontainer restart "$name"
		done
	done
}

@test "without a profile, or with unconfined, nothing is forbidden" {
	small_start usual
	small_start free --security-opt apparmor=unconfined
	for name in usual free; do
		profiles_are "$name" unconfined
		echo open >"$(tree_path "$name")/etc/secret"
		same "/etc/secret" "$(reads_secret "$name")" open
	done
}

@test "the profile holds with no-new-privileges and a filter of system calls" {
	small_start strict --security-opt "apparmor=$PROFILE" --security-opt no-new-privileges
	profiles_are strict "$PROFILE (enforce)"
	same NoNewPrivs "$(awk '$1 == "NoNewPrivs:" { print $2 }' "/proc/$(init_pid strict)/status")" 1
}

@test "a profile that is not loaded ends the start with its name, and nothing of the guest has run" {
	small_create box --security-opt apparmor=no-such-profile
	run -125 syscontainer start box
	has_text no-such-profile
	has_field box .State.Status exited
	same output "$(syscontainer logs box)" ""
}
