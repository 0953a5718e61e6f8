//go:build race

package desk_test

// slower is how much the race detector may cost, in time and memory.
const slower = 10
