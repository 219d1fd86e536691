package train

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn/internal/jit"
	"github.com/hornml/horn/nn/internal/tree"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/nn/losses"
	"github.com/hornml/horn/nn/metrics"
)

// compiledLoss is the loss of one output.
type compiledLoss struct {
	output int
	name   string // of the output, for the line of this loss
	weight float64
	loss   losses.Loss
	run    *jit.Function
}

// compiledMetric is a metric of one output.
type compiledMetric struct {
	output   int
	prefix   string // the output's name where there are several outputs, else ""
	weighted bool
	metric   metrics.Metric
}

// compiler resolves the losses and metrics of a compile state for targets and predictions of known shapes, as Keras's
// CompileLoss and CompileMetrics do.
type compiler struct {
	custom     layer.CustomObjects
	outputs    *structure // of output numbers
	names      []string   // by output: the layers that make them; nil for a Sequential model
	yTrue, out [][]int    // shapes by output; nil for a target that is left out
}

// structure is a structure of lists and dicts of an argument of compile, or of outputs.
type structure struct {
	kind   byte // 'l' list, 'd' dict, 0 for a leaf
	keys   []string
	items  []*structure
	leaf   any // a leaf's value: JSON, or the number of an output
	weight *float64
}

// treeOf takes an argument of compile apart; the records of losses and metrics are leaves.
func treeOf(v any) *structure {
	t := &structure{leaf: v}
	switch v := v.(type) {
	case []any:
		t.kind, t.leaf = 'l', nil
		for _, x := range v {
			t.items = append(t.items, treeOf(x))
		}
	case *pyjson.Object:
		if isRecord(v) {
			break
		}
		t.kind, t.leaf = 'd', nil
		for _, k := range v.Keys() {
			t.keys = append(t.keys, k)
			t.items = append(t.items, treeOf(v.Get(k)))
		}
	}
	return t
}

func isRecord(o *pyjson.Object) bool {
	_, config := o.Lookup("config")
	return o.String("class_name") != "" && config
}

// outputTree is a structure of output numbers as one of an argument of compile.
func outputTree(v any) *structure {
	switch v := v.(type) {
	case []any:
		t := &structure{kind: 'l'}
		for _, x := range v {
			t.items = append(t.items, outputTree(x))
		}
		return t
	case map[string]any:
		t := &structure{kind: 'd', keys: tree.Keys(v)}
		for _, k := range t.keys {
			t.items = append(t.items, outputTree(v[k]))
		}
		return t
	}
	return &structure{leaf: v}
}

// leaves lists a tree's leaves in Keras's order: dicts by sorted key.
func (t *structure) leaves() []*structure {
	if t.kind == 0 {
		return []*structure{t}
	}
	var out []*structure
	for _, i := range t.order() {
		out = append(out, t.items[i].leaves()...)
	}
	return out
}

func (t *structure) order() []int {
	order := make([]int, len(t.items))
	for i := range order {
		order[i] = i
	}
	if t.kind == 'd' {
		slices.SortFunc(order, func(a, b int) int { return strings.Compare(t.keys[a], t.keys[b]) })
	}
	return order
}

func (t *structure) get(key string) *structure {
	if i := slices.Index(t.keys, key); i >= 0 {
		return t.items[i]
	}
	return nil
}

// flat reports whether all parts of a list or dict are leaves.
func (t *structure) flat() bool {
	return t.kind != 0 && !slices.ContainsFunc(t.items, func(i *structure) bool { return i.kind != 0 })
}

// empty is what Python takes for false.
func (t *structure) empty() bool {
	return t.kind != 0 && len(t.items) == 0 || t.kind == 0 && t.leaf == nil
}

func sameNames(a, b []string) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(slices.Compact(a), slices.Compact(b))
}

