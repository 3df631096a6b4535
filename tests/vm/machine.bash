# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# The virtual machine: where its files are kept, and the command line that starts it. Needs ../host.bash.

# shellcheck disable=SC2034 # read by those who source this
vm_packages=(qemu-system-x86 qemu-utils mmdebstrap e2fsprogs zstd xz-utils)
vm_cache=${XDG_CACHE_HOME:-/var/cache}/syscontainer-tests/vm
vm_here=$(dirname "${BASH_SOURCE[0]}")
# A saved machine knows the sizes of its disks, so they are always the same; the files are sparse.
vm_host_size=8G
vm_guests_size=4G
vm_payload_size=256M
vm_kept_size=1G

# Two runs make these files one after the other.
vm_lock() {
	mkdir -p "$vm_cache"
	exec 9>"$vm_cache/lock"
	flock 9
}

vm_hash() { # one word for what comes in
	sha256sum | cut -c 1-16
}

# The host's disk, kernel and initrd: another directory when something changes that goes into them.
vm_image_dir() {
	echo "$vm_cache/image-$(find "$vm_here/image" "$vm_here/host" -type f -print0 | sort -z | xargs -0 cat | vm_hash)"
}

# A saved machine goes on only under the qemu, and with the devices, that it was saved with.
vm_saved_dir() { # KIND
	echo "$vm_cache/saved-$1-$({ vm_image_dir && vm_accelerator && qemu-system-x86_64 --version && cat "$vm_here/machine.bash"; } | vm_hash)"
}

# A paravirtual KVM shows /dev/kvm too, but no vmx or svm, and stock kernels do not boot on it.
vm_accelerator() {
	if [[ -w /dev/kvm ]] && grep -qwE 'vmx|svm' /proc/cpuinfo; then
		echo kvm
	else
		echo tcg,thread=multi
	fi
}

# Debian's systemd takes the layout of the cgroups from the kernel's command line.
vm_kernel_arguments() { # KIND
	local kind=
	case $1 in
	v2) ;;
	hybrid) kind='systemd.unified_cgroup_hierarchy=0' ;;
	v1) kind='systemd.unified_cgroup_hierarchy=0 systemd.legacy_systemd_cgroup_controller=1' ;;
	*) host_die "there is no host of kind '$1': v2, hybrid or v1" ;;
	esac
	echo "root=LABEL=host rw rootflags=noinit_itable console=ttyS0 quiet panic=-1 mitigations=off nokaslr audit=0 $kind"
}

# Sets vm_command. In DIRECTORY are the payload, the disk that may be kept, and what comes back: output, status and console.
vm_prepare() { # KIND DIRECTORY HOST-DISK GUESTS-DISK (both qcow2)
	local cpu=Nehalem accelerator image
	image=$(vm_image_dir)
	accelerator=$(vm_accelerator)
	[[ $accelerator != kvm ]] || cpu=host
	# shellcheck disable=SC2054 # the commas are qemu's
	vm_command=(qemu-system-x86_64 -nodefaults -no-user-config -display none -no-reboot
		-machine q35,sata=off,smbus=off -accel "$accelerator" -cpu "$cpu" -smp 2 -m 2G
		-kernel "$image/vmlinux" -initrd "$image/initrd" -append "$(vm_kernel_arguments "$1")"
		-nic none -device virtio-rng-pci -device virtio-serial-pci -serial "file:$2/console"
		-chardev "file,id=output,path=$2/output" -device virtserialport,chardev=output,name=output
		-chardev "file,id=status,path=$2/status" -device virtserialport,chardev=status,name=status)
	vm_add_disk host qcow2 "$3"
	vm_add_disk guests qcow2 "$4"
	vm_add_disk payload raw "$2/payload"
	vm_add_disk kept raw "$2/kept"
}

vm_add_disk() { # NAME FORMAT FILE
	vm_command+=(-drive "if=none,id=$1,format=$2,file=$3,cache=unsafe" -device "virtio-blk-pci,drive=$1,serial=$1")
}

# A disk as one machine sees it: what it writes stays in FILE.
vm_new_disk() { # FILE BASE FORMAT-OF-BASE
	qemu-img create -q -f qcow2 -b "$2" -F "$3" "$1"
}

# Starts vm_command, which ends with us, however we end, and after that time; sets vm_pid. Its standard input is the monitor's, if asked for.
vm_start() { # SECONDS
	# Of its own accord bash gives what is in the background no input.
	setpriv --pdeathsig TERM timeout --kill-after=5 "$1" setpriv --pdeathsig KILL "${vm_command[@]}" <&0 &
	vm_pid=$!
}

# As if somebody pulled the plug: what the machine has not written to its disks by now is lost.
vm_cut_power() {
	kill -KILL "$vm_pid"
}

vm_is_running() {
	kill -0 "$vm_pid" 2>/dev/null
}

vm_stop() {
	[[ ${vm_pid:-} ]] || return 0
	! vm_is_running || kill "$vm_pid"
	wait "$vm_pid" || true
	vm_pid=
}
