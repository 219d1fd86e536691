package layers

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"sync/atomic"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/internal/hash"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

// Token is what a vocabulary holds: strings or 64-bit integers.
type Token interface{ string | int64 }

// IndexLookup is what StringLookup and IntegerLookup have in common: a vocabulary, and numbers for its tokens (Keras's
// IndexLookup). Number 0 is the mask token, if there is one and OutputMode is "int"; then come NumOOVIndices places for
// unknown tokens, then the vocabulary. With OutputMode "one_hot", "multi_hot", "count" or "tf_idf" the numbers become
// vectors, and the mask token counts for nothing.
type IndexLookup[T Token] struct {
	layer.Base
	MaxTokens      *int // with the special places; nil for no limit
	NumOOVIndices  int
	MaskToken      *T // nil for none
	OOVToken       *T // what unknown numbers become when Invert is set
	OutputMode     string
	PadToMaxTokens bool // vectors have MaxTokens places
	Invert         bool // numbers in, tokens out
	OOVMethod      string
	Salt           []int64   // the two words of SipHash's key; nil for FarmHash
	given          bool      // the vocabulary is in the config
	givenIDF       []float32 // what the config has as weights
	words          atomic.Pointer[words[T]]
	idf            []float32 // for the variable, when it is built
	idfWeights     *layer.Variable
	frozen         int // vocabulary_size, 0 for unknown
}

// words is a vocabulary without special tokens; it does not change.
type words[T Token] struct {
	tokens []T
	index  map[T]int64
}

// maxPlaces bounds the places of a vocabulary for which there are no tokens: lists of all places are made of a number alone.
const maxPlaces = 1 << 24

// config visits the arguments that both layers have.
func (l *IndexLookup[T]) config(c *layer.Config, oov T) {
	c.Bool("invert", &l.Invert, false)
	c.IntOrNone("max_tokens", &l.MaxTokens)
	c.Int("num_oov_indices", &l.NumOOVIndices, 1)
	token(c, "oov_token", &l.OOVToken, &oov)
	token(c, "mask_token", &l.MaskToken, nil)
	outputMode(c, &l.OutputMode, "int", "one_hot", "multi_hot", "count", "tf_idf")
	dense(c)
	c.Bool("pad_to_max_tokens", &l.PadToMaxTokens, false)
	c.Choice("oov_method", &l.OOVMethod, "floormod", "farmhash")
	salt(c, &l.Salt)
	size := &l.frozen
	if l.frozen == 0 {
		size = nil
	}
	c.IntOrNone("vocabulary_size", &size)
	c.Inert("has_input_vocabulary") // written by Keras 2
	l.NoAutocast = true
	if !c.Reading() {
		l.putVocabulary(c)
		return
	}
	if size != nil {
		l.frozen = *size
	}
	switch {
	case l.NumOOVIndices < 0:
		c.Errorf("num_oov_indices", "0 or more is expected, not %d", l.NumOOVIndices)
	case l.NumOOVIndices > maxPlaces:
		c.Errorf("num_oov_indices", "at most %d are supported, not %d", maxPlaces, l.NumOOVIndices)
	case l.PadToMaxTokens && l.OutputMode == "tf_idf" && l.MaxTokens != nil && *l.MaxTokens > maxPlaces:
		c.Errorf("max_tokens", "at most %d are supported, not %d", maxPlaces, *l.MaxTokens)
	case l.MaxTokens != nil && *l.MaxTokens <= 1:
		c.Errorf("max_tokens", "it must be above 1, not %d", *l.MaxTokens)
	case l.PadToMaxTokens && l.MaxTokens == nil:
		c.Errorf("pad_to_max_tokens", "it needs max_tokens")
	case l.Invert && l.OutputMode != "int":
		c.Errorf("output_mode", "an inverted lookup has output_mode \"int\", not %q", l.OutputMode)
	case l.Invert && l.OOVToken == nil:
		c.Errorf("oov_token", "an inverted lookup needs one")
	default:
		l.readVocabulary(c)
	}
}

func (l *IndexLookup[T]) putVocabulary(c *layer.Config) {
	var vocabulary, idf any
	if w := l.words.Load(); l.given && w != nil {
		vocabulary = rawTokens(w.tokens)
	}
	switch w := l.words.Load(); {
	case l.givenIDF != nil && l.idf != nil && w != nil:
		idf = rawFloats(l.idf[l.special():][:len(w.tokens)])
	case l.givenIDF != nil: // without a vocabulary they mean nothing, but are kept
		idf = rawFloats(l.givenIDF)
	}
	c.Raw("idf_weights", &idf, nil)
	c.Raw("vocabulary", &vocabulary, nil)
}

