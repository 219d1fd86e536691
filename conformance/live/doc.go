// Package live holds tests that ask real Keras: they draw random models, or take the goldens, have Keras save, load, run
// and train them, and compare. They are skipped where there is no Python with Keras.
//
// Environment variables: HORN_PYTHON names the interpreter, with Keras and a backend (and TensorFlow, for the tests of
// preprocessing); HORN_TORCH_PYTHON one with Keras and torch; HORN_KERAS the directories of older releases, as in
// "3.3.3=/opt/keras-3.3.3"; HORN_LIVE_ONLY is a part of the names of the goldens to take; HORN_LIVE_ALL has the older
// releases take all of them; HORN_LIVE_CASES and HORN_LIVE_SEED say how many random models are drawn, and which.
package live
