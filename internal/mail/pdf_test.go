package mail

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/docket-psirt/docket/internal/peer"
)

// TestPDFText reads a report of two pages.
func TestPDFText(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"report.pdf", "word-like.pdf"} {
		data, err := os.ReadFile("testdata/pdf/" + name)
		if err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile("testdata/pdf/" + strings.TrimSuffix(name, ".pdf") + ".txt")
		if err != nil {
			t.Fatal(err)
		}
		if got := pdfText(data, 1<<20); got != strings.TrimSpace(string(want)) {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, want)
		}
	}
}

// onePage is a PDF whose page has the given content and fonts.
func onePage(content, fonts, more string) []byte {
	return []byte("%PDF-1.4\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n2 0 obj\n<< /Type /Pages /Kids [3 0 R] /Count 1 >>\nendobj\n" +
		"3 0 obj\n<< /Type /Page /Parent 2 0 R /Contents 4 0 R /Resources << /Font << " + fonts + " >> /XObject << /F 5 0 R >> >> >>\nendobj\n" +
		"4 0 obj\n<< /Length 0 >>\nstream\n" + content + "\nendstream\nendobj\n" + more + "trailer << /Root 1 0 R >>\n%%EOF\n")
}

const helvetica = "/H << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"

func TestPDFOperators(t *testing.T) {
	t.Parallel()
	for content, want := range map[string]string{
		`BT /H 10 Tf 50 700 Td (a\(b\)\\ \344\r) Tj ET`:                     `a(b)\ ä`,
		`BT /H 10 Tf [(ke) 20 (rn) -600 (ing)] TJ ET`:                       "kern ing",
		`BT /H 10 Tf 12 TL (one) Tj T* (two) Tj 0 -40 Td (three) Tj ET`:     "one\ntwo\n\nthree",
		`BT /H 10 Tf 50 700 Td (name) Tj 200 0 Td (value) Tj ET`:            "name\tvalue",
		`q 1 0 0 -1 0 800 cm BT /H 10 Tf 1 0 0 -1 50 90 Tm <48 69> Tj ET Q`: "Hi",
		`/F Do`:                            "from a form",
		`BT /None 10 Tf (not shown) Tj ET`: "not shown",
		`BT (no font) Tj ET`:               "",
		`BT /H 10 Tf (never closed`:        "",
		`BT /H 10 Tf 12 TL (a) ' (b) ' ET`: "a\nb",
	} {
		form := "5 0 obj\n<< /Subtype /Form /Length 0 >>\nstream\nBT /H 10 Tf (from a form) Tj ET\nendstream\nendobj\n"
		if got := pdfText(onePage(content, helvetica, form), 1<<20); got != want {
			t.Errorf("%s: %q, want %q", content, got, want)
		}
	}
}

// hostilePDFs are small, and might be dear to read.
var hostilePDFs = map[string][]byte{
	"huge table":       []byte("%PDF-1.5\n1 0 obj\n<< /Type /XRef /Size 2000000000 /W [1 2 1] /Root 2 0 R /Length 0 >>\nstream\n\nendstream\nendobj\n"),
	"form in itself":   onePage("/F Do /F Do /F Do", helvetica, "5 0 obj\n<< /Subtype /Form /Length 0 /Resources << /XObject << /F 5 0 R >> >> >>\nstream\n"+strings.Repeat("/F Do ", 20000)+"\nendstream\nendobj\n"),
	"pages in a ring":  []byte("%PDF-1.4\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n2 0 obj\n<< /Kids [2 0 R 2 0 R] /Contents 2 0 R >>\nendobj\ntrailer << /Root 1 0 R >>"),
	"deep arrays":      append([]byte("%PDF-1.4\n1 0 obj\n"), bytes.Repeat([]byte("["), 1<<20)...),
	"deep dicts":       append([]byte("%PDF-1.4\n1 0 obj\n"), bytes.Repeat([]byte("<</a"), 1<<18)...),
	"many objects":     append([]byte("%PDF-1.4\n"), bytes.Repeat([]byte("1 0 obj [ "), 1<<17)...),
	"unclosed strings": append([]byte("%PDF-1.4\n1 0 obj\n"), bytes.Repeat([]byte("("), 1<<20)...),
	"long numbers":     append([]byte("%PDF-1.4\n1 0 obj ["), bytes.Repeat([]byte("9"), 1<<20)...),
	"hex without end":  append([]byte("%PDF-1.4\n1 0 obj ["), bytes.Repeat([]byte("<a"), 1<<19)...),
	"ranges of codes": onePage("BT "+strings.Repeat("/U 1 Tf (a) Tj ", 20000)+"ET",
		"/U << /Subtype /Type0 /ToUnicode 6 0 R /DescendantFonts [<< /W [0 65535 500 0 65535 500 0 65535 500] >>] >>",
		"6 0 obj\n<< /Length 0 >>\nstream\nbeginbfrange "+strings.Repeat("<0000><ffff><0041> ", 1000)+"endbfrange\nendstream\nendobj\n"),
	"one content, often": onePage("", helvetica, "3 0 obj\n<< /Type /Page /Contents ["+strings.Repeat("7 0 R ", 50000)+"] >>\nendobj\n7 0 obj\n<< /Length 0 >>\nstream\n"+strings.Repeat("(a) Tj ", 1<<16)+"\nendstream\nendobj\n"),
	"array to show":      onePage("BT /H 1 Tf ["+strings.Repeat("(a)", 1<<20)+"] TJ ET", helvetica, ""),
	"encrypted":          []byte("%PDF-1.4\ntrailer << /Encrypt 1 0 R >>"),
}

func TestHostilePDFIsReadInTime(t *testing.T) {
	t.Parallel()
	for name, data := range hostilePDFs {
		var text string
		took := peer.Took(func() { text = pdfText(data, mostEnclosedText) })
		if took > 10*time.Second || len(text) > 2*mostEnclosedText {
			t.Errorf("%s: %v, %d octets of text", name, took, len(text))
		} else {
			t.Logf("%-20s %8d octets in %v", name, len(data), took.Round(time.Millisecond))
		}
	}
}

func BenchmarkPDF(b *testing.B) {
	data, err := os.ReadFile("testdata/pdf/word-like.pdf")
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if pdfText(data, 1<<20) == "" {
			b.Fatal("no text")
		}
	}
}

func FuzzPDF(f *testing.F) {
	for _, name := range []string{"report.pdf", "word-like.pdf"} {
		data, err := os.ReadFile("testdata/pdf/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add(onePage("BT /H 10 Tf [(a) 1 (b)] TJ ET", helvetica, ""))
	f.Fuzz(func(t *testing.T, data []byte) {
		if text := pdfText(append([]byte("%PDF-1.4\n"), data...), 1<<16); len(text) > 1<<17 {
			t.Errorf("%d octets of text", len(text))
		}
	})
}
