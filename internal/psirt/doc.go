// Package psirt holds what a product security incident response team decides
// with: cases, programmes, facts, guards, clocks and verdicts.
//
// Promises:
//
//   - Pure. Nothing here reads a file, a clock or a network; time is an
//     argument, and the same arguments give the same answer.
//   - Every "no" comes with its reasons and with what to do (Verdict).
//   - No programme is known by name; a programme is data (Program).
//
// Words follow ISO/IEC 29147 (vulnerability disclosure) and ISO/IEC 30111
// (vulnerability handling).
package psirt
