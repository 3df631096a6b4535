#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# bats file_tags=links
# NICs that are plugged into guests: made, lent, changed, taken back; the guest, a peer and the host's kernel are asked.

load common
load small
load plug
load net

setup_file() {
	net_begin_guests
	e2e_keep
}

teardown_file() {
	net_end
	e2e_end
}

teardown() {
	net_take_back
	e2e_clean
	net_clean
	[[ ! -e $E2E_DIR/vswitch ]] || vswitch_end
}

@test "a veth on a bridge: addresses of both versions, MAC, MTU, queue; the peer reaches it; removed, nothing is left" {
	local name
	for name in mapped plain; do
		run syscontainer add-nic --type veth --name "$NET"h:eth1 --ip 10.77.0.2/24 --ip fd77::2/64 --mac 02:00:00:00:00:07 --mtu 1400 \
			--qlen 77 --bridge "${NET}b" "$name"
		same status "$status" 0
		same output "$output" "Add network interface (${NET}h) to container ($name,eth1) done"
		# At once: no duplicate detection keeps the IPv6 address back.
		pings 10.77.0.2
		pings fd77::2
		has_text "mtu 1400" "$(guest_ip "$name" link show eth1)"
		has_text "qlen 77" "$(guest_ip "$name" link show eth1)"
		has_text "02:00:00:00:00:07" "$(guest_ip "$name" link show eth1)"
		has_text "master ${NET}b" "$(ip link show dev "${NET}h")"
		has_text "state UP" "$(ip link show dev "${NET}h")"
		# High, so that the bridge keeps its own, and ours, so that the host's udev knows it.
		has_text "link/ether fe:73:63:" "$(ip link show dev "${NET}h")"
		same list "$(syscontainer list-nic "$name" | jq -c '.[0] | del(.Live)')" \
			'{"Ip":"10.77.0.2/24,fd77::2/64","Mac":"02:00:00:00:00:07","Mtu":1400,"Qlen":77,"Type":"veth","Bridge":"'"$NET"'b","HostNicName":"'"$NET"'h","CtrNicName":"eth1"}'
		same live "$(syscontainer list-nic "$name" | jq -c '.[0].Live')" \
			'{"Name":"eth1","Ip":"10.77.0.2/24,fd77::2/64","Mac":"02:00:00:00:00:07","Mtu":1400,"Qlen":77,"Up":true,"Carrier":true}'
		run syscontainer remove-nic --type veth --name "$NET"h:eth1 "$name"
		same output "$output" "Remove network interface (${NET}h) from container ($name,eth1) done"
		lacks_link "${NET}h"
		run ! guest_ip "$name" link show eth1
		same list "$(syscontainer list-nic "$name")" ""
		[[ ! -e $SYSCONTAINER_RUN/$(container_id "$name")/netns ]]
	done
}

# The real one, with switching in its own process, as this kernel may lack it. Where it runs already it is used.
vswitch_begin() {
	! ovs-vsctl --timeout=3 show &>/dev/null || return 0
	mkdir -p /var/run/openvswitch "$E2E_DIR/vswitch"
	ovsdb-tool create "$E2E_DIR/vswitch/db" /usr/share/openvswitch/vswitch.ovsschema
	ovsdb-server "$E2E_DIR/vswitch/db" --remote=punix:/var/run/openvswitch/db.sock --detach --no-chdir --pidfile="$E2E_DIR/vswitch/db.pid" \
		--log-file="$E2E_DIR/vswitch/db.log" 2>/dev/null 3>&-
	ovs-vsctl --no-wait init
	ovs-vswitchd --detach --no-chdir --pidfile="$E2E_DIR/vswitch/switch.pid" --log-file="$E2E_DIR/vswitch/switch.log" 2>/dev/null 3>&-
}

vswitch_end() {
	local file
	ovs-vsctl --timeout=5 del-br "${NET}o"
	for file in "$E2E_DIR"/vswitch/{switch,db}.pid; do
		[[ ! -e $file ]] || { read -r pid <"$file" && kill "$pid" && wait_for 5 is_gone "$pid"; }
	done
	rm -rf "$E2E_DIR/vswitch"
}

