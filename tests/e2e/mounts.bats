#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# What is mounted into a guest at its start: -v, --mount, --tmpfs, --volumes-from, --shm-size, --read-only, masked paths. Seen from inside, and
# in the kernel's own view of PID 1.
# shellcheck disable=SC2030,SC2031,SC2034 # MOUNTED is mounting's; each test is a subshell, and meant to be

load common
load small
load mounting

# --- binds ------------------------------------------------------------------------------------------------------------------

@test "-v: files go both ways, with the guest's ids shifted and a privileged guest's as they are" {
	local name first
	echo out >"$HOST/out"
	chown 1000:1000 "$HOST/out"
	for name in remapped privileged; do
		if [[ $name == remapped ]]; then
			small_start remapped -v "$HOST:/srv/new/place"
		else
			small_start privileged --privileged -v "$HOST:/srv/new/place"
		fi
		same "what is inside" "$(in_guest "$name" cat /srv/new/place/out)" out
		same "owner inside" "$(in_guest "$name" stat -c %u:%g /srv/new/place/out)" 1000:1000
		in_guest "$name" sh -c 'echo in >/srv/new/place/by-root'
		syscontainer exec -u 7:8 "$name" sh -c 'echo x >/tmp/x; cat /srv/new/place/out' >/dev/null
		same "owner on the host" "$(host_owner "$HOST/by-root")" 0:0
		same "owner of the mount point inside" "$(in_guest "$name" stat -c %u:%g /srv/new)" 0:0
		same "owner of the mount point in the tree" "$(host_owner "$(tree_path "$name")/srv/new")" 0:0
		rm "$HOST/by-root"
	done
	first=$(awk '{ print $2 }' "/proc/$(init_pid remapped)/uid_map")
	[[ $first -gt 0 ]]
	has_mount remapped /srv/new/place idmapped
	[[ $(mount_of privileged /srv/new/place) != *idmapped* ]]
}

@test "-v: noshift shows the host's ids" {
	touch "$HOST/file"
	small_start remapped -v "$HOST:/mnt/it:noshift"
	same "owner inside" "$(in_guest remapped stat -c %u:%g /mnt/it/file)" 65534:65534
	run in_guest remapped touch /mnt/it/new
	[[ $status -ne 0 ]]
	chown "$(awk '{ print $2 }' "/proc/$(init_pid remapped)/uid_map")" "$HOST"
	in_guest remapped touch /mnt/it/new
	same "owner on the host" "$(host_owner "$HOST/new")" "$(awk '{ print $2 }' "/proc/$(init_pid remapped)/uid_map"):$(awk '{ print $2 }' "/proc/$(init_pid remapped)/gid_map")"
	[[ $(mount_of remapped /mnt/it) != *idmapped* ]]
}

@test "-v: ro holds, for what is mounted below too, and the root of a guest with ids of its own cannot take it back" {
	local path
	host_mount "$HOST/below"
	touch "$HOST/file" "$HOST/below/file"
	mounting_start remapped -v "$HOST:/mnt/it:ro" -v "$HOST/file:/mnt/file:ro"
	for path in /mnt/it /mnt/it/below; do
		[[ $(mount_of remapped "$path") == ro,* ]]
		run in_guest remapped touch "$path/new"
		has_text "Read-only file system"
		run in_guest remapped mount -o remount,bind,rw "$path"
		[[ $status -ne 0 ]]
		run in_guest remapped touch "$path/new"
		has_text "Read-only file system"
	done
	run in_guest remapped sh -c 'echo x >/mnt/file'
	has_text "Read-only file system"
	run in_guest remapped umount /mnt/it/below
	[[ $status -ne 0 ]]
	same "left over of the way there" "$(grep -c syscontainer-stage "/proc/$(init_pid remapped)/mountinfo" || true)" 0
	same "the guest's /proc" "$(in_guest remapped sh -c 'cat /proc/1/comm')" sh
	small_start privileged --privileged -v "$HOST:/mnt/it:ro"
	run in_guest privileged touch /mnt/it/below/new
	has_text "Read-only file system"
	# It is the guest's mount that is read-only.
	touch "$HOST/below/new"
}

@test "-v: a missing directory is made on the host with 0750, and a vanished one fails the start" {
	small_create one -v "$HOST/a/b:/mnt/it"
	same mode "$(stat -c %a "$HOST/a/b")" 750
	syscontainer start one
	touch "$HOST/a/b/file"
	in_guest one ls /mnt/it/file
	syscontainer stop one
	rm -r "$HOST/a"
	run -125 syscontainer start one
	has_text "cannot mount /mnt/it"
	has_text "$HOST/a/b"
	has_text "No such file or directory"
	has_field one .State.ExitCode 125
	mkdir -p "$HOST/a/b"
	touch "$HOST/a/b/again"
	syscontainer start one
	in_guest one ls /mnt/it/again
}

