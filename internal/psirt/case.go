package psirt

import "time"

// Case is one revision of a case file: the clear envelope and its sealed
// parts. Field order and names are those of the file (see package casefile).
// Times are UTC with whole seconds.
type Case struct {
	Docket   int           // format version, 1
	ID       CaseID        //
	Program  string        // folder below cases/
	Policy   ObjectID      // blob of the program.yaml in force at submission
	State    string        // one of the programme's states
	Outcome  Outcome       // when the state's phase is closed, else empty
	Opened   time.Time     //
	Handlers []Fingerprint // sorted; who may open it besides auditors and escrow; empty: the team
	Facts    []string      // sorted; the facts declared clear that hold
	Revision int           // from 1
	Previous Digest        // of the whole file of the revision before; empty at revision 1
	Log      []Entry       // one per move, oldest first
	Mails    []Digest      // of the mail-<n>.yaml records taken into account, in order of n
	Updates  []Update      //
	Contact  string        // armored OpenPGP message: Contact document
	Sealed   string        // armored OpenPGP message: report document
	By       Fingerprint   // who signed this revision

	// Signature is an armored detached signature over all bytes of the file
	// before the line "signature: |".
	Signature string
}

// Entry is one move in a case's log.
type Entry struct {
	Revision    int
	At          time.Time
	From        string // empty for the first
	To          string
	By          Fingerprint
	RequestedBy string // forge login of the person whom a bot moved it for
}

// KindShare is the kind of update in own words that goes to a third party, and
// not to the reporter.
const KindShare = "share"

// Update is a message to the reporter, as the envelope lists it. Either
// Sealed is set (own words: update-<n>.asc) or Template and Text are
// (standard text).
type Update struct {
	N         int
	Kind      string // name of the template, or the kind of own words (ask, reply …)
	Revision  int    // that brought it
	MessageID string // without angle brackets: <ID.n.base32@domain>, lower case
	Sealed    Digest // of the file update-<n>.asc
	Template  ObjectID
	Text      Digest // of the text that the template gives for this case and state
}

// Whom says whom an update goes to, as everybody may know.
func (u Update) Whom() string {
	if u.Kind == KindShare {
		return "a third party"
	}
	return "the reporter"
}

// MailRecord is mail-<n>.yaml: what may be known in clear of a mail that came
// in. It is signed by the bot.
type MailRecord struct {
	Docket    int
	ID        CaseID
	N         int
	At        time.Time
	Kind      MailKind
	Signed    SignatureState
	Signer    Keyed  // HMAC of case ID and the signer's fingerprint; empty when unsigned
	Update    int    // the update that it answers, or 0
	Sealed    Digest // of mail-<n>.pgp
	By        Fingerprint
	Signature string
}

// Receipt is the record that an update was handed to the mail server, on the
// branch "deliveries". It is signed by the mailer.
type Receipt struct {
	Docket    int
	ID        CaseID
	Update    int
	Attempt   int
	Status    ReceiptStatus
	At        time.Time
	Code      string   // enhanced status code (RFC 3463) or empty; never the server's text
	Main      ObjectID // head of main that the mailer judged
	Previous  Digest   // of the case's receipt before, or empty
	By        Fingerprint
	Signature string
}

// Contact is the document in the sealed part "contact": what delivery and
// threading need, and no more. Its JSON names are those of schema/contact.
type Contact struct {
	Docket    int    `json:"docket"`
	ID        CaseID `json:"id"`
	Address   string `json:"address,omitempty"`    // addr-spec, RFC 5322
	Key       string `json:"key,omitempty"`        // armored certificate
	MessageID string `json:"message_id,omitempty"` // of the first mail, without angle brackets
}

// MailKind says what a mail that came in is.
type MailKind string

// The kinds of mail.
const (
	MailReport   MailKind = "report"
	MailFollowUp MailKind = "follow-up"
	MailUnopened MailKind = "unopened"
	MailBounce   MailKind = "bounce"
)

// SignatureState says what is known of the signature inside a mail.
type SignatureState string

// The states of a mail's signature.
const (
	SignedGood       SignatureState = "good"        // by the reporter's key
	SignedOtherKey   SignatureState = "other-key"   // good, but another key than the reporter's or not the sender's
	SignedUnknownKey SignatureState = "unknown-key" // no key to check it with
	SignedBad        SignatureState = "bad"
	SignedNone       SignatureState = "none"
)

// ReceiptStatus says how far an update got.
type ReceiptStatus string

// The states of a delivery.
const (
	ReceiptSending ReceiptStatus = "sending" // claimed
	ReceiptSent    ReceiptStatus = "sent"    // handed over
	ReceiptHeld    ReceiptStatus = "held"    // to be tried again
	ReceiptRefused ReceiptStatus = "refused" // will not be sent
	ReceiptUnknown ReceiptStatus = "unknown" // the connection died after DATA; a person resolves it
	ReceiptNone    ReceiptStatus = "none"    // there is nobody to send it to
)

// Outcome is why a case was closed.
type Outcome string

// The closed list of outcomes.
var Outcomes = []Outcome{
	"fixed", "mitigated", "risk-accepted", "duplicate", "already-fixed",
	"not-a-vulnerability", "not-reproducible", "out-of-scope", "end-of-life",
	"forwarded-third-party", "insufficient-information", "support-redirect",
	"withdrawn-by-reporter", "spam",
}

// Phase lets programmes with states of their own be compared.
type Phase string

// The phases, in their usual order; the last two are waiting states.
const (
	PhaseReceived      Phase = "received"
	PhaseEvaluating    Phase = "evaluating"
	PhaseSolving       Phase = "solving"
	PhaseCommunicating Phase = "communicating"
	PhaseFeedback      Phase = "feedback"
	PhaseClosed        Phase = "closed"
	PhaseNeedsInfo     Phase = "needs-info"
	PhaseDeferred      Phase = "deferred"
)

// Phases lists all of them.
var Phases = []Phase{
	PhaseReceived, PhaseEvaluating, PhaseSolving, PhaseCommunicating,
	PhaseFeedback, PhaseClosed, PhaseNeedsInfo, PhaseDeferred,
}
