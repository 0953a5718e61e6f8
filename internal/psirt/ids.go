package psirt

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Fingerprint names an OpenPGP certificate by its primary key:
// "openpgp4fpr:" and 40 (v4, RFC 4880 section 12.2) or 64 (v6, RFC 9580
// section 5.5.4) upper-case hexadecimal digits, as gpg prints them.
type Fingerprint string

// Digest is "sha256:" and 64 lower-case hexadecimal digits.
type Digest string

// ObjectID names a git object: "git:" and 40 lower-case hexadecimal digits.
type ObjectID string

// Keyed is an HMAC-SHA-256 made with the secret that intake hosts share:
// "hmac:" and 64 lower-case hexadecimal digits.
type Keyed string

var (
	fingerprintForm = regexp.MustCompile(`^openpgp4fpr:([0-9A-F]{40}|[0-9A-F]{64})$`)
	digestForm      = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)
	objectForm      = regexp.MustCompile(`^git:[0-9a-f]{40}$`)
	keyedForm       = regexp.MustCompile(`^hmac:[0-9a-f]{64}$`)
	caseIDForm      = regexp.MustCompile(`^([A-Z][A-Z0-9]{1,11})-([0-9]{4})-([0-9]{4,9})$`)
)

// NewFingerprint makes a Fingerprint from the raw bytes of a key fingerprint
// (20 bytes for v4, 32 for v6).
func NewFingerprint(raw []byte) Fingerprint {
	return Fingerprint("openpgp4fpr:" + strings.ToUpper(hex.EncodeToString(raw)))
}

// Valid reports whether f has the form that Fingerprint describes.
func (f Fingerprint) Valid() bool { return fingerprintForm.MatchString(string(f)) }

// Hex is the fingerprint without its prefix, as gpg prints it.
func (f Fingerprint) Hex() string { return strings.TrimPrefix(string(f), "openpgp4fpr:") }

// Valid reports whether d has the form that Digest describes.
func (d Digest) Valid() bool { return digestForm.MatchString(string(d)) }

// Valid reports whether o has the form that ObjectID describes.
func (o ObjectID) Valid() bool { return objectForm.MatchString(string(o)) }

// Hex is the object ID as git writes it.
func (o ObjectID) Hex() string { return strings.TrimPrefix(string(o), "git:") }

// Valid reports whether k has the form that Keyed describes.
func (k Keyed) Valid() bool { return keyedForm.MatchString(string(k)) }

// Hex is the keyed hash without its prefix.
func (k Keyed) Hex() string { return strings.TrimPrefix(string(k), "hmac:") }

// SHA256 is the digest of data.
func SHA256(data []byte) Digest {
	sum := sha256.Sum256(data)
	return Digest("sha256:" + hex.EncodeToString(sum[:]))
}

// CaseID is a programme's prefix, the year in which the case was opened (UTC)
// and a number that counts from 1 in each year, padded to four digits:
// INGP-2026-0042.
type CaseID string

// NewCaseID puts a case ID together.
func NewCaseID(prefix string, year, number int) CaseID {
	return CaseID(fmt.Sprintf("%s-%04d-%04d", prefix, year, number))
}

// Parts takes a case ID apart; ok is false when it is not one, or not written
// in its only form (superfluous zeros).
func (id CaseID) Parts() (prefix string, year, number int, ok bool) {
	m := caseIDForm.FindStringSubmatch(string(id))
	if m == nil {
		return "", 0, 0, false
	}
	year, _ = strconv.Atoi(m[2])
	number, _ = strconv.Atoi(m[3])
	ok = number > 0 && NewCaseID(m[1], year, number) == id
	return m[1], year, number, ok
}

// Valid reports whether id is a case ID.
func (id CaseID) Valid() bool { _, _, _, ok := id.Parts(); return ok }

// Block is the folder that keeps a year's directory at a hundred entries or
// fewer: the number padded to an even count of digits (at least four), without
// its last two, split in pairs. 42 gives "00", 1234 "12", 123456 "12/34".
func Block(number int) string {
	digits := strconv.Itoa(number)
	for len(digits) < 4 || len(digits)%2 == 1 {
		digits = "0" + digits
	}
	digits = digits[:len(digits)-2]
	var pairs []string
	for ; digits != ""; digits = digits[2:] {
		pairs = append(pairs, digits[:2])
	}
	return strings.Join(pairs, "/")
}

// Folder is the case's place below its programme's folder, which is also the
// name of its file without ".yaml": "2026/00/INGP-2026-0042".
func (id CaseID) Folder() string {
	_, year, number, ok := id.Parts()
	if !ok {
		return ""
	}
	return fmt.Sprintf("%04d/%s/%s", year, Block(number), id)
}

// CasePath is where the file of a case stands in the repository.
func CasePath(program string, id CaseID) string {
	return "cases/" + program + "/" + id.Folder() + ".yaml"
}

// CaseDir is where the mails and updates of a case stand.
func CaseDir(program string, id CaseID) string {
	return "cases/" + program + "/" + id.Folder()
}

// ProgramPath is where a programme's policy file stands.
func ProgramPath(program string) string { return "cases/" + program + "/program.yaml" }

// SeenPath is where the fact that a mail is on record stands: one line for one
// keyed hash. It is empty when k is not valid.
func SeenPath(program string, k Keyed) string {
	if !k.Valid() {
		return ""
	}
	h := k.Hex()
	return "cases/" + program + "/seen/" + h[0:1] + "/" + h[1:2] + "/" + h[2:3] + "/" + h
}
