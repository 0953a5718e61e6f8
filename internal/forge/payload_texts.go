package forge

import "strings"

// What people typed on GitHub, as records take it: a text that breaks their
// rules is empty.

func login(s string) string {
	var r rules
	if r.login("login", s); r.err != nil {
		return ""
	}
	return s
}

func title(s string) string {
	var r rules
	if r.line("title", s, maxTitle); r.err != nil {
		return ""
	}
	return s
}

func labelName(s string) string {
	var r rules
	if r.line("label", s, maxLabel); r.err != nil {
		return ""
	}
	return s
}

// labelNames are the labels in the order and number that records have.
func labelNames(list []payloadLabel) []string {
	var out []string
	for _, l := range list {
		if name := labelName(l.Name); name != "" && len(out) < maxLabels {
			out = append(out, name)
		}
	}
	return tidy(out)
}

// bodyText is a body with the line ends that records have; browsers send CRLF.
func bodyText(s string) string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	var r rules
	if r.body("body", s); r.err != nil {
		return ""
	}
	return s
}

func branchName(s string) string {
	var r rules
	if r.branch("branch", s); r.err != nil {
		return ""
	}
	return s
}