@test "--mount: a missing source is refused and nothing is made" {
	tree_small one >/dev/null
	run -125 syscontainer create --mount "type=bind,src=$HOST/none,dst=/mnt" "$(tree_path one)" /bin/true
	has_text "$HOST/none"
	[[ ! -e $HOST/none ]]
	same containers "$(container_names)" ""
}

@test "--mount: bind with all its keys, a file, and a mount point that is made for it" {
	mkdir "$HOST/dir:with,colon"
	echo content >"$HOST/file"
	small_start one --mount "type=bind,source=$HOST/file,destination=/etc/deep/file,readonly" --mount "src=$HOST,target=/mnt/it,noshift"
	same content "$(in_guest one cat /etc/deep/file)" content
	has_mount one /etc/deep/file ro,
	same "owner inside" "$(in_guest one stat -c %u /mnt/it)" 65534
	same "the mount point in the tree" "$(stat -c '%F %u' "$(tree_path one)/etc/deep/file")" "regular empty file 0"
}

@test "a file system that cannot be shifted is named, with the way out" {
	mkdir "$HOST/ram"
	mount -t ramfs "$E2E_CGROUP" "$HOST/ram"
	MOUNTED=("$HOST/ram")
	tree_small one >/dev/null
	run -125 syscontainer create --name one -v "$HOST/ram:/mnt/it" "$(tree_path one)" /bin/true
	has_text "(ramfs)"
	has_text noshift
	same containers "$(container_names)" ""
	small_start two -v "$HOST/ram:/mnt/it:noshift"
	[[ $(mount_of two /mnt/it) == *ramfs* ]]
}

@test "propagation: private sees nothing, slave sees what the host mounts, and with the host's root shared goes both ways" {
	local name
	host_mount "$HOST/source"
	mount --make-shared "$HOST/source"
	mkdir "$HOST/source/"{later,inside}
	small_start remapped -v "$HOST/source:/mnt/private" -v "$HOST/source:/mnt/slave:rslave" -v "$HOST/source:/mnt/ro:ro,slave"
	mounting_start root --user-remap none -v "$HOST/source:/mnt/shared:rshared"
	host_mount "$HOST/source/later"
	touch "$HOST/source/later/file"
	same private "$(in_guest remapped ls /mnt/private/later)" ""
	for name in slave ro; do
		same "$name" "$(in_guest remapped ls "/mnt/$name/later")" file
	done
	same shared "$(in_guest root ls /mnt/shared/later)" file
	in_guest root mount -t tmpfs "$E2E_CGROUP" /mnt/shared/inside
	in_guest root touch /mnt/shared/inside/file
	same "seen by the host" "$(ls "$HOST/source/inside")" file
	umount "$HOST/source/inside" "$HOST/source/later"
	MOUNTED=("$HOST/source")
	same "gone in the guest" "$(in_guest root ls /mnt/shared/inside)" ""
	same "gone in the slave" "$(in_guest remapped ls /mnt/slave/later)" ""
}

@test "propagation: shared is not for a guest with ids of its own, nor any for a private source" {
	host_mount "$HOST/source"
	mount --make-private "$HOST/source" # below a host with systemd it is shared as it is mounted
	tree_small one >/dev/null
	run -125 syscontainer create -v "$HOST/source:/mnt:slave" "$(tree_path one)" /bin/true
	has_text "mount --make-shared"
	mount --make-shared "$HOST/source"
	run -125 syscontainer create -v "$HOST/source:/mnt:rshared" "$(tree_path one)" /bin/true
	has_text "use rslave"
	same containers "$(container_names)" ""
}

# --- tmpfs, squashfs ----------------------------------------------------------------------------------------------------------

@test "--tmpfs and --mount type=tmpfs: size, mode, owner and attributes, below /run too, new at each boot" {
	local name
	for name in remapped privileged; do
		small_create "$name" --privileged="$([[ $name == privileged ]] && echo true || echo false)" --tmpfs /run/my/own:size=1m,mode=0700,noexec --tmpfs /data:ro \
			--mount type=tmpfs,dst=/opt/t,tmpfs-size=64k,tmpfs-mode=1750
		syscontainer start "$name"
		has_mount "$name" /run/my/own noexec
		has_mount "$name" /run/my/own size=1024k
		has_mount "$name" /opt/t size=64k
		same mode "$(in_guest "$name" stat -c '%a %u:%g' /run/my/own)" "700 0:0"
		same mode "$(in_guest "$name" stat -c '%a %u:%g' /opt/t)" "1750 0:0"
		[[ $(mount_of "$name" /data) == ro,nosuid,nodev,* ]]
		run in_guest "$name" dd if=/dev/zero of=/opt/t/big bs=1k count=100
		has_text "No space left on device"
		run in_guest "$name" touch /data/file
		has_text "Read-only file system"
		in_guest "$name" touch /run/my/own/file
		syscontainer restart "$name"
		same "after a restart" "$(in_guest "$name" ls /run/my/own)" ""
		has_mount "$name" /run/my/own size=1024k
	done
}

