package seal

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"

	"github.com/docket-psirt/docket/internal/psirt"
)

// NewHMACSecret makes the secret that intake hosts share: 32 random octets.
func NewHMACSecret() ([]byte, error) {
	secret := make([]byte, 32)
	if _, err := rand.Read(secret); err != nil {
		return nil, fmt.Errorf("make HMAC secret: %w", err)
	}
	return secret, nil
}

// HMAC is the HMAC-SHA-256 (RFC 2104) of a label and any number of parts under
// the secret. Each is preceded by its length in eight octets, so that no two
// lists give the same input; the label says what is hashed, so that hashes for
// different ends never meet.
func HMAC(secret []byte, label string, parts ...[]byte) psirt.Keyed {
	mac := hmac.New(sha256.New, secret)
	var length [8]byte
	for _, part := range append([][]byte{[]byte(label)}, parts...) {
		binary.BigEndian.PutUint64(length[:], uint64(len(part)))
		mac.Write(length[:])
		mac.Write(part)
	}
	return psirt.Keyed("hmac:" + hex.EncodeToString(mac.Sum(nil)))
}
