package mail

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"strconv"
	"strings"
)

const scramSHA256 = "SCRAM-SHA-256"

// errScram covers all that a server can do wrong. It says no more, since what
// the server sent may hold anything.
var errScram = errors.New("the server does not know the password, or does not keep to SCRAM-SHA-256")

// mostRounds bounds the work that a server can ask for, and leastRounds is what
// RFC 7677 section 4 asks of it.
const (
	leastRounds = 4096
	mostRounds  = 2_000_000
)

// scramClient is SCRAM-SHA-256 (RFC 5802, RFC 7677) as a client of go-sasl,
// which does not have it: the password never leaves this machine, and the
// server proves that it knows it. verified is true once it did.
type scramClient struct {
	user, password string
	nonce          string // for tests; else random
	verified       bool

	step      int
	bare      string // client-first-message-bare
	signature []byte // that the server must show
}

// Start implements sasl.Client.
func (c *scramClient) Start() (mechanism string, initial []byte, err error) {
	if c.nonce == "" {
		c.nonce = rand.Text()
	}
	escaped := strings.NewReplacer("=", "=3D", ",", "=2C").Replace(c.user)
	c.bare = "n=" + escaped + ",r=" + c.nonce
	return scramSHA256, []byte("n,," + c.bare), nil
}

// Next implements sasl.Client.
func (c *scramClient) Next(challenge []byte) ([]byte, error) {
	c.step++
	switch c.step {
	case 1:
		return c.proof(string(challenge))
	case 2:
		given, ok := strings.CutPrefix(string(challenge), "v=")
		signature, err := base64.StdEncoding.DecodeString(given)
		if !ok || err != nil || subtle.ConstantTimeCompare(signature, c.signature) != 1 {
			return nil, errScram
		}
		c.verified = true
		return []byte{}, nil
	}
	return nil, errScram
}

// proof answers the server-first-message (RFC 5802 section 3).
func (c *scramClient) proof(challenge string) ([]byte, error) {
	fields := strings.Split(challenge, ",")
	if len(fields) < 3 || !strings.HasPrefix(fields[0], "r="+c.nonce) || len(fields[0]) == len("r="+c.nonce) ||
		!strings.HasPrefix(fields[1], "s=") || !strings.HasPrefix(fields[2], "i=") {
		return nil, errScram
	}
	salt, err := base64.StdEncoding.DecodeString(fields[1][2:])
	rounds, errRounds := strconv.Atoi(fields[2][2:])
	if err != nil || errRounds != nil || rounds < leastRounds || rounds > mostRounds {
		return nil, errScram
	}
	salted, err := pbkdf2.Key(sha256.New, c.password, salt, rounds, sha256.Size)
	if err != nil {
		return nil, errScram
	}
	final := "c=biws," + fields[0]
	message := c.bare + "," + challenge + "," + final
	clientKey := mac(salted, "Client Key")
	stored := sha256.Sum256(clientKey)
	proof := mac(stored[:], message)
	subtle.XORBytes(proof, proof, clientKey)
	c.signature = mac(mac(salted, "Server Key"), message)
	return []byte(final + ",p=" + base64.StdEncoding.EncodeToString(proof)), nil
}

func mac(key []byte, message string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(message))
	return h.Sum(nil)
}
