//go:build !linux

package peer

// InMemory does nothing here.
func InMemory() (remove func()) { return func() {} }
