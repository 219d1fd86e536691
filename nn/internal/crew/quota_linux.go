package crew

import (
	"io/fs"
	"math"
	"os"
	"path"
	"strconv"
	"strings"
)

// quota is the number of whole cores that the process's cgroups pay for, at least 1; what is left of another core is not worth sharing
// work with: whoever uses it up stands still for tens of milliseconds.
func quota() int { return quotaIn(os.DirFS("/")) }

// quotaIn reads the quota in a file system, after proc(5) and the kernel's admin-guide/cgroup-v2.rst and scheduler/sched-bwc.rst.
func quotaIn(root fs.FS) int {
	cgroups, err := fs.ReadFile(root, "proc/self/cgroup")
	if err != nil {
		return math.MaxInt
	}
	mounts, err := fs.ReadFile(root, "proc/self/mountinfo")
	if err != nil {
		return math.MaxInt
	}
	cores := math.Inf(1)
	for line := range strings.Lines(string(cgroups)) {
		// hierarchy:controllers:path, the unified hierarchy has no controllers.
		fields := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(fields) != 3 || fields[1] != "" && !listed(fields[1], "cpu") {
			continue
		}
		for dir := range groups(string(mounts), fields[1] == "", fields[2]) {
			cores = min(cores, limit(root, dir))
		}
	}
	if cores >= math.MaxInt32 {
		return math.MaxInt
	}
	return max(int(cores), 1)
}

// groups lists the folders of a cgroup and of those that it is in, as far as they are mounted.
func groups(mounts string, unified bool, group string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for line := range strings.Lines(mounts) {
			// ID parent device root point options [optional fields] - type source superoptions
			before, after, ok := strings.Cut(strings.TrimSpace(line), " - ")
			left, right := strings.Fields(before), strings.Fields(after)
			if !ok || len(left) < 5 || len(right) < 3 {
				continue
			}
			if unified && right[0] != "cgroup2" || !unified && (right[0] != "cgroup" || !listed(right[2], "cpu")) {
				continue
			}
			below, ok := strings.CutPrefix(group, strings.TrimSuffix(left[3], "/"))
			if !ok {
				below = "/" // the mount shows another part of the tree: that of a container, whose root is its own group
			}
			point := strings.TrimPrefix(left[4], "/")
			for dir := path.Clean("/" + below); ; dir = path.Dir(dir) {
				if !yield(path.Join(point, dir)) {
					return
				}
				if dir == "/" {
					break
				}
			}
		}
	}
}

func listed(list, name string) bool {
	for s := range strings.SplitSeq(list, ",") {
		if s == name {
			return true
		}
	}
	return false
}

// limit is how many cores the quota in a folder pays for.
func limit(root fs.FS, dir string) float64 {
	if data, err := fs.ReadFile(root, path.Join(dir, "cpu.max")); err == nil {
		if fields := strings.Fields(string(data)); len(fields) == 2 {
			return ratio(fields[0], fields[1])
		}
	}
	quota, err := fs.ReadFile(root, path.Join(dir, "cpu.cfs_quota_us"))
	if err != nil {
		return math.Inf(1)
	}
	period, err := fs.ReadFile(root, path.Join(dir, "cpu.cfs_period_us"))
	if err != nil {
		return math.Inf(1)
	}
	return ratio(strings.TrimSpace(string(quota)), strings.TrimSpace(string(period)))
}

// ratio is infinite where there is no quota: "max" or -1.
func ratio(quota, period string) float64 {
	q, err := strconv.ParseFloat(quota, 64)
	if err != nil || q <= 0 {
		return math.Inf(1)
	}
	p, err := strconv.ParseFloat(period, 64)
	if err != nil || p <= 0 {
		return math.Inf(1)
	}
	return q / p
}
