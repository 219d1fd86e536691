package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"sync/atomic"
)

// takeCore computes on one core until standard input ends.
func takeCore() {
	var ended atomic.Bool
	go func() {
		io.Copy(io.Discard, os.Stdin)
		ended.Store(true)
	}()
	for x := uint64(1); !ended.Load(); {
		for range 1 << 16 {
			x = x*6364136223846793005 + 1442695040888963407
		}
		if x == 0 {
			fmt.Println()
		}
	}
}

// crowded measures batch 1 with one and two threads while another process takes a core.
func (s *settings) crowded(list []benchmark, p *programs) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	neighbour := exec.Command(self, "--burn")
	stop, err := neighbour.StdinPipe()
	if err != nil {
		return err
	}
	if err := neighbour.Start(); err != nil {
		return err
	}
	defer func() {
		stop.Close()
		neighbour.Wait()
	}()
	columns := []column{{"horn, 1 thread", p.horn, 1}, {"horn", p.horn, 2}}
	for _, c := range p.others() {
		columns = append(columns, column{c.title, c.program, 2})
	}
	fmt.Printf("%s, %d cores, of which another process takes one. Batch 1; two threads where nothing else is said. Microseconds, means; "+
		"in brackets horn's time with two threads in parts of that column's, pair by pair: median (smallest..largest), and the same of "+
		"medians.\n\n",
		p.versions(), runtime.NumCPU())
	head, line := "| model | horn |", "| --- | ---: |"
	for i, c := range columns {
		if i != 1 {
			head += " " + c.title + " |"
			line += " --- |"
		}
	}
	fmt.Println(head + "\n" + line)
	for _, b := range list {
		times, err := s.measure(b, 1, columns)
		if err != nil {
			return err
		}
		fmt.Printf("| %s | %.0f |", b.name, middle(times[1], mean)/1e3)
		for i := range columns {
			if i != 1 {
				means, medians := compare(times[1], times[i], mean), compare(times[1], times[i], median)
				fmt.Printf(" %.0f [**%.2f** (%.2f..%.2f), %.2f] |", middle(times[i], mean)/1e3, means.middle, means.least, means.most, medians.middle)
			}
		}
		fmt.Println()
	}
	return nil
}
