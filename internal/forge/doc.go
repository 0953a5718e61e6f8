// Package forge keeps plain pull requests and tracking issues. It knows
// nothing of what a case means: titles, bodies, labels and kinds are text that
// the caller supplies.
//
// It promises:
//
//   - Every change is one step that either happened or did not. Two processes
//     that change the same thing at once both succeed, one after the other, or
//     one of them is told why it cannot.
//   - Steps that a crash may repeat can be repeated: opening the pull request
//     of a branch, tracking an issue, labelling it, publishing a check and
//     closing a pull request change nothing the second time.
//   - The cost of a step grows with what it touches, not with the number of
//     past pull requests and issues.
//   - What is kept is bounded and readable: no control characters, no
//     direction overrides, no unlimited text. What breaks a rule is refused
//     with the field's name, and never quoted.
//
// Local is the forge for teams with just a git server: its records are small
// canonical YAML files on a Board, a tree under one ref that is changed by
// compare-and-swap:
//
//	numbers.yaml                             the highest number given so far
//	pulls/<block>/<n>.yaml                   one pull request with reviews, comments and checks
//	open/<block>/<n>.yaml                    one for each open pull request
//	branches/<hh>/<branch>.yaml              the open pull request of a branch
//	heads/<hh>/<commit>.yaml                 the open pull requests with that head
//	issues/<program>/<year>/<block>/<ID>.yaml   the tracking issue of a case
//
// <block> keeps every folder at a hundred entries or fewer (psirt.Block), and
// <hh> is the first byte of the SHA-256 of the name that follows it.
//
// GitHub is the forge on github.com or an Enterprise Server, over its REST API.
// Beyond the above it promises:
//
//   - A request is never repeated blindly. What refused it (a rate limit, an
//     expired token) did nothing, and it is sent again. Where the answer was
//     lost, what may be applied twice is sent again, and what makes something
//     new is looked for first, by branch, marker or content. So there is never
//     a second pull request, comment, issue, check or merge.
//   - Every step says how many requests it takes, Calls counts them, and what an
//     event or git has told is not asked for.
//   - It waits for a rate limit up to two minutes; longer is a *LimitedError.
//     A request that hangs is given up after thirty seconds, and what fails is
//     tried five times.
//   - Credentials go to the one API only: over TLS, and never along a redirect.
//     They are in no error.
//   - A proposal from a fork never passes for one from the repository.
//
// What it writes ends in an HTML comment that readers do not see (mark), and
// which issue tracks which case stands on a Board (github_numbers.go). Anyone
// who may write to the repository may change both, as they may change labels:
// they say where something is, and never what somebody may do.
//
// Admin reads and writes what a repository on GitHub is set to, and ParseEvent
// reads what GitHub tells of its own accord.
package forge
