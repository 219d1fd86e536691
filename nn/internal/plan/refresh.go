package plan

import (
	"slices"

	"github.com/hornml/horn/nn/graph"
)

// own takes over the items that were gathered while the plan was made.
func (p *Plan) own(f *forms) {
	p.items = f.items
	p.held = f.held()
	p.params = p.fixedParams(nil)
	for _, it := range p.items {
		for _, param := range it.deps {
			if !slices.Contains(p.params, param) {
				p.params = append(p.params, param)
			}
		}
	}
	p.seen = make([]uint64, len(p.params))
	for i, param := range p.params {
		p.seen[i] = f.snap.param(param).version
	}
	for _, it := range p.items {
		p.behind = p.behind || it.stale(f.snap)
	}
}

// fixedParams appends the parameters that the plan and the bodies of its loops read as they are.
func (p *Plan) fixedParams(list []*graph.Param) []*graph.Param {
	for _, f := range p.fixed {
		if read, ok := f.node.Op.(graph.ReadParam); ok && p.store.itemOf(read.Param) == nil && !slices.Contains(list, read.Param) {
			list = append(list, read.Param)
		}
	}
	for _, sub := range p.subs {
		list = sub.fixedParams(list)
	}
	return list
}

// begin waits until everything that the plan uses is made of the present parameters, and holds the store for a run.
func (p *Plan) begin() error {
	for {
		p.store.running.RLock()
		if !p.stale() {
			return nil
		}
		p.store.running.RUnlock()
		generation, err := p.refresh()
		if err != nil {
			return err
		}
		p.store.running.RLock()
		if p.store.generation == generation {
			// What is assigned from now on is for the next run: else a run that is overtaken again and again would never begin.
			return nil
		}
		p.store.running.RUnlock()
	}
}

// stale reports whether a parameter has changed since the plan last looked.
func (p *Plan) stale() bool {
	if p.behind {
		return true
	}
	for i, param := range p.params {
		if param.Version() != p.seen[i] {
			return true
		}
	}
	return false
}

// refresh fills the items anew that are made of changed parameters, when no run is under way. It returns which refresh of the
// store that was.
func (p *Plan) refresh() (generation uint64, err error) {
	s := p.store
	s.running.Lock()
	defer s.running.Unlock()
	snap := s.snapshot()
	for i, param := range p.params {
		r := snap.param(param)
		if r.err != nil {
			return 0, r.err
		}
		p.seen[i] = r.version
	}
	p.behind = true // until all has gone well
	s.generation++
	for _, it := range p.items {
		if it.stale(snap) {
			if err := it.safely(snap); err != nil {
				return 0, err
			}
		}
	}
	if err := p.refixed(snap); err != nil {
		return 0, err
	}
	p.behind = false
	return s.generation, nil
}

// refixed looks up the values that are known before a run.
func (p *Plan) refixed(snap *snapshot) error {
	for i := range p.fixed {
		f := &p.fixed[i]
		if graph.Is[graph.Const](f.node.Op) {
			continue
		}
		var err error
		if f.buf, err = snap.leaf(f.node); err != nil {
			return err
		}
	}
	p.generation++
	for _, sub := range p.subs {
		if err := sub.refixed(snap); err != nil {
			return err
		}
	}
	return nil
}

// refix gives the memory of a run the plan's fixed values, if they are others than in its last run.
func (p *Plan) refix(r *run) {
	if r.generation == p.generation {
		return
	}
	for _, f := range p.fixed {
		r.bufs[f.value] = f.buf
	}
	r.generation = p.generation
}

// storeParams stores what parameters that are no states become.
func (p *Plan) storeParams(r *run) error {
	for _, u := range p.updates {
		if u.param.IsState() {
			continue
		}
		if err := u.param.Store(r.bufs[u.value]); err != nil {
			return err
		}
	}
	return nil
}

// Close ends the use of what the plan shares with others. Runs that are under way go on.
func (p *Plan) Close() { p.store.drop(p.held) }
