package layers

import (
	"errors"
	"fmt"
	"slices"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/internal/text"
	"github.com/hornml/horn/tensor"
)

// tokenizer is the part of a TextVectorization before the vocabulary.
type tokenizer struct {
	lower, strip bool
	standardize  func(string) string             // the caller's, nil for none
	split        func([]string, string) []string // nil: a text is one token
	words        bool                            // split is text.Words
	widths       []int                           // of n-grams; nil for single tokens
}

// set takes one of Keras's names for standardize or split.
func (t *tokenizer) set(key, name string) {
	if key == "standardize" {
		t.lower = name == "lower" || name == "lower_and_strip_punctuation"
		t.strip = name == "strip_punctuation" || name == "lower_and_strip_punctuation"
		return
	}
	t.split, t.words = text.Words, name == "whitespace"
	if name == "character" {
		t.split = text.Characters
	}
}

// custom takes the caller's function; it reports whether it is one.
func (t *tokenizer) custom(key string, f any) bool {
	if key == "standardize" {
		g, ok := f.(func(string) string)
		t.standardize = g
		return ok
	}
	g, ok := f.(func(string) []string)
	t.split = func(dst []string, s string) []string { return append(dst, g(s)...) }
	return ok
}

func (t *tokenizer) normalize(s string) string {
	if t.standardize != nil {
		return t.standardize(s)
	}
	if t.lower {
		s = text.Lower(s)
	}
	if t.strip {
		s = text.StripPunctuation(s)
	}
	return s
}

// appendTokens appends the tokens of a text to dst.
func (t *tokenizer) appendTokens(dst []string, s string) []string {
	s = t.normalize(s)
	if t.split == nil {
		return append(dst, s)
	}
	if t.widths == nil {
		return t.split(dst, s)
	}
	return text.NGrams(dst, t.split(nil, s), t.widths)
}

// count is the number of tokens of a text.
func (t *tokenizer) count(s string) int {
	n := 0
	if t.words && t.standardize == nil { // without making them
		n = text.CountWords(s, t.strip)
	} else {
		n = len(t.split(nil, t.normalize(s)))
	}
	if t.widths != nil {
		n = text.CountNGrams(n, t.widths)
	}
	return n
}

// String says what the tokenizer does; equal ones are alike to caches.
func (t *tokenizer) String() string {
	return fmt.Sprintf("tokenizer(%v %v %p %p %v)", t.lower, t.strip, t.standardize, t.split, t.widths)
}

func wantStrings(n *graph.Node) {
	if n.In[0].DType != tensor.String {
		panic(&graph.Error{Msg: fmt.Sprintf("%s: texts are expected, not %s", n.Op.Name(), n.In[0])})
	}
}

// opStandardize changes every string on its own.
type opStandardize struct{ Tokens *tokenizer }

// Name implements graph.Op.
func (opStandardize) Name() string { return "text_standardize" }

// Infer implements graph.Op.
func (opStandardize) Infer(n *graph.Node) {
	wantStrings(n)
	n.SetOut(tensor.String, n.In[0].Shape...)
}

// Eval implements graph.Op.
func (op opStandardize) Eval(n *graph.Node, in, out []graph.Buf) error {
	t := op.Tokens
	for i, s := range in[0].S {
		out[0].S[i] = t.normalize(s)
	}
	return nil
}

// opNGrams joins the strings along the last axis to n-grams.
type opNGrams struct{ Tokens *tokenizer }

// Name implements graph.Op.
func (opNGrams) Name() string { return "text_ngrams" }

// Infer implements graph.Op.
func (op opNGrams) Infer(n *graph.Node) {
	wantStrings(n)
	shape := slices.Clone(n.In[0].Shape)
	if last := &shape[len(shape)-1]; graph.Known(*last) {
		*last = text.CountNGrams(*last, op.Tokens.widths)
	}
	n.SetOut(tensor.String, shape...)
}

// Eval implements graph.Op.
func (op opNGrams) Eval(n *graph.Node, in, out []graph.Buf) error {
	t := op.Tokens
	size := n.In[0].Shape[n.In[0].Rank()-1]
	y := out[0].S[:0]
	for at := 0; size > 0 && at < len(in[0].S); at += size {
		y = text.NGrams(y, in[0].S[at:at+size], t.widths)
	}
	return nil
}

