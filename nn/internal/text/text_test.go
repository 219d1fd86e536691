package text

import (
	"slices"
	"testing"
)

func TestLowerAndStrip(t *testing.T) {
	for in, want := range map[string]string{
		"":                   "",
		"abc":                "abc",
		"ÀÉ ABC \u0130z":     "ÀÉ abc \u0130z",
		"\xffA\xe2\x82Z":     "\xffa\xe2\x82z",
		"@[`{":               "@[`{",
		"The CAT, on-a Mat!": "the cat, on-a mat!",
	} {
		if got := Lower(in); got != want {
			t.Errorf("Lower(%q) = %q, want %q", in, got, want)
		}
	}
	for in, want := range map[string]string{
		"":                        "",
		"a\xff!b\xe2\x82.c\x00-d": "a\xffb\xe2\x82c\x00d",
		"«a» — b’s":               "«a» — b’s",
		punctuation:               "",
		"x" + punctuation + "y":   "xy",
	} {
		if got := StripPunctuation(in); got != want {
			t.Errorf("StripPunctuation(%q) = %q, want %q", in, got, want)
		}
	}
}

// The expected values of the tests below are what TensorFlow 2.21 answers.
func TestWords(t *testing.T) {
	for in, want := range map[string][]string{
		"":                                 nil,
		" \t\n ":                           nil,
		"a\x0bb\x0cc\rd\x1ce\x85f\xa0g":    {"a", "b", "c", "d\x1ce\x85f\xa0g"},
		"a\u00a0b\u2003c\u3000d\u2028e f ": {"a\u00a0b\u2003c\u3000d\u2028e", "f"},
		"\x1fa\x00b  c":                    {"\x1fa\x00b", "c"},
	} {
		if got := Words(nil, in); !slices.Equal(got, want) {
			t.Errorf("Words(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestCharacters(t *testing.T) {
	const r = replacement
	for in, want := range map[string][]string{
		"":                     nil,
		"aé€😀":                 {"a", "é", "€", "😀"},
		"e\u0301":              {"e", "\u0301"},
		"\ufeffab":             {"\ufeff", "a", "b"},
		r:                      {r},
		"\x00a":                {"\x00", "a"},
		"a\xffb":               {"a", r, "b"},
		"\xe2\x82":             {r},
		"\xe2\x82a":            {r, "a"},
		"\xf0\x9f\x98x":        {r, "x"},
		"\xc0\x80":             {r, r},
		"\xed\xa0\x80":         {r, r, r},
		"\xf4\x90\x80\x80":     {r, r, r, r},
		"\xf8\x88\x80\x80\x80": {r, r, r, r, r},
		"\xe2(\xa1":            {r, "(", r},
		"\xe0\xa0":             {r},
		"\xe0\x80\x80":         {r, r, r},
	} {
		if got := Characters(nil, in); !slices.Equal(got, want) {
			t.Errorf("Characters(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestNGrams(t *testing.T) {
	tokens := []string{"a", "b", "c"}
	for _, c := range []struct {
		tokens []string
		widths []int
		want   []string
	}{
		{tokens, []int{1, 2}, []string{"a", "b", "c", "a b", "b c"}},
		{tokens, []int{2, 1}, []string{"a b", "b c", "a", "b", "c"}},
		{tokens, []int{3, 4}, []string{"a b c"}},
		{nil, []int{1, 2}, nil},
	} {
		if got := NGrams(nil, c.tokens, c.widths); !slices.Equal(got, c.want) {
			t.Errorf("NGrams(%q, %v) = %q, want %q", c.tokens, c.widths, got, c.want)
		}
		if got := CountNGrams(len(c.tokens), c.widths); got != len(c.want) {
			t.Errorf("CountNGrams(%d, %v) = %d, want %d", len(c.tokens), c.widths, got, len(c.want))
		}
	}
}

func TestCountWords(t *testing.T) {
	for _, s := range []string{"", " a b ", "a - b", "a-b !", "!!", "\tx. y\n.z", "don't «no» !a! . b"} {
		if got, want := CountWords(s, false), len(Words(nil, s)); got != want {
			t.Errorf("CountWords(%q, false) = %d, want %d", s, got, want)
		}
		if got, want := CountWords(s, true), len(Words(nil, StripPunctuation(s))); got != want {
			t.Errorf("CountWords(%q, true) = %d, want %d", s, got, want)
		}
	}
}
