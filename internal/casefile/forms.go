package casefile

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/docket-psirt/docket/internal/psirt"
)

var (
	loginForm     = regexp.MustCompile(`^[ -!#-+\--\[\]-~]{1,100}$`) // printable ASCII but " and \, and the comma, which separates
	messageIDForm = regexp.MustCompile(`^[a-z][a-z0-9-]*\.[1-9][0-9]*\.[a-z2-7]{16,}@[a-z0-9.-]+$`)
	plainForm     = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.@+-]*$`)
	codeForm      = regexp.MustCompile(`^[245]\.[0-9]{1,3}\.[0-9]{1,3}$`)
)

// The forms that values take. Each has exactly one spelling.
var (
	version     = form{want: "1 (the format version)", ok: func(s string) bool { return s == "1" }, number: true}
	number      = form{want: "a number from 1, without leading zeros", ok: isNumber, number: true}
	caseID      = form{want: "a case ID such as INGP-2026-0042", ok: func(s string) bool { return psirt.CaseID(s).Valid() }}
	name        = form{want: "a name: lower-case letters, digits, hyphens", ok: psirt.ValidName}
	outcome     = form{want: "one of the closed list of outcomes", ok: func(s string) bool { return slices.Contains(psirt.Outcomes, psirt.Outcome(s)) }}
	object      = form{want: "git: and 40 hexadecimal digits", ok: func(s string) bool { return psirt.ObjectID(s).Valid() }}
	digest      = form{want: "sha256: and 64 hexadecimal digits", ok: func(s string) bool { return psirt.Digest(s).Valid() }}
	keyed       = form{want: "hmac: and 64 hexadecimal digits", ok: func(s string) bool { return psirt.Keyed(s).Valid() }}
	fingerprint = form{want: "openpgp4fpr: and 40 or 64 upper-case hexadecimal digits", ok: func(s string) bool { return psirt.Fingerprint(s).Valid() }}
	instant     = form{want: "a time such as 2026-11-22T09:14:03Z", ok: isTime}
	login       = form{want: "up to 100 printable ASCII characters without quote, comma and backslash", ok: loginForm.MatchString, quoted: true}
	messageID   = form{want: "a Message-ID of ours: case.number.base32@domain, lower case", ok: messageIDForm.MatchString}
	code        = form{want: "an enhanced status code (RFC 3463) such as 2.0.0", ok: codeForm.MatchString, quoted: true}
	message     = form{want: "an armored OpenPGP message", ok: armored("PGP MESSAGE")}
	signature   = form{want: "an armored OpenPGP signature", ok: armored("PGP SIGNATURE")}
	mailKind    = oneOf(string(psirt.MailReport), string(psirt.MailFollowUp), string(psirt.MailUnopened), string(psirt.MailBounce))
	signedState = oneOf(string(psirt.SignedGood), string(psirt.SignedOtherKey), string(psirt.SignedUnknownKey), string(psirt.SignedBad), string(psirt.SignedNone))
	status      = oneOf(string(psirt.ReceiptSending), string(psirt.ReceiptSent), string(psirt.ReceiptHeld),
		string(psirt.ReceiptRefused), string(psirt.ReceiptUnknown), string(psirt.ReceiptNone))
)

func oneOf(words ...string) form {
	return form{want: "one of " + strings.Join(words, ", "), ok: func(s string) bool { return slices.Contains(words, s) }}
}

func isNumber(s string) bool {
	n, err := strconv.Atoi(s)
	return err == nil && n > 0 && n < 1e9 && strconv.Itoa(n) == s
}

func isTime(s string) bool {
	t, err := time.Parse(time.RFC3339, s)
	return err == nil && !t.IsZero() && t.UTC().Format("2006-01-02T15:04:05Z") == s
}

// plain reports whether every YAML reader takes s for a string without quotes.
func plain(s string) bool { return plainForm.MatchString(s) && !psirt.ReservedWord(s) }

// armored accepts the outer shape of an armor; that it is canonical is for
// seal.CanonicalArmor to say.
func armored(kind string) func(string) bool {
	head, tail := "-----BEGIN "+kind+"-----\n\n", "-----END "+kind+"-----\n"
	return func(s string) bool {
		body, ok := enclosed(s, head, tail)
		if !ok || !strings.HasSuffix(body, "\n") {
			return false
		}
		for _, c := range []byte(body) {
			if !(c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '+' || c == '/' || c == '=' || c == '\n') {
				return false
			}
		}
		return !strings.Contains("\n"+body, "\n\n")
	}
}

func fromTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05Z")
}

func toTime(s string) time.Time {
	t, _ := time.Parse(time.RFC3339, s)
	return t
}

func fromInt(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func toInt(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}
