#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# --link-journal: a guest's journal in the host's /var/log/journal, which is one of this file's own here, in a mount namespace.

load common
load small

PLACE=/var/log/journal
SLEEPER='trap "exit 0" TERM; while :; do sleep 0.05; done'

ID_A=0123456789abcdef0123456789abcdef
ID_B=fedcba9876543210fedcba9876543210
HOST_ID=00000000111111112222222233333333
# shellcheck disable=SC2016 # its own arguments
HOST='set -e
mount -t tmpfs -o mode=755 journal-test /var/log
mkdir /var/log/upper /var/log/work
mount -t overlay journal-test -o lowerdir=/etc,upperdir=/var/log/upper,workdir=/var/log/work /etc
rm -f /etc/machine-id
echo "$1" >/etc/machine-id
touch "$2"
exec sleep 3600'

setup_file() {
	e2e_begin '"stop-timeout": "3s"'
	unshare --mount --propagation private sh -c "$HOST" - "$HOST_ID" "$E2E_DIR/is-up" 3>&- &
	echo $! >"$E2E_DIR/host"
	wait_for 10 test -e "$E2E_DIR/is-up"
	e2e_keep
}

setup() {
	on_host mkdir -p $PLACE
}

teardown() {
	e2e_clean
	on_host rm -rf $PLACE
}

teardown_file() {
	local status=0
	e2e_clean || status=1
	kill "$(<"$E2E_DIR/host")"
	e2e_end && return "$status"
}

# In the namespace that has our /var/log.
on_host() { # COMMAND...
	nsenter --mount="/proc/$(<"$E2E_DIR/host")/ns/mnt" -- "$@"
}

syscontainer() {
	on_host syscontainer "$@"
}

journals() {
	on_host find $PLACE -mindepth 1 -maxdepth 1 -printf '%f\n'
}

# A small tree with that machine id, and the container.
journal_create() { # NAME MACHINE-ID [OPTION]...
	tree_small "$1" >/dev/null
	printf '%s' "$2" >"$(tree_path "$1")/etc/machine-id"
	syscontainer create --name "$1" "${@:3}" "$(tree_path "$1")" /bin/sh -c "$SLEEPER" >/dev/null
}

journal_is_linked() { # NAME MACHINE-ID
	syscontainer exec "$1" cat /proc/self/mountinfo | grep -q " $PLACE/$2 "
}

@test "a guest's journald writes to the host from its first boot, with the guest's ids, and rm takes it away" {
	local id first
	tree_new web >/dev/null
	: >"$(tree_path web)/etc/machine-id"
	syscontainer run -d --name web --link-journal host "$(tree_path web)" >/dev/null
	same "failed units" "$(syscontainer exec web systemctl --failed --plain --no-legend)" ""
	same inspect "$(field web .HostConfig.LinkJournal)" host
	id=$(<"$(tree_path web)/etc/machine-id")
	first=$(first_id web)
	same journals "$(journals)" "$id"
	same "of whom" "$(on_host stat -c %u $PLACE/"$id" $PLACE/"$id"/system.journal | paste -sd ' ')" "$first $first"
	has_text "$PLACE/$id/system.journal" "$(syscontainer exec web journalctl --header)"
	has_text nosuid "$(syscontainer exec web grep "$PLACE/$id" /proc/self/mountinfo)"
	syscontainer update --link-journal auto web
	syscontainer restart web
	same boots "$(syscontainer exec web journalctl --list-boots --quiet | grep -cE '^ *(0|-1) ')" 2
	syscontainer rm -f web
	same "left" "$(journals)" ""
	[[ ! -e $(tree_path web)/var/log/journal/$id/system.journal ]]
}

@test "a guest whose root is the host's has one too" {
	journal_create web $ID_A --link-journal try-host --user-remap none
	syscontainer start web
	syscontainer exec web touch $PLACE/$ID_A/file
	same "of whom" "$(on_host stat -c %u:%a $PLACE/$ID_A $PLACE/$ID_A/file | paste -sd ' ')" "0:755 0:644"
}

@test "auto links what was linked before and nothing else, no not even that" {
	journal_create web $ID_A
	on_host mkdir $PLACE/$ID_A
	syscontainer start web
	run ! journal_is_linked web $ID_A
	syscontainer update --link-journal host web
	run ! journal_is_linked web $ID_A
	syscontainer restart -t 0 web
	journal_is_linked web $ID_A
	syscontainer update --link-journal auto web
	syscontainer restart -t 0 web
	journal_is_linked web $ID_A
	syscontainer update --link-journal no web
	syscontainer restart -t 0 web
	run ! journal_is_linked web $ID_A
	same "what was written stays" "$(journals)" $ID_A
}

