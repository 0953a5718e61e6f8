package mail

import (
	"bytes"
	"strings"
)

// LayerKind says how the body of a mail is protected.
type LayerKind string

// The kinds of layers.
const (
	LayerNone       LayerKind = "none"         // in clear, not signed
	LayerPGPMIME    LayerKind = "pgp-mime"     // RFC 3156, or what Exchange servers make of it
	LayerInline     LayerKind = "inline"       // armor in the text of the mail
	LayerAttachment LayerKind = "attachment"   // the mail is one encrypted file
	LayerSigned     LayerKind = "signed-clear" // in clear, signed
)

// Layer is the outermost cryptographic layer of a mail.
type Layer struct {
	Kind LayerKind

	// Message is the OpenPGP message, armored or binary, with its transfer
	// encoding undone; of a clear-signed text, the signed message. It is empty
	// for LayerNone and for multipart/signed, whose octets Content.Signed has.
	Message []byte

	// Whole is true when the layer stands at the root and nothing but it and
	// white space is in the mail. Anything less counts as clear: words outside
	// of it were readable to everybody and may be anybody's.
	Whole bool

	Charset string // of an inline message's plaintext, or "" when not said
	Name    string // of an encrypted file, without the ending .asc, .gpg or .pgp
}

// findLayer looks for what is protected, the strongest form first.
func (r *reader) findLayer(root *entity) Layer {
	if l, ok := r.pgpMIME(root); ok {
		return l
	}
	if isPGPSigned(root) {
		return Layer{Kind: LayerSigned, Whole: len(root.parts) == 2}
	}
	if l, ok := r.inline(root); ok {
		return l
	}
	if l, ok := r.encryptedFile(root); ok {
		return l
	}
	return Layer{Kind: LayerNone}
}

// pgpMIME finds an encrypted part: within multipart/encrypted (RFC 3156
// section 4), or after its control part in any other multipart, which is what
// some Exchange servers leave of it.
func (r *reader) pgpMIME(root *entity) (Layer, bool) {
	holder, control := findControl(root)
	if holder == nil || control+1 >= len(holder.parts) {
		return Layer{}, false
	}
	part := holder.parts[control+1]
	if len(part.parts) > 0 {
		return Layer{}, false
	}
	data := r.data(part)
	l := Layer{Kind: LayerPGPMIME, Message: data}
	alone := true
	if blocks := armorBlocks(data, armorMessage); len(blocks) > 0 {
		b := blocks[0]
		l.Message, alone = data[b.start:b.end], b.only(data)
	}
	l.Whole = holder == root && alone && r.nothingBut(root, holder.parts[control], part)
	return l, true
}

// findControl looks for the control part application/pgp-encrypted and returns
// its multipart and place. In multipart/encrypted it may be any first part.
func findControl(e *entity) (holder *entity, at int) {
	if e.media == "multipart/encrypted" && len(e.parts) >= 2 && isPGPEncrypted(e) {
		return e, 0
	}
	for i, p := range e.parts {
		if p.media == "application/pgp-encrypted" && i+1 < len(e.parts) {
			return e, i
		}
	}
	for _, p := range e.parts {
		if holder, at = findControl(p); holder != nil {
			return holder, at
		}
	}
	return nil, 0
}

func isPGPEncrypted(e *entity) bool {
	protocol := strings.ToLower(e.params["protocol"])
	return protocol == "application/pgp-encrypted" ||
		protocol == "" && e.parts[0].media == "application/pgp-encrypted"
}

// inline finds armor in the text of a mail.
func (r *reader) inline(root *entity) (Layer, bool) {
	for _, leaf := range root.leaves() {
		if !leaf.isText() {
			continue
		}
		data := r.data(leaf)
		if !bytes.Contains(data, []byte("-----BEGIN PGP")) {
			continue
		}
		if leaf.media == "text/html" {
			s, _ := r.text(leaf)
			data = []byte(htmlText(s, r.lim.Text))
		}
		if l, ok := r.armored(root, leaf, data); ok {
			return l, true
		}
	}
	return Layer{}, false
}

func (r *reader) armored(root, leaf *entity, data []byte) (Layer, bool) {
	l := Layer{Kind: LayerInline, Charset: leaf.params["charset"]}
	blocks := armorBlocks(data, armorMessage)
	if len(blocks) == 0 {
		l.Kind = LayerSigned
		blocks = armorBlocks(data, armorSigned)
	}
	if len(blocks) == 0 {
		return Layer{}, false
	}
	b := blocks[0]
	l.Message = data[b.start:b.end]
	l.Whole = b.only(data) && r.nothingBut(root, leaf)
	if cs := armorCharset(l.Message); cs != "" && l.Kind == LayerInline {
		l.Charset = cs
	}
	return l, true
}

// encryptedFile finds the one attachment that is an OpenPGP message.
func (r *reader) encryptedFile(root *entity) (Layer, bool) {
	var file *entity
	var data []byte
	for _, leaf := range root.leaves() {
		if !mayBeEncrypted(leaf) {
			continue
		}
		d := r.data(leaf)
		if !isOpenPGP(d) {
			continue
		}
		if file != nil {
			return Layer{}, false // which of them is meant nobody can say
		}
		file, data = leaf, d
	}
	if file == nil {
		return Layer{}, false
	}
	l := Layer{Kind: LayerAttachment, Message: data, Whole: r.nothingBut(root, file)}
	l.Name = withoutEnding(file.filename)
	if blocks := armorBlocks(data, armorMessage); len(blocks) > 0 {
		l.Message = data[blocks[0].start:blocks[0].end]
		l.Whole = l.Whole && blocks[0].only(data)
	}
	return l, true
}

// endings are those of encrypted files.
var endings = []string{".asc", ".gpg", ".pgp"}

func mayBeEncrypted(leaf *entity) bool {
	if leaf.media == "application/pgp-encrypted" {
		return true
	}
	name := strings.ToLower(leaf.filename)
	for _, ending := range endings {
		if strings.HasSuffix(name, ending) {
			return true
		}
	}
	return false
}

func withoutEnding(name string) string {
	for _, ending := range endings {
		if n := len(name) - len(ending); n > 0 && strings.EqualFold(name[n:], ending) {
			return name[:n]
		}
	}
	return name
}

// nothingBut reports whether all leaves besides these are blank texts.
func (r *reader) nothingBut(root *entity, these ...*entity) bool {
	for _, leaf := range root.leaves() {
		if !isOneOf(leaf, these) && !r.isBlankText(leaf) {
			return false
		}
	}
	return true
}

func isOneOf(e *entity, these []*entity) bool {
	for _, t := range these {
		if e == t {
			return true
		}
	}
	return false
}

func (r *reader) isBlankText(leaf *entity) bool {
	if !leaf.isText() {
		return false
	}
	data := r.data(leaf)
	if leaf.media == "text/html" {
		s, _ := r.text(leaf)
		// An image that is fetched, or a script, would not be blank to a reader.
		return isBlank([]byte(htmlText(s, r.lim.Text))) && !bytes.Contains(bytes.ToLower(data), []byte("<img"))
	}
	return isBlank(data)
}
