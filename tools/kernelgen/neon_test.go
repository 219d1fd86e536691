package main

import "testing"

// TestEncodings compares the encoder with words from GNU as (2.40).
func TestEncodings(t *testing.T) {
	for _, c := range []struct {
		name      string
		got, want uint32
	}{
		{"fmla v0.4s, v16.4s, v18.s[0]", wordFmlaLane(0, 16, 18, 0), 0x4f921200},
		{"fmla v13.4s, v17.4s, v25.s[1]", wordFmlaLane(13, 17, 25, 1), 0x4fb9122d},
		{"fmla v7.4s, v16.4s, v31.s[2]", wordFmlaLane(7, 16, 31, 2), 0x4f9f1a07},
		{"fmla v15.4s, v17.4s, v18.s[3]", wordFmlaLane(15, 17, 18, 3), 0x4fb21a2f},
		{"fadd v3.4s, v4.4s, v29.4s", wordFadd(3, 4, 29), 0x4e3dd483},
		{"fmax v3.4s, v4.4s, v29.4s", wordFmax(3, 4, 29), 0x4e3df483},
		{"fmin v3.4s, v4.4s, v29.4s", wordFmin(3, 4, 29), 0x4ebdf483},
	} {
		if c.got != c.want {
			t.Errorf("%s is %#08x, want %#08x", c.name, c.got, c.want)
		}
	}
}
