#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# KERNEL_MODULES: the installed hook loads what a guest wants, and says what the kernel does not offer.

load common
load small

setup_file() {
	local libexec
	libexec=$(dirname "$(dirname "$(command -v syscontainer)")")/libexec/syscontainer
	e2e_begin '"stop-timeout": "3s"'
	echo "{ \"prestart\": [ { \"path\": \"$libexec/syscontainer-hooks\", \"args\": [ \"syscontainer-hooks\", \"prestart\" ] } ] }" >"$E2E_DIR/hookspec.json"
	jq --arg file "$E2E_DIR/hookspec.json" '. + {"hook-spec": $file}' "$SYSCONTAINER_CONFIG" >"$E2E_DIR/new.json"
	mv "$E2E_DIR/new.json" "$SYSCONTAINER_CONFIG"
	e2e_keep
}

# Some that the kernel has now, loaded or built in.
modules_here() { # COUNT
	find /sys/module -mindepth 1 -maxdepth 1 -printf '%f\n' | sort | head -n "$1" | paste -sd ,
}

@test "modules that are loaded or built in are fine, and PID 1 sees the variable" {
	small_start web -e KERNEL_MODULES="$(modules_here 3)"
	run -0 cat "/proc/$(init_pid web)/environ"
	has_text "KERNEL_MODULES=$(modules_here 3)" "$(tr '\0' ' ' <"/proc/$(init_pid web)/environ")"
	syscontainer stop web
	syscontainer start web
	small_start dashes -e KERNEL_MODULES="$(find /sys/module -maxdepth 1 -name '*_*' -printf '%f\n' | head -n 1 | tr _ -)"
	small_start none -e KERNEL_MODULES=
	small_start without
}

@test "missing modules end the start, all of them are named, and what the kernel offers is said" {
	small_create web -e KERNEL_MODULES="no_such_a,$(modules_here 1),no-such-b"
	run -125 syscontainer start web
	has_text "syscontainer-hooks: it failed with exit status 1: KERNEL_MODULES: kernel $(uname -r)"
	has_text ": no_such_a, no-such-b"
	if [[ -d /lib/modules/$(uname -r) ]]; then
		has_text "offers no such module"
	else
		has_text "has no modules to load (there is no directory /lib/modules/$(uname -r))"
	fi
	same status "$(field web .State.Status)" exited
}

@test "bad names are refused when the container is made, and nothing is made" {
	local list
	tree_small web >/dev/null
	for list in -r -r,x a,-r ../a a/b 'a b' a,,b ',' 'a;b' 'a=1' $'a\nb' "$(printf 'm%d,' {1..65})x" "$(printf 'x%.0s' {1..56})"; do
		run -125 syscontainer create -e "KERNEL_MODULES=$list" "$(tree_path web)" /bin/true
		has_text "Invalid value \"KERNEL_MODULES=${list:0:200}"
	done
	same containers "$(container_names)" ""
}

@test "without the hook that loads them they are refused" {
	local config
	tree_small web >/dev/null
	config=$E2E_DIR/bare.json
	jq 'del(.["hook-spec"])' "$SYSCONTAINER_CONFIG" >"$config"
	SYSCONTAINER_CONFIG=$config run -125 syscontainer create -e KERNEL_MODULES=fuse "$(tree_path web)" /bin/true
	has_text "no prestart hook is syscontainer-hooks"
	SYSCONTAINER_CONFIG=$config run -0 syscontainer create --name own --hook-spec "$E2E_DIR/hookspec.json" -e KERNEL_MODULES=fuse "$(tree_path web)" /bin/true
}

@test "the shipped hook spec names the installed program" {
	local prefix
	prefix=$(dirname "$(dirname "$(command -v syscontainer)")")
	[[ -e $prefix/etc/syscontainer/hookspec.json ]] || prefix=
	run -0 jq -r '.prestart[0].path' "$prefix/etc/syscontainer/hookspec.json"
	[[ -x $output ]]
	run -125 "$output"
	has_text "usage: syscontainer-hooks"
	run -1 "$(jq -r '.prestart[0].path' "$prefix/etc/syscontainer/hookspec.json")" prestart <<<'{"id":"x"}'
	has_text '"id" or "bundle" is missing'
}
