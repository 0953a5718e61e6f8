package seal

import (
	"bytes"
	"slices"
	"testing"
)

// TestRecipientsOf holds the stream to what Recipients says of the same bytes:
// whole, cut off anywhere, and with something after the end.
func TestRecipientsOf(t *testing.T) {
	var out bytes.Buffer
	w, _, err := person("lead").SealStream(&out, certs("lead", "triage", "escrow"), testContext, event, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(bytes.Repeat([]byte("a mail\r\n"), 20_000)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	message := out.Bytes()
	want, err := Recipients(message)
	if err != nil || len(want) != 3 {
		t.Fatal(want, err)
	}
	got, err := RecipientsOf(bytes.NewReader(message))
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%x, %v; expected %x", got, err, want)
	}
	for cut := 0; cut < len(message); cut += 997 {
		if ids, err := RecipientsOf(bytes.NewReader(message[:cut])); err == nil {
			t.Errorf("cut off at %d of %d it names %x", cut, len(message), ids)
		}
	}
	if _, err := RecipientsOf(bytes.NewReader(append(slices.Clone(message), message...))); err == nil {
		t.Error("two messages, one after the other, pass")
	}
}
