package mail

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"

	"golang.org/x/text/encoding/charmap"
)

// pdfFont says what the codes of a string mean (section 9.10) and how wide
// they are.
type pdfFont struct {
	wide    bool           // codes have two octets
	bold    bool           // as its name says
	unicode map[int]string // from the ToUnicode map
	simple  [256]string    // from the encoding
	widths  map[int]float64
	usual   float64
}

func (w *pdfWriter) fontOf(o *pdfObject) *pdfFont {
	if font, ok := w.fonts[o]; ok {
		return font
	}
	f := w.file
	font := &pdfFont{usual: 500, widths: map[int]float64{}, wide: o.dict["Subtype"] == pdfName("Type0")}
	if name, ok := f.object(o.dict["BaseFont"]).any.(pdfName); ok {
		font.bold = strings.Contains(string(name), "Bold") || strings.Contains(string(name), "Black")
	}
	if o.dict["ToUnicode"] != nil {
		font.unicode = f.toUnicode(f.stream(f.object(o.dict["ToUnicode"])))
	}
	if font.wide {
		if below := f.list(o.dict["DescendantFonts"]); len(below) > 0 {
			f.wideWidths(font, f.dict(below[0]))
		}
	} else {
		f.encoding(font, f.object(o.dict["Encoding"]))
		first := f.number(o.dict["FirstChar"])
		for i, v := range f.list(o.dict["Widths"]) {
			if n, ok := f.object(v).any.(float64); ok && i < 256 {
				font.widths[first+i] = n
			}
		}
	}
	if len(w.fonts) < mostFonts {
		w.fonts[o] = font
	}
	return font
}

var ligatures = strings.NewReplacer("ﬀ", "ff", "ﬁ", "fi", "ﬂ", "fl", "ﬃ", "ffi", "ﬄ", "ffl")

// mostFonts bounds what is remembered.
const mostFonts = 256

// decode gives the text of a string, its width in thousandths of the font's
// size, and how many glyphs it has.
func (font *pdfFont) decode(s []byte) (text string, width float64, glyphs int) {
	var b strings.Builder
	step := 1
	if font.wide {
		step = 2
	}
	for i := 0; i+step <= len(s); i += step {
		code := int(s[i])
		if font.wide {
			code = code<<8 | int(s[i+1])
		}
		glyphs++
		if w, ok := font.widths[code]; ok {
			width += w
		} else {
			width += font.usual
		}
		if t, ok := font.unicode[code]; ok {
			b.WriteString(t)
		} else if !font.wide {
			b.WriteString(font.simple[code])
		}
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == 0xFFFD {
			return -1
		}
		if r == 0xA0 {
			return ' '
		}
		return r
	}, ligatures.Replace(b.String())), width, glyphs
}

// wideWidths reads the widths of a font with many glyphs (section 9.7.4.3).
func (f *pdfFile) wideWidths(font *pdfFont, d pdfDict) {
	font.usual = 1000
	if n := f.number(d["DW"]); n >= 0 {
		font.usual = float64(n)
	}
	list := f.list(d["W"])
	for i := 0; i+1 < len(list); {
		first := f.number(list[i])
		if each := f.list(list[i+1]); each != nil {
			for n, v := range each {
				if width, ok := f.object(v).any.(float64); ok && f.code() {
					font.widths[first+n] = width
				}
			}
			i += 2
			continue
		}
		if i+2 >= len(list) {
			return
		}
		last := f.number(list[i+1])
		width, _ := f.object(list[i+2]).any.(float64)
		for code := first; code <= last && code < 1<<16 && f.code(); code++ {
			font.widths[code] = width
		}
		i += 3
	}
}

// encoding reads what the codes of a simple font mean (section 9.6.6).
func (f *pdfFile) encoding(font *pdfFont, o *pdfObject) {
	name, _ := o.any.(pdfName)
	if o.dict != nil {
		name, _ = f.object(o.dict["BaseEncoding"]).any.(pdfName)
	}
	table := charmap.Windows1252
	if name == "MacRomanEncoding" {
		table = charmap.Macintosh
	}
	for code := range font.simple {
		if r := table.DecodeByte(byte(code)); code >= 32 && r != 0xFFFD {
			font.simple[code] = string(r)
		}
	}
	code := 0
	for _, v := range f.list(o.dict["Differences"]) {
		switch v := v.(type) {
		case float64:
			code = int(v)
		case pdfName:
			if code >= 0 && code < 256 {
				font.simple[code] = glyphText(string(v))
			}
			code++
		}
	}
}

