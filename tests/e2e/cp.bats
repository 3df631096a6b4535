#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# cp and export: what a guest sees, in both directions, running or not; and what a hostile guest cannot make of it.
# shellcheck disable=SC2154 # output and status come from bats
load common

setup_file() {
	e2e_begin
	guest_start web
	guest_create still
	e2e_keep
}

setup() {
	here=$BATS_TEST_TMPDIR
	cd "$here" || return
	echo content >file
	mkdir -p dir/sub
	echo inner >dir/inner
	ln dir/inner dir/hard
	ln -s inner dir/link
	ln -s dir to-dir
	ln -s file to-file
}

refused() { # MESSAGE ARGUMENT OF cp...
	local message=$1
	shift
	run syscontainer cp "$@"
	same "status of cp $*" "$status" 1
	has_text "$message"
}

refused_export() { # MESSAGE ARGUMENT OF export...
	local message=$1
	shift
	run syscontainer export "$@"
	same "status of export $*" "$status" 1
	has_text "$message"
}

lacks() { # EXPRESSION FILE
	if grep -q "$1" "$2"; then e2e_die "$1 is in $2"; fi
}

# A fresh directory of the guest NAME; prints it. Works on stopped ones too.
guest_directory() { # NAME
	local path=/srv/test.$RANDOM$RANDOM
	mkdir "$here/empty" && syscontainer cp "$here/empty" "$1:$path" && rmdir "$here/empty" && echo "$path"
}

# What syscontainer cp brings out of NAME:PATH, as one line a file: type, mode, name, link.
listing() { # NAME:PATH
	rm -rf "$here/listed"
	syscontainer cp "$1" "$here/listed" && (cd "$here/listed" && find . -printf '%y %m %P %l\n' | sort)
}

to_and_fro() { # NAME
	local dir
	dir=$(guest_directory "$1")
	syscontainer cp file "$1:$dir"
	syscontainer cp file "$1:$dir/other"
	syscontainer cp "$1:$dir/file" back
	cmp file back
	syscontainer cp "$1:$dir/other" .
	cmp file other
	syscontainer cp dir "$1:$dir"
	same "the tree" "$(listing "$1:$dir/dir")" "$(cd dir && find . -printf '%y %m %P %l\n' | sort)"
	same "links of inner" "$(stat -c %h listed/inner)" 2
}

@test "cp: files and trees go in and out of a running guest" {
	to_and_fro web
}

@test "cp: files and trees go in and out of a stopped container" {
	to_and_fro still
	run syscontainer ps -a --filter name=still --format '{{.Status}}'
	[[ $output != Up* ]]
}

@test "cp: a running guest's tmpfs and mounts are seen, in both directions" {
	in_guest web sh -c 'mkdir -p /srv/mnt && mount -t tmpfs t /srv/mnt && echo volume >/srv/mnt/file && echo tmpfs >/run/there'
	syscontainer cp web:/run/there .
	same "/run/there" "$(cat there)" tmpfs
	syscontainer cp web:/srv/mnt out
	same "/srv/mnt/file" "$(cat out/file)" volume
	syscontainer cp file web:/srv/mnt/
	same "what the guest sees" "$(in_guest web cat /srv/mnt/file)" content
	[[ ! -e $(tree_path web)/srv/mnt/file ]]
}

@test "cp: files of /proc have content" {
	syscontainer cp web:/proc/uptime .
	[[ -s uptime ]]
}

@test "cp: a paused guest" {
	syscontainer pause web
	run timeout 20 syscontainer cp web:/usr/lib/os-release .
	syscontainer unpause web
	same status "$status" 0
	grep -q Debian os-release
}

@test "cp: the destination decides, as with docker cp" {
	local dir name
	for name in web still; do
		dir=$(guest_directory "$name")
		syscontainer cp dir "$name:$dir/new"
		syscontainer cp dir "$name:$dir/slash/"
		syscontainer cp dir/. "$name:$dir/content"
		syscontainer cp dir/. "$name:$dir/content" # again: merged, not nested
		same "new" "$(listing "$name:$dir/new")" "$(listing "$name:$dir/content")"
		same "slash" "$(listing "$name:$dir/slash")" "$(listing "$name:$dir/content")"
		syscontainer cp "$name:$dir/content/." into
		same "into" "$(ls into)" "$(ls dir)"
		rm -r into
		refused "no such directory" file "$name:$dir/none/"
		refused "no such directory" file "$name:$dir/none/file"
		refused "no such directory" dir "$name:$dir/none/dir"
		syscontainer cp file "$name:$dir/plain"
		refused "cannot copy directory" dir "$name:$dir/plain"
		refused "extraction point is not a directory" file "$name:$dir/plain/"
		refused "No such file" "$name:$dir/none" .
		refused "Not a directory" "$name:$dir/plain/" .
		refused "cannot copy directory" "$name:$dir/new" file
		refused "no such directory" "$name:$dir/plain" none/file
		refused "no such directory" "$name:$dir/plain" none/
	done
}

