#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# The one list of what is plugged in: shown, applied from a file, replayed at boot, repaired. With paths, for which nothing of the host is needed; what each kind does is in suites of their own.

# shellcheck disable=SC2154 # stderr is set by run

load common
load small
load plug

setup_file() {
	plug_begin
	for name in a b c; do
		mkdir "$E2E_DIR/source-$name"
		echo "$name" >"$E2E_DIR/source-$name/file"
	done
	e2e_keep
}

teardown() {
	for name in a b c; do
		mkdir -p "$E2E_DIR/source-$name"
	done
	e2e_clean
}

# The file behind that path of the guest.
seen() { # NAME PATH
	cat "/proc/$(init_pid "$1")/root$2/file" 2>/dev/null
}

add() { # NAME LETTER [OPTION]...
	syscontainer add-path "$1" "$E2E_DIR/source-$2:/mnt/$2" "${@:3}"
}

@test "attachments shows what is plugged in, only recorded, and nothing" {
	small_start web
	run -0 --separate-stderr syscontainer attachments web --format json
	same document "$(jq -c . <<<"$output")" "{}"
	add web a
	run -0 syscontainer attachments web
	has_text "ATTACHMENT"
	[[ $output =~ path\ .*source-a.*\ plugged ]]
	run -0 syscontainer-tools attachments web --format=json
	same paths "$(jq '.paths | length' <<<"$output")" 1
	syscontainer stop web
	run -0 syscontainer attachments web
	[[ $output =~ recorded ]]
	same inspect "$(syscontainer inspect -f '{{json .Attachments}}' web | jq -c '[.[] | [.Type, .Plugged, .Warning]]')" '[["path",false,""]]'
}

@test "apply makes guest and record equal to a file, prints each change, and can tell them before" {
	small_start web
	add web a && add web b
	syscontainer attachments web --format json >"$E2E_DIR/both.json"
	syscontainer remove-path web "$E2E_DIR/source-a:/mnt/a"
	add web c
	run -0 --separate-stderr syscontainer apply web "$E2E_DIR/both.json" --dry-run
	same steps "$(wc -l <<<"$output")" 2
	[[ $output =~ detach\ path\ .*source-c ]]
	[[ $output =~ attach\ path\ .*source-a ]]
	same "c before" "$(seen web /mnt/c)" c
	preview=$output
	run -0 --separate-stderr syscontainer apply web "$E2E_DIR/both.json"
	same "what was done" "$output" "$preview"
	same "a" "$(seen web /mnt/a)" a
	same "b" "$(seen web /mnt/b)" b
	same "c" "$(seen web /mnt/c)" ""
	same record "$(syscontainer attachments web --format json)" "$(<"$E2E_DIR/both.json")"
	run -0 --separate-stderr syscontainer apply web "$E2E_DIR/both.json"
	same "a second time" "$output" ""
	echo '{}' | syscontainer apply web - >/dev/null
	same "a at last" "$(seen web /mnt/a)" ""
}

@test "apply to a container that does not run changes the record, and says how" {
	small_create web
	small_start other
	add other a
	syscontainer attachments other --format json >"$E2E_DIR/one.json"
	run -0 --separate-stderr syscontainer apply web "$E2E_DIR/one.json"
	[[ $output =~ ^attach\ path ]]
	syscontainer start web >/dev/null
	same a "$(seen web /mnt/a)" a
}

@test "apply takes what the reference's tools have recorded" {
	small_start web
	echo "{\"bindToAdd\":[\"$E2E_DIR/source-a:/mnt/a:ro,rslave\"],\"deviceToAdd\":[{\"Type\":\"c\",\"Minor\":7,\"Major\":1,\"PathOnHost\":\"/dev/full\",\"PathInContainer\":\"/dev/other\",\"CgroupPermissions\":\"rw\",\"Parent\":\"\"}]}" >"$E2E_DIR/device_hook.json"
	run -0 --separate-stderr syscontainer apply web "$E2E_DIR/device_hook.json"
	same steps "$(wc -l <<<"$output")" 2
	same a "$(seen web /mnt/a)" a
	[[ -c /proc/$(init_pid web)/root/dev/other ]]
}

@test "apply refuses a bad file as a whole" {
	small_start web
	add web a
	for bad in '' '[]' '{"paths":1}' '{"unknown":[]}' '{"paths":[{}]}' '{"paths":[{"nonsense":1}]}'; do
		echo "$bad" >"$E2E_DIR/bad.json"
		run -1 --separate-stderr syscontainer apply web "$E2E_DIR/bad.json"
		has_text "$E2E_DIR/bad.json" "$stderr"
		same "a after $bad" "$(seen web /mnt/a)" a
	done
	syscontainer attachments web --format json | jq '.paths += .paths' >"$E2E_DIR/bad.json"
	run -1 --separate-stderr syscontainer apply web "$E2E_DIR/bad.json"
	has_text "twice" "$stderr"
	# The second of two cannot be: the first is not there either.
	syscontainer attachments web --format json | jq ".paths += [.paths[0] * {}] | .paths[1] |= with_entries(if (.value | type) == \"string\" then .value |= gsub(\"source-a\"; \"gone\") | .value |= gsub(\"/mnt/a\"; \"/mnt/b\") else . end)" >"$E2E_DIR/bad.json"
	run -1 --separate-stderr syscontainer apply web "$E2E_DIR/bad.json"
	same record "$(recorded web '.paths | length')" 1
}

