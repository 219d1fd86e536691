package pattern

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// What a pattern may ask for.
const (
	maxDepth   = 200    // groups in groups
	maxProgram = 20_000 // instructions, and expressions that are written out
)

// Compile reads a pattern.
func Compile(text string) (p *Pattern, err error) {
	defer func() {
		if r := recover(); r != nil {
			e, ok := r.(problem)
			if !ok {
				panic(r)
			}
			p, err = nil, fmt.Errorf("at character %d: %s", e.at, e.what)
		}
	}()
	s := &parser{text: []rune(text)}
	root := s.alternatives(0)
	if s.at < len(s.text) {
		s.fail("unbalanced parenthesis")
	}
	p = new(Pattern)
	// A program is written from its end: where it goes on is known then.
	p.start = s.write(p, root, s.emit(p, instruction{kind: accept}))
	return p, nil
}

// problem ends the parsing.
type problem struct {
	at   int
	what string
}

// node is a part of a pattern.
type node struct {
	kind     nodeKind
	set      *class
	is       func(place) bool
	parts    []*node
	min, max int // of a repetition; math.MaxInt for any number
}

type nodeKind uint8

const (
	sequence nodeKind = iota
	choice
	character
	condition
	repetition
)

// write writes a node in front of the instruction next, and returns where it begins.
func (s *parser) write(p *Pattern, n *node, next int) int {
	if s.written++; s.written > maxProgram {
		s.fail("the pattern is too large")
	}
	switch n.kind {
	case sequence:
		for _, part := range slices.Backward(n.parts) {
			next = s.write(p, part, next)
		}
	case choice:
		end := next
		next = s.write(p, n.parts[len(n.parts)-1], end)
		for _, part := range slices.Backward(n.parts[:len(n.parts)-1]) {
			next = s.emit(p, instruction{kind: fork, to: s.write(p, part, end), or: next})
		}
	case character:
		next = s.emit(p, instruction{kind: consume, set: n.set, to: next})
	case condition:
		next = s.emit(p, instruction{kind: assertion, is: n.is, to: next})
	case repetition:
		part, end := n.parts[0], next
		if n.max == math.MaxInt {
			next = s.emit(p, instruction{kind: fork, or: end})
			p.program[next].to = s.write(p, part, next)
		} else {
			for range n.max - n.min {
				next = s.emit(p, instruction{kind: fork, to: s.write(p, part, next), or: end})
			}
		}
		for range n.min {
			next = s.write(p, part, next)
		}
	}
	return next
}

func (s *parser) emit(p *Pattern, in instruction) int {
	if len(p.program) >= maxProgram {
		s.fail("the pattern is too large")
	}
	p.program = append(p.program, in)
	return len(p.program) - 1
}

// flags are those of re.compile.
type flags struct{ fold, dotAll, lines, ascii bool }

type parser struct {
	text    []rune
	at      int
	flags   flags
	names   []string // of groups
	written int
}

//go:noinline
func (s *parser) fail(format string, args ...any) { panic(problem{s.at, fmt.Sprintf(format, args...)}) }

// more reports whether there is another character.
func (s *parser) more() bool { return s.at < len(s.text) }

// next returns the next character.
func (s *parser) next() rune {
	if !s.more() {
		s.fail("the pattern ends too soon")
	}
	s.at++
	return s.text[s.at-1]
}

// take passes over a text if it comes next.
//
//go:noinline
func (s *parser) take(text string) bool {
	if !strings.HasPrefix(string(s.text[s.at:min(s.at+len(text), len(s.text))]), text) {
		return false
	}
	s.at += len(text)
	return true
}

// alternatives reads up to the end of a group.
func (s *parser) alternatives(depth int) *node {
	if depth > maxDepth {
		s.fail("there are too many groups in groups")
	}
	out := &node{kind: choice}
	for {
		out.parts = append(out.parts, s.items(depth, depth == 0 && len(out.parts) == 0))
		if !s.take("|") {
			return out
		}
	}
}

// items reads what stands one after the other; first says that it begins the pattern, where flags may stand.
func (s *parser) items(depth int, first bool) *node {
	out := &node{kind: sequence}
	for s.more() && s.text[s.at] != '|' && s.text[s.at] != ')' {
		if n := s.item(depth, first && len(out.parts) == 0); n != nil {
			out.parts = append(out.parts, s.repeated(n))
		}
	}
	return out
}

// item reads one thing that can be repeated; nil for what says nothing of the text.
func (s *parser) item(depth int, first bool) *node {
	switch c := s.next(); c {
	case '(':
		return s.group(depth, first)
	case '[':
		return &node{kind: character, set: s.class()}
	case '.':
		set := &class{negated: true}
		if !s.flags.dotAll {
			set.ranges = []rune{'\n', '\n'}
		}
		return &node{kind: character, set: set}
	case '^':
		return whichever(isStart, isLineStart, s.flags.lines)
	case '$':
		return whichever(isLastEnd, isLineEnd, s.flags.lines)
	case '*', '+', '?':
		s.at--
		s.fail("nothing to repeat")
	case '{':
		from := s.at
		if _, _, ok := s.bounds(); ok {
			s.fail("nothing to repeat")
		}
		s.at = from
		return s.literal(c)
	case '\\':
		return s.escape()
	default:
		return s.literal(c)
	}
	return nil
}

