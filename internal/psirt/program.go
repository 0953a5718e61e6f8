package psirt

import "time"

// Program is a PSIRT's policy: program.yaml. JSON and YAML names are those in
// the tags; schema/program.schema.json describes each for editors.
type Program struct {
	Docket   int    `yaml:"docket"`
	Program  string `yaml:"program"` // name of its folder: lower-case letters, digits, hyphens
	Name     string `yaml:"name"`    // as reporters know it
	Prefix   string `yaml:"prefix"`  // of case IDs
	Language string `yaml:"language"`
	Source   Source `yaml:"source"` // the published policy

	Intake      Intake            `yaml:"intake"`
	Texts       map[string]string `yaml:"texts"` // words that templates may use: {{.Texts.how_to}}
	Report      ReportForm        `yaml:"report"`
	Scope       Scope             `yaml:"scope"`
	TLP         string            `yaml:"tlp"` // label of reports that bear none (FIRST TLP 2.0)
	Facts       map[string]Fact   `yaml:"facts"`
	Priority    []PriorityRule    `yaml:"priority"` // what makes a case how urgent; the first that fits
	States      []State           `yaml:"states"`   // the first is where cases begin
	Transitions []Transition      `yaml:"transitions"`
	Clocks      []Clock           `yaml:"clocks"`
	Standing    []Standing        `yaml:"standing"` // standard texts that go out without a move
	Stamps      map[string]string `yaml:"stamps"`   // kind of the acknowledgement or a standing text: path of the report that then says when it was sent
	Commitments *Commitments      `yaml:"commitments"`

	Calendars  map[string]*Calendar `yaml:"calendars"`  // working time, by name
	Roles      map[string]Role      `yaml:"roles"`      // beyond team, lead and auditor
	Teams      map[string]Team      `yaml:"teams"`      // who looks after which products
	Routing    []Route              `yaml:"routing"`    // which team a product belongs to; the first that fits
	Regulation []Regulation         `yaml:"regulation"` // laws whose deadlines the statutory clocks watch
	Embargo    Duration             `yaml:"embargo"`    // how long a proposed embargo lasts when nobody says otherwise; 0: somebody must
	Retention  Retention            `yaml:"retention"`  // how long personal data and samples are kept

	Messages ApprovalRule      `yaml:"messages"` // approvals of own words that come without a move (ask, reply)
	Edits    ApprovalRule      `yaml:"edits"`
	Changes  ApprovalRule      `yaml:"changes"` // approvals of a change of the programme itself
	Renamed  map[string]string `yaml:"renamed"` // old state: new state

	Keys   RoleKeys `yaml:"keys"`
	People []Person `yaml:"people"`
}

// Source says which published policy a programme runs.
type Source struct {
	Title string `yaml:"title"`
	URL   string `yaml:"url"`
	Date  string `yaml:"date"`
}

// Intake says which mail a programme takes in, and how.
type Intake struct {
	Addresses []string `yaml:"addresses"`  // the first is the one that mail is sent from
	Domain    string   `yaml:"domain"`     // right side of our Message-IDs
	Clear     string   `yaml:"clear"`      // mail in clear: flag, quarantine or reject
	NoteLimit int      `yaml:"note_limit"` // content-free notes that one address gets in 24 hours
	Update    string   `yaml:"update"`     // kind of the automatic acknowledgement

	// RecipientDelimiter sets a tag apart in the local part of an address
	// (RFC 5233); "": the mail server takes no tags.
	RecipientDelimiter string `yaml:"recipient_delimiter"`

	AnswerLimit int    `yaml:"answer_limit"` // acknowledgements that one address gets in 24 hours; 0: no limit
	Note        string `yaml:"note"`         // kind of the content-free note

	Terminated *Terminated `yaml:"terminated"` // nil while reports are taken
}

// Terminated says that a programme takes no more reports; open cases are
// finished.
type Terminated struct {
	Since  string `yaml:"since"`  // first day (UTC) on which a report is answered with Update only
	Update string `yaml:"update"` // kind of that answer, a content-free text
}

