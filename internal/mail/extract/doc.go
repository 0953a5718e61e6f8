// Package extract reads a vulnerability report out of the text of a mail.
//
// Promises:
//
//   - Nothing is invented. A field holds what the reporter wrote, word for
//     word with white space collapsed, or it is empty, which means "not
//     said". Dates are the one thing that is rewritten: to ISO 8601, and only
//     when the day follows from the text and the mail's date.
//   - Nothing is lost. Text that no field took whole stays in the
//     description; a field that was found in running prose leaves the prose
//     where it was.
//   - Quoted mail, signatures and disclaimers are kept, but nothing is read
//     from them that the reporter did not say now.
//   - No programme is known by name. Heading words are a built-in base in
//     English, French, German, Dutch, Spanish, Italian, Portuguese, Chinese and
//     Japanese, and what the programme adds (psirt.ReportForm.Words).
//   - Hostile text costs time and memory in proportion to its length.
//
// A text is read in two passes. The first cuts it into sections by its
// headings and its "label: value" lines, in whatever way the reporter marked
// them, and gives each section a path of the report: by its words, with a slip
// of the pen mended, or, where nobody knows those, by what stands below. What a
// form leaves open ("TBD", "<product name>") says nothing. The second reads sentences for
// what no section said. What a section says wins. In a reply, what stands below
// a quoted question answers it. Where a mail is but a letter that covers a
// forwarded mail or a document, that is read in the same way.
package extract
