/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The list of all limits. One is one row here, and a function that writes it in cgroup_limits_*.c. */
#pragma once

/*
 * ROW(of, kind, member, option, letter, argument, help, key, ...): from it come the member of struct cgroup_limits, its
 * name in spec.json, the option of create, run and update, the key in inspect's HostConfig, and, from the initialisers at
 * the end, the members of struct cgroup_limit that the check works with. `of` is handed on as it was given.
 */
#define CGROUP_LIMIT_ROWS(ROW, OF) \
	ROW(OF, NUMBER, cpu_shares, "cpu-shares", 0, "N", "weight among others, 2 to 262144 (1024 is usual)", "CPUShares", \
	    .controller = "cpu", .v1_file = "cpu.shares", .min = 2, .max = 262144) \
	ROW(OF, NUMBER, cpu_period_us, "cpu-period", 0, "US", "period of --cpu-quota in microseconds", "CPUPeriod", \
	    .controller = "cpu", .v1_file = "cpu.cfs_period_us", .unit = " microseconds", .min = 1000, .max = 1000000) \
	ROW(OF, NUMBER, cpu_quota_us, "cpu-quota", 0, "US", "CPU time a period in microseconds; -1: unlimited", "CPUQuota", \
	    .controller = "cpu", .v1_file = "cpu.cfs_quota_us", .unit = " microseconds", .special_min = -1, .min = 1000, \
	    .max = INT64_MAX / 1000) \
	ROW(OF, DECIMAL, nano_cpus, "cpus", 0, "N", "number of CPUs, such as 1.5", "NanoCpus", .controller = "cpu", \
	    .v1_file = "cpu.cfs_quota_us", .special_min = INT64_MIN + 1, .max = INT64_MAX) \
	ROW(OF, NUMBER, cpu_rt_period_us, "cpu-rt-period", 0, "US", "period of --cpu-rt-runtime in microseconds", \
	    "CPURealtimePeriod", .controller = "cpu", .v1_file = "cpu.rt_period_us", .is_v1_only = true, \
	    .unit = " microseconds", .min = 1, .max = INT32_MAX) \
	ROW(OF, NUMBER, cpu_rt_runtime_us, "cpu-rt-runtime", 0, "US", "real-time CPU time a period in microseconds", \
	    "CPURealtimeRuntime", .controller = "cpu", .v1_file = "cpu.rt_runtime_us", .is_v1_only = true, \
	    .unit = " microseconds", .min = 1, .max = INT32_MAX) \
	ROW(OF, LIST, cpuset_cpus, "cpuset-cpus", 0, "LIST", "CPUs it may run on, such as 0-3,7", "CpusetCpus", \
	    .controller = "cpuset") \
	ROW(OF, LIST, cpuset_mems, "cpuset-mems", 0, "LIST", "memory nodes it may use", "CpusetMems", \
	    .controller = "cpuset") \
	ROW(OF, SIZE, memory, "memory", 'm', "BYTES", "memory limit, such as 512m", "Memory", .controller = "memory", \
	    .v1_file = "memory.limit_in_bytes", .unit = " bytes", .special_min = -1, .min = CGROUP_LIMIT_MEMORY_MIN, \
	    .max = INT64_MAX) \
	ROW(OF, SIZE, memory_reservation, "memory-reservation", 0, "BYTES", "memory that it keeps when the host is short", \
	    "MemoryReservation", .controller = "memory", .v1_file = "memory.soft_limit_in_bytes", .unit = " bytes", \
	    .special_min = -1, .min = CGROUP_LIMIT_MEMORY_MIN, .max = INT64_MAX) \
	ROW(OF, SIZE, memory_swap, "memory-swap", 0, "BYTES", "limit of memory and swap in sum; -1: unlimited", \
	    "MemorySwap", .controller = "memory", .unit = " bytes", .special_min = -1, .min = CGROUP_LIMIT_MEMORY_MIN, \
	    .max = INT64_MAX) \
	ROW(OF, NUMBER, memory_swappiness, "memory-swappiness", 0, "N", "0 to 100", "MemorySwappiness", \
	    .controller = "memory", .v1_file = "memory.swappiness", .is_v1_only = true, .special_min = -1, .max = 100) \
	ROW(OF, SIZE, kernel_memory, "kernel-memory", 0, "BYTES", "limit of the kernel's memory for it", "KernelMemory", \
	    .controller = "memory", .v1_file = "memory.kmem.limit_in_bytes", .is_v1_only = true, .unit = " bytes", \
	    .special_min = -1, .min = CGROUP_LIMIT_MEMORY_MIN, .max = INT64_MAX) \
	ROW(OF, SWITCH, oom_kill_disable, "oom-kill-disable", 0, NULL, \
	    "its processes wait, instead of being killed, when it is out of memory", "OomKillDisable", \
	    .controller = "memory", .v1_file = "memory.oom_control", .is_v1_only = true, .min = 1, .max = 1) \
	ROW(OF, NUMBER, oom_score_adj, "oom-score-adj", 0, "N", \
	    "whom the kernel kills when the host is out of memory: -1000 (never) to 1000 (first)", "OomScoreAdj", \
	    .special_min = -1000, .min = -1000, .max = 1000) \
	ROW(OF, NUMBER, pids, "pids-limit", 0, "N", "processes and threads; 0 or -1: unlimited", "PidsLimit", \
	    .controller = "pids", .special_min = INT64_MIN + 1, .min = 1, .max = CGROUP_LIMIT_PIDS_MAX) \
	ROW(OF, NUMBER, files, "files-limit", 0, "N", \
	    "open files and sockets of all its processes in sum; 0 or -1: unlimited", "FilesLimit", \
	    .special_min = INT64_MIN + 1, .min = 1, .max = INT64_MAX) \
	ROW(OF, PAGES, hugetlb, "hugetlb-limit", 0, "[SIZE:]BYTES", "huge pages, such as 2MB:1g; -1: unlimited", \
	    "Hugetlbs", .controller = "hugetlb") \
	ROW(OF, NUMBER, blkio_weight, "blkio-weight", 0, "N", "share of the disks among others, 10 to 1000", "BlkioWeight", \
	    .controller = "blkio", .min = 10, .max = 1000) \
	ROW(OF, WEIGHTS, blkio_weight_device, "blkio-weight-device", 0, "DISK:N", "the same for one disk", \
	    "BlkioWeightDevice", .controller = "blkio") \
	ROW(OF, RATES, device_read_bps, "device-read-bps", 0, "DISK:BYTES", \
	    "bytes a second it may read, such as /dev/sda:10m", "BlkioDeviceReadBps", .controller = "blkio", \
	    .v1_file = "blkio.throttle.read_bps_device", .v2_key = "rbps") \
	ROW(OF, RATES, device_write_bps, "device-write-bps", 0, "DISK:BYTES", "bytes a second it may write", \
	    "BlkioDeviceWriteBps", .controller = "blkio", .v1_file = "blkio.throttle.write_bps_device", .v2_key = "wbps") \
	ROW(OF, COUNTS, device_read_iops, "device-read-iops", 0, "DISK:N", "reads a second", "BlkioDeviceReadIOps", \
	    .controller = "blkio", .v1_file = "blkio.throttle.read_iops_device", .v2_key = "riops") \
	ROW(OF, COUNTS, device_write_iops, "device-write-iops", 0, "DISK:N", "writes a second", "BlkioDeviceWriteIOps", \
	    .controller = "blkio", .v1_file = "blkio.throttle.write_iops_device", .v2_key = "wiops")

#define CGROUP_LIMIT_MEMORY_MIN ((int64_t)4 << 20)
#define CGROUP_LIMIT_PIDS_MAX   4194304 /* the kernel's PID_MAX_LIMIT on 64 bits */
