package pyjson

import (
	"fmt"
	"math"
	"slices"
	"unicode/utf8"
)

// MaxDepth is how deep lists and objects may be nested.
const MaxDepth = 1000

// SyntaxError says where a document is not JSON.
type SyntaxError struct {
	Offset int // in bytes from the start
	Msg    string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("not valid JSON at byte %d: %s", e.Offset, e.Msg)
}

// LimitError says that a document has more in it than it may have.
type LimitError struct {
	What  string // "values" or "objects and lists"
	Limit int    // how many there may be
}

func (e *LimitError) Error() string {
	return fmt.Sprintf("the JSON document has more than %d %s", e.Limit, e.What)
}

// Parse reads one document, with nothing but white space after it. However large its values are in memory, they are made.
func Parse(data []byte) (v any, err error) { return ParseWithin(data, math.MaxInt) }

// ParseWithin is Parse for a document that nobody vouches for, of which a byte may become a hundred bytes of memory: it has values
// many values at most, of which one in containerShare may be an object or a list. The error for more is a *LimitError.
func ParseWithin(data []byte, values int) (v any, err error) {
	p := &parser{data: data, values: limit{most: values}, containers: limit{most: values / containerShare}}
	if len(data) >= 3 && data[0] == 0xef && data[1] == 0xbb && data[2] == 0xbf {
		return nil, &SyntaxError{0, "it starts with a byte order mark"}
	}
	defer func() {
		if r := recover(); r != nil {
			switch e := r.(type) {
			case *SyntaxError:
				v, err = nil, e
			case *LimitError:
				v, err = nil, e
			default:
				panic(r)
			}
		}
	}()
	v = p.value(0)
	p.space()
	if p.at < len(p.data) {
		p.fail("there is more after the document")
	}
	return v, nil
}

type parser struct {
	data               []byte
	at                 int
	values, containers limit

	// What the containers that are open hold so far: each is copied when it ends, in its own size.
	names []string
	items []any
}

// limit counts something of which there may be so many.
type limit struct{ have, most int }

func (l *limit) count(what string) {
	if l.have++; l.have > l.most {
		panic(&LimitError{what, l.most})
	}
}

// containerShare is how many values, about, take the memory of a small object.
const containerShare = 8

//go:noinline
func (p *parser) fail(format string, args ...any) {
	panic(&SyntaxError{p.at, fmt.Sprintf(format, args...)})
}

func (p *parser) space() {
	for p.at < len(p.data) {
		switch p.data[p.at] {
		case ' ', '\t', '\n', '\r':
			p.at++
		default:
			return
		}
	}
}

//go:noinline
func (p *parser) peek() byte {
	if p.at >= len(p.data) {
		p.fail("it ends too early")
	}
	return p.data[p.at]
}

func (p *parser) value(depth int) any {
	if depth > MaxDepth {
		p.fail("it is nested more than %d deep", MaxDepth)
	}
	p.space()
	p.values.count("values")
	switch c := p.peek(); c {
	case '{':
		p.containers.count("objects and lists")
		return p.object(depth)
	case '[':
		p.containers.count("objects and lists")
		return p.list(depth)
	case '"':
		return p.text()
	}
	for _, word := range words {
		if len(p.data)-p.at >= len(word.text) && string(p.data[p.at:p.at+len(word.text)]) == word.text {
			p.at += len(word.text)
			return word.value
		}
	}
	return p.number()
}

var words = []struct {
	text  string
	value any
}{
	{"null", nil}, {"true", true}, {"false", false},
	{"NaN", Number("NaN")}, {"Infinity", Number("Infinity")}, {"-Infinity", Number("-Infinity")},
}

func (p *parser) object(depth int) *Object {
	p.at++
	p.space()
	if p.peek() == '}' {
		p.at++
		return new(Object)
	}
	names, items := len(p.names), len(p.items)
	for {
		p.space()
		if p.peek() != '"' {
			p.fail("a key must be a string")
		}
		key := p.text()
		p.space()
		if p.peek() != ':' {
			p.fail("a colon is missing after the key %q", shorten(key))
		}
		p.at++
		v := p.value(depth + 1)
		p.names, p.items = append(p.names, key), append(p.items, v)
		p.space()
		switch p.peek() {
		case ',':
			p.at++
		case '}':
			p.at++
			o := objectOf(p.names[names:], p.items[items:])
			p.names, p.items = p.names[:names], p.items[:items]
			return o
		default:
			p.fail("a comma or a closing brace is missing")
		}
	}
}

