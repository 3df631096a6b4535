#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Hooks run as the host's root: who else could make them do something, and is kept from it.
# shellcheck disable=SC2030,SC2031 # each test is a subshell, and meant to be

load common
load small

setup() {
	HOOKS=$E2E_DIR/hooks
	mkdir -m 711 "$HOOKS" "$HOOKS/inner"
	printf '#!/bin/sh\ncat >%s/stdin\ntr "\\0" "\\n" </proc/$$/environ >%s/environment\n' "$HOOKS" "$HOOKS" >"$HOOKS/inner/hook"
	chmod 755 "$HOOKS/inner/hook"
	echo "{ \"prestart\": [ { \"path\": \"$HOOKS/inner/hook\" } ] }" >"$HOOKS/hooks.json"
	daemon_json=$(<"$SYSCONTAINER_CONFIG")
}

teardown() {
	echo "$daemon_json" >"$SYSCONTAINER_CONFIG"
	e2e_clean
	rm -rf "$HOOKS"
}

# Both at create and at the start of one that was made when all was well.
refused() { # CULPRIT WORDS
	run -125 timeout 10 syscontainer create --hook-spec "$HOOKS/hooks.json" "$(tree_path web)" /bin/true
	has_text "Invalid value \"$HOOKS/hooks.json\" for flag --hook-spec"
	has_text "$1 $2"
}

refused_at_start() { # CULPRIT WORDS
	run -126 timeout 10 syscontainer start web
	has_text "$1 $2"
	[[ ! -e $HOOKS/stdin ]]
}

@test "a hook program that others could change is neither taken nor run" {
	small_create web --hook-spec "$HOOKS/hooks.json"
	local mode
	for mode in 757 775 777; do
		chmod "$mode" "$HOOKS/inner/hook"
		refused "$HOOKS/inner/hook" "can be written to by others than root (mode 0$mode)"
		refused_at_start "$HOOKS/inner/hook" "can be written to by others than root"
	done
	chmod 755 "$HOOKS/inner/hook"
	chown 1000 "$HOOKS/inner/hook"
	refused "$HOOKS/inner/hook" "belongs to user 1000 and not to root"
	refused_at_start "$HOOKS/inner/hook" "belongs to user 1000"
	chown 0 "$HOOKS/inner/hook"
	syscontainer start web
}

@test "neither is one in a directory that others could change, however far up" {
	small_create web --hook-spec "$HOOKS/hooks.json"
	chmod 777 "$HOOKS/inner"
	refused "$HOOKS/inner" "can be written to by others"
	refused_at_start "$HOOKS/inner" "can be written to by others"
	chmod 711 "$HOOKS/inner"
	chown 1000 "$HOOKS"
	run -125 timeout 10 syscontainer create --hook-spec "$HOOKS/hooks.json" "$(tree_path web)" /bin/true
	has_text "$HOOKS belongs to user 1000 and not to root"
	refused_at_start "$HOOKS" "belongs to user 1000"
}

@test "a link of somebody else's to a program counts as what it leads to, and leads nowhere else afterwards" {
	mkdir -m 777 "$HOOKS/loose"
	cp "$HOOKS/inner/hook" "$HOOKS/loose/theirs"
	chown 1000 "$HOOKS/loose/theirs"
	ln -s "$HOOKS/loose/theirs" "$HOOKS/inner/link"
	sed -i 's|inner/hook|inner/link|' "$HOOKS/hooks.json"
	tree_small web >/dev/null
	refused "$HOOKS/loose/theirs" "belongs to user 1000"
	ln -sfn "$HOOKS/inner/hook" "$HOOKS/inner/link"
	run -0 syscontainer run -d --name fine --hook-spec "$HOOKS/hooks.json" "$(tree_path web)" /bin/sh -c "$SMALL_PROGRAM"
	[[ -e $HOOKS/stdin ]]
}

@test "a hook spec that others could change is not read, daemon.json's not even at a start" {
	tree_small web >/dev/null
	chmod 666 "$HOOKS/hooks.json"
	refused "$HOOKS/hooks.json" "can be written to by others than root (mode 0666)"
	chmod 644 "$HOOKS/hooks.json"
	chown 1000 "$HOOKS/hooks.json"
	refused "$HOOKS/hooks.json" "belongs to user 1000 and not to root"
	chown 0 "$HOOKS/hooks.json"
	jq --arg file "$HOOKS/hooks.json" '. + {"hook-spec": $file}' <<<"$daemon_json" >"$SYSCONTAINER_CONFIG"
	syscontainer create --name web "$(tree_path web)" /bin/sh -c "$SMALL_PROGRAM" >/dev/null
	chmod 666 "$HOOKS/hooks.json"
	run -125 timeout 10 syscontainer start web
	has_text "$HOOKS/hooks.json can be written to by others than root"
	[[ ! -e $HOOKS/stdin ]]
}

