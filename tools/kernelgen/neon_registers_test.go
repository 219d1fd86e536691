package main

import (
	"strings"
	"testing"
)

// TestNEONRegisters writes a loop: what it needs from outside keeps its register
// although the text uses it once, and a sum is added to in place.
func TestNEONRegisters(t *testing.T) {
	g := newGen()
	g.function(neonISA, "f", "a *float32, n int, s float32", " float32", "")
	a, n := g.arg("a"), g.arg("n")
	s := g.floatArg("s")
	sum := g.c(1)
	g.place("again")
	g.assign(g.fma(access{g: g}.load(a), s, sum), sum)
	g.addInto(a, 16)
	g.countDown(n, "again")
	g.result(sum)
	g.end()
	want := `
// func f(a *float32, n int, s float32) float32
TEXT ·f(SB), NOSPLIT, $0-28
	MOVD $pool<>(SB), R0
	MOVD a+0(FP), R1
	MOVD n+8(FP), R2
	FMOVS s+16(FP), F0
	VDUP V0.S[0], V0.S4
	FMOVQ 0(R0), F1

again:
	FMOVQ 0(R1), F2
	WORD $0x4e20cc41 // FMLA V1, V2, V0
	ADD $16, R1, R1
	SUB $1, R2, R2
	CBNZ R2, again
	FMOVS F1, ret+24(FP)
	RET
`
	if got := g.text.String(); got != want {
		t.Errorf("got %s", got)
	}
}

// TestNEONRegistersRunOut wants a message, not wrong code.
func TestNEONRegistersRunOut(t *testing.T) {
	defer func() {
		if message, _ := recover().(string); !strings.Contains(message, "no register is left") {
			t.Errorf("said %q", message)
		}
	}()
	g := newGen()
	g.function(neonISA, "f", "a *float32", "", "")
	a := g.arg("a")
	var all []v
	for range 33 {
		all = append(all, access{g: g}.load(a))
	}
	for _, x := range all {
		access{g: g}.store(x, a)
	}
	g.end()
}
