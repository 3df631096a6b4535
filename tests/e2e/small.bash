# SPDX-License-Identifier: LGPL-2.1-or-later
# What tests of the manager itself need and tests of guests do not: trees of a few programs that start in milliseconds, and
# the processes behind a container. Loaded after common. A file that wants nothing special has no setup_file().
# shellcheck shell=bash

# PID 1 of most of these tests: says that it runs, ends with 7 on SIGTERM.
# shellcheck disable=SC2034 # used by those who load this
SMALL_PROGRAM='trap "exit 7" TERM; echo up; while :; do sleep 0.05; done'

setup_file() {
	e2e_begin '"stop-timeout": "3s"'
	e2e_keep
}

# Prints the path of a fresh tree with a shell and a few programs of the test tree, and no systemd.
tree_small() { # NAME
	local tree=$E2E_DIR/trees/$1/tree
	mkdir -m 711 "$E2E_DIR/trees/$1" || return
	mkdir -m 755 "$tree" "$tree"/{dev,etc,proc,root,run,sys,tmp,var} || return
	(
		cd "$SYSCONTAINER_TEST_TREE" || exit
		shopt -s nullglob
		cp -a --reflink=auto --parents bin sbin lib lib64 usr/lib64 etc/{os-release,passwd,group} usr/lib/os-release \
			usr/bin/{dash,sh,sleep,cat,true,touch,stat,id,env,mkdir,ls,dd} \
			usr/lib/*-linux-gnu/{ld-linux*,lib{c,m,selinux,pcre2-8,acl,attr}.so.*} "$tree"
	) || return
	echo "$tree"
}

# For guests that call the kernel as they like.
tree_perl() { # NAME
	tree_small "$1" >/dev/null || return
	(cd "$SYSCONTAINER_TEST_TREE" && cp -a --parents usr/bin/perl usr/lib/*-linux-gnu/libcrypt.so.1* "$(tree_path "$1")")
}

# A fresh small tree NAME, and container NAME that runs in it.
small_start() { # NAME [OPTION OF run]...
	local name=$1
	shift
	tree_small "$name" >/dev/null && syscontainer run -d --name "$name" "$@" "$(tree_path "$name")" /bin/sh -c "$SMALL_PROGRAM" >/dev/null
}

# The same, not started.
small_create() { # NAME [OPTION OF create]...
	local name=$1
	shift
	tree_small "$name" >/dev/null && syscontainer create --name "$name" "$@" "$(tree_path "$name")" /bin/sh -c "$SMALL_PROGRAM" >/dev/null
}

# --- the processes behind a container, and its files -----------------------------------------------------------------------

container_id() { # NAME
	readlink "$SYSCONTAINER_ROOT/names/$1"
}

container_dir() { # NAME
	echo "$SYSCONTAINER_ROOT/containers/$(container_id "$1")"
}

# Looks at processes only, so that asking does not repair anything.
monitor_pid() { # NAME
	local id
	id=$(container_id "$1") && pgrep -o -f "^syscontainer-monitor $id" # the oldest: others are children of it
}

init_pid() { # NAME
	jq -r .init.pid "$SYSCONTAINER_RUN/$(container_id "$1")/boot.json"
}

keeper_pid() { # NAME
	jq -r .keeper.pid "$SYSCONTAINER_RUN/$(container_id "$1")/boot.json"
}

# The host's id that the guest's root is.
first_id() { # NAME
	local map
	map=$(field "$1" .HostConfig.UserRemap) && map=${map%%:*} && echo "${map:-0}"
}

count_entries() { # DIRECTORY
	find "$1" -mindepth 1 -maxdepth 1 | wc -l
}

# The file of the container's own cgroup in that controller's hierarchy, v1 or v2.
cgroup_file() { # NAME CONTROLLER FILE-ON-V1 FILE-ON-V2
	local id
	id=$(container_id "$1")
	if [[ -d /sys/fs/cgroup/$2 ]]; then
		echo "/sys/fs/cgroup/$2/$E2E_CGROUP/$id/$3"
	else
		echo "/sys/fs/cgroup/$E2E_CGROUP/$id/$4"
	fi
}

# Dead; a zombie waits for its parent only.
is_gone() { # PID
	! grep -qE '^State:[[:space:]]+[^Z[:space:]]' "/proc/$1/status" 2>/dev/null
}

kill_monitor() { # NAME: and waits until it is gone
	local pid
	pid=$(monitor_pid "$1") || return
	kill -9 "$pid"
	wait_for 5 is_gone "$pid"
}
