// Command horn runs, checks and looks into Keras models; "horn help" lists what it does.
//
// Results go to standard output, everything else to standard error. It exits with 0, with 1 if the work failed (one line
// on standard error says why), and with 2 for wrong usage.
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func main() {
	a := newApp(os.Stdin, os.Stdout, os.Stderr)
	a.watch()
	code := a.run(os.Args[1:])
	if a.context.Err() != nil {
		select {} // the watch ends the program
	}
	os.Exit(code)
}

// app is one run of the program.
type app struct {
	in      io.Reader
	out     *bufio.Writer
	err     io.Writer
	notes   []string // for standard error, unless the command fails
	context context.Context
	cancel  context.CancelCauseFunc
	stop    context.CancelFunc // ends the timer of --timeout
	writing sync.Mutex         // held while a file is written
}

func newApp(in io.Reader, out, errOut io.Writer) *app {
	a := &app{in: in, out: bufio.NewWriterSize(out, 1<<16), err: errOut}
	a.context, a.cancel = context.WithCancelCause(context.Background())
	a.stop = func() {}
	return a
}

// run executes a command line and returns the exit code.
func (a *app) run(args []string) (code int) {
	defer func() {
		if r := recover(); r != nil { // a bug, but still no stack trace for the user
			fmt.Fprintf(a.err, "horn: internal error: %s; please report it with the command and the file\n", oneLine(fmt.Sprint(r)))
			code = 1
		}
	}()
	defer func() { a.stop() }()
	root := a.root()
	root.SetArgs(args)
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.err)
	cmd, err := root.ExecuteContextC(a.context)
	if _, late := context.Cause(a.context).(timeoutError); a.context.Err() != nil && !late {
		return 1 // a signal ended it, of which nothing is to be said
	}
	if flushErr := a.out.Flush(); flushErr != nil && (err == nil || asWork(err)) {
		err = work(fmt.Errorf("standard output: %w", flushErr))
	}
	switch {
	case err == nil:
		for _, n := range a.notes {
			fmt.Fprintf(a.err, "horn: note: %s\n", oneLine(n))
		}
		return 0
	case asWork(err):
		fmt.Fprintf(a.err, "horn: %s\n", oneLine(err.Error()))
		return 1
	}
	fmt.Fprintf(a.err, "horn: %s; see '%s --help'\n", oneLine(err.Error()), cmd.CommandPath())
	return 2
}

// root makes the tree of commands; a command's file has its constructor.
func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "horn",
		Short: "Run, check and look into Keras models, without Python",
		Long: `horn runs, checks and looks into Keras models, without Python.

MODEL is a .keras file, a whole-model .h5 file, or a directory in Keras's unzipped form.`,
		Example:       "  horn demo\n  horn predict digits.keras digit_7.png",
		SilenceErrors: true,
		SilenceUsage:  true,
		Version:       versionText(),
		Args:          commandOnly,
		RunE:          func(cmd *cobra.Command, args []string) error { return cmd.Help() },
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetVersionTemplate("{{.Version}}\n")
	root.SetFlagErrorFunc(flagError)
	root.AddCommand(
		a.demo(), a.predict(), a.evaluate(), a.summary(), a.inspect(), a.verify(), a.bench(), a.plot(), a.convert(), a.h5(), a.version(),
	)
	root.SetHelpCommand(&cobra.Command{
		Use:     "help [command]",
		Short:   "Help about any command",
		Example: "  horn help predict",
		RunE: func(c *cobra.Command, args []string) error {
			cmd, rest, err := c.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return fmt.Errorf("there is no command %q%s", strings.Join(args, " "), meant(args[0], commandsOf(c.Root())))
			}
			return cmd.Help()
		},
	})
	return root
}

// commandOnly is for commands that have others in them.
func commandOnly(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return fmt.Errorf("unknown command %q for %q%s", args[0], cmd.CommandPath(), meant(args[0], commandsOf(cmd)))
}

func commandsOf(cmd *cobra.Command) (names []string) {
	for _, c := range cmd.Commands() {
		if !c.Hidden {
			names = append(names, c.Name())
		}
	}
	return names
}

// flagError says what is wrong with a flag, without what the parser of numbers says of itself, and which one may be meant.
func flagError(cmd *cobra.Command, err error) error {
	text, _, _ := strings.Cut(err.Error(), ": strconv.")
	if name, ok := strings.CutPrefix(text, "unknown flag: --"); ok {
		var flags []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { flags = append(flags, f.Name) })
		if best := nearest(name, flags); best != "" {
			text += fmt.Sprintf("; did you mean --%s?", best)
		}
	}
	return errors.New(text)
}

// arguments says how many arguments a command takes, and what they are; most < 0 for any number.
func arguments(least, most int, what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		switch {
		case len(args) < least && len(args) == 0:
			return fmt.Errorf("expected: %s", what)
		case len(args) < least || most >= 0 && len(args) > most:
			return fmt.Errorf("expected: %s; given: %s", what, strings.Join(args, " "))
		}
		return nil
	}
}

// note keeps a remark for the end of a command that succeeds.
func (a *app) note(format string, args ...any) {
	a.notes = append(a.notes, fmt.Sprintf(format, args...))
}

// workError is the failure of a command that was used in the right way: exit code 1. All other errors, those of the
// argument parser among them, are wrong usage: exit code 2.
type workError struct{ err error }

func (e *workError) Error() string { return e.err.Error() }
func (e *workError) Unwrap() error { return e.err }

func work(err error) error {
	if err == nil {
		return nil
	}
	return &workError{err}
}

func asWork(err error) bool {
	var w *workError
	return errors.As(err, &w)
}
