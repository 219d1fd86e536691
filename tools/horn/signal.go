package main

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// errInterrupted is why the program's context ends.
var errInterrupted = errors.New("interrupted")

// watch ends the program when it is asked to: a file that is being written is given up and taken away first. Who asks a
// second time does not wait for that. The exit code is the shell's for a signal, 128 and its number.
func (a *app) watch() {
	signals := make(chan os.Signal, 2)
	for _, s := range endings {
		if !signal.Ignored(s) { // nohup
			signal.Notify(signals, s)
		}
	}
	go func() {
		s := <-signals
		a.cancel(errInterrupted)
		idle := make(chan struct{})
		go func() {
			a.writing.Lock() // and never unlock: nothing else is begun
			close(idle)
		}()
		select {
		case <-idle:
		case s = <-signals:
		}
		fmt.Fprintln(a.err, "horn: interrupted")
		code := 1
		if n, ok := s.(syscall.Signal); ok {
			code = 128 + int(n)
		}
		os.Exit(code)
	}()
}
