package seal

import (
	"fmt"
	"strconv"
)

// gpgCodes are the codes of libgpg-error that have a meaning of their own
// here: the low 16 bits of the numbers in status lines. From 0x8000 on they
// stand for errors of the system.
var gpgCodes = map[uint64]error{
	11:     fmt.Errorf("%w: gpg-agent was given the wrong one", ErrLocked), // GPG_ERR_BAD_PASSPHRASE
	17:     fmt.Errorf("%w: gpg has no secret key for it", ErrUnusable),    // GPG_ERR_NO_SECKEY
	54:     fmt.Errorf("%w: gpg cannot use the secret key", ErrUnusable),   // GPG_ERR_UNUSABLE_SECKEY
	62:     fmt.Errorf("%w: nobody answered in time", ErrCancelled),        // GPG_ERR_TIMEOUT
	77:     ErrNoAgent,                                                     // GPG_ERR_NO_AGENT
	85:     ErrNoPinentry,                                                  // GPG_ERR_NO_PIN_ENTRY
	86:     ErrNoPinentry,                                                  // GPG_ERR_PIN_ENTRY
	87:     fmt.Errorf("%w: the card was given the wrong PIN", ErrLocked),  // GPG_ERR_BAD_PIN
	99:     ErrCancelled,                                                   // GPG_ERR_CANCELED
	111:    ErrNoCard,                                                      // GPG_ERR_CARD_REMOVED
	112:    ErrNoCard,                                                      // GPG_ERR_CARD_NOT_PRESENT
	119:    fmt.Errorf("%w, and gpg needs scdaemon for it", ErrNoCard),     // GPG_ERR_NO_SCDAEMON
	129:    fmt.Errorf("%w: the card's PIN is blocked", ErrLocked),         // GPG_ERR_PIN_BLOCKED
	177:    ErrLocked,                                                      // GPG_ERR_NO_PASSPHRASE
	198:    ErrCancelled,                                                   // GPG_ERR_FULLY_CANCELED
	0x8050: ErrNoCard,                                                      // ENODEV
	0x8066: ErrNoPinentry,                                                  // ENOTTY
}

// gpgSigners are the reasons of the status INV_SGNR (GnuPG's doc/DETAILS).
var gpgSigners = map[string]error{
	"1": fmt.Errorf("%w: gpg does not have it", ErrUnusable),
	"3": fmt.Errorf("%w: gpg says that it may not sign", ErrUnusable),
	"4": ErrRevoked,
	"5": ErrExpired,
	"9": fmt.Errorf("%w: gpg has no secret key for it", ErrUnusable),
}

// failure says why a run of gpg ended with an error: nil when it did not. The
// text is made here, since gpg's own may name files and user IDs.
func (r *result) failure(what string) error {
	if r.code == 0 {
		return nil
	}
	number := ""
	for _, s := range r.status {
		if len(s) > 2 && (s[0] == "ERROR" || s[0] == "FAILURE") {
			n, err := strconv.ParseUint(s[2], 10, 32)
			if err != nil {
				continue
			}
			if known := gpgCodes[n&0xffff]; known != nil {
				return fmt.Errorf("%w: it could not %s: %w", ErrGpg, what, known)
			}
			number = s[2]
		}
		if len(s) > 1 && s[0] == "INV_SGNR" && gpgSigners[s[1]] != nil {
			return fmt.Errorf("%w: it could not %s: %w", ErrGpg, what, gpgSigners[s[1]])
		}
	}
	if number == "" {
		return r.guess(what)
	}
	return fmt.Errorf("%w: it could not %s (exit code %d, error %s; gpg-error %s explains it)", ErrGpg, what, r.code, number, number)
}

// guess says why a run failed that gives no number: gpg 2.2 has none when it
// cannot decrypt.
func (r *result) guess(what string) error {
	switch {
	case r.has("PINENTRY_LAUNCHED") || r.value("SC_OP_FAILURE") == "1":
		return fmt.Errorf("%w: it could not %s: %w", ErrGpg, what, ErrCancelled)
	case r.has("BEGIN_DECRYPTION") && r.has("KEY_CONSIDERED"):
		return fmt.Errorf("%w: it could not %s: %w: the right passphrase, a pinentry program that asks for it, or the smartcard", ErrGpg, what, ErrLocked)
	case r.has("BEGIN_DECRYPTION"):
		return fmt.Errorf("%w: it could not %s: %w: its agent has no secret key for it, or does not run (gpgconf --launch gpg-agent)", ErrGpg, what, ErrUnusable)
	}
	return fmt.Errorf("%w: it could not %s (exit code %d)", ErrGpg, what, r.code)
}
