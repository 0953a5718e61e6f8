package audit

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"strings"

	"github.com/docket-psirt/docket/internal/store"
)

// AcceptedPath is where findings that a lead has explained are on record: a
// line for each, its ID, the time, who, and why. Being outside case folders it
// is changed by a lead, with the approvals that a change of the programme needs.
func AcceptedPath(program string) string { return "cases/" + program + "/accepted.txt" }

// maxAccepted bounds the file, in bytes.
const maxAccepted = 1 << 20

// identify gives every finding its ID: it follows from what was found and
// where, so it is the same in every audit.
func identify(list []Finding) {
	for i, f := range list {
		sum := sha256.Sum256([]byte(strings.Join([]string{f.Kind, string(f.Case), f.Commit, f.Text}, "\x00")))
		list[i].ID = hex.EncodeToString(sum[:6])
	}
}

// explain marks the findings that are on record as explained.
func (j *Judge) explain(at *store.Snapshot, list []Finding) error {
	identify(list)
	names, err := j.Programs(at)
	if err != nil && !unreadable(err) {
		return err
	}
	why := map[string]string{}
	for _, name := range names {
		raw, err := at.Read(AcceptedPath(name), maxAccepted)
		if errors.Is(err, fs.ErrNotExist) || unreadable(err) {
			continue // what cannot be read explains nothing
		}
		if err != nil {
			return err
		}
		for _, line := range strings.Split(string(raw), "\n") {
			if parts := strings.SplitN(line, " ", 4); len(parts) == 4 {
				why[parts[0]] = parts[3] + " (" + parts[2] + ", " + parts[1] + ")"
			}
		}
	}
	for i := range list {
		list[i].Accepted = why[list[i].ID]
	}
	return nil
}

// Explain marks findings that were made outside a replay.
func (j *Judge) Explain(main store.Hash, list []Finding) error {
	at, err := j.Repo.At(main)
	if err != nil {
		return err
	}
	return j.explain(at, list)
}

// Open counts the findings that nobody has explained.
func Open(list []Finding) int {
	n := 0
	for _, f := range list {
		if f.Accepted == "" {
			n++
		}
	}
	return n
}
