package mail

import (
	"bytes"
	"compress/zlib"
	"encoding/ascii85"
	"encoding/hex"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
)

// Reports come as a PDF with a covering letter. What follows reads the text of
// one, and nothing else: no scripts, no forms, no pictures, no encryption. It
// is not a library, since the ones for Go trust numbers in the file: 160 octets
// can make them ask for all the memory there is. Here every loop ends with the
// input or with one of these bounds (ISO 32000-1 is the format).
const (
	pdfMostSize    = 20 << 20 // octets of a file
	pdfMostDecoded = 16 << 20 // octets of all its streams
	pdfMostWork    = 32 << 20 // octets that are looked at, some of them twice
	pdfMostValues  = 500_000  // in arrays and dictionaries
	pdfMostCodes   = 200_000  // of all fonts
	pdfMostObjects = 50_000
	pdfMostPages   = 200
	pdfMostDepth   = 24
)

// The values of a PDF (section 7.3): nil, bool, float64, pdfName, []byte,
// []any, pdfDict, pdfRef, and pdfWord for whatever is none of them.
type (
	pdfName string
	pdfWord string
	pdfRef  int
	pdfDict map[pdfName]any
)

// pdfObject is where an object begins.
type pdfObject struct {
	data []byte
	read bool
	dict pdfDict // of a dictionary or a stream
	body []byte  // of a stream, encoded
	any  any     // another value
}

// pdfFile is a PDF while it is being read.
type pdfFile struct {
	objects map[int]*pdfObject
	// What is left of the bounds.
	work, decoded, values, codes int
}

// isPDF knows a PDF by its first octets, as readers do: within the first 1024.
func isPDF(data []byte) bool { return bytes.Contains(data[:min(len(data), 1024)], []byte("%PDF-")) }

var (
	pdfObjectMark  = regexp.MustCompile(`(\d{1,9})[ \t\r\n\f]+\d{1,5}[ \t\r\n\f]+obj\b`)
	pdfTrailerMark = []byte("trailer")
)

// pdfText is the text of a PDF, or empty when there is none that can be read.
// Pages, paragraphs and lines are set apart as they are seen; what stands in
// columns is separated by tabs.
func pdfText(data []byte, most int) string {
	if len(data) > pdfMostSize || !isPDF(data) || bytes.Contains(data, []byte("/Encrypt")) {
		return ""
	}
	f := &pdfFile{objects: map[int]*pdfObject{}, work: pdfMostWork, decoded: pdfMostDecoded, values: pdfMostValues, codes: pdfMostCodes}
	for _, at := range pdfObjectMark.FindAllSubmatchIndex(data, pdfMostObjects) {
		n, err := strconv.Atoi(string(data[at[2]:at[3]]))
		if err == nil {
			f.objects[n] = &pdfObject{data: data[at[1]:]} // the last one stands: updates are appended
		}
	}
	f.openObjectStreams()
	w := &pdfWriter{file: f, fonts: map[*pdfObject]*pdfFont{}, most: most}
	for _, page := range f.pages(data) {
		w.page(page)
	}
	return w.text()
}

// openObjectStreams takes the objects out of the streams that hold several
// (section 7.5.7).
func (f *pdfFile) openObjectStreams() {
	var streams []*pdfObject
	for _, n := range slices.Sorted(maps.Keys(f.objects)) {
		if o := f.parse(f.objects[n]); o.dict["Type"] == pdfName("ObjStm") {
			streams = append(streams, o)
		}
	}
	for _, o := range streams {
		content := f.stream(o)
		first, count := f.number(o.dict["First"]), f.number(o.dict["N"])
		if first < 0 || first > len(content) || count > pdfMostObjects {
			continue
		}
		p := &pdfParser{b: content[:first], file: f}
		for range count {
			n, ok1 := p.value(0).(float64)
			offset, ok2 := p.value(0).(float64)
			if !ok1 || !ok2 || offset < 0 || int(offset) > len(content)-first || len(f.objects) > pdfMostObjects {
				break
			}
			if _, has := f.objects[int(n)]; !has {
				f.objects[int(n)] = &pdfObject{data: content[first+int(offset):]}
			}
		}
	}
}

// parse reads an object once.
func (f *pdfFile) parse(o *pdfObject) *pdfObject {
	if o.read {
		return o
	}
	o.read = true
	p := &pdfParser{b: o.data, file: f}
	v := p.value(0)
	d, ok := v.(pdfDict)
	if !ok {
		o.any = v
		return o
	}
	o.dict = d
	if p.value(0) != pdfWord("stream") {
		return o
	}
	rest := p.b
	rest = bytes.TrimPrefix(bytes.TrimPrefix(rest, []byte("\r")), []byte("\n"))
	if n := f.number(d["Length"]); n >= 0 && n <= len(rest) && bytes.HasPrefix(bytes.TrimLeft(rest[n:min(len(rest), n+20)], "\r\n \t"), []byte("endstream")) {
		o.body = rest[:n]
	} else if f.spend(len(rest)) {
		if end := bytes.Index(rest, []byte("endstream")); end >= 0 {
			o.body = rest[:end]
		}
	}
	return o
}

