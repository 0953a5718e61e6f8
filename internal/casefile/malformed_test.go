package casefile

import (
	"errors"
	"strings"
	"testing"
)

var sha6 = string(digestOf("6"))

// malformed is one change of a good file, and where the error must point.
type malformed struct {
	what     string
	old, now string // the first old becomes now; an empty old means the whole file, with % for it
	line     int
	key      string
	want     string // part of what was expected
}

// The good case file has these lines: 1 docket, 2 id, 3 program, 4 policy,
// 5 state, 6 outcome, 7 opened, 8 handlers, 9 facts, 10 revision, 11 previous,
// 12 log, 13 to 15 its rows, 16 mails, 17 updates, 18 and 19 its rows,
// 20 contact, 26 sealed, 32 by, 33 signature, 34 to 38 its armor.
var malformedCases = []malformed{
	{"unknown key", "program:", "colour: red\nprogram:", 3, "program", "this key"},
	{"unknown key at the end", "", "%colour: red\n", 39, "", "end of the file"},
	{"duplicate key", "program:", "id: INGP-2026-0042\nprogram:", 3, "program", "this key"},
	{"duplicate last key", "", "%signature: |\n  x\n", 39, "", "end of the file"},
	{"wrong order", "policy: git:3f786850e387550fdab836ed7e6dc881de23001b\nstate: closed\n", "state: closed\npolicy: git:3f786850e387550fdab836ed7e6dc881de23001b\n", 4, "policy", "this key"},
	{"missing key", "state: closed\n", "", 5, "state", "this key"},
	{"missing last key", "signature: |\n" + indented(armorSignature), "", 33, "signature", "this key"},
	{"optional key misplaced", "facts: [complete, in-scope]\nrevision: 7\n", "revision: 7\nfacts: [complete, in-scope]\n", 10, "log", "this key"},
	{"key in upper case", "id:", "ID:", 2, "id", "this key"},
	{"quoted key", "id:", `"id":`, 2, "id", "this key"},
	{"white space before the colon", "id:", "id :", 2, "id", "this key"},
	{"indented key", "id:", " id:", 2, "id", "this key"},
	{"no space after the colon", "id: ", "id:", 2, "", "canonical"},
	{"two spaces after the colon", "id: ", "id:  ", 2, "id", "case ID"},
	{"empty value", "program: ingroupe", "program:", 3, "program", "a name"},
	{"null", "previous: " + string(digestOf("6")), "previous: null", 11, "previous", "sha256:"},
	{"tilde", "program: ingroupe", "program: ~", 3, "program", "a name"},

	{"CRLF", "docket: 1\n", "docket: 1\r\n", 1, "", "ASCII"},
	{"CRLF throughout", "", "%\r\n", 39, "", "ASCII"},
	{"byte order mark", "", "\ufeff%", 1, "", "ASCII"},
	{"UTF-16", "", "d\x00o\x00%", 1, "", "ASCII"},
	{"tab", "log:", "log:\t", 12, "", "ASCII"},
	{"zero octet", "closed", "clo\x00sed", 5, "", "ASCII"},
	{"delete", "closed", "clo\x7fsed", 5, "", "ASCII"},
	{"non-ASCII", "ingroupe", "ingroupé", 3, "", "ASCII"},
	{"next line of YAML 1.1", "ingroupe", "ingroupe\u0085", 3, "", "ASCII"},
	{"trailing space after a value", "docket: 1\n", "docket: 1 \n", 1, "docket", "version"},
	{"trailing space after a key", "log:\n", "log: \n", 12, "log", "rows"},
	{"trailing space after a row", "by: " + string(fpr1) + "}\n", "by: " + string(fpr1) + "} \n", 13, "log", "- {key"},
	{"trailing space in armor", "=abcd\n", "=abcd \n", 20, "contact", "armored"},
	{"trailing space after |", "contact: |\n", "contact: | \n", 20, "contact", `"|"`},
	{"comment on a line", "id:", "# a case\nid:", 2, "id", "this key"},
	{"comment after a value", "docket: 1", "docket: 1 # version", 1, "docket", "version"},
	{"comment after a row", "by: " + string(fpr1) + "}", "by: " + string(fpr1) + "} # x", 13, "log", "- {key"},
	{"empty line", "id:", "\nid:", 2, "id", "this key"},

	{"anchor", "state: closed", "state: &a closed", 5, "state", "a name"},
	{"alias", "state: closed", "state: *a", 5, "state", "a name"},
	{"tag", "state: closed", "state: !!str closed", 5, "state", "a name"},
	{"merge key", "state: closed", "<<: {state: closed}", 5, "state", "this key"},
	{"quoted where plain", "state: closed", `state: "closed"`, 5, "state", "a name"},
	{"single quotes", "state: closed", "state: 'closed'", 5, "state", "a name"},
	{"quoted number", "revision: 7", `revision: "7"`, 10, "revision", "a number"},
	{"quoted time", "opened: 2026-11-22T09:14:03Z", `opened: "2026-11-22T09:14:03Z"`, 7, "opened", "a time"},
	{"plain where quoted", `"docket[bot]"`, "docket[bot]", 15, "", "canonical"},
	{"quoted login where plain", "requested_by: triage", `requested_by: "triage"`, 14, "", "canonical"},
	{"login with a quote", `"docket[bot]"`, `"docket"bot"`, 15, "log.requested_by", "ASCII characters without"},
	{"login with an escape", `"docket[bot]"`, `"docket\u0041"`, 15, "log.requested_by", "ASCII characters without"},
	{"login of nothing", `"docket[bot]"`, `""`, 15, "log.requested_by", "ASCII characters without"},
	{"login that brings a key", `"docket[bot]"`, `"docket, x: y"`, 15, "log.requested_by", "ASCII characters without"},
	{"document start", "", "---\n%", 1, "docket", "this key"},
	{"directive", "", "%%YAML 1.2\n---\n%", 1, "docket", "this key"},
	{"document end", "", "%...\n", 39, "", "end of the file"},
	{"second document", "", "%---\n%", 39, "", "end of the file"},
	{"no final line feed", "-----END PGP SIGNATURE-----\n", "-----END PGP SIGNATURE-----", 38, "", "line feed at the end"},
	{"one more final line feed", "", "%\n", 33, "signature", "armored"},
	{"space at the end", "", "% ", 39, "", "line feed at the end"},

	{"empty list", "handlers: [" + string(fpr1) + ", " + string(fpr2) + "]", "handlers: []", 8, "handlers", "openpgp4fpr"},
	{"empty facts", "facts: [complete, in-scope]", "facts: []", 9, "facts", "a name"},
	{"unsorted handlers", string(fpr1) + ", " + string(fpr2), string(fpr2) + ", " + string(fpr1), 8, "handlers", "sorted"},
	{"duplicate handlers", string(fpr1) + ", " + string(fpr2), string(fpr1) + ", " + string(fpr1), 8, "handlers", "each once"},
	{"unsorted facts", "complete, in-scope", "in-scope, complete", 9, "facts", "sorted"},
	{"duplicate facts", "complete, in-scope", "complete, complete", 9, "facts", "each once"},
	{"list without spaces", "complete, in-scope", "complete,in-scope", 9, "facts", "a name"},
	{"list with a comma at the end", "complete, in-scope", "complete, in-scope,", 9, "facts", "a name"},
	{"list with a space inside", "[complete", "[ complete", 9, "facts", "a name"},
	{"list in block style", "facts: [complete, in-scope]", "facts:\n  - complete", 9, "facts", "[value, value]"},
	{"list on two lines", "complete, in-scope", "complete,\n  in-scope", 9, "facts", "[value, value]"},
	{"scalar for a list", "facts: [complete, in-scope]", "facts: complete", 9, "facts", "[value, value]"},

	{"other version", "docket: 1", "docket: 2", 1, "docket", "1 (the format version)"},
	{"leading zeros", "revision: 7", "revision: 007", 10, "revision", "a number"},
	{"exponent", "revision: 7", "revision: 1e3", 10, "revision", "a number"},
	{"plus", "revision: 7", "revision: +1", 10, "revision", "a number"},
	{"minus", "revision: 7", "revision: -1", 10, "revision", "a number"},
	{"zero", "revision: 7", "revision: 0", 10, "revision", "a number"},
	{"hexadecimal", "revision: 7", "revision: 0x7", 10, "revision", "a number"},
	{"underscore", "revision: 7", "revision: 1_0", 10, "revision", "a number"},
	{"fraction", "revision: 7", "revision: 7.0", 10, "revision", "a number"},
	{"too large", "revision: 7", "revision: 1000000000", 10, "revision", "a number"},
	{"larger than any integer", "revision: 7", "revision: 99999999999999999999999", 10, "revision", "a number"},
	{"number of a row", "{revision: 4", "{revision: 04", 14, "log.revision", "a number"},

	{"time with offset", "09:14:03Z", "10:14:03+01:00", 7, "opened", "a time"},
	{"time with offset zero", "09:14:03Z", "09:14:03+00:00", 7, "opened", "a time"},
	{"time with fraction", "09:14:03Z", "09:14:03.5Z", 7, "opened", "a time"},
	{"time with fraction zero", "09:14:03Z", "09:14:03.000Z", 7, "opened", "a time"},
	{"lower-case z", "09:14:03Z", "09:14:03z", 7, "opened", "a time"},
	{"lower-case t", "22T09", "22t09", 7, "opened", "a time"},
	{"space for T", "22T09", "22 09", 7, "opened", "a time"},
	{"time without seconds", "09:14:03Z", "09:14Z", 7, "opened", "a time"},
	{"date only", "2026-11-22T09:14:03Z", "2026-11-22", 7, "opened", "a time"},
	{"no such day", "2026-11-22T09", "2026-02-30T09", 7, "opened", "a time"},
	{"the zero time", "2026-11-22T09:14:03Z", "0001-01-01T00:00:00Z", 7, "opened", "a time"},
	{"leap second", "09:14:03Z", "23:59:60Z", 7, "opened", "a time"},
	{"time of a row", "at: 2026-11-24T17:00:00Z", "at: 2026-11-24T17:00:00.0Z", 14, "log.at", "a time"},

	{"upper-case sha256", sha6, strings.Replace(strings.ToUpper(sha6), "SHA256", "sha256", 1), 11, "previous", "sha256:"},
	{"upper-case prefix", "previous: sha256:", "previous: SHA256:", 11, "previous", "sha256:"},
	{"bare hex", "previous: sha256:", "previous: ", 11, "previous", "sha256:"},
	{"short digest", "previous: " + sha6, "previous: sha256:e7f6", 11, "previous", "sha256:"},
	{"bare git", "policy: git:", "policy: ", 4, "policy", "git:"},
	{"lower-case fingerprint", "AB]", "ab]", 8, "handlers", "upper-case"},
	{"short fingerprint", "2AB]", "2]", 8, "handlers", "openpgp4fpr"},
	{"lower-case case ID", "id: INGP", "id: ingp", 2, "id", "case ID"},
	{"case ID with superfluous zeros", "2026-0042\n", "2026-00042\n", 2, "id", "case ID"},
	{"case ID zero", "2026-0042\n", "2026-0000\n", 2, "id", "case ID"},
	{"truth value for a state", "state: closed", "state: no", 5, "state", "a name"},
	{"unknown outcome", "outcome: fixed", "outcome: wontfix", 6, "outcome", "closed list"},
	{"upper-case Message-ID", "message_id: ingp", "message_id: INGP", 18, "updates.message_id", "Message-ID"},
	{"Message-ID of others", "message_id: ingp-2026-0042.1.abcdefghij234567@", "message_id: x@", 18, "updates.message_id", "Message-ID"},

	{"armor with headers", "MESSAGE-----\n\n", "MESSAGE-----\n  Version: GnuPG v2\n\n", 20, "contact", "armored"},
	{"armor with wrong kind", "BEGIN PGP MESSAGE", "BEGIN PGP SIGNATURE", 20, "contact", "message"},
	{"armor of a message as signature", indented(armorSignature), indented(armorMessage), 33, "signature", "signature"},
	{"armor without its empty line", "MESSAGE-----\n\n", "MESSAGE-----\n", 20, "contact", "armored"},
	{"armor with two empty lines", "MESSAGE-----\n\n", "MESSAGE-----\n\n\n", 20, "contact", "armored"},
	{"armor with an empty line inside", "  wy4ECQ\n", "  wy4ECQ\n\n  wy4ECQ\n", 20, "contact", "armored"},
	{"armor without body", "\n  wy4ECQ\n  =abcd\n", "\n", 20, "contact", "armored"},
	{"armor without end", "  -----END PGP MESSAGE-----\n", "", 20, "contact", "armored"},
	{"two armors", indented(armorMessage), indented(armorMessage + armorMessage), 20, "contact", "armored"},
	{"armor with other letters", "wy4ECQ", "wy4-CQ", 20, "contact", "armored"},
	{"armor with dash escapes", "  -----END PGP MESSAGE", "  - -----END PGP MESSAGE", 20, "contact", "armored"},

	{"row with unknown key", ", by: " + string(fpr1) + "}", ", by: " + string(fpr1) + ", note: x}", 13, "log", "known keys"},
	{"row with a key twice", "to: received,", "to: received, to: received,", 13, "log.by", "this key"},
	{"row keys reordered", "{revision: 1, at: 2026-11-22T09:14:03Z", "{at: 2026-11-22T09:14:03Z, revision: 1", 13, "log.revision", "this key"},
	{"row without a key", "to: received, ", "", 13, "log.to", "this key"},
	{"row with an empty value", "to: received", "to: ", 13, "log.to", "a name"},
	{"row in block style", "  - {revision: 1, at: 2026-11-22T09:14:03Z, to: received, by: " + string(fpr1) + "}", "  - revision: 1", 13, "log", "- {key"},
	{"row indented by four", "  - {revision: 1", "    - {revision: 1", 13, "log", "- {key"},
	{"row not indented", "  - {revision: 1", "- {revision: 1", 13, "log", "at least one row"},
	{"row without closing brace", string(fpr1) + "}\n", string(fpr1) + "\n", 13, "log", "- {key"},
	{"row with inner spaces", "{revision: 1", "{ revision: 1", 13, "log.revision", "this key"},
	{"empty row", "  - {revision: 1,", "  - {}\n  - {revision: 1,", 13, "log.revision", "this key"},
	{"rows on the key's line", "log:\n", "log: []\n", 12, "log", "rows"},
	{"no rows", "updates:\n", "updates:\nupdates:\n", 18, "updates", "at least one row"},
	{"update with both sealed and template", ", sealed: ", ", template: " + string(object1) + ", text: " + string(digestOf("x")) + ", sealed: ", 17, "updates", "in row 2"},
	{"update with neither", ", sealed: " + string(digestOf("update")), "", 17, "updates", "in row 2"},
	{"update with a template and no text", ", text: " + string(digestOf("text")), "", 17, "updates", "in row 1"},

	{"literal with an indent of four", "  -----BEGIN PGP MESSAGE-----", "    -----BEGIN PGP MESSAGE-----", 20, "contact", "armored"},
	{"literal with an indent of one", "  wy4ECQ", " wy4ECQ", 20, "contact", "armored"},
	{"literal without indent", "  wy4ECQ", "wy4ECQ", 20, "contact", "armored"},
	{"literal with an indented empty line", "MESSAGE-----\n\n", "MESSAGE-----\n  \n", 22, "", "canonical"},
	{"literal |-", "contact: |\n", "contact: |-\n", 20, "contact", `"|"`},
	{"literal |+", "contact: |\n", "contact: |+\n", 20, "contact", `"|"`},
	{"literal |2", "contact: |\n", "contact: |2\n", 20, "contact", `"|"`},
	{"folded >", "contact: |\n", "contact: >\n", 20, "contact", `"|"`},
	{"quoted text", "contact: |\n", "contact: \"x\"\n", 20, "contact", `"|"`},

	{"nothing", "", "", 1, "", "line feed"},
	{"a line feed", "", "\n", 1, "docket", "this key"},
	{"JSON", "", "{\"docket\": 1}\n", 1, "docket", "this key"},
}