@test "--mount type=squashfs: an image file, read-only" {
	mkdir "$HOST/tree"
	echo squashed >"$HOST/tree/file"
	chown 5:6 "$HOST/tree/file"
	mksquashfs "$HOST/tree" "$HOST/image" -quiet -no-progress >/dev/null
	if kernel_is_before 6.2; then
		run -125 mounting_start remapped --mount "type=squashfs,src=$HOST/image,dst=/opt/image"
		has_text "(squashfs), or of what is mounted below it, cannot be mounted with shifted ids"
		has_text "squashfs: Linux 6.2"
		same containers "$(container_names)" ""
		tree_remove remapped
		mounting_start remapped --user-remap none --mount "type=squashfs,src=$HOST/image,dst=/opt/image"
	else
		mounting_start remapped --mount "type=squashfs,src=$HOST/image,dst=/opt/image"
	fi
	small_start privileged --privileged --mount "type=squashfs,src=$HOST/image,dst=/opt/image"
	for name in remapped privileged; do
		same content "$(in_guest "$name" cat /opt/image/file)" squashed
		same owner "$(in_guest "$name" stat -c %u:%g /opt/image/file)" 5:6
		has_mount "$name" /opt/image squashfs
	done
	run in_guest remapped mount -o remount,bind,rw /opt/image
	run in_guest remapped touch /opt/image/new
	has_text "Read-only file system"
	syscontainer stop remapped privileged
	same "loop devices left" "$(losetup --list --noheadings --output BACK-FILE | grep -cF "$HOST" || true)" 0
	echo garbage >"$HOST/image"
	run -125 syscontainer start remapped
	has_text "is it a squashfs image?"
	rm "$HOST/image"
	mkfifo "$HOST/image"
	run -125 timeout 10 syscontainer start remapped
	has_text "is no image file"
}

@test "--shm-size: 64 MiB unless asked otherwise, and a mount of one's own instead" {
	small_start plain
	small_start sized --shm-size 2m
	small_start own -v "$HOST:/dev/shm"
	has_mount plain /dev/shm size=65536k
	has_mount plain /dev/shm nosuid,nodev
	has_mount sized /dev/shm size=2048k
	same mode "$(in_guest sized stat -c '%a %u:%g' /dev/shm)" "1777 0:0"
	same "mounts on the own one" "$(grep -c ' /dev/shm ' "/proc/$(init_pid own)/mountinfo")" 1
	same ShmSize "$(field sized .HostConfig.ShmSize) $(field plain .HostConfig.ShmSize)" "2097152 67108864"
	syscontainer restart sized
	has_mount sized /dev/shm size=2048k
}

# --- others -------------------------------------------------------------------------------------------------------------------

@test "--volumes-from: what another container has from the host, and one's own counts more" {
	mkdir "$HOST/"{a,b,c}
	touch "$HOST/a/in-a" "$HOST/b/in-b" "$HOST/c/in-c"
	small_create source -v "$HOST/a:/mnt/a" -v "$HOST/b:/mnt/b" --tmpfs /mnt/t
	small_start reader --volumes-from source:ro -v "$HOST/c:/mnt/b"
	small_start writer --volumes-from source
	same a "$(in_guest reader ls /mnt/a)" in-a
	same b "$(in_guest reader ls /mnt/b)" in-c
	run in_guest reader touch /mnt/a/new
	has_text "Read-only file system"
	in_guest writer touch /mnt/a/new
	[[ ! -e $(tree_path reader)/mnt/t ]]
	same VolumesFrom "$(syscontainer inspect -f '{{json .HostConfig.VolumesFrom}}' reader)" '["source:ro"]'
	syscontainer rm -f source
	syscontainer restart writer
	same a "$(in_guest writer ls /mnt/a)" "in-a
new"
	run -125 syscontainer create --volumes-from nobody "$(tree_path writer)" /bin/true
	has_text "--volumes-from"
	has_text "No such container: nobody"
}

