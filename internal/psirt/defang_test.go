package psirt

import "testing"

func TestDefang(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"see https://portal.example.org/a.b?c=d.": "see hxxps://portal[.]example[.]org/a.b?c=d.",
		"HTTP://X.example:80":                     "hxxp://X[.]example:80",
		"ftp://x.example and www.example.org":     "fxp://x[.]example and www[.]example[.]org",
		"hxxps://portal[.]example[.]org/a":        "hxxps://portal[.]example[.]org/a",
		"https://portal[.]example.org":            "hxxps://portal[.]example[.]org",
		"version 2.4, a@example.org, 192.0.2.1":   "version 2.4, a@example.org, 192.0.2.1",
	} {
		if got := Defang(in); got != want || Defang(got) != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestScopeHasHost(t *testing.T) {
	t.Parallel()
	s := Scope{Domains: []string{"example.org", "Other.example"}}
	for address, want := range map[string]bool{
		"https://portal.example.org/x": true, "example.org": true, "hxxp://a[.]other[.]example:8443/": true,
		"https://example.org.evil.example/": false, "https://notexample.org": false, "https://example.org@evil.example/x": false,
		"http://evil.example\\@example.org": false,
	} {
		if got := s.HasHost(HostOf(address)); got != want {
			t.Errorf("%s (%s): %v", address, HostOf(address), got)
		}
	}
	if HostOf("the login page") != "" || !(Scope{}).HasHost("x.example") {
		t.Error("words are no host, and without domains any host will do")
	}
}

func TestUnlisted(t *testing.T) {
	t.Parallel()
	s := Scope{Catalogue: []CatalogueEntry{
		{Name: "Gate", Also: []string{"eGate"}, PartNumbers: []string{"GT-100*"}, Versions: []string{"2.4", "3.*"}},
		{Name: "Gate Manager"},
	}}
	for _, c := range []struct {
		p    Product
		want string
	}{
		{Product{Name: "the gate", Versions: []string{"v2.4", "2.4 and earlier", "3.1.7"}}, ""},
		{Product{Name: "Gate", Versions: []string{"2.41"}}, FlagUnknownVersion},
		{Product{Name: "Gate", Versions: []string{"2.4.1"}}, FlagUnknownVersion},
		{Product{Name: "Gate", PartNumber: "GT-100-B"}, ""},
		{Product{Name: "Gate", PartNumber: "XX-1"}, FlagUnknownPartNumber},
		{Product{PartNumber: "gt-100"}, ""},
		{Product{Name: "Gate Manager 9", Versions: []string{"9"}}, ""},
		{Product{Name: "Gateway"}, FlagUnknownProduct},
		{Product{Type: "hardware"}, ""},
	} {
		got := ""
		for _, u := range s.Unlisted([]Product{c.p}) {
			got += u.Flag
		}
		if got != c.want {
			t.Errorf("%+v: %q, want %q", c.p, got, c.want)
		}
	}
	if len((Scope{}).Unlisted([]Product{{Name: "x"}})) > 0 {
		t.Error("without a catalogue every product is known")
	}
}

func TestAdmits(t *testing.T) {
	t.Parallel()
	l := AttachmentLimits{MaxSize: 10, Types: []string{"image/*", "text/plain"}, NotTypes: []string{"image/svg+xml"}}
	for kind, want := range map[string]string{"image/png": "", "text/plain; charset=utf-8": "", "IMAGE/SVG+XML": "type", "application/zip": "type", "": ""} {
		if got := l.Admits(10, kind); got != want {
			t.Errorf("%q: %q", kind, got)
		}
	}
	if l.Admits(11, "image/png") != "size" || l.Admits(1, "image/png", "application/zip") != "type" || (AttachmentLimits{}).Admits(1<<40, "x/y") != "" {
		t.Error("sizes and octets count, where there are limits")
	}
}

// The longest name of the programme's that stands in a text is the product.
func TestProductIn(t *testing.T) {
	t.Parallel()
	p := &Program{Scope: Scope{Products: []string{"server", "server management software"}, Catalogue: []CatalogueEntry{{Name: "Gate", Also: []string{"Turnstile 2*"}}}},
		Routing: []Route{{Products: []string{"BMC", "*"}, Team: "all"}}}
	for text, want := range map[string]string{
		"Inspur Server vulnerability":             "server",
		"Server management software: login":       "server management software",
		"the bmc does not ask":                    "BMC",
		"turnstile 2000 opens":                    "Turnstile 2",
		"Observers see it; gateway vulnerability": "",
		"": "",
	} {
		if got := p.ProductIn(text); got != want {
			t.Errorf("%q names %q, want %q", text, got, want)
		}
	}
}
