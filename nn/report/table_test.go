package report

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func TestWrapCell(t *testing.T) {
	for _, c := range []struct {
		text  string
		width int
		fold  bool
		want  []string
	}{
		{"", 5, false, []string{""}},
		{"one", 5, false, []string{"one"}},
		{"one two", 7, false, []string{"one two"}},
		{"one two", 6, false, []string{"one ", "two"}},
		{"one two three", 7, false, []string{"one two", "three"}},
		{"one   two", 5, false, []string{"one  ", "two"}}, // spaces that do not fit go
		{"abcdefgh", 4, false, []string{"abcdefgh"}},      // cut when it is drawn
		{"ab abcdefgh", 4, false, []string{"ab ", "abcdefgh"}},
		{"abcdefgh", 4, true, []string{"abcd", "efgh"}},
		{"ab abcdefghi c", 4, true, []string{"ab ", "abcd", "efgh", "i c"}},
		{"層層層", 4, true, []string{"層層", "層"}},
		{"層 層", 4, false, []string{"層 ", "層"}},
	} {
		if got := wrapCell(c.text, c.width, c.fold); !slices.Equal(got, c.want) {
			t.Errorf("%q in %d columns: %q, not %q", c.text, c.width, got, c.want)
		}
	}
}

// TestWrapLosesNothing wraps random texts: but for spaces at the ends of lines everything is there, and no line is too long.
func TestWrapLosesNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	letters := []rune("abc层 é  x")
	for range 2000 {
		var text []rune
		for range r.IntN(40) {
			text = append(text, letters[r.IntN(len(letters))])
		}
		width := 2 + r.IntN(12)
		var got string
		for _, line := range wrapCell(string(text), width, true) {
			if textWidth(line) > width {
				t.Fatalf("%q in %d columns: the line %q", string(text), width, line)
			}
			got += line
		}
		if plain := strings.NewReplacer(" ", ""); plain.Replace(got) != plain.Replace(string(text)) {
			t.Fatalf("%q in %d columns became %q", string(text), width, got)
		}
	}
}

func TestAlign(t *testing.T) {
	for _, c := range []struct {
		text  string
		width int
		how   alignment
		want  string
	}{
		{"ab", 5, alignLeft, "ab   "}, {"ab", 5, alignRight, "   ab"}, {"ab", 5, alignCenter, " ab  "},
		{"ab  ", 5, alignRight, "   ab"}, {"ab  ", 5, alignLeft, "ab   "}, {"ab  ", 6, alignCenter, "  ab  "},
		{"abcdef", 5, alignLeft, "abcd…"}, {"abcdef", 5, alignRight, "abcd…"}, {"abcdef", 1, alignLeft, "…"}, {"", 3, alignCenter, "   "},
		{"層", 5, alignRight, "   層"}, {"層層層", 5, alignLeft, "層層…"}, {"層層層", 4, alignLeft, "層 …"},
	} {
		if got := align(c.text, c.width, c.how); got != c.want {
			t.Errorf("%q in %d columns: %q, not %q", c.text, c.width, got, c.want)
		}
	}
}

func TestTextWidth(t *testing.T) {
	for text, want := range map[string]int{"": 0, "abc": 3, "é": 1, "e\u0301": 1, "層": 2, "ｱ": 1, "Ａ": 2, "🙂": 2, "a\u200bb": 2, "한글": 4} {
		if got := textWidth(text); got != want {
			t.Errorf("%q takes %d columns, not %d", text, got, want)
		}
		for width := range want + 3 {
			if cut := cutWidth(text, width); textWidth(cut) > width || width >= want && cut != text {
				t.Errorf("%q cut to %d columns: %q", text, width, cut)
			}
		}
	}
}

func TestPrintable(t *testing.T) {
	for text, want := range map[string]string{
		"plain name": "plain name", "層": "層", "tab\t": `tab\t`, "\x1b[31m": `\x1b[31m`, "line\nline": `line\nline`, `quote"`: `quote"`,
		"\x00\"": `\x00"`, "right\u202eleft": `right\u202eleft`, "\u200b": `\u200b`,
	} {
		if got := printable(text); got != want {
			t.Errorf("%q is printed as %q, not %q", text, got, want)
		}
	}
}

func TestNumbers(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 7: "7", 999: "999", 1000: "1,000", 123456: "123,456", 1 << 40: "1,099,511,627,776"} {
		if got := thousands(n); got != want {
			t.Errorf("%d is written %s, not %s", n, got, want)
		}
	}
	for bytes, want := range map[float64]string{0: "0.00 B", 0.5: "0.50 B", 1023: "1023.00 B", 1024: "1.00 KB", 1.5 * (1 << 20): "1.50 MB",
		1 << 30: "1.00 GB", 1 << 40: "1.00 TB", 1 << 50: "1.00 PB", 1 << 62: "4096.00 PB"} {
		if got := memorySize(bytes); got != want {
			t.Errorf("%g bytes are written %s, not %s", bytes, got, want)
		}
	}
	for _, c := range [][3]int{{1, 2, 0}, {3, 2, 2}, {5, 2, 2}, {7, 2, 4}, {7, 3, 2}, {8, 3, 3}, {-1, 2, 0}, {-3, 2, -2}} {
		if got := roundEven(c[0], c[1]); got != c[2] {
			t.Errorf("%d / %d is %d, not %d", c[0], c[1], got, c[2])
		}
	}
}

// TestTableIsAsWideAsAsked draws random tables: every line takes the columns that were asked for.
func TestTableIsAsWideAsAsked(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		var columns []tableColumn
		for range 1 + r.IntN(5) {
			columns = append(columns, tableColumn{header: "head", align: alignment(r.IntN(3)), width: 4 + r.IntN(20)})
		}
		var rows [][]string
		for range r.IntN(4) {
			row := make([]string, len(columns))
			for i := range row {
				row[i] = strings.Repeat("word ", r.IntN(4)) + strings.Repeat("x", r.IntN(12))
			}
			rows = append(rows, row)
		}
		width := r.IntN(100)
		for _, c := range columns {
			width += c.width
		}
		var b strings.Builder
		writeTable(&b, columns, rows, width)
		for line := range strings.Lines(b.String()) {
			if got := textWidth(strings.TrimSuffix(line, "\n")); got != width {
				t.Fatalf("%d columns, not %d: %s", got, width, b.String())
			}
		}
	}
}

func TestPlainShape(t *testing.T) {
	for want, shape := range map[string][]int{"()": {}, "(None)": {-1}, "(None, 3)": {-1, 3}, "(2, 0)": {2, 0}} {
		if got := plainShape(shape); got != want {
			t.Errorf("%v is %s, not %s", shape, got, want)
		}
	}
	for want, calls := range map[string][]any{"?": nil, "(1, 2)": {[]int{9, 9}, []int{1, 2}},
		"[(1), (2)]": {[]any{[]int{1}, []int{2}}}, "(3)": {map[string]any{"a": []int{3}}}} {
		if got := lastShape(calls); got != want {
			t.Errorf("%v is %s, not %s", calls, got, want)
		}
	}
	if got := lastShape([]any{[]any{}}); got != "?" {
		t.Errorf("a call without outputs: %s", got)
	}
}
