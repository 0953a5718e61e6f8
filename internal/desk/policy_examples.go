package desk

import (
	_ "embed" // the fingerprints of the example keys
	"strings"

	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/seal"
)

// The fingerprints of every key in cases/*/keys, one a line with the file it is
// in; a test holds the list to them (go test -run Examples -update writes it).
//
//go:embed policy_examples.txt
var exampleKeys string

// exampleKey names the file in which an example key is published together with
// this project; empty for any other key.
func exampleKey(f psirt.Fingerprint) string {
	for _, line := range strings.Split(exampleKeys, "\n") {
		if print, file, ok := strings.Cut(line, " "); ok && print == string(f) {
			return file
		}
	}
	return ""
}

var fingerprintForm = form(`openpgp4fpr:[0-9A-F]{40}(?:[0-9A-F]{24})?`)

// refuseExampleText refuses a text that names an example key.
func refuseExampleText(name string, text []byte) error {
	for _, f := range fingerprintForm().FindAll(text, -1) {
		if file := exampleKey(psirt.Fingerprint(f)); file != "" {
			return &Refused{What: name + " was not used", Verdict: psirt.Failed(
				"it names the key of "+file+", an example that comes with Docket, so its secret is not yours alone",
				"take the sections keys and people out; docket init makes new keys and writes both")}
		}
	}
	return nil
}

// refuseExampleCert refuses a certificate that is an example key, or has one as
// a subkey.
func refuseExampleCert(what string, cert *seal.Cert) error {
	for _, line := range strings.Split(exampleKeys, "\n") {
		print, file, ok := strings.Cut(line, " ")
		if ok && cert.HasKey(psirt.Fingerprint(print)) {
			return &Refused{What: what + " was not used", Verdict: psirt.Failed(
				"it is the key of "+file+", an example that comes with Docket, so its secret is not yours alone",
				"name the secret export of your team's own key, or leave --intake-key out for a new one")}
		}
	}
	return nil
}
