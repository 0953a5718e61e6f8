package seal

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"

	"github.com/docket-psirt/docket/internal/psirt"
)

// Cert is a public certificate (RFC 9580 section 10.1): a primary key, its
// user IDs and subkeys, and those of their signatures that hold. It is
// immutable and safe for concurrent use.
type Cert struct {
	raw    []rawPacket // canonical headers; primary key first
	keys   []component // primary key first
	ids    []userID
	direct []*packet.Signature // direct-key self-signatures, oldest first
}

// component is the primary key or a subkey. bindings are a subkey's binding
// signatures, oldest first; all signatures have been verified.
type component struct {
	pub         *packet.PublicKey
	bindings    []*packet.Signature
	revocations []*packet.Signature
}

// userID is a user ID with its verified self-signatures, oldest first.
type userID struct {
	id          string
	sigs        []*packet.Signature
	revocations []*packet.Signature
}

// ParseCert reads exactly one public certificate, armored or binary. Secret
// keys are refused with ErrSecretKey. Signatures that claim to be the key's
// own and do not hold are left out; those of others are kept, unverified.
// Input is limited to 2 MiB and 5,000 packets.
func ParseCert(data []byte) (*Cert, error) {
	certs, err := ParseCerts(data)
	if err != nil {
		return nil, err
	}
	if len(certs) != 1 {
		return nil, fmt.Errorf("%w: expected one certificate, found %d", ErrMalformed, len(certs))
	}
	return certs[0], nil
}

// ParseCerts reads one public certificate or several, in one armor block or in
// binary. One that cannot be used is an error, not left out: a missing
// recipient must never go unseen.
func ParseCerts(data []byte) ([]*Cert, error) {
	if bytes.Contains(data, []byte(armorBegin+kindSecret)) {
		return nil, ErrSecretKey
	}
	packets, err := keyPackets(kindPublic, data)
	if err != nil {
		return nil, err
	}
	var certs []*Cert
	for len(packets) > 0 {
		n := 1
		for n < len(packets) && packets[n].tag != tagPublicKey {
			n++
		}
		c, err := newCert(packets[:n])
		if err != nil {
			return nil, err
		}
		certs = append(certs, c)
		packets = packets[n:]
	}
	return certs, nil
}

// keyPackets takes a transferable key apart and leaves out what says nothing
// about it: trust, marker, padding, unknown packets that may be ignored.
func keyPackets(kind string, data []byte) ([]rawPacket, error) {
	if len(data) > maxCertBytes {
		return nil, fmt.Errorf("%w: certificates of more than %d bytes", ErrTooLarge, maxCertBytes)
	}
	data, err := dearmor(kind, data)
	if err != nil {
		return nil, err
	}
	var packets []rawPacket
	for n := 0; len(data) > 0; n++ {
		var p rawPacket
		if p, data, err = nextPacket(data); err != nil {
			return nil, err
		}
		if n >= maxCertPackets || len(p.body) > maxPacketBytes {
			return nil, fmt.Errorf("%w: a certificate of too many or too large packets", ErrTooLarge)
		}
		switch p.tag {
		case tagPublicKey, tagPublicSubkey, tagUserID, tagAttribute, tagSignature:
			packets = append(packets, canonicalRaw(p.tag, p.body))
		case tagSecretKey, tagSecretSubkey:
			if kind == kindPublic {
				return nil, ErrSecretKey
			}
			packets = append(packets, p)
		case tagTrust, tagMarker, tagPadding:
		default:
			if p.tag < firstIgnorable {
				return nil, fmt.Errorf("%w: packet of type %d in a key", ErrMalformed, p.tag)
			}
		}
	}
	return packets, nil
}

// newCert builds a certificate from its packets and verifies every signature
// that claims to be the key's own.
func newCert(packets []rawPacket) (*Cert, error) {
	if packets[0].tag != tagPublicKey {
		return nil, fmt.Errorf("%w: a certificate must begin with its primary key", ErrMalformed)
	}
	c := &Cert{}
	b := builder{cert: c}
	for _, p := range packets {
		if err := b.add(p); err != nil {
			return nil, err
		}
	}
	if !c.boundAtAll() {
		return nil, fmt.Errorf("%w: certificate %s has no self-signature that holds", ErrMalformed, c.Fingerprint().Hex())
	}
	byTime := func(a, b *packet.Signature) int { return a.CreationTime.Compare(b.CreationTime) }
	slices.SortStableFunc(c.direct, byTime)
	for i := range c.keys {
		slices.SortStableFunc(c.keys[i].bindings, byTime)
	}
	for i := range c.ids {
		slices.SortStableFunc(c.ids[i].sigs, byTime)
	}
	return c, nil
}

