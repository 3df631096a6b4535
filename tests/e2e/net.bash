# SPDX-License-Identifier: LGPL-2.1-or-later
# What tests of NICs and routes need: links of the host with names of their own, and a peer to talk to. Loaded after common, small and plug.
# shellcheck shell=bash

# NET is what the names of all of this file's links and namespaces begin with. On the host: the bridge ${NET}b, of which the peer namespace
# $NET is a port: link p0 there, 10.77.0.1/24, fd77::1/64, and 10.78.0.1 behind it.
net_begin() {
	NET=nt$(printf '%05x' $((RANDOM * 32 + RANDOM % 32)))
	export NET
	ip link add "${NET}b" type bridge
	ip link set "${NET}b" up
	ip netns add "$NET"
	ip link add "${NET}p" type veth peer name p0 netns "$NET"
	ip link set "${NET}p" master "${NET}b" up
	in_peer link set lo up
	in_peer link set p0 up
	in_peer address add 10.77.0.1/24 dev p0
	in_peer address add fd77::1/64 dev p0 nodad
	in_peer address add 10.78.0.1/32 dev lo
	in_peer address add fd78::1/128 dev lo nodad
}

# All of that, and what most suites of NICs have: the small guests mapped, with ids of its own, and plain, with the host's.
net_begin_guests() {
	plug_begin
	net_begin
	net_start mapped
	net_start plain --user-remap none
}

# The NICs that a test left in those two.
net_take_back() {
	local name guest
	for name in mapped plain; do
		for guest in $(syscontainer list-nic "$name" | jq -r '.[].CtrNicName'); do
			syscontainer remove-nic --name "$guest" "$name" >/dev/null
		done
	done
}

net_end() {
	local link
	ip netns del "$NET"
	for link in $(host_links); do
		ip link del "$link" 2>/dev/null
	done
	return 0
}

in_peer() { # ARGUMENTS OF ip
	ip -n "$NET" "$@"
}

# What a test lent and did not get back, or left.
net_clean() {
	local link
	for link in $(host_links); do
		[[ $link == "${NET}b" || $link == "${NET}p" ]] || ip link del "$link"
	done
}

host_links() {
	ip -o link | sed -nE "s/^[0-9]+: (${NET}[^:@]*).*/\1/p"
}

# A link of the host that can be lent: ${NET}NAME, whose other end NAME is in the peer namespace.
host_nic() { # NAME
	ip link add "$NET$1" type veth peer name "$1" netns "$NET" || return
	in_peer link set dev "$1" up
}

# With all that a link can have, and a peer that it reaches.
host_nic_dressed() { # NAME
	host_nic "$1"
	in_peer address add 10.79.0.1/24 dev "$1"
	host_nic_dress "$1"
}

host_nic_dress() { # NAME
	ip link set "$NET$1" address 02:00:00:00:77:01 mtu 1400 txqueuelen 555
	ip link property add dev "$NET$1" altname "$NET-other-$1"
	ip link set "$NET$1" up
	ip address add 10.79.0.2/24 dev "$NET$1"
	ip address add 10.79.0.3/24 dev "$NET$1"
	ip address add fd79::2/64 dev "$NET$1" nodad
	ip route add 10.80.0.0/16 via 10.79.0.1 metric 7
	ip route add 10.81.0.0/16 dev "$NET$1" table 77
	ip -6 route add fd80::/32 via fd79::1
}

# All of that, in a form that is the same when it is the same. IPv6 looks for twins, which takes a moment.
host_nic_looks() { # NAME OF THE LINK
	ip -o link show dev "$1" | sed -E 's/^[0-9]+: //; s/@[^:]*//; s/ link-netns[^ ]* [^ ]+//; s/,?M-DOWN//'
	ip -o -4 address show dev "$1" | sed -E 's/^[0-9]+: //'
	ip -o -6 address show dev "$1" scope global | sed -E 's/^[0-9]+: //; s/ tentative//; s/ nodad//'
	ip route show table all dev "$1" proto boot
	ip -6 route show table all dev "$1" proto boot
}

is_home() { # NAME OF THE LINK, WHAT IT LOOKED LIKE
	[[ $(host_nic_looks "$1" 2>/dev/null) == "$2" ]]
}

# A small tree with ip in it.
tree_net() { # NAME
	tree_small "$1" >/dev/null && (
		cd "$SYSCONTAINER_TEST_TREE" || exit
		cp -a --parents usr/bin/ip usr/lib/*-linux-gnu/lib{bpf,elf,mnl,bsd,cap,z,md}[.-]* "$(tree_path "$1")"
	)
}

net_start() { # NAME [OPTION OF run]...
	local name=$1
	shift
	tree_net "$name" && syscontainer run -d --name "$name" "$@" "$(tree_path "$name")" /bin/sh -c "$SMALL_PROGRAM" >/dev/null
}

net_create() { # NAME [OPTION OF create]...
	local name=$1
	shift
	tree_net "$name" && syscontainer create --name "$name" "$@" "$(tree_path "$name")" /bin/sh -c "$SMALL_PROGRAM" >/dev/null
}

guest_ip() { # NAME ARGUMENTS OF ip
	syscontainer exec "$1" /bin/ip "${@:2}"
}

# From the peer, so that both directions are seen. It may remember whom it met under this address before.
pings() { # ADDRESS
	in_peer neigh flush all
	ip netns exec "$NET" ping -c 1 -W 3 -q "$1" >/dev/null
}

has_link() { # NAME OF THE HOST'S
	ip link show dev "$1" &>/dev/null
}

lacks_link() {
	! has_link "$1"
}
