package release

import "testing"

func TestParse(t *testing.T) {
	for _, c := range []struct {
		text string
		want Release
	}{
		{"3.15.1", Release{3, 15, 1}}, {"3.15", Release{3, 15}}, {"3", Release{3}}, {"2.15.0", Release{2, 15}}, {"2.2.4-tf", Release{2, 2, 4}},
		{"2.12.0rc1", Release{2, 12}}, {"3.0-rc1", Release{3}}, {"3.13.0.dev2025112103", Release{3, 13}}, {"1.2.2", Release{1, 2, 2}},
		{"3.15.x", Release{3, 15}}, {"3.15.99999999999999999999", Release{3, 15}}, {"3.15.-1", Release{3, 15}},
		{"", Release{}}, {"latest", Release{}}, {"3.x", Release{}}, {".5", Release{}}, {"-3.1", Release{}}, {"3.-1", Release{}},
		{"3_15", Release{}}, {"1001.1", Release{}}, {"3.1001", Release{}}, {"99999999999999999999.1", Release{}}, {"３.1", Release{}},
	} {
		if got := Parse(c.text); got != c.want {
			t.Errorf("%q is read as %v, not %v", c.text, got, c.want)
		}
	}
}

func TestParseTarget(t *testing.T) {
	for text, want := range map[string]Release{
		"3.0": {3}, "3.3": {3, 3}, "3.12.1": {3, 12, 1}, "keras-3.3": {3, 3}, "3.16.9": {3, 16, 9}, "3.0.0.1": {3},
	} {
		if got, err := ParseTarget(text); err != nil || got != want {
			t.Errorf("%q is read as %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "3", "2.15", "3.17", "3.99", "4.0", "latest", "3.x", "3.-1", "3.3rc1", "keras3.3",
		"3.1.99999999999999999999"} {
		if got, err := ParseTarget(text); err == nil {
			t.Errorf("%q is read as %v", text, got)
		}
	}
}

// TestCompare holds every pair of a sorted list against its order.
func TestCompare(t *testing.T) {
	sorted := []Release{{}, {1}, {1, 2, 2}, {2, 3}, {2, 15}, Oldest(), {3, 0, 2}, {3, 2}, {3, 10}, {3, 15}, Written(), Newest()}
	for i, r := range sorted {
		for k, s := range sorted {
			if got := r.Compare(s); got < 0 != (i < k) || got > 0 != (i > k) {
				t.Errorf("%q compared with %q is %d", r, s, got)
			}
			if got, want := r.Before(s), i < k && i > 0; got != want {
				t.Errorf("%q before %q is %v", r, s, got)
			}
		}
	}
}

func TestString(t *testing.T) {
	for r, want := range map[Release][2]string{
		{}: {"", "0.0"}, {3}: {"3.0.0", "3.0"}, {3, 12, 1}: {"3.12.1", "3.12.1"}, {2, 15}: {"2.15.0", "2.15"},
	} {
		if r.String() != want[0] || r.Short() != want[1] {
			t.Errorf("%q and %q, not %q", r.String(), r.Short(), want)
		}
		if r.Known() && Parse(r.String()) != r {
			t.Errorf("%s does not come back", r)
		}
	}
}
