package report

import (
	"strconv"
	"strings"
	"unicode"
)

// A table in the form that Keras's summary has: heavy lines around the header, light ones between the rows, columns of
// fixed widths, cells that wrap at spaces and end in "…" where a word is too long.

type alignment uint8

const (
	alignLeft alignment = iota
	alignRight
	alignCenter
)

type tableColumn struct {
	header string
	align  alignment
	width  int // of the content that is asked for; the lines take their share from it
}

// writeTable draws rows in a table that is width columns wide, lines included.
func writeTable(b *strings.Builder, columns []tableColumn, rows [][]string, width int) {
	cells := make([]int, len(columns)) // with a space on each side
	sum := 0
	for i, c := range columns {
		cells[i] = c.width + 2
		sum += cells[i]
	}
	// What is too much is taken from all columns alike, what is left over goes to them by their widths.
	room := width - len(columns) - 1
	if excess := sum - room; excess > 0 {
		for i := range cells {
			take := min(cells[i], roundEven(excess, len(cells)-i))
			cells[i] -= take
			excess -= take
		}
	} else if rest := -excess; rest > 0 {
		for i, c := range cells {
			add := (c*rest + sum - 1) / sum
			cells[i] += add
			rest -= add
			sum -= c
		}
	}
	line := func(left, mid, right, fill string) {
		b.WriteString(left)
		for i, w := range cells {
			if i > 0 {
				b.WriteString(mid)
			}
			b.WriteString(strings.Repeat(fill, w))
		}
		b.WriteString(right + "\n")
	}
	row := func(texts []string, edge string, below bool) {
		wrapped := make([][]string, len(cells))
		height := 1
		for i, w := range cells {
			wrapped[i] = wrapCell(texts[i], max(w-2, 0), false)
			height = max(height, len(wrapped[i]))
		}
		for k := range height {
			for i, w := range cells {
				text, from := "", 0
				if below {
					from = height - len(wrapped[i])
				}
				if k >= from && k-from < len(wrapped[i]) {
					text = wrapped[i][k-from]
				}
				b.WriteString(edge + " " + align(text, max(w-2, 0), columns[i].align) + " ")
			}
			b.WriteString(edge + "\n")
		}
	}
	headers := make([]string, len(columns))
	for i, c := range columns {
		headers[i] = c.header
	}
	line("┏", "┳", "┓", "━")
	row(headers, "┃", true) // short headers stand at the bottom of the row
	line("┡", "╇", "┩", "━")
	for i, r := range rows {
		if i > 0 {
			line("├", "┼", "┤", "─")
		}
		row(r, "│", false)
	}
	line("└", "┴", "┘", "─")
}

// align pads a line of a cell to its width, and cuts one that is longer.
func align(s string, width int, a alignment) string {
	if a != alignLeft {
		s = strings.TrimRightFunc(s, unicode.IsSpace)
	}
	n := textWidth(s)
	if n > width {
		s, n = cutWidth(s, max(width-1, 0))+"…", width
	}
	pad := max(width-n, 0)
	left := 0
	switch a {
	case alignRight:
		left = pad
	case alignCenter:
		left = pad / 2
	}
	return strings.Repeat(" ", left) + s + strings.Repeat(" ", pad-left)
}

// wrapCell breaks text at spaces into lines of at most width columns. A longer word has a line of its own, or with fold
// goes on in the next line.
func wrapCell(text string, width int, fold bool) []string {
	var lines []string
	at := 0 // columns of the present line that are taken
	line := ""
	next := func() {
		lines = append(lines, trimTo(line, width))
		line, at = "", 0
	}
	for i, word := range splitWords(text) {
		n := textWidth(strings.TrimRightFunc(word, unicode.IsSpace))
		switch {
		case n <= width-at:
		case n <= width:
			if at > 0 && i > 0 {
				next()
			}
		case fold && width > 0:
			if i > 0 {
				next()
			}
			for textWidth(word) > width {
				part := word[:fit(word, width)]
				if part == "" {
					break
				}
				line = part
				word = word[len(part):]
				next()
			}
		case i > 0:
			next()
		}
		line += word
		at += textWidth(word)
	}
	return append(lines, trimTo(line, width))
}

// trimTo cuts trailing spaces beyond a width.
func trimTo(s string, width int) string {
	for textWidth(s) > width && strings.HasSuffix(s, " ") {
		s = s[:len(s)-1]
	}
	return s
}

// splitWords cuts text behind the spaces that follow a word; spaces at the start belong to the first word.
func splitWords(text string) []string {
	var words []string
	start, inWord, behind := 0, false, false
	for i, r := range text {
		space := unicode.IsSpace(r)
		if !space && behind {
			words = append(words, text[start:i])
			start, behind = i, false
		}
		inWord = inWord || !space
		behind = inWord && space || behind && space
	}
	if inWord {
		words = append(words, text[start:])
	}
	return words
}