@test "cp: symbolic links are copied, followed with -L, a slash or a dot at the end, and as destination" {
	local dir
	dir=$(guest_directory web)
	syscontainer cp to-file "web:$dir"
	syscontainer cp -L to-file "web:$dir/followed"
	syscontainer cp to-dir/ "web:$dir/slash"
	syscontainer cp to-dir/. "web:$dir/dot"
	syscontainer cp -L to-dir "web:$dir/dir"
	same to-file "$(in_guest web readlink "$dir/to-file")" file
	same followed "$(in_guest web cat "$dir/followed")" content
	in_guest web test -d "$dir/slash/sub" -a -d "$dir/dot/sub" -a -d "$dir/dir/sub"
	in_guest web sh -c "cd $dir && ln -s /srv/elsewhere dangling && ln -s ${dir#/srv/} /srv/way && ln -s ../../../../../.. up"
	syscontainer cp file "web:$dir/dangling"
	same "through a dangling link" "$(in_guest web cat /srv/elsewhere)" content
	[[ ! -e /srv/elsewhere ]]
	syscontainer cp file web:/srv/way/through
	same "through a link to a directory" "$(in_guest web cat "$dir/through")" content
	syscontainer cp "web:$dir/up/etc/hostname" .
	same hostname "$(cat hostname)" "$(in_guest web cat /etc/hostname)"
	in_guest web rm /srv/way /srv/elsewhere
}

@test "cp: paths of a stopped tree do not lead out of it" {
	local tree
	tree=$(tree_path still)
	echo secret >"$here/secret"
	ln -sfn "$here" "$tree/srv/out"
	ln -sfn ../../../../../../../../.. "$tree/srv/up"
	refused "No such file" still:/srv/out/secret got
	refused "No such file" "still:/srv/up$here/secret" got
	refused "No such file" "still:/../../..$here/secret" got
	refused "no such directory" file still:/srv/out/file2
	[[ ! -e $here/got && ! -e $here/file2 ]]
}

@test "cp: owners are root, or kept with -a; modes and times are kept" {
	local dir
	dir=$(guest_directory web)
	chmod 640 file
	touch -d '2001-02-03 04:05:06.7' file
	chown 12:34 file
	syscontainer cp file "web:$dir"
	syscontainer cp -a file "web:$dir/archive"
	same plain "$(in_guest web stat -c '%u:%g %a %Y' "$dir/file")" "0:0 640 $(stat -c %Y file)"
	same archive "$(in_guest web stat -c '%u:%g %a' "$dir/archive")" "12:34 640"
	syscontainer cp "web:$dir/archive" plain
	syscontainer cp -a "web:$dir/archive" archive
	same "plain, back" "$(stat -c '%u:%g %a %y' plain)" "0:0 640 $(stat -c %y file)"
	same "archive, back" "$(stat -c '%u:%g %a %y' archive)" "12:34 640 $(stat -c %y file)"
}

@test "cp: a set-user-ID program of a guest's user does not become one of root" {
	in_guest web sh -c 'cp /bin/true /srv/suid && chown 1000:1000 /srv/suid && chmod 6755 /srv/suid'
	syscontainer cp web:/srv/suid .
	same "owner and mode" "$(stat -c '%u %a' suid)" "0 755"
}

@test "cp: tar streams on standard output and input" {
	local dir
	dir=$(guest_directory web)
	tar cf - dir file | syscontainer cp - "web:$dir"
	same inner "$(in_guest web cat "$dir/dir/hard")" inner
	mkdir out
	syscontainer cp "web:$dir" - 2>/dev/null | tar xf - -C out --strip-components=1
	diff -r --no-dereference dir out/dir
	cmp file out/file
	run bash -c "echo no archive | syscontainer cp - web:$dir"
	same status "$status" 1
	has_text "no tar archive"
	run bash -c "tar cf - file | syscontainer cp - web:$dir/file"
	has_text "extraction point is not a directory"
	run bash -c "tar cPf - $here/file | syscontainer cp - web:$dir"
	has_text "leads out of the destination"
}

