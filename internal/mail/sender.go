package mail

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/emersion/go-smtp"
)

// Sender hands a mail over. Send is given the envelope (RFC 5321 section 3.3:
// addr-specs without brackets), the Message-ID without brackets, and the mail
// with CRLF line ends, of which not one octet is changed. The error is nil
// exactly when Result.State is Sent, and holds no word of the server.
type Sender interface {
	Send(ctx context.Context, from, to, messageID string, data []byte) (Result, error)
}

// SendState says what became of a mail.
type SendState string

// The states of a mail that was to be sent.
const (
	Sent      SendState = "sent"      // the other side has it
	Temporary SendState = "temporary" // it has it not; try again later
	Permanent SendState = "permanent" // it does not want it
	Unknown   SendState = "unknown"   // the connection was lost after the last octet
)

// Result says how Send ended.
type Result struct {
	State SendState
	Code  string // enhanced status code (RFC 3463), such as "5.1.1"; never empty
}

// enhancedCode returns the code that s begins with, or "". A class that RFC
// 3463 does not know is no code.
func enhancedCode(s string) string {
	s, _, _ = strings.Cut(strings.TrimSpace(s), " ")
	parts := strings.Split(s, ".")
	if len(parts) != 3 || parts[0] != "2" && parts[0] != "4" && parts[0] != "5" {
		return ""
	}
	for _, p := range parts {
		if n, err := strconv.Atoi(p); err != nil || n < 0 || n > 999 || strconv.Itoa(n) != p {
			return ""
		}
	}
	return s
}

// basicCodes gives the enhanced code for a server that says none (RFC 5248
// section 2.4 and the registry it founds).
var basicCodes = map[int]string{
	421: "4.3.2", 450: "4.2.0", 451: "4.3.0", 452: "4.3.1", 454: "4.7.0", 455: "4.5.4",
	500: "5.5.2", 501: "5.5.4", 502: "5.5.1", 503: "5.5.1", 504: "5.5.4", 521: "5.3.2",
	530: "5.7.0", 534: "5.7.9", 535: "5.7.8", 538: "5.7.11", 551: "5.1.6", 552: "5.2.2",
	553: "5.1.3", 555: "5.5.4", 556: "5.1.10",
}

// refusal maps a server's answer. ok is false when err is not an answer.
func refusal(err error) (r Result, ok bool) {
	var answer *smtp.SMTPError
	if !errors.As(err, &answer) {
		return Result{}, false
	}
	class := answer.Code / 100
	r = Result{State: Permanent, Code: "5.0.0"}
	if class == 4 {
		r = Result{State: Temporary, Code: "4.0.0"}
	}
	if class != 4 && class != 5 { // an answer that makes no sense at this place
		return Result{State: Temporary, Code: "4.5.0"}, true
	}
	e := answer.EnhancedCode
	if code := enhancedCode(fmt.Sprintf("%d.%d.%d", e[0], e[1], e[2])); code != "" && e[0] == class {
		r.Code = code
	} else if code := basicCodes[answer.Code]; code != "" {
		r.Code = code
	}
	return r, true
}

// SendError says at which step a mail was not sent. It holds neither address
// nor text of the server.
type SendError struct {
	Step   string // such as "RCPT TO"
	Early  bool   // before MAIL FROM: other mails would fare no better now
	Result Result
	Err    error // of the connection, or nil when the server answered
}

func (e *SendError) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("%s failed (%s, %s): %v", e.Step, e.Result.State, e.Result.Code, e.Err)
	}
	return fmt.Sprintf("%s was refused (%s, %s)", e.Step, e.Result.State, e.Result.Code)
}

func (e *SendError) Unwrap() error { return e.Err }
