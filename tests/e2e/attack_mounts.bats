#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Trees that try to turn the mounts of a start against the host. Each story has a canary on the host that must stay as it is, and the host's own
# mounts must be the same afterwards.
# shellcheck disable=SC2030,SC2031 # each test is a subshell, and meant to be

load common
load small

setup() {
	CANARY=$E2E_DIR/canary
	mkdir -p "$CANARY/"{etc,dev,proc,sys,run,data}
	echo secret >"$CANARY/file"
	chmod -R a+rwX "$CANARY"
	mkdir "$E2E_DIR/source"
	echo given >"$E2E_DIR/source/given"
	host_state >"$BATS_TEST_TMPDIR/before"
}

teardown() {
	e2e_clean
	rm -rf --one-file-system "$CANARY" "$E2E_DIR/source"
}

# All mounts of the host but those of other sets of containers that are tested meanwhile.
host_state() {
	sed -E 's/^[0-9]+ [0-9]+ //' /proc/self/mountinfo | grep -v -e '/sysc-test\.' -e '/bats-run-' -e '/syscontainer-bench\.' | sort
	grep -F "$E2E_DIR" /proc/self/mountinfo | sed -E 's/^[0-9]+ [0-9]+ //' | sort
	find "$CANARY" "$E2E_DIR/source" -printf '%p %y %m %U:%G %s\n' | sort
	stat -c '%n %F %t:%T' /dev/null
}

host_is_unharmed() {
	host_state | diff "$BATS_TEST_TMPDIR/before" -
}

# Whether it starts or not: the guest must have been kept inside.
try_start() { # NAME [OPTION OF run]...
	local name=$1
	shift
	run timeout 20 syscontainer run -d --name "$name" "$@" "$(tree_path "$name")" /bin/sh -c "$SMALL_PROGRAM"
	[[ $status -eq 0 || $status -eq 125 ]] || e2e_die "status $status: $output" || return
	[[ $status -eq 0 ]] || has_text "cannot"
}

@test "/dev, /proc, /sys, /run and /etc that are symlinks to directories of the host" {
	local place target mode
	for place in dev proc sys run etc; do
		for target in "$CANARY/$place" "../../../../../../../..$CANARY/$place"; do
			for mode in auto none; do
				tree_small evil >/dev/null
				mv "$(tree_path evil)/$place" "$(tree_path evil)/was-$place"
				ln -s "$target" "$(tree_path evil)/$place"
				try_start evil --user-remap "$mode" --tmpfs /run/mine -v "$E2E_DIR/source:/etc/mine" --read-only
				host_is_unharmed
				syscontainer rm -f evil 2>/dev/null || true
				tree_remove evil
			done
		done
	done
}

@test "mount targets that are symlinks out of the tree stay inside of it" {
	local name mode
	for mode in auto none; do
		tree_small evil >/dev/null
		ln -s "$CANARY/data" "$(tree_path evil)/data"
		ln -s ../../../../../../../../../../.."$CANARY" "$(tree_path evil)/up"
		ln -s /proc/1/root "$(tree_path evil)/magic"
		ln -s "$CANARY/file" "$(tree_path evil)/file"
		# What it leads to is the tree's own, where there is nothing.
		for name in /data /up/data /file; do
			run -125 syscontainer run -d --name evil --user-remap "$mode" -v "$E2E_DIR/source:$name" "$(tree_path evil)" /bin/sh -c "$SMALL_PROGRAM"
			has_text "symlink that leads nowhere"
			host_is_unharmed
			syscontainer rm -f evil
		done
		run -125 syscontainer run -d --name evil --user-remap "$mode" -v "$E2E_DIR/source:/magic/tmp" "$(tree_path evil)" /bin/sh -c "$SMALL_PROGRAM"
		host_is_unharmed
		syscontainer rm -f evil
		mkdir -p "$(tree_path evil)$CANARY/data"
		syscontainer run -d --name evil --user-remap "$mode" -v "$E2E_DIR/source:/up/data/new" "$(tree_path evil)" /bin/sh -c "$SMALL_PROGRAM"
		same "inside" "$(in_guest evil cat "$CANARY/data/new/given")" given
		host_is_unharmed
		syscontainer rm -f evil
		tree_remove evil
	done
}

