package seal

import (
	"bytes"
	"crypto"
	"fmt"
	"iter"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	"github.com/ProtonMail/go-crypto/openpgp/s2k"
)

// Key is a certificate with unlocked secrets. Secrets that the key file does
// not hold (gnu-dummy stubs, smartcards, passphrases of their own) are absent;
// CanSign and CanDecrypt tell. It is immutable and safe for concurrent use.
type Key struct {
	cert    *Cert
	secrets map[string]*packet.PrivateKey // by raw fingerprint
}

// Passphrase returns the passphrase of what, a fingerprint and a user ID that
// a person can be shown. A nil Passphrase means that keys must be unprotected.
type Passphrase func(what string) ([]byte, error)

// passphraseConfig protects exported secrets: iterated and salted S2K with
// SHA-256 and the highest count (RFC 9580 section 3.7.1.3), AES-256. gpg 2.2
// imports this; it skips keys protected with Argon2.
var passphraseConfig = packet.Config{
	DefaultCipher: packet.CipherAES256,
	S2KConfig:     &s2k.Config{S2KMode: s2k.IteratedSaltedS2K, Hash: crypto.SHA256, S2KCount: 65011712},
}

// stub is what stands for an absent secret after the public part of its
// packet: S2K usage 255, no cipher, S2K specifier 101 without hash, "GNU" and
// 1 for "not here" (GnuPG's doc/DETAILS, section on GNU extensions to S2K).
const stub = "\xff\x00\x65\x00GNU\x01"

// ReadKey reads one secret key, armored or binary, as gpg --export-secret-keys
// and --export-secret-subkeys write it and as Export does, and unlocks it. A
// secret that is a stub, or does not open with the passphrase while others do,
// is absent afterwards. It fails with ErrLocked when the passphrase opens
// nothing, and with ErrUnusable when there is no secret at all.
func ReadKey(data []byte, pass Passphrase) (*Key, error) {
	packets, err := keyPackets(kindSecret, data)
	if err != nil {
		return nil, err
	}
	public := make([]rawPacket, 0, len(packets))
	var secrets []*packet.PrivateKey
	for i, p := range packets {
		secret := p.tag == tagSecretKey || p.tag == tagSecretSubkey
		if i > 0 && (p.tag == tagSecretKey || p.tag == tagPublicKey) {
			return nil, fmt.Errorf("%w: expected one secret key, found several", ErrMalformed)
		}
		if secret {
			if p, err = publicPart(p, &secrets); err != nil {
				return nil, err
			}
		}
		public = append(public, p)
	}
	if len(public) == 0 {
		return nil, fmt.Errorf("%w: no key in it", ErrMalformed)
	}
	cert, err := newCert(public)
	if err != nil {
		return nil, err
	}
	return unlock(cert, secrets, pass)
}

// publicPart turns a secret key packet into the public one, and adds the
// secret to secrets unless it is a stub.
func publicPart(p rawPacket, secrets *[]*packet.PrivateKey) (rawPacket, error) {
	tag := byte(tagPublicKey)
	if p.tag == tagSecretSubkey {
		tag = tagPublicSubkey
	}
	// The public part comes first, and go-crypto reads no further than that.
	parsed, err := canonicalRaw(tag, p.body).parse()
	pub, ok := parsed.(*packet.PublicKey)
	if err != nil || !ok {
		return p, fmt.Errorf("%w: secret key packet of an unsupported kind", ErrMalformed)
	}
	var out bytes.Buffer
	if err := pub.Serialize(&out); err != nil {
		return p, fmt.Errorf("%w: secret key packet: %v", ErrMalformed, err)
	}
	public, _, err := nextPacket(out.Bytes())
	if err != nil {
		return p, err
	}
	if isStub(p.body, len(public.body)) {
		return public, nil
	}
	parsed, err = p.parse()
	secret, ok := parsed.(*packet.PrivateKey)
	if err != nil || !ok {
		return p, fmt.Errorf("%w: secret key %s is damaged or protected in an unsupported way", ErrMalformed, pub.KeyIdString())
	}
	*secrets = append(*secrets, secret)
	return public, nil
}

// isStub recognises all of GnuPG's "the secret is elsewhere" specifiers: the
// last octet is 1 for absent, 2 for on a smartcard.
func isStub(body []byte, public int) bool {
	if len(body) < public+len(stub) {
		return false
	}
	usage, specifier, gnu := body[public], body[public+2], body[public+4:public+7]
	return (usage == 0xff || usage == 0xfe) && specifier == 101 && string(gnu) == "GNU"
}

// unlock decrypts what is locked, with one passphrase for all.
func unlock(cert *Cert, secrets []*packet.PrivateKey, pass Passphrase) (*Key, error) {
	k := &Key{cert: cert, secrets: map[string]*packet.PrivateKey{}}
	var locked []*packet.PrivateKey
	for _, s := range secrets {
		if s.Encrypted {
			locked = append(locked, s)
		} else {
			k.secrets[string(s.Fingerprint)] = s
		}
	}
	if len(locked) > 0 && pass == nil {
		return nil, fmt.Errorf("key %s: %w", cert.Fingerprint().Hex(), ErrLocked)
	}
	if len(locked) > 0 {
		phrase, err := pass(cert.title())
		if err != nil {
			return nil, fmt.Errorf("key %s: %w: %w", cert.Fingerprint().Hex(), ErrLocked, err)
		}
		for _, s := range locked {
			// One call for all would stop at the first that stays locked.
			if packet.DecryptPrivateKeys([]*packet.PrivateKey{s}, phrase) == nil {
				k.secrets[string(s.Fingerprint)] = s
			}
		}
		if len(k.secrets) == 0 {
			return nil, fmt.Errorf("key %s: %w", cert.Fingerprint().Hex(), ErrLocked)
		}
	}
	if len(k.secrets) == 0 {
		return nil, fmt.Errorf("key %s: %w: the file holds no secret, only stubs", cert.Fingerprint().Hex(), ErrUnusable)
	}
	return k, nil
}

