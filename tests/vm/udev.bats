#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# bats file_tags=alone
# The host's systemd-udevd, systemd-networkd and NetworkManager beside us: with our files (udev/) they leave names, MAC addresses and bridges alone.
# What an administrator may have configured is as bad for us as it can be here; a veth of somebody else shows that it works.

load ../e2e/common
load ../e2e/small
load ../e2e/plug
load ../e2e/net
load networkd

setup_file() {
	local prefix
	prefix=$(dirname "$(dirname "$(command -v syscontainer)")")
	mkdir -p /run/udev/rules.d /run/systemd/network
	cp "$prefix"/lib/udev/rules.d/60-syscontainer.rules /run/udev/rules.d/
	cp "$prefix"/lib/systemd/network/10-syscontainer.{link,network} /run/systemd/network/
	net_begin_guests
	e2e_keep
}

teardown_file() {
	administrator_end
	net_end
	rm -f /run/udev/rules.d/60-syscontainer.rules /run/systemd/network/10-syscontainer.{link,network}
	udevadm control --reload
	e2e_end
}

teardown() {
	net_take_back
	administrator_end
	manager_end
	ip link del eth77 2>/dev/null || true
	e2e_clean
	net_clean
}

# Every veth is to be called ${NET}adm, which the first can be, is to have an MTU, and an address.
administrator_begin() {
	printf '%s\n' '[Match]' 'Driver=veth' '[Link]' "Name=${NET}adm" 'MACAddressPolicy=random' 'MTUBytes=1111' >/run/systemd/network/20-nt.link
	printf '%s\n' '[Match]' 'Driver=veth' '[Network]' 'LinkLocalAddressing=no' 'Address=192.0.2.77/32' >/run/systemd/network/20-nt.network
	udevadm control --reload
	systemctl restart systemd-networkd
}

administrator_end() {
	[[ -e /run/systemd/network/20-nt.link ]] || return 0
	rm -f /run/systemd/network/20-nt.{link,network}
	udevadm control --reload
	systemctl stop systemd-networkd.socket systemd-networkd.service
	ip link set "${NET}p" master "${NET}b" # which it took out, as it does with every link that it manages
}

# NetworkManager gives every link of Ethernet that it manages an address. Debian has it manage a veth only when it is called eth and a number.
manager_begin() {
	local profile=/run/NetworkManager/system-connections/nt.nmconnection
	mkdir -p "${profile%/*}"
	printf '%s\n' '[connection]' id=nt type=ethernet multi-connect=3 '[ipv4]' method=manual address1=192.0.2.79/32 '[ipv6]' method=disabled >"$profile"
	chmod 600 "$profile"
	systemctl start NetworkManager
}

manager_end() {
	systemctl stop NetworkManager
	rm -f /run/NetworkManager/system-connections/nt.nmconnection
}

# What NetworkManager says of a link: "unmanaged", "connected", "connected (externally)", or a state in between.
manager_state() { # LINK
	nmcli --get-values GENERAL.STATE device show "$1" | sed -E 's/^[0-9]+ \((.*)\)$/\1/'
}

is_connected() { # LINK
	[[ $(manager_state "$1") == connected* ]]
}

mac() { # LINK
	cat "/sys/class/net/$1/address"
}

guest_mac() { # NAME LINK
	guest_ip "$1" -o link show "$2" | sed -nE 's/.*link\/ether ([^ ]*) .*/\1/p'
}

# Ten veths for `apply`, the letter in their host's ends' names; MAC addresses inside end with round and number.
ten_nics() { # LETTER ROUND
	jq -n --arg net "$NET" --arg letter "$1" --argjson round "$2" \
		'{nics: [range(10) | {type: "veth", host: "\($net)\($letter)\(.)", guest: "eth\(.)", mac: "02:00:00:00:0\($round):0\(.)", bridge: "\($net)b"}]}'
}

@test "a hundred times plugged in and taken out: udev is told of each once, and names and MAC addresses are as they were said" {
	local round name number watchers
	udevadm monitor --udev --subsystem-match=net >"$BATS_TEST_TMPDIR/events" 3>&- &
	watchers=$!
	ip -o monitor link >"$BATS_TEST_TMPDIR/links" 3>&- &
	watchers+=" $!"
	wait_for 5 grep -q "^UDEV - " "$BATS_TEST_TMPDIR/events"
	for round in {1..5}; do
		for name in mapped plain; do
			ten_nics "${name:0:1}" "$round" | syscontainer apply "$name" - >/dev/null
			udevadm settle
			same "MAC addresses in $name, round $round" "$(guest_ip "$name" -o link show type veth | grep -o 'link/ether [^ ]*' | cut -d ' ' -f 2 | sort)" \
				"$(ten_nics x "$round" | jq -r '.nics[].mac')"
			same "ports of the bridge, round $round" "$(ip -o link show master "${NET}b" | grep -c " ${NET}${name:0:1}[0-9]@.* state UP .* link/ether fe:73:63:")" 10
			echo '{}' | syscontainer apply "$name" - >/dev/null
		done
	done
	udevadm settle
	# shellcheck disable=SC2086 # two of them
	kill $watchers
	for number in $watchers; do
		wait "$number" || true
	done
	same added "$(grep -cE "^UDEV .* add .*/net/${NET}[mp][0-9] " "$BATS_TEST_TMPDIR/events")" 100
	same renamed "$(grep -cE "^UDEV .* move " "$BATS_TEST_TMPDIR/events" || true)" 0
	same "events of the guests' ends" "$(grep -cE "/net/eth[0-9] " "$BATS_TEST_TMPDIR/events" || true)" 0
	# Each of the twenty had one MAC on the host, always.
	same "MAC addresses on the host" "$(sed -nE "s/.* (${NET}[mp][0-9])@.*link\/ether ([^ ]*) .*/\1 \2/p" "$BATS_TEST_TMPDIR/links" | sort -u | wc -l)" 20
}