@test "what is plugged in is there again after a restart, a kill of PID 1 and a stop" {
	small_start web --restart always
	add web a
	before=$(init_pid web)
	kill -9 "$before"
	wait_for 10 has_another_init web "$before"
	wait_for 10 has_field web .State.Status running
	same "after a kill" "$(seen web /mnt/a)" a
	syscontainer restart -t 0 web >/dev/null
	same "after a restart" "$(seen web /mnt/a)" a
	syscontainer stop -t 0 web >/dev/null
	[[ ! -e $SYSCONTAINER_RUN/$(container_id web)/plugged.json ]]
	syscontainer start web >/dev/null
	same "after a stop" "$(seen web /mnt/a)" a
}

has_another_init() { # NAME PID
	local now
	now=$(init_pid "$1" 2>/dev/null) && [[ $now && $now != "$2" && $now != 0 ]]
}

@test "what is gone at boot is skipped with a warning, and repair plugs it in when it is back" {
	small_start web
	add web a && add web b
	syscontainer stop -t 0 web >/dev/null
	rm -r "$E2E_DIR/source-a"
	syscontainer start web >/dev/null
	same b "$(seen web /mnt/b)" b
	run -0 syscontainer attachments web
	has_text "source-a"
	same "warnings of inspect" "$(syscontainer inspect -f '{{json .Attachments}}' web | jq -c '[.[] | [.Plugged, .Warning != ""]]')" '[[false,true],[true,false]]'
	run -0 timeout 10 syscontainer events --since 1 --until $(($(date +%s) + 1))
	has_text attachment_skipped
	mkdir "$E2E_DIR/source-a" && echo again >"$E2E_DIR/source-a/file"
	run -0 --separate-stderr syscontainer repair web
	has_text "is plugged in again"
	same a "$(seen web /mnt/a)" again
	run -0 --separate-stderr syscontainer repair web
	same "a second repair" "$output" ""
}

@test "without what is required the start fails, and leaves nothing" {
	small_create web
	add web b
	add web a --required
	rm -r "$E2E_DIR/source-a"
	run ! --separate-stderr syscontainer start web
	has_text "source-a" "$stderr"
	same state "$(field web .State.Status)" exited
	[[ ! -e $SYSCONTAINER_RUN/$(container_id web)/plugged.json ]]
	mkdir "$E2E_DIR/source-a"
	syscontainer start web >/dev/null
	same b "$(seen web /mnt/b)" b
}

@test "lists do not wait for whoever changes" {
	small_start web
	add web a
	exec {lock}<>"$SYSCONTAINER_RUN/$(container_id web)/plugged.lock"
	flock "$lock"
	run -0 timeout 10 syscontainer list-path web
	has_text "source-a"
	run -0 timeout 10 syscontainer attachments web
	exec {lock}>&-
}

@test "unknown containers, verbs and options are refused with status 1" {
	run -1 --separate-stderr syscontainer attachments nobody
	has_text "nobody" "$stderr"
	run -1 --separate-stderr syscontainer-tools attachments
	run -1 --separate-stderr syscontainer-tools attachments --nonsense web
	has_text "unknown flag" "$stderr"
	run -1 syscontainer-tools nonsense
	run -0 syscontainer-tools
	has_text "add-device"
	run -0 isulad-tools --version
	has_text "syscontainer-tools version"
}

@test "--log appends what was done and what failed, as text or JSON, from a level on" {
	small_start web
	syscontainer-tools --log "$E2E_DIR/log" add-path web "$E2E_DIR/source-a:/mnt/a" >"$E2E_DIR/said"
	has_text "level=info msg=\"$(<"$E2E_DIR/said")\"" "$(<"$E2E_DIR/log")"
	same mode "$(stat -c %a "$E2E_DIR/log")" 600
	run -1 syscontainer-tools add-path web relative:/mnt/b --log "$E2E_DIR/log" --log-format json
	same level "$(tail -n 1 "$E2E_DIR/log" | jq -r .level)" error
	count=$(wc -l <"$E2E_DIR/log")
	syscontainer-tools --log "$E2E_DIR/log" --log-level error add-path web "$E2E_DIR/source-b:/mnt/b" >/dev/null
	same lines "$(wc -l <"$E2E_DIR/log")" "$count"
	run -1 --separate-stderr syscontainer-tools --log "$E2E_DIR/none/log" attachments web
	has_text "$E2E_DIR/none/log" "$stderr"
	run -1 --separate-stderr syscontainer-tools --log-format yaml attachments web
}

@test "a broken record of the boot is told and nothing is changed" {
	small_start web
	add web a
	echo '{' >"$SYSCONTAINER_RUN/$(container_id web)/plugged.json"
	run -1 --separate-stderr add web b
	has_text "plugged.json" "$stderr"
	same record "$(recorded web '.paths | length')" 1
}
