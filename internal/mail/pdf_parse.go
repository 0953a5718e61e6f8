package mail

import (
	"bytes"
	"strconv"
)

// pdfParser reads values one after the other (section 7.2 and 7.3).
type pdfParser struct {
	b       []byte
	file    *pdfFile
	passing bool // values are used at once, and not kept
}

func pdfSpace(c byte) bool {
	return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == '\f' || c == 0
}

func pdfDelimiter(c byte) bool { return bytes.IndexByte([]byte("()<>[]{}/%"), c) >= 0 }

// pdfEnd is what value gives at the end of the input, or when there was too
// much work.
const pdfEnd = pdfWord("")

// skip drops white space and comments.
func (p *pdfParser) skip() {
	start := len(p.b)
	for len(p.b) > 0 {
		switch {
		case pdfSpace(p.b[0]):
			p.b = p.b[1:]
			continue
		case p.b[0] == '%':
			end := bytes.IndexAny(p.b, "\r\n")
			if end < 0 {
				end = len(p.b)
			}
			p.b = p.b[end:]
			continue
		}
		break
	}
	p.file.spend(start - len(p.b) + 1)
}

// value reads one value; pdfWord is an operator, a keyword or a closing
// bracket.
func (p *pdfParser) value(depth int) any {
	p.skip()
	if len(p.b) == 0 || p.file.work <= 0 || depth > pdfMostDepth {
		p.b = nil
		return pdfEnd
	}
	switch c := p.b[0]; {
	case c == '/':
		return p.name()
	case c == '(':
		return p.literal()
	case c == '<' && len(p.b) > 1 && p.b[1] == '<':
		p.b = p.b[2:]
		return p.dict(depth)
	case c == '<':
		end := bytes.IndexByte(p.b, '>')
		if end < 0 {
			end = len(p.b) - 1
		}
		s := pdfHex(p.b[1 : end+1])
		p.file.spend(end)
		p.b = p.b[end+1:]
		return s
	case c == '[':
		p.b = p.b[1:]
		return p.array(depth)
	case c == '>' && len(p.b) > 1 && p.b[1] == '>':
		p.b = p.b[2:]
		return pdfWord(">>")
	case pdfDelimiter(c):
		p.b = p.b[1:]
		return pdfWord(string(c))
	}
	return p.word()
}

// word reads a number, a reference or a keyword.
func (p *pdfParser) word() any {
	w := p.token()
	switch w {
	case "true":
		return true
	case "false":
		return false
	case "null":
		return nil
	}
	n, err := strconv.ParseFloat(w, 64)
	if err != nil || n != n || n > 1e12 || n < -1e12 {
		return pdfWord(w)
	}
	if n >= 0 && n == float64(int(n)) && len(p.b) > 0 && pdfSpace(p.b[0]) { // 12 0 R
		rest := p.b
		p.skip()
		generation := p.token()
		if _, err := strconv.ParseUint(generation, 10, 16); err == nil && len(generation) < 6 {
			p.skip()
			if p.token() == "R" {
				return pdfRef(n)
			}
		}
		p.b = rest
	}
	return n
}

// token is what stands up to the next white space or delimiter; it is cut
// where no number or operator is as long.
func (p *pdfParser) token() string {
	end := 0
	for end < len(p.b) && end < 128 && !pdfSpace(p.b[end]) && !pdfDelimiter(p.b[end]) {
		end++
	}
	w := string(p.b[:end])
	p.b = p.b[end:]
	p.file.spend(end)
	return w
}

func (p *pdfParser) name() pdfName {
	p.b = p.b[1:]
	raw := p.token()
	out := make([]byte, 0, len(raw))
	for i := 0; i < len(raw); i++ {
		if raw[i] == '#' && i+2 < len(raw) {
			if n, err := strconv.ParseUint(raw[i+1:i+3], 16, 8); err == nil {
				out, i = append(out, byte(n)), i+2
				continue
			}
		}
		out = append(out, raw[i])
	}
	return pdfName(out)
}

// literal reads a string in parentheses (section 7.3.4.2).
func (p *pdfParser) literal() []byte {
	var out []byte
	depth, i := 0, 0
	defer func() { p.file.spend(i); p.b = p.b[min(i, len(p.b)):] }()
	for ; i < len(p.b); i++ {
		c := p.b[i]
		switch c {
		case '(':
			if depth++; depth == 1 {
				continue
			}
		case ')':
			if depth--; depth == 0 {
				i++
				return out
			}
		case '\\':
			var n int
			out, n = pdfEscape(out, p.b[i+1:])
			i += n
			continue
		}
		out = append(out, c)
	}
	return out
}

// pdfEscape adds what stands behind a backslash, and says how long it was.
func pdfEscape(out, b []byte) ([]byte, int) {
	if len(b) == 0 {
		return out, 0
	}
	switch c := b[0]; c {
	case 'n':
		return append(out, '\n'), 1
	case 'r':
		return append(out, '\r'), 1
	case 't':
		return append(out, '\t'), 1
	case 'b', 'f':
		return append(out, ' '), 1
	case '\r':
		if len(b) > 1 && b[1] == '\n' {
			return out, 2
		}
		return out, 1
	case '\n':
		return out, 1
	default:
		n, i := 0, 0
		for i < 3 && i < len(b) && b[i] >= '0' && b[i] <= '7' {
			n = 8*n + int(b[i]-'0')
			i++
		}
		if i > 0 {
			return append(out, byte(n)), i
		}
		return append(out, c), 1
	}
}

// keep counts a value that is kept, and says when there are too many.
func (p *pdfParser) keep() bool {
	if p.passing {
		return true
	}
	p.file.values--
	return p.file.values > 0
}

func (p *pdfParser) array(depth int) []any {
	var list []any
	for {
		v := p.value(depth + 1)
		if v == pdfWord("]") || v == pdfEnd {
			return list
		}
		if _, word := v.(pdfWord); !word && len(list) < 100_000 && p.keep() {
			list = append(list, v)
		}
	}
}

func (p *pdfParser) dict(depth int) pdfDict {
	d := pdfDict{}
	for {
		key := p.value(depth + 1)
		if key == pdfWord(">>") || key == pdfEnd {
			return d
		}
		name, ok := key.(pdfName)
		if !ok {
			continue
		}
		v := p.value(depth + 1)
		if v == pdfWord(">>") || v == pdfEnd {
			return d
		}
		if p.keep() {
			d[name] = v
		}
	}
}
