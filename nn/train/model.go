package train

import (
	"github.com/hornml/horn/internal/pyjson"
	"github.com/hornml/horn/nn/graph"
	"github.com/hornml/horn/nn/internal/plan"
	"github.com/hornml/horn/nn/layer"
	"github.com/hornml/horn/tensor"
)

// Model is what this package asks of a model. The methods of nn.Model that are named as the functions here hand it over.
type Model interface {
	// CheckInputs says what does not fit in tensors for the model's inputs.
	CheckInputs(x []tensor.Any) error
	// BatchSize is the only number of samples that the model takes at once, 0 for one that takes any.
	BatchSize() int
	// OutputTree is the structure of the outputs ([]any, map[string]any) with an int for each, its number in flat order.
	OutputTree() any
	// OutputLayers names, by output, the layers that make them (Functional.output_names); nil for a Sequential model.
	OutputLayers() []string
	// CompileConfig is what a file has of the arguments of compile.
	CompileConfig() *pyjson.Object
	// Registry has the losses and metrics that the compile state may name.
	Registry() *layer.Registry
	// TrainableVariables are the variables that training changes, in Keras's order.
	TrainableVariables() []*layer.Variable
	// Trace writes the model's ops for inputs like x.
	Trace(t *layer.Trace, x []tensor.Any) (layer.Traced, error)
	// Compile makes a plan that shares the model's weights in their packed forms.
	Compile(g *graph.Graph) (*plan.Plan, error)
	// Run runs a plan with the states that the model keeps between calls.
	Run(p *plan.Plan, x []tensor.Any) ([]tensor.Any, error)
}
