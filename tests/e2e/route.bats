#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# bats file_tags=links
# Routes that are plugged into guests: exactly those that were given, in the kernel and in the record.

load common
load small
load plug
load net

setup_file() {
	net_begin_guests
	local name host=1
	for name in mapped plain; do
		syscontainer add-nic --type veth --name eth1 --bridge "${NET}b" --ip "10.77.0.$((++host))/24" --ip "fd77::$host/64" "$name"
	done
	e2e_keep
}

teardown_file() {
	net_end
	e2e_end
}

teardown() {
	local name
	for name in mapped plain; do
		syscontainer remove-route "$name" "$(syscontainer list-route "$name")" 2>/dev/null
	done
	e2e_clean
}

routes() { # NAME: of the guest, but for those of its addresses
	{ guest_ip "$1" route show proto boot && guest_ip "$1" -6 route show proto boot; } | sed 's/ *$//' | sort
}

@test "on the link, by a gateway there, by default, of both versions; the peer behind the gateway answers" {
	local name
	for name in mapped plain; do
		run syscontainer add-route "$name" '[{"dest": "10.70.0.0/16", "dev": "eth1"}, {"dest": "10.71.0.0/16", "gw": "10.70.0.9"},
			{"dest": "", "gw": "10.77.0.1"}, {"dest": "fd70::/32", "dev": "eth1"}, {"dest": "::/0", "gw": "fd77::1", "dev": "eth1"}]'
		same output "$output" "Add route to container $name, route: {dest:10.70.0.0/16,src:,gw:,dev:eth1} done
Add route to container $name, route: {dest:10.71.0.0/16,src:,gw:10.70.0.9,dev:} done
Add route to container $name, route: {dest:default,src:,gw:10.77.0.1,dev:} done
Add route to container $name, route: {dest:fd70::/32,src:,gw:,dev:eth1} done
Add route to container $name, route: {dest:default,src:,gw:fd77::1,dev:eth1} done"
		same routes "$(routes "$name")" "10.70.0.0/16 dev eth1 scope link
10.71.0.0/16 via 10.70.0.9 dev eth1
default via 10.77.0.1 dev eth1
default via fd77::1 dev eth1 metric 1024 pref medium
fd70::/32 dev eth1 metric 1024 pref medium"
	done
	# Answers to addresses that only the default routes reach.
	in_peer neigh flush all
	ip netns exec "$NET" ping -c 1 -W 3 -q -I 10.78.0.1 10.77.0.2
	ip netns exec "$NET" ping -c 1 -W 3 -q -I fd78::1 fd77::2
}

@test "a restart adds them again after the NICs, also one that was added while it was stopped" {
	net_start web
	syscontainer add-nic --type veth --name eth1 --ip 10.77.0.7/24 --bridge "${NET}b" web
	syscontainer add-route web '[{"gw": "10.77.0.1", "src": "10.77.0.7"}]'
	same routes "$(routes web)" "default via 10.77.0.1 dev eth1 src 10.77.0.7"
	syscontainer stop web
	syscontainer add-route web '[{"dest": "10.70.0.0/16", "dev": "eth1"}]'
	syscontainer add-route --update-config-only web '[{"dest": "10.71.0.0/16", "gw": "10.70.0.9"}, {"dest": "10.72.0.0/16", "dev": "eth9"}]'
	syscontainer start web
	same routes "$(routes web)" "10.70.0.0/16 dev eth1 scope link
10.71.0.0/16 via 10.70.0.9 dev eth1
default via 10.77.0.1 dev eth1 src 10.77.0.7"
	has_text "failed to get link by name eth9" "$(syscontainer inspect -f '{{json .Attachments}}' web)"
	syscontainer remove-route web '[{"dest": "10.72.0.0/16", "dev": "eth9"}]'
	syscontainer remove-nic --name eth1 web
	same list "$(syscontainer list-route web | jq -c 'map(.dest)')" '["default","10.71.0.0/16"]'
}

