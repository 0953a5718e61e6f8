package seal

import "errors"

// What can be wrong with a message. Test for them with errors.Is; the error
// itself says which certificate or packet it is about and what to do.
var (
	// ErrNoKey: none of the keys at hand opens the message.
	ErrNoKey = errors.New("no key at hand opens this message")
	// ErrTooLarge: the input, or what it decompresses to, exceeds its limit.
	ErrTooLarge = errors.New("larger than the limit")
	// ErrNoIntegrity: the message is encrypted without integrity protection
	// (RFC 4880 section 5.7) and is not opened.
	ErrNoIntegrity = errors.New("encrypted without integrity protection")
	// ErrTampered: the message was changed or cut short on its way.
	ErrTampered = errors.New("changed or cut short on its way")
	// ErrMalformed: not the OpenPGP structure that is expected here.
	ErrMalformed = errors.New("malformed OpenPGP data")
	// ErrNotEncrypted: an OpenPGP message, but one that is not encrypted.
	ErrNotEncrypted = errors.New("not encrypted")
	// ErrSymmetric: encrypted with a passphrase only, to no key.
	ErrSymmetric = errors.New("encrypted with a passphrase only")
)

// What can be wrong with a signature.
var (
	// ErrNotSigned: there is no signature where one is expected.
	ErrNotSigned = errors.New("not signed")
	// ErrOtherSigner: signed, but by none of the certificates given; it is
	// neither good nor bad.
	ErrOtherSigner = errors.New("signed by another key")
	// ErrBadSignature: the signature does not hold.
	ErrBadSignature = errors.New("bad signature")
	// ErrWrongContext: a good signature that was made for something else.
	ErrWrongContext = errors.New("signature made for another context")
)

// What can be wrong with a key.
var (
	// ErrExpired: the key had expired at the time asked about.
	ErrExpired = errors.New("expired")
	// ErrNotYet: the key did not exist yet at the time asked about.
	ErrNotYet = errors.New("not valid yet")
	// ErrRevoked: the key was revoked.
	ErrRevoked = errors.New("revoked")
	// ErrWeakKey: RSA below 2048 bits, DSA or ElGamal.
	ErrWeakKey = errors.New("too weak")
	// ErrUnusable: no key of the certificate has the capability, or its secret
	// is not at hand.
	ErrUnusable = errors.New("not usable for this")
	// ErrLocked: a passphrase is needed, or was wrong.
	ErrLocked = errors.New("locked: passphrase missing or wrong")
	// ErrNoPrimary: the primary key's secret is needed and not at hand.
	ErrNoPrimary = errors.New("the primary key's secret is absent")
	// ErrSecretKey: a secret key where a public certificate is expected.
	ErrSecretKey = errors.New("a secret key, where a public one is expected")
	// ErrNoContext: the empty Context, which is a programming error.
	ErrNoContext = errors.New("empty signature context")
)

// What can go wrong with the user's own gpg, besides a key that is not there
// (ErrUnusable) or stays locked (ErrLocked).
var (
	// ErrNoGpg: there is no gpg program on the path.
	ErrNoGpg = errors.New("gpg is not installed, or not on the path")
	// ErrNoAgent: gpg reaches no gpg-agent and cannot start one.
	ErrNoAgent = errors.New("gpg cannot reach gpg-agent: start it with gpgconf --launch gpg-agent")
	// ErrNoPinentry: gpg-agent has nowhere to ask for the passphrase.
	ErrNoPinentry = errors.New("gpg-agent cannot ask for the passphrase: install a pinentry program, and in a terminal say export GPG_TTY=$(tty)")
	// ErrCancelled: a person did not answer, or declined, when gpg-agent asked.
	ErrCancelled = errors.New("gpg-agent asked and got no answer (in a terminal say export GPG_TTY=$(tty))")
	// ErrNoCard: the secret is on a smartcard that is not there.
	ErrNoCard = errors.New("the smartcard is missing: insert it and see that gpg --card-status shows it")
	// ErrGpg: gpg was asked and failed; mostly one of the others says why.
	ErrGpg = errors.New("gpg failed")
)
