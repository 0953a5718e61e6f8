package casefile

import (
	"bytes"
	"errors"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/schema"
)

// kind is one of the three files, so that a test can go through all of them.
type kind struct {
	name   string
	again  func([]byte) (again []byte, document map[string]any, err error)
	sample func() []byte
}

func kindOf[T any](name string, parse func([]byte) (*T, error), format func(*T) ([]byte, error), doc func(*T) map[string]any, sample func() *T) kind {
	return kind{name: name,
		again: func(data []byte) ([]byte, map[string]any, error) {
			v, err := parse(data)
			if err != nil {
				if v != nil {
					panic("a value comes with the error")
				}
				return nil, nil, err
			}
			again, err := format(v)
			if err != nil {
				panic("what was parsed cannot be written: " + err.Error())
			}
			return again, doc(v), nil
		},
		sample: func() []byte {
			data, err := format(sample())
			if err != nil {
				panic(err)
			}
			return data
		},
	}
}

var (
	caseKind    = kindOf(schema.Case, Parse, Format, Document, full)
	mailRecord  = kindOf(schema.Mail, ParseMail, FormatMail, MailDocument, fullMail)
	receiptKind = kindOf(schema.Receipt, ParseReceipt, FormatReceipt, ReceiptDocument, fullReceipt)
)

// trip writes a value, reads it back and holds that nothing changed, that the
// schema knows the document and that the YAML library reads the same.
func trip[T any](t *testing.T, kind string, v *T, parse func([]byte) (*T, error), format func(*T) ([]byte, error), doc func(*T) map[string]any) {
	t.Helper()
	file := must(format(v))(t)
	back := must(parse(file))(t)
	if !reflect.DeepEqual(back, v) {
		t.Fatalf("read\n%+v\nwrote\n%+v", back, v)
	}
	if again := must(format(back))(t); !bytes.Equal(again, file) {
		t.Fatalf("written again:\n%s\nbefore:\n%s", again, file)
	}
	oracle(t, file, doc(back))
	if err := schema.Validate(kind, doc(back)); err != nil {
		t.Fatal(err)
	}
}

func TestCaseRoundTrip(t *testing.T) {
	t.Parallel()
	for what, change := range map[string]func(*psirt.Case){
		"every field":          func(*psirt.Case) {},
		"no field too many":    func(c *psirt.Case) { *c = *least() },
		"handlers only":        func(c *psirt.Case) { *c = *least(); c.Handlers = []psirt.Fingerprint{fpr1} },
		"facts only":           func(c *psirt.Case) { *c = *least(); c.Facts = []string{"a", "a-b", "ab", "b"} },
		"one mail":             func(c *psirt.Case) { *c = *least(); c.Mails = []psirt.Digest{digestOf("x")} },
		"fingerprints of both": func(c *psirt.Case) { c.Handlers = []psirt.Fingerprint{fpr1, fpr6} },
		"digits in a prefix":   func(c *psirt.Case) { c.ID = "E1-2026-0007" },
		"a number to some":     func(c *psirt.Case) { c.State, c.Outcome, c.Log[2].To = "e10", "", "e10" },
		"login yes":            func(c *psirt.Case) { c.Log[1].RequestedBy = "yes" },
		"login Null":           func(c *psirt.Case) { c.Log[1].RequestedBy = "Null" },
		"login 007":            func(c *psirt.Case) { c.Log[1].RequestedBy = "007" },
		"login 1e3":            func(c *psirt.Case) { c.Log[1].RequestedBy = "1e3" },
		"login .nan":           func(c *psirt.Case) { c.Log[1].RequestedBy = ".nan" },
		"login -":              func(c *psirt.Case) { c.Log[1].RequestedBy = "-" },
		"login 2026-11-22":     func(c *psirt.Case) { c.Log[1].RequestedBy = "2026-11-22" },
		"login of 100":         func(c *psirt.Case) { c.Log[1].RequestedBy = strings.Repeat("x", 100) },
		"numbers at the bound": func(c *psirt.Case) { c.Revision, c.Log[2].Revision = 999_999_999, 999_999_999 },
		"a leap day":           func(c *psirt.Case) { c.Opened = time.Date(2028, 2, 29, 23, 59, 59, 0, time.UTC) },
		"many lines of armor": func(c *psirt.Case) {
			c.Sealed = strings.Replace(armorMessage, "wy4ECQ\n", strings.Repeat(strings.Repeat("A", 64)+"\n", 500), 1)
		},
	} {
		c := full()
		change(c)
		t.Run(what, func(t *testing.T) { trip(t, schema.Case, c, Parse, Format, Document) })
	}
	for _, o := range psirt.Outcomes {
		c := full()
		c.Outcome = o
		t.Run(string(o), func(t *testing.T) { trip(t, schema.Case, c, Parse, Format, Document) })
	}
}

func TestMailRoundTrip(t *testing.T) {
	t.Parallel()
	for _, k := range []psirt.MailKind{psirt.MailReport, psirt.MailFollowUp, psirt.MailUnopened, psirt.MailBounce} {
		for _, s := range []psirt.SignatureState{psirt.SignedGood, psirt.SignedOtherKey, psirt.SignedUnknownKey, psirt.SignedBad, psirt.SignedNone} {
			m := fullMail()
			m.Kind, m.Signed = k, s
			if s == psirt.SignedNone {
				m.Signer, m.Update = "", 0
			}
			t.Run(string(k)+" "+string(s), func(t *testing.T) { trip(t, schema.Mail, m, ParseMail, FormatMail, MailDocument) })
		}
	}
}

