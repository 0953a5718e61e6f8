package desk

import (
	"fmt"
	netmail "net/mail"
	"slices"
	"strings"
	"time"

	"github.com/docket-psirt/docket/internal/psirt"
)

// promise puts the programme's commitments on a case's list once its facts
// hold: somebody then says of each whether it was kept. It answers the paths
// that it added.
func promise(c *one, report psirt.Document, now time.Time) []string {
	var changed []string
	list, _ := report["commitments"].([]any)
	for _, name := range c.setting.Program.DueCommitments(psirt.World{Case: c.Case, Report: report, Now: now}) {
		changed = append(changed, fmt.Sprintf("commitments[%d]", len(list)))
		list = append(list, map[string]any{"name": name})
	}
	if len(changed) > 0 {
		report["commitments"] = list
	}
	return changed
}

// wellAddressed refuses an address of the reporter, new in an edit, that nobody
// could write to (addr-spec of RFC 5322).
func wellAddressed(before, after psirt.Document) error {
	email := firstOf(after, "reporter.email")
	if email == "" || email == firstOf(before, "reporter.email") {
		return nil
	}
	if a, err := netmail.ParseAddress(email); err != nil || a.Address != email {
		return usage("reporter.email is no mail address", "write it as in name@example.org, and nothing else")
	}
	return nil
}

// assetsOf are the assets of the programme that the addresses of web pages in a
// report belong to.
func assetsOf(report psirt.Document, scope psirt.Scope) []psirt.Asset {
	var out []psirt.Asset
	for _, host := range hostsIn(report) {
		for _, a := range scope.AssetsAt(host) {
			if !slices.ContainsFunc(out, func(have psirt.Asset) bool { return have.Name == a.Name }) {
				out = append(out, a)
			}
		}
	}
	return out
}

// hostsIn are the hosts that a report's url names: one, or several with
// something between.
func hostsIn(report psirt.Document) []string {
	url, _ := report["url"].(string)
	var out []string
	for _, word := range strings.FieldsFunc(url, func(r rune) bool { return r == ' ' || r == ',' || r == ';' || r == '\n' }) {
		if host := psirt.HostOf(word); host != "" {
			out = append(out, host)
		}
	}
	return out
}

// isOf is what the organisation has to do with assets, taken together: managed,
// developed or both, as analysis.asset has it.
func isOf(assets []psirt.Asset) string {
	is := ""
	for _, a := range assets {
		if is != "" && is != a.Is {
			return "both"
		}
		is = a.Is
	}
	return is
}
