# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# What ./quickstart and ./run-tests both do to the host: install packages, configure a build, make guest trees.

# shellcheck disable=SC2034 # read by those who source this
host_build_packages=(gcc libc6-dev make autoconf automake pkg-config scdoc
	lxc-dev libyajl-dev libarchive-dev libkmod-dev libseccomp-dev libfuse3-dev libbpf-dev libnl-3-dev libsystemd-dev)
# What building the Debian package, and looking at it and at the RPM spec, takes more.
# shellcheck disable=SC2034
host_package_packages=(build-essential debhelper dh-apparmor lintian rpm rpmlint)

host_die() { # MESSAGE: a mistake of the caller, or a host that we cannot work on
	echo "${0##*/}: $1" >&2
	exit 2
}

host_is_installed() { # PACKAGE
	[[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

host_install_packages() { # PACKAGE...: installs those that are missing; without any, no package list is fetched
	local package missing=()
	command -v apt-get >/dev/null || host_die "this needs Debian 12 and its apt-get; here, install by hand: $*"
	for package; do
		host_is_installed "$package" || missing+=("$package")
	done
	[[ ${#missing[@]} -gt 0 ]] || return 0
	echo "installing: ${missing[*]}"
	apt-get update -q
	DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"
}

host_configure() { # SOURCE BUILD OPTION...: makes ./configure when it is older than what it is made from, then runs it
	local source=$1 build=$2
	shift 2
	if [[ ! -e $source/configure || $source/configure -ot $source/configure.ac || $source/Makefile.in -ot $source/Makefile.am ]]; then
		"$source/autogen.sh" || return
	fi
	[[ ! -e $source/config.status ]] || host_die "$source was configured in place; run: make -C $source distclean"
	mkdir -p "$build" || return
	(cd "$build" && "$source/configure" --quiet "$@")
}

# Packages come the way that apt on this host gets them.
host_mmdebstrap() { # OPTION... SUITE TARGET
	local proxy='' options=()
	eval "$(apt-config shell proxy Acquire::http::Proxy)"
	[[ -z $proxy ]] || options+=(--aptopt="Acquire::http::Proxy \"$proxy\"")
	# A mirror that stands still has a Release file of sid that is out of date.
	[[ " $* " != *" sid "* ]] || options+=(--aptopt='Acquire::Check-Valid-Until "false"')
	mmdebstrap --variant=minbase "${options[@]}" "$@"
}

# The tree appears by a rename when it is complete, so that an interrupted run is made again and a complete one never.
host_make_tree() { # SUITE TREE [PACKAGES]: with systemd, or with another init system
	local suite=$1 tree=$2 packages=${3:-systemd-sysv,dbus,libpam-systemd} partial=$2.partial
	if [[ -d $tree ]]; then
		echo "$tree is there already"
		return 0
	fi
	mkdir -p "${tree%/*}" || return
	rm -rf --one-file-system "$partial" || return
	echo "making $tree: a $suite system, about 230 MB, once"
	# shellcheck disable=SC2016 # $1 is for the hook
	host_mmdebstrap --include="iproute2,procps,$packages" \
		--customize-hook='echo guest >"$1/etc/hostname"' "$suite" "$partial" || return
	mv -T "$partial" "$tree"
}
