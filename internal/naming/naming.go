// Package naming makes names as Keras does (keras.src.utils.naming).
package naming

import (
	"fmt"
	"strings"
)

// SnakeCase turns the name of a Python class into the form that Keras uses for automatic names and for the paths in
// weights files, such as "conv2d_transpose" or "re_lu".
func SnakeCase(class string) string {
	word := make([]byte, 0, len(class))
	for i := range len(class) {
		if c := class[i]; isLower(c) || isUpper(c) || isDigit(c) || c == '_' {
			word = append(word, c)
		}
	}
	// A capital before small letters begins a word, after any character that is not the capital of such a word itself.
	split := make([]byte, 0, 2*len(word))
	for i := 0; i < len(word); i++ {
		split = append(split, word[i])
		if i+2 >= len(word) || !isUpper(word[i+1]) || !isLower(word[i+2]) {
			continue
		}
		split = append(split, '_', word[i+1])
		for i += 2; i < len(word) && isLower(word[i]); i++ {
			split = append(split, word[i])
		}
		i--
	}
	// So does any capital after a small letter.
	var b strings.Builder
	for i, c := range split {
		if i > 0 && isUpper(c) && isLower(split[i-1]) {
			b.WriteByte('_')
		}
		b.WriteByte(c)
	}
	return strings.ToLower(b.String())
}

// AttributeKey is what Keras's walk through the attributes of an object sorts them by: private ones come behind the others.
func AttributeKey(name string) string {
	if strings.HasPrefix(name, "_") {
		return "~" + name
	}
	return name
}

// JoinPath appends a name to a path in a weights file, "" for its root.
func JoinPath(path, name string) string {
	if path == "" {
		return name
	}
	return path + "/" + name
}

func isLower(c byte) bool { return 'a' <= c && c <= 'z' }
func isUpper(c byte) bool { return 'A' <= c && c <= 'Z' }
func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// Closest returns the name among some that was most likely meant by one that is none of them, "" where none is alike: equal but for
// capitals and underscores, with few other letters, or with more at the end. Of names that are equally near it is one of the same
// spelling.
func Closest(name string, among []string) string {
	best, least := "", 2*(max(1, len(name)/3)+1)
	small := name == strings.ToLower(name)
	for _, s := range among {
		d := 2 * distance(plain(name), plain(s))
		if small != (s == strings.ToLower(s)) {
			d++
		}
		if d < least {
			best, least = s, d
		}
	}
	if best != "" || len(name) < 3 {
		return best
	}
	for _, s := range among {
		if strings.HasPrefix(s, name) && (best == "" || len(s) < len(best)) {
			best = s
		}
	}
	return best
}

// DidYouMean is a question with the closest of some names, with a space before it; "" where none is alike.
func DidYouMean(name string, among []string) string {
	if s := Closest(name, among); s != "" {
		return ` (did you mean "` + s + `"?)`
	}
	return ""
}

func plain(s string) string { return strings.ToLower(strings.ReplaceAll(s, "_", "")) }

// distance counts the letters to insert, leave out or change, and the neighbours to swap, to make b of a.
func distance(a, b string) int {
	const limit = 64 // names are no longer
	a, b = a[:min(len(a), limit)], b[:min(len(b), limit)]
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
		for j := range rows[i] {
			switch {
			case i == 0:
				rows[i][j] = j
			case j > 0:
				cost := 1
				if a[i-1] == b[j-1] {
					cost = 0
				}
				rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
				if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
					rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
				}
			}
		}
	}
	return rows[len(a)][len(b)]
}

// Some lists names in a message: the first few, and how many more there are. Names are cut, too.
func Some[S ~string](names []S) string {
	var parts []string
	for i, name := range names {
		if i == mostNames {
			parts = append(parts, fmt.Sprintf("and %d more", len(names)-i))
			break
		}
		parts = append(parts, Short(string(name)))
	}
	return strings.Join(parts, ", ")
}

// Quoted is Some with each name in quotation marks, in brackets.
func Quoted(names []string) string {
	short := make([]string, 0, mostNames+1)
	for i, name := range names {
		if i == mostNames {
			short = append(short, fmt.Sprintf("and %d more", len(names)-i))
			break
		}
		short = append(short, fmt.Sprintf("%q", Short(name)))
	}
	return "[" + strings.Join(short, " ") + "]"
}

// Short cuts a text of a file, such as a name, to what a message has room for.
func Short(s string) string {
	if len(s) <= 2*mostName {
		return s
	}
	head, tail := strings.ToValidUTF8(s[:mostName], ""), strings.ToValidUTF8(s[len(s)-mostName:], "")
	return head + "..." + tail
}

// Cut cuts a message that names of a file made long.
func Cut(message string) string {
	if len(message) <= mostMessage {
		return message
	}
	return fmt.Sprintf("%s... (%d more characters)", strings.ToValidUTF8(message[:mostMessage], ""), len(message)-mostMessage)
}

const (
	mostMessage = 1800 // bytes
	mostNames   = 10
	mostName    = 60 // bytes at each end
)
