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
		{"fadd v3.4s, v4.4s, v29.4s", neonFadd.encode(3, 4, 29), 0x4e3dd483},
		{"fmax v3.4s, v4.4s, v29.4s", neonFmax.encode(3, 4, 29), 0x4e3df483},
		{"fmin v3.4s, v4.4s, v29.4s", neonFmin.encode(3, 4, 29), 0x4ebdf483},
		{"fsub v3.4s, v4.4s, v29.4s", neonFsub.encode(3, 4, 29), 0x4ebdd483},
		{"fmul v3.4s, v4.4s, v29.4s", neonFmul.encode(3, 4, 29), 0x6e3ddc83},
		{"fdiv v3.4s, v4.4s, v29.4s", neonFdiv.encode(3, 4, 29), 0x6e3dfc83},
		{"fmla v3.4s, v4.4s, v29.4s", neonFmla.encode(3, 4, 29), 0x4e3dcc83},
		{"fmls v3.4s, v4.4s, v29.4s", neonFmls.encode(3, 4, 29), 0x4ebdcc83},
		{"fcmeq v3.4s, v4.4s, v29.4s", neonFcmeq.encode(3, 4, 29), 0x4e3de483},
		{"fcmgt v3.4s, v4.4s, v29.4s", neonFcmgt.encode(3, 4, 29), 0x6ebde483},
		{"bsl v3.16b, v4.16b, v29.16b", neonBsl.encode(3, 4, 29), 0x6e7d1c83},
		{"and v3.16b, v4.16b, v29.16b", neonAnd.encode(3, 4, 29), 0x4e3d1c83},
		{"orr v3.16b, v4.16b, v29.16b", neonOrr.encode(3, 4, 29), 0x4ebd1c83},
		{"eor v3.16b, v4.16b, v29.16b", neonEor.encode(3, 4, 29), 0x6e3d1c83},
		{"add v3.4s, v4.4s, v29.4s", neonAdd.encode(3, 4, 29), 0x4ebd8483},
		{"sub v3.4s, v4.4s, v29.4s", neonSub.encode(3, 4, 29), 0x6ebd8483},
		{"smin v3.4s, v4.4s, v29.4s", neonSmin.encode(3, 4, 29), 0x4ebd6c83},
		{"smax v3.4s, v4.4s, v29.4s", neonSmax.encode(3, 4, 29), 0x4ebd6483},
		{"scvtf v3.4s, v29.4s", neonScvtf.encode(3, 29, 0), 0x4e21dba3},
		{"fcvtns v3.4s, v29.4s", neonFcvtns.encode(3, 29, 0), 0x4e21aba3},
		{"frintn v3.4s, v29.4s", neonFrintn.encode(3, 29, 0), 0x4e218ba3},
		{"frintm v3.4s, v29.4s", neonFrintm.encode(3, 29, 0), 0x4e219ba3},
		{"frintp v3.4s, v29.4s", neonFrintp.encode(3, 29, 0), 0x4ea18ba3},
		{"fsqrt v3.4s, v29.4s", neonFsqrt.encode(3, 29, 0), 0x6ea1fba3},
		{"fneg v3.4s, v29.4s", neonFneg.encode(3, 29, 0), 0x6ea0fba3},
		{"shl v3.4s, v29.4s, #23", neonShl(23).encode(3, 29, 0), 0x4f3757a3},
		{"sshr v3.4s, v29.4s, #23", neonSshr(23).encode(3, 29, 0), 0x4f2907a3},
		{"sshr v3.4s, v29.4s, #1", neonSshr(1).encode(3, 29, 0), 0x4f3f07a3},
		{"sdot v3.4s, v4.16b, v29.4b[0]", neonSdot(0).encode(3, 4, 29), 0x4f9de083},
		{"sdot v3.4s, v4.16b, v29.4b[1]", neonSdot(1).encode(3, 4, 29), 0x4fbde083},
		{"sdot v3.4s, v4.16b, v29.4b[2]", neonSdot(2).encode(3, 4, 29), 0x4f9de883},
		{"sdot v3.4s, v4.16b, v29.4b[3]", neonSdot(3).encode(3, 4, 29), 0x4fbde883},
		{"smull v3.8h, v4.8b, v29.8b", neonSmull.encode(3, 4, 29), 0x0e3dc083},
		{"smull2 v3.8h, v4.16b, v29.16b", neonSmull2.encode(3, 4, 29), 0x4e3dc083},
		{"sadalp v3.4s, v29.8h", neonSadalp.encode(3, 29, 0), 0x4e606ba3},
		{"addp v3.4s, v4.4s, v29.4s", neonAddp.encode(3, 4, 29), 0x4ebdbc83},
		{"xtn v3.4h, v29.4s", neonXtn16.encode(3, 29, 0), 0x0e612ba3},
		{"xtn v3.8b, v29.8h", neonXtn8.encode(3, 29, 0), 0x0e212ba3},
	} {
		if c.got != c.want {
			t.Errorf("%s is %#08x, want %#08x", c.name, c.got, c.want)
		}
	}
}