// title is what a person is shown when asked for a passphrase.
func (c *Cert) title() string {
	if len(c.ids) == 0 {
		return c.Fingerprint().Hex()
	}
	return c.Fingerprint().Hex() + " (" + c.ids[0].id + ")"
}

// Export writes the key in canonical armor, for ReadKey and for gpg --import.
// Absent secrets are written as gnu-dummy stubs. passphrase nil leaves the
// secrets unprotected.
func (k *Key) Export(passphrase []byte) ([]byte, error) {
	locked, err := k.lockedCopies(passphrase)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	i := 0
	for _, p := range k.cert.raw {
		if p.tag != tagPublicKey && p.tag != tagPublicSubkey {
			out.Write(p.raw)
			continue
		}
		fingerprint := k.cert.keys[i].pub.Fingerprint
		i++
		if s := locked[string(fingerprint)]; s != nil {
			if err := s.Serialize(&out); err != nil {
				return nil, fmt.Errorf("export key: %w", err)
			}
			continue
		}
		tag := byte(tagSecretKey)
		if p.tag == tagPublicSubkey {
			tag = tagSecretSubkey
		}
		out.Write(canonicalRaw(tag, append(bytes.Clone(p.body), stub...)).raw)
	}
	return []byte(Armor(kindSecret, out.Bytes())), nil
}

// lockedCopies copies the secrets and protects the copies: go-crypto's lock
// would take the secrets away from the key that is in use.
func (k *Key) lockedCopies(passphrase []byte) (map[string]*packet.PrivateKey, error) {
	copies := map[string]*packet.PrivateKey{}
	var list []*packet.PrivateKey
	for fingerprint, s := range k.secrets {
		var plain bytes.Buffer
		if err := s.Serialize(&plain); err != nil {
			return nil, fmt.Errorf("export key: %w", err)
		}
		parsed, err := packet.Read(&plain)
		if err != nil {
			return nil, fmt.Errorf("export key: %w", err)
		}
		c := parsed.(*packet.PrivateKey)
		copies[fingerprint] = c
		list = append(list, c)
	}
	if passphrase == nil {
		return copies, nil
	}
	if err := packet.EncryptPrivateKeys(list, passphrase, &passphraseConfig); err != nil {
		return nil, fmt.Errorf("export key: %w", err)
	}
	return copies, nil
}

// Cert is the key's public certificate.
func (k *Key) Cert() *Cert { return k.cert }

// CanSign reports whether the secret of a signing key is at hand.
func (k *Key) CanSign() bool { return k.can(toSign) }

// CanDecrypt reports whether the secret of a decryption key is at hand.
func (k *Key) CanDecrypt() bool { return k.can(toEncrypt) }

// can looks at every self-signature, whenever it was made.
func (k *Key) can(want use) bool {
	for i := range k.cert.keys {
		if k.secrets[string(k.cert.keys[i].pub.Fingerprint)] == nil {
			continue
		}
		for _, sig := range k.cert.every(i) {
			if k.cert.allows(i, sig, want) {
				return true
			}
		}
	}
	return false
}

// has reports whether the secret of c is at hand.
func (k *Key) has(c *component) bool { return k.secrets[string(c.pub.Fingerprint)] != nil }

// sessions tries the secrets of the key that the packet names or, for an
// anonymous recipient, all that decrypt.
func (k *Key) sessions(ek *packet.EncryptedKey) iter.Seq2[sessionKey, error] {
	return func(yield func(sessionKey, error) bool) {
		for i := range k.cert.keys {
			pub := k.cert.keys[i].pub
			secret := k.secrets[string(pub.Fingerprint)]
			named := ek.KeyId == 0 || ek.KeyId == pub.KeyId
			if secret == nil || !named || ek.Algo != pub.PubKeyAlgo || !k.cert.everEncrypts(i) {
				continue
			}
			var session sessionKey
			err := ErrNoKey
			if ek.Decrypt(secret, nil) == nil {
				session, err = sessionKey{ek.CipherFunc, ek.Key}, nil
			}
			if !yield(session, err) {
				return
			}
		}
	}
}

// signer chooses the signing key: the newest subkey that is usable at the time
// and whose secret is at hand, else the primary key.
func (k *Key) signer(at time.Time) (*packet.PrivateKey, error) {
	chosen, err := k.cert.choose(toSign, at, k.has)
	if err != nil {
		return nil, err
	}
	return k.secrets[string(chosen.pub.Fingerprint)], nil
}

// only is the key with no other secrets than those of the keys that keep
// names.
func (k *Key) only(keep func(i int) bool) *Key {
	out := &Key{cert: k.cert, secrets: map[string]*packet.PrivateKey{}}
	for i := range k.cert.keys {
		fingerprint := string(k.cert.keys[i].pub.Fingerprint)
		if s := k.secrets[fingerprint]; s != nil && keep(i) {
			out.secrets[fingerprint] = s
		}
	}
	return out
}
