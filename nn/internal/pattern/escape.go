package pattern

import (
	"math"
	"unicode"
)

// escape reads what follows a backslash outside of a class.
func (s *parser) escape() *node {
	c := s.next()
	switch c {
	case 'A':
		return &node{kind: condition, is: isStart}
	case 'Z':
		return &node{kind: condition, is: isEnd}
	case 'b', 'B':
		is := boundary(s.kind(isWord))
		if c == 'B' {
			within := is // nothing has no inside, to Python before 3.14
			is = func(at place) bool { return !within(at) && (at.before >= 0 || at.after >= 0) }
		}
		return &node{kind: condition, is: is}
	}
	if c >= '1' && c <= '9' {
		s.at--
		if octal := s.digits(8, 3); len(octal) == 3 {
			return s.literal(s.octal(octal))
		}
		s.fail("references to groups cannot be matched")
	}
	if is := s.classEscape(c); is != nil {
		return &node{kind: character, set: &class{kinds: []func(rune) bool{is}}}
	}
	return s.literal(s.character(c))
}

// kind is a class of characters as the flags have it.
func (s *parser) kind(is func(rune) bool) func(rune) bool {
	if s.flags.ascii {
		return asciiOnly(is)
	}
	return is
}

// classEscape returns the class that an escape such as \w stands for, nil for others.
func (s *parser) classEscape(c rune) func(rune) bool {
	var is func(rune) bool
	switch unicode.ToLower(c) {
	case 'd':
		is = s.kind(unicode.IsDigit)
	case 's':
		if is = isSpace; s.flags.ascii {
			is = isASCIISpace
		}
	case 'w':
		is = s.kind(isWord)
	default:
		return nil
	}
	if c == 'D' || c == 'S' || c == 'W' {
		is = not(is)
	}
	return is
}

// character returns the one that an escape stands for.
func (s *parser) character(c rune) rune {
	switch c {
	case 'a':
		return '\a'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	case 'v':
		return '\v'
	case '0':
		return s.octal("0" + s.digits(8, 2))
	case 'x':
		return s.hexadecimal(2)
	case 'u':
		return s.hexadecimal(4)
	case 'U':
		return s.hexadecimal(8)
	}
	if c < 0x80 && (unicode.IsLetter(c) || unicode.IsDigit(c)) {
		s.fail("bad escape \\%c", c)
	}
	return c
}

func (s *parser) octal(digits string) rune {
	v := s.number(digits, 8)
	if v > 0o377 {
		s.fail("the octal escape \\%s is outside of \\000 to \\377", digits)
	}
	return rune(v)
}

func (s *parser) hexadecimal(n int) rune {
	digits := s.digits(16, n)
	if len(digits) < n {
		s.fail("incomplete escape \\%s", digits)
	}
	v := s.number(digits, 16)
	if v > unicode.MaxRune {
		s.fail("%s is no character", digits)
	}
	return rune(v)
}

// class reads a class behind its bracket.
func (s *parser) class() *class {
	c := &class{fold: s.flags.fold, negated: s.take("^")}
	for from := s.at; ; {
		if s.at > from && s.take("]") {
			return c
		}
		low, is := s.member()
		if !s.take("-") {
			c.add(low, low, is)
			continue
		}
		if s.take("]") { // a hyphen that stands for itself
			c.add(low, low, is)
			c.add('-', '-', nil)
			return c
		}
		high, other := s.member()
		if is != nil || other != nil || high < low {
			s.fail("bad character range")
		}
		c.add(low, high, nil)
	}
}

// add adds characters: those that a function tells, or a range.
func (c *class) add(low, high rune, is func(rune) bool) {
	if is != nil {
		c.kinds = append(c.kinds, is)
		return
	}
	c.ranges = append(c.ranges, low, high)
}

// member reads a character of a class, or a class in it.
func (s *parser) member() (rune, func(rune) bool) {
	c := s.next()
	if c != '\\' {
		return c, nil
	}
	c = s.next()
	if c == 'b' {
		return '\b', nil
	}
	if is := s.classEscape(c); is != nil {
		return math.MaxInt32, is
	}
	if c >= '1' && c <= '7' {
		s.at--
		return s.octal(s.digits(8, 3)), nil
	}
	return s.character(c), nil
}