@test "a journal that is not of this container is not the guest's, whatever machine id it claims to have" {
	journal_create first $ID_A --link-journal host
	syscontainer start first
	syscontainer exec first touch $PLACE/$ID_A/secret
	journal_create second $ID_A --link-journal host
	run -125 syscontainer start second
	has_text "$PLACE/$ID_A is the journal of container $(container_id first | cut -c 1-12)"
	syscontainer update --link-journal try-host second
	syscontainer start second
	run ! journal_is_linked second $ID_A
	has_text "--link-journal try-host: $PLACE/$ID_A is the journal of container" "$(syscontainer logs second 2>&1)"
	syscontainer rm -f second
	on_host test -e $PLACE/$ID_A/secret

	# Nobody's: another host's, say, or this one's under an id that it had before.
	on_host mkdir $PLACE/$ID_B
	on_host touch $PLACE/$ID_B/system.journal
	journal_create third $ID_B --link-journal host
	run -125 syscontainer start third
	has_text "$PLACE/$ID_B has a journal that is no container's: move it away"
	on_host rm -r $PLACE/$ID_B
	on_host ln -s $ID_A $PLACE/$ID_B
	run -125 syscontainer start third
	has_text "cannot open the directory $PLACE/$ID_B"
	syscontainer rm third
	same journals "$(journals | sort | paste -sd ' ')" "$ID_A $ID_B"
}

@test "the host's own machine id is refused, and its journal stays" {
	on_host mkdir $PLACE/$HOST_ID
	journal_create web $HOST_ID --link-journal host
	run -125 syscontainer start web
	has_text "the guest has the machine id of the host, $HOST_ID: empty /etc/machine-id of its tree"
	same "of whom" "$(on_host stat -c %u $PLACE/$HOST_ID)" 0
}

@test "where the host keeps no journal host is refused, and try-host and auto leave it so" {
	local mode
	on_host rmdir $PLACE
	journal_create web $ID_A --link-journal host
	run -125 syscontainer start web
	has_text "the host keeps no journal: cannot open $PLACE: No such file or directory"
	has_text "or use try-host"
	has_field web .State.Status exited
	for mode in try-host auto; do
		syscontainer update --link-journal $mode web
		syscontainer start web
		run ! journal_is_linked web $ID_A
		syscontainer stop -t 1 web
	done
	on_host test ! -e $PLACE
}

@test "a tree's own ways lead nowhere: links, pipes and nonsense for a machine id, and a link for the journal" {
	local tree content
	journal_create web "" --link-journal host
	tree=$(tree_path web)
	rm "$tree/etc/machine-id"
	ln -s /../../../../../../etc/hostname "$tree/etc/machine-id"
	mkdir -p "$tree/var/log" "$tree/inside"
	ln -s /inside "$tree/var/log/journal"
	syscontainer start web
	content=$(container_id web | cut -c 1-32)
	same "the id that PID 1 is told" "$(journals)" "$content"
	syscontainer exec web touch "/inside/$content/file"
	on_host test -e "$PLACE/$content/file"
	syscontainer stop -t 1 web
	for content in "../../../../../../../etc/cron.d/aaaa" "$(printf 'a%.0s' {1..5000})" uninitialized "00000000000000000000000000000000"; do
		rm "$tree/etc/machine-id"
		printf '%s' "$content" >"$tree/etc/machine-id"
		syscontainer start web
		syscontainer stop -t 1 web
	done
	rm "$tree/etc/machine-id"
	mkfifo "$tree/etc/machine-id"
	syscontainer start web
	same journals "$(journals)" "$(container_id web | cut -c 1-32)"
}

@test "what a guest makes in its journal belongs to nobody on the host, and rm removes all of it and nothing else" {
	journal_create web $ID_A --link-journal host
	(cd "$SYSCONTAINER_TEST_TREE" && cp -a --parents usr/bin/{ln,chmod} "$(tree_path web)")
	syscontainer start web
	syscontainer exec web sh -c "cd $PLACE/$ID_A && ln -s /etc link && mkdir -p a/b/c && touch set && chmod 4755 set"
	same "of whom" "$(on_host stat -c %u $PLACE/$ID_A/set)" "$(first_id web)"
	syscontainer rm -f web
	same left "$(journals)" ""
	[[ -d /etc ]]
}

@test "guest is refused with the reason, and so is what does not exist" {
	tree_small web >/dev/null
	for word in guest try-guest; do
		run -125 syscontainer create --name web --link-journal $word "$(tree_path web)" /bin/sh
		has_text "Invalid value \"$word\" for flag --link-journal"
		has_text "the host's root would go wherever the guest lets it lead; use host or try-host"
	done
	run -125 syscontainer create --name web --link-journal yes "$(tree_path web)" /bin/sh
	has_text "'yes' is none of no, auto, host and try-host"
	syscontainer create --name web "$(tree_path web)" /bin/sh
	run -125 syscontainer update --link-journal guest web
	same unchanged "$(field web .HostConfig.LinkJournal)" auto
}
