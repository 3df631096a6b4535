#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Variables and labels from files, and the file of the guest that keeps its environment.
# shellcheck disable=SC2030,SC2031 # each test is a subshell, and meant to be

load common
load small

# The environment of PID 1 as the kernel has it.
init_environment() { # NAME
	tr '\0' '\n' <"/proc/$(init_pid "$1")/environ"
}

@test "--env-file sets variables, imports bare keys, and -e counts more" {
	printf '# comment\n\nA=file\n  B=two words # and more\nIMPORTED\nMISSING\nQUOTED="q"\n' >"$BATS_TEST_TMPDIR/one"
	printf 'B=second\nEMPTY=\n' >"$BATS_TEST_TMPDIR/two"
	IMPORTED=ours small_start box --env-file "$BATS_TEST_TMPDIR/one" --env-file "$BATS_TEST_TMPDIR/two" -e A=flag
	for line in A=flag B=second IMPORTED=ours 'QUOTED="q"' EMPTY=; do
		grep -qxF "$line" <(init_environment box)
		grep -qxF "$line" <(syscontainer exec box env)
	done
	run -1 grep MISSING <(init_environment box)
	syscontainer stop box
	rm "$BATS_TEST_TMPDIR"/{one,two}
	syscontainer start box
	grep -qxF B=second <(init_environment box)
}

@test "--label-file sets labels, and -l counts more" {
	printf 'site=north\nrole=front\nbare\n# no\n' >"$BATS_TEST_TMPDIR/labels"
	small_create box --label-file "$BATS_TEST_TMPDIR/labels" -l role=back
	same labels "$(syscontainer inspect -f '{{json .Config.Labels}}' box)" '{"site":"north","role":"back","bare":""}'
}

@test "--env-target-file: what it has joins, what is given is written, all else stays" {
	tree=$(tree_small box)
	mkdir -m 750 "$tree/etc/conf"
	printf '# kept\n\nA=old\nB=file\nnot a variable\nLAST=x' >"$tree/etc/conf/env"
	chmod 604 "$tree/etc/conf/env"
	chown 7:8 "$tree/etc/conf/env"
	syscontainer run -d --name box -e A=given -e C=new --env-target-file /etc/conf/env "$tree" /bin/sh -c "$SMALL_PROGRAM"
	same file "$(cat "$tree/etc/conf/env")" $'# kept\n\nA=given\nB=file\nnot a variable\nLAST=x\nC=new'
	same "owner and mode" "$(stat -c '%u:%g %a' "$tree/etc/conf/env")" "7:8 604"
	for line in A=given B=file C=new LAST=x; do
		grep -qxF "$line" <(init_environment box)
		grep -qxF "$line" <(syscontainer exec box env)
	done
	same inspect "$(field box .HostConfig.EnvTargetFile)" /etc/conf/env
	has_text '"B=file"' "$(syscontainer inspect -f '{{json .Config.Env}}' box)"

	# What the guest changes counts at its next boot, but for what was given.
	syscontainer exec box sh -c 'echo B=guest >>/etc/conf/env; echo A=guest >>/etc/conf/env'
	syscontainer restart box
	grep -qxF A=given <(init_environment box)
	grep -qxF B=guest <(init_environment box)
	same file "$(tail -n 2 "$tree/etc/conf/env")" $'B=guest\nA=given'
	same "files beside it" "$(ls -A "$tree/etc/conf")" env
}

@test "--env-target-file is made with its directories, as the guest's root, remapped or not" {
	local remap
	for remap in auto none; do
		tree=$(tree_small "box$remap")
		syscontainer run -d --name "box$remap" --user-remap "$remap" -e A=1 --env-target-file /made/for/env "$tree" /bin/sh -c "$SMALL_PROGRAM"
		same file "$(cat "$tree/made/for/env")" A=1
		same "owner and mode" "$(stat -c '%u:%g %a' "$tree/made/for/env" "$tree/made" | xargs)" "0:0 640 0:0 755"
	done
}

@test "--env-target-file works in an image" {
	tree=$(tree_small plain)
	printf 'B=2\n' >"$tree/etc/env"
	truncate -s 64M "$E2E_DIR/trees/plain/disk"
	mkfs.ext4 -q -d "$tree" "$E2E_DIR/trees/plain/disk"
	syscontainer run -d --name image -e A=1 --env-target-file /etc/env "$E2E_DIR/trees/plain/disk" /bin/sh -c "$SMALL_PROGRAM"
	same file "$(syscontainer exec image cat /etc/env)" $'B=2\nA=1'
	grep -qxF B=2 <(init_environment image)
	syscontainer rm -f image
}

@test "nothing is written when nothing changes" {
	tree=$(tree_small box)
	printf 'A=1\n' >"$tree/etc/env"
	before=$(stat -c '%i %Y' "$tree/etc/env")
	syscontainer run -d --name box -e A=1 --env-target-file /etc/env "$tree" /bin/sh -c "$SMALL_PROGRAM"
	same "inode and time" "$(stat -c '%i %Y' "$tree/etc/env")" "$before"
}

@test "files that are no environment files are refused, with option, name and line" {
	local value=$BATS_TEST_TMPDIR/file option
	tree=$(tree_small plain)
	for option in --env-file --label-file; do
		for kind in missing directory fifo device line nul large; do
			rm -rf "$value"
			case $kind in
			directory) mkdir "$value" && text="no regular file" ;;
			fifo) mkfifo "$value" && text="no regular file" ;;
			device) mknod "$value" c 1 5 && text="no regular file" ;;
			line) printf 'A=1\n\n=x\n' >"$value" && text="line 3: " ;;
			nul) printf 'A=1\nB=\0x\n' >"$value" && text="line 2: " ;;
			large) truncate -s $((10 * 1024 * 1024 + 1)) "$value" && text="larger than" ;;
			*) text="No such file" ;;
			esac
			run -125 timeout 5 syscontainer create "$option" "$value" "$tree" /bin/true
			has_text "Invalid value \"$value\" for flag $option"
			has_text "$text"
		done
	done
	same containers "$(container_names)" ""
}

@test "an env target that cannot be one is refused at create" {
	tree=$(tree_small plain)
	mkdir "$tree/etc/dir"
	mkfifo "$tree/etc/fifo"
	ln -s /etc/passwd "$tree/etc/link"
	truncate -s $((10 * 1024 * 1024 + 1)) "$tree/etc/large"
	printf 'A=%05000d\n' 0 >"$tree/etc/long"
	for row in 'relative absolute' '/etc/../x without' '/etc/ without' '/ without' '/etc/dir regular' '/etc/fifo regular' \
		'/etc/link symbolic' '/etc/passwd/x directory' '/etc/large larger' '/etc/long longer'; do
		run -125 timeout 5 syscontainer create --env-target-file "${row% *}" "$tree" /bin/true
		has_text "Invalid value \"${row% *}\" for flag --env-target-file"
		has_text "${row#* }"
	done
	run -125 syscontainer create --env-target-file /etc/env -e $'A=1\nB=2' "$tree" /bin/true
	has_text "the value of A has a newline"
	run -125 syscontainer create --env-target-file /etc/env -e "A=$(printf '%05000d' 0)" "$tree" /bin/true
	has_text "longer than 4096 bytes"
	same containers "$(container_names)" ""
	[[ ! -e $tree/etc/env ]]
}
