// Package mail takes hostile mail apart, writes the mail that goes out, and
// moves both: from files, standard input and Maildirs, to Maildirs and SMTP
// servers. It does no cryptography; it finds the OpenPGP layers and hands out
// the exact octets.
//
// Promises:
//
//   - Total. Whatever the input, Parse, ParseContent and ParseInline return
//     what could be read, together with an error that says what could not.
//     They never panic, and time and memory are bounded by the size of the
//     input and by Limits.
//   - No octet is changed before it is counted: Mail.Body and Layer.Message
//     are what arrived, SignedPart.Data is what was signed.
//   - Nothing is dropped: what is not the text of a mail, a key or a signature
//     is an attachment.
//   - Errors and faults name the place and the defect, and never hold words of
//     the mail, an address, a server's text or a password.
//   - Mail that goes out is CRLF, at most 998 octets a line (RFC 5322 section
//     2.1.1), and the same Draft gives the same octets.
//   - A Sender says what happened to a mail in one of four ways (SendState).
//     Sent and Permanent are certain; Unknown is said only when the connection
//     was lost after the last octet, when nobody can know.
//   - A mail leaves a mailbox only through Item.Done.
//
// The MIME tree is cut by this package itself, as sub-slices of the input,
// because signatures need the exact octets and because one malformed part must
// not hide the others; charsets, header writing, SMTP and SASL are those of
// github.com/emersion, and HTML is cut by golang.org/x/net/html.
package mail