@test "a bridge of Open vSwitch: the port comes, moves and goes with the NIC, also when the guest ends" {
	command -v ovs-vswitchd >/dev/null || skip "Open vSwitch is not installed"
	vswitch_begin
	ovs-vsctl --timeout=10 add-br "${NET}o" -- set bridge "${NET}o" datapath_type=netdev
	net_start switched
	syscontainer add-nic --type veth --name "$NET"h:eth1 --ip 10.76.0.2/24 --bridge "${NET}o" switched
	same ports "$(ovs-vsctl list-ports "${NET}o")" "${NET}h"
	ip address add 10.76.0.1/24 dev "${NET}o"
	ip link set "${NET}o" up
	ping -c 1 -W 5 -q 10.76.0.2
	syscontainer update-nic --name eth1 --bridge "${NET}b" switched
	same ports "$(ovs-vsctl list-ports "${NET}o")" ""
	syscontainer update-nic --name eth1 --bridge "${NET}o" switched
	same ports "$(ovs-vsctl list-ports "${NET}o")" "${NET}h"
	syscontainer restart switched
	same ports "$(ovs-vsctl list-ports "${NET}o")" "${NET}h"
	syscontainer stop switched
	same ports "$(ovs-vsctl list-ports "${NET}o")" ""
	syscontainer rm switched
	vswitch_end
}

@test "a name for the host's end is made of the container's; without a bridge both ends talk to each other" {
	local end
	run syscontainer add-nic --type veth --name eth1 --ip 10.76.0.2/24 mapped
	end=$(sed -nE 's/^Add network interface \((mapped_[0-9a-f]{5})\) to container \(mapped,eth1\) done$/\1/p' <<<"$output")
	[[ $end ]]
	ip address add 10.76.0.1/24 dev "$end"
	ping -c 1 -W 3 -q 10.76.0.2
	same mtu "$(syscontainer list-nic mapped | jq .[0].Mtu,.[0].Qlen | xargs)" "1500 1000"
	syscontainer remove-nic --name "$end:" mapped
	lacks_link "$end"
}

@test "the MAC of a veth that was given none stays the same over restarts" {
	local before
	net_start again
	syscontainer add-nic --type veth --name eth1 again
	before=$(guest_ip again -o link show eth1 | grep -o 'link/ether [^ ]*')
	syscontainer restart again
	same MAC "$(guest_ip again -o link show eth1 | grep -o 'link/ether [^ ]*')" "$before"
}

@test "a restart plugs all in again, also what was added while it was stopped; a bridge that is gone is a warning" {
	local id
	net_start web
	syscontainer add-nic --type veth --name "$NET"h:eth1 --ip 10.77.0.2/24 --bridge "${NET}b" --gateway 10.77.0.1 web
	syscontainer stop web
	wait_for 5 lacks_link "${NET}h"
	syscontainer add-nic --type veth --name "$NET"g:eth2 --ip fd77::3/64 --bridge "${NET}b" --gateway fd77::1 web
	syscontainer add-nic --type veth --name "$NET"f:eth3 --bridge "${NET}nobridge" web
	syscontainer start web
	pings 10.77.0.2
	pings fd77::3
	has_text "default via 10.77.0.1 dev eth1" "$(guest_ip web route)"
	has_text "default via fd77::1 dev eth2" "$(guest_ip web -6 route)"
	run ! guest_ip web link show eth3
	lacks_link "${NET}f"
	has_text "no bridge ${NET}nobridge" "$(syscontainer inspect -f '{{json .Attachments}}' web)"
	ip link add "${NET}nobridge" type bridge
	syscontainer repair web
	has_text "master ${NET}nobridge" "$(ip link show dev "${NET}f")"
	id=$(container_id web)
	syscontainer rm -f web
	wait_for 5 lacks_link "${NET}h"
	lacks_link "${NET}g"
	lacks_link "${NET}f"
	run ! grep -q "$id/netns" /proc/self/mountinfo
	ip link del "${NET}nobridge"
}

