package casefile

import (
	"errors"
	"fmt"

	"github.com/docket-psirt/docket/internal/psirt"
)

// text makes a scalar field over a string type.
func text[T any, S ~string](key string, f form, optional bool, at func(*T) *S) field[T] {
	return field[T]{key: key, form: f, optional: optional,
		get: func(t *T) value { return value{text: string(*at(t))} },
		set: func(t *T, v value) error { *at(t) = S(v.text); return nil }}
}

// count makes a scalar field over a number.
func count[T any](key string, f form, optional bool, at func(*T) *int) field[T] {
	return field[T]{key: key, form: f, optional: optional,
		get: func(t *T) value { return value{text: fromInt(*at(t))} },
		set: func(t *T, v value) error { *at(t) = toInt(v.text); return nil }}
}

// block makes a field over a literal text.
func block[T any](key string, f form, at func(*T) *string) field[T] {
	b := text(key, f, false, at)
	b.shape = literal
	return b
}

// many makes a field over a list of strings.
func many[T any, S ~string](key string, f form, sorted bool, at func(*T) *[]S) field[T] {
	return field[T]{key: key, shape: list, form: f, optional: true,
		get: func(t *T) value {
			v := value{list: make([]string, len(*at(t)))}
			for i, s := range *at(t) {
				v.list[i] = string(s)
			}
			return v
		},
		set: func(t *T, v value) error {
			out := make([]S, len(v.list))
			for i, s := range v.list {
				if sorted && i > 0 && s <= v.list[i-1] {
					return errors.New("values that are sorted, each once")
				}
				out[i] = S(s)
			}
			*at(t) = out
			return nil
		}}
}

var caseFields = []field[psirt.Case]{
	count("docket", version, false, func(c *psirt.Case) *int { return &c.Docket }),
	text("id", caseID, false, func(c *psirt.Case) *psirt.CaseID { return &c.ID }),
	text("program", name, false, func(c *psirt.Case) *string { return &c.Program }),
	text("policy", object, false, func(c *psirt.Case) *psirt.ObjectID { return &c.Policy }),
	text("state", name, false, func(c *psirt.Case) *string { return &c.State }),
	text("outcome", outcome, true, func(c *psirt.Case) *psirt.Outcome { return &c.Outcome }),
	{key: "opened", form: instant,
		get: func(c *psirt.Case) value { return value{text: fromTime(c.Opened)} },
		set: func(c *psirt.Case, v value) error { c.Opened = toTime(v.text); return nil }},
	many("handlers", fingerprint, true, func(c *psirt.Case) *[]psirt.Fingerprint { return &c.Handlers }),
	many("facts", name, true, func(c *psirt.Case) *[]string { return &c.Facts }),
	count("revision", number, false, func(c *psirt.Case) *int { return &c.Revision }),
	text("previous", digest, true, func(c *psirt.Case) *psirt.Digest { return &c.Previous }),
	{key: "log", shape: rows, form: form{want: "one row per move"}, row: []column{
		{"revision", number, false}, {"at", instant, false}, {"from", name, true}, {"to", name, false},
		{"by", fingerprint, false}, {"requested_by", login, true}},
		get: logRows, set: setLog},
	many("mails", digest, false, func(c *psirt.Case) *[]psirt.Digest { return &c.Mails }),
	{key: "updates", shape: rows, form: form{want: "one row per update"}, optional: true, row: []column{
		{"n", number, false}, {"kind", name, false}, {"revision", number, false}, {"message_id", messageID, false},
		{"template", object, true}, {"text", digest, true}, {"sealed", digest, true}},
		get: updateRows, set: setUpdates},
	block("contact", message, func(c *psirt.Case) *string { return &c.Contact }),
	block("sealed", message, func(c *psirt.Case) *string { return &c.Sealed }),
	text("by", fingerprint, false, func(c *psirt.Case) *psirt.Fingerprint { return &c.By }),
	block("signature", signature, func(c *psirt.Case) *string { return &c.Signature }),
}

func logRows(c *psirt.Case) value {
	var v value
	for _, e := range c.Log {
		v.rows = append(v.rows, map[string]string{"revision": fromInt(e.Revision), "at": fromTime(e.At), "from": e.From,
			"to": e.To, "by": string(e.By), "requested_by": e.RequestedBy})
	}
	return v
}

func setLog(c *psirt.Case, v value) error {
	for _, r := range v.rows {
		c.Log = append(c.Log, psirt.Entry{Revision: toInt(r["revision"]), At: toTime(r["at"]), From: r["from"], To: r["to"],
			By: psirt.Fingerprint(r["by"]), RequestedBy: r["requested_by"]})
	}
	return nil
}

func updateRows(c *psirt.Case) value {
	var v value
	for _, u := range c.Updates {
		v.rows = append(v.rows, map[string]string{"n": fromInt(u.N), "kind": u.Kind, "revision": fromInt(u.Revision),
			"message_id": u.MessageID, "template": string(u.Template), "text": string(u.Text), "sealed": string(u.Sealed)})
	}
	return v
}

