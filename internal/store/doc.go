// Package store keeps cases in git: it reads at a revision, writes objects
// directly, moves refs by compare-and-swap, and walks history.
//
// Promises:
//
//   - Nothing is visible before [Repo.Publish], and Publish is all or nothing
//     for a reader of one ref: objects are durable before the ref names them.
//   - A lost race is told ([ErrLost]) and never overwrites: local refs are
//     moved under git's own ref.lock, remote refs by the old hash that
//     git-receive-pack compares.
//   - Stock git reads everything that is written here, and may gc, repack,
//     push and fetch at the same time.
//   - The cost of a commit, a read or a push does not grow with the archive:
//     only the trees on the way are rewritten, only new objects are pushed,
//     packs are searched in place.
//   - No work tree and no index is ever touched.
//   - What is read is checked: an object whose bytes do not hash to its name is
//     an error, trees with ambiguous or dangerous names are errors, and sizes
//     are bounded before memory is taken. A missing object ([ErrMissing]) is
//     never mistaken for a missing path (fs.ErrNotExist).
//
// A repository is either the origin of truth (a bare repository without a
// remote "origin") or a clone, whose origin is the case repository. In a clone
// [Repo.Ref] answers what the last [Repo.Fetch] or Publish saw on the remote;
// its own branches are of no interest. Objects are SHA-1 and refs are files:
// repositories with extensions.objectFormat or extensions.refStorage are
// refused.
package store
