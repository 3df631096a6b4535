#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# `syscontainer check`, and what `info` says of the configuration.

load common
load small

supply() { # NAME FIELD
	syscontainer check --format json | jq -r --arg name "$1" --arg field "$2" '.Supplies[] | select(.Name == $name)[$field]'
}

@test "check finds all that is needed, leaves nothing, and has a word on each feature" {
	run -0 syscontainer check
	has_text "FEATURE"
	has_text "more guests with systemd fit"
	run -0 syscontainer check --format json
	same "needed and missing" "$(jq -c '[.Features[] | select(.Needed and .Works == "no")]' <<<"$output")" "[]"
	same "without a word" "$(jq -c '[.Features[] | select(.Detail == "")]' <<<"$output")" "[]"
	same "what tells of cgroups" "$(jq -r '.Features[] | select(.Name == "cgroups").Detail' <<<"$output" | cut -c1)" v
	leak_check /dev/null
}

@test "check of a tree tells its init and its cgroups, or why it cannot be started, and touches nothing" {
	local tree
	run -0 syscontainer check "$SYSCONTAINER_TEST_TREE"
	has_text "Rootfs: $SYSCONTAINER_TEST_TREE"
	has_text "Init: systemd 2"
	tree=$(tree_small box)
	mkdir -p "$tree/usr/sbin" "$tree/usr/lib/systemd"
	ln -s /bin/sleep "$tree/sbin/init"
	run -0 syscontainer check --format json "$tree"
	same init "$(jq -r .Init <<<"$output")" other
	cp "$tree/usr/bin/dash" "$tree/usr/lib/systemd/systemd"
	ln -sf /usr/lib/systemd/systemd "$tree/sbin/init"
	: >"$tree/usr/lib/systemd/libsystemd-shared-262.so"
	run -0 syscontainer check --format json "$tree"
	same "a newer systemd" "$(jq -r .Init <<<"$output")" "systemd 262"
	has_text v2 "$(jq -r .Cgroups <<<"$output")"
	rm "$tree"/etc/os-release "$tree/usr/lib/os-release"
	run -1 syscontainer check "$tree"
	has_text "os-release"
	run -1 syscontainer check "$tree/bin/dash"
	has_text "is an image"
	run -1 syscontainer check /
	has_text "the host's own"
	leak_check /dev/null
}

@test "check fails and names what is needed and missing" {
	SYSCONTAINER_LIBEXEC=/nonexistent run -1 syscontainer check
	has_text "/nonexistent/syscontainer-monitor cannot be executed: No such file or directory"
	echo '{ "tls": true }' >"$BATS_TEST_TMPDIR/daemon.json"
	SYSCONTAINER_CONFIG=$BATS_TEST_TMPDIR/daemon.json run -1 syscontainer check
	has_text "daemon.json: tls: the key is of another manager and does not apply here"
	run -1 setpriv --reuid 65534 --clear-groups "$(command -v syscontainer)" check
	has_text "run it as root"
}

@test "the smallest supply is named, and what guests take is counted" {
	run -0 syscontainer check --format json
	same smallest "$(jq .Guests <<<"$output")" "$(jq '[.Supplies[].Guests | values] | min' <<<"$output")"
	same "its name" "$(jq -r '.LimitedBy as $name | .Supplies[] | select(.Name == $name).Guests' <<<"$output")" "$(jq .Guests <<<"$output")"
	ranges=$(supply "id ranges" Used)
	small_create box
	same "id ranges" "$(supply "id ranges" Used)" $((ranges + 1))
}

@test "info says what is in force and where it is from" {
	run -0 syscontainer info
	has_text " stop-timeout: 3s (file)"
	has_text " start-timeout: 90s (default)"
	has_text " container-log.max-file: 7 (default)"
	run -0 syscontainer info --format json
	same value "$(jq -c '.Configuration["stop-timeout"]' <<<"$output")" '{"Value":"3s","Source":"file"}'
}

@test "keys of the reference that mean nothing here are refused with the reason" {
	local key reason
	while IFS=$'\t' read -r key reason; do
		echo "{ \"user-remap\": \"auto\", \"$key\": \"x\" }" >"$BATS_TEST_TMPDIR/daemon.json"
		SYSCONTAINER_CONFIG=$BATS_TEST_TMPDIR/daemon.json run -125 syscontainer create "$SYSCONTAINER_TEST_TREE"
		has_text "$BATS_TEST_TMPDIR/daemon.json: $key: "
		has_text "$reason"
	done <<-'END'
		hosts	there is no daemon
		graph	SYSCONTAINER_ROOT
		userns-remap	use user-remap
		systemd-cgroup	cgroup-parent
		storage-driver	there are no images
		default-runtime	liblxc
	END
}
