package layers

import (
	"slices"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

// TextVectorization turns texts into numbers (keras.layers.TextVectorization): it lowers letters and drops punctuation,
// splits into words or characters, joins them to n-grams, and looks these up in a vocabulary. Texts (batch) or
// (batch, 1) become int64 (batch, tokens), filled up with 0 to OutputSequenceLength or to the longest text of the batch,
// or with the other output modes vectors (batch, vocabulary).
type TextVectorization struct {
	layer.Base
	Standardize          string // "lower_and_strip_punctuation", "lower", "strip_punctuation", "" or the name of a function
	Split                string // "whitespace", "character", "" or the name of a function
	NGrams               []int  // the widths; nil for single tokens
	OutputSequenceLength *int
	Ragged               bool
	lookup               *StringLookup
	tokens               tokenizer
	ngrams               any // as the file has it: a number n stands for 1..n
	standardize, split   any
}

// AddTextVectorization adds TextVectorization to a registry.
func AddTextVectorization(r *layer.Registry) {
	r.Register("keras.layers", "TextVectorization", func() layer.Layer { return new(TextVectorization) })
}

// Config implements layer.Layer.
func (l *TextVectorization) Config(c *layer.Config) {
	if l.lookup == nil {
		l.lookup = &StringLookup{Encoding: "utf-8"}
		mask, oov := "", "[UNK]"
		l.lookup.MaskToken, l.lookup.OOVToken, l.lookup.NumOOVIndices = &mask, &oov, 1
		l.lookup.NoAutocast = true
	}
	k := l.lookup
	c.IntOrNone("max_tokens", &k.MaxTokens)
	l.function(c, "standardize", &l.Standardize, &l.standardize, "lower_and_strip_punctuation", "lower", "strip_punctuation")
	l.function(c, "split", &l.Split, &l.split, "whitespace", "character")
	l.widths(c)
	outputMode(c, &k.OutputMode, "int", "one_hot", "multi_hot", "count", "tf_idf")
	c.IntOrNone("output_sequence_length", &l.OutputSequenceLength)
	c.Bool("pad_to_max_tokens", &k.PadToMaxTokens, false)
	dense(c)
	c.Bool("ragged", &l.Ragged, false)
	c.String("encoding", &k.Encoding, "utf-8")
	c.Inert("vocabulary_size", "has_input_vocabulary")
	l.NoAutocast = true
	if !c.Reading() {
		k.putVocabulary(c)
		if c.Writing() {
			c.Put("vocabulary_size", pyjson.Int(max(len(k.Vocabulary()), k.special())))
		}
		return
	}
	layer.Adopt(l, k, "StringLookup", "string_lookup")
	switch {
	case l.Ragged:
		c.Unsupported("ragged", "its output would be a ragged tensor; save the layer with ragged=False, which fills up with 0, or call its "+
			"Encode method")
	case k.MaxTokens != nil && *k.MaxTokens <= 1:
		c.Errorf("max_tokens", "it must be above 1, not %d", *k.MaxTokens)
	case k.PadToMaxTokens && k.MaxTokens == nil:
		c.Errorf("pad_to_max_tokens", "it needs max_tokens")
	case l.OutputSequenceLength != nil && (k.OutputMode != "int" || *l.OutputSequenceLength < 0):
		c.Errorf("output_sequence_length", "it must be 0 or more, and is only for output_mode \"int\"")
	case k.OutputMode == "one_hot" && l.Split != "":
		c.Unsupported("output_mode", "\"one_hot\" of split texts would be a ragged tensor; use \"multi_hot\", \"count\" or \"int\"")
	default:
		k.readVocabulary(c)
	}
}

// function visits standardize or split: null, a name, or a function for which the caller gave a Go form: a
// func(string) string to standardize, a func(string) []string to split.
func (l *TextVectorization) function(c *layer.Config, key string, field *string, record *any, known ...string) {
	raw := *record
	if raw == nil && *field != "" {
		raw = *field
	}
	c.Raw(key, &raw, known[0])
	*field, *record = "", nil
	switch v := raw.(type) {
	case nil:
		return
	case string:
		for _, k := range known {
			if v == k {
				*field = v
				l.tokens.set(key, v)
				return
			}
		}
		*field = v
	case *pyjson.Object:
		*field, _ = v.Get("config").(string)
		if n := v.String("registered_name"); n != "" && c.Custom(n) != nil {
			*field = n
		}
	}
	*record = raw
	if c.Reading() && !l.tokens.custom(key, c.Custom(*field)) {
		want := "func(string) string"
		if key == "split" {
			want = "func(string) []string"
		}
		c.Unsupported(key, "%s is a Python function; give its Go form, a %s, as the custom object %q", pyjson.Describe(raw), want, *field)
	}
}

// widths visits "ngrams": a number n for the widths 1 to n, a list of widths, or null.
func (l *TextVectorization) widths(c *layer.Config) {
	raw := l.ngrams
	if raw == nil && l.NGrams != nil {
		list := make([]any, len(l.NGrams))
		for i, n := range l.NGrams {
			list[i] = pyjson.Int(n)
		}
		raw = list
	}
	c.Raw("ngrams", &raw, nil)
	if !c.Reading() {
		return
	}
	l.ngrams, l.NGrams = raw, nil
	switch v := raw.(type) {
	case nil:
	case pyjson.Number:
		n, ok := v.Int()
		if !ok || n < 1 || n > maxWidth {
			c.Errorf("ngrams", "a width of 1 to %d is expected, not %s", maxWidth, v)
			return
		}
		for i := range n {
			l.NGrams = append(l.NGrams, i+1)
		}
	case []any:
		for _, x := range v {
			number, _ := x.(pyjson.Number)
			n, ok := number.Int()
			if !ok || n < 1 || n > maxWidth || len(v) > maxWidth {
				c.Errorf("ngrams", "widths of 1 to %d are expected, not %s", maxWidth, pyjson.Describe(x))
				return
			}
			l.NGrams = append(l.NGrams, n)
		}
	default:
		c.Errorf("ngrams", "a number, a list of numbers or null is expected, not %s", pyjson.Describe(raw))
	}
	l.tokens.widths = l.NGrams
}

// maxWidth bounds n-grams; longer ones have no use, and a file must not ask for millions of passes.
const maxWidth = 1000

// Children implements layer.Container.
func (l *TextVectorization) Children() []layer.Child {
	return []layer.Child{{Attr: "_lookup_layer", Layer: l.lookup}}
}

// SavedVariables implements layer.VariableSaver: Keras writes the weights of tf_idf for this layer and for the lookup inside.
func (l *TextVectorization) SavedVariables() []*layer.Variable { return layer.OwnVariables(l.lookup) }

// Call implements layer.Layer.
func (l *TextVectorization) Call(c *layer.Call) any {
	x, k := c.X(), l.lookup
	if x.DType != tensor.String {
		c.Fail("texts are expected, not %s", x.DType)
	}
	c.Enter(k, x) // makes its variable
	if k.words.Load() == nil && !c.Symbolic() {
		c.Fail("it has no vocabulary: give it one with set_vocabulary or adapt")
	}
	if l.Split == "" {
		return l.callUnsplit(c, x)
	}
	if x.Rank() > 1 {
		if !graph.Fits(x.Shape[x.Rank()-1], 1) {
			c.Fail("texts to split have the shape (batch) or (batch, 1), not %s", tensor.FormatShape(x.Shape))
		}
		x = c.Squeeze(x, -1)
	}
	if k.OutputMode == "int" {
		length := 0
		if l.OutputSequenceLength != nil {
			length = *l.OutputSequenceLength
		} else {
			length = c.Measure(c.Emit1(opLongestText{&l.tokens}, x))
		}
		return c.Emit1(opTextIDs{l, length}, x)
	}
	if x.Rank() > 1 {
		c.Fail("output_mode %q takes texts of shape (batch) or (batch, 1)", k.OutputMode)
	}
	d := tensor.Int64
	if k.OutputMode == "tf_idf" {
		d = tensor.Float32
	}
	y := c.Emit1(opTextBag{l, k.needDepth(c), k.OutputMode == "multi_hot", d}, x)
	if k.OutputMode == "tf_idf" {
		return c.Mul(y, c.Raw(k.idfWeights))
	}
	return y
}

// callUnsplit looks up whole strings, and joins those along the last axis to n-grams.
func (l *TextVectorization) callUnsplit(c *layer.Call, x *graph.Value) *graph.Value {
	x = c.Emit1(opStandardize{&l.tokens}, x)
	if l.NGrams != nil {
		if x.Rank() == 0 {
			c.Fail("n-grams of a single string that is not split")
		}
		x = c.Emit1(opNGrams{&l.tokens}, x)
	}
	k := l.lookup
	ids := c.Emit1(opLookUp[string]{&k.IndexLookup}, x)
	if k.OutputMode != "int" {
		return k.encode(c, ids)
	}
	if l.OutputSequenceLength != nil && ids.Rank() > 0 {
		n, want := ids.Shape[ids.Rank()-1], *l.OutputSequenceLength
		if n < 0 {
			return c.Opaque(ids.DType, append(slices.Clone(ids.Shape[:ids.Rank()-1]), want), ids)
		}
		ids = c.Slice(ids, -1, 0, min(n, want))
		lo, hi := make([]int, ids.Rank()), make([]int, ids.Rank())
		hi[ids.Rank()-1] = max(0, want-n)
		ids = c.Pad(ids, lo, hi, 0)
	}
	return ids
}

// SetVocabulary gives the layer its vocabulary; see [IndexLookup.SetVocabulary].
func (l *TextVectorization) SetVocabulary(tokens []string, idf ...float32) error {
	if err := l.lookup.setVocabulary(tokens, idf); err != nil {
		return err
	}
	l.lookup.amend(layer.FileRecord(l))
	return nil
}

// Adapt makes a vocabulary of the tokens in texts, each a document; see [IndexLookup.Adapt].
func (l *TextVectorization) Adapt(texts ...string) error {
	count := newCensus[string]()
	for _, t := range texts {
		count.document(l.Tokens(t))
	}
	if err := l.lookup.adapt(count); err != nil {
		return err
	}
	l.lookup.amend(layer.FileRecord(l))
	return nil
}

// Vocabulary returns the tokens in the order of their numbers: "" for the filling, "[UNK]" for unknown ones, then the
// others; the first only with output_mode "int".
func (l *TextVectorization) Vocabulary() []string { return l.lookup.Vocabulary() }

// Tokens returns what the layer looks up for a text.
func (l *TextVectorization) Tokens(text string) []string { return l.tokens.appendTokens(nil, text) }

// Encode returns the numbers of a text's tokens, cut off at OutputSequenceLength but not filled up.
func (l *TextVectorization) Encode(text string) ([]int64, error) {
	tokens := l.Tokens(text)
	if n := l.OutputSequenceLength; n != nil {
		tokens = tokens[:min(len(tokens), *n)]
	}
	return l.ids(tokens)
}

// LoadAssets implements layer.AssetLoader.
func (l *TextVectorization) LoadAssets(open func(name string) ([]byte, error)) error {
	return l.lookup.LoadAssets(open)
}

// SaveAssets implements layer.AssetSaver.
func (l *TextVectorization) SaveAssets(write func(name string, data []byte) error) error {
	return l.lookup.SaveAssets(write)
}