// opLongestText is the number of tokens of the longest text, int64.
type opLongestText struct{ Tokens *tokenizer }

// Name implements graph.Op.
func (opLongestText) Name() string { return "longest_text" }

// Infer implements graph.Op.
func (opLongestText) Infer(n *graph.Node) {
	wantStrings(n)
	n.SetOut(tensor.Int64)
}

// Eval implements graph.Op.
func (op opLongestText) Eval(n *graph.Node, in, out []graph.Buf) error {
	t := op.Tokens
	longest := 0
	for _, s := range in[0].S {
		longest = max(longest, t.count(s))
	}
	out[0].I[0] = int64(longest)
	return nil
}

var errNoVocabulary = errors.New("the layer has no vocabulary: give it one with set_vocabulary or adapt")

// ids returns the numbers of tokens.
func (l *TextVectorization) ids(tokens []string) ([]int64, error) {
	w := l.lookup.words.Load()
	if w == nil {
		return nil, errNoVocabulary
	}
	ids := make([]int64, len(tokens))
	for i, t := range tokens {
		var err error
		if ids[i], err = l.lookup.number(w, t); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

// opTextIDs turns texts of any shape into the numbers of their tokens, cut off or filled up with 0 to one length.
type opTextIDs struct {
	Layer  *TextVectorization
	Length int
}

// Name implements graph.Op.
func (opTextIDs) Name() string { return "text_ids" }

// Infer implements graph.Op.
func (op opTextIDs) Infer(n *graph.Node) {
	wantStrings(n)
	n.SetOut(tensor.Int64, append(slices.Clone(n.In[0].Shape), op.Length)...)
}

// Eval implements graph.Op.
func (op opTextIDs) Eval(n *graph.Node, in, out []graph.Buf) error {
	a := op
	k := a.Layer.lookup
	w := k.words.Load()
	if w == nil {
		return errNoVocabulary
	}
	var tokens []string
	for i, s := range in[0].S {
		tokens = a.Layer.tokens.appendTokens(tokens[:0], s)
		row := out[0].I[i*a.Length : (i+1)*a.Length]
		used := min(len(tokens), a.Length)
		for j, t := range tokens[:used] {
			var err error
			if row[j], err = k.number(w, t); err != nil {
				return err
			}
		}
		clear(row[used:])
	}
	return nil
}

// opTextBag counts the tokens of each text: (...) becomes (..., depth).
type opTextBag struct {
	Layer  *TextVectorization
	Depth  int
	Binary bool
	DType  tensor.DType
}

// Name implements graph.Op.
func (opTextBag) Name() string { return "text_bag" }

// Infer implements graph.Op.
func (op opTextBag) Infer(n *graph.Node) {
	wantStrings(n)
	a := op
	n.SetOut(a.DType, append(slices.Clone(n.In[0].Shape), a.Depth)...)
}

// Eval implements graph.Op.
func (op opTextBag) Eval(n *graph.Node, in, out []graph.Buf) error {
	a := op
	k := a.Layer.lookup
	w := k.words.Load()
	if w == nil {
		return errNoVocabulary
	}
	clear(out[0].F)
	clear(out[0].I)
	var tokens []string
	for i, s := range in[0].S {
		tokens = a.Layer.tokens.appendTokens(tokens[:0], s)
		for _, t := range tokens {
			id, err := k.number(w, t)
			if err != nil {
				return err
			}
			if id >= int64(a.Depth) {
				continue
			}
			at := i*a.Depth + int(id)
			if out[0].F != nil {
				out[0].F[at] = put(out[0].F[at], 1, a.Binary)
			} else {
				out[0].I[at] = put(out[0].I[at], 1, a.Binary)
			}
		}
	}
	return nil
}

// These ops depend on more than their settings: on functions of the caller's, or on a vocabulary that may change.

// Impure implements the face of that name.
func (opStandardize) Impure() {}

// Impure implements the face of that name.
func (opNGrams) Impure() {}

// Impure implements the face of that name.
func (opLongestText) Impure() {}

// Impure implements the face of that name.
func (opTextIDs) Impure() {}

// Impure implements the face of that name.
func (opTextBag) Impure() {}