@test "a FIFO, a device, a directory and a symbolic link in place of a hook spec or a program are refused at once" {
	local kind
	tree_small web >/dev/null
	for kind in fifo directory device link; do
		rm -rf "$HOOKS/thing"
		case $kind in
		fifo) mkfifo "$HOOKS/thing" ;;
		directory) mkdir "$HOOKS/thing" ;;
		device) mknod "$HOOKS/thing" c 1 5 ;;
		link) ln -s hooks.json "$HOOKS/thing" ;;
		esac
		run -125 timeout 10 syscontainer create --hook-spec "$HOOKS/thing" "$(tree_path web)" /bin/true
		has_text "Invalid value \"$HOOKS/thing\" for flag --hook-spec"
		[[ $kind != link ]] || has_text "is a symbolic link; name the file itself"
		[[ $kind == link ]] || has_text "$HOOKS/thing is no regular file"
		if [[ $kind != link ]]; then
			echo "{ \"prestart\": [ { \"path\": \"$HOOKS/thing\" } ] }" >"$HOOKS/other.json"
			run -125 timeout 10 syscontainer create --hook-spec "$HOOKS/other.json" "$(tree_path web)" /bin/true
			has_text "$HOOKS/thing is no regular file"
		fi
	done
	same containers "$(container_names)" ""
}

@test "nothing of the guest is in a hook's environment or standard input" {
	tree_small web >/dev/null
	mkdir -p "$(tree_path web)/etc/syscontainer"
	echo 'LD_PRELOAD=/evil.so' >"$(tree_path web)/etc/environment"
	syscontainer run -d --name web --hook-spec "$HOOKS/hooks.json" -e LD_PRELOAD=/evil.so -e PATH=/evil -e LXC_PID=1 -h evil-host \
		-l evil=label --annotation $'note=x",\n"pid":1,"root":"/' "$(tree_path web)" /bin/sh -c "$SMALL_PROGRAM" >/dev/null
	run -1 grep -i evil "$HOOKS/environment" "$HOOKS/stdin"
	same PATH "$(grep -c ^PATH= "$HOOKS/environment")" 1
	same LXC_PID "$(grep ^LXC_PID= "$HOOKS/environment")" "LXC_PID=$(init_pid web)"
	same pid "$(jq .pid "$HOOKS/stdin")" "$(init_pid web)"
	same keys "$(jq -c 'keys' "$HOOKS/stdin")" '["annotations","bundle","id","ociVersion","pid","root","status"]'
}

@test "state files that were replaced by links do not make us write or read elsewhere" {
	local leaf
	small_start web --hook-spec "$HOOKS/hooks.json" --health-cmd true --health-interval 1s
	syscontainer wait --condition healthy --timeout "$(patient 10)s" web
	echo precious >"$HOOKS/precious"
	for leaf in boot.json health.json; do
		ln -sfn "$HOOKS/precious" "$SYSCONTAINER_RUN/$(container_id web)/$leaf.link"
		mv -T "$SYSCONTAINER_RUN/$(container_id web)/$leaf.link" "$SYSCONTAINER_RUN/$(container_id web)/$leaf"
	done
	wait_for 10 test ! -L "$SYSCONTAINER_RUN/$(container_id web)/health.json"
	same precious "$(<"$HOOKS/precious")" precious
	syscontainer stop web 2>/dev/null || syscontainer rm -f web >/dev/null
	same precious "$(<"$HOOKS/precious")" precious
}

@test "a hook's descriptors are its standard three, and nothing of the monitor's" {
	printf '#!/bin/sh\nls -l /proc/$$/fd >%s/descriptors\n' "$HOOKS" >"$HOOKS/inner/hook"
	small_start web --hook-spec "$HOOKS/hooks.json"
	# the shell has its script open, and the output that it replaced
	run -1 grep -E 'socket:|anon_inode|ptmx|pts/|monitor' "$HOOKS/descriptors"
	[[ $(grep -c -- '->' "$HOOKS/descriptors") -le 5 ]]
}
