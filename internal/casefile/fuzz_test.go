package casefile

import (
	"bytes"
	"errors"
	"testing"
)

// fuzz holds for any input: what is accepted is written the same again and
// read the same by the YAML library; what is not names its line.
func fuzz(f *testing.F, k kind, goldenFile string) {
	f.Add(k.sample())
	f.Add(golden(f, goldenFile))
	f.Fuzz(func(t *testing.T, data []byte) {
		again, doc, err := k.again(data)
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || e.Line < 1 || e.Line > bytes.Count(data, []byte("\n"))+1 || e.Want == "" || again != nil {
				t.Fatalf("error is %#v", err)
			}
			return
		}
		if !bytes.Equal(again, data) {
			t.Fatalf("read\n%s\nwritten\n%s", data, again)
		}
		oracle(t, data, doc)
		if body, err := SignedBytes(data); err != nil || bytes.Count(body, signatureLine) != 0 {
			t.Fatalf("signed bytes: %v", err)
		}
	})
}

func FuzzCase(f *testing.F) {
	f.Add(must(Format(least()))(f))
	fuzz(f, caseKind, goldenCase)
}

func FuzzMail(f *testing.F) { fuzz(f, mailRecord, goldenMail) }

func FuzzReceipt(f *testing.F) { fuzz(f, receiptKind, goldenReceipt) }

// FuzzParseProgram holds that nothing panics and that what is accepted can be
// worked with.
func FuzzParseProgram(f *testing.F) {
	f.Add(fixture(f, "program.yaml"))
	f.Add([]byte(laughs()))
	f.Add([]byte("docket: 1\nfacts: {a: {present: x}}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		_, _ = PeekProgram(data)
		p, err := ParseProgram(data)
		if (p == nil) == (err == nil) {
			t.Fatalf("program %v, error %v", p, err)
		}
		if err != nil {
			return
		}
		if faults := p.Check(); len(faults) > 0 {
			t.Fatalf("accepted with %v", faults)
		}
		if _, err := PeekProgram(data); err != nil {
			t.Fatalf("accepted, but cannot be peeked at: %v", err)
		}
	})
}
