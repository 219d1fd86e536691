package h5lite

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/metrics"
	"slices"
	"strings"
	"testing"
	"time"
)

// hostileRecord is a record of the manifest of the hostile corpus.
type hostileRecord struct {
	File, Wrong, Expect, Scope string
	At                         []rawName
	Intact                     string
	Content                    *struct{ Objects []content }
	ContentOf                  string               `json:"content_of"`
	MustRead                   map[string][]float32 `json:"must_read"`
	MustCount                  map[string]int       `json:"must_count"`
	Limits                     struct {
		Seconds float64
		PeakMiB int `json:"peak_mib"`
	}
}

type hostileManifest struct {
	Bases   map[string]struct{ Objects []content }
	Records []hostileRecord
}

func readHostile(t testing.TB) (map[string][]byte, hostileManifest) {
	t.Helper()
	files := openZip(t, "hostile.zip")
	var m hostileManifest
	if err := json.Unmarshal(files["manifest.json"], &m); err != nil {
		t.Fatal(err)
	}
	return files, m
}

// within runs f under limits of time and memory. Memory is what f leaves or
// holds at its worst, sampled if the sum of all allocations is above the limit.
func within(t testing.TB, seconds float64, peakMiB int, f func()) {
	t.Helper()
	limit := uint64(peakMiB) << 20
	heap := func() uint64 {
		s := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
		metrics.Read(s)
		return s[0].Value.Uint64()
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	idle := heap()
	if before.HeapAlloc > 32<<20 {
		runtime.GC()
		idle = heap()
	}
	stop, peak := make(chan bool), make(chan uint64)
	go func() {
		high := uint64(0)
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				high = max(high, heap())
			case <-stop:
				peak <- high
				return
			}
		}
	}()
	start := time.Now()
	f()
	took := time.Since(start)
	close(stop)
	high := <-peak
	runtime.ReadMemStats(&after)
	if took.Seconds() > seconds {
		t.Errorf("took %v, the limit is %v s", took, seconds)
	}
	if after.TotalAlloc-before.TotalAlloc > limit && high > idle+limit {
		t.Errorf("the heap grew by %d MiB, the limit is %d", (high-idle)>>20, peakMiB)
	}
}

// TestHostile reads every file of the hostile corpus and demands the outcome
// that its manifest asks for.
func TestHostile(t *testing.T) {
	files, m := readHostile(t)
	for _, r := range m.Records {
		t.Run(strings.TrimPrefix(r.File, "h5/"), func(t *testing.T) {
			b, ok := files[r.File]
			if !ok {
				t.Fatal("the file is missing from the zip")
			}
			seconds, peak := 5.0, 256
			if r.Limits.Seconds > 0 {
				seconds = r.Limits.Seconds
			}
			if r.Limits.PeakMiB > 0 {
				peak = r.Limits.PeakMiB
			}
			within(t, seconds, peak, func() { checkHostile(t, m, r, b) })
			if t.Failed() {
				t.Logf("%s: %s", r.Wrong, r.Expect)
			}
		})
	}
}

func checkHostile(t *testing.T, m hostileManifest, r hostileRecord, b []byte) {
	s := take(b)
	for _, err := range s.errs {
		if !typed(err) {
			t.Errorf("not a typed error: %v", err)
		}
	}
	var objects []content
	known := false
	if r.Content != nil {
		objects, known = r.Content.Objects, true
	} else if r.ContentOf != "" && r.ContentOf != "none" {
		objects, known = m.Bases[r.ContentOf].Objects, true
	}
	failed := len(s.errs) > 0
	switch r.Expect {
	case "ok":
		for _, err := range s.errs {
			t.Error(err)
		}
	case "error":
		if !failed {
			t.Error("read without an error")
		}
	case "refuse_or_ok":
		for _, err := range s.errs {
			if !isUnsupported(err) {
				t.Error(err)
			}
		}
	}
	if known && !failed {
		if d := s.differs(objects, false, nil); d != "" {
			t.Error(d)
		}
	}
	if r.Scope == "open" && failed && s.objects["/"] != nil && s.objects["/"].err == nil && r.Expect == "error" {
		t.Error("the root could be listed")
	}
	if r.Intact != "" {
		damaged := func(path string) bool {
			return slices.ContainsFunc(r.At, func(at rawName) bool {
				return path == string(at) || strings.HasPrefix(path, strings.TrimSuffix(string(at), "/")+"/")
			})
		}
		if d := s.differs(m.Bases[r.Intact].Objects, true, func(p string) bool { return !damaged(p) }); d != "" {
			t.Error("what is sound came out wrong:", d)
		}
		for _, w := range m.Bases[r.Intact].Objects {
			p := string(w.Path)
			if o := s.objects[p]; !damaged(p) && (o == nil || o.err != nil) {
				t.Errorf("%s is sound and was not read", p)
			}
		}
	}
	for path, want := range r.MustRead {
		f, err := NewFile(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			t.Error(err)
			continue
		}
		d, err := f.Root().Dataset(path)
		if err != nil {
			t.Error(err)
			continue
		}
		got := make([]float32, len(want))
		if err := d.ReadInto(got); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %v: %v, want %v", path, err, got, want)
		}
	}
	for path, want := range r.MustCount {
		if o := s.objects[path]; o == nil || len(o.members) != want {
			t.Errorf("%s: want %d members", path, want)
		}
	}
}