// In reports whether reports are no longer taken at a time.
func (t *Terminated) In(now time.Time) bool {
	if t == nil {
		return false
	}
	since, err := time.Parse(time.DateOnly, t.Since)
	return err == nil && !now.Before(since)
}

// ReportForm says what a report should hold and which words reporters use.
type ReportForm struct {
	Asked    []Asked             `yaml:"asked"`
	Words    map[string][]string `yaml:"words"`    // report path: further heading words for it
	Subjects []string            `yaml:"subjects"` // prefixes of subjects that say nothing
	Methods  []string            `yaml:"methods"`  // words of methods that the policy does not authorise
	Purposes []string            `yaml:"purposes"` // what reports may be used for, in the policy's words; a share names one

	Attachments AttachmentLimits `yaml:"attachments"`
}

// Asked is one thing that the policy asks reporters for. What is asked for is
// missing when none of its paths is present in the report.
type Asked struct {
	Token    string   `yaml:"token"`    // as it appears in "missing", such as products.versions
	Any      []string `yaml:"any"`      // paths that satisfy it; default: the token itself
	Question string   `yaml:"question"` // a sentence in the programme's language
}

// Scope says which products a programme takes reports for. Empty: any.
type Scope struct {
	Products []string `yaml:"products"`
	Domains  []string `yaml:"domains"`
	Assets   []Asset  `yaml:"assets"` // systems and applications; their domains count as Domains do

	Catalogue []CatalogueEntry `yaml:"catalogue"` // the products that there are; empty: any
}

// State is one state of a programme's lifecycle.
type State struct {
	Name  string `yaml:"name"`  // lower-case letters, digits, hyphens; stands in labels and files
	Label string `yaml:"label"` // the policy's own word
	Phase Phase  `yaml:"phase"`
	Means string `yaml:"means"`
}

// Transition is one move that the lifecycle allows.
type Transition struct {
	From      []string     `yaml:"from"`
	To        string       `yaml:"to"`
	Outcomes  []Outcome    `yaml:"outcomes"` // when To is closed: which outcomes this rule is for
	Guards    []string     `yaml:"guards"`   // names of facts that must hold; "not NAME" for must not
	Approvals ApprovalRule `yaml:"approvals"`
	Update    string       `yaml:"update"`  // kind of update it sends; "silent" for none
	Updates   []string     `yaml:"updates"` // further kinds that the mover may choose instead of Update
	Words     string       `yaml:"words"`   // own words instead of the standard text: "allowed" (default), "required", "forbidden"
	On        string       `yaml:"on"`      // "reply": a verified reply makes the bot do it; "clock:NAME": a clock that ran out does
	Label     bool         `yaml:"label"`   // a label on the tracking issue may ask the bot for it
}

// ApprovalRule says how many people other than the mover must agree.
type ApprovalRule struct {
	Count int    `yaml:"count"`
	Role  string `yaml:"role"` // team, lead, or a role that the programme declares
	Kind  string `yaml:"kind"` // signed or attested
}