// losses resolves the arguments "loss" and "loss_weights".
func (r *compiler) losses(loss, weights any) ([]*compiledLoss, error) {
	t, w := treeOf(loss), treeOf(weights)
	if t.kind == 0 && t.leaf == nil {
		return nil, nil
	}
	if t.kind == 'd' && r.outputs.kind != 'd' && r.names != nil {
		if !sameNames(t.keys, r.names) {
			return nil, fmt.Errorf("the losses are for the outputs %q; the model has %q", t.keys, r.names)
		}
		t = t.inOrder(r.names)
		if w.kind == 'd' {
			w = w.inOrder(r.names)
		}
	}
	if !w.empty() {
		if err := t.weigh(w); err != nil {
			return nil, err
		}
	}
	var out []*compiledLoss
	add := func(l *compiledLoss) { out = append(out, l) }
	if t.kind == 0 { // one loss for all outputs
		for _, o := range r.outputs.leaves() {
			if err := r.loss(o, t, r.path(o), add); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	return out, r.nested(r.outputs, t, "", true, add)
}

// inOrder makes a list of a dict.
func (t *structure) inOrder(names []string) *structure {
	out := &structure{kind: 'l'}
	for _, n := range names {
		item := t.get(n)
		if item == nil {
			item = &structure{}
		}
		out.items = append(out.items, item)
	}
	return out
}

// weigh gives each loss its weight.
func (t *structure) weigh(weights *structure) error {
	losses, numbers := t.leaves(), weights.leaves()
	if len(losses) != len(numbers) {
		return fmt.Errorf("there are %d losses and %d loss weights", len(losses), len(numbers))
	}
	for i, n := range numbers {
		if n.leaf == nil {
			continue
		}
		number, ok := n.leaf.(pyjson.Number)
		f := number.Float()
		if !ok {
			return fmt.Errorf("a loss weight is %s; a number is expected", pyjson.Describe(n.leaf))
		}
		losses[i].weight = &f
	}
	return nil
}

// path is where an output stands among all, as the name of its loss has it.
func (r *compiler) path(output *structure) string {
	var find func(t *structure, path string) (string, bool)
	find = func(t *structure, path string) (string, bool) {
		if t == output {
			return path, true
		}
		for i, item := range t.items {
			if p, ok := find(item, r.join(path, t, i)); ok {
				return p, true
			}
		}
		return "", false
	}
	p, _ := find(r.outputs, "")
	return p
}

// join appends the place of a part of a structure to a path: its key or, in a list, the name of the output or the number.
func (r *compiler) join(path string, t *structure, i int) string {
	part := fmt.Sprint(i)
	switch item := t.items[i]; {
	case t.kind == 'd':
		part = t.keys[i]
	case item.kind == 0 && r.names != nil:
		part = r.names[item.leaf.(int)]
	}
	if path == "" {
		return part
	}
	return path + "/" + part
}

// nested pairs a structure of losses with one of outputs.
func (r *compiler) nested(out, loss *structure, path string, top bool, add func(*compiledLoss)) error {
	if loss.kind == 0 {
		return r.loss(out, loss, path, add)
	}
	all := out.leaves()
	switch {
	case loss.kind == 'l' && len(loss.items) == len(all) && (loss.flat() || len(loss.items) == 0):
		for i, o := range all {
			at := path
			if o != out {
				at = r.path(o)
			}
			if err := r.loss(o, loss.items[i], at, add); err != nil {
				return err
			}
		}
		return nil
	case loss.kind == 'l' && out.kind != 'l': // several losses of one output
		for _, item := range loss.items {
			if err := r.nested(out, item, path, false, add); err != nil {
				return err
			}
		}
		return nil
	case loss.kind != out.kind:
		return fmt.Errorf("the structure of the losses does not match that of the model's outputs")
	}
	for i, item := range loss.items {
		if item.kind == 0 && item.leaf == nil {
			continue
		}
		at := i
		if loss.kind == 'd' {
			at = slices.Index(out.keys, loss.keys[i])
		}
		if at < 0 || at >= len(out.items) {
			return fmt.Errorf("a loss is for an output that the model does not have")
		}
		if err := r.nested(out.items[at], item, r.join(path, out, at), false, add); err != nil {
			return err
		}
	}
	return nil
}

// loss resolves one loss of one output.
func (r *compiler) loss(out, loss *structure, path string, add func(*compiledLoss)) error {
	if loss.kind == 0 && loss.leaf == nil {
		return nil
	}
	if out.kind != 0 || loss.kind != 0 {
		return fmt.Errorf("a loss of several outputs together is not supported")
	}
	k := out.leaf.(int)
	l, err := r.newLoss(loss.leaf, k)
	if err != nil {
		return err
	}
	c := &compiledLoss{output: k, name: path, weight: 1, loss: l}
	if c.name == "" && r.names != nil {
		c.name = r.names[k]
	}
	if c.name == "" {
		c.name = l.LossName()
	}
	if loss.weight != nil {
		c.weight = *loss.weight
	}
	add(c)
	return nil
}

// kindOf tells what the last axes of targets and predictions say about the task.
func (r *compiler) kindOf(output int) (binary, sparse bool, err error) {
	t, p := r.yTrue[output], r.out[output]
	if len(p) == 0 || len(t) == 0 {
		return false, false, fmt.Errorf("targets of a batch are needed to tell what is meant")
	}
	lastT, lastP := t[len(t)-1], p[len(p)-1]
	return lastP == 1, len(t) < len(p) || lastT == 1 && lastP > 1, nil
}

func (r *compiler) newLoss(spec any, output int) (losses.Loss, error) {
	if s, ok := spec.(string); ok && (strings.EqualFold(s, "crossentropy") || strings.EqualFold(s, "ce")) {
		binary, sparse, err := r.kindOf(output)
		if err != nil {
			return nil, fmt.Errorf("the loss %q: %w", s, err)
		}
		switch {
		case binary:
			spec = "binary_crossentropy"
		case sparse:
			spec = "sparse_categorical_crossentropy"
		default:
			spec = "categorical_crossentropy"
		}
	}
	if name, ok := functionName(spec); ok {
		spec = name
	}
	o, err := r.object("losses", spec)
	if err != nil {
		return nil, err
	}
	l, ok := o.Impl.(losses.Loss)
	if !ok {
		return nil, fmt.Errorf("%s is no loss", o.Name)
	}
	if name, ok := spec.(string); ok && name != o.Name {
		if n, ok := l.(interface{ SetName(string) }); ok {
			n.SetName(name)
		}
	}
	return l, nil
}

// object reads a loss or a metric and returns what is wrong with it at once.
func (r *compiler) object(kind string, spec any) (*layer.Object, error) {
	d := &layer.Decoder{Custom: r.custom}
	o := d.Object(kind, pyjson.Clone(spec), "/compile_config", "")
	var all layer.Errors
	if errors.As(d.Err(), &all) {
		return nil, all[0]
	}
	if o == nil {
		return nil, fmt.Errorf("one of keras.%s is null", kind)
	}
	return o, nil
}

// functionName is the name of a function that a record stands for.
func functionName(spec any) (string, bool) {
	r, ok := spec.(*pyjson.Object)
	if !ok || r.String("class_name") != "function" {
		return "", false
	}
	name, ok := r.Get("config").(string)
	return name, ok
}

// metrics resolves the argument "metrics" or "weighted_metrics".
func (r *compiler) metrics(spec any, weighted bool) ([]*compiledMetric, error) {
	t := treeOf(spec)
	if t.empty() {
		return nil, nil
	}
	all := r.outputs.leaves()
	var out []*compiledMetric
	add := func(list *structure, output int, prefix string) error {
		if list.kind == 0 && list.leaf == nil {
			return nil
		}
		items := []*structure{list}
		if list.kind == 'l' {
			items = list.items
		}
		for _, item := range items {
			if item.kind != 0 {
				return fmt.Errorf("a list of metrics is expected for each output")
			}
			m, err := r.newMetric(item.leaf, output)
			if err != nil {
				return err
			}
			out = append(out, &compiledMetric{output, prefix, weighted, m})
		}
		return nil
	}
	if len(all) == 1 {
		for _, leaf := range t.leaves() {
			if err := add(leaf, 0, ""); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	names, order := r.named()
	if r.outputs.flat() {
		if t.kind == 'l' && len(t.items) == len(all) {
			for i, item := range t.items {
				if err := add(item, order[i], prefixAt(names, i)); err != nil {
					return nil, err
				}
			}
			return out, nil
		}
		if t.kind == 'd' && !slices.ContainsFunc(t.keys, func(k string) bool { return !slices.Contains(names, k) }) {
			for i, n := range names {
				if item := t.get(n); item != nil {
					if err := add(item, order[i], n); err != nil {
						return nil, err
					}
				}
			}
			return out, nil
		}
	}
	// The structure of the outputs, with a metric or a list of them for each.
	var pair func(o, m *structure) error
	pair = func(o, m *structure) error {
		if o.kind == 0 {
			k := o.leaf.(int)
			return add(m, k, prefixAt(r.names, k))
		}
		if m.kind != o.kind || len(m.items) != len(o.items) {
			return fmt.Errorf("the metrics must be for the outputs %q, or have the structure of the model's outputs", names)
		}
		for i, item := range o.items {
			part := m.items[i]
			if o.kind == 'd' {
				if part = m.get(o.keys[i]); part == nil {
					return fmt.Errorf("the metrics have no entry for the output %q", o.keys[i])
				}
			}
			if err := pair(item, part); err != nil {
				return err
			}
		}
		return nil
	}
	return out, pair(r.outputs, t)
}

func prefixAt(names []string, i int) string {
	if i < len(names) {
		return names[i]
	}
	return ""
}

// named returns the names by which metrics are given for outputs, and the outputs that they stand for. Outputs in a dict
// have its keys, in the order of the layers' names if these are the same.
func (r *compiler) named() (names []string, order []int) {
	if r.outputs.kind != 'd' || !r.outputs.flat() {
		for i := range r.outputs.leaves() {
			order = append(order, i)
		}
		return r.names, order
	}
	names = r.outputs.keys
	if sameNames(r.names, names) {
		names = r.names
	}
	for _, n := range names {
		order = append(order, r.outputs.get(n).leaf.(int))
	}
	return names, order
}

func (r *compiler) newMetric(spec any, output int) (metrics.Metric, error) {
	if name, ok := functionName(spec); ok {
		if r.custom[name] == nil {
			spec = pyjson.NewObject("class_name", "MeanMetricWrapper", "config", pyjson.NewObject("name", name, "fn", spec))
		} else {
			spec = name
		}
	}
	name := ""
	switch s := spec.(type) {
	case string:
		name = s
		if strings.EqualFold(s, "accuracy") || strings.EqualFold(s, "acc") {
			binary, sparse, err := r.kindOf(output)
			if err != nil {
				return nil, fmt.Errorf("the metric %q: %w", s, err)
			}
			switch {
			case binary:
				spec = "BinaryAccuracy"
			case sparse:
				spec = "SparseCategoricalAccuracy"
			default:
				spec = "CategoricalAccuracy"
			}
		}
	case *pyjson.Object:
		if layer.KindOf(s.String("module")) == "losses" { // a loss as a metric
			spec = pyjson.NewObject("class_name", "MeanMetricWrapper", "config", pyjson.NewObject("name", s.Object("config").Get("name"), "fn", s))
		}
	}
	o, err := r.object("metrics", spec)
	if err != nil {
		return nil, err
	}
	m, ok := o.Impl.(metrics.Metric)
	if !ok {
		return nil, fmt.Errorf("%s is no metric", o.Name)
	}
	if name != "" {
		m.SetMetricName(name)
	}
	return m, nil
}

// metricNames gives each metric the name of its line, as Keras does where names meet.
func metricNames(metrics []*compiledMetric) []string {
	used := map[string]int{}
	out := make([]string, len(metrics))
	for i, m := range metrics {
		of := func(name string) string {
			if m.prefix != "" {
				return m.prefix + "_" + name
			}
			return name
		}
		name := of(m.metric.MetricName())
		if used[name] > 0 && m.weighted {
			name = of("weighted_" + m.metric.MetricName())
		}
		out[i] = name
		if n := used[name]; n > 0 {
			out[i] = fmt.Sprintf("%s_%d", name, n)
		}
		used[name]++
	}
	return out
}