@test "mount targets that lead to /proc, /sys, /dev and the root are refused as if they had been named" {
	local target
	tree_small evil >/dev/null
	ln -s /proc/sys/kernel "$(tree_path evil)/kernel"
	ln -s /sys "$(tree_path evil)/mnt"
	ln -s dev "$(tree_path evil)/nodes"
	ln -s dev/null "$(tree_path evil)/nothing"
	ln -s / "$(tree_path evil)/slash"
	ln -s /run/host "$(tree_path evil)/ours"
	ln -s proc "$(tree_path evil)/p"
	for target in /kernel /mnt /mnt/fs /nodes /slash /ours /slash/slash/proc /p/1; do
		run -125 syscontainer run -d --name evil --user-remap none --tmpfs "$target" "$(tree_path evil)" /bin/sh -c "$SMALL_PROGRAM"
		has_text "cannot mount $target"
		host_is_unharmed
		syscontainer rm -f evil
	done
	run -125 syscontainer run -d --name evil -v "$E2E_DIR/source/given:/nothing" "$(tree_path evil)" /bin/sh -c "$SMALL_PROGRAM"
	has_text "cannot mount /nothing"
	host_is_unharmed
}

@test "masks cover the kernel's files, with the host's null device, whatever the tree has at these places" {
	tree_small evil >/dev/null
	mkdir -p "$(tree_path evil)/proc/acpi" "$(tree_path evil)/sys/firmware"
	ln -s "$CANARY/file" "$(tree_path evil)/proc/keys"
	ln -s "$CANARY/file" "$(tree_path evil)/proc/kcore"
	ln -s "$CANARY/file" "$(tree_path evil)/dev/null"
	syscontainer run -d --name evil --user-remap none "$(tree_path evil)" /bin/sh -c "$SMALL_PROGRAM"
	same "/proc/keys" "$(in_guest evil stat -c '%t:%T' /proc/keys)" 1:3
	same "/dev/null" "$(in_guest evil stat -c '%t:%T' /dev/null)" 1:3
	in_guest evil sh -c 'echo written >/proc/keys; echo written >/dev/null'
	same "content" "$(in_guest evil cat /proc/keys)" ""
	host_is_unharmed
}

@test "a tree that changes while it starts: nothing is mounted or made outside, and the guest sees its own source only" {
	local i flip pid started=0
	tree_small evil >/dev/null
	flipper flip
	mkdir -p "$(tree_path evil)/flip/dir"
	ln -s "../../../../../../../../../..$CANARY" "$(tree_path evil)/flip/link"
	"${flip[@]}" "$(tree_path evil)/flip/dir" "$(tree_path evil)/flip/link" 3>&- &
	pid=$!
	syscontainer create --name evil --user-remap none -v "$E2E_DIR/source:/flip/dir/deep/data" --tmpfs /flip/dir/made/t "$(tree_path evil)" /bin/sh -c "$SMALL_PROGRAM"
	for ((i = 0; i < 20; i++)); do
		! timeout 20 syscontainer start evil 2>/dev/null || started=$((started + 1))
		syscontainer stop -f evil >/dev/null
	done
	kill "$pid"
	wait "$pid" || true
	# Both sides of the race were met.
	echo "$started of 20 started"
	[[ $started -gt 0 && $started -lt 20 ]]
	host_is_unharmed
	[[ ! -e $CANARY/deep && ! -e $CANARY/made ]]
}

