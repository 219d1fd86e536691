package ops

import (
	"fmt"
	"math"
	"sort"

	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

func addCtc(r *layer.Registry) {
	for _, class := range []string{"CTCLoss", "CtcLoss"} { // the second in Keras 3.0
		r.RegisterOp("nn", class, ctcLossOp)
	}
	r.RegisterOp("nn", "CTCDecode", ctcDecode)
}

func ctcLossOp(o *layer.OpCall) any {
	target, output := indices(o, 0, "target"), asFloat(o, o.Tensor(1, "output"))
	output = o.Cast(output, resultType(o, output.DType, tensor.Float32))
	targetLength, outputLength := indices(o, 2, "target_length"), indices(o, 3, "output_length")
	mask := o.Int(-1, "mask_index", 0)
	return CTCLoss(o.Builder, output, target, targetLength, outputLength, mask)
}

func ctcDecode(o *layer.OpCall) any {
	x := asFloat(o, o.Tensor(0, "inputs"))
	x = o.Cast(x, resultType(o, x.DType, tensor.Float32))
	a := opCTCDecode{
		Beam: o.Choice(-1, "strategy", "greedy", "beam_search") == "beam_search", Width: o.Int(-1, "beam_width", 100),
		Paths: o.Int(-1, "top_paths", 1), Merge: o.Bool(-1, "merge_repeated", true),
	}
	if v := o.IntOrNone(-1, "mask_index"); v != nil {
		a.Mask = *v
	} else {
		a.Mask = x.Shape[x.Rank()-1] - 1
	}
	if !a.Beam {
		a.Paths = 1
	} else {
		x = o.LogSoftmax(x, -1)
	}
	return many(o.Emit(a, x, indices(o, 1, "sequence_lengths")))
}

// CTCLoss writes keras.ops.ctc_loss: a loss for each sample, of logits (batch, time, classes), class numbers (batch, length)
// and the lengths of both (batch); blank is the class that stands for none.
func CTCLoss(b *graph.Builder, output, target, targetLength, outputLength *graph.Value, blank int) *graph.Value {
	return b.Emit1(opCTCLoss{blank}, b.LogSoftmax(output, -1), target, targetLength, outputLength)
}

// opCTCLoss is the negative logarithm of the probability of a target, over all ways to write it with repeats and blanks
// (Graves et al. 2006): inputs are log probabilities (batch, time, classes), targets (batch, length), and both lengths
// (batch). Blank is the class that stands for none. A target that does not fit into the time has an infinite loss.
type opCTCLoss struct{ Blank int }

// Name implements graph.Op.
func (opCTCLoss) Name() string { return "ctc_loss" }

// Infer implements graph.Op.
func (op opCTCLoss) Infer(n *graph.Node) {
	x, t := n.In[0], n.In[1]
	if x.Rank() != 3 || t.Rank() != 2 || !graph.Fits(t.Shape[0], x.Shape[0]) || !graph.Fits(n.In[2].Size(), x.Shape[0]) ||
		!graph.Fits(n.In[3].Size(), x.Shape[0]) {
		panic(&graph.Error{Msg: fmt.Sprintf("ctc_loss: outputs %s, targets %s and lengths %s, %s do not fit", x, t, n.In[3], n.In[2])})
	}
	if blank := op.Blank; graph.Known(x.Shape[2]) && (blank < 0 || blank >= x.Shape[2]) {
		panic(&graph.Error{Msg: fmt.Sprintf("ctc_loss: the mask index %d is none of the %d classes", blank, x.Shape[2])})
	}
	n.SetOut(x.DType, x.Shape[0])
}

// Eval implements graph.Op.
func (op opCTCLoss) Eval(n *graph.Node, in, out []graph.Buf) error {
	blank := op.Blank
	time, classes, longest := n.In[0].Shape[1], n.In[0].Shape[2], n.In[1].Shape[1]
	for b := range n.In[0].Shape[0] {
		length, steps := in[2].I[b], in[3].I[b]
		if length < 0 || length > int64(longest) || steps < 0 || steps > int64(time) {
			return fmt.Errorf("%s: lengths %d and %d of a target and an output of at most %d and %d", n.Label, length, steps, longest, time)
		}
		labels := in[1].I[b*longest:][:length]
		for _, l := range labels {
			if l < 0 || l >= int64(classes) {
				return fmt.Errorf("%s: the target class %d is outside 0..%d", n.Label, l, classes-1)
			}
		}
		logp := func(t int, class int64) float64 { return in[0].Float64((b*time+t)*classes + int(class)) }
		setFloat(out[0], b, ctcLoss(labels, int(steps), int64(blank), logp))
	}
	return nil
}

func ctcLoss(labels []int64, steps int, blank int64, logp func(t int, class int64) float64) float64 {
	// States are: blank, first label, blank, second label, ..., blank.
	states := 2*len(labels) + 1
	class := func(s int) int64 {
		if s%2 == 0 {
			return blank
		}
		return labels[s/2]
	}
	if steps == 0 {
		if len(labels) == 0 {
			return 0
		}
		return math.Inf(1)
	}
	now, next := make([]float64, states), make([]float64, states)
	for s := range now {
		now[s] = math.Inf(-1)
		if s < 2 {
			now[s] = logp(0, class(s))
		}
	}
	for t := 1; t < steps; t++ {
		for s := range now {
			sum := now[s]
			if s > 0 {
				sum = logAdd(sum, now[s-1])
			}
			if s > 1 && class(s) != blank && class(s) != class(s-2) {
				sum = logAdd(sum, now[s-2])
			}
			next[s] = sum + logp(t, class(s))
		}
		now, next = next, now
	}
	last := now[states-1]
	if states > 1 {
		last = logAdd(last, now[states-2])
	}
	return -last
}

func logAdd(x, y float64) float64 { return logSum(x, y, math.Exp, math.Log1p) }

// opCTCDecode finds label sequences in (log) probabilities (batch, time, classes) of sequences of the given lengths
// (batch). It returns int32 labels (paths, batch, time), filled up with -1, and scores (batch, paths).
type opCTCDecode struct {
	Beam, Merge        bool
	Width, Paths, Mask int
}

// Name implements graph.Op.
func (opCTCDecode) Name() string { return "ctc_decode" }

// Infer implements graph.Op.
func (op opCTCDecode) Infer(n *graph.Node) {
	x, a := n.In[0], op
	if x.Rank() != 3 || !graph.Fits(n.In[1].Size(), x.Shape[0]) || x.Shape[1] == 0 || x.Shape[2] == 0 {
		panic(&graph.Error{Msg: fmt.Sprintf("ctc_decode: inputs %s and lengths %s do not fit", x, n.In[1])})
	}
	if a.Paths < 1 || a.Width < 1 || a.Width > 1<<20 || a.Paths > 2*a.Width || a.Mask < 0 || graph.Known(x.Shape[2]) && a.Mask >= x.Shape[2] {
		panic(&graph.Error{Msg: fmt.Sprintf("ctc_decode: a beam of %d, %d paths and the mask index %d for the classes of %s", a.Width, a.Paths,
			a.Mask, x)})
	}
	n.SetOut(tensor.Int32, a.Paths, x.Shape[0], x.Shape[1])
	n.SetOut(x.DType, x.Shape[0], a.Paths)
}

// Eval implements graph.Op.
func (op opCTCDecode) Eval(n *graph.Node, in, out []graph.Buf) error {
	a := op
	batch, time, classes := n.In[0].Shape[0], n.In[0].Shape[1], n.In[0].Shape[2]
	for i := range out[0].I {
		out[0].I[i] = -1
	}
	for b := range batch {
		steps := int(max(0, min(in[1].I[b], int64(time))))
		get := func(t, c int) float64 { return in[0].Float64((b*time+t)*classes + c) }
		if !a.Beam {
			labels, score := ctcGreedy(a, time, steps, classes, get)
			for i, l := range labels {
				out[0].I[b*time+i] = int64(l)
			}
			setFloat(out[1], b, score)
			continue
		}
		found := ctcBeams(a, steps, classes, get)
		for p := range a.Paths {
			score := math.Inf(-1)
			if p < len(found) {
				score = found[p].score
				for i, l := range found[p].labels {
					out[0].I[(p*batch+b)*time+i] = int64(l)
				}
			}
			setFloat(out[1], b*a.Paths+p, score)
		}
	}
	return nil
}

// ctcGreedy takes the most likely class at each step; the score is the negative sum of what stands for it.
func ctcGreedy(a opCTCDecode, time, steps, classes int, get func(t, c int) float64) (labels []int, score float64) {
	previous := -1
	for t := range time {
		best := a.Mask
		if t < steps {
			best = 0
			for c := 1; c < classes; c++ {
				if v, top := get(t, c), get(t, best); v > top || v != v && top == top {
					best = c
				}
			}
			score -= get(t, best)
		}
		if best != a.Mask && !(a.Merge && t > 0 && best == previous) {
			labels = append(labels, best)
		}
		previous = best
	}
	return labels, score
}

// ctcPath is a label sequence in a tree of them.
type ctcPath struct {
	parent   *ctcPath
	label    int
	children map[int]*ctcPath
	// Logarithms of the probability of being here at this step with the last label (emit) or a blank (blank), and those of
	// the next step.
	emit, blank, nextEmit, nextBlank float64
	reached                          bool
}

func (p *ctcPath) labels() []int {
	var out []int
	for ; p.parent != nil; p = p.parent {
		out = append(out, p.label)
	}
	for i, j := 0, len(out)-1; i < j; i, j = i+1, j-1 {
		out[i], out[j] = out[j], out[i]
	}
	return out
}

func (p *ctcPath) child(label int) *ctcPath {
	c := p.children[label]
	if c == nil {
		c = &ctcPath{parent: p, label: label, emit: math.Inf(-1), blank: math.Inf(-1)}
		if p.children == nil {
			p.children = map[int]*ctcPath{}
		}
		p.children[label] = c
	}
	return c
}

type ctcResult struct {
	labels []int
	score  float64
}

// ctcBeams keeps the best beams at each step, and returns the best ones at the end.
func ctcBeams(a opCTCDecode, steps, classes int, logp func(t, c int) float64) []ctcResult {
	root := &ctcPath{emit: math.Inf(-1), blank: math.Inf(-1)}
	// The first step starts with its most likely classes.
	first := make([]int, classes)
	for i := range first {
		first[i] = i
	}
	sort.SliceStable(first, func(i, j int) bool { return logp(0, first[i]) > logp(0, first[j]) })
	var beams []*ctcPath
	for _, c := range first[:min(classes, a.Width)] {
		if c == a.Mask {
			root.blank = logp(0, c)
			beams = append(beams, root)
			continue
		}
		p := root.child(c)
		p.emit = logp(0, c)
		beams = append(beams, p)
	}
	for t := 1; t < steps; t++ {
		var touched []*ctcPath
		touch := func(p *ctcPath) {
			if !p.reached {
				p.reached, p.nextEmit, p.nextBlank = true, math.Inf(-1), math.Inf(-1)
				touched = append(touched, p)
			}
		}
		for _, p := range beams {
			for c := range classes {
				x := logp(t, c)
				switch {
				case c == a.Mask:
					touch(p)
					p.nextBlank = logAdd(p.nextBlank, logAdd(p.emit, p.blank)+x)
				case p.parent != nil && c == p.label:
					touch(p) // the label goes on, or a blank stood between
					p.nextEmit = logAdd(p.nextEmit, p.emit+x)
					q := p.child(c)
					touch(q)
					q.nextEmit = logAdd(q.nextEmit, p.blank+x)
				default:
					q := p.child(c)
					touch(q)
					q.nextEmit = logAdd(q.nextEmit, logAdd(p.emit, p.blank)+x)
				}
			}
		}
		for _, p := range beams {
			p.emit, p.blank = math.Inf(-1), math.Inf(-1)
		}
		for _, p := range touched {
			p.emit, p.blank, p.reached = p.nextEmit, p.nextBlank, false
		}
		beams = best(touched, a.Width)
		kept := map[*ctcPath]bool{}
		for _, p := range beams {
			kept[p] = true
		}
		for _, p := range touched {
			if !kept[p] {
				p.emit, p.blank = math.Inf(-1), math.Inf(-1)
			}
		}
	}
	var out []ctcResult
	for _, p := range best(beams, a.Paths) {
		out = append(out, ctcResult{p.labels(), logAdd(p.emit, p.blank)})
	}
	return out
}

// best returns the n most likely paths, the best first; among equals the one with smaller labels.
func best(paths []*ctcPath, n int) []*ctcPath {
	type scored struct {
		p     *ctcPath
		score float64
	}
	list := make([]scored, len(paths))
	for i, p := range paths {
		list[i] = scored{p, logAdd(p.emit, p.blank)}
	}
	sort.SliceStable(list, func(i, j int) bool {
		if list[i].score != list[j].score {
			return list[i].score > list[j].score
		}
		return smaller(list[i].p.labels(), list[j].p.labels())
	})
	out := make([]*ctcPath, min(n, len(list)))
	for i := range out {
		out[i] = list[i].p
	}
	return out
}

// smaller orders label sequences as numbers in a table, in which a longer one comes before its beginning.
func smaller(x, y []int) bool {
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return x[i] < y[i]
		}
	}
	return len(x) > len(y)
}
