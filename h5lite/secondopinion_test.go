package h5lite

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// python finds an interpreter with h5py: the one that HORN_PYTHON names, else
// python3. Without one, the test is skipped: only these tests need Python.
func python(t *testing.T) string {
	t.Helper()
	names := []string{"python3", "/usr/bin/python3"}
	if p := os.Getenv("HORN_PYTHON"); p != "" {
		names = []string{p}
	}
	for _, p := range names {
		if exec.Command(p, "-c", "import h5py").Run() == nil {
			return p
		}
	}
	t.Skip("no python3 with h5py here (HORN_PYTHON may name one): h5py's opinion is not asked for")
	return ""
}

// tool finds one of libhdf5's tools.
func tool(t *testing.T, name string) string {
	t.Helper()
	p, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("no %s here (Debian: hdf5-tools): libhdf5's opinion is not asked for", name)
	}
	return p
}

// run gives the output of a command that must succeed and stay silent otherwise.
func run(t *testing.T, name string, args ...string) []byte {
	t.Helper()
	c := exec.Command(name, args...)
	var errs bytes.Buffer
	c.Stderr = &errs
	out, err := c.Output()
	if err != nil || errs.Len() > 0 {
		t.Fatalf("%s %q: %v\n%s\n%s", name, args, err, errs.Bytes(), out[:min(len(out), 2000)])
	}
	return out
}

// opinion is what testdata/h5py_dump.py says of an object or an attribute.
type opinion struct {
	Kind, Dtype, Sha256, Target, File, Of string
	Shape                                 *[]int
	Members                               int
}

// compareWithH5py compares what both readers see in files.
func compareWithH5py(t *testing.T, py string, files ...string) (objects int) {
	t.Helper()
	out := run(t, py, append([]string{"-B", "testdata/h5py_dump.py"}, files...)...)
	var all map[string]map[string]opinion
	if err := json.Unmarshal(out, &all); err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		s := take(b)
		for _, err := range s.errs {
			t.Errorf("%s: %v", file, err)
		}
		for path, want := range all[file] {
			objects++
			o := s.objects[path]
			if o == nil {
				t.Errorf("%s: %s is missing", file, path)
				continue
			}
			if d := o.opinionDiffers(want); d != "" {
				t.Errorf("%s: %s: %s", file, path, d)
			}
		}
		for path := range s.objects {
			if _, ok := all[file][path]; !ok {
				t.Errorf("%s: %s: h5py does not see it", file, path)
			}
		}
	}
	return objects
}

func (o *found) opinionDiffers(w opinion) string {
	switch {
	case w.Kind != "" && o.kind != w.Kind:
		return fmt.Sprintf("%s, h5py says %s", o.kind, w.Kind)
	case o.kind == "group" && len(o.members) != w.Members:
		return fmt.Sprintf("%d members, h5py says %d", len(o.members), w.Members)
	case w.Of != "" && o.of != w.Of || w.Target != o.target || w.File != o.file:
		return fmt.Sprintf("%+v, h5py says %+v", *o, w)
	case w.Dtype == "":
		return ""
	case o.null != (w.Shape == nil) || w.Shape != nil && !slices.Equal(o.shape, *w.Shape):
		return fmt.Sprintf("shape %v, h5py says %v", o.shape, w.Shape)
	case o.dtype != w.Dtype:
		return fmt.Sprintf("type %s, h5py says %s", o.dtype, w.Dtype)
	case !o.null && o.sha != w.Sha256:
		return fmt.Sprintf("sha256 %s, h5py says %s", o.sha, w.Sha256)
	}
	return ""
}

