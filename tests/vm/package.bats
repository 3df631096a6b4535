#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# bats file_tags=alone
# The Debian package, $SYSCONTAINER_TEST_PACKAGE, on a host of its own: installed, upgraded, removed, purged.

load ../e2e/common
load ../e2e/small
load networkd

STATE=/var/lib/syscontainer

setup_file() {
	[[ -s ${SYSCONTAINER_TEST_PACKAGE:-} ]] || e2e_die "SYSCONTAINER_TEST_PACKAGE must name the package; ./run-tests --vm builds it"
	[[ ! -e /usr/bin/syscontainer ]] || e2e_die "this host has the package already"
	PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
	E2E_DIR=$(mktemp -d /var/tmp/sysc-test.XXXXXX)
	SYSCONTAINER_ROOT=$STATE
	SYSCONTAINER_RUN=/run/syscontainer
	export PATH E2E_DIR SYSCONTAINER_ROOT SYSCONTAINER_RUN
	unset SYSCONTAINER_CONFIG SYSCONTAINER_LIBEXEC
	mkdir -m 711 "$E2E_DIR/trees"
	chmod 711 "$E2E_DIR"
}

setup() {
	[[ -e /usr/bin/syscontainer ]] || package --install "$SYSCONTAINER_TEST_PACKAGE"
}

teardown() {
	! command -v syscontainer >/dev/null || remove_containers
}

teardown_file() {
	# Each call of dpkg takes an emulated machine most of a minute, and this one may be about to go.
	[[ ${SYSCONTAINER_TEST_THROWAWAY:-} ]] || package --purge syscontainer
	rm -rf --one-file-system "$E2E_DIR"
}

# All that apt would add is time: dpkg refuses what lacks a dependency, too.
package() { # ARGUMENT OF dpkg...
	dpkg "$@" >"$E2E_DIR/dpkg.log" 2>&1 </dev/null || { cat "$E2E_DIR/dpkg.log" && return 1; }
}