// whichever is the first of two conditions, or the second.
func whichever(first, second func(place) bool, isSecond bool) *node {
	if isSecond {
		first = second
	}
	return &node{kind: condition, is: first}
}

func (s *parser) literal(c rune) *node {
	return &node{kind: character, set: &class{ranges: []rune{c, c}, fold: s.flags.fold}}
}

// repeated reads how often an item may come.
func (s *parser) repeated(n *node) *node {
	from := s.at
	low, high := 0, math.MaxInt
	switch {
	case s.take("*"):
	case s.take("+"):
		low = 1
	case s.take("?"):
		high = 1
	case s.take("{"):
		var ok bool
		if low, high, ok = s.bounds(); !ok { // a brace that stands for itself is the next item
			s.at = from
			return n
		}
	default:
		return n
	}
	if n.kind == condition {
		s.at = from
		s.fail("nothing to repeat")
	}
	n = &node{kind: repetition, parts: []*node{n}, min: low, max: high}
	if s.take("?") { // what is lazy matches the same texts
	} else if s.take("+") {
		s.fail("possessive repetition cannot be matched")
	}
	if s.more() && strings.ContainsRune("*+?", s.text[s.at]) {
		s.fail("multiple repeat")
	}
	if at := s.at; s.take("{") {
		if _, _, ok := s.bounds(); ok {
			s.fail("multiple repeat")
		}
		s.at = at
	}
	return n
}

// bounds reads {low,high} behind the brace; either may be missing.
func (s *parser) bounds() (low, high int, ok bool) {
	if s.take("}") {
		return 0, 0, false
	}
	first := s.digits(10, 1<<10)
	second := first
	if s.take(",") {
		second = s.digits(10, 1<<10)
	}
	if !s.take("}") {
		return 0, 0, false
	}
	low, high = 0, math.MaxInt
	if first != "" {
		low = s.number(first, 10)
	}
	if second != "" {
		high = s.number(second, 10)
	}
	if high < low {
		s.fail("the most repetitions are fewer than the least")
	}
	return low, high, true
}

// digits reads at most some digits.
func (s *parser) digits(base, most int) string {
	from := s.at
	for s.more() && s.at-from < most {
		if v := digit(s.text[s.at]); v < 0 || v >= base {
			break
		}
		s.at++
	}
	return string(s.text[from:s.at])
}

func digit(r rune) int {
	switch {
	case '0' <= r && r <= '9':
		return int(r - '0')
	case 'a' <= r && r <= 'f':
		return int(r-'a') + 10
	case 'A' <= r && r <= 'F':
		return int(r-'A') + 10
	}
	return -1
}

func (s *parser) number(text string, base int) int {
	v, err := strconv.ParseInt(text, base, 32)
	if err != nil {
		s.fail("%q is no number that can be taken", text)
	}
	return int(v)
}

// group reads a group behind its parenthesis.
func (s *parser) group(depth int, first bool) *node {
	outer := s.flags
	if s.take("?") {
		switch {
		case s.take("#"):
			for s.next() != ')' {
			}
			return nil
		case s.take("P<"):
			s.name()
		case s.take("P="), s.take("("):
			s.fail("references to groups cannot be matched")
		case s.take("="), s.take("!"), s.take("<"), s.take(">"):
			s.fail("looking ahead or behind and atomic groups cannot be matched")
		default:
			if global := s.readFlags(); global {
				if !first {
					s.fail("global flags are not at the start of the expression")
				}
				return nil
			}
		}
	}
	n := s.alternatives(depth + 1)
	if !s.take(")") {
		s.fail("missing ), unterminated subpattern")
	}
	s.flags = outer
	return &node{kind: sequence, parts: []*node{n}} // a condition in a group can be repeated
}

// name reads the name of a group and its bracket.
func (s *parser) name() {
	from := s.at
	for c := s.next(); c != '>'; c = s.next() {
		if c != '_' && !unicode.IsLetter(c) && (s.at-1 == from || !unicode.IsNumber(c)) {
			s.fail("bad character in group name")
		}
	}
	name := string(s.text[from : s.at-1])
	if name == "" {
		s.fail("missing group name")
	}
	if slices.Contains(s.names, name) {
		s.fail("the group %q is there twice", name)
	}
	s.names = append(s.names, name)
}

// readFlags reads flags and what ends them: a colon before a group in which they hold, or the parenthesis for the whole pattern.
func (s *parser) readFlags() (global bool) {
	on := true
	for {
		switch c := s.next(); {
		case c == ':':
			return false
		case c == ')' && on:
			return true
		case c == '-' && on:
			on = false
		case c == 'i':
			s.flags.fold = on
		case c == 's':
			s.flags.dotAll = on
		case c == 'm':
			s.flags.lines = on
		case c == 'a' && on:
			s.flags.ascii = true
		case c == 'u' && on:
			s.flags.ascii = false
		default:
			s.at--
			s.fail("the flag %q is not known here", string(c))
		}
	}
}
