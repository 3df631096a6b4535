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