@test "mounts come parents first, whatever the order of the options" {
	mkdir "$HOST/"{outer,inner}
	touch "$HOST/outer/o" "$HOST/inner/i"
	small_start one -v "$HOST/inner:/mnt/a/b/c" --tmpfs /mnt/a/b -v "$HOST/outer:/mnt/a"
	same outer "$(in_guest one ls /mnt/a)" "b
o"
	same inner "$(in_guest one ls /mnt/a/b/c)" i
	# cp sees what the guest sees, and the tree alone stays as it is but for the mount points.
	syscontainer cp one:/mnt/a/b/c/i "$HOST/copied"
	[[ -e $HOST/copied ]]
	same "the tree" "$(find "$(tree_path one)/mnt" -printf '%P ')" " a "
}

@test "--read-only: the tree cannot be written, and what a system needs can" {
	local name
	for name in remapped privileged; do
		small_start "$name" --privileged="$([[ $name == privileged ]] && echo true || echo false)" --read-only -v "$HOST:/mnt/it"
		[[ $(mount_of "$name" /) == ro,* ]]
		for place in / /etc /var; do
			run in_guest "$name" touch "$place/new"
			has_text "Read-only file system"
		done
		for place in /run /tmp /var/tmp /dev/shm /mnt/it; do
			in_guest "$name" touch "$place/new"
		done
		same ReadonlyRootfs "$(field "$name" .HostConfig.ReadonlyRootfs)" true
		syscontainer restart "$name"
		run in_guest "$name" touch /new
		has_text "Read-only file system"
	done
	touch "$(tree_path remapped)/the-host-can"
}

@test "masked and read-only paths: of a guest whose root is the host's, and of no other" {
	local path
	small_start root --user-remap none
	small_start remapped
	small_start privileged --privileged
	for path in /proc/keys /proc/timer_list; do
		[[ ! -e $path ]] || same "$path" "$(in_guest root stat -c '%t:%T %F' "$path")" "1:3 character special file"
	done
	same "/sys/firmware" "$(in_guest root ls /sys/firmware)" ""
	for path in $(syscontainer inspect -f '{{json .HostConfig.ReadonlyPaths}}' root | jq -r '.[]'); do
		[[ ! -e $path ]] || [[ $(mount_of root "$path") == ro,* ]]
	done
	same masked "$(syscontainer inspect -f '{{json .HostConfig.MaskedPaths}}' root | jq 'index("/proc/kcore") != null')" true
	for name in remapped privileged; do
		same "masks of $name" "$(syscontainer inspect -f '{{json .HostConfig.MaskedPaths}}' "$name")" "[]"
		same "mounts of $name below /proc" "$(awk '$5 ~ "^/proc/" && $5 !~ "^/proc/sys" { print $5 }' "/proc/$(init_pid "$name")/mountinfo")" ""
	done
}

@test "inspect tells what is mounted, in the words of each option" {
	host_mount "$HOST/source" && mount --make-shared "$HOST/source"
	small_create one -v "$HOST/source:/mnt/v:ro,rslave" --mount "type=bind,src=$HOST,dst=/mnt/m,noshift" --tmpfs /mnt/t:size=1m --shm-size 1m
	same Binds "$(syscontainer inspect -f '{{json .HostConfig.Binds}}' one)" "[\"$HOST/source:/mnt/v:ro,rslave\"]"
	same Tmpfs "$(syscontainer inspect -f '{{json .HostConfig.Tmpfs}}' one)" '{"/mnt/t":"rw,exec,nosuid,nodev,mode=1777,size=1048576"}'
	same Mounts "$(syscontainer inspect -f '{{json .Mounts}}' one | jq -c '.[0]')" \
		"{\"Type\":\"bind\",\"Source\":\"$HOST/source\",\"Destination\":\"/mnt/v\",\"Mode\":\"\",\"RW\":false,\"Propagation\":\"rslave\"}"
	same "number of Mounts" "$(syscontainer inspect -f '{{json .Mounts}}' one | jq length)" 3
	same "HostConfig.Mounts" "$(syscontainer inspect -f '{{json .HostConfig.Mounts}}' one | jq -c '.[0] | [.Type, .Source, .Target, .ReadOnly]')" \
		"[\"bind\",\"$HOST\",\"/mnt/m\",false]"
}

