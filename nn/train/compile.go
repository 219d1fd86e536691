package train

import (
	"errors"
	"fmt"

	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn/internal/jit"
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
	registry   *layer.Registry
	outputs    *structure // of output numbers
	names      []string   // by output: the layers that make them; nil for a Sequential model
	yTrue, out [][]int    // shapes by output; nil for a target that is left out
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

// object reads a loss or a metric and returns what is wrong with it at once.
func (r *compiler) object(kind string, spec any) (*layer.Object, error) {
	d := &layer.Decoder{Registry: r.registry}
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
