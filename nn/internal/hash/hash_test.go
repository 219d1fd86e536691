package hash

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"strconv"
	"testing"
)

// table is the form of hashes.json; its entry "about" says what the numbers are.
type table struct {
	FarmHash64 []struct {
		Text, Hash string
	}
	Lengths []struct {
		Length int
		Hash   string
	} `json:"farmhash64_lengths"`
	SipHash []struct {
		Key    []json.Number
		Text   *string
		Length *int
		Hex    *string
		Hash   string
	} `json:"siphash_2_4"`
	Cross []struct {
		Features []any
		Hash     string
		Mod5     uint64 `json:"mod_5"`
		Mod1000  uint64 `json:"mod_1000"`
	}
}

func number(t *testing.T, s string) uint64 {
	t.Helper()
	v, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// pattern is the text of a given length in the tables.
func pattern(n int) []byte {
	s := make([]byte, n)
	for i := range s {
		s[i] = byte(7*i + 13)
	}
	return s
}

func TestKnownHashes(t *testing.T) {
	data, err := os.ReadFile("../../../conformance/testdata/strings/hashes.json")
	if err != nil {
		t.Fatal(err)
	}
	var known table
	if err := json.Unmarshal(data, &known); err != nil {
		t.Fatal(err)
	}
	for _, c := range known.FarmHash64 {
		if got := Farm([]byte(c.Text)); got != number(t, c.Hash) {
			t.Errorf("Farm(%q) = %d, want %s", c.Text, got, c.Hash)
		}
	}
	for _, c := range known.Lengths {
		if got := Farm(pattern(c.Length)); got != number(t, c.Hash) {
			t.Errorf("Farm of %d bytes = %d, want %s", c.Length, got, c.Hash)
		}
	}
	for _, c := range known.SipHash {
		var s []byte
		switch {
		case c.Text != nil:
			s = []byte(*c.Text)
		case c.Length != nil:
			s = pattern(*c.Length)
		case c.Hex != nil:
			if s, err = hex.DecodeString(*c.Hex); err != nil {
				t.Fatal(err)
			}
		}
		if got := Sip(number(t, c.Key[0].String()), number(t, c.Key[1].String()), s); got != number(t, c.Hash) {
			t.Errorf("Sip(%v, %q) = %d, want %s", c.Key, s, got, c.Hash)
		}
	}
	for _, c := range known.Cross {
		h := uint64(0xDECAFCAFFE)
		for _, f := range c.Features {
			switch f := f.(type) {
			case string:
				h = FarmCat(h, Farm([]byte(f)))
			case float64: // the tables have small integers only
				h = FarmCat(h, uint64(int64(f)))
			}
		}
		if h != number(t, c.Hash) || h%5 != c.Mod5 || h%1000 != c.Mod1000 {
			t.Errorf("the cross of %v = %d, want %s", c.Features, h, c.Hash)
		}
	}
	if n := len(known.FarmHash64) + len(known.Lengths) + len(known.SipHash) + len(known.Cross); n != 283 {
		t.Errorf("%d known hashes were read, there are 283", n)
	}
}
