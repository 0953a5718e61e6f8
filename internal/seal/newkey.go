package seal

import (
	"bytes"
	"crypto"
	"fmt"
	"strings"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// keyConfig makes version 4 keys on Curve25519 that say they prefer AES-256
// and SHA-512, and that know nothing newer than SEIPD version 1.
func keyConfig(at time.Time) *packet.Config {
	return &packet.Config{
		Algorithm:     packet.PubKeyAlgoEdDSA,
		Curve:         packet.Curve25519,
		DefaultHash:   crypto.SHA512,
		DefaultCipher: packet.CipherAES256,
		Time:          func() time.Time { return at.UTC().Truncate(time.Second) },
	}
}

// NewKey makes a key for one person or role: an Ed25519 primary key that
// certifies and signs, and a Curve25519 subkey that encrypts (version 4,
// with the algorithm IDs of RFC 6637 and of EdDSA, which gpg 2.2 knows).
// created has whole seconds. The key does not expire. name and address make
// the user ID and must not contain any of ()<> and control characters.
func NewKey(name, address string, created time.Time) (*Key, error) {
	entity, err := newEntity(name, address, created)
	if err != nil {
		return nil, err
	}
	return fromEntity(entity)
}

func newEntity(name, address string, created time.Time) (*openpgp.Entity, error) {
	if strings.ContainsFunc(name+address, isControl) || strings.ContainsAny(name+address, "()<>") {
		return nil, fmt.Errorf("make key: name and address must not contain ()<> or control characters")
	}
	entity, err := openpgp.NewEntity(name, "", address, keyConfig(created))
	if err != nil {
		return nil, fmt.Errorf("make key: %w", err)
	}
	return entity, nil
}

// fromEntity takes a freshly made key over. It has one user ID, so that
// go-crypto's random order of them does not matter.
func fromEntity(entity *openpgp.Entity) (*Key, error) {
	var out bytes.Buffer
	if err := entity.Serialize(&out); err != nil {
		return nil, fmt.Errorf("make key: %w", err)
	}
	cert, err := ParseCert(out.Bytes())
	if err != nil {
		return nil, fmt.Errorf("make key: %w", err)
	}
	k := &Key{cert: cert, secrets: map[string]*packet.PrivateKey{}}
	k.secrets[string(entity.PrivateKey.Fingerprint)] = entity.PrivateKey
	for _, s := range entity.Subkeys {
		k.secrets[string(s.PrivateKey.Fingerprint)] = s.PrivateKey
	}
	return k, nil
}

// Published is a programme's published certificate, as three key files with
// the same public part.
type Published struct {
	Primary *Key // all secrets, the primary key's among them: to be kept offline
	Intake  *Key // only the decryption subkeys' secrets
	Sender  *Key // only the signing subkey's secret

	// Republish says that the certificate changed: the public has to get the
	// new one, or cannot verify what Sender signs.
	Republish bool
}

// NewPublished makes a published certificate: a primary key that only
// certifies, a signing subkey with its back-signature (RFC 9580 section
// 5.2.1.10) and an encryption subkey, all on Curve25519 like NewKey's.
func NewPublished(name, address string, created time.Time) (*Published, error) {
	entity, err := newEntity(name, address, created)
	if err != nil {
		return nil, err
	}
	config := keyConfig(created)
	for id, identity := range entity.Identities {
		identity.SelfSignature.FlagSign = false
		if err := identity.SelfSignature.SignUserId(id, entity.PrimaryKey, entity.PrivateKey, config); err != nil {
			return nil, fmt.Errorf("make key: %w", err)
		}
	}
	if err := entity.AddSigningSubkey(config); err != nil {
		return nil, fmt.Errorf("make key: %w", err)
	}
	k, err := fromEntity(entity)
	if err != nil {
		return nil, err
	}
	p, err := publish(k, created)
	if err != nil {
		return nil, err
	}
	p.Republish = true
	return p, nil
}

// AdoptPublished takes over a team's existing key as it is: a secret export
// with RSA of 2048 bits or more or elliptic curves, several subkeys and user
// IDs, of any age. All of them are kept; every decryption subkey goes to
// Intake, so that mail to an older one still opens. now is when the key is
// judged and, where no usable signing subkey is in the export, when one is
// added (Ed25519; Republish is set). That needs the primary key's secret:
// ErrNoPrimary when it is absent. ErrUnusable means that the secret of the
// encryption subkey that reporters use now is not in the export; a primary key
// that itself decrypts is no substitute, since intake must not be able to
// certify.
func AdoptPublished(secret []byte, pass Passphrase, now time.Time) (*Published, error) {
	k, err := ReadKey(secret, pass)
	if err != nil {
		return nil, err
	}
	encrypts, err := k.cert.choose(toEncrypt, now, nil)
	if err != nil {
		return nil, err
	}
	if encrypts == &k.cert.keys[0] || !k.has(encrypts) {
		return nil, fmt.Errorf("key %s: %w: the export must hold the secret of encryption subkey %s (gpg --export-secret-keys; add a subkey where there is none)",
			k.cert.Fingerprint().Hex(), ErrUnusable, encrypts.pub.KeyIdString())
	}
	republish := false
	if _, ok := k.signingSubkey(now); !ok {
		if k, err = k.withSigningSubkey(now); err != nil {
			return nil, err
		}
		republish = true
	}
	p, err := publish(k, now)
	if err != nil {
		return nil, err
	}
	p.Republish = republish
	return p, nil
}

// signingSubkey is the newest subkey that can sign now with a secret at hand.
// One that also decrypts would let the sender open reports, so it is no
// signing subkey here.
func (k *Key) signingSubkey(now time.Time) (int, bool) {
	chosen, err := k.cert.choose(toSign, now, func(c *component) bool {
		i := k.cert.find(c.pub.Fingerprint, 0)
		return i != 0 && !k.cert.everEncrypts(i) && k.has(c)
	})
	if err != nil {
		return 0, false
	}
	return k.cert.find(chosen.pub.Fingerprint, 0), true
}

// withSigningSubkey adds an Ed25519 signing subkey to the certificate.
func (k *Key) withSigningSubkey(now time.Time) (*Key, error) {
	if !k.has(&k.cert.keys[0]) {
		return nil, fmt.Errorf("key %s: %w, and a signing subkey has to be added: export with the primary secret (gpg --export-secret-keys), or add the subkey first (gpg --quick-add-key)",
			k.cert.Fingerprint().Hex(), ErrNoPrimary)
	}
	return k.withSubkey(now, (*openpgp.Entity).AddSigningSubkey)
}

// publish divides the secrets among the roles.
func publish(k *Key, at time.Time) (*Published, error) {
	signs, ok := k.signingSubkey(at)
	if !ok {
		return nil, fmt.Errorf("key %s: %w: it has no signing subkey", k.cert.Fingerprint().Hex(), ErrUnusable)
	}
	return &Published{
		Primary: k,
		Intake:  k.only(func(i int) bool { return i != 0 && k.cert.everEncrypts(i) }),
		Sender:  k.only(func(i int) bool { return i == signs }),
	}, nil
}
