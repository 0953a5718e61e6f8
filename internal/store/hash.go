package store

import (
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"strconv"

	"github.com/docket-psirt/docket/internal/psirt"
)

// Hash names a git object: SHA-1 of its header and bytes.
type Hash [20]byte

// String is the hash as git writes it: 40 lower-case hexadecimal digits.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// IsZero reports whether h names nothing.
func (h Hash) IsZero() bool { return h == Hash{} }

// ObjectID is the hash as case files write it.
func (h Hash) ObjectID() psirt.ObjectID { return psirt.ObjectID("git:" + h.String()) }

// Compare orders hashes as git does.
func (h Hash) Compare(other Hash) int { return bytes.Compare(h[:], other[:]) }

// ParseHash reads 40 lower-case hexadecimal digits, with or without the prefix
// "git:" of psirt.ObjectID.
func ParseHash(text string) (Hash, error) {
	var h Hash
	digits := psirt.ObjectID(text).Hex()
	if !psirt.ObjectID("git:" + digits).Valid() {
		return h, fmt.Errorf("%q is not a git object name: 40 lower-case hexadecimal digits are expected", text)
	}
	_, err := hex.Decode(h[:], []byte(digits))
	return h, err
}

// BlobHash is the name that git gives to a file with these bytes.
func BlobHash(data []byte) Hash { return hashObject(kindBlob, data) }

// kind is an object's type as packs number it.
type kind uint8

const (
	kindCommit kind = 1
	kindTree   kind = 2
	kindBlob   kind = 3
	kindTag    kind = 4
	ofsDelta   kind = 6
	refDelta   kind = 7
)

var kindNames = map[kind]string{
	kindCommit: "commit", kindTree: "tree", kindBlob: "blob", kindTag: "tag",
}

func (k kind) String() string { return kindNames[k] }

// objectHeader is what git hashes and stores before an object's bytes.
func objectHeader(k kind, size int64) []byte {
	return append(strconv.AppendInt(append([]byte(k.String()), ' '), size, 10), 0)
}

func hashObject(k kind, data []byte) Hash {
	digest := sha1.New()
	digest.Write(objectHeader(k, int64(len(data))))
	digest.Write(data)
	return Hash(digest.Sum(nil))
}
