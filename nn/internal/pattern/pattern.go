// Package pattern matches regular expressions as Python's re writes them, with Python's classes of characters. An automaton is run over
// the text, so time is bounded by the product of both lengths, whatever the pattern. What that cannot do, references to groups, looking
// ahead and behind, atomic groups, is an error. Only whether a text matches is told, which is the same for greedy and lazy repetition.
package pattern

import (
	"slices"
	"unicode"
)

// Pattern is a compiled regular expression.
type Pattern struct {
	program []instruction
	start   int
}

// kind says what an instruction does.
type kind uint8

const (
	consume   kind = iota // takes one character of a class
	fork                  // goes on at two places
	assertion             // goes on where something is true of the place
	accept
)

type instruction struct {
	kind kind
	to   int // where it goes on
	or   int // the other place of a fork
	set  *class
	is   func(at place) bool
}

// place is a place in a text, between two characters; -1 stands for its ends.
type place struct {
	before, after rune
	last          bool // at most one character follows
}

// Matches reports whether the pattern matches all of a text (re.fullmatch).
func (p *Pattern) Matches(text string) bool { return p.run([]rune(text), true) }

// Found reports whether the pattern matches a part of a text (re.search).
func (p *Pattern) Found(text string) bool { return p.run([]rune(text), false) }

// run follows all ways through the program at once.
func (p *Pattern) run(text []rune, whole bool) bool {
	var now, next states
	now.size(len(p.program))
	next.size(len(p.program))
	for i := 0; ; i++ {
		at := place{before: -1, after: -1, last: i+1 >= len(text)}
		if i > 0 {
			at.before = text[i-1]
		}
		if i < len(text) {
			at.after = text[i]
		}
		if i == 0 || !whole {
			now.add(p.program, p.start, at)
		}
		if now.accepted && (!whole || i == len(text)) {
			return true
		}
		if i == len(text) || whole && len(now.list) == 0 {
			return false
		}
		after := place{before: text[i], after: -1, last: i+2 >= len(text)}
		if i+1 < len(text) {
			after.after = text[i+1]
		}
		next.clear()
		for _, s := range now.list {
			if in := &p.program[s]; in.set.has(text[i]) {
				next.add(p.program, in.to, after)
			}
		}
		now, next = next, now
	}
}

// states are the instructions that wait for a character.
type states struct {
	list     []int
	seen     []bool
	all      []int // that are marked as seen
	stack    []int
	accepted bool
}

func (s *states) size(n int) { s.seen = make([]bool, n) }

func (s *states) clear() {
	for _, i := range s.all {
		s.seen[i] = false
	}
	s.list, s.all, s.accepted = s.list[:0], s.all[:0], false
}

// add adds what can be reached from an instruction without a character.
func (s *states) add(program []instruction, from int, at place) {
	s.stack = append(s.stack[:0], from)
	for len(s.stack) > 0 {
		i := s.stack[len(s.stack)-1]
		s.stack = s.stack[:len(s.stack)-1]
		if s.seen[i] {
			continue
		}
		s.seen[i] = true
		s.all = append(s.all, i)
		switch in := &program[i]; in.kind {
		case consume:
			s.list = append(s.list, i)
		case fork:
			s.stack = append(s.stack, in.or, in.to)
		case assertion:
			if in.is(at) {
				s.stack = append(s.stack, in.to)
			}
		case accept:
			s.accepted = true
		}
	}
}

// class is a set of characters.
type class struct {
	ranges  []rune            // pairs: first and last
	kinds   []func(rune) bool // such as word
	negated bool
	fold    bool // upper and lower case are one
}

func (c *class) has(r rune) bool {
	in := c.hasOne(r)
	if c.fold {
		for f := unicode.SimpleFold(r); f != r && !in; f = unicode.SimpleFold(f) {
			in = c.hasOne(f)
		}
	}
	return in != c.negated
}

func (c *class) hasOne(r rune) bool {
	for i := 0; i < len(c.ranges); i += 2 {
		if c.ranges[i] <= r && r <= c.ranges[i+1] {
			return true
		}
	}
	return slices.ContainsFunc(c.kinds, func(is func(rune) bool) bool { return is(r) })
}

// Python's classes of characters: of Unicode, or of ASCII.
func isWord(r rune) bool  { return r == '_' || unicode.IsLetter(r) || unicode.IsNumber(r) }
func isSpace(r rune) bool { return unicode.IsSpace(r) || 0x1c <= r && r <= 0x1f }

func asciiOnly(is func(rune) bool) func(rune) bool {
	return func(r rune) bool { return r < 0x80 && is(r) }
}

// isASCIISpace leaves out what Unicode has in the range of ASCII.
func isASCIISpace(r rune) bool { return r == ' ' || '\t' <= r && r <= '\r' }

func not(is func(rune) bool) func(rune) bool { return func(r rune) bool { return !is(r) } }

// boundary reports whether a word begins or ends at a place.
func boundary(isWord func(rune) bool) func(place) bool {
	return func(at place) bool {
		return (at.before >= 0 && isWord(at.before)) != (at.after >= 0 && isWord(at.after))
	}
}

func isStart(at place) bool     { return at.before < 0 }
func isEnd(at place) bool       { return at.after < 0 }
func isLastEnd(at place) bool   { return at.after < 0 || at.after == '\n' && at.last } // before the newline at the end, too
func isLineStart(at place) bool { return at.before < 0 || at.before == '\n' }
func isLineEnd(at place) bool   { return at.after < 0 || at.after == '\n' }
