package mail

import (
	"bytes"
	"strconv"
	"strings"
)

// entity is a node of the MIME tree (RFC 2045 section 2.4). raw and body are
// parts of the mail itself.
type entity struct {
	header      header
	raw         []byte // header and body
	body        []byte // still transfer-encoded
	media       string // lower case, such as "text/plain"
	params      map[string]string
	disposition string // lower case, such as "attachment"
	filename    string // as the mail has it: pass it through SafeName
	path        string // "" for the root, else "1.2"
	parts       []*entity
}

// where names the entity for a Fault.
func (e *entity) where() string {
	if e.path == "" {
		return "mail"
	}
	return "part " + e.path
}

// reader takes one mail apart.
type reader struct {
	lim    Limits
	faults faults
	parts  int
}

// root reads the entity that everything stands in. found is false when raw
// does not begin with a header; then it is one text body.
func (r *reader) root(raw []byte) (e *entity, found bool) {
	h, body, found := readHeader(raw, r.lim.Header, "header", &r.faults)
	e = r.entity(h, raw, body, "", 1)
	return e, found
}

func (r *reader) entity(h header, raw, body []byte, path string, depth int) *entity {
	e := &entity{header: h, raw: raw, body: body, path: path}
	e.media, e.params = fieldParams(h.get("content-type"))
	if !strings.Contains(e.media, "/") {
		e.media = "text/plain" // RFC 2045 section 5.2
	}
	disposition, params := fieldParams(h.get("content-disposition"))
	e.disposition = disposition
	if e.filename = params["filename"]; e.filename == "" {
		e.filename = e.params["name"]
	}
	if strings.HasPrefix(e.media, "multipart/") {
		r.split(e, depth)
	}
	return e
}

// split fills in the parts of a multipart. One that cannot be split stays a
// leaf, and is read as text.
func (r *reader) split(e *entity, depth int) {
	boundary := e.params["boundary"]
	switch {
	case boundary == "":
		r.faults.add(e.where(), "a multipart without a boundary")
		e.media = "text/plain"
		return
	case depth >= r.lim.Depth:
		r.faults.limit(e.where(), "multiparts are nested deeper than the limit; the rest was not read")
		e.media = "application/octet-stream"
		return
	}
	pieces, closed, limited := cutParts(e.body, boundary, r.lim.Parts-r.parts)
	r.parts += len(pieces)
	if limited {
		r.faults.limit(e.where(), "the mail has more parts than the limit; the rest was not read")
	} else if !closed {
		r.faults.add(e.where(), "the closing boundary of a multipart is missing: the mail may be cut short")
	}
	if len(pieces) == 0 {
		if !limited {
			e.media = "text/plain"
		}
		return
	}
	for i, piece := range pieces {
		path := strconv.Itoa(i + 1)
		if e.path != "" {
			path = e.path + "." + path
		}
		h, body, _ := readHeader(piece, r.lim.Header, "part "+path+" header", &r.faults)
		e.parts = append(e.parts, r.entity(h, piece, body, path, depth+1))
	}
}

// cutParts cuts a multipart body at its delimiter lines (RFC 2046 section
// 5.1.1). The line end before a delimiter belongs to it.
func cutParts(body []byte, boundary string, most int) (parts [][]byte, closed, limited bool) {
	delimiter := []byte("--" + boundary)
	start, at := -1, 0
	for {
		i := bytes.Index(body[at:], delimiter)
		if i < 0 {
			break
		}
		i += at
		at = i + len(delimiter)
		end, last, ok := delimiterLine(body, i, at)
		if !ok {
			continue
		}
		if start >= 0 {
			if len(parts) >= most {
				return parts, false, true
			}
			parts = append(parts, withoutLineEnd(body[start:i]))
		}
		if last {
			return parts, true, false
		}
		start, at = end, end
	}
	if start >= 0 {
		if len(parts) >= most {
			return parts, false, true
		}
		parts = append(parts, body[start:])
	}
	return parts, false, false
}

// delimiterLine reports whether the delimiter at body[i:at] is alone on its
// line, whether it closes the multipart, and where the next line begins.
func delimiterLine(body []byte, i, at int) (end int, last, ok bool) {
	if i > 0 && body[i-1] != '\n' {
		return 0, false, false
	}
	if bytes.HasPrefix(body[at:], []byte("--")) {
		at, last = at+2, true
	}
	for at < len(body) && (body[at] == ' ' || body[at] == '\t') {
		at++
	}
	switch rest := body[at:]; {
	case len(rest) == 0:
		return at, last, true
	case rest[0] == '\n':
		return at + 1, last, true
	case len(rest) > 1 && rest[0] == '\r' && rest[1] == '\n':
		return at + 2, last, true
	}
	return 0, false, false
}

func withoutLineEnd(b []byte) []byte {
	b, had := bytes.CutSuffix(b, []byte("\n"))
	if had {
		b = bytes.TrimSuffix(b, []byte("\r"))
	}
	return b
}

// data is the body with its transfer encoding undone. It may be a part of the
// mail itself.
func (r *reader) data(e *entity) []byte {
	data, ok := decodeTransfer(e.body, e.header.get("content-transfer-encoding"))
	if !ok {
		r.faults.add(e.where(), "the body is not what its transfer encoding says")
	}
	return data
}

// text is the body of a text part in UTF-8. clean is false when the charset
// did not fit.
func (r *reader) text(e *entity) (s string, clean bool) {
	data := r.data(e)
	if len(data) > r.lim.Text {
		r.faults.limit(e.where(), "the text is longer than the limit; the rest was not read")
		data = data[:r.lim.Text]
	}
	return decodeCharset(data, e.params["charset"])
}

// leaves lists the entities that are no multiparts, in the order of the mail.
func (e *entity) leaves() []*entity {
	if len(e.parts) == 0 {
		return []*entity{e}
	}
	var all []*entity
	for _, p := range e.parts {
		all = append(all, p.leaves()...)
	}
	return all
}
