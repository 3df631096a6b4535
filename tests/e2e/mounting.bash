# SPDX-License-Identifier: LGPL-2.1-or-later
# What tests of mounts need: a directory of the host for each test, mounts on it that go away again, and a look at what a guest has mounted. Loaded after small.
# shellcheck shell=bash

setup() {
	HOST=$E2E_DIR/host-$BATS_TEST_NUMBER
	mkdir "$HOST"
	MOUNTED=()
}

teardown() {
	e2e_clean
	host_clean
}

host_clean() {
	local place
	for place in "${MOUNTED[@]}"; do
		umount --lazy "$place"
	done
	rm -rf --one-file-system "$HOST"
}

# A file system of its own, empty; ext4, because before Linux 6.3 the ids of a tmpfs cannot be shifted.
host_mount() { # PLACE
	local image
	image=$(mktemp "$HOST/image.XXXXXX")
	truncate -s 4M "$image"
	mkfs.ext4 -q -O ^has_journal "$image"
	mkdir -p "$1"
	mount -o loop "$image" "$1"
	MOUNTED=("$1" "${MOUNTED[@]}")
	rmdir "$1/lost+found"
	rm "$image"
}

kernel_is_before() { # VERSION
	[[ $(printf '%s\n' "$1" "$(uname -r)" | sort -V | tail -n 1) == "$1" ]]
}

# Attributes, propagation, type, and options of the file system that PID 1 sees at PATH.
mount_of() { # NAME PATH
	awk -v path="$2" '$5 == path { line = $6 " " $7 " "; i = 7; while ($i != "-") i++; last = line $(i + 1) " " $(i + 3) } END { print last }' \
		"/proc/$(init_pid "$1")/mountinfo"
}

has_mount() { # NAME PATH TEXT
	has_text "$3" "$(mount_of "$1" "$2")"
}

# A small tree in which there are programs to mount and to move files.
tree_mounting() { # NAME
	local tree
	tree=$(tree_small "$1") || return
	(cd "$SYSCONTAINER_TEST_TREE" && cp -a --parents usr/bin/{ln,mount,mv,rm,rmdir,umount} usr/lib/*-linux-gnu/lib{mount,blkid}.so.* "$tree")
}

mounting_start() { # NAME [OPTION OF run]...
	local name=$1
	shift
	tree_mounting "$name" && syscontainer run -d --name "$name" "$@" "$(tree_path "$name")" /bin/sh -c "$SMALL_PROGRAM" >/dev/null
}

host_owner() { # FILE
	stat -c %u:%g "$1"
}
