package live

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hornml/horn/internal/golden"
)

// python returns the interpreter that HORN_PYTHON names.
func python() string {
	if p := os.Getenv("HORN_PYTHON"); p != "" {
		return p
	}
	return "python3"
}

// pythonWithKeras returns an interpreter that has Keras and a backend, or skips the test.
func pythonWithKeras(t *testing.T) string {
	t.Helper()
	if err := exec.Command(python(), "-c", "import importlib.util as u; assert u.find_spec('keras') and (u.find_spec('jax') or "+
		"u.find_spec('tensorflow') or u.find_spec('torch'))").Run(); err != nil {
		t.Skipf("%s has no Keras (HORN_PYTHON names another): %v", python(), err)
	}
	return python()
}

// released leaves out the goldens of a release of Keras that is not out: nothing but a nightly build has their classes.
func released(cases []golden.Case) []golden.Case {
	return slices.DeleteFunc(cases, func(c golden.Case) bool { return strings.HasPrefix(c.Name, "next/") })
}

// saveTask is one comparison of save_compare.py.
type saveTask struct {
	Name     string  `json:"name"`
	Original *string `json:"original"`
	Copy     string  `json:"copy"`
	Inputs   *string `json:"inputs"`
	Compile  bool    `json:"compile"`
	Train    bool    `json:"train"`
}

type saveResult struct {
	Name      string
	Problem   string
	Unloaded  string // where Keras does not load the original: the error
	Failed    string // where both load and do not run: the error
	Untrained string // where both cannot be trained: the error
	Trained   bool
	Outputs   []any // of the copy, where there is no original that loads
}

const (
	tasksOfProcess = 50              // before a fresh process takes over: JAX keeps everything it ever compiled
	taskTime       = 5 * time.Minute // for one task
)

// compareInKeras has save_compare.py do the tasks.
func compareInKeras(t *testing.T, python string, tasks []saveTask, env ...string) map[string]saveResult {
	t.Helper()
	return inKeras(python, "save_compare.py", tasks, func(task saveTask, r saveResult, err error) (string, saveResult) {
		if err != nil {
			r = saveResult{Name: task.Name, Problem: err.Error()}
		}
		return task.Name, r
	}, env...)
}

// inKeras has a program do tasks, in as many processes at once as there are cores, and returns what done makes of each
// answer, by the name that it gives. A process that crashes or hangs costs the task that it was at.
func inKeras[T, A, R any](python, script string, tasks []T, done func(T, A, error) (string, R), env ...string) map[string]R {
	todo := make(chan T, len(tasks))
	for _, task := range tasks {
		todo <- task
	}
	close(todo)
	results := map[string]R{}
	var mu sync.Mutex
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), (len(tasks)+9)/10) {
		workers.Go(func() {
			var k *kerasProcess
			for task := range todo {
				if k == nil {
					k = startKeras(python, script, env)
				}
				var answer A
				err := k.do(task, &answer)
				name, r := done(task, answer, err)
				mu.Lock()
				results[name] = r
				mu.Unlock()
				if k.done++; err != nil || k.done == tasksOfProcess {
					k.close()
					k = nil
				}
			}
			if k != nil {
				k.close()
			}
		})
	}
	workers.Wait()
	return results
}

// kerasProcess is a running program that answers tasks.
type kerasProcess struct {
	cmd     *exec.Cmd
	in      io.WriteCloser
	answers *json.Decoder
	stderr  bytes.Buffer
	done    int
	err     error
}

func startKeras(python, script string, env []string) *kerasProcess {
	k := &kerasProcess{cmd: exec.Command(python, "-B", script)}
	k.cmd.Env = append(os.Environ(), env...)
	k.cmd.Stderr = &k.stderr
	var out io.ReadCloser
	if k.in, k.err = k.cmd.StdinPipe(); k.err == nil {
		if out, k.err = k.cmd.StdoutPipe(); k.err == nil {
			k.answers = json.NewDecoder(out)
			k.err = k.cmd.Start()
		}
	}
	return k
}

func (k *kerasProcess) do(task, answer any) error {
	if k.err != nil {
		return k.err
	}
	late := time.AfterFunc(taskTime, func() { _ = k.cmd.Process.Kill() })
	defer late.Stop()
	err := json.NewEncoder(k.in).Encode(task)
	if err == nil {
		err = k.answers.Decode(answer)
	}
	if err != nil {
		k.close()
		text := k.stderr.Bytes()
		return fmt.Errorf("python ended, or took more than %v: %w\n%s", taskTime, err, text[max(0, len(text)-2000):])
	}
	return nil
}

// close ends the process, which has no more tasks.
func (k *kerasProcess) close() {
	if k.err == nil {
		k.in.Close()
		_ = k.cmd.Wait() // what matters came as answers
		k.err = os.ErrProcessDone
	}
}