@test "cp: mistakes are named" {
	refused "copying between containers is not supported" web:/a still:/b
	refused "must specify at least one container source" a b
	refused "No such container: nobody" nobody:/a .
	refused "No such container: nobody" file nobody:/a
	refused "must be CONTAINER:PATH" file web:
	refused "which is not overwritten" file web:/dev/null
	run syscontainer cp file
	same status "$status" 125
}

@test "cp: progress on a terminal, nothing elsewhere" {
	run syscontainer cp web:/usr/share/doc .
	same output "$output" ""
	terminal_open syscontainer cp web:/usr/share/doc doc2
	terminal_wait 30
	same status "$status" 0
	has_text "Copying web:/usr/share/doc"
}

@test "cp: FIFOs, sockets, devices and endless files do not hold it up" {
	in_guest web sh -c 'mkdir -p /srv/odd && cd /srv/odd && mkfifo fifo && truncate -s 4T sparse && mknod null c 1 3 2>/dev/null; true'
	run timeout 30 syscontainer cp web:/srv/odd .
	[[ $status -eq 0 || $output == *"device node"* ]]
	[[ -p odd/fifo ]]
	same "size of the sparse file" "$(stat -c %s odd/sparse)" $((4 << 40))
	[[ $(stat -c %b odd/sparse) -lt 100 ]]
	in_guest web sh -c 'truncate -s 1E /run/monster'
	run timeout 30 syscontainer cp web:/run/monster .
	same status "$status" 1
	has_text "larger than 64 TiB"
	run timeout 30 syscontainer cp web:/run/systemd/notify .
	has_text "is a socket"
	run timeout 60 syscontainer cp web:/dev .
	same status "$status" 1
	has_text "device node"
}

# bats test_tags=slow
@test "cp: a guest that swaps directories for symlinks gets neither at the host's files nor makes any" {
	local i pushed=0 pulled=0 canary=$here/canary path flip
	flipper flip
	mkdir "$canary"
	echo secret >"$canary/file"
	path=$(realpath "$canary")
	in_guest web sh -c "mkdir -p /srv/flip/dir && cd /srv/flip && echo harmless >dir/file && ln -s /../../..$path link &&
		echo harmless >plain && ln -s $path/file leads"
	syscontainer exec -d web "${flip[@]}" /srv/flip/dir /srv/flip/link
	syscontainer exec -d web "${flip[@]}" /srv/flip/plain /srv/flip/leads
	wait_for 5 in_guest web pgrep -f /srv/flip/leads
	for ((i = 0; ; i++)); do
		has_round $((i + 1)) 500 || break
		! timeout 20 syscontainer cp file web:/srv/flip/dir/new 2>/dev/null || pushed=$((pushed + 1))
		! timeout 20 syscontainer cp dir web:/srv/flip/dir/ 2>/dev/null || pushed=$((pushed + 1))
		! timeout 20 syscontainer cp web:/srv/flip/dir/file got 2>/dev/null || pulled=$((pulled + 1))
		! timeout 20 syscontainer cp -L web:/srv/flip/plain got 2>/dev/null || pulled=$((pulled + 1))
		[[ -L got || ! -e got || $(<got) == harmless ]]
		rm -rf got
	done
	# Both sides of the race were met.
	echo "of $((2 * i)) each: $pushed pushed, $pulled pulled"
	[[ $pushed -gt 0 && $pushed -lt $((2 * i)) && $pulled -gt 0 && $pulled -lt $((2 * i)) ]]
	in_guest web pkill -f /srv/flip/
	same "the canary's directory" "$(ls -A "$canary")" file
	same "the canary" "$(cat "$canary/file")" secret
}

