#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Attacks by trees and by what lies in our own directories: files that are written at a start, state files that are replaced by
# symlinks, modes, error texts. A canary is a file of the host that must stay as it is.
# shellcheck disable=SC2030,SC2031 # each test is a subshell, and meant to be

load common
load small

setup_file() {
	e2e_begin '"stop-timeout": "1s"'
	tree_small plain
	e2e_keep
}

setup() {
	CANARIES=$E2E_DIR/canaries
	mkdir -p "$CANARIES/etc"
	for name in file etc/hosts etc/resolv.conf etc/hostname etc/env; do
		echo "canary $name" >"$CANARIES/$name"
	done
	chmod -R a+rwX "$CANARIES" # a guest's root could write them, if it got there
	CANARY_SUMS=$(canaries)
}

teardown() {
	e2e_clean
	rm -rf "$CANARIES"
}

canaries() {
	(cd "$CANARIES" && find . -type f -exec sha256sum {} + | sort && find . -printf '%p %m %U %i %T@ %l\n' | sort)
}

unharmed() {
	same "the canaries" "$(canaries)" "$CANARY_SUMS"
}

# Starts a container on the tree with all that is written at a start; whatever comes of it, the host is unharmed.
start_hostile() { # TREE REMAP
	run timeout 20 syscontainer run -d --name hostile --user-remap "$2" -e A=1 --env-target-file /etc/env --add-host db:10.0.0.1 \
		--dns 9.9.9.9 --hostname asked "$1" /bin/sh -c "$SMALL_PROGRAM"
	[[ $status -eq 0 || $status -eq 125 ]] || e2e_die "status $status: $output"
	unharmed || return
	syscontainer rm -f hostile >/dev/null 2>&1 || true
	unharmed
}

# --- 8, 21, 22: trees ------------------------------------------------------------------------------------------------------------

@test "symlinks in a tree at what is written lead to nothing of the host" {
	local remap target link
	for remap in auto none; do
		for target in "$CANARIES" "../../../../../../../..$CANARIES" "/proc/1/root$CANARIES" "/proc/self/fd/3"; do
			tree=$(tree_small hostile)
			for link in hosts resolv.conf hostname env; do
				rm -f "$tree/etc/$link"
				ln -s "$target/etc/$link" "$tree/etc/$link"
			done
			start_hostile "$tree" "$remap"
			e2e_clean
			# The directory itself.
			tree=$(tree_small hostile)
			mv "$tree/etc" "$tree/real"
			ln -s "$target/etc" "$tree/etc"
			mkdir -p "$tree/usr/lib"
			start_hostile "$tree" "$remap"
			e2e_clean
		done
	done
}

@test "symlinks that lead into the tree stay in it, with the path of the host's file" {
	tree=$(tree_small hostile)
	mkdir -p "$tree$CANARIES/etc"
	for link in hosts resolv.conf hostname; do
		echo "of the tree" >"$tree$CANARIES/etc/$link"
		ln -sf "$CANARIES/etc/$link" "$tree/etc/$link"
	done
	syscontainer run -d --name hostile --add-host db:10.0.0.1 --dns 9.9.9.9 --hostname asked "$tree" /bin/sh -c "$SMALL_PROGRAM"
	same hosts "$(syscontainer exec hostile cat "$CANARIES/etc/hosts")" $'of the tree\n10.0.0.1\tdb'
	same "the tree's" "$(cat "$tree$CANARIES/etc/hosts")" "of the tree"
	unharmed
}

@test "FIFOs, devices, sockets, directories and huge files in place of files are refused in time" {
	local name kind
	for name in env hosts resolv.conf; do
		for kind in fifo device directory huge; do
			tree=$(tree_small hostile)
			case $kind in
			fifo) mkfifo "$tree/etc/$name" ;;
			device) mknod "$tree/etc/$name" c 1 5 ;;
			directory) mkdir "$tree/etc/$name" ;;
			huge) truncate -s 1T "$tree/etc/$name" ;;
			esac
			run -125 timeout 20 syscontainer run -d --name hostile -e A=1 --env-target-file /etc/env --add-host db:10.0.0.1 --dns 9.9.9.9 \
				"$tree" /bin/sh -c "$SMALL_PROGRAM"
			has_text "/etc/$name"
			e2e_clean
		done
	done
	unharmed
}

