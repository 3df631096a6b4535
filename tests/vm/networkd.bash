# SPDX-License-Identifier: LGPL-2.1-or-later
# What the host's systemd-networkd says of a link.
# shellcheck shell=bash

managed() { # LINK: prints "unmanaged", "configured", or a state in between
	networkctl list --no-legend --no-pager "$1" | awk '{ print $5 }'
}

is_configured() { # LINK
	[[ $(managed "$1") == configured ]]
}
