package mail

import (
	"archive/zip"
	"bytes"
	"strings"
	"testing"
)

// zipped is an archive with one entry.
func zipped(t testing.TB, name, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create(name)
	if err == nil {
		_, err = w.Write([]byte(text))
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

const (
	wordHead = `<?xml version="1.0" encoding="UTF-8"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>`
	openHead = `<?xml version="1.0" encoding="UTF-8"?><office:document-content><office:body><office:text>`
)

// TestOfficeText: headings, lists and tables of documents can be told from
// their text; what was deleted or doubled is not read.
func TestOfficeText(t *testing.T) {
	t.Parallel()
	run := func(s string) string { return `<w:r><w:t xml:space="preserve">` + s + `</w:t></w:r>` }
	for _, c := range []struct{ name, text, want string }{
		{"word/document.xml", wordHead + `<w:p><w:pPr><w:pStyle w:val="Title"/></w:pPr>` + run("Leak") + `</w:p><w:p><w:pPr><w:pStyle w:val="berschrift2"/></w:pPr>` + run("Produkt") + `</w:p><w:p>` + run("Door ") + run("2 &amp; 3") + `</w:p>`, "# Leak\n\n## Produkt\n\nDoor 2 & 3\n"},
		{"word/document.xml", wordHead + `<w:p><w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr>` + run("one") + `</w:p><w:p><w:r><w:t>a</w:t><w:br/><w:t>b</w:t></w:r></w:p>`, "- one\na\nb\n"},
		{"word/document.xml", wordHead + `<w:tbl><w:tr><w:tc><w:p>` + run("Product") + `</w:p></w:tc><w:tc><w:p>` + run("Door") + `</w:p><w:p>` + run("3") + `</w:p></w:tc></w:tr></w:tbl>`, "Product\tDoor 3\n"},
		{"word/document.xml", wordHead + `<w:p><w:del><w:r><w:t>old</w:t></w:r></w:del>` + run("new") + `<mc:AlternateContent><mc:Fallback>` + run("twice") + `</mc:Fallback></mc:AlternateContent></w:p>`, "new\n"},
		{"word/document.xml", wordHead + `<w:p>` + run("cut off"), "cut off\n"},
		{"content.xml", openHead + `<text:p text:style-name="Title">Leak</text:p><text:h>Product</text:h><text:p>Door<text:s/><text:span>3</text:span></text:p><text:list><text:list-item><text:p>one</text:p></text:list-item></text:list><table:table-row><table:table-cell><text:p>a</text:p></table:table-cell><table:table-cell><text:p>b</text:p></table:table-cell></table:table-row>`, "# Leak\n\n## Product\n\nDoor 3\n- one\na\tb\n"},
		{"other.xml", wordHead + `<w:p>` + run("x"), ""},
	} {
		if got := officeText(zipped(t, c.name, c.text), 1000); got != c.want {
			t.Errorf("%s\n got %q\nwant %q", c.text, got, c.want)
		}
	}
}

// TestOfficeBombs: however much an archive unpacks to, little of it is read.
func TestOfficeBombs(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"one long word":  wordHead + "<w:p><w:t>" + strings.Repeat("A", 6<<20),
		"many rows":      wordHead + strings.Repeat("<w:tr><w:tc>", 1<<18),
		"no end of tags": wordHead + strings.Repeat("<w:p><w:t>", 1<<18),
		"many lines":     wordHead + strings.Repeat("<w:p><w:t>x</w:t></w:p>", 1<<18),
	} {
		if got := officeText(zipped(t, "word/document.xml", text), 1<<10); len(got) > 1<<10 {
			t.Errorf("%s: %d octets", name, len(got))
		}
	}
	entries := strings.Repeat("PK\x01\x02"+strings.Repeat("\x00", 42), officeMostParts+1) // a directory of empty names
	end := "PK\x05\x06\x00\x00\x00\x00\x89\x13\x89\x13" + string([]byte{byte(len(entries)), byte(len(entries) >> 8), byte(len(entries) >> 16), 0}) + strings.Repeat("\x00", 6)
	full := zipped(t, "word/document.xml", wordHead+"<w:p><w:t>x</w:t></w:p>")
	if got := officeText(append(full, entries+end...), 1000); got != "" {
		t.Errorf("of an archive with %d entries: %q", officeMostParts+1, got)
	}
	for _, data := range [][]byte{nil, []byte("PK\x03\x04"), zipped(t, "word/document.xml", "no XML")[:40]} {
		if got := officeText(data, 1000); got != "" {
			t.Errorf("%q: %q", data, got)
		}
	}
}
