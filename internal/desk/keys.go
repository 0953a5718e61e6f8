package desk

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/docket-psirt/docket/internal/audit"
	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/seal"
)

// KeyRow is one certificate that a programme names.
type KeyRow struct {
	Program     string     `json:"program"`
	Name        string     `json:"name"` // role or handle
	Roles       []string   `json:"roles"`
	Fingerprint string     `json:"fingerprint"`
	Expires     *time.Time `json:"expires,omitempty"`
	Problem     string     `json:"problem,omitempty"`
}

// Keys lists the certificates of all programmes.
func (d *Desk) Keys() ([]KeyRow, error) {
	_, at, err := d.main()
	if err != nil {
		return nil, err
	}
	all, err := d.settings(at)
	if err != nil {
		return nil, err
	}
	out := []KeyRow{}
	for _, s := range all {
		for _, k := range named(s) {
			out = append(out, d.keyRow(s, k))
		}
	}
	return out, nil
}

type namedKey struct {
	name  string
	roles []string
	key   psirt.Fingerprint
}

// named lists every key that a programme names, with its role or handle.
func named(s *audit.Setting) []namedKey {
	k := s.Program.Keys
	out := []namedKey{{"intake", []string{"intake", "sender"}, k.Intake}, {"bot", []string{"bot"}, k.Bot},
		{"mailer", []string{"mailer"}, k.Mailer}, {"escrow", []string{"escrow"}, k.Escrow}}
	for _, p := range s.Program.People {
		out = append(out, namedKey{p.Handle, p.Roles, p.Key})
	}
	return out
}

func (d *Desk) keyRow(s *audit.Setting, k namedKey) KeyRow {
	row := KeyRow{Program: s.Program.Program, Name: k.name, Roles: k.roles, Fingerprint: k.key.Hex()}
	cert, err := s.Cert(k.key)
	if err != nil {
		row.Problem = err.Error()
		return row
	}
	if at, ok := cert.Expires(); ok {
		row.Expires = &at
		if left := at.Sub(d.now()); left < 0 {
			row.Problem = "expired"
		} else if left < 30*24*time.Hour {
			row.Problem = "expires within 30 days"
		}
	}
	return row
}

// PublicKey is a certificate that a programme names.
type PublicKey struct {
	KeyRow
	Armor string `json:"armor"`
}

// PublicKey finds the certificate of a role or person; with several programmes a
// role is named <program>-<role>.
func (d *Desk) PublicKey(name string) (*PublicKey, error) {
	_, at, err := d.main()
	if err != nil {
		return nil, err
	}
	all, err := d.settings(at)
	if err != nil {
		return nil, err
	}
	for _, s := range all {
		short, ok := strings.CutPrefix(name, s.Program.Program+"-")
		if !ok {
			short = name
		}
		if short == "sender" {
			short = "intake"
		}
		for _, k := range named(s) {
			if k.name != short || len(all) > 1 && !ok && has(roleFiles, short) {
				continue
			}
			cert, err := s.Cert(k.key)
			if err != nil {
				return nil, err
			}
			return &PublicKey{d.keyRow(s, k), cert.Armor()}, nil
		}
	}
	return nil, usage(fmt.Sprintf("no role or person is called %q", name), "docket keys list shows them; with several programmes a role is <program>-<role>")
}

// NewPersonKey makes a key for a person, writes it to the key directory, and
// answers the public certificate. It gets no role by that.
func NewPersonKey(dir, handle, address string, passphrase []byte, now time.Time) (string, error) {
	if !psirt.ValidName(handle) || has(roleFiles, handle) {
		return "", usage(fmt.Sprintf("%q cannot be a handle", handle), "it has lower-case letters, digits and hyphens, and is no role's name")
	}
	k, err := seal.NewKey(handle, address, now.UTC().Truncate(time.Second))
	if err != nil {
		return "", err
	}
	raw, err := k.Export(passphrase)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	path := filepath.Join(dir, handle+".asc")
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return "", usage(path+" exists", "a secret key is never overwritten")
	}
	if err != nil {
		return "", err
	}
	if _, err = f.Write(raw); err == nil {
		err = f.Sync()
	}
	return k.Cert().Armor(), errors.Join(err, f.Close())
}
