#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# bats file_tags=alone
# The AppArmor profile that is shipped: whose it is, that a system runs under it, and what root that is the host's may not do.

load ../e2e/common
load ../e2e/small

PROFILE=syscontainer-guest

setup_file() {
	e2e_begin '"stop-timeout": "3s"'
	apparmor_parser --replace --skip-cache "$(dirname "$(dirname "$(command -v syscontainer)")")/etc/apparmor.d/$PROFILE"
	e2e_keep
}

teardown_file() {
	e2e_end
	printf %s "$PROFILE" >/sys/kernel/security/apparmor/.remove
}

teardown() {
	e2e_clean
}

# Boots a tree that is made by the first test which needs it, and kept for the others; one guest at a time.
system_start() { # NAME [OPTION OF run]...
	[[ -d $(tree_path system) ]] || { tree_new system >/dev/null && e2e_keep; }
	syscontainer run -d --name "$@" "$(tree_path system)" >/dev/null
}

profiles_are() { # NAME WANTED
	same "PID 1 of $1" "$(cat "/proc/$(init_pid "$1")/attr/apparmor/current")" "$2"
	same "exec in $1" "$(syscontainer exec "$1" cat /proc/self/attr/apparmor/current)" "$2"
}

is_healthy() { # NAME
	same "systemd of $1" "$(syscontainer exec "$1" systemctl is-system-running --wait)" running
	same "failed units of $1" "$(syscontainer exec "$1" systemctl list-units --failed --plain --no-legend)" ""
	run -0 syscontainer exec "$1" systemctl status
}

# Each is a line of a program that root of the guest runs; prints those that the kernel let happen.
DANGERS=$(
	cat <<-'END'
		mount -t debugfs none /mnt
		mount -t tracefs none /mnt
		mount -t securityfs none /mnt
		mount -t binfmt_misc none /mnt
		mount -o remount,bind,rw /proc/sys && read -r old </proc/sys/kernel/core_pattern && echo "$old" >/proc/sys/kernel/core_pattern
		mount -o remount,bind,rw /proc/sys && read -r old </proc/sys/vm/swappiness && echo "$old" >/proc/sys/vm/swappiness
		mount -o remount,bind,rw /sys && echo 0 >/sys/kernel/profiling
		mount -o remount,bind,rw /proc/sysrq-trigger && echo h >/proc/sysrq-trigger
	END
)

dangers() { # NAME
	local line
	while read -r line; do
		! syscontainer exec "$1" sh -c "$line" >/dev/null 2>&1 || echo "$line"
	done <<<"$DANGERS"
}

@test "a system with ids of its own comes up under the shipped profile, and so does what exec runs" {
	system_start web
	profiles_are web "$PROFILE (enforce)"
	same inspect "$(field web .AppArmorProfile)" "$PROFILE"
	is_healthy web
	syscontainer exec web systemd-run --quiet --wait -p PrivateTmp=yes -p ProtectSystem=strict -p ProtectKernelTunables=yes -p PrivateDevices=yes true
	syscontainer stop web
}

@test "a system whose root is the host's comes up as well, but cannot turn the host's switches" {
	system_start box --user-remap none
	profiles_are box "$PROFILE (enforce)"
	is_healthy box
	same "it could" "$(dangers box)" ""
	syscontainer exec box sh -c 'mount -t tmpfs none /mnt && umount /mnt'
	syscontainer exec box sh -c 'sleep 1000 & kill $! && ! wait $!'
	syscontainer stop box
}

@test "without it, the same root could" {
	system_start box --user-remap none --security-opt apparmor=unconfined
	profiles_are box unconfined
	has_text "debugfs" "$(dangers box)"
	has_text "core_pattern" "$(dangers box)"
	syscontainer stop box
}

@test "an own profile, --privileged and the configuration come before it" {
	small_start free --privileged
	profiles_are free unconfined
	small_start asked --privileged --security-opt "apparmor=$PROFILE"
	profiles_are asked "$PROFILE (enforce)"
	cp "$SYSCONTAINER_CONFIG" "$E2E_DIR/daemon.json.before"
	sed -i 's|{|{ "apparmor-profile": "unconfined", |' "$SYSCONTAINER_CONFIG"
	small_start none
	profiles_are none unconfined
	sed -i 's|"unconfined"|"no-such-profile"|' "$SYSCONTAINER_CONFIG"
	run -125 small_start other
	has_text no-such-profile
	cp "$E2E_DIR/daemon.json.before" "$SYSCONTAINER_CONFIG"
}

@test "exec takes the profile of the boot, whatever is configured by then" {
	small_start web
	cp "$SYSCONTAINER_CONFIG" "$E2E_DIR/daemon.json.before"
	sed -i 's|{|{ "apparmor-profile": "unconfined", |' "$SYSCONTAINER_CONFIG"
	profiles_are web "$PROFILE (enforce)"
	syscontainer restart web
	profiles_are web unconfined
	cp "$E2E_DIR/daemon.json.before" "$SYSCONTAINER_CONFIG"
}