@test "without our files MAC addresses and names stay as well, as Debian configures udev" {
	local before inside
	mv /run/udev/rules.d/60-syscontainer.rules "$BATS_TEST_TMPDIR/"
	udevadm control --reload
	syscontainer add-nic --type veth --name "${NET}h:eth1" --bridge "${NET}b" mapped
	before=$(mac "${NET}h") inside=$(guest_mac mapped eth1)
	udevadm settle
	mv "$BATS_TEST_TMPDIR/60-syscontainer.rules" /run/udev/rules.d/
	udevadm control --reload
	same "MAC on the host" "$(mac "${NET}h")" "$before"
	same "MAC in the guest" "$(guest_mac mapped eth1)" "$inside"
	has_text "master ${NET}b" "$(ip link show dev "${NET}h")"
}

@test "an administrator's rules for all links rename, address and manage a veth of somebody else, and none of ours" {
	local name before
	administrator_begin
	for name in mapped plain; do
		syscontainer add-nic --type veth --name "${NET}$name:eth1" --ip 10.77.0.2/24 --bridge "${NET}b" "$name"
		before=$(mac "${NET}$name")
		udevadm settle
		same "MAC of ours" "$(mac "${NET}$name")" "$before"
		has_text "mtu 1500" "$(ip link show dev "${NET}$name")"
		# One that came later is managed by now, so networkd has seen ours.
		ip link add "${NET}x" type veth peer name x netns "$NET"
		in_peer link set x up
		wait_for 10 has_link "${NET}adm"
		wait_for 10 is_configured "${NET}adm"
		has_text "mtu 1111" "$(ip link show dev "${NET}adm")"
		has_text "192.0.2.77/32" "$(ip -o -4 address show dev "${NET}adm")"
		same "networkd on ours" "$(managed "${NET}$name")" unmanaged
		same "addresses of ours" "$(ip -o -4 address show dev "${NET}$name")" ""
		has_text "master ${NET}b" "$(ip link show dev "${NET}$name")"
		syscontainer remove-nic --name eth1 "$name"
		ip link del "${NET}adm"
	done
}

@test "a link that comes home is what it was, with networkd's addresses" {
	local name before
	modprobe dummy
	printf '%s\n' '[Match]' "Name=${NET}d" '[Network]' 'LinkLocalAddressing=no' 'Address=192.0.2.78/24' >/run/systemd/network/20-nt.network
	: >/run/systemd/network/20-nt.link
	systemctl restart systemd-networkd
	ip link add "${NET}d" type dummy
	wait_for 10 is_configured "${NET}d"
	before=$(host_nic_looks "${NET}d")
	has_text 192.0.2.78/24 "$before"
	for name in mapped plain mapped plain; do
		syscontainer add-nic --type eth --name "${NET}d:eth1" --ip 10.73.0.2/24 "$name"
		guest_ip "$name" link show eth1
		syscontainer remove-nic --name eth1 "$name"
		udevadm settle
		wait_for 10 is_configured "${NET}d"
		same "the link" "$(host_nic_looks "${NET}d")" "$before"
	done
	ip link del "${NET}d"
}

@test "NetworkManager configures a veth of somebody else, and none of ours; a link that it configured comes home to it" {
	local name before
	manager_begin
	ip link add eth77 type veth peer name x netns "$NET"
	in_peer link set x up
	for name in mapped plain; do
		syscontainer add-nic --type veth --name "eth88:eth1" --ip 10.77.0.2/24 --bridge "${NET}b" "$name"
		udevadm settle
		wait_for 20 is_connected eth77
		has_text 192.0.2.79/32 "$(ip -o -4 address show dev eth77)"
		same "NetworkManager on ours" "$(manager_state eth88)" unmanaged
		same "addresses of ours" "$(ip -o -4 address show dev eth88)" ""
		has_text "master ${NET}b" "$(ip link show dev eth88)"
		guest_ip "$name" link show eth1
		syscontainer remove-nic --name eth1 "$name"
		before=$(host_nic_looks eth77)
		syscontainer add-nic --type eth --name eth77:eth1 --ip 10.73.0.2/24 "$name"
		guest_ip "$name" link show eth1
		syscontainer remove-nic --name eth1 "$name"
		udevadm settle
		wait_for 20 is_connected eth77
		wait_for 10 is_home eth77 "$before"
	done
}
