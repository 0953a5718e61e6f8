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
package forge
