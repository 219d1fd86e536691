package pattern

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// texts are what the patterns of TestPython are tried on.
var texts = []string{
	"", "a", "aa", "aaab", "ab", "a\nb", "a\n", "b\na", "dense", "dense_1/kernel", "Dense_12", "encoder/block/kernel",
	"x/kernel_2", "/x", "kx", "Kx", "a{x}", "{", "x{2", "]", "-", "\t", "٣", "é", "STRASSE", "straße", "\a", "c", "abac", "A\a",
}

// every is the number of each text.
func every() (out []int) {
	for i := range texts {
		out = append(out, i)
	}
	return out
}

// TestPython compares with re of Python 3.11: which of the texts a pattern matches, and in which it is found.
func TestPython(t *testing.T) {
	all := every()
	for _, c := range []struct {
		pattern        string
		matches, found []int // numbers of texts
	}{
		{``, []int{0}, all},
		{`a`, []int{1}, []int{1, 2, 3, 4, 5, 6, 7, 16, 25, 28}},
		{`dense_1/kernel`, []int{9}, []int{9}},
		{`dense.*`, []int{8, 9}, []int{8, 9}},
		{`.*dense.*`, []int{8, 9}, []int{8, 9}},
		{`^dense`, []int{8}, []int{8, 9}},
		{`kernel$`, nil, []int{9, 11}},
		{`dense|conv`, []int{8}, []int{8, 9}},
		{`(conv|dense)_\d+`, nil, []int{9}},
		{`encoder/[^/]+/kernel`, []int{11}, []int{11}},
		{`(?i)DENSE.*`, []int{8, 9, 10}, []int{8, 9, 10}},
		{`(?i:K)x`, []int{14, 15}, []int{14, 15}},
		{`a{2}`, []int{2}, []int{2, 3}},
		{`a{,2}`, []int{0, 1, 2}, all},
		{`a{2,}b`, []int{3}, []int{3}},
		{`a{,}`, []int{0, 1, 2}, all},
		{`a{x}`, []int{16}, []int{16}},
		{`{`, []int{17}, []int{16, 17, 18}},
		{`x{2`, []int{18}, []int{18}},
		{`[]a]+`, []int{1, 2, 19}, []int{1, 2, 3, 4, 5, 6, 7, 16, 19, 25, 28}},
		{`[^]]`, []int{1, 17, 20, 21, 22, 23, 26, 27},
			[]int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29}},
		{`[a-c1-]+`, []int{1, 2, 3, 4, 20, 27, 28}, []int{1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 16, 20, 25, 27, 28}},
		{`[\]\-]`, []int{19, 20}, []int{19, 20}},
		{`[\w.]+`, []int{1, 2, 3, 4, 8, 10, 14, 15, 22, 23, 24, 25, 27, 28},
			[]int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 22, 23, 24, 25, 27, 28, 29}},
		{`[\d\s]*`, []int{0, 21, 22}, all},
		{`\bkernel\b`, nil, []int{9, 11}},
		{`\Bern`, nil, []int{9, 11, 12}},
		{`\A/x\Z`, []int{13}, []int{13}},
		{`a$`, []int{1}, []int{1, 2, 6, 7}},
		{`a\Z`, []int{1}, []int{1, 2, 7}},
		{`(?m)^b$`, nil, []int{5, 7}},
		{`a.b`, nil, []int{3}},
		{`(?s)a.b`, []int{5}, []int{3, 5}},
		{`(a|b)*c`, []int{27, 28}, []int{11, 27, 28}},
		{`(a*)*`, []int{0, 1, 2}, all},
		{`(?P<block>b)+?`, nil, []int{3, 4, 5, 7, 11, 28}},
		{`\w+`, []int{1, 2, 3, 4, 8, 10, 14, 15, 22, 23, 24, 25, 27, 28},
			[]int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 22, 23, 24, 25, 27, 28, 29}},
		{`(?a)\w+`, []int{1, 2, 3, 4, 8, 10, 14, 24, 27, 28},
			[]int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 24, 25, 27, 28, 29}},
		{`\d`, []int{22}, []int{9, 10, 12, 18, 22}},
		{`\s`, []int{21}, []int{5, 6, 7, 21}},
		{`\x61\u0062`, []int{4}, []int{3, 4, 28}},
		{`\101\07`, []int{29}, []int{29}},
		{`(?:)+`, []int{0}, all},
		{`(^)*a`, []int{1}, []int{1, 2, 3, 4, 5, 6, 7, 16, 25, 28}},
		{`é`, []int{23}, []int{23}},
		{`[é-ü]`, []int{23}, []int{23}},
		{`(?i)[^a-c]`, []int{17, 19, 20, 21, 22, 23, 26},
			[]int{5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 29}},
		{`(?i)straße`, []int{25}, []int{25}},
		{`(?#comment)a`, []int{1}, []int{1, 2, 3, 4, 5, 6, 7, 16, 25, 28}},
		{`\.`, nil, nil},
		{`(?-i:a)`, []int{1}, []int{1, 2, 3, 4, 5, 6, 7, 16, 25, 28}},
		{`(a{1,3}){2}`, []int{2}, []int{2, 3}},
	} {
		p, err := Compile(c.pattern)
		if err != nil {
			t.Errorf("%q: %v", c.pattern, err)
			continue
		}
		for i, text := range texts {
			if got, want := p.Matches(text), slices.Contains(c.matches, i); got != want {
				t.Errorf("%q matches %q: %v, want %v", c.pattern, text, got, want)
			}
			if got, want := p.Found(text), slices.Contains(c.found, i); got != want {
				t.Errorf("%q is found in %q: %v, want %v", c.pattern, text, got, want)
			}
		}
	}
}