@test "--required: without its bridge the container does not start" {
	net_create needs
	syscontainer add-nic --type veth --name "$NET"h:eth1 --bridge "${NET}nobridge" --required needs
	run syscontainer start needs
	[[ $status -ne 0 ]]
	has_text "no bridge ${NET}nobridge"
	lacks_link "${NET}h"
}

@test "macvlan on a link of the host reaches the peer, and leaves that link alone" {
	local name
	host_nic m
	in_peer address add 10.75.0.1/24 dev m
	ip link set "${NET}m" up
	for name in mapped plain; do
		syscontainer add-nic --type macvlan --name "$NET"m:eth1 --ip 10.75.0.2/24 "$name"
		pings 10.75.0.2
		has_text macvlan "$(guest_ip "$name" -d link show eth1)"
		has_link "${NET}m"
		guest_ip "$name" link set eth1 down
		guest_ip "$name" link set eth1 name other
		same live "$(syscontainer list-nic "$name" | jq -c '.[0].Live | [.Name, .Up]')" '["other",false]'
		syscontainer remove-nic --name eth1 "$name"
		run ! guest_ip "$name" link show other
	done
	ip link del "${NET}m"
}

@test "what the kernel lacks is refused with the reason, and nothing is left" {
	host_nic v
	ip link set "${NET}v" up
	for type in "vlan --vlan 7" ipvlan; do
		# shellcheck disable=SC2086
		run syscontainer add-nic --type $type --name "$NET"v:eth1 --ip 10.74.0.2/24 mapped
		if [[ $status -ne 0 ]]; then
			has_text "this kernel has no ${type% --*}"
			run ! guest_ip mapped link show eth1
			same list "$(syscontainer list-nic mapped)" ""
		else
			has_text "${type% --*}" "$(guest_ip mapped -d link show eth1)"
			syscontainer remove-nic --name eth1 mapped
		fi
	done
	ip link del "${NET}v"
}

@test "a link of the host goes in and comes back as it was: name, altname, MAC, MTU, queue, addresses, routes, state" {
	local name before
	host_nic_dressed e
	before=$(host_nic_looks "${NET}e")
	has_text "10.80.0.0/16" "$before"
	has_text "fd80::/32" "$before"
	has_text "10.81.0.0/16" "$before"
	for name in mapped plain; do
		run syscontainer add-nic --type eth --name "$NET"e:eth1 --ip 10.79.0.7/24 --mtu 1300 "$name"
		same output "$output" "Add network interface (${NET}e) to container ($name,eth1) done"
		lacks_link "${NET}e"
		pings 10.79.0.7
		has_text "mtu 1300" "$(guest_ip "$name" link show eth1)"
		# Whatever the guest does to it.
		guest_ip "$name" link set eth1 down
		guest_ip "$name" link set eth1 name mine address 02:00:00:00:00:99 mtu 900
		syscontainer remove-nic --name eth1 "$name"
		same "the link" "$(host_nic_looks "${NET}e")" "$before"
	done
	ip link del "${NET}e"
}

@test "membership in a bridge comes back too, and a link that was down stays so" {
	host_nic e
	ip link set "${NET}e" master "${NET}b"
	syscontainer add-nic --type eth --name "$NET"e:eth1 mapped
	has_text "state UP" "$(guest_ip mapped link show eth1)"
	syscontainer remove-nic --name eth1 mapped
	has_text "master ${NET}b" "$(ip link show dev "${NET}e")"
	has_text "state DOWN" "$(ip link show dev "${NET}e")"
	ip link del "${NET}e"
}

