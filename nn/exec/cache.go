package exec

import (
	"sync"

	"github.com/hornml/horn/nn/graph"
)

// Cache holds what the plans of one model share: folded constants and packed weights, by a key that says how they were
// made.
type Cache struct {
	mu    sync.Mutex
	items map[string]any
}

// NewCache returns an empty cache.
func NewCache() *Cache { return &Cache{items: map[string]any{}} }

// Reset forgets everything; plans that exist keep what they use.
func (c *Cache) Reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.items)
}

// get returns the item of a key, made by f if there is none.
func get[T any](c *Cache, key string, f func() (T, error)) (T, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if v, ok := c.items[key].(T); ok {
		return v, nil
	}
	v, err := f()
	if err == nil {
		c.items[key] = v
	}
	return v, err
}

// folded is a constant that a pass worked out (graph.Source).
type folded struct {
	key string
	buf graph.Buf
}

func (f *folded) Key() string             { return f.key }
func (f *folded) Buf() (graph.Buf, error) { return f.buf, nil }