// spend counts work, and says when there was too much of it.
func (f *pdfFile) spend(n int) bool {
	f.work -= n
	return f.work > 0
}

// object is what a value stands for.
func (f *pdfFile) object(v any) *pdfObject {
	switch v := v.(type) {
	case pdfRef:
		if o := f.objects[int(v)]; o != nil {
			return f.parse(o)
		}
	case pdfDict:
		return &pdfObject{read: true, dict: v}
	default:
		return &pdfObject{read: true, any: v}
	}
	return &pdfObject{read: true}
}

func (f *pdfFile) dict(v any) pdfDict { return f.object(v).dict }

func (f *pdfFile) list(v any) []any {
	list, _ := f.object(v).any.([]any)
	return list
}

// number is a whole number, or -1.
func (f *pdfFile) number(v any) int {
	if n, ok := f.object(v).any.(float64); ok && n >= 0 && n < 1<<31 {
		return int(n)
	}
	return -1
}

// stream is what a stream holds (section 7.4), or nil when it has a filter
// that is not known here.
func (f *pdfFile) stream(o *pdfObject) []byte {
	if o.body == nil {
		return nil
	}
	filters := f.list(o.dict["Filter"])
	if name, ok := f.object(o.dict["Filter"]).any.(pdfName); ok {
		filters = []any{name}
	}
	data := o.body
	for i, filter := range filters {
		name, ok := f.object(filter).any.(pdfName)
		if !ok || i > 3 {
			return nil
		}
		if data = f.decode(name, data); data == nil {
			return nil
		}
	}
	if !f.spend(len(data)) {
		return nil
	}
	return data
}

func (f *pdfFile) decode(filter pdfName, data []byte) []byte {
	var r io.Reader
	switch filter {
	case "FlateDecode", "Fl":
		z, err := zlib.NewReader(bytes.NewReader(data))
		if err != nil {
			return nil
		}
		r = z
	case "ASCII85Decode", "A85":
		end := bytes.Index(data, []byte("~>"))
		if end < 0 {
			end = len(data)
		}
		r = ascii85.NewDecoder(bytes.NewReader(bytes.TrimPrefix(bytes.TrimSpace(data[:end]), []byte("<~"))))
	case "ASCIIHexDecode", "AHx":
		return pdfHex(data)
	default:
		return nil
	}
	out, _ := io.ReadAll(io.LimitReader(r, int64(max(f.decoded, 0)))) // a broken end does not spoil the rest
	f.decoded -= len(out)
	return out
}

func pdfHex(data []byte) []byte {
	digits := make([]byte, 0, len(data)+1)
	for _, c := range data {
		if c == '>' {
			break
		}
		if _, ok := hexDigit(c); ok || c >= 'a' && c <= 'f' {
			digits = append(digits, c)
		}
	}
	if len(digits)%2 == 1 {
		digits = append(digits, '0')
	}
	out := make([]byte, len(digits)/2)
	n, _ := hex.Decode(out, digits) // digits only: it does not fail
	return out[:n]
}

// pdfPage is a page with the resources that it has or inherits.
type pdfPage struct{ dict, resources pdfDict }

// pages walks the tree of pages (section 7.7.3).
func (f *pdfFile) pages(data []byte) []pdfPage {
	var pages []pdfPage
	seen := map[pdfRef]bool{}
	var walk func(v any, resources pdfDict, depth int)
	walk = func(v any, resources pdfDict, depth int) {
		ref, isRef := v.(pdfRef)
		if len(pages) >= pdfMostPages || depth > pdfMostDepth || isRef && seen[ref] {
			return
		}
		seen[ref] = true
		node := f.dict(v)
		if own := f.dict(node["Resources"]); own != nil {
			resources = own
		}
		kids := f.list(node["Kids"])
		for _, kid := range kids {
			walk(kid, resources, depth+1)
		}
		if node["Contents"] != nil && len(kids) == 0 {
			pages = append(pages, pdfPage{node, resources})
		}
	}
	walk(f.root(data)["Pages"], nil, 0)
	return pages
}

// root is the catalogue: where the last trailer says, or the object that says
// so of itself.
func (f *pdfFile) root(data []byte) pdfDict {
	if i := bytes.LastIndex(data, pdfTrailerMark); i >= 0 {
		p := &pdfParser{b: data[i+len(pdfTrailerMark):], file: f}
		if d, ok := p.value(0).(pdfDict); ok && f.dict(d["Root"]) != nil {
			return f.dict(d["Root"])
		}
	}
	for _, n := range slices.Backward(slices.Sorted(maps.Keys(f.objects))) {
		if d := f.parse(f.objects[n]).dict; d["Type"] == pdfName("Catalog") {
			return d
		}
	}
	return nil
}
