package digest_test

import (
	"fmt"
	"testing"

	"github.com/hornml/horn/internal/digest"
)

// TestPieces: how the bytes come does not matter.
func TestPieces(t *testing.T) {
	var h digest.Hash
	for _, p := range []string{"a", "", "bcd", "e"} {
		_, _ = h.Write([]byte(p))
	}
	for range 2 { // a sum does not end the content
		if h.Sum() != digest.Of([]byte("abcde")) {
			t.Error("the sum depends on the pieces")
		}
	}
	var none digest.Hash
	if none.Sum() != digest.Of(nil) {
		t.Error("nothing has two sums")
	}
}

// TestDifferent: no two of many near contents meet, in either half.
func TestDifferent(t *testing.T) {
	whole, first, second := map[[digest.Size]byte]bool{}, map[string]bool{}, map[string]bool{}
	const n = 100_000
	for i := range n {
		s := digest.Of(fmt.Appendf(nil, "content %d", i))
		whole[s], first[string(s[:8])], second[string(s[8:])] = true, true, true
	}
	if len(whole) != n || len(first) != n || len(second) != n {
		t.Errorf("%d, %d and %d of %d are different", len(whole), len(first), len(second), n)
	}
}