// TestErrors compiles what is no pattern, and what no automaton matches.
func TestErrors(t *testing.T) {
	for pattern, want := range map[string]string{
		"(a": "missing )", "a)": "unbalanced parenthesis", "[a": "ends too soon", "[b-a]": "bad character range",
		"[\\w-z]": "bad character range",
		"*a":      "nothing to repeat", "a|+": "nothing to repeat", "{2}": "nothing to repeat", "^*": "nothing to repeat",
		"a**":     "multiple repeat",
		"a{2}{3}": "multiple repeat", "a{3,2}": "fewer", "a\\": "ends too soon", "\\q": "bad escape", "\\x1": "incomplete escape",
		"\\777": "outside", "\\U00110000": "no character", "a(?i)": "not at the start", "(?x)a": "flag", "(?P<1>a)": "group name",
		"(?P<>a)": "missing group name", "(?P<a>b)(?P<a>b)": "twice", "(a)\\1": "references", "(?P=a)": "references",
		"(?=a)":   "looking ahead",
		"(?<!a)b": "looking ahead", "(?>a)": "atomic", "a++": "possessive", "(?#": "ends too soon", "a{99999999999}": "no number",
		"(a{1000}){1000}": "too large", "(){1000000}": "too large",
		strings.Repeat("(", 300) + strings.Repeat(")", 300): "groups in groups",
	} {
		if _, err := Compile(pattern); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: %v, want %q", pattern, err, want)
		}
	}
}

// TestLinear matches a pattern for which those that try one way after the other take as many steps as there are subsets.
func TestLinear(t *testing.T) {
	p, err := Compile("(a*)*(a|aa)+(a?){50}b")
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	if p.Matches(strings.Repeat("a", 1000)) || p.Found(strings.Repeat("a", 1000)) {
		t.Error("it matches")
	}
	if d := time.Since(start); d > 5*time.Second {
		t.Errorf("it took %v", d)
	}
}

// FuzzCompile looks for patterns that panic.
func FuzzCompile(f *testing.F) {
	f.Add("(?i)a{2,3}|[^\\w-]+?$", "aab")
	f.Fuzz(func(_ *testing.T, pattern, text string) {
		if p, err := Compile(pattern); err == nil && len(text) < 100 {
			p.Matches(text)
			p.Found(text)
		}
	})
}