func (c *Cert) boundAtAll() bool {
	for _, id := range c.ids {
		if len(id.sigs) > 0 {
			return true
		}
	}
	return len(c.direct) > 0
}

// builder walks over the packets of a certificate and remembers what a
// signature belongs to.
type builder struct {
	cert    *Cert
	about   byte // tag of the packet that signatures are about; 0: leave them out
	claimed int  // signatures verified so far
}

func (b *builder) add(p rawPacket) error {
	c := b.cert
	switch p.tag {
	case tagPublicKey, tagPublicSubkey:
		parsed, err := p.parse()
		pub, ok := parsed.(*packet.PublicKey)
		if err != nil || !ok {
			return b.unknownKey(p.tag, err)
		}
		c.keys = append(c.keys, component{pub: pub})
	case tagUserID:
		c.ids = append(c.ids, userID{id: string(p.body)})
	case tagSignature:
		if b.about == 0 || !b.signature(p) {
			return nil
		}
	}
	if p.tag != tagSignature {
		b.about = p.tag
	}
	c.raw = append(c.raw, p)
	return nil
}

// unknownKey leaves out a subkey of a kind that is not supported, with its
// signatures; a primary key of such a kind makes the certificate unusable.
func (b *builder) unknownKey(tag byte, err error) error {
	if tag == tagPublicKey {
		return fmt.Errorf("%w: primary key of an unsupported kind (%v)", ErrMalformed, err)
	}
	b.about = 0
	return nil
}

// signature files a signature under what it is about and reports whether it is
// kept: every signature but those that claim to be the key's own and are not.
func (b *builder) signature(p rawPacket) bool {
	parsed, err := p.parse()
	sig, ok := parsed.(*packet.Signature)
	primary := b.cert.keys[0].pub
	if err != nil || !ok {
		return b.about == tagUserID || b.about == tagAttribute // of others, in a form that is not supported
	}
	if !sig.CheckKeyIdOrFingerprint(primary) {
		return true
	}
	if b.claimed++; b.claimed > maxSelfSigned {
		return false
	}
	return b.own(primary, sig)
}

// own verifies and files a self-signature.
func (b *builder) own(primary *packet.PublicKey, sig *packet.Signature) bool {
	c := b.cert
	switch b.about {
	case tagPublicKey:
		switch sig.SigType {
		case packet.SigTypeDirectSignature:
			return file(&c.direct, sig, primary.VerifyDirectKeySignature(sig))
		case packet.SigTypeKeyRevocation:
			return file(&c.keys[0].revocations, sig, primary.VerifyRevocationSignature(sig))
		}
	case tagUserID:
		id := &c.ids[len(c.ids)-1]
		err := primary.VerifyUserIdSignature(id.id, primary, sig)
		switch sig.SigType {
		case packet.SigTypeGenericCert, packet.SigTypePersonaCert, packet.SigTypeCasualCert, packet.SigTypePositiveCert:
			return file(&id.sigs, sig, err)
		case packet.SigTypeCertificationRevocation:
			return file(&id.revocations, sig, err)
		}
	case tagPublicSubkey:
		key := &c.keys[len(c.keys)-1]
		switch sig.SigType {
		case packet.SigTypeSubkeyBinding:
			return file(&key.bindings, sig, primary.VerifyKeySignature(key.pub, sig))
		case packet.SigTypeSubkeyRevocation:
			return file(&key.revocations, sig, primary.VerifySubkeyRevocationSignature(sig, key.pub))
		}
	case tagAttribute:
		return true
	}
	return false
}

func file(to *[]*packet.Signature, sig *packet.Signature, err error) bool {
	if err == nil {
		*to = append(*to, sig)
	}
	return err == nil
}

