package casefile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/seal"
)

// Format is the version that all files of today begin with.
const FormatVersion = 1

// The parts that a signature context can name.
const (
	PartRevision = "revision" // the signature under a case file
	PartSealed   = "sealed"
	PartContact  = "contact"
	PartMail     = "mail"       // the signature inside mail-<n>.pgp
	PartRecord   = "record"     // the signature under mail-<n>.yaml
	PartUpdate   = "update"     // the signature inside the outer layer of update-<n>.asc
	PartReceipt  = "receipt"    // the signature under a receipt
	PartNotify   = "notify"     // a notification to a handler
	PartSecret   = "hmacsecret" // the intake hosts' shared secret, sealed to escrow
)

// ContextOf names format version, part and case for a signature, so that what
// was signed for one place verifies at no other. Parts of which a case has
// several carry their number.
func ContextOf(part string, id psirt.CaseID, n ...int) seal.Context {
	s := "docket/" + strconv.Itoa(FormatVersion) + "/" + part + "/" + string(id)
	for _, i := range n {
		s += "/" + strconv.Itoa(i)
	}
	return seal.Context(s)
}

var signatureLine = []byte("\nsignature: |\n")

// SignedBytes is what the signature of a case file, mail record or receipt
// covers: all bytes before the line "signature: |".
func SignedBytes(file []byte) ([]byte, error) {
	i := bytes.LastIndex(file, signatureLine)
	if i < 0 {
		return nil, errors.New("the file has no line \"signature: |\"")
	}
	return file[:i+1], nil
}

// unsigned is an armor of the right shape that stands in while the bytes to be
// signed are made; it never leaves this package.
const unsigned = "-----BEGIN PGP SIGNATURE-----\n\nAAAA\n-----END PGP SIGNATURE-----\n"

func sign[T any](fields []field[T], t *T, signature *string, key seal.Signer, ctx seal.Context, at time.Time) ([]byte, error) {
	*signature = unsigned
	file, err := format(fields, t)
	*signature = ""
	if err != nil {
		return nil, err
	}
	body, err := SignedBytes(file)
	if err != nil {
		return nil, err
	}
	if *signature, err = key.Sign(body, ctx, at); err != nil {
		return nil, err
	}
	return format(fields, t)
}

// Sign completes a revision: it sets By and Signature and gives the file.
func Sign(c *psirt.Case, key seal.Signer, at time.Time) ([]byte, error) {
	c.By = key.Cert().Fingerprint()
	return sign(caseFields, c, &c.Signature, key, ContextOf(PartRevision, c.ID, c.Revision), at)
}

// SignMail completes a mail record.
func SignMail(m *psirt.MailRecord, key seal.Signer, at time.Time) ([]byte, error) {
	m.By = key.Cert().Fingerprint()
	return sign(mailFields, m, &m.Signature, key, ContextOf(PartRecord, m.ID, m.N), at)
}

// SignReceipt completes a receipt.
func SignReceipt(r *psirt.Receipt, key seal.Signer, at time.Time) ([]byte, error) {
	r.By = key.Cert().Fingerprint()
	return sign(receiptFields, r, &r.Signature, key, ContextOf(PartReceipt, r.ID, r.Update, r.Attempt), at)
}

// Verify checks the signature under a case file as of the time of the event.
func Verify(file []byte, c *psirt.Case, by *seal.Cert, at time.Time) error {
	return verify(file, c.Signature, ContextOf(PartRevision, c.ID, c.Revision), by, at)
}

// VerifyMail checks the signature under a mail record.
func VerifyMail(file []byte, m *psirt.MailRecord, by *seal.Cert) error {
	return verify(file, m.Signature, ContextOf(PartRecord, m.ID, m.N), by, m.At)
}

// VerifyReceipt checks the signature under a receipt.
func VerifyReceipt(file []byte, r *psirt.Receipt, by *seal.Cert) error {
	return verify(file, r.Signature, ContextOf(PartReceipt, r.ID, r.Update, r.Attempt), by, r.At)
}

func verify(file []byte, signature string, ctx seal.Context, by *seal.Cert, at time.Time) error {
	body, err := SignedBytes(file)
	if err != nil {
		return err
	}
	return seal.Verify(body, signature, ctx, by, at)
}

// Encode writes a document for sealing: JSON with sorted keys. Padding is
// seal's.
func Encode(doc any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(doc); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// DecodeReport reads a report document and holds that it belongs to the case.
// The error never quotes the document.
func DecodeReport(plain []byte, id psirt.CaseID) (psirt.Document, error) {
	var doc psirt.Document
	if err := decode(plain, &doc); err != nil {
		return nil, fmt.Errorf("the report document is not a JSON object: %w", err)
	}
	if doc["id"] != string(id) {
		return nil, fmt.Errorf("the report document is not that of %s", id)
	}
	return doc, nil
}

// DecodeContact reads a contact document and holds that it belongs to the case.
func DecodeContact(plain []byte, id psirt.CaseID) (psirt.Contact, error) {
	var c psirt.Contact
	if err := decode(plain, &c); err != nil {
		return c, fmt.Errorf("the contact document is not a JSON object: %w", err)
	}
	if c.ID != id {
		return psirt.Contact{}, fmt.Errorf("the contact document is not that of %s", id)
	}
	return c, nil
}

// decode reads one JSON value and nothing but white space after it.
func decode(plain []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(plain))
	if err := d.Decode(into); err != nil {
		// The decoder's own text may quote what it read.
		var at *json.SyntaxError
		if errors.As(err, &at) {
			return fmt.Errorf("syntax error at byte %d", at.Offset)
		}
		return errors.New("a value has the wrong type")
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("more than one value")
	}
	return nil
}

// DecodeObject reads one JSON object. The error never quotes it.
func DecodeObject(text []byte) (map[string]any, error) {
	var m map[string]any
	if err := decode(text, &m); err != nil {
		return nil, err
	}
	if m == nil {
		return nil, errors.New("it is null")
	}
	return m, nil
}
