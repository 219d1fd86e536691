package crew

import (
	"math"
	"testing"
	"testing/fstest"
)

func TestQuota(t *testing.T) {
	const (
		unified = "22 1 0:21 / /proc rw - proc proc rw\n29 23 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw\n"
		older   = "33 32 0:28 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n" +
			"34 32 0:29 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
		nested = "33 32 0:28 /docker/c0ffee /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"
	)
	none := math.MaxInt
	for name, e := range map[string]struct {
		cgroup, mounts string
		files          map[string]string
		cores          int
	}{
		"no cgroups":     {"", "", nil, none},
		"no limit":       {"0::/\n", unified, map[string]string{"sys/fs/cgroup/cpu.max": "max 100000\n"}, none},
		"one and a half": {"0::/\n", unified, map[string]string{"sys/fs/cgroup/cpu.max": "150000 100000\n"}, 1},
		"half":           {"0::/\n", unified, map[string]string{"sys/fs/cgroup/cpu.max": "50000 100000\n"}, 1},
		"two":            {"0::/app\n", unified, map[string]string{"sys/fs/cgroup/app/cpu.max": "200000 100000\n"}, 2},
		"of the one above": {"0::/pod/app\n", unified, map[string]string{
			"sys/fs/cgroup/pod/app/cpu.max": "max 100000\n", "sys/fs/cgroup/pod/cpu.max": "300000 100000\n"}, 3},
		"older": {"4:memory:/app\n3:cpu,cpuacct:/app\n0::/\n", older, map[string]string{
			"sys/fs/cgroup/cpu,cpuacct/app/cpu.cfs_quota_us": "250000\n", "sys/fs/cgroup/cpu,cpuacct/app/cpu.cfs_period_us": "100000\n"}, 2},
		"older, no limit": {"3:cpu,cpuacct:/\n", older, map[string]string{
			"sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "-1\n", "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n"}, none},
		"of a container": {"3:cpu:/docker/c0ffee\n", nested, map[string]string{
			"sys/fs/cgroup/cpu/cpu.cfs_quota_us": "400000\n", "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n"}, 4},
		"a namespace's root": {"3:cpu:/\n", nested, map[string]string{
			"sys/fs/cgroup/cpu/cpu.cfs_quota_us": "400000\n", "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n"}, 4},
		"nonsense": {"0::/\nx\n", unified + "1 2 3\n", map[string]string{"sys/fs/cgroup/cpu.max": "1e999 x\n"}, none},
	} {
		root := fstest.MapFS{"proc/self/cgroup": {Data: []byte(e.cgroup)}, "proc/self/mountinfo": {Data: []byte(e.mounts)}}
		for path, text := range e.files {
			root[path] = &fstest.MapFile{Data: []byte(text)}
		}
		if got := quotaIn(root); got != e.cores {
			t.Errorf("%s: %d cores instead of %d", name, got, e.cores)
		}
	}
	if got := quotaIn(fstest.MapFS{}); got != none {
		t.Errorf("no /proc: %d cores", got)
	}
}
