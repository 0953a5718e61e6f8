package psirt

import (
	"slices"
	"strings"
)

// Asset is a system or an application that a programme takes reports for, and
// what the organisation has to do with it.
type Asset struct {
	Name    string   `yaml:"name"`
	Domains []string `yaml:"domains"` // host names, with all below them
	Is      string   `yaml:"is"`      // managed, developed or both
}

// AssetsAt lists the assets that a host belongs to.
func (s Scope) AssetsAt(host string) []Asset {
	return slices.DeleteFunc(slices.Clone(s.Assets), func(a Asset) bool { return !below(host, a.Domains) })
}

// below reports whether a host is one of the domains, or below one.
func below(host string, domains []string) bool {
	return slices.ContainsFunc(domains, func(domain string) bool {
		domain = strings.ToLower(domain)
		return host == domain || strings.HasSuffix(host, "."+domain)
	})
}

// HasHost reports whether a host is one of the scope's domains, or below one, or
// belongs to an asset. Without domains every host is.
func (s Scope) HasHost(host string) bool {
	return len(s.Domains) == 0 || below(host, s.Domains) || len(s.AssetsAt(host)) > 0
}