// TestH5pyReadsOurs has h5py read files that were written here, and compares
// every value.
func TestH5pyReadsOurs(t *testing.T) {
	py := python(t)
	dir := t.TempDir()
	sample := sample()
	delete(sample.Group("types").children, "tagged") // numpy has no tagged opaque types
	large := NewTree()
	large.SetAttribute("big", []int{30000}, make([]float64, 30000))
	large.SetAttribute("words", []int{6000}, slices.Repeat([]string{"layer"}, 6000))
	for i := range 300 {
		large.SetAttribute(fmt.Sprintf("small %d ö", i), nil, int32(i))
	}
	large.Dataset("a/b", nil, int32(7)).SetAttribute("x", []int{100000}, slices.Repeat([]byte{7}, 100000))
	var files []string
	for name, tree := range map[string]*Tree{"sample": sample, "large": large, "empty": NewTree(), "crowd": crowd(12000, true)} {
		file := filepath.Join(dir, name+".h5")
		if err := os.WriteFile(file, write(t, tree), 0o666); err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	t.Logf("%d objects and attributes compared", compareWithH5py(t, py, files...))
}

// TestReadsH5pyGrid reads files that h5py writes over a random grid of types,
// shapes, layouts, filters, links and library versions.
func TestReadsH5pyGrid(t *testing.T) {
	py := python(t)
	count, seed := "28", "1"
	if n := os.Getenv("HORN_H5_GRID"); n != "" {
		count, seed, _ = strings.Cut(n, ":") // for longer runs: "500:7"
	}
	dir := t.TempDir()
	version := run(t, py, "-B", "testdata/h5py_grid.py", dir, count, seed)
	files, err := filepath.Glob(filepath.Join(dir, "*.h5"))
	if err != nil {
		t.Fatal(err)
	}
	n := compareWithH5py(t, py, files...)
	t.Logf("%d objects and attributes of %d files compared, written by h5py %s", n, len(files), bytes.TrimSpace(version))
}

// TestToolsReadOurs has libhdf5's own tools read a file that was written here:
// h5dump gives the bytes of every dataset of numbers, h5stat walks over all
// structures, h5debug reads the superblock.
func TestToolsReadOurs(t *testing.T) {
	h5dump, h5stat, h5debug := tool(t, "h5dump"), tool(t, "h5stat"), tool(t, "h5debug")
	dir := t.TempDir()
	file := filepath.Join(dir, "sample.h5")
	b := write(t, sample())
	if err := os.WriteFile(file, b, 0o666); err != nil {
		t.Fatal(err)
	}
	f := openGolden(t, file)
	groups, datasets, compared := 0, 0, 0
	err := Walk(f.Root(), func(e Entry) error {
		switch o := e.Object.(type) {
		case *Group:
			groups++
		case *Dataset:
			datasets++
			if o.Type().IsVariable() || o.Len() == 0 {
				return nil
			}
			out := filepath.Join(dir, "out.bin")
			run(t, h5dump, "-d", e.Path, "-b", "FILE", "-o", out, file)
			want, err := os.ReadFile(out)
			if err != nil {
				return err
			}
			var got bytes.Buffer
			if _, err := o.WriteTo(&got); err != nil {
				return err
			}
			if !bytes.Equal(got.Bytes(), want) {
				t.Errorf("%s: h5dump sees other bytes", e.Path)
			}
			compared++
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	stat := string(run(t, h5stat, file))
	for _, want := range []string{fmt.Sprintf("# of unique groups: %d\n", groups), fmt.Sprintf("# of unique datasets: %d\n", datasets)} {
		if !strings.Contains(stat, want) {
			t.Errorf("h5stat does not say %q:\n%s", want, stat)
		}
	}
	if debug := string(run(t, h5debug, file)); !strings.Contains(debug, "Superblock version number:                         0") {
		t.Errorf("h5debug: %s", debug)
	}
	text := string(run(t, h5dump, "-d", "/types/vlen", file))
	for _, want := range []string{`(0,0): "one", ""`, `(1,0): "drei", `, "H5T_CSET_UTF8"} {
		if !strings.Contains(text, want) {
			t.Errorf("h5dump does not show %s:\n%s", want, text)
		}
	}
	t.Logf("%d datasets compared with h5dump", compared)
}