func (l *IndexLookup[T]) readVocabulary(c *layer.Config) {
	var idf []float32
	if raw, _ := c.Value("idf_weights"); raw != nil {
		list, ok := raw.([]any)
		for _, v := range list {
			n, isNumber := v.(pyjson.Number)
			ok = ok && isNumber
			idf = append(idf, float32(n.Float()))
		}
		if !ok {
			c.Errorf("idf_weights", "a list of numbers is expected, not %s", pyjson.Describe(raw))
			return
		}
		l.givenIDF = append([]float32{}, idf...)
	}
	raw, _ := c.Value("vocabulary")
	switch v := raw.(type) {
	case nil:
	case string:
		c.Unsupported("vocabulary", "it names the file %q outside of the model, and such files are never opened; save the model with Keras "+
			"3.12 or later, which puts the vocabulary into it", v)
	case []any:
		tokens := make([]T, len(v))
		for i, x := range v {
			t, ok := parseToken[T](x)
			if !ok {
				c.Errorf("vocabulary/"+strconv.Itoa(i), "a token is expected, not %s", pyjson.Describe(x))
				return
			}
			tokens[i] = t
		}
		l.given = true
		if err := l.setVocabulary(tokens, idf); err != nil {
			c.Errorf("vocabulary", "%v", err)
		}
	default:
		c.Errorf("vocabulary", "a list of tokens is expected, not %s", pyjson.Describe(raw))
	}
}

// token visits a token or null.
func token[T Token](c *layer.Config, key string, field **T, def *T) {
	var raw any
	if *field != nil {
		raw = rawToken(**field)
	}
	var rawDef any
	if def != nil {
		rawDef = rawToken(*def)
	}
	c.Raw(key, &raw, rawDef)
	if raw == nil {
		*field = nil
		return
	}
	t, ok := parseToken[T](raw)
	if !ok {
		c.Errorf(key, "a token or null is expected, not %s", pyjson.Describe(raw))
		return
	}
	*field = &t
}

func rawToken[T Token](t T) any {
	switch t := any(t).(type) {
	case int64:
		return pyjson.Number(strconv.FormatInt(t, 10))
	default:
		return t
	}
}

func rawTokens[T Token](tokens []T) any {
	list := make([]any, len(tokens))
	for i, t := range tokens {
		list[i] = rawToken(t)
	}
	return list
}

func parseToken[T Token](v any) (t T, ok bool) {
	switch p := any(&t).(type) {
	case *string:
		*p, ok = v.(string)
	case *int64:
		var n pyjson.Number
		if n, ok = v.(pyjson.Number); ok {
			*p, ok = n.Int64()
		}
	}
	return t, ok
}

// salt visits the key of SipHash: two integers, one for both, or null.
func salt(c *layer.Config, field *[]int64) {
	var raw any
	if *field != nil {
		list := make([]any, len(*field))
		for i, v := range *field {
			list[i] = rawToken(v)
		}
		raw = list
	}
	c.Raw("salt", &raw, nil)
	*field = nil
	if raw == nil {
		return
	}
	list, ok := raw.([]any)
	if !ok {
		list = []any{raw, raw}
	}
	for _, x := range list {
		v, ok := parseToken[int64](x)
		if !ok || len(list) != 2 {
			c.Errorf("salt", "an integer, two of them or null are expected, not %s", pyjson.Describe(raw))
			return
		}
		*field = append(*field, v)
	}
}

// maskPlaces is the number of places before those for unknown tokens.
func (l *IndexLookup[T]) maskPlaces() int {
	if l.MaskToken != nil && l.OutputMode == "int" {
		return 1
	}
	return 0
}

// special is the number of places before the vocabulary.
func (l *IndexLookup[T]) special() int { return l.maskPlaces() + l.NumOOVIndices }

// depth is the length of the vectors, 0 if it is not known yet.
func (l *IndexLookup[T]) depth() int {
	if l.PadToMaxTokens {
		return *l.MaxTokens
	}
	if w := l.words.Load(); w != nil {
		return l.special() + len(w.tokens)
	}
	return 0
}

// Build implements layer.Builder: it makes the weights of tf_idf.
func (l *IndexLookup[T]) Build(c *layer.Call) {
	if l.OutputMode != "tf_idf" {
		return
	}
	v := c.AddWeight("idf_weights", nil, []int{l.needDepth(c)}, layer.NotTrainable, layer.OfType(tensor.Float32))
	v.FileKey = "idf_weights" // in weights files it stands under its name
	if l.idf != nil {
		if err := v.Assign(tensor.FromSlice(slices.Clone(l.idf), len(l.idf))); err != nil {
			c.Fail("%v", err)
		}
	}
	l.idfWeights = v
}

func (l *IndexLookup[T]) needDepth(c *layer.Call) int {
	d := l.depth()
	if d == 0 {
		c.Fail("it has no vocabulary: give it one with set_vocabulary or adapt before the model is built")
	}
	return d
}

// lookUp writes the whole layer for tokens x of the layer's type, or numbers if it is inverted.
func (l *IndexLookup[T]) lookUp(c *layer.Call, x *graph.Value) *graph.Value {
	if l.words.Load() == nil && !c.Symbolic() {
		c.Fail("it has no vocabulary: give it one with set_vocabulary or adapt")
	}
	if l.Invert {
		return c.Emit1(opInvert[T]{l}, c.Cast(x, tensor.Int64))
	}
	ids := c.Emit1(opLookUp[T]{l}, x)
	return l.encode(c, ids)
}

