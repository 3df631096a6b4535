#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# bats file_tags=alone
# NICs that take modules of the kernel: what stands on a link of the host, and links that are lent, on a host whose udev looks at all of them.

load ../e2e/common
load ../e2e/small
load ../e2e/plug
load ../e2e/net

setup_file() {
	modprobe -a dummy macvlan ipvlan 8021q br_netfilter
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
}

# The link v of the peer, and a vlan on it.
host_nic_with_vlan() {
	host_nic v
	ip link set "${NET}v" up
	in_peer address add 10.74.0.1/24 dev v
	in_peer link add link v name v7 type vlan id 7
	in_peer address add 10.77.7.1/24 dev v7
	in_peer address add fd77:7::1/64 dev v7 nodad
	in_peer link set v7 up
}

@test "macvlan, ipvlan and vlan reach the peer, are there after a reboot, and leave the link below as it was" {
	local name row type ip before
	host_nic_with_vlan
	before=$(host_nic_looks "${NET}v")
	for name in mapped plain; do
		for row in "macvlan|10.74.0.2|macvlan mode bridge" "ipvlan|10.74.0.3|ipvlan  mode l2" "vlan --vlan 7|10.77.7.2|vlan protocol 802.1Q id 7"; do
			IFS='|' read -r type ip kind <<<"$row"
			# shellcheck disable=SC2086 # an option with it
			run -0 syscontainer add-nic --type $type --name "${NET}v:eth1" --ip "$ip/24" "$name"
			same output "$output" "Add network interface (${NET}v) to container ($name,eth1) done"
			has_text "$kind" "$(guest_ip "$name" -d link show eth1)"
			pings "$ip"
			syscontainer restart "$name"
			has_text "$kind" "$(guest_ip "$name" -d link show eth1)"
			pings "$ip"
			lacks_link eth1
			syscontainer remove-nic --name eth1 "$name"
			run ! guest_ip "$name" link show eth1
			same "the link below" "$(host_nic_looks "${NET}v")" "$before"
		done
	done
	ip link del "${NET}v"
}

@test "what cannot be up on a link that is down is refused with what to do, and is plugged in at a boot after that" {
	host_nic v
	run -1 syscontainer add-nic --type vlan --vlan 7 --name "${NET}v:eth1" mapped
	has_text "the host's link ${NET}v, on which it stands, must be up first (ip link set ${NET}v up)"
	run ! guest_ip mapped link show eth1
	same list "$(syscontainer list-nic mapped)" ""
	syscontainer add-nic --update-config-only --type vlan --vlan 7 --name "${NET}v:eth1" mapped
	ip link set "${NET}v" up
	syscontainer restart mapped
	has_text "state UP" "$(guest_ip mapped link show eth1)"
	ip link del "${NET}v"
}

@test "a vlan has the addresses, MAC and MTU that it was given, and what update-nic gives it" {
	host_nic_with_vlan
	syscontainer add-nic --type vlan --vlan 7 --name "${NET}v:eth1" --ip 10.77.7.2/24 --ip fd77:7::2/64 --mac 02:00:00:00:00:07 --mtu 1400 --gateway 10.77.7.1 mapped
	pings 10.77.7.2
	pings fd77:7::2
	same live "$(syscontainer list-nic mapped | jq -c '.[0].Live | [.Name, .Ip, .Mac, .Mtu, .Up]')" \
		'["eth1","10.77.7.2/24,fd77:7::2/64","02:00:00:00:00:07",1400,true]'
	syscontainer update-nic --name eth1 --ip 10.77.7.3/24 --mtu 1300 mapped
	pings 10.77.7.3
	has_text "default via 10.77.7.1 dev eth1" "$(guest_ip mapped route)"
	has_text "mtu 1300" "$(guest_ip mapped link show eth1)"
	ip link del "${NET}v"
}

@test "what stands on a link that vanished is gone with it, and is plugged in by repair when that is back" {
	local type
	for type in macvlan ipvlan "vlan --vlan 7"; do
		host_nic_with_vlan
		# shellcheck disable=SC2086
		syscontainer add-nic --type $type --name "${NET}v:eth1" mapped
		ip link del "${NET}v"
		run ! guest_ip mapped link show eth1
		same live "$(syscontainer list-nic mapped | jq -c '.[0].Live')" null
		syscontainer restart mapped
		has_text "${NET}v" "$(syscontainer inspect -f '{{json .Attachments}}' mapped)"
		host_nic_with_vlan
		syscontainer repair mapped
		has_text "${type% --*}" "$(guest_ip mapped -d link show eth1)"
		syscontainer remove-nic --name eth1 mapped
		ip link del "${NET}v"
	done
}

# A link that is lent while udev looks at it, and again when it is home.
@test "a link of the driver dummy comes home as it was, however it was treated and however the guest ended" {
	local name before
	ip link add "${NET}d" type dummy
	host_nic_dress d
	udevadm settle
	before=$(host_nic_looks "${NET}d")
	has_text "fd80::/32" "$before"
	for name in mapped plain; do
		syscontainer add-nic --type eth --name "${NET}d:eth1" --ip 10.73.0.2/24 "$name"
		lacks_link "${NET}d"
		has_text dummy "$(guest_ip "$name" -d link show eth1)"
		guest_ip "$name" link set eth1 down
		guest_ip "$name" link set eth1 name mine address 02:00:00:00:00:99 mtu 900
		syscontainer remove-nic --name eth1 "$name"
		udevadm settle
		same "the link after remove-nic" "$(host_nic_looks "${NET}d")" "$before"

		syscontainer add-nic --type eth --name "${NET}d:eth1" "$name"
		syscontainer restart "$name"
		has_text dummy "$(guest_ip "$name" -d link show eth1)"
		lacks_link "${NET}d"
		kill -9 "$(init_pid "$name")"
		wait_for 5 has_field "$name" .State.Status exited
		wait_for 5 is_home "${NET}d" "$before"
		udevadm settle
		same "the link after kill -9 of PID 1" "$(host_nic_looks "${NET}d")" "$before"
		syscontainer start "$name"
		has_text dummy "$(guest_ip "$name" -d link show eth1)"
		syscontainer remove-nic --name eth1 "$name"
	done
	ip link del "${NET}d"
}

@test "a guest on a bridge whose frames go through the host's packet filter reaches the peer and is reached" {
	local name
	echo 1 | tee /proc/sys/net/bridge/bridge-nf-call-{iptables,ip6tables} >/dev/null
	for name in mapped plain; do
		syscontainer add-nic --type veth --name "${NET}h:eth1" --ip 10.77.0.2/24 --ip fd77::2/64 --bridge "${NET}b" "$name"
		pings 10.77.0.2
		pings fd77::2
		syscontainer restart "$name"
		pings 10.77.0.2
		pings fd77::2
		syscontainer remove-nic --name eth1 "$name"
	done
	echo 0 | tee /proc/sys/net/bridge/bridge-nf-call-{iptables,ip6tables} >/dev/null
}