// Fingerprint names the certificate: the fingerprint of its primary key.
func (c *Cert) Fingerprint() psirt.Fingerprint {
	return psirt.NewFingerprint(c.keys[0].pub.Fingerprint)
}

// Armor is the certificate in canonical armor: its packets in their order, with
// the signatures of others.
func (c *Cert) Armor() string {
	var out []byte
	for _, p := range c.raw {
		out = append(out, p.raw...)
	}
	return Armor(kindPublic, out)
}

// Minimal is the certificate without user attributes (photos) and without the
// signatures of others, for where size matters.
func (c *Cert) Minimal() *Cert {
	small := *c
	small.raw = nil
	keep := true
	for _, p := range c.raw {
		if p.tag != tagSignature {
			keep = p.tag != tagAttribute
		}
		if keep && (p.tag != tagSignature || c.signedItself(p)) {
			small.raw = append(small.raw, p)
		}
	}
	return &small
}

func (c *Cert) signedItself(p rawPacket) bool {
	parsed, err := p.parse()
	sig, ok := parsed.(*packet.Signature)
	return err == nil && ok && sig.CheckKeyIdOrFingerprint(c.keys[0].pub)
}

// Addresses returns the mail addresses (addr-spec, RFC 5322) in the user IDs
// that are bound and not revoked, in lower case, without duplicates. A
// certificate may have none.
func (c *Cert) Addresses() []string {
	var found []string
	for _, id := range c.ids {
		if id.gone() {
			continue
		}
		if a := address(id.id); a != "" && !slices.Contains(found, a) {
			found = append(found, a)
		}
	}
	return found
}

// gone says whether the user ID was never bound, or was revoked last.
func (u *userID) gone() bool {
	if len(u.sigs) == 0 {
		return true
	}
	newest := u.sigs[len(u.sigs)-1]
	for _, r := range u.revocations {
		if !newest.CreationTime.After(r.CreationTime) {
			return true
		}
	}
	return false
}

// address is the addr-spec in a user ID: "Name <addr>" or the address alone
// (RFC 9580 section 5.11).
func address(id string) string {
	if open := strings.LastIndexByte(id, '<'); open >= 0 && strings.HasSuffix(id, ">") {
		id = id[open+1 : len(id)-1]
	}
	at := strings.LastIndexByte(id, '@')
	if at <= 0 || at == len(id)-1 || strings.ContainsAny(id, "<>\"(),:; \\") || strings.ContainsFunc(id, isControl) {
		return ""
	}
	return strings.ToLower(id)
}

func isControl(r rune) bool { return r < 0x20 || r == 0x7f }

// EncryptionKeyIDs returns the key IDs of all subkeys (and of the primary key)
// that have, or had, the capability to encrypt; expired and revoked ones too.
func (c *Cert) EncryptionKeyIDs() []uint64 {
	var ids []uint64
	for i := range c.keys {
		if c.everEncrypts(i) {
			ids = append(ids, c.keys[i].pub.KeyId)
		}
	}
	return ids
}

// HasKey reports whether f is the fingerprint of the primary key or a subkey.
func (c *Cert) HasKey(f psirt.Fingerprint) bool {
	for _, k := range c.keys {
		if psirt.NewFingerprint(k.pub.Fingerprint) == f {
			return true
		}
	}
	return false
}

// HasKeyID reports whether id is the key ID of the primary key or a subkey.
func (c *Cert) HasKeyID(id uint64) bool {
	for _, k := range c.keys {
		if k.pub.KeyId == id {
			return true
		}
	}
	return false
}

// Certs are certificates to choose from.
type Certs []*Cert

// ByKeyID returns the first certificate with a key of that ID, or nil.
func (cs Certs) ByKeyID(id uint64) *Cert {
	for _, c := range cs {
		if c.HasKeyID(id) {
			return c
		}
	}
	return nil
}

// ByFingerprint returns the certificate whose primary key or subkey has the
// fingerprint, or nil.
func (cs Certs) ByFingerprint(f psirt.Fingerprint) *Cert {
	for _, c := range cs {
		if c.HasKey(f) {
			return c
		}
	}
	return nil
}

// Created is when the primary key was made.
func (c *Cert) Created() time.Time { return c.keys[0].pub.CreationTime.UTC() }
