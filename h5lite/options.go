package h5lite

import "math"

// Option changes how a file is read; see [WithLimits].
type Option func(*options)

type options struct {
	limits Limits
}

// Limits bound what a file can make a reader do. A field that is 0 stands for
// its default. Data that a file stores as they are can always be read: they
// cost what the file weighs. The limits are about data that grow in reading,
// from compressed chunks, from fill values, or from shared strings.
type Limits struct {
	// Free is how many bytes one read may give without being compared with
	// what is stored. Default 64 MiB.
	Free int64
	// Expansion is how many times larger than its stored bytes a dataset may
	// be, beyond Free. Default 1000, what deflate can reach at its best.
	Expansion int64
	// Dataset is the most bytes of a dataset that is larger than what is
	// stored for it. Default 4 GiB, on 32-bit systems 1 GiB.
	Dataset int64
	// SoftLinks is how many soft links one path may lead through. Default 40.
	SoftLinks int
	// Depth is how deep [Walk] follows groups. Default 1000.
	Depth int
	// Objects is how many links [Walk] visits. Default 1,000,000.
	Objects int
}

// WithLimits sets the limits.
func WithLimits(l Limits) Option {
	return func(o *options) { o.limits = l }
}

func makeOptions(opts []Option) options {
	var o options
	for _, f := range opts {
		f(&o)
	}
	l := &o.limits
	set(&l.Free, 64<<20)
	set(&l.Expansion, 1000)
	set(&l.Dataset, min(4<<30, (math.MaxInt>>1)+1))
	set(&l.SoftLinks, 40)
	set(&l.Depth, 1000)
	set(&l.Objects, 1_000_000)
	return o
}

func set[T int | int64](v *T, def T) {
	if *v <= 0 {
		*v = def
	}
}