func TestReceiptRoundTrip(t *testing.T) {
	t.Parallel()
	for _, s := range []psirt.ReceiptStatus{psirt.ReceiptSending, psirt.ReceiptSent, psirt.ReceiptHeld, psirt.ReceiptRefused, psirt.ReceiptUnknown, psirt.ReceiptNone} {
		r := fullReceipt()
		r.Status = s
		t.Run(string(s), func(t *testing.T) { trip(t, schema.Receipt, r, ParseReceipt, FormatReceipt, ReceiptDocument) })
		bare := *r
		bare.Code, bare.Previous = "", ""
		t.Run(string(s)+" without code", func(t *testing.T) {
			trip(t, schema.Receipt, &bare, ParseReceipt, FormatReceipt, ReceiptDocument)
		})
	}
}

// What Parse would refuse is not written, and the error names the field.
func TestFormatRefuses(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		want   string
		change func(*psirt.Case)
	}{
		{"docket is empty", func(c *psirt.Case) { c.Docket = 0 }},
		{"docket: expected 1", func(c *psirt.Case) { c.Docket = 2 }},
		{"id is empty", func(c *psirt.Case) { c.ID = "" }},
		{"id: expected a case ID", func(c *psirt.Case) { c.ID = "INGP-2026-00042" }},
		{"program: expected a name", func(c *psirt.Case) { c.Program = "IN Groupe" }},
		{"state: expected a name", func(c *psirt.Case) { c.State = "no" }},
		{"state: expected a name", func(c *psirt.Case) { c.State = "a\nb: c" }},
		{"outcome: expected one of", func(c *psirt.Case) { c.Outcome = "wontfix" }},
		{"opened is empty", func(c *psirt.Case) { c.Opened = time.Time{} }},
		{"opened: expected a time", func(c *psirt.Case) { c.Opened = time.Date(12026, 1, 1, 0, 0, 0, 0, time.UTC) }},
		{"handlers: expected values that are sorted", func(c *psirt.Case) { c.Handlers = []psirt.Fingerprint{fpr2, fpr1} }},
		{"handlers: expected values that are sorted", func(c *psirt.Case) { c.Handlers = []psirt.Fingerprint{fpr1, fpr1} }},
		{"handlers: expected openpgp4fpr:", func(c *psirt.Case) { c.Handlers = []psirt.Fingerprint{""} }},
		{"facts: expected values that are sorted", func(c *psirt.Case) { c.Facts = []string{"b", "a"} }},
		{"revision: expected a number", func(c *psirt.Case) { c.Revision = -1 }},
		{"revision: expected a number", func(c *psirt.Case) { c.Revision = 1_000_000_000 }},
		{"log is empty", func(c *psirt.Case) { c.Log = nil }},
		{"log.at: expected a time", func(c *psirt.Case) { c.Log[1].At = time.Time{} }},
		{"log.to: expected a name", func(c *psirt.Case) { c.Log[1].To = "" }},
		{"log.requested_by: expected", func(c *psirt.Case) { c.Log[1].RequestedBy = `a"b` }},
		{"log.requested_by: expected", func(c *psirt.Case) { c.Log[1].RequestedBy = "a, by: b" }},
		{"log.requested_by: expected", func(c *psirt.Case) { c.Log[1].RequestedBy = strings.Repeat("x", 101) }},
		{"mails: expected sha256:", func(c *psirt.Case) { c.Mails[0] = "" }},
		{"updates: expected either sealed, or template and text, in row 2", func(c *psirt.Case) { c.Updates[1].Template = object1 }},
		{"updates: expected either sealed, or template and text, in row 1", func(c *psirt.Case) { c.Updates[0].Text = "" }},
		{"updates.message_id: expected a Message-ID", func(c *psirt.Case) { c.Updates[0].MessageID = "<x@y>" }},
		{"contact is empty", func(c *psirt.Case) { c.Contact = "" }},
		{"contact: expected an armored OpenPGP message", func(c *psirt.Case) { c.Contact = armorSignature }},
		{"sealed: expected an armored OpenPGP message", func(c *psirt.Case) { c.Sealed = armorMessage + "\n" }},
		{"sealed: expected an armored OpenPGP message", func(c *psirt.Case) { c.Sealed = armorMessage + armorMessage }},
		{"signature: expected an armored OpenPGP signature", func(c *psirt.Case) { c.Signature = armorMessage }},
		{"at most 8388608 are allowed", func(c *psirt.Case) {
			c.Sealed = strings.Replace(armorMessage, "wy4ECQ", strings.Repeat("A", MaxSize), 1)
		}},
	} {
		c := full()
		x.change(c)
		file, err := Format(c)
		if err == nil || !strings.Contains(err.Error(), x.want) || file != nil {
			t.Errorf("error is %v, want %q", err, x.want)
		}
	}
}

// Parsing hostile files takes no more memory than a small multiple of them.
func TestParseMemory(t *testing.T) {
	head := "docket: 1\nid: INGP-2026-0042\n"
	for what, data := range map[string][]byte{
		"line feeds": []byte(strings.Repeat("\n", MaxSize)),
		"one line":   []byte(head + strings.Repeat("x", MaxSize-100) + "\n"),
		"a list":     []byte(strings.Replace(string(caseKind.sample()), "complete", strings.Repeat("a, ", MaxSize/3-2000)+"a", 1)),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := Parse(data); err == nil {
			t.Fatal("accepted")
		}
		runtime.ReadMemStats(&after)
		if got := after.TotalAlloc - before.TotalAlloc; got > 32*MaxSize {
			t.Errorf("%s: %d MiB in all for %d", what, got>>20, len(data)>>20)
		}
	}
	big := append(caseKind.sample(), bytes.Repeat([]byte("\n"), MaxSize)...)
	var e *Error
	if _, err := Parse(big); !errors.As(err, &e) || e.Line != 1 || !strings.Contains(e.Want, "at most") {
		t.Fatalf("oversized: %v", err)
	}
}