var malformedMails = []malformed{
	{"missing kind", "kind: follow-up\n", "", 5, "kind", "this key"},
	{"unknown kind", "kind: follow-up", "kind: letter", 5, "kind", "one of report, follow-up, unopened, bounce"},
	{"unknown state of the signature", "signed: good", "signed: yes", 6, "signed", "one of good"},
	{"bare signer", "signer: hmac:", "signer: ", 7, "signer", "hmac:"},
	{"upper-case signer", "hmac:0e", "hmac:0E", 7, "signer", "hmac:"},
	{"update zero", "update: 2", "update: 0", 8, "update", "a number"},
	{"key of a case", "n: 3\n", "n: 3\nstate: received\n", 4, "at", "this key"},
	{"time with offset", "03Z", "03+00:00", 4, "at", "a time"},
	{"comment", "n: 3", "n: 3 # third", 3, "n", "a number"},
	{"second document", "", "%---\n%", 17, "", "end of the file"},
	{"armor of a message", indented(armorSignature), indented(armorMessage), 11, "signature", "signature"},
	{"a case file", "", string(caseKind.sample()), 3, "n", "this key"},
}

var malformedReceipts = []malformed{
	{"unknown status", "status: sent", "status: delivered", 5, "status", "one of sending"},
	{"plain code", `code: "2.0.0"`, "code: 2.0.0", 7, "", "canonical"},
	{"code with text", `code: "2.0.0"`, `code: "2.0.0 Ok"`, 7, "code", "RFC 3463"},
	{"code of three digits", `code: "2.0.0"`, "code: 250", 7, "code", "RFC 3463"},
	{"code of no class", `code: "2.0.0"`, `code: "3.0.0"`, 7, "code", "RFC 3463"},
	{"code in single quotes", `"2.0.0"`, "'2.0.0'", 7, "code", "RFC 3463"},
	{"empty code", `"2.0.0"`, `""`, 7, "code", "RFC 3463"},
	{"one quote", `"2.0.0"`, `"`, 7, "code", "RFC 3463"},
	{"attempt zero", "attempt: 1", "attempt: 0", 4, "attempt", "a number"},
	{"main without prefix", "main: git:", "main: ", 8, "main", "git:"},
	{"missing main", "main: " + string(object1) + "\n", "", 8, "main", "this key"},
	{"wrong order", "update: 2\nattempt: 1\n", "attempt: 1\nupdate: 2\n", 3, "update", "this key"},
}

