package mail

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"io"
	"strings"
)

// Reports also come as documents of word processors: Office Open XML (ISO/IEC
// 29500-1, .docx) and OpenDocument (ISO/IEC 26300, .odt), both XML in a ZIP
// archive. What follows reads their running text with its headings, lists and
// tables, and nothing else: no fields, no notes, no text that was deleted. How
// much is unpacked is bounded, whatever the archive says of itself.
const (
	officeMostSize  = 20 << 20 // octets of a file
	officeMostParts = 5_000    // entries of the archive
	officeMostXML   = 4 << 20  // octets of the part with the text, unpacked
	officeLongLine  = 100      // octets from which on a paragraph stands apart
)

// officeText is the text of a document, or empty where there is none: headings
// with number signs before them as in Markdown, items of lists behind a hyphen,
// rows of tables in lines with tabs between the cells. most is how many octets
// of it are made at most.
func officeText(data []byte, most int) string {
	// Each entry of the archive's directory takes five times its octets in memory
	// before it can be counted, and begins with this signature.
	if len(data) > officeMostSize || bytes.Count(data, []byte("PK\x01\x02")) > officeMostParts {
		return ""
	}
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return ""
	}
	for _, f := range archive.File {
		if f.Name != "word/document.xml" && f.Name != "content.xml" {
			continue
		}
		part, err := f.Open()
		if err != nil {
			return ""
		}
		r := officeReader{most: most, open: f.Name == "content.xml"}
		r.read(io.LimitReader(part, officeMostXML))
		_ = part.Close() // it was only read
		text := r.out.String()
		return strings.ToValidUTF8(text[:min(len(text), most)], "")
	}
	return ""
}

// officeReader makes text of the elements of a document as they come.
type officeReader struct {
	most int
	open bool // OpenDocument
	out  strings.Builder

	line   strings.Builder // of the paragraph, or of the table's row
	mark   string          // what goes before the paragraph
	words  int             // how many elements that hold words are open
	hidden int             // how many that hold what is not read
	cells  int             // of the row so far; in no row, 0
	lists  int             // how many are open
	long   bool            // the line before stands apart
}

// read stops at the first fault: what stands before it is kept.
func (r *officeReader) read(part io.Reader) {
	d := xml.NewDecoder(part)
	d.Strict = false
	for r.out.Len() < r.most {
		token, err := d.RawToken()
		if err != nil {
			break
		}
		switch t := token.(type) {
		case xml.StartElement:
			r.start(t)
		case xml.EndElement:
			r.end(t.Name)
		case xml.CharData:
			if r.hidden == 0 && r.words > 0 && r.line.Len() < r.most {
				r.line.Write(t[:min(len(t), r.most-r.line.Len())])
			}
		}
	}
	r.paragraph()
}

// officeHidden are elements whose text is not part of what one reads: what was
// deleted, a second copy for older programs, remarks.
var officeHidden = map[string]bool{"Fallback": true, "tracked-changes": true, "annotation": true, "note": true, "del": true, "moveFrom": true, "instrText": true}

func (r *officeReader) start(e xml.StartElement) {
	name := e.Name.Local
	switch {
	case officeHidden[name]:
		r.hidden++
	case name == "tr", name == "table-row":
		r.paragraph()
		r.cells = 1
	case (name == "tc" || name == "table-cell") && r.cells > 0:
		if r.cells++; r.cells > 2 {
			r.line.WriteByte('\t')
		}
	case name == "tab":
		r.space("\t")
	case name == "br", name == "cr", name == "line-break":
		r.space("\n")
	case name == "s" && r.open:
		r.space(" ")
	case name == "list":
		r.lists++
	case name == "t" && !r.open:
		r.words++
	case (name == "p" || name == "h") && (r.open || e.Name.Space == "w"):
		r.begin(e)
	case name == "pStyle", name == "outlineLvl", name == "numPr":
		r.style(name, e.Attr)
	}
}

// space writes white space between words; in a row it is a blank, since tabs
// and line ends are those of the table.
func (r *officeReader) space(s string) {
	if r.cells > 0 {
		s = " "
	}
	if r.hidden == 0 {
		r.line.WriteString(s)
	}
}

// begin begins a paragraph.
func (r *officeReader) begin(e xml.StartElement) {
	if r.cells > 0 {
		r.space(" ")
	} else {
		r.paragraph()
	}
	if !r.open {
		return
	}
	r.words++
	if r.mark = ""; e.Name.Local == "h" {
		r.mark = "## "
	} else if r.lists > 0 {
		r.mark = "- "
	}
	for _, a := range e.Attr {
		if a.Name.Local == "style-name" && a.Value == "Title" {
			r.mark = "# "
		}
	}
}

// style notes what a paragraph of Office Open XML is.
func (r *officeReader) style(name string, attributes []xml.Attr) {
	value := ""
	for _, a := range attributes {
		if a.Name.Local == "val" {
			value = strings.ToLower(a.Value)
		}
	}
	switch {
	case name == "numPr" && r.mark == "":
		r.mark = "- "
	case name == "outlineLvl" && value != "9", strings.HasPrefix(value, "heading"), strings.HasPrefix(value, "berschrift"), strings.HasPrefix(value, "titre"), strings.HasPrefix(value, "kop"):
		r.mark = "## " // styles bear the name that the writer's language has for them
	case value == "title", value == "titel", value == "titre":
		r.mark = "# "
	}
}

func (r *officeReader) end(name xml.Name) {
	switch local := name.Local; {
	case officeHidden[local]:
		r.hidden = max(0, r.hidden-1)
	case local == "tr", local == "table-row":
		r.cells = 0
		r.paragraph()
	case local == "list":
		r.lists = max(0, r.lists-1)
	case local == "t" && !r.open:
		r.words = max(0, r.words-1)
	case (local == "p" || local == "h") && (r.open || name.Space == "w"):
		if r.open {
			r.words = max(0, r.words-1)
		}
		if r.cells == 0 {
			r.paragraph()
		}
	}
}

// paragraph writes the line down that was being made. Headings and long
// paragraphs stand apart; short lines, as of a list, stand together.
func (r *officeReader) paragraph() {
	row := strings.Split(strings.Trim(r.line.String(), " \n"), "\t")
	for i := range row {
		row[i] = strings.TrimSpace(row[i])
	}
	text, mark := strings.Join(row, "\t"), r.mark
	r.line.Reset()
	r.mark = ""
	if strings.TrimSpace(text) == "" {
		return
	}
	apart := strings.HasPrefix(mark, "#") || len(text) > officeLongLine
	if r.out.Len() > 0 && (apart || r.long) {
		r.out.WriteByte('\n')
	}
	r.long = apart
	r.out.WriteString(mark + text + "\n")
}
