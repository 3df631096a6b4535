# SPDX-License-Identifier: LGPL-2.1-or-later
# What tests of the proc view need: its server, and guests that the shipped hook has seen. Loaded after common and small.
# shellcheck shell=bash

# In setup_file, instead of e2e_begin.
procview_begin() { # [JSON MEMBER]...
	e2e_begin "\"stop-timeout\": \"5s\"" "$@" || return
	local libexec hook plug
	libexec=$(dirname "$(dirname "$(command -v syscontainer)")")/libexec/syscontainer
	hook="{ \"path\": \"$libexec/lxcfs-hook\", \"env\": [ \"SYSCONTAINER_RUN=$SYSCONTAINER_RUN\" ] }"
	plug="\"path\": \"$libexec/syscontainer-hooks\", \"args\": [ \"syscontainer-hooks\""
	echo "{ \"prestart\": [ { $plug, \"prestart\" ] }, $hook ], \"poststop\": [ { $plug, \"poststop\" ] }, $hook ] }" >"$E2E_DIR/hookspec.json"
	procview_config "$@"
}

# daemon.json anew, with these members more.
procview_config() { # [JSON MEMBER]...
	local member members="\"user-remap\": \"auto\", \"cgroup-parent\": \"/$E2E_CGROUP\", \"stop-timeout\": \"5s\""
	for member in "\"hook-spec\": \"$E2E_DIR/hookspec.json\"" "$@"; do
		members+=", $member"
	done
	echo "{ $members }" >"$SYSCONTAINER_CONFIG"
}

# In teardown_file, instead of e2e_end.
procview_end() {
	local status=0
	: >"$E2E_DIR/kept"
	e2e_clean || status=1
	procview_stop || status=1
	same "state left behind" "$(find "$SYSCONTAINER_RUN/lxcfs/guests" "$SYSCONTAINER_RUN/lxcfs/state" -type f ! -name .last-slot 2>/dev/null)" "" || status=1
	rm -rf --one-file-system "$SYSCONTAINER_RUN/lxcfs"
	e2e_end && return "$status"
}

# Starts the server, with these options, and waits until it answers.
procview_start() { # [OPTION]...
	syscontainer-lxcfs "$@" 2>>"$E2E_DIR/lxcfs.log" 3>&- </dev/null &
	echo "$!" >"$E2E_DIR/holder"
	disown
	wait_for 10 procview_answers
}

procview_answers() {
	lxcfs-toolkit check-lxcfs >/dev/null 2>&1
}

# Asks it to end, and waits.
procview_stop() {
	[[ -s $E2E_DIR/holder ]] || return 0
	kill "$(holder_pid)" 2>/dev/null || true
	wait_for 20 is_gone "$(holder_pid)"
	: >"$E2E_DIR/holder"
}

holder_pid() {
	cat "$E2E_DIR/holder"
}

server_pid() {
	cut -d' ' -f1 "$SYSCONTAINER_RUN/lxcfs/server" 2>/dev/null
}

# Another one than that pid serves.
server_is_new() { # PID
	local now
	now=$(server_pid) && [[ $now && $now != "$1" ]]
}

# "bound", "host" or "dead".
shows() { # NAME FILE
	lxcfs-toolkit list --format json "$1" | jq -r --arg file "$2" '.[] | select(.file == $file) | .shows'
}

shows_is() { # NAME FILE WANTED
	[[ $(shows "$1" "$2") == "$3" ]]
}

# MemTotal that the guest reads, in kB.
memory_of() { # NAME
	in_guest "$1" sed -n 's/^MemTotal: *\([0-9]*\) kB/\1/p' /proc/meminfo
}

host_memory() {
	sed -n 's/^MemTotal: *\([0-9]*\) kB/\1/p' /proc/meminfo
}
