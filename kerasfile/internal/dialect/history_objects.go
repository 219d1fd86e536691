package dialect

// objects are the other classes that have a history, by module and name; "*" stands for all classes of a module.
var objects = map[string]history{
	"keras.Functional": {gaps: []gap{
		{until: v{3, 3}, what: "a Functional model as the last layer of another", has: endsInFunctional},
		{until: v{3, 7}, what: "a layer that is called again on what comes of a later one", has: callsBack},
		{from: v{3, 10}, until: v{3, 14}, what: "an input that nothing uses", has: hasUnusedInput},
		{until: v{3, 3}, what: "the attention scores of a MultiHeadAttention", has: usesScores("MultiHeadAttention")},
		{until: v{3, 8}, what: "the attention scores of an Attention layer", has: usesScores("Attention", "AdditiveAttention")},
		{until: v{3, 15}, what: "the attention scores of a GroupQueryAttention", has: usesScores("GroupQueryAttention")},
	}},
	"keras.dtype_policies.AWQDTypePolicy":             {since: v{3, 14}},
	"keras.dtype_policies.DTypePolicyMap":             {since: v{3, 4}},
	"keras.dtype_policies.GPTQDTypePolicy":            {since: v{3, 12}},
	"keras.dtype_policies.Int4DTypePolicy":            {since: v{3, 14}},
	"keras.dtype_policies.QuantizedFloat8DTypePolicy": {since: v{3, 3}},
	"keras.initializers.*": {arguments: []argument{
		{"input_axes", v{3, 15}, "null"},
		{"output_axes", v{3, 15}, "null"},
	}},
	"keras.initializers.Identity": {gaps: []gap{{until: v{3, 2}, what: "this initializer", has: always}}},
	"keras.initializers.IdentityInitializer": {
		former: "Identity", renamed: v{3, 7},
		gaps: []gap{{until: v{3, 2}, what: "this initializer", has: always}},
	},
	"keras.initializers.Orthogonal":                   {former: "OrthogonalInitializer", renamed: v{3, 7}},
	"keras.initializers.STFT":                         {since: v{3, 7}},
	"keras.losses.*":                                  {arguments: []argument{{"dtype", v{3, 4}, `"float32"`}}},
	"keras.losses.CategoricalGeneralizedCrossEntropy": {since: v{3, 10}},
	"keras.losses.Circle":                             {since: v{3, 7}},
	"keras.losses.Dice":                               {since: v{3, 2}, arguments: []argument{{"axis", v{3, 4}, "null"}}},
	"keras.losses.SparseCategoricalCrossentropy":      {arguments: []argument{{"axis", v{3, 10}, "-1"}}},
	"keras.losses.Tversky":                            {since: v{3, 3}, arguments: []argument{{"axis", v{3, 8}, "null"}}},
	"keras.metrics.ConcordanceCorrelation":            {since: v{3, 7}},
	"keras.metrics.PearsonCorrelation":                {since: v{3, 7}},
	"keras.metrics.SparseCategoricalCrossentropy":     {arguments: []argument{{"ignore_class", v{3, 14}, "null"}}},
	"keras.metrics.SparseTopKCategoricalAccuracy":     {arguments: []argument{{"from_sorted_ids", v{3, 7}, "false"}}},
	"keras.optimizers.*":                              {arguments: []argument{{"gradient_accumulation_steps", v{3, 0, 2}, "null"}}},
	"keras.optimizers.Lamb":                           {since: v{3, 5}},
	"keras.optimizers.MultiOptimizer":                 {since: v{3, 15}},
	"keras.optimizers.Muon": {
		since:     v{3, 10},
		arguments: []argument{{"adam_weight_decay", v{3, 13}, "0.004"}, {"rms_rate", v{3, 13}, "0.2"}},
	},
	"keras.optimizers.OptimizerMap":      {since: v{3, 15}},
	"keras.optimizers.ScheduleFreeAdamW": {since: v{3, 14}},
}
