package mail

import (
	"bytes"
	"encoding/base64"
	"strings"
)

// Bounce is what a delivery status notification says (RFC 3464). Like all of a
// mail it can be made up.
type Bounce struct {
	Recipient string // final recipient, else original recipient: an addr-spec, or ""
	Action    string // failed, delayed, delivered, relayed or expanded; "" when not said
	Status    string // enhanced status code (RFC 3463), or ""
	MessageID string // of the mail that bounced, without angle brackets, or ""
}

// automaticFields are fields whose mere presence says that a program wrote the
// mail, or that it went to a list (RFC 2369, RFC 2919).
var automaticFields = []string{
	"list-id", "list-help", "list-unsubscribe", "list-subscribe", "list-post", "list-owner", "list-archive",
	"x-autoreply", "x-autorespond", "x-autoreply-from", "x-mail-autoreply", "x-failed-recipients", "feedback-id",
}

// isAutomatic follows RFC 3834 section 2, and what mail programs do besides.
// In doubt it says yes: a person then looks, and no two programs write to each
// other for ever.
func isAutomatic(root *entity, from *Address) bool {
	h := root.header
	if v, _ := fieldParams(h.get("auto-submitted")); h.has("auto-submitted") && v != "no" {
		return true
	}
	for _, v := range h.all("precedence") {
		switch strings.ToLower(v) {
		case "bulk", "list", "junk", "auto_reply":
			return true
		}
	}
	for _, name := range automaticFields {
		if h.has(name) {
			return true
		}
	}
	for _, v := range h.all("return-path") {
		if strings.ReplaceAll(v, " ", "") == "<>" {
			return true
		}
	}
	suppress := strings.ToLower(h.get("x-auto-response-suppress"))
	for _, word := range []string{"all", "oof", "autoreply"} {
		if strings.Contains(suppress, word) {
			return true
		}
	}
	return root.media == "multipart/report" || from != nil && isProgram(from.Addr)
}

// isProgram knows the local parts behind which nobody reads.
func isProgram(addr string) bool {
	local := strings.ToLower(addr)
	local = local[:max(strings.LastIndexByte(local, '@'), 0)]
	local, _, _ = strings.Cut(local, "+")
	switch strings.NewReplacer("-", "", "_", "", ".", "").Replace(local) {
	case "mailerdaemon", "noreply", "donotreply", "bounce", "bounces", "listserv", "majordomo", "mdaemon":
		return true
	}
	return strings.HasPrefix(local, "owner-") || strings.HasSuffix(local, "-request") ||
		strings.HasSuffix(local, "-bounces") || strings.HasPrefix(local, "bounces-") ||
		strings.HasPrefix(local, "no-reply") || strings.HasPrefix(local, "noreply")
}

// bounce reads a delivery status notification, or the less that Exim and qmail
// say in a header field.
func (r *reader) bounce(root *entity) *Bounce {
	b := &Bounce{}
	found := false
	for _, leaf := range root.leaves() {
		switch leaf.media {
		case "message/delivery-status", "message/global-delivery-status":
			found = true
			b.readStatus(r.data(leaf))
		case "message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers":
			if b.MessageID != "" {
				continue
			}
			h, _, _ := readHeader(r.data(leaf), r.lim.Header, leaf.where(), &faults{})
			if ids := messageIDs(h.get("message-id")); len(ids) > 0 {
				b.MessageID = ids[0]
			}
		}
	}
	if !found && root.header.has("x-failed-recipients") {
		found = true
		b.Action = "failed"
		if a := firstAddress(root.header.get("x-failed-recipients")); a != nil {
			b.Recipient = a.Addr
		}
	}
	isReport := root.media == "multipart/report" && strings.EqualFold(root.params["report-type"], "delivery-status")
	if !found && !isReport {
		return nil
	}
	return b
}

// readStatus reads the groups of fields (RFC 3464 section 2); a failure stands
// above all else that they report.
func (b *Bounce) readStatus(data []byte) {
	const mostGroups = 100
	data = bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))
	for n := 0; len(data) > 0 && n < mostGroups; n++ {
		group, rest, _ := bytes.Cut(data, []byte("\n\n"))
		data = rest
		h, _, _ := readHeader(group, len(group), "", &faults{})
		action := strings.ToLower(h.get("action"))
		if action == "" || b.Action == "failed" {
			continue
		}
		if b.Action != "" && action != "failed" {
			continue
		}
		b.Action = knownAction(action)
		b.Status = enhancedCode(h.get("status"))
		b.Recipient = reportAddress(h.get("final-recipient"))
		if b.Recipient == "" {
			b.Recipient = reportAddress(h.get("original-recipient"))
		}
	}
}

func knownAction(action string) string {
	action, _, _ = strings.Cut(action, " ")
	switch action {
	case "failed", "delayed", "delivered", "relayed", "expanded":
		return action
	}
	return "failed"
}

// reportAddress reads "rfc822; somebody@example.org".
func reportAddress(value string) string {
	if _, addr, ok := strings.Cut(value, ";"); ok {
		value = addr
	}
	value = strings.Trim(strings.TrimSpace(value), "<>")
	if !validAddr(value) {
		return ""
	}
	return value
}

// autocryptKey reads the header field of Autocrypt Level 1, section 2.1: there
// must be exactly one valid field, its address must be From's, and an
// attribute that is unknown and not marked as optional makes it invalid.
func autocryptKey(h header, from *Address) []byte {
	if from == nil {
		return nil
	}
	var key []byte
	for _, value := range h.all("autocrypt") {
		k := autocryptField(value, from.Addr)
		if k == nil {
			continue
		}
		if key != nil {
			return nil
		}
		key = k
	}
	return key
}

func autocryptField(value, from string) []byte {
	var addr string
	var key []byte
	for _, attribute := range strings.Split(value, ";") {
		name, v, _ := strings.Cut(attribute, "=")
		name, v = strings.ToLower(strings.TrimSpace(name)), strings.TrimSpace(v)
		switch {
		case name == "addr":
			addr = v
		case name == "keydata":
			v = strings.Join(strings.Fields(v), "")
			k, err := base64.StdEncoding.DecodeString(v)
			if err != nil || len(k) == 0 {
				return nil
			}
			key = k
		case name == "prefer-encrypt", name == "", strings.HasPrefix(name, "_"):
		default:
			return nil
		}
	}
	if !strings.EqualFold(addr, from) {
		return nil
	}
	return key
}
