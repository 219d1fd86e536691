package kernel

import (
	"slices"
	"testing"
)

func TestSetLevel(t *testing.T) {
	before := Current()
	restore := SetLevel(Generic)
	if Current() != Generic {
		t.Errorf("level is %v after SetLevel(Generic)", Current())
	}
	restore()
	if Current() != before {
		t.Errorf("level is %v after restore, was %v", Current(), before)
	}
	defer func() {
		if recover() == nil {
			t.Error("SetLevel accepted a level that no machine has")
		}
	}()
	SetLevel(200)
}

func TestPeak(t *testing.T) {
	for _, l := range []Level{AVX512, AVX2} {
		if p := Peak(l); slices.Contains(Levels(), l) && p < 1e9 {
			t.Errorf("peak of %v is %g", l, p)
		}
	}
	if p := Peak(NEON); slices.Contains(Levels(), NEON) && p < 1e6 { // far below, under an emulator
		t.Errorf("peak of NEON is %g", p)
	}
	if p := Peak(Generic); p != 0 {
		t.Errorf("peak of plain Go is %g", p)
	}
}
