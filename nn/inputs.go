package nn

// InputKeys returns the keys of the model's inputs where it takes a dict, in the order of Inputs, "" where it does not: they
// may differ from the names of the inputs.
func (m *Model) InputKeys() []string { return m.inputKeys() }

// InputOptional reports whether input i may be left out (keras.Input(optional=True)).
func (m *Model) InputOptional(i int) bool {
	ins := m.inputLayers()
	return i >= 0 && i < len(ins) && ins[i].Optional
}
