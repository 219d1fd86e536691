// Package text takes strings apart as TensorFlow's text ops do for keras.layers.TextVectorization. Strings are bytes:
// nothing is refused, and what is no UTF-8 comes out as tf.strings makes it.
package text

import (
	"strings"
	"unicode/utf8"
)

// Lower turns A to Z into a to z and leaves everything else alone, as tf.strings.lower does without an encoding.
func Lower(s string) string {
	at := 0
	for at < len(s) && (s[at] < 'A' || s[at] > 'Z') {
		at++
	}
	if at == len(s) {
		return s
	}
	b := []byte(s)
	for i, c := range b[at:] {
		if c >= 'A' && c <= 'Z' {
			b[at+i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// punctuation is all of ASCII's.
const punctuation = "!\"#$%&()*+,-./:;<=>?@[\\]^_`{|}~'"

var isPunctuation = func() (set [256]bool) {
	for _, c := range []byte(punctuation) {
		set[c] = true
	}
	return set
}()

// StripPunctuation drops the punctuation marks of ASCII.
func StripPunctuation(s string) string {
	if !strings.ContainsAny(s, punctuation) {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := range len(s) {
		if !isPunctuation[s[i]] {
			b = append(b, s[i])
		}
	}
	return string(b)
}

func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

// Words appends the words of s to dst: runs of bytes between the white space of ASCII (tf.strings.split without a
// separator).
func Words(dst []string, s string) []string {
	for at := 0; at < len(s); {
		for at < len(s) && isSpace(s[at]) {
			at++
		}
		start := at
		for at < len(s) && !isSpace(s[at]) {
			at++
		}
		if at > start {
			dst = append(dst, s[start:at])
		}
	}
	return dst
}

// replacement stands for bytes that are no UTF-8.
const replacement = "\uFFFD"

// Characters appends the code points of s to dst (tf.strings.unicode_split). As the Unicode standard advises, the longest
// start of a valid sequence becomes one replacement character, every other wrong byte one of its own.
func Characters(dst []string, s string) []string {
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		if r == utf8.RuneError && n == 1 {
			dst = append(dst, replacement)
			n = brokenLen(s)
		} else {
			dst = append(dst, s[:n])
		}
		s = s[n:]
	}
	return dst
}

// brokenLen is the length of the longest start of a valid sequence at the start of s, which is not whole there; at least 1.
func brokenLen(s string) int {
	want, low, high := 0, byte(0x80), byte(0xbf)
	switch c := s[0]; {
	case c >= 0xc2 && c <= 0xdf:
		want = 2
	case c >= 0xe0 && c <= 0xef:
		want = 3
		if c == 0xe0 {
			low = 0xa0 // below: too long a form
		} else if c == 0xed {
			high = 0x9f // above: surrogates
		}
	case c >= 0xf0 && c <= 0xf4:
		want = 4
		if c == 0xf0 {
			low = 0x90
		} else if c == 0xf4 {
			high = 0x8f // above: beyond U+10FFFF
		}
	}
	n := 1
	for n < want && n < len(s) && s[n] >= low && s[n] <= high {
		n++
		low, high = 0x80, 0xbf
	}
	return n
}

// NGrams appends the n-grams of tokens to dst, those of the first width before those of the second, each joined by one
// space (tf.strings.ngrams). Fewer tokens than a width give none of it.
func NGrams(dst, tokens []string, widths []int) []string {
	size := 0
	eachNGram(tokens, widths, func(parts []string) {
		for _, p := range parts {
			size += len(p) + 1
		}
	})
	var all strings.Builder // one string for all of them
	all.Grow(size)
	eachNGram(tokens, widths, func(parts []string) {
		if len(parts) == 1 {
			dst = append(dst, parts[0])
			return
		}
		start := all.Len()
		for i, p := range parts {
			if i > 0 {
				all.WriteByte(' ')
			}
			all.WriteString(p)
		}
		dst = append(dst, all.String()[start:])
	})
	return dst
}

func eachNGram(tokens []string, widths []int, f func(parts []string)) {
	for _, w := range widths {
		for i := 0; w > 0 && i+w <= len(tokens); i++ {
			f(tokens[i : i+w])
		}
	}
}

// CountWords is the number of words that Words finds, after StripPunctuation if strip is set.
func CountWords(s string, strip bool) int {
	n, inside := 0, false
	for i := range len(s) {
		switch {
		case isSpace(s[i]):
			inside = false
		case !inside && !(strip && isPunctuation[s[i]]):
			inside = true
			n++
		}
	}
	return n
}

// CountNGrams is the number of n-grams that NGrams makes of n tokens.
func CountNGrams(n int, widths []int) int {
	count := 0
	for _, w := range widths {
		if w > 0 {
			count += max(0, n-w+1)
		}
	}
	return count
}
