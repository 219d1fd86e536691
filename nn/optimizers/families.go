package optimizers

import "github.com/hornml/horn/nn/layer"

// All is the family of the classes of keras.optimizers and keras.optimizers.schedules.
func All(r *layer.Registry) {
	r.Add(addAdadelta, addAdafactor, addAdagrad, addAdam, addAdamax, addFtrl, addLamb, addLion, addLossScaleOptimizer, addMultiOptimizer,
		addMuon, addNadam, addRmsprop, addScheduleFreeAdamw, addSchedules, addSgd)
}
