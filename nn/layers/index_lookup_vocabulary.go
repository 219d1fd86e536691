package layers

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

// SetVocabulary gives the layer its tokens, in the order of their numbers and each once; they may begin with the special
// tokens, in Keras's order. With OutputMode "tf_idf" every one comes with its weight, else none. Predictions that begin
// later use it. The size of a layer that makes vectors
// cannot change any more once it is set, as in Keras.
func (l *IndexLookup[T]) SetVocabulary(tokens []T, idf ...float32) error {
	if err := l.setVocabulary(tokens, idf); err != nil {
		return err
	}
	l.amend(layer.FileRecord(l))
	return nil
}

// amend brings the record that a file had for the layer up to date.
func (l *IndexLookup[T]) amend(record *pyjson.Object) {
	amend(record, "vocabulary_size", pyjson.Int(l.special()+len(l.words.Load().tokens)))
	if !l.given {
		return // assets have the rest
	}
	amend(record, "vocabulary", rawTokens(l.words.Load().tokens))
	if l.givenIDF != nil {
		amend(record, "idf_weights", rawFloats(l.idf[l.special():l.special()+len(l.words.Load().tokens)]))
	}
}

// amend changes an argument in a record that has it; nothing happens to a layer made in Go, which has no record.
func amend(record *pyjson.Object, key string, value any) {
	if config := record.Object("config"); config.Get(key) != nil {
		config.Set(key, value)
	}
}

func rawFloats[F float32 | float64](values []F) []any {
	list := make([]any, len(values))
	for i, v := range values {
		list[i] = pyjson.Float(float64(v))
	}
	return list
}

func (l *IndexLookup[T]) setVocabulary(tokens []T, idf []float32) error {
	if len(tokens) == 0 {
		return errors.New("an empty vocabulary")
	}
	if l.OutputMode == "tf_idf" && len(idf) != len(tokens) {
		return fmt.Errorf("output_mode \"tf_idf\" needs a weight for each of the %d tokens; %d were given", len(tokens), len(idf))
	}
	if l.OutputMode != "tf_idf" && len(idf) > 0 {
		return fmt.Errorf("weights are only for output_mode \"tf_idf\", not %q", l.OutputMode)
	}
	rest, whole := l.withoutSpecial(tokens)
	if l.OutputMode == "tf_idf" {
		l.idf = l.padIDF(idf, whole)
	}
	return l.install(rest)
}

// withoutSpecial drops the special tokens at the start; whole says that all of them were there.
func (l *IndexLookup[T]) withoutSpecial(tokens []T) (rest []T, whole bool) {
	n := l.special()
	if n > len(tokens) || l.NumOOVIndices > 0 && l.OOVToken == nil {
		return tokens, false
	}
	for i, t := range tokens[:n] {
		if i < l.maskPlaces() && t != *l.MaskToken || i >= l.maskPlaces() && t != *l.OOVToken {
			return tokens, false
		}
	}
	return tokens[n:], true
}

// padIDF gives the special places the mean of the weights, if none were given for them, and places that have no token 0.
func (l *IndexLookup[T]) padIDF(idf []float32, whole bool) []float32 {
	var out []float32
	if !whole && len(idf) > 0 {
		sum := 0.0
		for _, v := range idf {
			sum += float64(v)
		}
		out = slices.Repeat([]float32{float32(sum / float64(len(idf)))}, l.special())
	}
	out = append(out, idf...)
	if l.PadToMaxTokens {
		out = append(out, make([]float32, max(0, *l.MaxTokens-len(out)))...)
	}
	return out
}

