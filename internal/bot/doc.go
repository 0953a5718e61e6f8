// Package bot turns what happens on GitHub into steps of the desk: one event at
// a time (docket bot event, in Actions), or as a daemon that takes webhooks
// (docket bot --listen).
//
// It promises:
//
//   - One table says what each event leads to; every other event leads to
//     nothing. No step causes an event that leads to another of its kind, so
//     the bot never answers itself.
//   - An event is a hint, and proves nothing. The desk looks at the repository,
//     so events that repeat, come late, in another order or not at all do no
//     harm: a round over everything that is open (Tend) finds what they were
//     about, at the start and every few minutes.
//   - Nobody without the shared secret gets anything done: signatures are
//     HMAC-SHA-256, and the daemon does not start without a secret.
//   - GitHub is answered at once. The work is queued, one event at a time, each
//     with a time limit; the queue is bounded, and says so when it is full.
//   - Ended by a signal, the daemon finishes the event that it is at. Killed, it
//     finds the rest when it starts again.
//   - Logs and metrics name the delivery, the event, the step and the result,
//     and never what a payload says.
package bot
