package forge

import "context"

// Absent is a forge that cannot be asked, because there is no token for it:
// what git alone can answer still works, and each step that needs the forge
// fails with Err.
type Absent struct{ Err error }

var _ Forge = Absent{}

// Get fails.
func (a Absent) Get(context.Context, int) (Pull, error) { return Pull{}, a.Err }

// Peek fails.
func (a Absent) Peek(context.Context, int) (Pull, error) { return Pull{}, a.Err }

// Find fails.
func (a Absent) Find(context.Context, string) (Pull, error) { return Pull{}, a.Err }

// List fails.
func (a Absent) List(context.Context, Filter) ([]Pull, error) { return nil, a.Err }

// Open fails.
func (a Absent) Open(context.Context, Proposal) (Pull, error) { return Pull{}, a.Err }

// Update fails.
func (a Absent) Update(context.Context, int, func(*Pull) error) error { return a.Err }

// Close fails.
func (a Absent) Close(context.Context, int, string) error { return a.Err }

// Comment fails.
func (a Absent) Comment(context.Context, int, Comment) error { return a.Err }

// Review fails.
func (a Absent) Review(context.Context, int, Review) error { return a.Err }

// Answer fails.
func (a Absent) Answer(context.Context, string, string, Comment) error { return a.Err }

// Answers fails.
func (a Absent) Answers(context.Context, string, string) ([]Comment, error) { return nil, a.Err }

// Check fails.
func (a Absent) Check(context.Context, Check) error { return a.Err }

// Checked fails.
func (a Absent) Checked(context.Context, string) ([]Check, error) { return nil, a.Err }

// Track fails.
func (a Absent) Track(context.Context, Issue) error { return a.Err }

// Issue fails.
func (a Absent) Issue(context.Context, string, string) (Issue, error) { return Issue{}, a.Err }

// Label fails.
func (a Absent) Label(context.Context, string, string, []string, []string, string) ([]string, error) {
	return nil, a.Err
}
