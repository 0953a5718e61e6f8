package casefile

import (
	"bytes"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/seal"
)

// made is when the keys of the tests were made.
var made = time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC)

var people = sync.OnceValue(func() map[string]*seal.Key {
	keys := map[string]*seal.Key{}
	for _, name := range []string{"triage", "lead"} {
		k, err := seal.NewKey("Test key "+name, name+"@example.org", made)
		if err != nil {
			panic(err)
		}
		keys[name] = k
	}
	return keys
})

func TestSignAndVerify(t *testing.T) {
	t.Parallel()
	triage, lead := people()["triage"], people()["lead"]
	c := full()
	file := must(Sign(c, triage, later))(t)
	if c.By != triage.Cert().Fingerprint() {
		t.Fatalf("by is %s", c.By)
	}
	read := must(Parse(file))(t)
	if err := Verify(file, read, triage.Cert(), later); err != nil {
		t.Fatal(err)
	}
	if err := seal.CanonicalArmor(c.Signature); err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		what   string
		change func(*psirt.Case)
		by     *seal.Cert
		at     time.Time
		want   error
	}{
		{"another case", func(c *psirt.Case) { c.ID = "INGP-2026-0043" }, triage.Cert(), later, seal.ErrWrongContext},
		{"another revision", func(c *psirt.Case) { c.Revision = 8 }, triage.Cert(), later, seal.ErrWrongContext},
		{"another signer", func(*psirt.Case) {}, lead.Cert(), later, seal.ErrOtherSigner},
		{"before the key was made", func(*psirt.Case) {}, triage.Cert(), made.Add(-time.Second), seal.ErrNotYet},
		{"no signature", func(c *psirt.Case) { c.Signature = "" }, triage.Cert(), later, seal.ErrMalformed},
	} {
		other := *read
		x.change(&other)
		if err := Verify(file, &other, x.by, x.at); !errors.Is(err, x.want) {
			t.Errorf("%s: error is %v, want %v", x.what, err, x.want)
		}
	}
	if err := Verify([]byte("docket: 1\n"), read, triage.Cert(), later); err == nil {
		t.Error("a file without a signature is verified")
	}
}

// A signature made for one part, case, revision or number counts at no other.
func TestContexts(t *testing.T) {
	t.Parallel()
	key, body := people()["lead"], []byte("docket: 1\n")
	var all []seal.Context
	for _, part := range []string{PartRevision, PartSealed, PartContact, PartMail, PartRecord, PartUpdate, PartReceipt, PartNotify, PartSecret} {
		for _, id := range []psirt.CaseID{"INGP-2026-0001", "INGP-2026-0011"} {
			all = append(all, ContextOf(part, id), ContextOf(part, id, 1), ContextOf(part, id, 11), ContextOf(part, id, 1, 1))
		}
	}
	seen := map[seal.Context]bool{}
	for _, ctx := range all {
		if seen[ctx] {
			t.Fatalf("%s stands for two things", ctx)
		}
		seen[ctx] = true
	}
	signature := must(key.Sign(body, all[0], later))(t)
	for i, ctx := range all {
		err := seal.Verify(body, signature, ctx, key.Cert(), later)
		if (i == 0) != (err == nil) || i > 0 && !errors.Is(err, seal.ErrWrongContext) {
			t.Errorf("%s: %v", ctx, err)
		}
	}
}

// A record that was signed as one kind of file is none of another kind.
func TestSignRecords(t *testing.T) {
	t.Parallel()
	bot, other := people()["triage"], people()["lead"]
	m, r := fullMail(), fullReceipt()
	m.N, r.Update, r.Attempt = 1, 1, 1
	mail, receipt := must(SignMail(m, bot, m.At))(t), must(SignReceipt(r, bot, r.At))(t)
	if err := errors.Join(VerifyMail(mail, must(ParseMail(mail))(t), bot.Cert()), VerifyReceipt(receipt, must(ParseReceipt(receipt))(t), bot.Cert())); err != nil {
		t.Fatal(err)
	}
	for what, x := range map[string]struct {
		err, want error
	}{
		"mail by another":        {VerifyMail(mail, m, other.Cert()), seal.ErrOtherSigner},
		"receipt by another":     {VerifyReceipt(receipt, r, other.Cert()), seal.ErrOtherSigner},
		"another mail":           {VerifyMail(mail, &psirt.MailRecord{ID: m.ID, N: 2, At: m.At, Signature: m.Signature}, bot.Cert()), seal.ErrWrongContext},
		"mail of another case":   {VerifyMail(mail, &psirt.MailRecord{ID: "INGP-2026-0001", N: 1, At: m.At, Signature: m.Signature}, bot.Cert()), seal.ErrWrongContext},
		"another update":         {VerifyReceipt(receipt, &psirt.Receipt{ID: r.ID, Update: 2, Attempt: 1, At: r.At, Signature: r.Signature}, bot.Cert()), seal.ErrWrongContext},
		"another attempt":        {VerifyReceipt(receipt, &psirt.Receipt{ID: r.ID, Update: 1, Attempt: 2, At: r.At, Signature: r.Signature}, bot.Cert()), seal.ErrWrongContext},
		"a receipt as a mail":    {VerifyMail(receipt, &psirt.MailRecord{ID: r.ID, N: 1, At: r.At, Signature: r.Signature}, bot.Cert()), seal.ErrWrongContext},
		"mail before the key":    {VerifyMail(mail, &psirt.MailRecord{ID: m.ID, N: 1, At: made.Add(-time.Second), Signature: m.Signature}, bot.Cert()), seal.ErrNotYet},
		"receipt before the key": {VerifyReceipt(receipt, &psirt.Receipt{ID: r.ID, Update: 1, Attempt: 1, At: made.Add(-time.Second), Signature: r.Signature}, bot.Cert()), seal.ErrNotYet},
	} {
		if !errors.Is(x.err, x.want) {
			t.Errorf("%s: error is %v, want %v", what, x.err, x.want)
		}
	}
}

