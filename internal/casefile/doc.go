// Package casefile turns bytes into cases and back.
//
// Promises:
//
//   - One list of fields reads and writes (fields.go), so the two cannot drift
//     apart. What Parse accepts, Format gives back byte for byte: unknown,
//     repeated or misplaced keys, other spellings of a value, comments,
//     anchors, tags, a byte outside ASCII are errors with line and key.
//   - Every file is also plain YAML 1.2 that reads the same in YAML 1.1: no
//     value is a number, a truth value or a date to some readers and a string
//     to others, unless it is meant to be.
//   - Parsing never panics and allocates no more than a small multiple of its
//     input, which is bounded (MaxSize).
//   - Signatures and sealed parts are bound to format version, part and case ID
//     by their OpenPGP signature context (bind.go), so that nothing signed for
//     one place counts in another.
//
// program.yaml is written by people, so the YAML library reads it, behind the
// same prohibitions (program.go).
package casefile