remove_containers() {
	local names
	mapfile -t names < <(container_names)
	[[ ${#names[@]} -eq 0 ]] || syscontainer rm -f "${names[@]}" >/dev/null
	rm -rf --one-file-system "$E2E_DIR"/trees/*
}

# The same package with a higher version than what is installed; prints its path.
next_package() {
	local version
	rm -rf "$E2E_DIR/next"
	dpkg-deb -R "$SYSCONTAINER_TEST_PACKAGE" "$E2E_DIR/next"
	version=$(dpkg-query -W -f '${Version}' syscontainer)
	sed -i "s/^Version: .*/Version: $version+1/" "$E2E_DIR/next/DEBIAN/control"
	dpkg-deb -Znone -b "$E2E_DIR/next" "$E2E_DIR/next.deb" >/dev/null
	echo "$E2E_DIR/next.deb"
}

server_pid() {
	cut -d ' ' -f 1 "$SYSCONTAINER_RUN/lxcfs/server"
}

memory_of() { # NAME
	syscontainer exec "$1" cat /proc/meminfo | awk '$1 == "MemTotal:" { print $2 }'
}

@test "the package has all that a first container takes" {
	"$BATS_TEST_DIRNAME/../../debian/tests/smoke"
	same "the proc view" "$(systemctl is-active syscontainer-lxcfs) $(systemctl is-enabled syscontainer-lxcfs)" "active enabled"
	same "inotify instances" "$(</proc/sys/fs/inotify/max_user_instances)" 8192
	systemctl is-system-running
}

@test "an upgrade leaves guests, monitors and the administrator's files alone, and replaces the proc view" {
	local before guest=web
	small_start $guest -m 100m
	same "memory before" "$(memory_of $guest)" 102400
	before="$(init_pid $guest) $(monitor_pid $guest) $(keeper_pid $guest)"
	server=$(server_pid)
	sed -i 's/"90s"/"91s"/' /etc/syscontainer/daemon.json
	package --install "$(next_package)"
	same "PID 1, monitor, keeper" "$(init_pid $guest) $(monitor_pid $guest) $(keeper_pid $guest)" "$before"
	grep -q 91s /etc/syscontainer/daemon.json
	wait_for 10 server_is_other_than "$server"
	same "memory after" "$(memory_of $guest)" 102400
	same ps "$(syscontainer ps --format '{{.Names}} {{.Status}}' | cut -c 1-6)" "web Up"
	syscontainer stop $guest
	syscontainer start $guest
	same "memory of the next boot" "$(memory_of $guest)" 102400
}

server_is_other_than() { # PID
	[[ $(server_pid) != "$1" ]]
}

unit_is() { # STATE
	[[ $(systemctl is-active syscontainer@web) == "$1" ]]
}

@test "an upgrade leaves units of containers alone, which start and stop afterwards" {
	local before
	export -n SYSCONTAINER_ROOT SYSCONTAINER_RUN # which only the default set has
	tree_small web >/dev/null
	syscontainer create --name web "$(tree_path web)" /bin/sh -c "$SMALL_PROGRAM" >/dev/null
	systemctl enable --now syscontainer@web
	before="$(init_pid web) $(monitor_pid web) $(systemctl show -p InvocationID --value syscontainer@web)"
	package --install "$(next_package)"
	same "PID 1, monitor, unit" "$(init_pid web) $(monitor_pid web) $(systemctl show -p InvocationID --value syscontainer@web)" "$before"
	run -0 systemctl status syscontainer@web
	has_text "active (running)"
	systemctl is-enabled --quiet syscontainer@web
	same "main process" "$(systemctl show -p MainPID --value syscontainer@web)" "$(monitor_pid web)"
	same "the host" "$(systemctl is-system-running)" running
	systemctl restart syscontainer@web
	unit_is active
	same "its program" "$(readlink "/proc/$(monitor_pid web)/exe" | grep -c deleted || true)" 0
	syscontainer stop -t 1 web
	wait_for 10 unit_is inactive
	syscontainer start web
	wait_for 10 unit_is active
}

@test "it is not removed while a container runs, which does not notice" {
	local pid
	small_start web
	pid=$(init_pid web)
	run ! package --remove syscontainer
	has_text "not removed while containers run"
	same "PID 1" "$(init_pid web)" "$pid"
	same state "$(dpkg-query -W -f '${db:Status-Status}' syscontainer)" installed
	same "the proc view" "$(systemctl is-active syscontainer-lxcfs)" active
}

@test "purge leaves stopped containers and trees, which the next installation knows" {
	small_start web
	echo kept >"$(tree_path web)/etc/mine"
	syscontainer stop web
	package --purge syscontainer
	[[ ! -e /etc/syscontainer && ! -e /usr/bin/syscontainer ]]
	same "the tree's file" "$(<"$(tree_path web)/etc/mine")" kept
	package --install "$SYSCONTAINER_TEST_PACKAGE"
	syscontainer start web
	same "the tree's file, inside" "$(syscontainer exec web cat /etc/mine)" kept
}

@test "purge without containers leaves nothing of ours" {
	small_start web
	remove_containers
	package --purge syscontainer
	run find /etc /usr /var/lib -xdev -iname '*syscontainer*' -not -path '/var/lib/dpkg/*' -not -path '/var/lib/systemd/*'
	same "left behind" "$output" ""
	same units "$(systemctl list-units --all --plain --no-legend 'syscontainer*')" ""
	[[ ! -e $SYSCONTAINER_RUN ]]
}

@test "networkd that runs when the package comes leaves our links alone from then on" {
	package --purge syscontainer
	mkdir -p /run/systemd/network
	printf '%s\n' '[Match]' 'Driver=veth' '[Network]' 'LinkLocalAddressing=no' 'Address=192.0.2.77/32' >/run/systemd/network/20-all.network
	systemctl restart systemd-networkd
	package --install "$SYSCONTAINER_TEST_PACKAGE"
	ip link add ours address fe:73:63:00:00:01 up type veth peer name peer1
	ip link add other up type veth peer name peer2
	# The one that came later is managed by now, so networkd has seen ours.
	wait_for 10 is_configured other
	same "ours" "$(managed ours)" unmanaged
	ip link del ours
	ip link del other
	rm /run/systemd/network/20-all.network
	systemctl stop systemd-networkd.socket systemd-networkd.service
}
