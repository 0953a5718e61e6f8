package extract

import "strings"

// partForm is how a part number is announced in a text.
var partForm = lower(`\b(?:(?:product |article |part |model |item |order )?(?:ref(?:erence)?s?\b\.?|number|no\.?|nr\.?|code|sku)|p/n|pn|part|article|bestell-?(?:nummer|nr\.?)|n° (?:d['’])?article|numéro (?:de pièce|d['’]article)|référence|referenz|typ\b|type\b|réf\.?|artikel-?(?:nummer|nr\.?)|teilenummer)\s*[:#.=]?\s*([a-z0-9]+(?:[-./_][a-z0-9]+)*)`)

// partIn finds "part number X" in a text.
func partIn(s string) string {
	low := lowered(s)
	for _, at := range partForm().FindAllStringSubmatchIndex(low, 10) {
		if code := s[at[2]:at[3]]; codeLike(code) && !notModel.in(lowered(code)) {
			return code
		}
	}
	return ""
}

// codeIn is the code that an entry lists behind the name and the kind of the
// product, as in "Door, hardware, D-3, firmware 2.0".
func codeIn(s string) string {
	kind := false
	for n, p := range strings.Split(s, ",") {
		p = strings.TrimSpace(p)
		if kind && n > 1 && codeLike(p) && wordCount(p) == 1 && len(p) <= 40 {
			return p
		}
		kind = kind || productType(p) != "" && wordCount(p) == 1
	}
	return ""
}

var (
	bracketed = exactly(`[\p{L}\d] \(([A-Z][A-Z0-9]*(?:-[A-Z0-9]+)+)\)`)
	platform  = lower(`^(?:x\d|amd|arm|win|linux|mac|os-|cve-|cwe-|utf-)`)
)

// codeBehind is the code that stands in parentheses behind the name, as in
// "Door (DR-20-X)".
func codeBehind(s string) string {
	if g := bracketed.groups(s); g != nil && !platform.in(lowered(g[1])) && !notModel.in(lowered(g[1])) {
		return g[1]
	}
	return ""
}

// codeLike reports whether s may be a part number: capitals and digits only.
func codeLike(s string) bool {
	digit := strings.ContainsAny(s, "0123456789")
	hyphen := strings.ContainsAny(s, "-/")
	return len(s) >= 3 && s == strings.ToUpper(s) && (digit || hyphen)
}

func partNumber(text string) string {
	text, _, _ = strings.Cut(text, "\n")
	text = cutParenthesis(collapse(text))
	if strings.Contains(text, "://") || wordCount(text) > 5 { // a reference of another kind
		return ""
	}
	return text
}