// install checks a vocabulary without special tokens and puts it in place.
func (l *IndexLookup[T]) install(tokens []T) error {
	w := &words[T]{tokens: slices.Clone(tokens), index: make(map[T]int64, len(tokens))}
	for i, t := range tokens {
		if _, twice := w.index[t]; twice {
			return fmt.Errorf("the token %s is in the vocabulary twice", describeToken(t))
		}
		w.index[t] = int64(i)
	}
	for _, special := range []*T{l.MaskToken, l.OOVToken} {
		if special == nil || special == l.OOVToken && !l.Invert {
			continue
		}
		if at, ok := w.index[*special]; ok {
			return fmt.Errorf("the special token %s is in the vocabulary, at place %d; special tokens are left out or stand at the start in "+
				"Keras's order", describeToken(*special), at)
		}
	}
	size := l.special() + len(tokens)
	if l.MaxTokens != nil && size > *l.MaxTokens {
		return fmt.Errorf("the vocabulary has %d places with the special ones; max_tokens is %d", size, *l.MaxTokens)
	}
	if l.OutputMode != "int" && !l.PadToMaxTokens {
		if l.frozen > 0 && size != l.frozen {
			return fmt.Errorf("the vocabulary has %d places with the special ones; the layer was made for %d", size, l.frozen)
		}
	}
	if l.idfWeights != nil {
		if err := l.idfWeights.Assign(tensor.FromSlice(slices.Clone(l.idf), len(l.idf))); err != nil {
			return err
		}
	}
	l.frozen = size
	l.words.Store(w)
	return nil
}

// Vocabulary returns the tokens in the order of their numbers, with the special ones.
func (l *IndexLookup[T]) Vocabulary() []T {
	w := l.words.Load()
	if w == nil {
		return nil
	}
	var out []T
	if l.maskPlaces() == 1 {
		out = append(out, *l.MaskToken)
	}
	var oov T
	if l.OOVToken != nil {
		oov = *l.OOVToken
	}
	out = append(out, slices.Repeat([]T{oov}, l.NumOOVIndices)...)
	return append(out, w.tokens...)
}

// Adapt makes a vocabulary of the tokens in batches of documents (layer.adapt): the more frequent first and, among
// equally frequent ones, the greater first, as many as MaxTokens leaves room for. The first axis of a batch counts
// documents. With OutputMode "tf_idf" it also finds the weights, log(1 + documents/(1 + documents with the token)).
func (l *IndexLookup[T]) Adapt(batches ...tensor.Any) error {
	count := newCensus[T]()
	for _, b := range batches {
		if b.DType() != tokenType[T]() && !(b.DType().IsInt() && tokenType[T]() == tensor.Int64) {
			return fmt.Errorf("tokens of type %s are expected, not %s", tokenType[T](), b.DType())
		}
		docs := 1
		if b.Rank() > 0 {
			docs = b.Shape()[0]
		}
		data := tokensOfAny[T](b)
		for i := range docs {
			count.document(data[i*len(data)/docs : (i+1)*len(data)/docs])
		}
	}
	if err := l.adapt(count); err != nil {
		return err
	}
	l.amend(layer.FileRecord(l))
	return nil
}

func tokensOfAny[T Token](t tensor.Any) []T {
	if s, ok := t.Raw().([]T); ok {
		return s
	}
	out := make([]int64, t.Len())
	_ = t.Int64s(out) // integers: cannot fail
	return any(out).([]T)
}

// census counts tokens and the documents that have them.
type census[T Token] struct {
	tokens, docs map[T]int
	documents    int
}

func newCensus[T Token]() *census[T] { return &census[T]{tokens: map[T]int{}, docs: map[T]int{}} }

func (c *census[T]) document(tokens []T) {
	c.documents++
	seen := make(map[T]bool, len(tokens))
	for _, t := range tokens {
		c.tokens[t]++
		if !seen[t] {
			seen[t] = true
			c.docs[t]++
		}
	}
}

func (l *IndexLookup[T]) adapt(c *census[T]) error {
	if l.given {
		return fmt.Errorf("layer %q has a fixed vocabulary and cannot adapt", l.Name())
	}
	for _, special := range []*T{l.MaskToken, l.OOVToken} {
		if special != nil {
			delete(c.tokens, *special)
		}
	}
	if len(c.tokens) == 0 {
		return errors.New("there are no tokens to make a vocabulary of")
	}
	tokens := make([]T, 0, len(c.tokens))
	for t := range c.tokens {
		tokens = append(tokens, t)
	}
	slices.SortFunc(tokens, func(a, b T) int {
		return cmp.Or(cmp.Compare(c.tokens[b], c.tokens[a]), cmp.Compare(b, a))
	})
	if l.MaxTokens != nil {
		tokens = tokens[:max(0, min(len(tokens), *l.MaxTokens-l.special()))]
	}
	if l.OutputMode == "tf_idf" {
		idf := make([]float32, len(tokens))
		for i, t := range tokens {
			idf[i] = float32(math.Log(1 + float64(c.documents)/float64(1+c.docs[t])))
		}
		l.idf = l.padIDF(idf, false)
	}
	return l.install(tokens)
}

