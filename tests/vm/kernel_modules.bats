#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# KERNEL_MODULES where the kernel has modules to load, which takes a host whose kernel nobody else uses.

load ../e2e/common
load ../e2e/small

setup_file() {
	local hooks
	hooks=$(dirname "$(dirname "$(command -v syscontainer)")")/libexec/syscontainer/syscontainer-hooks
	e2e_begin '"stop-timeout": "3s"'
	echo "{ \"prestart\": [ { \"path\": \"$hooks\", \"args\": [ \"syscontainer-hooks\", \"prestart\" ] } ] }" >"$E2E_DIR/hookspec.json"
	jq --arg file "$E2E_DIR/hookspec.json" '. + {"hook-spec": $file}' "$SYSCONTAINER_CONFIG" >"$E2E_DIR/new.json"
	mv "$E2E_DIR/new.json" "$SYSCONTAINER_CONFIG"
	e2e_keep
}

teardown_file() {
	e2e_end
}

setup() {
	modprobe --quiet --remove ip_vs_rr ip_vs dummy || true
}

teardown() {
	e2e_clean
}

is_loaded() { # MODULE
	[[ -d /sys/module/$1 ]]
}

@test "a start loads the modules that it names, with what they need" {
	! is_loaded ip_vs || e2e_die "ip_vs was there before"
	small_start web -e KERNEL_MODULES=ip-vs-rr,dummy
	is_loaded ip_vs_rr
	is_loaded ip_vs
	is_loaded dummy
	has_text "KERNEL_MODULES=ip-vs-rr,dummy" "$(tr '\0' ' ' <"/proc/$(init_pid web)/environ")"
}

@test "each start loads what was unloaded meanwhile; an alias is a name too" {
	small_start web -e KERNEL_MODULES=dummy
	syscontainer stop web
	modprobe --remove dummy
	syscontainer start web
	is_loaded dummy
	small_start alias -e KERNEL_MODULES=fs-xfs
	is_loaded xfs
}

@test "one module that is not offered ends the start, and it is named alone" {
	small_create web -e KERNEL_MODULES=dummy,no_such_module,fuse
	run -125 syscontainer start web
	has_text "KERNEL_MODULES: kernel $(uname -r) offers no such module: no_such_module"
	has_field web .State.Status exited
}

@test "a module that the administrator blacklisted is loaded all the same, as modprobe does by name" {
	echo "blacklist dummy" >/etc/modprobe.d/syscontainer-test.conf
	small_create web -e KERNEL_MODULES=dummy
	run syscontainer start web
	rm /etc/modprobe.d/syscontainer-test.conf
	same status "$status" 0
	is_loaded dummy
}

@test "what the administrator forbids by install is not loaded" {
	echo "install dummy /bin/false" >/etc/modprobe.d/syscontainer-test.conf
	small_create web -e KERNEL_MODULES=dummy
	run syscontainer start web
	rm /etc/modprobe.d/syscontainer-test.conf
	same status "$status" 125
	has_text dummy
	! is_loaded dummy || e2e_die "it was loaded"
}
