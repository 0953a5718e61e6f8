package extract

import (
	"slices"
	"strings"

	"github.com/docket-psirt/docket/internal/psirt"
)

// tableProducts reads a table whose first row names columns, one of them the
// product. Cells stand apart by tabs or by bars.
func (d *document) tableProducts() []psirt.Product {
	var list productList
	for i := 0; i < len(d.lines); i++ {
		if d.lines[i].zone != zoneBody || d.listing[i] {
			continue
		}
		columns, ok := d.columns(d.lines[i].text)
		if !ok || d.rowAbove(i) {
			continue
		}
		heads := rowCells(d.lines[i].text)
		for i++; i < len(d.lines) && len(list.all) < maxProducts; i++ {
			row := rowCells(d.lines[i].text)
			if gridRule.in(strings.TrimSpace(d.lines[i].raw)) {
				continue
			}
			if len(row) < 2 || d.lines[i].zone != zoneBody {
				break
			}
			if !ruleRow(row) && !spared(heads, row) {
				list.add(productRow(columns, row))
			}
		}
	}
	return list.all
}

// rowAbove reports whether line i is not the first row of its table.
func (d *document) rowAbove(i int) bool {
	for i--; i >= 0; i-- {
		if !gridRule.in(strings.TrimSpace(d.lines[i].raw)) {
			return len(rowCells(d.lines[i].text)) >= 2
		}
	}
	return false
}

// columns gives the path of each cell of a table's first row.
func (d *document) columns(text string) ([]string, bool) {
	row := rowCells(text)
	if len(row) < 2 {
		return nil, false
	}
	paths := make([]string, len(row))
	name, other := false, false
	for i, cell := range row {
		paths[i], _ = d.words.exact(normalLabel(cell))
		name = name || paths[i] == pathName || paths[i] == pathProducts
		other = other || paths[i] == pathVersions || paths[i] == pathPart || paths[i] == pathType || paths[i] == pathRunning
	}
	if name && (other || len(row) > 2) {
		d.looseColumns(paths, row)
	}
	if name {
		other = versionsColumn(paths, row) || other
	}
	return paths, name && (other || slices.Contains(paths, pathVersions) || slices.Contains(paths, pathRunning))
}

var (
	verdictHead = lower(`^(?:(?:is )?affected|vulnerable|impacted|observed|reproduc\w+|seen|hit|status|result|verdict|betroffen|concernée?|受影响|是否受影响)\??$`)
	sparedCell  = lower(`^(?:no|not|nein|non|nee|never|safe|fixed|patched|unaffected|nicht|pas)\b|^(?:n|✗|✘|❌|否|不受影响)$`)
)

// spared reports whether a row of a table that says which versions are affected
// names one that is not.
func spared(heads, row []string) bool {
	for i, cell := range row[:min(len(row), len(heads))] {
		if verdictHead.in(normalLabel(heads[i])) && sparedCell.in(lowered(cell)) {
			return true
		}
	}
	return false
}

// hit heads the column of the affected versions beside one of products.
var hit = lower(`^(?:affected|affects|vulnerable|impacted|concerned|concerns|hit|betroffen|concerné)$`)

// versionsColumn finds the column that says "affected" beside one that has the
// products themselves.
func versionsColumn(paths, row []string) bool {
	at, names := -1, 0
	for i, cell := range row {
		switch {
		case hit.in(normalLabel(cell)):
			at = i
		case paths[i] == pathName || paths[i] == pathProducts:
			names++
		}
	}
	if at < 0 || names == 0 || slices.Contains(paths, pathVersions) {
		return false
	}
	paths[at] = pathVersions
	return true
}

// looseColumns reads the other cells of a head by their words: "Versions hit".
func (d *document) looseColumns(paths, row []string) {
	for i, cell := range row {
		if paths[i] != "" {
			continue
		}
		switch path, _ := d.words.find(normalLabel(cell)); {
		case path == pathVersions, path == pathPart, path == pathUnaffected, path == pathRunning:
			paths[i] = path
		case path == "" && versionHead.in(normalLabel(cell)) && !slices.Contains(paths, pathVersions):
			paths[i] = pathVersions
		}
	}
}

// versionHead is said of a column of versions of a part: "BMC firmware".
var versionHead = lower(`^(?:\w+ )?(?:firmware|versions?|releases?|builds?|revisions?)$`)

func productRow(columns, row []string) psirt.Product {
	var list productList
	for i, cell := range row[:min(len(row), len(columns))] {
		cell = collapse(cell)
		switch columns[i] {
		case pathName, pathProducts:
			list.last().Name = cell
		case pathPart:
			list.last().PartNumber = cell
		case pathType:
			list.last().Type = productType(cell)
		case pathVersions, pathRunning:
			if !bareAnswer.in(lowered(cell)) { // of a column that only says which are
				list.versions(cell)
			}
		}
	}
	return *list.last()
}

// rowCells takes a table's row apart.
func rowCells(text string) []string {
	if !strings.Contains(text, "\t") {
		return nil
	}
	row := strings.Split(text, "\t")
	for i := range row {
		row[i] = strings.TrimSpace(row[i])
	}
	return row
}

// ruleRow reports whether a row is the line below a table's head.
func ruleRow(row []string) bool {
	return strings.Trim(strings.Join(row, ""), "-:= ") == ""
}

// turnedProducts reads a table whose first column says what its rows hold, with
// a product in each of the other columns.
func (d *document) turnedProducts() []psirt.Product {
	var names, versions, parts []string
	for i, l := range d.lines {
		row := rowCells(l.text)
		if l.zone != zoneBody || d.listing[i] || len(row) < 3 || (names != nil && len(row) != len(names)+1) {
			continue
		}
		label := normalLabel(row[0])
		path, _ := d.words.find(label)
		switch {
		case path == pathName && names == nil && !heldVersion.in(lowered(row[1])):
			names = row[1:]
		case names == nil || path == pathUnaffected || soundRow.in(label):
		case versions == nil && (path == pathVersions || path == pathRunning || versionHead.in(label) || hitRow.in(label)):
			versions = row[1:]
		case path == pathPart:
			parts = row[1:]
		}
	}
	if versions == nil {
		return nil
	}
	var list productList
	for n, name := range names {
		p := psirt.Product{Name: name, Versions: readVersions(withoutParenthesis(versions[n]), name, true)}
		if parts != nil {
			p.PartNumber = parts[n]
		}
		list.add(p)
	}
	return list.all
}

var (
	heldVersion = lower(`^v?\d+(?:\.\w+)+`)
	hitRow      = lower(`\b(?:affected|vulnerable|impacted|concerned|hit)\b`)
	soundRow    = lower(`\b(?:not|fine|safe|good|fixed|unaffected|patched)\b`)
)
