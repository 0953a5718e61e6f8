package casefile

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/docket-psirt/docket/internal/psirt"
)

const (
	fpr1 = psirt.Fingerprint("openpgp4fpr:1111111111111111111111111111111111111111")
	fpr2 = psirt.Fingerprint("openpgp4fpr:22222222222222222222222222222222222222AB")
	fpr6 = psirt.Fingerprint("openpgp4fpr:6666666666666666666666666666666666666666666666666666666666666666")

	object1 = psirt.ObjectID("git:3f786850e387550fdab836ed7e6dc881de23001b")

	armorMessage   = "-----BEGIN PGP MESSAGE-----\n\nwy4ECQ\n=abcd\n-----END PGP MESSAGE-----\n"
	armorSignature = "-----BEGIN PGP SIGNATURE-----\n\nwnUEABYK\n=Ab+/\n-----END PGP SIGNATURE-----\n"
)

var (
	opened = time.Date(2026, 11, 22, 9, 14, 3, 0, time.UTC)
	later  = time.Date(2026, 11, 24, 17, 0, 0, 0, time.UTC)
)

func must[T any](value T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

func fixture(t testing.TB, name ...string) []byte {
	t.Helper()
	return must(os.ReadFile(filepath.Join(append([]string{"testdata"}, name...)...)))(t)
}

func digestOf(s string) psirt.Digest { return psirt.SHA256([]byte(s)) }

// full is a case that has every field.
func full() *psirt.Case {
	return &psirt.Case{
		Docket: 1, ID: "INGP-2026-0042", Program: "ingroupe", Policy: object1, State: "closed", Outcome: "fixed", Opened: opened,
		Handlers: []psirt.Fingerprint{fpr1, fpr2}, Facts: []string{"complete", "in-scope"}, Revision: 7, Previous: digestOf("6"),
		Log: []psirt.Entry{
			{Revision: 1, At: opened, To: "received", By: fpr1},
			{Revision: 4, At: later, From: "received", To: "evaluating", By: fpr2, RequestedBy: "triage"},
			{Revision: 7, At: later, From: "evaluating", To: "closed", By: fpr2, RequestedBy: "docket[bot]"},
		},
		Mails: []psirt.Digest{digestOf("mail 2"), digestOf("mail 1")},
		Updates: []psirt.Update{
			{N: 1, Kind: "acknowledge", Revision: 1, MessageID: "ingp-2026-0042.1.abcdefghij234567@ingroupe.com", Template: object1, Text: digestOf("text")},
			{N: 2, Kind: "reply", Revision: 5, MessageID: "ingp-2026-0042.2.abcdefghij234567@ingroupe.com", Sealed: digestOf("update")},
		},
		Contact: armorMessage, Sealed: armorMessage, By: fpr2, Signature: armorSignature,
	}
}

// least is a case with no field that may be left out.
func least() *psirt.Case {
	return &psirt.Case{
		Docket: 1, ID: "AB-2026-123456789", Program: "a", Policy: object1, State: "received", Opened: opened, Revision: 1,
		Log:     []psirt.Entry{{Revision: 1, At: opened, To: "received", By: fpr6}},
		Contact: armorMessage, Sealed: armorMessage, By: fpr6, Signature: armorSignature,
	}
}

func fullMail() *psirt.MailRecord {
	return &psirt.MailRecord{Docket: 1, ID: "INGP-2026-0042", N: 3, At: opened, Kind: psirt.MailFollowUp, Signed: psirt.SignedGood,
		Signer: psirt.Keyed("hmac:" + strings.Repeat("0e", 32)), Update: 2, Sealed: digestOf("mail"), By: fpr1, Signature: armorSignature}
}

func fullReceipt() *psirt.Receipt {
	return &psirt.Receipt{Docket: 1, ID: "INGP-2026-0042", Update: 2, Attempt: 1, Status: psirt.ReceiptSent, At: later, Code: "2.0.0",
		Main: object1, Previous: digestOf("receipt"), By: fpr1, Signature: armorSignature}
}

// oracle holds that the YAML library reads the same values from a file.
func oracle(t testing.TB, file []byte, want map[string]any) {
	t.Helper()
	var got map[string]any
	d := yaml.NewDecoder(bytes.NewReader(file))
	if err := d.Decode(&got); err != nil {
		t.Fatalf("the YAML library does not read the file: %v\n%s", err, file)
	}
	for k, v := range got {
		got[k] = asJSON(v)
	}
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("the YAML library reads\n%v\nand Document gives\n%v", got, want)
	}
}

// asJSON makes numbers and times what they are in JSON.
func asJSON(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, item := range v {
			v[k] = asJSON(item)
		}
	case []any:
		for i, item := range v {
			v[i] = asJSON(item)
		}
	case int:
		return float64(v)
	case time.Time:
		return v.Format("2006-01-02T15:04:05Z")
	}
	return v
}
