package psirt

// Document is a report document (schema/report.schema.json): what stands in
// the sealed part of a case. It holds what encoding/json gives for a JSON
// object: map[string]any, []any, string, float64 (or json.Number), bool, nil.
//
// Top-level names that intake fills in: docket, id, title, products (list of
// name, part_number, type, versions), discovery (how, when), exploited
// (yes|no|unknown), public_info, description, steps, suggested_fix, url,
// observed_at, source_ip, credit_wish, attachments (list of mail, name,
// content_type, sha256, size), language, missing, flags, reporter (name,
// pseudonym, organisation, email), consent, session_keys. Analysts add
// analysis, assessment, remediation, disclosure, conduct, notes, duplicate_of
// and so on.
type Document map[string]any

// Reported is what could be read from a reporter's mail. Empty values mean
// "not said": nothing is ever invented. Text values are as the reporter wrote
// them, white space collapsed where the value is a line.
type Reported struct {
	Title        string     `json:"title,omitempty"`
	Products     []Product  `json:"products,omitempty"`
	Discovery    Discovery  `json:"discovery,omitzero"`
	Exploited    string     `json:"exploited,omitempty"`   // yes, no or unknown
	PublicInfo   string     `json:"public_info,omitempty"` // verbatim
	Description  string     `json:"description,omitempty"` // all text that nothing else recognised stays here too
	Steps        string     `json:"steps,omitempty"`
	SuggestedFix string     `json:"suggested_fix,omitempty"`
	URL          string     `json:"url,omitempty"`
	ObservedAt   string     `json:"observed_at,omitempty"` // ISO 8601, a/b for a period
	SourceIP     string     `json:"source_ip,omitempty"`   // the reporter's own; several joined with ", "
	CreditWish   string     `json:"credit_wish,omitempty"`
	Attachments  []Attached `json:"attachments,omitempty"`
	SetAside     []SetAside `json:"set_aside,omitempty"`
	Language     string     `json:"language,omitempty"` // BCP 47 primary tag of the report itself
	Missing      []string   `json:"missing,omitempty"`  // tokens of ReportForm.Asked
	Flags        []string   `json:"flags,omitempty"`
	Reporter     Reporter   `json:"reporter,omitzero"`

	Extra map[string]any `json:"extra,omitempty"` // what the programme's own words lead to: text, or more of the same by name
}

// Product is one affected product.
type Product struct {
	Name       string   `json:"name,omitempty"`
	PartNumber string   `json:"part_number,omitempty"`
	Type       string   `json:"type,omitempty"`     // hardware or software, when said
	Versions   []string `json:"versions,omitempty"` // as written; a range stays one string
}

// Discovery says how and when the weakness was found.
type Discovery struct {
	How  string `json:"how,omitempty"`
	When string `json:"when,omitempty"` // ISO date where the day is given or follows, else the words used
}

// Reporter is who reports: a name or a pseudonym.
type Reporter struct {
	Name         string `json:"name,omitempty"`
	Pseudonym    string `json:"pseudonym,omitempty"`
	Organisation string `json:"organisation,omitempty"`
	OnBehalfOf   string `json:"on_behalf_of,omitempty"` // for whom they say that they report, too
	Email        string `json:"email,omitempty"`        // the address to answer to
}

// Attached is one file that came with a mail; the bytes stay in mail-<n>.pgp.
type Attached struct {
	Mail        int    `json:"mail,omitempty"` // n of the mail that holds it
	Name        string `json:"name"`
	ContentType string `json:"content_type"`
	SHA256      string `json:"sha256"` // lower-case hex, of the bytes after undoing the transfer encoding
	Size        int64  `json:"size"`
}

// Publication is something public about a weakness, by anybody.
type Publication struct {
	What   string `json:"what"`         // in the words used
	Status string `json:"status"`       // planned or published
	At     string `json:"at,omitempty"` // ISO date
}

// SetAside is an attached file that does not count as evidence.
type SetAside struct {
	Mail        int    `json:"mail,omitempty"`
	Name        string `json:"name"`
	ContentType string `json:"content_type,omitempty"`
	SHA256      string `json:"sha256,omitempty"`
	Size        int64  `json:"size"`
	Why         string `json:"why"` // size or type, see AttachmentLimits
}
