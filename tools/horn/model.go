package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/hornml/horn/kerasfile"
	"github.com/hornml/horn/nn"
)

// modelFlags are shared by all commands that load a model.
type modelFlags struct {
	threads int
	timeout time.Duration
	memory  memoryFlag
}

func (f *modelFlags) register(cmd *cobra.Command) {
	registerUnsafe(cmd)
	f.memory.register(cmd)
	cmd.Flags().IntVar(&f.threads, "threads", 0, "goroutines for one prediction (default all cores)")
	cmd.Flags().DurationVar(&f.timeout, "timeout", 0, "most time from the loading on, such as 30s (default any)")
}

// registerUnsafe takes the flag for Keras's safe_mode=False, which changes nothing: Python code is never run.
func registerUnsafe(cmd *cobra.Command) {
	cmd.Flags().Bool("unsafe", false, "Keras's safe_mode=False, taken and without effect: Python code is never run")
}

// maxThreads is more than any machine has cores; a plan has memory for each.
const maxThreads = 1024

func (f *modelFlags) check() error {
	if f.threads < 0 {
		return fmt.Errorf("--threads %d: a positive number is expected", f.threads)
	}
	if f.threads > maxThreads {
		return fmt.Errorf("--threads %d: at most %d are possible", f.threads, maxThreads)
	}
	if f.timeout < 0 {
		return fmt.Errorf("--timeout %v: a positive time is expected", f.timeout)
	}
	return nil
}

func (f *modelFlags) options() []kerasfile.Option {
	return []kerasfile.Option{kerasfile.WithCompile(false), kerasfile.WithMemoryLimit(f.memory.bytes)}
}

// load loads a model without its compile state, of which it notes what is not known.
func (a *app) load(path string, f modelFlags, opts ...kerasfile.Option) (*nn.Model, error) {
	if err := isModelPath(path); err != nil {
		return nil, err
	}
	if f.timeout > 0 {
		a.context, a.stop = context.WithTimeoutCause(a.context, f.timeout, timeoutError(f.timeout))
	}
	m, err := kerasfile.Load(path, append(append(f.options(), kerasfile.WithContext(a.context)), opts...)...)
	if err != nil {
		return nil, fail(path, err)
	}
	if f.threads > 0 {
		m.SetThreads(f.threads)
	}
	for _, n := range kerasfile.CompileNotes(m) {
		a.note("%s: %s", path, n)
	}
	return m, nil
}

// timeoutError ends what takes longer than --timeout allows.
type timeoutError time.Duration

func (e timeoutError) Error() string {
	return fmt.Sprintf("it takes longer than %v; --timeout allows more", time.Duration(e))
}

// isModelPath refuses what can only be a slip: a pipe, a device.
func isModelPath(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return fail(path, err)
	}
	if !info.Mode().IsRegular() && !info.IsDir() {
		return failf(path, "is not a regular file; a model is a file or a directory")
	}
	return nil
}

// isTerminal reports whether a stream is a terminal, and its width in columns.
func isTerminal(w any) (columns int, ok bool) {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return 0, false
	}
	columns, _, err := term.GetSize(int(f.Fd()))
	if err != nil || columns <= 0 {
		columns = 80
	}
	return columns, true
}

// progress shows how far a job of n steps is, on a terminal only, and only if there are several.
func (a *app) progress(n int, what string) *progressbar.ProgressBar {
	w := io.Discard
	if _, ok := isTerminal(a.err); ok && n > 1 {
		w = a.err
	}
	return progressbar.NewOptions(n,
		progressbar.OptionSetWriter(w),
		progressbar.OptionSetDescription(what),
		progressbar.OptionShowCount(),
		progressbar.OptionSetPredictTime(true),
		progressbar.OptionClearOnFinish(),
		progressbar.OptionThrottle(100_000_000),
		progressbar.OptionFullWidth(),
	)
}

// progressOfBytes shows how much of a large file is written, on a terminal only.
func (a *app) progressOfBytes(n int64, what string) *progressbar.ProgressBar {
	w := io.Discard
	if _, ok := isTerminal(a.err); ok && n >= 64<<20 {
		w = a.err
	}
	return progressbar.NewOptions64(n,
		progressbar.OptionSetWriter(w),
		progressbar.OptionSetDescription(what),
		progressbar.OptionShowBytes(true),
		progressbar.OptionSetPredictTime(true),
		progressbar.OptionClearOnFinish(),
		progressbar.OptionThrottle(100_000_000),
		progressbar.OptionFullWidth(),
	)
}
