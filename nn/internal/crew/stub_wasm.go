package crew

// Crew stands for the one thread there is.
type Crew struct{}

// Process returns the crew of the process.
func Process() *Crew { return &Crew{} }

// Cores returns 1.
func (*Crew) Cores() int { return 1 }

// Pace knows nothing.
type Pace struct{}

// Team runs the steps of a run in its caller.
type Team struct{}

// Func does the units [lo, hi) of a step as a worker.
type Func func(worker, lo, hi int) error

// NewTeam makes a team of a caller alone.
func NewTeam(*Crew, int, *Pace) *Team { return &Team{} }

// Begin begins a run.
func (*Team) Begin(float64) {}

// End ends a run.
func (*Team) End() {}

// Do runs a step.
func (*Team) Do(units int, _ []int, _ float64, do Func) error { return do(0, 0, units) }
