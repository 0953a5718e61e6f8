// Package audit judges: one proposal, a whole tree, or all of history.
//
// Promises:
//
//   - Needs no secret. Everything here is decided from git objects and public
//     keys; what only a key holder can tell is said to be so (psirt.Sealed),
//     never assumed.
//   - Writes nothing. A test holds that this package calls nothing of the store
//     that does.
//   - Fails closed. What is not expected at a place is a finding; each place
//     where that is decided says so.
//   - Revisions and approvals are judged by the programme in the first parent of
//     the merge that brings them, keys at the time of the event.
//   - Findings name case and commit and never a word of a report: they are made
//     from clear parts only.
package audit