// What cannot be signed leaves no signature behind, least of all a stand-in.
func TestSignRefuses(t *testing.T) {
	t.Parallel()
	key := people()["triage"]
	invalid := full()
	invalid.State = ""
	if file, err := Sign(invalid, key, later); err == nil || file != nil || invalid.Signature != "" {
		t.Errorf("a case without a state: %v, signature %q", err, invalid.Signature)
	}
	early := full()
	if file, err := Sign(early, key, made.Add(-time.Second)); !errors.Is(err, seal.ErrNotYet) || file != nil || early.Signature != "" {
		t.Errorf("before the key was made: %v, signature %q", err, early.Signature)
	}
	public := must(seal.NewPublished("Test key team", "team@example.org", made))(t)
	if _, err := Sign(full(), public.Intake, later); !errors.Is(err, seal.ErrUnusable) {
		t.Errorf("with a key that cannot sign: %v", err)
	}
	if file, err := SignMail(&psirt.MailRecord{}, key, later); err == nil || file != nil {
		t.Errorf("an empty mail record: %v", err)
	}
	if file, err := SignReceipt(&psirt.Receipt{}, key, later); err == nil || file != nil {
		t.Errorf("an empty receipt: %v", err)
	}
}

func TestDocuments(t *testing.T) {
	t.Parallel()
	doc := psirt.Document{"docket": 1.0, "id": "INGP-2026-0042", "title": "<b> & ü", "list": []any{"x", 1.0, true, nil}}
	plain := must(Encode(doc))(t)
	if string(plain) != `{"docket":1,"id":"INGP-2026-0042","list":["x",1,true,null],"title":"<b> & ü"}` {
		t.Fatalf("encoded %s", plain)
	}
	padded := append(bytes.Clone(plain), []byte(" \n  ")...)
	if back := must(DecodeReport(padded, "INGP-2026-0042"))(t); back["title"] != "<b> & ü" || len(back) != 4 {
		t.Fatalf("decoded %v", back)
	}
	contact := psirt.Contact{Docket: 1, ID: "INGP-2026-0042", Address: "reporter@example.org"}
	plain = must(Encode(contact))(t)
	if back := must(DecodeContact(plain, contact.ID))(t); back != contact {
		t.Fatalf("decoded %v", back)
	}
	if _, err := Encode(map[string]any{"x": func() {}}); err == nil {
		t.Error("a function is encoded")
	}
	const secret = "the reporter's name"
	for what, plain := range map[string]string{
		"another case":  `{"id":"INGP-2026-0001","title":"` + secret + `"}`,
		"no ID":         `{"title":"` + secret + `"}`,
		"ID of a type":  `{"id":42,"title":"` + secret + `"}`,
		"two documents": `{"id":"INGP-2026-0042"}{"title":"` + secret + `"}`,
		"bytes after":   `{"id":"INGP-2026-0042"} ` + secret,
		"a list":        `["` + secret + `"]`,
		"a string":      `"` + secret + `"`,
		"null":          `null`,
		"not JSON":      secret,
		"cut short":     `{"id":"INGP-2026-0042","title":"` + secret,
		"nothing":       "",
		"too deep":      strings.Repeat("[", 100_000),
		"a wrong type":  `{"id":"INGP-2026-0042","address":{"` + secret + `":1}} x`,
	} {
		if doc, err := DecodeReport([]byte(plain), "INGP-2026-0042"); err == nil || doc != nil || strings.Contains(err.Error(), "name") {
			t.Errorf("report, %s: %v", what, err)
		}
		if _, err := DecodeContact([]byte(plain), "INGP-2026-0042"); err == nil || strings.Contains(err.Error(), "name") {
			t.Errorf("contact, %s: %v", what, err)
		}
	}
}

func TestDecodeObject(t *testing.T) {
	t.Parallel()
	if m := must(DecodeObject([]byte(" {\"a\": [1, null]}\n")))(t); len(m) != 1 || len(m["a"].([]any)) != 2 {
		t.Fatalf("decoded %v", m)
	}
	for _, text := range []string{"", "null", "[]", "1", `"secret"`, `{"secret":`, `{} secret`, `{}{}`} {
		if m, err := DecodeObject([]byte(text)); err == nil || m != nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v, %v", text, m, err)
		}
	}
}

func TestErrorText(t *testing.T) {
	t.Parallel()
	for want, e := range map[string]Error{
		"line 3, key id: expected a case ID": {Line: 3, Key: "id", Want: "a case ID"},
		"line 1: expected a line feed":       {Line: 1, Want: "a line feed"},
	} {
		if got := e.Error(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
