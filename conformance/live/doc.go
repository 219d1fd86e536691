// Package live holds tests that ask real Keras: they draw random models, have Keras save and run them, and compare. They
// are skipped where there is no Python with Keras and TensorFlow; HORN_PYTHON names the interpreter.
package live