@test "what is left out stands for none: similar routes beside each other, and only the one that was named is removed" {
	syscontainer add-route mapped '[{"dest": "10.70.0.0/16", "gw": "10.77.0.1"}, {"dest": "10.71.0.0/16", "gw": "10.77.0.1"},
		{"dest": "10.72.0.0/16", "gw": "10.77.0.1", "dev": "eth1"}, {"gw": "10.77.0.1"}]'
	for rule in '{}' '{"dest": "10.70.0.0/16"}'; do
		run syscontainer remove-route mapped "[$rule]"
		same status "$status" 1
		has_text "src or gw or dev name is required"
	done
	for rule in '{"dest": "10.70.0.0/16", "dev": "eth1"}' '{"dest": "10.72.0.0/16", "gw": "10.77.0.1"}' '{"gw": "10.77.0.1", "dev": "eth1"}'; do
		run syscontainer remove-route mapped "[$rule]"
		same status "$status" 1
		has_text "is not added by syscontainer-tools, can not remove it, please check input parameter."
	done
	same count "$(routes mapped | wc -l)" 4
	run syscontainer remove-route mapped '[{"gw": "10.77.0.1", "dest": "10.70.0.0/16"}]'
	same output "$output" "Remove route from container mapped, route: {dest:10.70.0.0/16,src:,gw:10.77.0.1,dev:} done"
	# The default route by any of its names.
	syscontainer remove-route mapped '[{"dest": "0.0.0.0/0", "gw": "10.77.0.1"}]'
	same routes "$(routes mapped)" "10.71.0.0/16 via 10.77.0.1 dev eth1
10.72.0.0/16 via 10.77.0.1 dev eth1"
	same filtered "$(syscontainer list-route -f '{"DEV": "eth1"}' mapped)" '[{"dest":"10.72.0.0/16","src":"","gw":"10.77.0.1","dev":"eth1"}]'
	same filtered "$(syscontainer list-route -f '{"dest": "", "gw": "10.77.0.1", "Mtu": 5}' mapped | jq length)" 2
	same filtered "$(syscontainer list-route -f '{"dest": "10.73.0.0/16"}' mapped)" ""
}

@test "all rules of a command, or none; bad ones are refused" {
	local rows row
	rows=('[{"dest": "10.70.0.0/16", "gw": "10.77.0.1"}, {"dest": "10.71.0.0/16", "gw": "10.66.0.1"}]|failed to add route'
		'[{"dest": "10.70.0.0/16", "gw": "10.77.0.1"}, {"dest": "10.71.0.0/16", "dev": "eth9"}]|failed to get link by name eth9'
		'[{"dest": "10.70.0.0/16", "gw": "10.77.0.1"}, {"dest": "10.70.0.0/16", "gw": "10.77.0.1"}]|alread exist'
		'[null]|malformed rule format' '[{}]|src or gw or dev name is required'
		'{}|malformed rule format' '|rule can' '[{"gw": "10.77.0.300"}]|failed to parse gw' '[{"dest": "10.70.0.0", "gw": "10.77.0.1"}]|failed to parse dest'
		'[{"src": "10.77.0.9", "gw": "10.77.0.1"}]|failed to add route')
	for row in "${rows[@]}"; do
		run syscontainer add-route mapped "${row%|*}"
		[[ $status -eq 1 ]] || e2e_die "status $status of ${row%|*}"
		has_text "${row##*|}"
		same list "$(syscontainer list-route mapped)" ""
	done
	same routes "$(routes mapped)" ""
	run syscontainer add-route mapped '[]'
	same "status and output" "$status$output" 0
	run syscontainer add-route mapped null
	same "status and output" "$status$output" 0
	run syscontainer add-route mapped
	same status "$status" 1
}

@test "a route that the guest has by itself is nobody's to take: ours is refused; one that it removed is no obstacle" {
	guest_ip mapped route add 10.70.0.0/16 via 10.77.0.1
	run syscontainer add-route mapped '[{"dest": "10.70.0.0/16", "dev": "eth1"}]'
	same status "$status" 1
	has_text "another route to the same destination"
	guest_ip mapped route del 10.70.0.0/16
	syscontainer add-route mapped '[{"dest": "10.70.0.0/16", "dev": "eth1"}]'
	guest_ip mapped route del 10.70.0.0/16
	syscontainer remove-route mapped '[{"dest": "10.70.0.0/16", "dev": "eth1"}]'
	same list "$(syscontainer list-route mapped)" ""
}