// vocabularyFile is the asset that holds a vocabulary, one token a line, with the special ones.
const vocabularyFile = "vocabulary.txt"

// LoadAssets implements layer.AssetLoader.
func (l *IndexLookup[T]) LoadAssets(open func(name string) ([]byte, error)) error {
	if l.given {
		return nil
	}
	data, err := open(vocabularyFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // a layer without a vocabulary says so when it is called
	}
	if err != nil {
		return err
	}
	content := decodeText(data)
	lines := splitLines(content)
	for len(lines) > 0 && lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	if l.frozen == len(lines)+1 && strings.HasSuffix(content, "\n") {
		lines = append(lines, "") // the last token is empty; Keras loses it
	}
	if len(lines) == 0 {
		return nil
	}
	tokens := make([]T, len(lines))
	for i, line := range lines {
		switch p := any(&tokens[i]).(type) {
		case *string:
			*p = line
		case *int64:
			if *p, err = strconv.ParseInt(strings.TrimSpace(line), 10, 64); err != nil {
				return fmt.Errorf("%s, line %d: %.40q is no integer", vocabularyFile, i+1, line)
			}
		}
	}
	if err := l.install(l.fromFile(tokens)); err != nil {
		return fmt.Errorf("%s: %w", vocabularyFile, err)
	}
	return nil
}

// fromFile drops the special tokens of a file, from which a mask token that is an empty line may be missing.
func (l *IndexLookup[T]) fromFile(tokens []T) []T {
	rest, whole := l.withoutSpecial(tokens)
	if !whole && l.maskPlaces() == 1 && l.NumOOVIndices > 0 && any(*l.MaskToken) == any("") {
		if again, whole := l.withoutSpecial(append([]T{*l.MaskToken}, tokens...)); whole {
			return again
		}
	}
	return rest
}

// SaveAssets implements layer.AssetSaver.
func (l *IndexLookup[T]) SaveAssets(write func(name string, data []byte) error) error {
	if l.given || l.words.Load() == nil {
		return nil
	}
	var b strings.Builder
	for i, t := range l.Vocabulary() {
		if i > 0 {
			b.WriteByte('\n')
		}
		s := fmt.Sprint(t)
		if strings.ContainsFunc(s, isLineEnd) {
			return fmt.Errorf("the token %q holds a line end and does not fit into %s; give the vocabulary in the layer's config", s, vocabularyFile)
		}
		b.WriteString(s)
	}
	return write(vocabularyFile, []byte(b.String()))
}

// isLineEnd reports whether Python's splitlines ends a line at r.
func isLineEnd(r rune) bool {
	return r >= '\n' && r <= '\r' || r >= 0x1c && r <= 0x1e || r == 0x85 || r == 0x2028 || r == 0x2029
}

// splitLines is Python's str.splitlines, with which Keras reads vocabularies.
func splitLines(s string) []string {
	var lines []string
	start := 0
	for i, r := range s {
		if !isLineEnd(r) || i < start {
			continue
		}
		lines = append(lines, s[start:i])
		start = i + utf8.RuneLen(r)
		if r == '\r' && strings.HasPrefix(s[start:], "\n") {
			start++
		}
	}
	if start < len(s) {
		lines = append(lines, s[start:])
	}
	return lines
}

// decodeText reads UTF-8 or, where that fails, the code page 1252, in which Keras writes on many Windows machines.
func decodeText(data []byte) string {
	if utf8.Valid(data) {
		return string(data)
	}
	var b strings.Builder
	for _, c := range data {
		r := rune(c)
		if c >= 0x80 && c < 0xa0 {
			r = windows1252[c-0x80]
		}
		b.WriteRune(r)
	}
	return b.String()
}

// windows1252 are the characters 80 to 9F of the code page; the rest is Latin-1.
var windows1252 = [32]rune{
	'€', 0x81, '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', 0x8d, 'Ž', 0x8f,
	0x90, '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', 0x9d, 'ž', 'Ÿ',
}
