package forge

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// Advisory is a security advisory of a repository: in state triage it is a
// report that somebody filed privately. All text is the reporter's.
// https://docs.github.com/rest/security-advisories/repository-advisories
type Advisory struct {
	GHSA        string    `json:"ghsa_id"`
	CVE         string    `json:"cve_id"` // or empty
	URL         string    `json:"html_url"`
	Summary     string    `json:"summary"`     // one line, at most 1024 characters
	Description string    `json:"description"` // Markdown, at most 64 KiB
	Severity    string    `json:"severity"`    // critical, high, medium, low or empty
	State       string    `json:"state"`
	Created     time.Time `json:"created_at"`
	Author      struct {
		Login string `json:"login"`
	} `json:"author"`
	CVSS struct {
		Vector string `json:"vector_string"`
	} `json:"cvss"`
	CVSSBy struct {
		V3 cvssScore `json:"cvss_v3"`
		V4 cvssScore `json:"cvss_v4"`
	} `json:"cvss_severities"`
	CWEs            []string                `json:"cwe_ids"`
	Vulnerabilities []AdvisoryVulnerability `json:"vulnerabilities"`
	Credits         []AdvisoryCredit        `json:"credits"`

	Raw json.RawMessage `json:"-"` // the whole advisory as GitHub gave it
}

type cvssScore struct {
	Vector string `json:"vector_string"`
}

// AdvisoryVulnerability is one product that an advisory is about.
type AdvisoryVulnerability struct {
	Package struct {
		Ecosystem string `json:"ecosystem"`
		Name      string `json:"name"`
	} `json:"package"`
	Range   string `json:"vulnerable_version_range"`
	Patched string `json:"patched_versions"`
}

// AdvisoryCredit is who is named for what.
type AdvisoryCredit struct {
	Login string `json:"login"`
	Type  string `json:"type"` // finder, reporter, analyst and so on
}

// Vectors are the CVSS vectors of an advisory, each once.
func (a Advisory) Vectors() []string {
	var out []string
	for _, v := range []string{a.CVSSBy.V3.Vector, a.CVSSBy.V4.Vector, a.CVSS.Vector} {
		dup := v == ""
		for _, o := range out {
			dup = dup || o == v
		}
		if !dup {
			out = append(out, v)
		}
	}
	return out
}

// ValidGHSA reports whether s is the ID of an advisory
// (https://docs.github.com/code-security/concepts/vulnerability-reporting-and-management, "GHSA IDs").
func ValidGHSA(s string) bool { return ghsaForm().MatchString(s) }

func readAdvisory(raw json.RawMessage) (Advisory, error) {
	var a Advisory
	if err := json.Unmarshal(raw, &a); err != nil {
		return a, fmt.Errorf("forge: an advisory cannot be read: %w", err)
	}
	if !ValidGHSA(a.GHSA) {
		return a, &InvalidError{Field: "advisory.ghsa_id", Rule: "of the form GHSA-xxxx-xxxx-xxxx"}
	}
	a.Raw = raw
	return a, nil
}

// Advisories lists the advisories of the repository that are in triage, the
// oldest first. The token needs the permission to read repository security
// advisories, else ErrDenied or ErrNotFound.
func (a *Admin) Advisories(ctx context.Context) ([]Advisory, error) {
	var out []Advisory
	var bad error
	err := eachPage(ctx, a, "/security-advisories?state=triage&sort=created&direction=asc", func(page *[]json.RawMessage) {
		for _, raw := range *page {
			one, err := readAdvisory(raw)
			if err != nil {
				bad = err // the others are read nevertheless
				continue
			}
			if one.State == "triage" {
				out = append(out, one)
			}
		}
	})
	if err == nil {
		err = bad
	}
	return out, err
}

// Advisory reads one advisory, in whatever state.
func (a *Admin) Advisory(ctx context.Context, ghsa string) (Advisory, error) {
	if !ValidGHSA(ghsa) {
		return Advisory{}, &InvalidError{Field: "advisory.ghsa_id", Rule: "of the form GHSA-xxxx-xxxx-xxxx"}
	}
	var raw json.RawMessage
	if _, err := a.send(ctx, http.MethodGet, "/security-advisories/"+ghsa, nil, &raw); err != nil {
		return Advisory{}, err
	}
	return readAdvisory(raw)
}
