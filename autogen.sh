#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Makes ./configure from configure.ac and Makefile.am; needed once in a checkout.
set -eu
cd "$(dirname "$0")"
exec autoreconf --install --warnings=all "$@"