func indented(armor string) string {
	var b strings.Builder
	for _, line := range strings.SplitAfter(strings.TrimSuffix(armor, "\n"), "\n") {
		if line != "\n" {
			b.WriteString("  ")
		}
		b.WriteString(line)
	}
	return b.String() + "\n"
}

func (m malformed) apply(t *testing.T, good string) string {
	t.Helper()
	if m.old == "" {
		// A line that begins with a per cent sign is written with two.
		return strings.ReplaceAll(strings.ReplaceAll(strings.ReplaceAll(m.now, "%%", "\x01"), "%", good), "\x01", "%")
	}
	if !strings.Contains(good, m.old) {
		t.Fatalf("the good file has no %q", m.old)
	}
	return strings.Replace(good, m.old, m.now, 1)
}

func TestMalformed(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		kind    kind
		samples []malformed
	}{{caseKind, malformedCases}, {mailRecord, malformedMails}, {receiptKind, malformedReceipts}} {
		good := string(x.kind.sample())
		if _, _, err := x.kind.again([]byte(good)); err != nil {
			t.Fatal(err)
		}
		for _, m := range x.samples {
			t.Run(x.kind.name+" "+m.what, func(t *testing.T) {
				_, _, err := x.kind.again([]byte(m.apply(t, good)))
				var e *Error
				if !errors.As(err, &e) {
					t.Fatalf("error is %v", err)
				}
				if e.Line != m.line || e.Key != m.key || !strings.Contains(e.Want, m.want) {
					t.Fatalf("error is %q, want line %d, key %q, %q", e, m.line, m.key, m.want)
				}
			})
		}
	}
}

// An error says where and what was expected, and nothing of what stands there.
func TestErrorsQuoteNothing(t *testing.T) {
	t.Parallel()
	good := string(caseKind.sample())
	for _, old := range []string{"INGP-2026-0042\n", "closed\n", "fixed\n", "2026-11-22T09:14:03Z\n", "complete,", string(fpr2) + "]", "7\n", "received,",
		`"docket[bot]"`, "acknowledge,", "wy4ECQ", "contact: |", "=Ab+/", "state:"} {
		if !strings.Contains(good, old) {
			t.Fatalf("the good file has no %q", old)
		}
		_, err := Parse([]byte(strings.Replace(good, old, "the plaintext"+old, 1)))
		if err == nil || strings.Contains(err.Error(), "plaintext") {
			t.Errorf("before %q: error is %v", old, err)
		}
	}
}