@test "a source's symlinks are the host's, and those inside of it lead nowhere else" {
	ln -s "$CANARY" "$E2E_DIR/source/link"
	host_state >"$BATS_TEST_TMPDIR/before"
	tree_small evil >/dev/null
	syscontainer run -d --name evil -v "$E2E_DIR/source:/data" --tmpfs /data/link/inner "$(tree_path evil)" /bin/sh -c "$SMALL_PROGRAM" || true
	host_is_unharmed
	syscontainer rm -f evil
	# Through the guest's own mount the way is the guest's.
	syscontainer run -d --name evil -v "$E2E_DIR/source:/data" "$(tree_path evil)" /bin/sh -c "$SMALL_PROGRAM"
	run in_guest evil cat /data/link/file
	has_text "No such file or directory"
	host_is_unharmed
}

@test "a cgroup hierarchy's release_agent, which the host's kernel would run, is out of reach" {
	local mode
	for mode in auto none; do
		tree_small evil >/dev/null
		(
			cd "$SYSCONTAINER_TEST_TREE"
			cp -a --parents usr/bin/{unshare,mount,find} usr/lib/*-linux-gnu/lib{mount,blkid,selinux,pcre2-8}.so* "$(tree_path evil)"
		)
		syscontainer run -d --name evil --user-remap "$mode" "$(tree_path evil)" /bin/sh -c "$SMALL_PROGRAM"
		# A hierarchy of its own would have one at its top; of the host's it may see its own part only.
		# shellcheck disable=SC2016 # the variables are those of the shell in the guest
		run -0 in_guest evil sh -c '
			mount -t cgroup -o none,name=evil none /tmp && echo made a hierarchy
			unshare -mC mount -t cgroup -o none,name=evil none /tmp && echo made it in a cgroup namespace
			unshare -UrmC mount -t cgroup -o none,name=evil none /tmp && echo made it as another root
			for controller in memory pids rdma; do mount -t cgroup -o "$controller" none /tmp; done
			find / -name release_agent
			true' 2>/dev/null
		[[ $output != *made* && $output != *release_agent* ]]
		host_is_unharmed
		syscontainer rm -f evil
		tree_remove evil
	done
}

@test "a set-user-ID program that the guest's root makes gives a user of the host nothing" {
	local place
	tree_small evil >/dev/null
	mkdir -m 700 "$E2E_DIR/closed"
	mkdir "$E2E_DIR/closed/volume"
	chmod 700 "$E2E_DIR/trees/evil" # as syscontainer-run(1) says; both are reachable for us and the guest all the same
	syscontainer run -d --name evil --read-only -v "$E2E_DIR/closed/volume:/volume" --host-channel "$E2E_DIR/channel:/channel" -v "$E2E_DIR/source:/source:ro" \
		"$(tree_path evil)" /bin/sh -c "$SMALL_PROGRAM"
	in_guest evil sh -c 'cat /usr/bin/id >/volume/id; cat /usr/bin/id >/channel/id; cat /usr/bin/id >/run/id'
	cp "$SYSCONTAINER_TEST_TREE/usr/bin/chmod" "$BATS_TEST_TMPDIR/chmod"
	syscontainer cp "$BATS_TEST_TMPDIR/chmod" evil:/run/chmod
	in_guest evil sh -c '/run/chmod 4755 /volume/id /channel/id /run/id'
	same "the volume's, on disk" "$(stat -c '%u %a' "$E2E_DIR/closed/volume/id")" "0 4755"
	for place in "$E2E_DIR/closed/volume" "$E2E_DIR/channel" "/proc/$(init_pid evil)/root/run"; do
		# Of a shell: setpriv itself still has capabilities when it executes something.
		run setpriv --reuid 65534 --regid 65534 --clear-groups sh -c "'$place/id' -u"
		[[ $status -eq 126 || $status -eq 127 ]] || e2e_die "$place: $status $output"
	done
	syscontainer rm -f evil
	rm -rf "$E2E_DIR/closed"
}
