package train

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hornml/horn/internal/naming"
	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/nn/metrics"
)

// metrics resolves the argument "metrics" or "weighted_metrics".
func (r *compiler) metrics(spec any, weighted bool) ([]*compiledMetric, error) {
	t := treeOf(spec)
	if t.empty() {
		return nil, nil
	}
	c := &metricCompiler{compiler: r, weighted: weighted}
	all := r.outputs.leaves()
	if len(all) == 1 {
		for _, leaf := range t.leaves() {
			if err := c.add(leaf, 0, ""); err != nil {
				return nil, err
			}
		}
		return c.out, nil
	}
	names, order := r.named()
	known := func(k string) bool { return slices.Contains(names, k) }
	switch flat := r.outputs.flat(); {
	case flat && t.kind == 'l' && len(t.items) == len(all):
		for i, item := range t.items {
			if err := c.add(item, order[i], prefixAt(names, i)); err != nil {
				return nil, err
			}
		}
	case flat && t.kind == 'd' && !slices.ContainsFunc(t.keys, func(k string) bool { return !known(k) }):
		for i, n := range names {
			if item := t.get(n); item != nil {
				if err := c.add(item, order[i], n); err != nil {
					return nil, err
				}
			}
		}
	default:
		if err := c.pair(r.outputs, t); err != nil {
			return nil, err
		}
	}
	return c.out, nil
}

// metricCompiler collects the metrics of all outputs.
type metricCompiler struct {
	*compiler
	weighted bool
	out      []*compiledMetric
}

// add takes the metrics of one output: one, or a list.
func (c *metricCompiler) add(list *structure, output int, prefix string) error {
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
		m, err := c.newMetric(item.leaf, output)
		if err != nil {
			return err
		}
		c.out = append(c.out, &compiledMetric{output, prefix, c.weighted, m})
	}
	return nil
}

// pair takes a structure like that of the outputs, with a metric or a list of them for each.
func (c *metricCompiler) pair(outputs, metrics *structure) error {
	if outputs.kind == 0 {
		k := outputs.leaf.(int)
		return c.add(metrics, k, prefixAt(c.names, k))
	}
	if metrics.kind != outputs.kind || len(metrics.items) != len(outputs.items) {
		names, _ := c.named()
		return fmt.Errorf("the metrics must be for the outputs %s, or have the structure of the model's outputs", naming.Quoted(names))
	}
	for i, item := range outputs.items {
		part := metrics.items[i]
		if outputs.kind == 'd' {
			if part = metrics.get(outputs.keys[i]); part == nil {
				return fmt.Errorf("the metrics have no entry for the output %q", outputs.keys[i])
			}
		}
		if err := c.pair(item, part); err != nil {
			return err
		}
	}
	return nil
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
		if r.registry.Custom(name) == nil {
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
