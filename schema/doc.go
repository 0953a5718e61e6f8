// Package schema says what Docket's documents look like: one JSON Schema
// (draft 2020-12) for each kind, the same files that editors read, and one
// function that holds a document against its schema.
//
// Promises:
//
//   - Every fault at once, each with its path and what was expected there.
//     What was found is never quoted: documents hold what reporters wrote.
//   - No network and no file is read: the schemas are part of the program and
//     refer to nothing outside themselves.
//   - Any value is safe to ask about: documents that the validator could not
//     survive (numbers without bounds, deep nesting, values that JSON does not
//     have) are faults like any other.
//   - Formats (date, date-time, email, uri) are asserted, not only noted.
//
// Schemas say what a document may look like. Whether its parts fit together
// (a guard names a fact that exists, a digest is the right one) is for the
// packages that work with them.
package schema
