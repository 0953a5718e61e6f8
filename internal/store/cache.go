package store

import "sync"

// cache remembers what was read last, within a budget of bytes. It keeps two
// generations: when the young one has filled half of the budget, the old one
// is forgotten.
type cache[K comparable, V any] struct {
	mu         sync.Mutex
	budget     int64
	used       int64
	young, old map[K]V
}

func newCache[K comparable, V any](budget int64) *cache[K, V] {
	return &cache[K, V]{budget: budget, young: map[K]V{}}
}

func (c *cache[K, V]) get(key K) (V, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if v, ok := c.young[key]; ok {
		return v, true
	}
	v, ok := c.old[key]
	return v, ok
}

// put remembers v, which holds about size bytes and must not be changed later.
func (c *cache[K, V]) put(key K, v V, size int64) {
	if size > c.budget/8 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, known := c.young[key]; known {
		return
	}
	if c.used += size; c.used > c.budget/2 {
		c.old, c.young, c.used = c.young, map[K]V{}, size
	}
	c.young[key] = v
}