@test "home after the guest's own power-off, reboot, kill -9 of PID 1, of the monitor, of both, and at the next command" {
	local before keeper monitor
	host_nic_dressed e
	before=$(host_nic_looks "${NET}e")
	net_start host
	syscontainer add-nic --type eth --name "$NET"e:eth1 host

	syscontainer stop host
	same "after stop" "$(host_nic_looks "${NET}e")" "$before"
	syscontainer start host
	lacks_link "${NET}e"

	kill -9 "$(init_pid host)"
	wait_for 5 has_field host .State.Status exited
	wait_for 5 is_home "${NET}e" "$before" # after PID 1 was killed
	syscontainer start host

	# The guest took our name away, and gave the link another.
	guest_ip host link set eth1 down
	guest_ip host link set eth1 name moved
	guest_ip host link property del dev moved altname "$(guest_ip host -o link show moved | grep -o 'altname syscontainer-[^ \\]*' | cut -d' ' -f2)"
	kill_monitor host
	syscontainer stop host
	same "after the monitor was killed" "$(host_nic_looks "${NET}e")" "$before"
	syscontainer start host

	keeper=$(keeper_pid host) monitor=$(monitor_pid host)
	kill -9 "$monitor" "$keeper" "$(init_pid host)"
	wait_for 5 is_gone "$monitor"
	lacks_link "${NET}e"
	run syscontainer list-nic host
	wait_for 5 is_home "${NET}e" "$before" # at the next command after all were killed
	syscontainer rm -f host
	ip link del "${NET}e"
}

@test "a guest that reboots by itself has its NICs again, made and lent, and the host has nothing in between" {
	local before first
	host_nic_dressed e
	before=$(host_nic_looks "${NET}e")
	guest_start machine
	first=$(init_pid machine)
	syscontainer add-nic --type eth --name "$NET"e:eth1 --ip 10.79.0.7/24 machine
	syscontainer add-nic --type veth --name "$NET"h:eth2 --ip 10.77.0.2/24 --bridge "${NET}b" machine
	syscontainer add-route machine '[{"gw": "10.77.0.1"}]'
	syscontainer exec machine systemctl reboot
	wait_for 30 has_field machine .RestartCount 1
	wait_for 30 has_field machine .State.Status running
	[[ $(init_pid machine) != "$first" ]]
	lacks_link "${NET}e"
	pings 10.79.0.7
	pings 10.77.0.2
	has_text "default via 10.77.0.1 dev eth2" "$(guest_ip machine route)"
	wait_for 30 syscontainer exec machine systemctl poweroff
	wait_for 30 has_field machine .State.Status exited
	wait_for 5 is_home "${NET}e" "$before"
	lacks_link "${NET}h"
}

@test "a name that was taken meanwhile: it comes home under another, and the events say so" {
	host_nic e
	net_start taken
	syscontainer add-nic --type eth --name "$NET"e:eth1 taken
	ip link add "${NET}e" type bridge
	syscontainer stop taken
	has_link "${NET}e-1"
	has_text "nic_renamed" "$(syscontainer events --since 1m --until 0s 2>/dev/null || cat "$SYSCONTAINER_RUN/events.jsonl")"
	ip link del "${NET}e"
	ip link del "${NET}e-1"
}

@test "a NIC is in one container only, as often as it may be, and never with what another one has" {
	host_nic e
	syscontainer add-nic --type eth --name "$NET"e:eth1 --ip 10.73.0.2/24 mapped
	run syscontainer add-nic --type eth --name "$NET"e:eth1 plain
	same status "$status" 1
	run syscontainer add-nic --type eth --name "$NET"e:eth2 --update-config-only plain
	same status "$status" 1
	run syscontainer add-nic --type veth --name eth1 mapped
	has_text "interface name conflict: eth1"
	run syscontainer add-nic --type veth --name eth2 --ip 10.73.0.2/16 mapped
	has_text "interface ip conflict: 10.73.0.2/16"
	syscontainer add-nic --type veth --name eth2 --mac 02:00:00:00:00:09 mapped
	run syscontainer add-nic --type veth --name eth3 --mac 02:00:00:00:00:09 mapped
	has_text "interface mac conflict: 02:00:00:00:00:09"
	run syscontainer add-nic --type veth --name "$NET"b:eth3 mapped
	has_text "Host has nic with name ${NET}b, please choose another one"
	same count "$(syscontainer list-nic mapped | jq length)" 2
	syscontainer remove-nic --name eth1 mapped
	ip link del "${NET}e"
}

