// Package desk holds every use case of Docket once: taking mail in, moving a
// case, approving, delivering, watching clocks. Command line and bot only call
// it.
//
// Promises:
//
//   - Nothing is lost. A mail may leave its mailbox only after the case that
//     holds it is on main (Intake says so); every step can be repeated after a
//     crash and finishes what was begun.
//   - Every write is objects first, then one compare-and-swap of refs. On a lost
//     race the step reads again and begins anew.
//   - A refusal is a *Refused with the whole tree of reasons.
//   - Plaintext and secrets stay in memory: nothing here logs them, writes them
//     to a file, or puts them into an error, a commit message or a pull request.
//
// A Desk is for one goroutine; several processes may work on one repository.
package desk