@test "a guest that replaces its files while it reboots gets nothing out of its tree" {
	local remap
	for remap in auto none; do
		tree=$(tree_small hostile)
		printf 'A=0\n' >"$tree/etc/env"
		syscontainer run -d --name hostile --user-remap "$remap" -e A=1 --env-target-file /etc/env --add-host db:10.0.0.1 "$tree" /bin/sh -c "$SMALL_PROGRAM"
		# The tree flips under the starts, from the side of the host, where nothing stops it.
		(
			while [[ -e $tree/etc ]]; do
				ln -sfn "$CANARIES/etc/env" "$tree/etc/env"
				ln -sfn "$CANARIES/etc/hosts" "$tree/etc/hosts"
				rm -f "$tree/etc/env" "$tree/etc/hosts"
				echo A=0 >"$tree/etc/env"
				: >"$tree/etc/hosts"
			done
		) >/dev/null 2>&1 3>&- &
		flipper=$!
		for _ in {1..8}; do
			timeout 20 syscontainer restart -t 0 hostile >/dev/null 2>&1 || timeout 20 syscontainer start hostile >/dev/null 2>&1 || true
		done
		kill "$flipper"
		wait "$flipper" || true
		unharmed
		syscontainer rm -f hostile
		e2e_clean
	done
}

@test "a name or a value with a newline or a blank gets into no file" {
	tree=$(tree_path plain)
	for option in --add-host --dns --dns-option --dns-search --hostname --env-target-file; do
		for value in $'x:1.2.3.4\n6.6.6.6 evil' $'9.9.9.9\nnameserver 6.6.6.6' $'a\n' $'\n' 'a b' $'a\tb' $'a\rb' $'a\eb' '' "$(printf 'a%.0s' {1..300})"; do
			run -125 syscontainer create "$option" "$value" "$tree" /bin/true
			has_text "for flag $option"
		done
	done
	same containers "$(container_names)" ""
}

# --- 24: state files -----------------------------------------------------------------------------------------------------------------

@test "a state file that is a symlink is refused or replaced before each operation, and what it leads to stays" {
	local file operation words
	for file in spec.json state.json lock console.log; do
		for operation in inspect start exec stop update rename logs rm; do
			syscontainer create --name box "$(tree_path plain)" /bin/sh -c "$SMALL_PROGRAM" >/dev/null
			[[ $operation != exec && $operation != stop ]] || syscontainer start box
			cp "$(container_dir box)/$file" "$CANARIES/file" 2>/dev/null || echo canary >"$CANARIES/file"
			CANARY_SUMS=$(canaries)
			ln -sf "$CANARIES/file" "$(container_dir box)/$file"
			words=("$operation" box)
			case $operation in
			exec) words+=(true) ;;
			rename) words+=(boxed) ;;
			update) words+=(--pids-limit 50) ;;
			esac
			run timeout 20 syscontainer "${words[@]}"
			[[ $status -ne 124 ]] || e2e_die "$operation hangs with $file"
			unharmed || e2e_die "by $operation with $file"
			if [[ $file == lock ]]; then
				find "$SYSCONTAINER_ROOT/containers" -name lock -type l -delete
				[[ $operation != start && $operation != rm || $status -ne 0 ]] || e2e_die "$operation takes a lock that is a symlink"
			fi
			syscontainer rm -f box boxed >/dev/null 2>&1 || true
			unharmed || e2e_die "by rm after $operation with $file"
		done
	done
}