// glyphNames are those that Latin texts use (Adobe Glyph List); single letters
// and uniXXXX need no entry.
var glyphNames = func() map[string]string {
	m := map[string]string{}
	list := strings.Fields("exclam ! quotedbl \" numbersign # dollar $ percent % ampersand & quotesingle ' quoteright ’ quoteleft ‘ parenleft ( parenright ) asterisk * plus + comma , hyphen - period . slash / " +
		"zero 0 one 1 two 2 three 3 four 4 five 5 six 6 seven 7 eight 8 nine 9 colon : semicolon ; less < equal = greater > question ? at @ bracketleft [ backslash \\ bracketright ] asciicircum ^ underscore _ grave ` " +
		"braceleft { bar | braceright } asciitilde ~ bullet • endash – emdash — quotedblleft “ quotedblright ” quotedblbase „ guillemotleft « guillemotright » ellipsis … fi fi fl fl ff ff ffi ffi ffl ffl " +
		"germandbls ß adieresis ä odieresis ö udieresis ü Adieresis Ä Odieresis Ö Udieresis Ü eacute é egrave è ecircumflex ê agrave à acircumflex â ccedilla ç ocircumflex ô icircumflex î ucircumflex û ugrave ù " +
		"Eacute É Agrave À Ccedilla Ç aacute á iacute í oacute ó uacute ú ntilde ñ aring å Aring Å oslash ø Oslash Ø ae æ AE Æ oe œ section § degree ° copyright © registered ® trademark ™ Euro € minus − periodcentered · " +
		"sfthyphen - dotlessi ı scaron š zcaron ž ccaron č Scaron Š Zcaron Ž")
	for i := 0; i+1 < len(list); i += 2 {
		m[list[i]] = list[i+1]
	}
	m["space"], m["nbspace"] = " ", " "
	return m
}()

func glyphText(name string) string {
	if t, ok := glyphNames[name]; ok {
		return t
	}
	if len([]rune(name)) == 1 {
		return name
	}
	for _, prefix := range [...]string{"uni", "u"} {
		if digits, ok := strings.CutPrefix(name, prefix); ok && len(digits) >= 4 && len(digits) <= 6 {
			if n, err := strconv.ParseUint(digits, 16, 32); err == nil && n <= unicode.MaxRune {
				return string(rune(n))
			}
		}
	}
	return ""
}

// toUnicode reads a ToUnicode map (section 9.10.3).
func (f *pdfFile) toUnicode(data []byte) map[int]string {
	m := map[int]string{}
	p := &pdfParser{b: data, file: f, passing: true}
	var args []any
	for f.codes > 0 {
		v := p.value(0)
		switch v {
		case pdfEnd:
			return m
		case pdfWord("beginbfchar"), pdfWord("beginbfrange"):
			args = args[:0]
		case pdfWord("endbfchar"):
			for i := 0; i+1 < len(args); i += 2 {
				from, ok := args[i].([]byte)
				to, ok2 := args[i+1].([]byte)
				if ok && ok2 && f.code() {
					m[codeOf(from)] = utf16Text(to, 0)
				}
			}
			args = args[:0]
		case pdfWord("endbfrange"):
			for i := 0; i+2 < len(args); i += 3 {
				f.unicodeRange(m, args[i], args[i+1], args[i+2])
			}
			args = args[:0]
		default:
			if _, word := v.(pdfWord); !word && len(args) < 4096 { // a hundred entries at most stand together
				args = append(args, v)
			}
		}
	}
	return m
}

// code counts an entry of a font, and says when there are too many.
func (f *pdfFile) code() bool {
	f.codes--
	return f.codes > 0
}

func (f *pdfFile) unicodeRange(m map[int]string, from, to, means any) {
	low, ok1 := from.([]byte)
	high, ok2 := to.([]byte)
	if !ok1 || !ok2 {
		return
	}
	first, last := codeOf(low), min(codeOf(high), 1<<16)
	for code := first; code <= last && f.code(); code++ {
		switch v := means.(type) {
		case []byte:
			m[code] = utf16Text(v, code-first)
		case []any:
			if s, ok := at(v, code-first).([]byte); ok {
				m[code] = utf16Text(s, 0)
			}
		}
	}
}

func at(list []any, i int) any {
	if i < len(list) {
		return list[i]
	}
	return nil
}

func codeOf(b []byte) int {
	n := 0
	for _, c := range b[:min(len(b), 3)] {
		n = n<<8 | int(c)
	}
	return n
}

// utf16Text reads UTF-16, with add added to its last unit.
func utf16Text(b []byte, add int) string {
	b = b[:min(len(b), 64)]
	units := make([]uint16, 0, len(b)/2)
	for i := 0; i+1 < len(b); i += 2 {
		units = append(units, uint16(b[i])<<8|uint16(b[i+1]))
	}
	if len(b) == 1 {
		units = append(units, uint16(b[0]))
	}
	if n := len(units); n > 0 {
		units[n-1] += uint16(add)
	}
	return string(utf16.Decode(units))
}