@test "at most eight physical NICs, or what daemon.json says" {
	local i
	small_create many
	for i in {1..9}; do
		host_nic "e$i"
	done
	for i in {1..8}; do
		syscontainer add-nic --type eth --name "${NET}e$i:eth$i" many
	done
	run syscontainer add-nic --type eth --name "${NET}e9:eth9" many
	same status "$status" 1
	has_text "Nic already reach max limit"
	jq '. + {"max-physical-nics": 9}' "$SYSCONTAINER_CONFIG" >"$E2E_DIR/new.json" && mv "$E2E_DIR/new.json" "$SYSCONTAINER_CONFIG"
	syscontainer add-nic --type eth --name "${NET}e9:eth9" many
	same count "$(syscontainer list-nic many | jq length)" 9
	same filtered "$(syscontainer list-nic -f '{"hostnicname": "'"$NET"'e9"}' many | jq -r '.[].CtrNicName')" eth9
	same filtered "$(syscontainer list-nic -f '{"Type": "veth"}' many)" ""
	for i in {1..9}; do
		has_link "${NET}e$i"
		ip link del "${NET}e$i"
	done
}

@test "update-nic changes addresses, MTU, MAC and bridge, keeps the link up and its routes" {
	local name index
	ip link add "${NET}c" type bridge
	for name in mapped plain; do
		syscontainer add-nic --type veth --name "$NET"h:eth1 --ip 10.77.0.2/24 --ip fd77::2/64 --bridge "${NET}c" --gateway 10.77.0.1 "$name"
		syscontainer add-route "$name" '[{"dest": "10.78.0.0/16", "gw": "10.77.0.1"}, {"dest": "10.70.0.0/16", "dev": "eth1"}, {"dest": "fd78::/32", "gw": "fd77::1"}]'
		index=$(guest_ip "$name" -o link show eth1 | cut -d: -f1)
		run syscontainer update-nic --name eth1 --ip 10.77.0.5/24 --ip fd77::5/64 --mac 02:00:00:00:00:08 --mtu 1280 --qlen 99 --bridge "${NET}b" "$name"
		same output "$output" "Update IP address for network interface (eth1,10.77.0.5/24,fd77::5/64) done
Update MAC address for network interface (eth1,02:00:00:00:00:08) done
Update Bridge for network interface (eth1,${NET}b) done
Update Mtu for network interface (eth1,1280) done
Update Qlen for network interface (eth1,99)"
		same index "$(guest_ip "$name" -o link show eth1 | cut -d: -f1)" "$index"
		same live "$(syscontainer list-nic "$name" | jq -c '.[0].Live')" \
			'{"Name":"eth1","Ip":"10.77.0.5/24,fd77::5/64","Mac":"02:00:00:00:00:08","Mtu":1280,"Qlen":99,"Up":true,"Carrier":true}'
		pings 10.77.0.5
		pings fd77::5
		has_text "default via 10.77.0.1 dev eth1" "$(guest_ip "$name" route)"
		has_text "10.78.0.0/16 via 10.77.0.1 dev eth1" "$(guest_ip "$name" route)"
		has_text "10.70.0.0/16 dev eth1 scope link" "$(guest_ip "$name" route)"
		has_text "fd78::/32 via fd77::1 dev eth1" "$(guest_ip "$name" -6 route)"
		# What is not given stays; what cannot be leaves all as it was.
		syscontainer update-nic --name eth1 --mtu 1300 "$name"
		pings 10.77.0.5
		run syscontainer update-nic --name eth1 --ip 10.77.0.6/24 --bridge "${NET}nobridge" "$name"
		same status "$status" 1
		has_text "no bridge ${NET}nobridge"
		pings 10.77.0.5
		same ip "$(syscontainer list-nic "$name" | jq -r .[0].Ip)" 10.77.0.5/24,fd77::5/64
		run syscontainer update-nic --name eth9 --mtu 1300 "$name"
		has_text "not exist in container"
		syscontainer remove-route "$name" '[{"dest": "10.78.0.0/16", "gw": "10.77.0.1"}, {"dest": "fd78::/32", "gw": "fd77::1"}]'
		syscontainer remove-nic --name eth1 "$name"
		same routes "$(syscontainer list-route "$name")" ""
	done
	ip link del "${NET}c"
}