@test "a run-time file that is a symlink is refused or replaced, and what it leads to stays" {
	local file operation words id
	for file in boot.json exit lxc.log monitor.lock host/notify events.jsonl; do
		for operation in inspect stop restart rm; do
			syscontainer run -d --name box "$(tree_path plain)" /bin/sh -c "$SMALL_PROGRAM" >/dev/null
			id=$(container_id box)
			case $file in
			host/*) path=$SYSCONTAINER_RUN/host/$id/${file#*/} ;;
			events.jsonl) path=$SYSCONTAINER_RUN/events.jsonl ;;
			*) path=$SYSCONTAINER_RUN/$id/$file ;;
			esac
			ln -sf "$CANARIES/file" "$path"
			words=("$operation" box)
			[[ $operation != rm ]] || words+=(-f)
			run timeout 30 syscontainer "${words[@]}"
			[[ $status -ne 124 ]] || e2e_die "$operation hangs with $file"
			unharmed || e2e_die "by $operation with $file"
			# One that cannot be replaced is named, and goes on being refused until the administrator has removed it.
			pkill -9 -f "^syscontainer-monitor $id" || true
			find "$SYSCONTAINER_RUN" -type l -delete
			syscontainer rm -f box >/dev/null 2>&1 || syscontainer rm -f box >/dev/null 2>&1 || true
			unharmed || e2e_die "by rm after $operation with $file"
		done
	done
}

# --- 31, 34: modes and what errors tell ----------------------------------------------------------------------------------------------

@test "what is ours is root's and closed, after every kind of operation" {
	small_start box
	syscontainer update --pids-limit 50 box
	syscontainer rename box boxed
	syscontainer restart boxed
	id=$(container_id boxed)
	same "roots" "$(stat -c '%a %u' "$SYSCONTAINER_ROOT" "$SYSCONTAINER_RUN" | sort -u)" "711 0"
	same "state" "$(stat -c '%a %u' "$SYSCONTAINER_ROOT"/{containers,names,idmap} "$SYSCONTAINER_ROOT/containers/$id" "$SYSCONTAINER_RUN/$id" | sort -u)" "700 0"
	same "what guests pass through" "$(stat -c '%a %u' "$SYSCONTAINER_RUN/host" "$SYSCONTAINER_RUN/host/$id" | sort -u)" "711 0"
	run find "$SYSCONTAINER_ROOT/containers" "$SYSCONTAINER_RUN/$id" -type f -perm /077 ! -name lxc.log
	same "files that others may read" "$output" ""
	run find "$SYSCONTAINER_ROOT" "$SYSCONTAINER_RUN" ! -type l -perm /022 ! -path '*/host/*'
	same "what others may write" "$output" ""
	same "another user" "$(setpriv --reuid 65534 --clear-groups sh -c "ls $SYSCONTAINER_ROOT/containers/$id; ls $SYSCONTAINER_RUN/$id; cat $SYSCONTAINER_RUN/events.jsonl" 2>&1 | grep -cv 'Permission denied')" 0
}

@test "directories that others may write to are refused" {
	chmod 777 "$SYSCONTAINER_ROOT"
	run -125 syscontainer create "$(tree_path plain)" /bin/true
	chmod 711 "$SYSCONTAINER_ROOT"
	has_text "must belong to root and be writable by nobody else"
}

@test "nothing of ours is setuid, and who is not root learns nothing of what is there" {
	run find "$(dirname "$(command -v syscontainer)")/../" -type f -name 'syscontainer*' -perm /6000
	same "setuid files" "$output" ""
	small_create box
	for name in box nowhere; do
		setpriv --reuid 65534 --clear-groups env "SYSCONTAINER_ROOT=$SYSCONTAINER_ROOT" "SYSCONTAINER_RUN=$SYSCONTAINER_RUN" \
			syscontainer inspect "$name" 2>&1 | sed "s/$name/NAME/g" >"$BATS_TEST_TMPDIR/$name" || true
	done
	same "what is told of a container that is there" "$(cat "$BATS_TEST_TMPDIR/box")" "$(cat "$BATS_TEST_TMPDIR/nowhere")"
}