@test "bad values are refused with option and value, and nothing is made" {
	local option value
	tree_small one >/dev/null
	while IFS=' ' read -r option value; do
		run -125 syscontainer create "$option=$value" "$(tree_path one)" /bin/true
		has_text "Invalid value \"$value\" for flag $option"
		run -125 syscontainer run -d "$option=$value" "$(tree_path one)" /bin/true
		has_text "$option"
	done <<-END
		--volume /anonymous
		--volume name:/mnt
		--volume /tmp:relative
		--volume /tmp:/
		--volume /tmp:/proc
		--volume /tmp:/sys/kernel
		--volume /tmp:/dev
		--volume /tmp:/dev/null
		--volume /tmp:/run/host
		--volume /tmp:/mnt/../etc
		--volume /tmp:/mnt:ro,rw
		--volume /tmp:/mnt:z
		--volume /tmp:/mnt:sometimes
		--mount type=volume,src=x,dst=/mnt
		--mount type=bind,dst=/mnt
		--mount type=bind,src=/tmp
		--mount src=/tmp,dst=/mnt,nonsense
		--mount type=tmpfs,dst=/mnt,tmpfs-size=1
		--mount type=tmpfs,dst=/mnt,tmpfs-mode=9
		--tmpfs relative
		--tmpfs /mnt:size=x
		--tmpfs /run
		--shm-size 4095
		--shm-size x
		--volumes-from :ro
		--volumes-from one:wo
		--read-only maybe
	END
	run -125 syscontainer create -v "$HOST:/mnt" --tmpfs /mnt/ "$(tree_path one)" /bin/true
	has_text "the destination /mnt is given twice"
	run -125 syscontainer create --shm-size 1m --mount type=tmpfs,dst=/dev/shm "$(tree_path one)" /bin/true
	has_text "the destination /dev/shm is given twice"
	same containers "$(container_names)" ""
	same "what is on the host" "$(ls -A "$HOST")" ""
}

@test "a newline and other bytes in paths stay part of the path" {
	local name=$'line\nlxc.hook.pre-start = \\134 "x" %s'
	mkdir "$HOST/$name"
	touch "$HOST/$name/file"
	small_start one -v "$HOST/$name:/mnt/$name"
	same inside "$(in_guest one ls "/mnt/$name")" file
}

@test "a directory on a file and a file on a directory are refused" {
	touch "$HOST/file"
	small_create one -v "$HOST:/etc/passwd"
	run -125 syscontainer start one
	has_text "cannot mount /etc/passwd: /etc/passwd of the guest is no directory"
	small_create two -v "$HOST/file:/etc"
	run -125 syscontainer start two
	has_text "/etc of the guest is a directory"
}

# --- a real system --------------------------------------------------------------------------------------------------------------

@test "systemd: boots without a failed unit where paths are masked, and takes all kinds of mounts down" {
	mkdir "$HOST/below"
	host_mount "$HOST/below"
	guest_start root --user-remap none -v "$HOST:/srv/it:ro" --tmpfs /run/mine --host-channel "$HOST-channel:/srv/channel"
	same "state of the system" "$(in_guest root systemctl is-system-running --wait || true)" running
	guest_start remapped -v "$HOST:/srv/it:ro" --tmpfs /run/mine --host-channel "$HOST-channel-two:/srv/channel:ro"
	same "state of the system" "$(in_guest remapped systemctl is-system-running --wait || true)" running
	syscontainer stop root remapped
	has_field root .State.Reason stopped
	has_field remapped .State.Reason stopped
	mountpoint -q "$HOST/below"
}

@test "systemd: its own /tmp does not hide ours, and a read-only one boots without a failed unit" {
	guest_create web --tmpfs /tmp:size=5m,mode=1777 -v "$HOST:/srv/it" --read-only
	mkdir -p "$(tree_path web)/etc/systemd/system/local-fs.target.wants"
	ln -sf /usr/share/systemd/tmp.mount "$(tree_path web)/etc/systemd/system/local-fs.target.wants/tmp.mount"
	ln -sf /usr/share/systemd/tmp.mount "$(tree_path web)/etc/systemd/system/tmp.mount"
	syscontainer start web
	same "state of the system" "$(in_guest web systemctl is-system-running --wait || true)" running
	has_mount web /tmp size=5120k
	same "mounts on /tmp" "$(grep -c ' /tmp ' "/proc/$(init_pid web)/mountinfo")" 1
	same "tmp.mount" "$(in_guest web systemctl is-active tmp.mount)" active
	same "ours" "$(in_guest web findmnt -no FSTYPE /tmp)" tmpfs
	run in_guest web touch /etc/new
	has_text "Read-only file system"
	touch "$HOST/file"
	in_guest web ls /srv/it/file
	same "of a service with a /tmp of its own" "$(in_guest web systemd-run --quiet --wait --pipe -p PrivateTmp=yes sh -c 'touch /tmp/x /var/tmp/x && echo made')" made
	syscontainer stop web
	has_field web .State.Reason stopped
}
