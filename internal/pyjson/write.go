package pyjson

import (
	"fmt"
	"strconv"
	"unicode/utf8"
)

// Marshal writes a document as Python's json.dumps does: on one line, ", " and ": " between its parts, ASCII only.
func Marshal(v any) []byte { return appendValue(nil, v, "", "") }

// MarshalIndent writes a document as json.dumps(..., indent=4) does.
func MarshalIndent(v any) []byte { return appendValue(nil, v, "    ", "\n") }

// appendValue writes v; newline is "" for one line, else a line break and the present indentation.
func appendValue(b []byte, v any, indent, newline string) []byte {
	switch v := v.(type) {
	case nil:
		return append(b, "null"...)
	case bool:
		return strconv.AppendBool(b, v)
	case Number:
		return append(b, v...)
	case int:
		return strconv.AppendInt(b, int64(v), 10)
	case float64:
		return append(b, Float(v)...)
	case string:
		return appendText(b, v)
	case []any:
		return appendParts(b, '[', ']', len(v), indent, newline, func(b []byte, i int, inner string) []byte {
			return appendValue(b, v[i], indent, inner)
		})
	case *Object:
		return appendParts(b, '{', '}', v.Len(), indent, newline, func(b []byte, i int, inner string) []byte {
			b = append(appendText(b, v.keys[i]), ": "...)
			return appendValue(b, v.values[i], indent, inner)
		})
	}
	panic(fmt.Sprintf("pyjson: %T has no JSON form", v))
}

func appendParts(b []byte, open, end byte, n int, indent, newline string, part func(b []byte, i int, inner string) []byte) []byte {
	b = append(b, open)
	inner := newline
	if newline != "" {
		inner += indent
	}
	for i := range n {
		if i > 0 {
			b = append(b, ',')
			if newline == "" {
				b = append(b, ' ')
			}
		}
		b = part(append(b, inner...), i, inner)
	}
	if n > 0 {
		b = append(b, newline...)
	}
	return append(b, end)
}

func appendText(b []byte, s string) []byte {
	b = append(b, '"')
	for len(s) > 0 {
		c := s[0]
		switch {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c == '\n':
			b = append(b, `\n`...)
		case c == '\r':
			b = append(b, `\r`...)
		case c == '\t':
			b = append(b, `\t`...)
		case c == '\b':
			b = append(b, `\b`...)
		case c == '\f':
			b = append(b, `\f`...)
		case c >= 0x20 && c < 0x7f:
			b = append(b, c)
		case c < 0x80:
			b = fmt.Appendf(b, `\u%04x`, c)
		default:
			r, n := utf8.DecodeRuneInString(s)
			if r == utf8.RuneError && n == 1 {
				if half, ok := surrogate(s); ok {
					r, n = half, 3
				}
			}
			if r >= 0x10000 {
				b = fmt.Appendf(b, `\u%04x\u%04x`, 0xd800+(r-0x10000)>>10, 0xdc00+(r-0x10000)&0x3ff)
			} else {
				b = fmt.Appendf(b, `\u%04x`, r)
			}
			s = s[n:]
			continue
		}
		s = s[1:]
	}
	return append(b, '"')
}
