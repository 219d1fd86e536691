package h5lite

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

func reopen(t *testing.T, b []byte, opts ...Option) *File {
	t.Helper()
	f, err := NewFile(bytes.NewReader(b), int64(len(b)), opts...)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestLimitDepthAndObjects(t *testing.T) {
	tree := NewTree()
	tree.Group(strings.Repeat("g/", 60))
	b := write(t, tree)
	var l *LimitError
	deepest := func(f *File) (entries int, limited error, err error) {
		err = Walk(f.Root(), func(e Entry) error {
			entries++
			if e.Err != nil {
				limited = e.Err
			}
			return nil
		})
		return entries, limited, err
	}
	if n, limited, err := deepest(reopen(t, b)); n != 61 || limited != nil || err != nil {
		t.Error(n, limited, err)
	}
	if n, limited, err := deepest(reopen(t, b, WithLimits(Limits{Depth: 10}))); n != 12 || !errors.As(limited, &l) || err != nil {
		t.Error(n, limited, err)
	}
	if n, _, err := deepest(reopen(t, b, WithLimits(Limits{Objects: 10}))); n != 11 || !errors.As(err, &l) {
		t.Error(n, err)
	}
}

func TestLimitGrowth(t *testing.T) {
	tree := NewTree()
	tree.Dataset("zeros", []int{1 << 20}, make([]float32, 1<<20), Chunks(1<<18), Deflate(9))
	tree.Dataset("plain", []int{1 << 20}, make([]float32, 1<<20))
	b := write(t, tree)
	read := func(path string, l Limits) error {
		d, err := reopen(t, b, WithLimits(l)).Root().Dataset(path)
		if err != nil {
			t.Fatal(err)
		}
		_, err = d.Read()
		_, err2 := d.WriteTo(io.Discard)
		if l.Dataset == 0 && (err == nil) != (err2 == nil) {
			t.Errorf("%s: %v, as a stream %v", path, err, err2)
		}
		return err
	}
	var l *LimitError
	for _, c := range []struct {
		path   string
		limits Limits
		ok     bool
	}{
		{"zeros", Limits{}, true},
		{"zeros", Limits{Free: 1 << 20, Expansion: 10}, false},
		{"zeros", Limits{Free: 1 << 20, Dataset: 2 << 20}, false},
		{"zeros", Limits{Free: 4 << 20, Expansion: 10}, true},
		{"plain", Limits{Free: 1, Expansion: 1, Dataset: 1}, true},
	} {
		if err := read(c.path, c.limits); (err == nil) != c.ok || !c.ok && !errors.As(err, &l) {
			t.Errorf("%s %+v: %v", c.path, c.limits, err)
		}
	}
}

// TestSoftLinkLoops follows links that lead nowhere, or to each other.
func TestSoftLinkLoops(t *testing.T) {
	files := openZip(t, "hostile.zip")
	f := reopen(t, files["h5/link_soft_latest.h5"])
	var l *LimitError
	for path, ok := range map[string]bool{"ok": true, "a": false, "b": false, "self": false, "self/x": false, "dangling": false} {
		_, err := f.Root().Get(path)
		if (err == nil) != ok || (path == "a" || path == "self") && !errors.As(err, &l) {
			t.Errorf("%s: %v", path, err)
		}
	}
	chain := reopen(t, files["h5/big_soft_chain_10000.h5"])
	links, err := chain.Root().Links()
	if err != nil || len(links) != 10001 {
		t.Fatalf("%d links: %v", len(links), err)
	}
	followed := 0
	for _, link := range links {
		if _, err := chain.Root().Get(link.Name); err == nil {
			followed++
		} else if !errors.As(err, &l) {
			t.Fatal(err)
		}
	}
	if followed != 41 { // the dataset, and as many links before it as one path may lead through
		t.Errorf("%d links could be followed", followed)
	}
}

// TestErrorsAreClear looks at messages: where, what, and for which object.
func TestErrorsAreClear(t *testing.T) {
	files := openZip(t, "hostile.zip")
	for name, want := range map[string][]string{
		"sb_text":              {"superblock", "not an HDF5 file"},
		"trunc_v0_9000":        {"superblock", "22648", "9000", "truncated"},
		"v3_frhp_checksum":     {"fractal heap", "offset", "checksum", "/dense_links"},
		"ck_zlib_adler":        {"chunk", "offset", "/c/deflate", "deflate", "checksum"},
		"fl_unknown_id":        {"not supported", "/c/deflate", "32001"},
		"ds_terabyte":          {"/layers/dense/vars/0", "dimension 0"},
		"external_storage":     {"not supported", "/outside", "another file"},
		"bomb_contiguous_2tib": {"limit", "/bomb"},
		"grp_name_twice":       {"dense", "/layers"},
	} {
		s := take(files["h5/"+name+".h5"])
		if len(s.errs) == 0 {
			t.Errorf("%s: no error", name)
			continue
		}
		text := fmt.Sprint(s.errs[0])
		for _, w := range want {
			if !strings.Contains(text, w) {
				t.Errorf("%s: %q does not say %q", name, text, w)
			}
		}
	}
}

func TestIsHDF5(t *testing.T) {
	files := openZip(t, "hostile.zip")
	for name, want := range map[string]bool{"base_v0": true, "sb_userblock_2048": true, "sb_text": false, "sb_empty": false,
		"sb_zip_instead": false, "sb_at_offset_100": false, "sb_signature_only": true, "sb_one_byte": false} {
		b := files["h5/"+name+".h5"]
		if got := IsHDF5(bytes.NewReader(b), int64(len(b))); got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