// Clock is a deadline. Events are "opened", "enter:STATE", "leave:STATE",
// "update:KIND" or "update:*" (the time its receipt says sent), "mail:KIND" or
// "mail:*": anyone derives such a clock from log, mails, updates and policy.
//
// "report:PATH" is the earliest time at a path of the report, and
// "report:A|B" that of the first path that has one. A clock that reads the
// report in any of its fields is sealed: it has readings only for those whose
// key opens the case (Program.SealedReadings).
//
// Its length is Within, or what WithinBy says, or Months, or it is due at the
// time at the path Until, less Ahead.
type Clock struct {
	Name   string   `yaml:"name"`
	Means  string   `yaml:"means"`
	Starts []string `yaml:"starts"` // each of these starts it, or starts it again
	Stops  []string `yaml:"stops"`
	Paused []string `yaml:"paused"` // states in which it stands still; of phase needs-info: until the reporter writes
	Within Duration `yaml:"within"`
	Party  string   `yaml:"party"` // who owes the step: team (default) or reporter

	WithinBy *WithinBy `yaml:"within_by"`
	Months   int       `yaml:"months"` // calendar months: to the same day, or the last one of a shorter month
	Until    string    `yaml:"until"`  // report path of the time at which it is due
	Ahead    Duration  `yaml:"ahead"`  // how long before Until

	Calendar  string   `yaml:"calendar"`  // counts working time of this calendar only
	Remind    string   `yaml:"remind"`    // kind of the standard text that the bot sends when it runs out
	When      []string `yaml:"when"`      // facts without which it does not run; "not NAME" for must not hold
	Statutory bool     `yaml:"statutory"` // the law sets it: never paused
	Evidence  string   `yaml:"evidence"`  // report path of what shows when it began, or "A|B"
}

// WithinBy gives a clock's length by a value of the report. Without a value
// that is listed, Clock.Within counts; without that the clock does not run.
type WithinBy struct {
	Path   string              `yaml:"path"`
	Values map[string]Duration `yaml:"values"`
}

// Standing is a standard text that may go to the reporter without a move.
type Standing struct {
	Kind      string       `yaml:"kind"`
	By        string       `yaml:"by"`     // team: people send it; bot: the bot may, too
	Most      int          `yaml:"most"`   // how many times in one case; 0: the bot once, people as often as they like
	Guards    []string     `yaml:"guards"` // facts that must hold before it goes out; "not NAME" for must not hold
	Approvals ApprovalRule `yaml:"approvals"`
}

// Retention says how long personal data and what came with a report are kept;
// 0: no limit. History keeps what it has; later revisions do without.
type Retention struct {
	Personal Duration `yaml:"personal"`  // who the reporter is, after the case was closed
	SourceIP Duration `yaml:"source_ip"` // the reporter's IP address, after the case was opened
	Samples  Duration `yaml:"samples"`   // our copies of attached files, after the case was opened
}

// Role is a role of people beyond team, lead and auditor. Approvals and
// signers may ask for it.
type Role struct {
	Means   string `yaml:"means"`
	Handles bool   `yaml:"handles"` // may be named among the handlers of a case, and then opens and edits it
}

// Team looks after some products.
type Team struct {
	People []string `yaml:"people"` // handles
	Mail   []string `yaml:"mail"`   // addresses that notices go to, besides those of its people
}

// Route says which team products belong to.
type Route struct {
	Products []string `yaml:"products"` // names or families, as in Scope; "*" for any
	Team     string   `yaml:"team"`
}

// Regulation is a law with deadlines of its own.
type Regulation struct {
	Name         string `yaml:"name"` // short: cra
	Title        string `yaml:"title"`
	URL          string `yaml:"url"`
	Since        string `yaml:"since"`        // day from which it applies
	Manufacturer string `yaml:"manufacturer"` // as filings name it
	Authority    string `yaml:"authority"`    // where filings go
}

// Duration is a length of time, written 90m, 24h or 14d.
type Duration time.Duration

// RoleKeys are the certificates of roles that are not people.
type RoleKeys struct {
	Intake Fingerprint `yaml:"intake"` // the published certificate, which is sender's too
	Bot    Fingerprint `yaml:"bot"`
	Mailer Fingerprint `yaml:"mailer"`
	Escrow Fingerprint `yaml:"escrow"`
}

// Person is somebody who has a role in the programme.
type Person struct {
	Handle string      `yaml:"handle"`
	Login  string      `yaml:"login"` // on the forge
	Key    Fingerprint `yaml:"key"`
	Mail   string      `yaml:"mail"`
	Roles  []string    `yaml:"roles"` // team, lead, auditor, or what Program.Roles declares
}

// HasRole reports whether the person has the role.
func (p Person) HasRole(role string) bool {
	for _, r := range p.Roles {
		if r == role {
			return true
		}
	}
	return false
}
