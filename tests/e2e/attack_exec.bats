#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Hostile guests against exec: what runs in the guest for us must not be a way out of it (docs: "Touching a running container").
# shellcheck disable=SC2016 # what is in single quotes is for the shell or perl of the guest

load common
load small

setup_file() {
	e2e_begin '"stop-timeout": "3s"'
	tree_perl evil
	syscontainer run -d --name evil "$(tree_path evil)" /bin/sh -c "$SMALL_PROGRAM" >/dev/null
	e2e_keep
}

teardown() {
	syscontainer exec evil /bin/sh -c 'echo >/tmp/stop'
	e2e_clean
}

# SHA-256 of every program of ours on the host.
programs() {
	local libexec
	libexec=$(dirname "$(readlink -f "/proc/$(monitor_pid evil)/exe")")
	sha256sum "$(command -v syscontainer)" "$libexec"/*
}

# A perl program of the guest's root that runs in it until /tmp/stop is there; what it prints goes to /tmp/NAME.
in_background() { # NAME PROGRAM
	syscontainer exec evil /usr/bin/perl -e 'unlink "/tmp/stop"'
	syscontainer exec -d evil /bin/sh -c "exec /usr/bin/perl -e '$2' >/tmp/$1 2>&1"
	wait_for 5 syscontainer exec evil /bin/sh -c "read -r line </tmp/$1"
}

result() { # NAME: of the program in the background, when it has ended
	syscontainer exec evil /bin/sh -c 'echo >/tmp/stop'
	wait_for 5 syscontainer exec evil /usr/bin/perl -e 'while (<>) { exit 0 if /^end/ } exit 1' "/tmp/$1"
	syscontainer exec evil cat "/tmp/$1"
}

@test "a program of the guest that is #!/proc/self/exe, and one that writes to every /proc/PID/exe, leave our programs as they are" {
	before=$(programs)
	printf '#!/proc/self/exe\n' >"$(tree_path evil)/root/loop"
	chmod 755 "$(tree_path evil)/root/loop"
	in_background writer '$| = 1; print "begin\n"; until (-e "/tmp/stop") { opendir(my $d, "/proc"); for my $p (grep { /^[0-9]+$/ } readdir($d)) { if (open(my $f, "+<", "/proc/$p/exe")) { print "opened ", readlink("/proc/$p/exe"), "\n" } } } print "end\n"'
	for _ in {1..30}; do
		run timeout 5 syscontainer exec evil /root/loop
		[[ $status -ne 0 ]]
		syscontainer exec evil /bin/true
	done
	result writer >"$BATS_TEST_TMPDIR/opened"
	run ! grep -E 'memfd|syscontainer|deleted' "$BATS_TEST_TMPDIR/opened"
	same "our programs" "$(programs)" "$before"
}

@test "the guest's root cannot trace the process that enters, nor look into its memory, maps or descriptors" {
	# Opening mem asks the kernel what ptrace(2) asks, without holding the process. comm before and after says whose it was all the time.
	in_background tracer '$| = 1; print "begin\n"; sub comm { open(my $f, "<", "/proc/$_[0]/comm") or return ""; my $l = <$f>; chomp $l; $l }
		until (-e "/tmp/stop") { opendir(my $all, "/proc"); for my $p (grep { /^[0-9]+$/ } readdir($all)) { my $d = "/proc/$p"; next if $p == 1 || $p == $$; my $before = comm($p); next unless $before =~ /syscontainer|^[34]$/;
			my $mem = open(my $m, "+<", "$d/mem"); my $e = $! + 0; my $maps = open(my $n, "<", "$d/maps") && defined(<$n>); my $fds = opendir(my $o, "$d/fd");
			print "seen $before $e", ($mem ? " mem" : ""), ($maps ? " maps" : ""), ($fds ? " fds" : ""), "\n" if comm($p) eq $before; } } print "end\n"'
	for _ in {1..100}; do timeout 5 syscontainer exec evil /bin/true; done
	result tracer >"$BATS_TEST_TMPDIR/seen"
	grep -q '^seen' "$BATS_TEST_TMPDIR/seen" # it was there to be attacked
	run ! grep -E 'mem|maps|fds' "$BATS_TEST_TMPDIR/seen"
}

@test "no working directory leads out of the guest" {
	local n
	for n in {0..63}; do
		status=0
		output=$(timeout 5 syscontainer exec --workdir "/proc/self/fd/$n" evil /bin/sh -c 'pwd -P' 2>&1) || status=$?
		[[ $status == 126 || $status == 127 || $output == /* ]] || e2e_die "/proc/self/fd/$n: $status $output"
		[[ $output != *unreachable* ]]
	done
}

@test "a program of the guest cannot type into the terminal of who called exec" {
	cat >"$(tree_path evil)/root/type" <<-'END'
		for my $fd (0 .. 2) { open(my $f, "+<&=", $fd); my $c = "X"; for (1 .. 3) { ioctl($f, 0x5412, $c) } }
		if (open(my $t, "+<", "/dev/tty")) { my $c = "Y"; ioctl($t, 0x5412, $c) }
		print readlink("/proc/self/fd/0"), "\n";
	END
	terminal_open sh -c 'syscontainer exec -it evil /usr/bin/perl /root/type; stty -icanon min 0 time 3; echo "typed=$(dd bs=64 count=1 2>/dev/null)."'
	terminal_wait
	has_text "/dev/pts/"
	has_text "typed=."
	terminal_open sh -c 'syscontainer exec evil /usr/bin/perl /root/type; stty -icanon min 0 time 3; echo "typed=$(dd bs=64 count=1 2>/dev/null)."'
	terminal_wait
	has_text "/dev/null"
	has_text "typed=."
}

@test "what enters the guest for us loads nothing of it: it is static, and a tree with libraries of its own changes nothing" {
	local libexec program
	libexec=$(dirname "$(readlink -f "/proc/$(monitor_pid evil)/exe")")
	for program in syscontainer-stub syscontainer-keeper; do
		run ldd "$libexec/$program"
		has_text "not a dynamic executable"
	done
	tree_small nss >/dev/null
	echo "passwd: evil" >"$(tree_path nss)/etc/nsswitch.conf"
	for library in libnss_evil.so.2 libnss_files.so.2; do
		echo "not a library" >"$(tree_path nss)/usr/lib/$library"
	done
	echo /usr/lib/libnss_evil.so.2 >"$(tree_path nss)/etc/ld.so.preload"
	syscontainer run -d --name nss -u daemon "$(tree_path nss)" /bin/sh -c "$SMALL_PROGRAM"
	run -0 --separate-stderr syscontainer exec -u www-data nss id -u
	same user "$output" 33
}

@test "users are who the guest's files say, and numbers are numbers" {
	local user wanted
	{
		echo '1:x:0:0:a number as name:/root:/bin/sh'
		echo 'web:x:1500:1600::/:/bin/sh'
	} >>"$(tree_path evil)/etc/passwd"
	{
		echo '5:x:0:other'
		echo 'more:x:1700:web'
	} >>"$(tree_path evil)/etc/group"
	while IFS=' ' read -r user wanted; do
		run -0 syscontainer exec -u "$user" evil /bin/sh -c 'echo $(id -u) $(id -g) $(id -G)'
		same "-u $user" "$output" "$wanted"
	done <<-'END'
		root 0 0 0
		0 0 0 0
		1 1 1 1
		1:1 1 1 1
		01 1 1 1
		daemon 1 1 1
		daemon:0 1 0 0
		web 1500 1600 1600 1700
		web:more 1500 1700 1700
		1500 1500 1600 1600 1700
		7777:88 7777 88 88
	END
	for user in -1 77777 4294967294 4294967295 4294967296 nobody-here daemon:nogroup-here :1:2; do
		run syscontainer exec -u "$user" evil /bin/true
		[[ $status -eq 126 || $status -eq 125 ]] || e2e_die "-u $user: $status $output"
	done
}

@test "an id that the guest's user namespace does not have is named" {
	run -126 syscontainer exec -u 70000 evil id
	has_text "cannot become"
	has_text "70000"
	tree_small ids >/dev/null
	run -126 syscontainer run --rm --name ids --group-add 5 --group-add 70000 "$(tree_path ids)" id
	has_text "cannot join group 70000: Invalid argument"
}

@test "exec inherits neither capabilities nor groups of its caller" {
	for user in 0 daemon; do
		run -0 syscontainer exec -u $user evil cat /proc/self/status
		for line in $'CapInh:\t0000000000000000' $'CapAmb:\t0000000000000000' $'NoNewPrivs:\t0'; do has_text "$line"; done
		if [[ $user == daemon ]]; then has_text $'CapEff:\t0000000000000000' && has_text $'CapPrm:\t0000000000000000'; fi
	done
	run -0 setpriv --groups 4,27,1000 --inh-caps +net_admin,+sys_admin --ambient-caps +net_admin syscontainer exec evil cat /proc/self/status
	has_text $'CapInh:\t0000000000000000'
	has_text $'CapAmb:\t0000000000000000'
	[[ $(awk '$1 == "Groups:" { print $2, $3 }' <<<"$output" | xargs) == 0 || $(awk '$1 == "Groups:" { print $2, $3 }' <<<"$output" | xargs) == "" ]]
}