@test "bad input is refused, with status 1, and changes nothing" {
	local rows row
	host_nic e
	rows=("--name eth1|unsupported type" "--type sriov --name eth1|unsupported type sriov" "--type veth|failed to get container nic name"
		"--type veth --name x:|failed to get container nic name" "--type eth --name eth1|host nic name input error"
		"--type eth --name nosuch0:eth1|HostNic(nosuch0) not found, please check"
		"--type eth --name ${NET}e:eth1 --bridge ${NET}b|for eth type, bridge cannot be set"
		"--type eth --name ${NET}e:eth1 --mac 02:00:00:00:00:01|may not be changed"
		"--type veth --name eth1 --ip 10.0.0.1|invalid CIDR address: 10.0.0.1" "--type veth --name eth1 --ip 10.0.0.1/33|invalid CIDR address"
		"--type veth --name eth1 --mtu 67|Mtu must not be less than 68" "--type veth --name eth1 --mac 02:00|cannot be the MAC"
		"--type veth --name eth1 --bridge ${NET}nobridge|no bridge" "--type veth --name sixteencharacter|cannot be the name"
		"--type veth --name a:b:c|is no name of a NIC" "--type veth --name lo|cannot be the name" "--type veth --name --x:eth1|cannot be the name"
		"--type veth --name eth1 --nosuch|unknown flag")
	for row in "${rows[@]}"; do
		# shellcheck disable=SC2086
		run syscontainer add-nic ${row%|*} mapped
		same "status of ${row%|*}" "$status" 1
		has_text "${row#*|}"
	done
	same list "$(syscontainer list-nic mapped)" ""
	has_link "${NET}e"
	run syscontainer add-nic --type veth --name eth1
	same status "$status" 1
	run syscontainer remove-nic --name eth1 mapped
	has_text "Network interface ,eth1 with type  not exist in container mapped"
	run syscontainer list-nic --filter '[' mapped
	has_text "failed to parse filter"
	# The guest has a link of this name that is nothing of ours.
	run syscontainer add-nic --type veth --name "$NET"h:lo2 mapped
	same status "$status" 0
	guest_ip mapped link set lo2 down
	guest_ip mapped link set lo2 name eth1
	run syscontainer add-nic --type veth --name "$NET"g:eth1 mapped
	same status "$status" 1
	has_text "the guest has a link with the name eth1 already"
	lacks_link "${NET}g"
	run syscontainer add-nic --type eth --name "$NET"e:eth1 mapped
	same status "$status" 1
	has_link "${NET}e"
	syscontainer remove-nic --name lo2 mapped
	ip link del "${NET}e"
}

@test "guests in the network of the host, or of another container, are refused" {
	small_start shared --user-remap none --net host
	run syscontainer add-nic --type veth --name eth1 shared
	same status "$status" 1
	has_text "shares the network of the host"
	small_start joined --user-remap none --net container:plain
	run syscontainer add-nic --type veth --name eth1 joined
	same status "$status" 1
	has_text "shares the network of container"
	run syscontainer add-route joined '[{"gw": "10.77.0.1"}]'
	same status "$status" 1
	has_text "shares the network of container"
}

@test "a guest that makes a link with our names and numbers does not get it onto the host" {
	local index
	host_nic_dressed e
	syscontainer add-nic --type eth --name "$NET"e:eth1 plain
	index=$(guest_ip plain -o link show eth1 | cut -d: -f1)
	mark=$(guest_ip plain -o link show eth1 | grep -o 'altname syscontainer-[^ \\]*' | cut -d' ' -f2)
	guest_ip plain link del eth1
	guest_ip plain link add name eth1 index "$index" type veth peer name fake
	guest_ip plain link property add dev eth1 altname "$mark"
	run syscontainer remove-nic --name eth1 plain
	same status "$status" 0
	lacks_link "${NET}e"
	guest_ip plain link show eth1
	has_text nic_lost "$(cat "$SYSCONTAINER_RUN/events.jsonl")"
	guest_ip plain link del eth1
}
