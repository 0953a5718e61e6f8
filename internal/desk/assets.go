package desk

import (
	"slices"
	"strings"

	"github.com/docket-psirt/docket/internal/psirt"
)

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
