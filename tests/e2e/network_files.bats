#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# --add-host, --dns, --dns-option, --dns-search, --hostname: what the guest sees, and that its tree stays as it was.
# shellcheck disable=SC2016 # what $ is in front of is the guest's

load common
load small

# A small tree with hosts and resolv.conf that have everything that such files can have.
tree_with_files() { # NAME
	local tree
	tree=$(tree_small "$1")
	printf '127.0.0.1\tlocalhost\n\n# comment\n::1   ip6-localhost ip6-loopback' >"$tree/etc/hosts"
	printf '; by hand\ndomain old.example\nsearch tree.example\nsortlist 10.0.0.0\n\nnameserver 10.0.0.53\noptions rotate\n' >"$tree/etc/resolv.conf"
	echo name-of-tree >"$tree/etc/hostname"
	echo "$tree"
}

sums() { # TREE
	(cd "$1/etc" && sha256sum hosts resolv.conf hostname && stat -c '%n %i %Y %a %u' hosts resolv.conf hostname)
}

@test "hosts, servers, options, search domains and name are what was asked for and what the tree had" {
	local remap
	for remap in auto none; do
		tree=$(tree_with_files "box$remap")
		before=$(sums "$tree")
		syscontainer run -d --name "box$remap" --user-remap "$remap" --add-host db:10.0.0.7 --add-host six.example:fe80::7 --add-host 'b:[::1]' \
			--dns 9.9.9.9 --dns 2620:fe::fe --dns-option ndots:2 --dns-search a.example --hostname asked "$tree" /bin/sh -c "$SMALL_PROGRAM"
		run -0 syscontainer exec "box$remap" cat /etc/hosts
		same hosts "$output" $'127.0.0.1\tlocalhost\n\n# comment\n::1   ip6-localhost ip6-loopback\n10.0.0.7\tdb\nfe80::7\tsix.example\n::1\tb'
		run -0 syscontainer exec "box$remap" cat /etc/resolv.conf
		same resolv.conf "$output" $'nameserver 9.9.9.9\nnameserver 2620:fe::fe\n; by hand\ndomain old.example\nsearch tree.example\nsortlist 10.0.0.0\n\nnameserver 10.0.0.53\noptions rotate\nsearch a.example tree.example\noptions ndots:2'
		same hostname "$(syscontainer exec "box$remap" cat /etc/hostname /proc/sys/kernel/hostname)" $'asked\nasked'
		same owners "$(syscontainer exec "box$remap" stat -c '%u:%g %a' /etc/hosts /etc/resolv.conf /etc/hostname | sort -u)" "0:0 644"

		# The guest may edit them; the next boot begins anew, and the tree never changes.
		syscontainer exec "box$remap" sh -c 'for f in hosts resolv.conf hostname; do echo 10.1.1.1 mine >>/etc/$f; done'
		has_text mine "$(syscontainer exec "box$remap" cat /etc/hosts)"
		syscontainer restart "box$remap"
		has_text $'fe80::7\tsix.example' "$(syscontainer exec "box$remap" cat /etc/hosts)"
		run -1 grep mine <(syscontainer exec "box$remap" cat /etc/hosts /etc/resolv.conf /etc/hostname)
		same tree "$(sums "$tree")" "$before"
		syscontainer stop "box$remap"
		same tree "$(sums "$tree")" "$before"
	done
	same inspect "$(syscontainer inspect -f '{{json .HostConfig.ExtraHosts}}{{json .HostConfig.Dns}}{{json .HostConfig.DnsOptions}}{{json .HostConfig.DnsSearch}}{{.HostsPath}}{{.ResolvConfPath}}{{.HostnamePath}}' boxnone)" \
		"$(printf '%s\n' '["db:10.0.0.7","six.example:fe80::7","b:[::1]"]' '["9.9.9.9","2620:fe::fe"]' '["ndots:2"]' '["a.example"]' "$tree"/etc/{hosts,resolv.conf,hostname})"
}

@test "without these options the tree's own files are there" {
	tree=$(tree_with_files box)
	syscontainer run -d --name box "$tree" /bin/sh -c "$SMALL_PROGRAM"
	run -1 grep -E ' /etc/(hosts|resolv.conf|hostname) ' "/proc/$(init_pid box)/mountinfo"
	syscontainer exec box sh -c 'echo ok >>/etc/hosts'
	has_text ok "$(<"$tree/etc/hosts")"
}

@test "a tree without these files gets empty ones as mount points, and no host name file" {
	tree=$(tree_small box)
	syscontainer run -d --name box --add-host db:10.0.0.7 --dns ::1 --hostname asked "$tree" /bin/sh -c "$SMALL_PROGRAM"
	same files "$(syscontainer exec box cat /etc/hosts /etc/resolv.conf)" $'10.0.0.7\tdb\nnameserver ::1'
	same "what is in the tree" "$(cat "$tree"/etc/{hosts,resolv.conf})" ""
	[[ ! -e $tree/etc/hostname ]]
	same hostname "$(syscontainer exec box cat /proc/sys/kernel/hostname)" asked
}

@test "a resolv.conf of systemd-resolved or another service stays its own and has the servers" {
	local link
	for link in ../run/systemd/resolve/stub-resolv.conf /run/NetworkManager/resolv.conf /var/run/resolvconf/resolv.conf; do
		tree=$(tree_small box)
		ln -s ../run "$tree/var/run"
		ln -s "$link" "$tree/etc/resolv.conf"
		syscontainer run -d --name box --dns 9.9.9.9 --dns-search a.example "$tree" /bin/sh -c "$SMALL_PROGRAM"
		same resolv.conf "$(syscontainer exec box cat /etc/resolv.conf)" $'nameserver 9.9.9.9\nsearch a.example'
		same link "$(syscontainer exec box ls -l /etc/resolv.conf | sed 's/.* -> //')" "$link"
		# No mount is in its way: it replaces its file by a rename.
		run -1 grep resolv.conf "/proc/$(init_pid box)/mountinfo"
		if [[ $link == *systemd* ]]; then
			same drop-in "$(syscontainer exec box cat /run/systemd/resolved.conf.d/50-syscontainer.conf)" $'[Resolve]\nDNS=9.9.9.9\nDomains=a.example'
		fi
		same "what is in the tree" "$(readlink "$tree/etc/resolv.conf") $(ls "$tree/run")" "$link "
		e2e_clean
	done
}

@test "a systemd guest has name and hosts as asked, with zero failed units" {
	guest_start web --hostname asked --add-host db:10.0.0.7 --dns 9.9.9.9
	run -0 in_guest web systemctl is-system-running
	same state "$output" running
	same hostname "$(in_guest web hostname)" asked
	run -0 in_guest web getent hosts db
	has_text 10.0.0.7
	run -0 in_guest web systemctl reboot
	wait_for 20 has_field web .RestartCount 1
	wait_for 20 has_field web .State.Ready true
	same hostname "$(in_guest web hostname)" asked
	same hosts "$(in_guest web cat /etc/hosts | grep -c db)" 1
}