@test "cp: the process in the guest maps no file that cp itself has not mapped" {
	local main helper
	in_guest web sh -c 'head -c 20000000 /dev/zero >/srv/zeroes'
	mkfifo stream
	syscontainer cp web:/srv/zeroes - >stream 3>&- &
	main=$!
	exec 9<stream
	head -c 1000 <&9 >/dev/null
	helper=$(pgrep -P "$main")
	same "number of helpers" "$(wc -l <<<"$helper")" 1
	[[ $(readlink "/proc/$helper/ns/mnt") != "$(readlink /proc/self/ns/mnt)" ]]
	diff <(awk '$5 { print $4, $5 }' "/proc/$main/maps" | sort -u) <(awk '$5 { print $4, $5 }' "/proc/$helper/maps" | sort -u)
	same "descriptors on files of the host" "$(find "/proc/$helper/fd" -printf '%l\n' | grep -c "$here\|$E2E_DIR\|/dev/pts\|/dev/tty" || true)" 0
	exec 9<&-
	wait "$main" || true
	[[ ! -e /proc/$helper ]]
}

@test "cp: killed at any time it leaves no process" {
	local main helper
	mkfifo stream
	syscontainer cp web:/usr - >stream 3>&- &
	main=$!
	exec 9<stream
	head -c 1000 <&9 >/dev/null
	helper=$(pgrep -P "$main")
	kill -9 "$main"
	wait_for 5 test ! -e "/proc/$helper"
	exec 9<&-
}

@test "cp and export leave no mount, loop device or descriptor's process on the host" {
	leak_snapshot >before
	syscontainer cp still:/etc etc
	syscontainer cp file still:/srv/
	syscontainer cp web:/etc etc2
	syscontainer export -o still.tar still
	leak_check before
}

@test "start waits for a cp into the stopped container or refuses, and never runs beside it" {
	mkfifo stream
	local pid
	syscontainer cp still:/usr - >stream 3>&- &
	pid=$!
	exec 9<stream
	head -c 1000 <&9 >/dev/null
	run timeout 5 syscontainer start still
	[[ $status -ne 0 ]]
	exec 9<&-
	wait "$pid" || true # not all children: the time limit of bats is one
}

@test "export: the tree without mounts, of a running and of a stopped container" {
	local name
	in_guest web sh -c 'echo hidden >/opt/hidden && chown 77:88 /opt/hidden && mount -t tmpfs t /opt && echo over >/opt/over'
	for name in web still; do
		syscontainer export -o "$name.tar" "$name"
		same "mode" "$(stat -c %a "$name.tar")" 600
		tar tf "$name.tar" >list 2>/dev/null
		grep -qx ./etc/os-release list
		grep -qx ./proc/ list
		lacks '^./proc/.' list
	done
	tar tf web.tar >list 2>/dev/null
	grep -qx ./opt/hidden list
	lacks '^./opt/over$' list
	has_text 77/88 "$(tar tvf web.tar --numeric-owner ./opt/hidden 2>/dev/null)"
	in_guest web umount /opt
}

@test "export: a tree that was exported boots" {
	local tree
	tree=$(tree_path copy)
	mkdir -m 711 "${tree%/*}"
	mkdir -m 755 "$tree"
	syscontainer export -o tree.tar still
	tar xpf tree.tar -C "$tree" --numeric-owner
	syscontainer run -d --name copy "$tree"
	same state "$(in_guest copy systemctl is-system-running)" running
}

@test "export: the file is replaced when it is complete, and left as it was otherwise" {
	echo old >out.tar
	refused_export "is a directory" -o "$here" web
	refused_export "no regular file" -o /dev/null web
	refused_export "No such container" -o out.tar nobody
	refused_export "-o FILE" web
	same "the old file" "$(cat out.tar)" old
	syscontainer export -o out.tar web &
	sleep 0.1
	kill -9 $!
	wait $! || true
	[[ $(cat out.tar) == old ]] || tar tf out.tar >/dev/null
	same "files" "$(find . -maxdepth 1 -name '.*' ! -name . | wc -l)" 0
}

@test "export and cp work with an image file" {
	local dir=$E2E_DIR/trees/image
	mkdir -m 711 "$dir" "$dir/tree"
	truncate -s 600M "$dir/image"
	mke2fs -q -t ext4 -d "$SYSCONTAINER_TEST_TREE" "$dir/image"
	syscontainer create --name image "$dir/image"
	syscontainer cp file image:/srv/
	syscontainer cp image:/srv/file back
	cmp file back
	syscontainer export -o image.tar image
	tar tf image.tar 2>/dev/null | grep -qx ./srv/file
	syscontainer start image
	syscontainer cp file image:/run/
	same "in the guest" "$(in_guest image cat /run/file /srv/file)" $'content\ncontent'
	syscontainer export -o image.tar image
	tar tf image.tar >list 2>/dev/null
	grep -qx ./srv/file list
	lacks '^./run/file$' list
}
