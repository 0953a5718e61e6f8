package seal

import (
	"fmt"
	"strings"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// SignText signs a text that people read as it is, by the cleartext signature
// framework (RFC 9580 section 7): whoever has the certificate can check it with
// stock gpg, without any other key, and may pass it on. The text is UTF-8 with
// line ends LF; white space at the ends of lines, and at the end of the text,
// is not signed and is taken off. The signing key must be usable at that time,
// which is also the signature's; whole seconds.
func (k *Key) SignText(text string, at time.Time) (string, error) {
	by, err := k.signer(at)
	if err != nil {
		return "", fmt.Errorf("sign: %w", err)
	}
	lines := strings.Split(strings.TrimRight(text, " \t\r\n"), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " \t\r")
	}
	s := &keySigning{sig: newSignature(by, "", at), by: by}
	s.sig.SigType = packet.SigTypeText
	if s.Hash, err = s.sig.PrepareSign(nil); err != nil {
		return "", fmt.Errorf("sign: %w", err)
	}
	// The line end before the armor is not part of the text (section 7.1).
	_, _ = s.Write([]byte(strings.Join(lines, "\r\n")))
	sig, err := s.finish()
	if err != nil {
		return "", fmt.Errorf("sign: %w", err)
	}
	for i, line := range lines {
		if strings.HasPrefix(line, "-") || strings.HasPrefix(line, "From ") {
			lines[i] = "- " + line // section 7.2
		}
	}
	return "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n" + strings.Join(lines, "\n") + "\n" + Armor(kindSignature, sig), nil
}