// textWidth is the number of columns that text takes in a terminal.
func textWidth(s string) int {
	n := 0
	for _, r := range s {
		n += runeWidth(r)
	}
	return n
}

// cutWidth returns the start of s, padded with a space where a wide character is cut, that takes width columns.
func cutWidth(s string, width int) string {
	i := fit(s, width)
	if i == len(s) {
		return s
	}
	return s[:i] + strings.Repeat(" ", width-textWidth(s[:i]))
}

// fit returns how many bytes of s take at most width columns.
func fit(s string, width int) int {
	n := 0
	for i, r := range s {
		if n += runeWidth(r); n > width {
			return i
		}
	}
	return len(s)
}

// wide are the characters that take two columns (East Asian Width W and F of Unicode 15, in coarse ranges).
var wide = &unicode.RangeTable{
	R16: []unicode.Range16{
		{0x1100, 0x115f, 1}, {0x231a, 0x231b, 1}, {0x2329, 0x232a, 1}, {0x23e9, 0x23ec, 1}, {0x23f0, 0x23f3, 3}, {0x25fd, 0x25fe, 1},
		{0x2614, 0x2615, 1}, {0x2648, 0x2653, 1}, {0x267f, 0x2693, 20}, {0x26a1, 0x26a1, 1}, {0x26aa, 0x26ab, 1}, {0x26bd, 0x26be, 1},
		{0x26c4, 0x26c5, 1}, {0x26ce, 0x26d4, 6}, {0x26ea, 0x26ea, 1}, {0x26f2, 0x26f3, 1}, {0x26f5, 0x26fa, 5}, {0x26fd, 0x2705, 8},
		{0x270a, 0x270b, 1}, {0x2728, 0x274c, 36}, {0x274e, 0x274e, 1}, {0x2753, 0x2755, 1}, {0x2757, 0x2757, 1}, {0x2795, 0x2797, 1},
		{0x27b0, 0x27bf, 15}, {0x2b1b, 0x2b1c, 1}, {0x2b50, 0x2b55, 5}, {0x2e80, 0x303e, 1}, {0x3041, 0xa4cf, 1}, {0xa960, 0xa97c, 1},
		{0xac00, 0xd7a3, 1}, {0xf900, 0xfaff, 1}, {0xfe10, 0xfe19, 1}, {0xfe30, 0xfe6b, 1}, {0xff01, 0xff60, 1}, {0xffe0, 0xffe6, 1},
	},
	R32: []unicode.Range32{
		{0x16fe0, 0x18cff, 1}, {0x1aff0, 0x1b2fb, 1}, {0x1f004, 0x1f004, 1}, {0x1f0cf, 0x1f18e, 191}, {0x1f191, 0x1f19a, 1},
		{0x1f200, 0x1f320, 1}, {0x1f32d, 0x1f335, 1}, {0x1f337, 0x1f37c, 1}, {0x1f37e, 0x1f393, 1}, {0x1f3a0, 0x1f3ca, 1},
		{0x1f3cf, 0x1f3d3, 1}, {0x1f3e0, 0x1f3f0, 1}, {0x1f3f4, 0x1f3f4, 1}, {0x1f3f8, 0x1f43e, 1}, {0x1f440, 0x1f440, 1},
		{0x1f442, 0x1f4fc, 1}, {0x1f4ff, 0x1f53d, 1}, {0x1f54b, 0x1f567, 1}, {0x1f57a, 0x1f57a, 1}, {0x1f595, 0x1f5a4, 15},
		{0x1f5fb, 0x1f64f, 1}, {0x1f680, 0x1f6c5, 1}, {0x1f6cc, 0x1f6d2, 6}, {0x1f6d5, 0x1f6df, 1}, {0x1f6eb, 0x1f6ec, 1},
		{0x1f6f4, 0x1f6fc, 1}, {0x1f7e0, 0x1f7f0, 1}, {0x1f90c, 0x1f93a, 1}, {0x1f93c, 0x1f9ff, 1}, {0x1fa70, 0x1faff, 1}, {0x20000, 0x3fffd, 1},
	},
}

func runeWidth(r rune) int {
	switch {
	case r < 0x7f:
		return 1
	case unicode.In(r, unicode.Mn, unicode.Me) || r >= 0x200b && r <= 0x200f:
		return 0
	case unicode.Is(wide, r):
		return 2
	}
	return 1
}

// printable writes control characters in a name as escapes, so that a file cannot talk to the terminal.
func printable(s string) string {
	if !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) && r != ' ' && unicode.In(r, unicode.C) }) {
		return s
	}
	q := strconv.Quote(s)
	return strings.ReplaceAll(q[1:len(q)-1], `\"`, `"`)
}