func setUpdates(c *psirt.Case, v value) error {
	for i, r := range v.rows {
		own := r["sealed"] != "" && r["template"] == "" && r["text"] == ""
		standard := r["sealed"] == "" && r["template"] != "" && r["text"] != ""
		if !own && !standard {
			return fmt.Errorf("either sealed, or template and text, in row %d", i+1)
		}
		c.Updates = append(c.Updates, psirt.Update{N: toInt(r["n"]), Kind: r["kind"], Revision: toInt(r["revision"]),
			MessageID: r["message_id"], Template: psirt.ObjectID(r["template"]), Text: psirt.Digest(r["text"]),
			Sealed: psirt.Digest(r["sealed"])})
	}
	return nil
}

var mailFields = []field[psirt.MailRecord]{
	count("docket", version, false, func(m *psirt.MailRecord) *int { return &m.Docket }),
	text("id", caseID, false, func(m *psirt.MailRecord) *psirt.CaseID { return &m.ID }),
	count("n", number, false, func(m *psirt.MailRecord) *int { return &m.N }),
	{key: "at", form: instant,
		get: func(m *psirt.MailRecord) value { return value{text: fromTime(m.At)} },
		set: func(m *psirt.MailRecord, v value) error { m.At = toTime(v.text); return nil }},
	text("kind", mailKind, false, func(m *psirt.MailRecord) *psirt.MailKind { return &m.Kind }),
	text("signed", signedState, false, func(m *psirt.MailRecord) *psirt.SignatureState { return &m.Signed }),
	text("signer", keyed, true, func(m *psirt.MailRecord) *psirt.Keyed { return &m.Signer }),
	count("update", number, true, func(m *psirt.MailRecord) *int { return &m.Update }),
	text("sealed", digest, false, func(m *psirt.MailRecord) *psirt.Digest { return &m.Sealed }),
	text("by", fingerprint, false, func(m *psirt.MailRecord) *psirt.Fingerprint { return &m.By }),
	block("signature", signature, func(m *psirt.MailRecord) *string { return &m.Signature }),
}

var receiptFields = []field[psirt.Receipt]{
	count("docket", version, false, func(r *psirt.Receipt) *int { return &r.Docket }),
	text("id", caseID, false, func(r *psirt.Receipt) *psirt.CaseID { return &r.ID }),
	count("update", number, false, func(r *psirt.Receipt) *int { return &r.Update }),
	count("attempt", number, false, func(r *psirt.Receipt) *int { return &r.Attempt }),
	text("status", status, false, func(r *psirt.Receipt) *psirt.ReceiptStatus { return &r.Status }),
	{key: "at", form: instant,
		get: func(r *psirt.Receipt) value { return value{text: fromTime(r.At)} },
		set: func(r *psirt.Receipt, v value) error { r.At = toTime(v.text); return nil }},
	text("code", code, true, func(r *psirt.Receipt) *string { return &r.Code }),
	text("main", object, false, func(r *psirt.Receipt) *psirt.ObjectID { return &r.Main }),
	text("previous", digest, true, func(r *psirt.Receipt) *psirt.Digest { return &r.Previous }),
	text("by", fingerprint, false, func(r *psirt.Receipt) *psirt.Fingerprint { return &r.By }),
	block("signature", signature, func(r *psirt.Receipt) *string { return &r.Signature }),
}

// document gives a record as the JSON Schema of its kind sees it.
func document[T any](fields []field[T], t *T) map[string]any {
	out := map[string]any{}
	for _, f := range fields {
		v := f.get(t)
		if v.empty() {
			continue
		}
		switch f.shape {
		case list:
			items := []any{}
			for _, s := range v.list {
				items = append(items, s)
			}
			out[f.key] = items
		case rows:
			items := []any{}
			for _, r := range v.rows {
				items = append(items, rowDocument(f.row, r))
			}
			out[f.key] = items
		default:
			out[f.key] = f.form.typed(v.text)
		}
	}
	return out
}

func rowDocument(columns []column, row map[string]string) map[string]any {
	out := map[string]any{}
	for _, c := range columns {
		if v := row[c.key]; v != "" {
			out[c.key] = c.form.typed(v)
		}
	}
	return out
}

func (f form) typed(v string) any {
	if f.number {
		return float64(toInt(v))
	}
	return v
}

// Parse reads a case file. The error is an *Error.
func Parse(data []byte) (*psirt.Case, error) { return parse(caseFields, data) }

// Format writes a case file, or says which field cannot be written.
func Format(c *psirt.Case) ([]byte, error) { return format(caseFields, c) }

// ParseMail reads mail-<n>.yaml. The error is an *Error.
func ParseMail(data []byte) (*psirt.MailRecord, error) { return parse(mailFields, data) }

// FormatMail writes mail-<n>.yaml.
func FormatMail(m *psirt.MailRecord) ([]byte, error) { return format(mailFields, m) }

// ParseReceipt reads a receipt. The error is an *Error.
func ParseReceipt(data []byte) (*psirt.Receipt, error) { return parse(receiptFields, data) }

// FormatReceipt writes a receipt.
func FormatReceipt(r *psirt.Receipt) ([]byte, error) { return format(receiptFields, r) }

// Document gives a case as JSON, for its schema and for --json.
func Document(c *psirt.Case) map[string]any { return document(caseFields, c) }

// MailDocument gives a mail record as JSON.
func MailDocument(m *psirt.MailRecord) map[string]any { return document(mailFields, m) }

// ReceiptDocument gives a receipt as JSON.
func ReceiptDocument(r *psirt.Receipt) map[string]any { return document(receiptFields, r) }
