#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# A hostile guest or tree, and a hostile option, against the writing of kernel parameters (field.md, attacks 11, 12, 19 and 20).

load common
load small

setup_file() {
	e2e_begin '"stop-timeout": "5s"'
	e2e_keep
}

setup() {
	canary=$BATS_TEST_TMPDIR/canary
	echo untouched >"$canary"
	host_parameters >"$BATS_TEST_TMPDIR/before"
}

teardown() {
	e2e_clean
	host_parameters | diff "$BATS_TEST_TMPDIR/before" -
	same canary "$(cat "$canary")" untouched
}

# What of the host's parameters does not change by itself.
host_parameters() {
	find /proc/sys/kernel /proc/sys/vm /proc/sys/fs /proc/sys/net/core /proc/sys/net/ipv4 -maxdepth 1 -type f -readable 2>/dev/null |
		grep -vE '/(random|ns_last_pid|dentry-state|file-nr|inode-(nr|state)|aio-nr|pty|nr|drop_caches|compact_memory|stat_refresh|modprobe|quota|dirty_.*|.*flush)$' |
		sort | xargs grep -s '' | grep -v -e ns_last_pid -e entropy -e perf_event_max_sample_rate
}

@test "a second parameter, a second line or another path in --sysctl reaches neither the kernel nor liblxc" {
	local tree item
	tree=$(tree_small tree)
	for item in \
		"net.ipv4.ip_forward=1+kernel.core_pattern=|$canary" \
		$'net.ipv4.ip_forward=1\nkernel.core_pattern=x' \
		$'net.ipv4.ip_forward=1\nlxc.hook.pre-start = /bin/true' \
		$'net.ipv4.ip_forward\nlxc.hook.pre-start=/bin/true' \
		$'net.ipv4.ip_forward=\n' \
		"kernel.shm_rmid_forced=1 +kernel.core_pattern=x" \
		"net.ipv4/../../kernel/core_pattern=x" "net/../kernel.core_pattern=x" "net...kernel.core_pattern=x" \
		"net.ipv4.ip_forward =1" " net.ipv4.ip_forward=1" "net.ipv4.ip_forward==1" "kernel.msgmax+=1" \
		"kernel.core_pattern=|/bin/x" "kernel.modprobe=/bin/x" "kernel.sysrq=1" "fs.suid_dumpable=2"; do
		run -125 syscontainer create --sysctl "$item" "$tree" /bin/true
		has_text "Invalid value \"$item\" for flag --sysctl"
	done
	same containers "$(container_names)" ""
}

@test "an edited spec is held to the same rules" {
	local spec
	small_create edited --sysctl net.ipv4.ip_forward=1
	spec=$(container_dir edited)/spec.json
	cp "$spec" "$BATS_TEST_TMPDIR/good"
	sed 's/"net.ipv4.ip_forward": "1"/"kernel.core_pattern": "x"/' "$BATS_TEST_TMPDIR/good" >"$spec"
	run -1 syscontainer start edited
	has_text "Sysctl 'kernel.core_pattern' is not whitelist"
	sed 's|"namespaces": {|&"net": "container:../../x",|' "$BATS_TEST_TMPDIR/good" >"$spec"
	run -1 syscontainer start edited
	has_text "container:../../x"
	sed 's|"devices": {|&"rules": ["c 1:3 r\\nlxc.hook.pre-start = /bin/true"]|' "$BATS_TEST_TMPDIR/good" >"$spec"
	run -1 syscontainer start edited
	has_text "--device-cgroup-rule"
	cp "$BATS_TEST_TMPDIR/good" "$spec"
	syscontainer start edited
}

@test "a tree with a /proc of its own is not written to, nor anything that it points at" {
	local tree kind
	for kind in files symlink file-symlink; do
		tree=$(tree_small "$kind")
		rmdir "$tree/proc"
		case $kind in
		files)
			mkdir -p "$tree/proc/sys/net/ipv4"
			echo untouched >"$tree/proc/sys/net/ipv4/ip_forward"
			;;
		symlink)
			mkdir -p "$BATS_TEST_TMPDIR/proc/sys/net/ipv4"
			ln "$canary" "$BATS_TEST_TMPDIR/proc/sys/net/ipv4/ip_forward"
			ln -s "$BATS_TEST_TMPDIR/proc" "$tree/proc"
			;;
		file-symlink)
			mkdir -p "$tree/proc/sys/net/ipv4"
			ln -s "$canary" "$tree/proc/sys/net/ipv4/ip_forward"
			;;
		esac
		# It starts or is refused; the rest is in teardown.
		run syscontainer run -d --name "$kind" --sysctl net.ipv4.ip_forward=1 --ns-change-opt net,ipc "$tree" /bin/sh -c "$SMALL_PROGRAM"
		[[ $kind != files ]] || same file "$(cat "$tree/proc/sys/net/ipv4/ip_forward")" untouched
	done
}

@test "a fake /proc over the guest's own misleads neither exec nor the next start" {
	guest_start liar --sysctl net.ipv4.ip_forward=1
	first=$(field liar .HostConfig.UserRemap | cut -d: -f1)
	syscontainer exec liar /bin/sh -c 'mkdir -p /fake/self/attr /fake/1 /fake/sys/net/ipv4 && ln -s /proc/sysrq-trigger /fake/self/attr/exec &&
		echo 0 >/fake/sys/net/ipv4/ip_forward && echo "0 0 4294967295" >/fake/self/uid_map && mount --bind /fake /proc'
	# As who it runs the kernel says, and not that /proc.
	syscontainer exec -d liar sleep 3333
	wait_for 5 pgrep -u "$first" -fx 'sleep 3333' >/dev/null
	pid=$(pgrep -u "$first" -nfx 'sleep 3333')
	same "namespace" "$(readlink "/proc/$pid/ns/user")" "$(readlink "/proc/$(init_pid liar)/ns/user")"
	same "capabilities" "$(grep CapBnd "/proc/$pid/status")" "$(grep CapBnd "/proc/$(init_pid liar)/status")"
	same "label" "$(cat "/proc/$pid/attr/current" 2>/dev/null)" "$(cat "/proc/$(init_pid liar)/attr/current" 2>/dev/null)"
	syscontainer restart liar
	same ip_forward "$(syscontainer exec liar cat /proc/sys/net/ipv4/ip_forward)" 1
}