func (p *parser) list(depth int) []any {
	p.at++
	p.space()
	if p.peek() == ']' {
		p.at++
		return []any{}
	}
	items := len(p.items)
	for {
		v := p.value(depth + 1)
		p.items = append(p.items, v)
		p.space()
		switch p.peek() {
		case ',':
			p.at++
		case ']':
			p.at++
			list := slices.Clone(p.items[items:])
			p.items = p.items[:items]
			return list
		default:
			p.fail("a comma or a closing bracket is missing")
		}
	}
}

func (p *parser) number() Number {
	start := p.at
	digits := func() int {
		from := p.at
		for p.at < len(p.data) && p.data[p.at] >= '0' && p.data[p.at] <= '9' {
			p.at++
		}
		return p.at - from
	}
	if p.peek() == '-' {
		p.at++
	}
	first := p.at
	n := digits()
	if n == 0 || n > 1 && p.data[first] == '0' {
		p.at = start
		p.fail("a value is expected")
	}
	if p.at < len(p.data) && p.data[p.at] == '.' {
		p.at++
		if digits() == 0 {
			p.fail("digits are missing after the point")
		}
	}
	if p.at < len(p.data) && (p.data[p.at] == 'e' || p.data[p.at] == 'E') {
		p.at++
		if p.at < len(p.data) && (p.data[p.at] == '+' || p.data[p.at] == '-') {
			p.at++
		}
		if digits() == 0 {
			p.fail("digits are missing in the exponent")
		}
	}
	return Number(p.data[start:p.at])
}

func (p *parser) text() string {
	p.at++
	start := p.at
	for p.at < len(p.data) && p.data[p.at] != '"' && p.data[p.at] != '\\' && p.data[p.at] >= 0x20 {
		p.at++
	}
	if p.peek() == '"' { // the common case: no escapes
		s := p.data[start:p.at]
		if !utf8.Valid(s) {
			p.fail("a string is not UTF-8")
		}
		p.at++
		return string(s)
	}
	out := append([]byte(nil), p.data[start:p.at]...)
	for {
		c := p.peek()
		switch {
		case c == '"':
			p.at++
			if !validText(out) {
				p.fail("a string is not UTF-8")
			}
			return string(out)
		case c < 0x20:
			p.fail("a control character stands in a string")
		case c != '\\':
			out = append(out, c)
			p.at++
		default:
			p.at++
			out = p.escape(out)
		}
	}
}

func (p *parser) escape(out []byte) []byte {
	c := p.peek()
	p.at++
	switch c {
	case '"', '\\', '/':
		return append(out, c)
	case 'b':
		return append(out, '\b')
	case 'f':
		return append(out, '\f')
	case 'n':
		return append(out, '\n')
	case 'r':
		return append(out, '\r')
	case 't':
		return append(out, '\t')
	case 'u':
		r := p.hex()
		if r >= 0xd800 && r < 0xdc00 && p.at+6 <= len(p.data) && p.data[p.at] == '\\' && p.data[p.at+1] == 'u' {
			at := p.at
			p.at += 2
			if low := p.hex(); low >= 0xdc00 && low < 0xe000 {
				return utf8.AppendRune(out, 0x10000+(r-0xd800)<<10+(low-0xdc00))
			}
			p.at = at
		}
		if r >= 0xd800 && r < 0xe000 {
			return append(out, 0xe0|byte(r>>12), 0x80|byte(r>>6&0x3f), 0x80|byte(r&0x3f))
		}
		return utf8.AppendRune(out, r)
	}
	p.at--
	p.fail("unknown escape \\%c", c)
	return nil
}

func (p *parser) hex() rune {
	if p.at+4 > len(p.data) {
		p.fail("a \\u escape ends too early")
	}
	var r rune
	for _, c := range p.data[p.at : p.at+4] {
		switch {
		case c >= '0' && c <= '9':
			r = r<<4 | rune(c-'0')
		case c >= 'a' && c <= 'f':
			r = r<<4 | rune(c-'a'+10)
		case c >= 'A' && c <= 'F':
			r = r<<4 | rune(c-'A'+10)
		default:
			p.fail("a \\u escape has other characters than hexadecimal digits")
		}
	}
	p.at += 4
	return r
}

// surrogate reports whether s starts with the three bytes of half a surrogate pair, and which.
func surrogate(s string) (rune, bool) {
	if len(s) >= 3 && s[0] == 0xed && s[1] >= 0xa0 && s[1] < 0xc0 && s[2]&0xc0 == 0x80 {
		return 0xd000 | rune(s[1]&0x3f)<<6 | rune(s[2]&0x3f), true
	}
	return 0, false
}

func validText(b []byte) bool {
	s := string(b)
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		if r == utf8.RuneError && n <= 1 {
			if _, ok := surrogate(s); !ok {
				return false
			}
			n = 3
		}
		s = s[n:]
	}
	return true
}
