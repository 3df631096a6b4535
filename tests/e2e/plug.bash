# SPDX-License-Identifier: LGPL-2.1-or-later
# What tests of hot-plug need: containers whose attachments are replayed by the shipped hook. Loaded after common and small.
# shellcheck shell=bash

# In setup_file, instead of e2e_begin.
plug_begin() { # [JSON MEMBER]...
	local libexec
	e2e_begin '"stop-timeout": "5s"' "$@" || return
	libexec=$(dirname "$(dirname "$(command -v syscontainer)")")/libexec/syscontainer
	jq -n --arg hook "$libexec/syscontainer-hooks" \
		'{prestart: [{path: $hook, args: ["syscontainer-hooks", "prestart"]}], poststop: [{path: $hook, args: ["syscontainer-hooks", "poststop"]}]}' \
		>"$E2E_DIR/hookspec.json"
	jq --arg spec "$E2E_DIR/hookspec.json" '. + {"hook-spec": $spec}' "$SYSCONTAINER_CONFIG" >"$E2E_DIR/new.json" || return
	mv "$E2E_DIR/new.json" "$SYSCONTAINER_CONFIG"
}

# What is plugged into this boot, as its record has it: plugged web '.live.nics[0].name'
plugged() { # NAME JQ-EXPRESSION
	jq -r "$2" "$SYSCONTAINER_RUN/$(container_id "$1")/plugged.json"
}

# What should be, whether it runs or not.
recorded() { # NAME JQ-EXPRESSION
	jq -r ".attachments | $2" "$(container_dir "$1")/spec.json"
}

# The devices that a test left in the two guests that most suites of devices have: mapped, with ids of its own, and plain, with the host's.
plug_take_back() {
	local name path
	for name in mapped plain; do
		syscontainer list-device "$name" 2>/dev/null | jq -r '.[].PathInContainer' | while read -r path; do
			syscontainer remove-device "$name" ":$path" >/dev/null || true
		done
	done
}

has_node() { # NAME PATH
	syscontainer exec "$1" stat "$2" >/dev/null 2>&1
}

has_node_of() { # NAME PATH DEVICE
	[[ $(syscontainer exec "$1" stat -c '%F %t:%T' "$2" 2>/dev/null) == "block special file $(stat -Lc %t:%T "$3")" ]]
}

has_no_node() { # NAME PATH
	! has_node "$@"
}