// TestFlips reads files with a few bytes changed. An error is always right;
// without one, everything must be as it was, or as libhdf5 reads it.
func TestFlips(t *testing.T) {
	files, _ := readHostile(t)
	var m struct {
		Bases map[string]map[string]flipObject
		Cases []struct {
			Base    string
			Patches [][2]any
			H5py    string
			Changed map[string]*flipObject
		}
	}
	if err := json.Unmarshal(files["flips.json"], &m); err != nil {
		t.Fatal(err)
	}
	outcome := map[string]int{}
	for i, c := range m.Cases {
		b := slices.Clone(files["h5/"+c.Base])
		for _, p := range c.Patches {
			x, err := hex.DecodeString(p[1].(string))
			if err != nil {
				t.Fatal(err)
			}
			copy(b[int(p[0].(float64)):], x)
		}
		name := fmt.Sprintf("case %d (%s %v, h5py: %s)", i, c.Base, c.Patches, c.H5py)
		s := take(b)
		for _, err := range s.errs {
			if !typed(err) {
				t.Errorf("%s: not a typed error: %v", name, err)
			}
		}
		if len(s.errs) > 0 {
			outcome["error, h5py "+c.H5py]++
			continue
		}
		outcome["ok, h5py "+c.H5py]++
		want := map[string]flipObject{}
		for k, v := range m.Bases[c.Base] {
			want[flipKey(t, k)] = v
		}
		base := flipDiffers(s, want)
		if base == "" {
			continue
		}
		for k, v := range c.Changed {
			if v == nil {
				delete(want, flipKey(t, k))
			} else {
				want[flipKey(t, k)] = *v
			}
		}
		if d := flipDiffers(s, want); d != "" {
			t.Errorf("%s: not as h5py: %s; not as the base: %s", name, d, base)
		}
	}
	for k, n := range outcome {
		t.Logf("%s: %d", k, n)
	}
}

type flipObject struct {
	Kind   string
	Shape  *[]int
	Sha256 string
	Type   [2]any
	Target rawName
	Of     rawName
	File   rawName
	Error  any
}

// flipKey turns a key of the table into a path, or path@name.
func flipKey(t *testing.T, k string) string {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(k))
	var path, name rawName
	if err := d.Decode(&path); err != nil {
		t.Fatal(k, err)
	}
	rest := k[d.InputOffset():]
	if rest == "" {
		return string(path)
	}
	if err := json.Unmarshal([]byte(rest[1:]), &name); err != nil {
		t.Fatal(k, err)
	}
	return string(path) + "@" + string(name)
}

func flipDiffers(s *snapshot, want map[string]flipObject) string {
	for k, w := range want {
		o := s.objects[k]
		if o == nil {
			return k + " is missing"
		}
		if w.Kind != "" && o.kind != w.Kind || w.Of != "" && o.of != string(w.Of) || w.Target != "" && o.target != string(w.Target) {
			return fmt.Sprintf("%s: %+v, want %+v", k, *o, w)
		}
		if w.Shape != nil && !slices.Equal(o.shape, *w.Shape) || w.Sha256 != "" && o.sha != w.Sha256 {
			return fmt.Sprintf("%s: %+v, want %v %v", k, *o, w.Shape, w.Sha256)
		}
		if class, ok := w.Type[0].(string); ok && class != o.class {
			return fmt.Sprintf("%s: class %s, want %s", k, o.class, class)
		}
	}
	for k := range s.objects {
		if _, ok := want[k]; !ok {
			return k + " should not be there"
		}
	}
	return ""
}