// encode gives numbers the form of OutputMode.
func (l *IndexLookup[T]) encode(c *layer.Call, ids *graph.Value) *graph.Value {
	switch l.OutputMode {
	case "int":
		return ids
	case "tf_idf":
		n := encodeCategorical(c, ids, "count", l.needDepth(c), tensor.Int64, nil)
		return c.Mul(c.Cast(n, tensor.Float32), c.Raw(l.idfWeights))
	}
	return encodeCategorical(c, ids, l.OutputMode, l.needDepth(c), tensor.Int64, nil)
}

// number returns the number of one token; masked tokens of vectors have none and get the largest int64.
func (l *IndexLookup[T]) number(w *words[T], t T) (int64, error) {
	if l.MaskToken != nil && t == *l.MaskToken {
		if l.OutputMode == "int" {
			return 0, nil
		}
		return math.MaxInt64, nil
	}
	if id, ok := w.index[t]; ok {
		return id + int64(l.special()), nil
	}
	switch n := l.NumOOVIndices; n {
	case 0:
		return 0, fmt.Errorf("layer %q: %s is not in the vocabulary, and num_oov_indices=0 leaves no place for unknown tokens", l.Name(),
			describeToken(t))
	case 1:
		return int64(l.maskPlaces()), nil
	default:
		return int64(l.maskPlaces()) + l.bucket(t, n), nil
	}
}

// bucket is the place of an unknown token among n.
func (l *IndexLookup[T]) bucket(t T, n int) int64 {
	text := ""
	switch t := any(t).(type) {
	case string:
		text = t
	case int64:
		if l.OOVMethod != "farmhash" {
			m := t % int64(n)
			if m < 0 {
				m += int64(n)
			}
			return m
		}
		text = strconv.FormatInt(t, 10)
	}
	return hashBucket([]byte(text), l.Salt, n)
}

// hashBucket hashes a text into n buckets: with SipHash if there is a salt, else with FarmHash.
func hashBucket(s []byte, salt []int64, n int) int64 {
	h := uint64(0)
	if len(salt) == 2 {
		h = hash.Sip(uint64(salt[0]), uint64(salt[1]), s)
	} else {
		h = hash.Farm(s)
	}
	return int64(h % uint64(n))
}

func describeToken[T Token](t T) string {
	if s, ok := any(t).(string); ok {
		return strconv.Quote(s)
	}
	return fmt.Sprint(t)
}

// tokensOf returns the part of a buffer in which tokens are.
func tokensOf[T Token](b graph.Buf) []T {
	if s, ok := any(b.S).([]T); ok {
		return s
	}
	return any(b.I).([]T)
}

func tokenType[T Token]() tensor.DType {
	if _, ok := any((*T)(nil)).(*string); ok {
		return tensor.String
	}
	return tensor.Int64
}

// opLookUp turns tokens into numbers. It reads the vocabulary when it runs, so that SetVocabulary takes effect at once.
type opLookUp[T Token] struct{ Layer *IndexLookup[T] }

// Name implements graph.Op.
func (opLookUp[T]) Name() string { return "look_up" }

// Impure implements the face of that name.
func (opLookUp[T]) Impure() {}

// Infer implements graph.Op.
func (op opLookUp[T]) Infer(n *graph.Node) {
	if n.In[0].DType != tokenType[T]() {
		panic(&graph.Error{Msg: fmt.Sprintf("%s: tokens of type %s where %s is expected", op.Name(), n.In[0].DType, tokenType[T]())})
	}
	n.SetOut(tensor.Int64, n.In[0].Shape...)
}

// Eval implements graph.Op.
func (op opLookUp[T]) Eval(_ *graph.Node, in, out []graph.Buf) error {
	l := op.Layer
	w := l.words.Load()
	for i, t := range tokensOf[T](in[0]) {
		id, err := l.number(w, t)
		if err != nil {
			return err
		}
		out[0].I[i] = id
	}
	return nil
}

// opInvert turns numbers into tokens. It reads the vocabulary when it runs.
type opInvert[T Token] struct{ Layer *IndexLookup[T] }

// Name implements graph.Op.
func (opInvert[T]) Name() string { return "look_up_invert" }

// Impure implements the face of that name.
func (opInvert[T]) Impure() {}

// Infer implements graph.Op.
func (opInvert[T]) Infer(n *graph.Node) { n.SetOut(tokenType[T](), n.In[0].Shape...) }

// Eval implements graph.Op.
func (op opInvert[T]) Eval(_ *graph.Node, in, out []graph.Buf) error {
	l := op.Layer
	w, y := l.words.Load(), tokensOf[T](out[0])
	for i, id := range in[0].I {
		switch at := id - int64(l.special()); {
		case id == 0 && l.MaskToken != nil:
			y[i] = *l.MaskToken
		case at >= 0 && at < int64(len(w.tokens)):
			y[i] = w.tokens[at]
		default:
			y[i] = *l.OOVToken
		}
	}
	return nil
}
