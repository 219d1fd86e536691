package plan

// shares divides a number of equal pieces of work, such as rows, into units of about the same size.
type shares struct{ total, count int }

// share makes units of about `unit` pieces, as many for each thread: a worker gets its range of them (see package crew).
func share(total, unit, threads int) shares {
	count := (total + unit - 1) / max(unit, 1)
	if threads > 1 && count > 1 {
		count = min((count+threads-1)/threads*threads, total)
	}
	return shares{total, max(count, 1)}
}

// from is the first piece of unit i, and the end of the unit before.
func (s shares) from(i int) int { return part(s.total, i, s.count) }

// part is total*i/count, of which the product may be more than an int holds.
func part(total, i, count int) int { return total/count*i + total%count*i/count }

// bounds divides units among workers by their weights: worker i gets those from bounds[i] to bounds[i+1].
func bounds(units, workers int, weight func(unit int) int) []int {
	total := 0
	for i := range units {
		total += weight(i)
	}
	out := make([]int, 1, workers+1)
	sum := 0
	for i := range units {
		// The border is where the sum is next to its share.
		w := weight(i)
		for len(out) < workers && sum+w/2 >= part(total, len(out), workers) {
			out = append(out, i)
		}
		sum += w
	}
	for len(out) <= workers {
		out = append(out, units)
	}
	return out
}
