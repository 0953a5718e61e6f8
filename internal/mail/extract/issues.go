package extract

import "github.com/docket-psirt/docket/internal/psirt"

var (
	issueLine = lower(`^(?:issue|finding|vulnerability|weakness|problem|bug|flaw|schwachstelle|befund|vulnérabilité|faille|vulnerabilidad)\s*(?:no\.?|nr\.?|#)?\s*\(?(?:\d{1,2}|[a-d]|i{1,3})\)?\s*(?:[-–—:.)]|\s-)\s*(\S.*)$`)
	issueIn   = lower(`^.*\b(?:in|of|affects|im|dans|en)\s+(?:the |der |dem |la |le |el )?`)
)

// issueProducts reads the products of a mail about several weaknesses, where the
// line that counts each of them names its product with the version: "Issue 2 -
// Gate Manager 3.1". One product alone is left to prose.
func (d *document) issueProducts() []psirt.Product {
	var list productList
	for _, l := range d.lines {
		m := cells(clip(l.text, 300), issueLine)
		if m == nil || l.zone != zoneBody || len(list.all) >= maxProducts {
			continue
		}
		text := m[0][len(issueIn().FindString(lowered(m[0]))):]
		if p := readProduct(text); nameLike(p.Name) && len(p.Versions) > 0 {
			list.add(p)
		}
	}
	if len(list.all) < 2 {
		return nil
	}
	return list.all
}
