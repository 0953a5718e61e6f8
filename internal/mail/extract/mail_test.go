package extract

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"html"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/docket-psirt/docket/internal/psirt"
)

// readMail makes an Input of a message file, as the mail room would of a mail
// that was decrypted.
func readMail(t testing.TB, path string) Input {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	m, err := mail.ReadMessage(bytes.NewReader(data))
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	parser := mail.AddressParser{WordDecoder: &mime.WordDecoder{CharsetReader: latin1}}
	var in Input
	if from, err := parser.Parse(m.Header.Get("From")); err != nil {
		t.Fatalf("%s: From: %v", path, err)
	} else {
		in.From.Name, in.From.Addr = from.Name, from.Address
	}
	if reply := m.Header.Get("Reply-To"); reply != "" {
		addr, err := parser.Parse(reply)
		if err != nil {
			t.Fatalf("%s: Reply-To: %v", path, err)
		}
		in.ReplyTo = addr.Address
	}
	if in.Subject, err = parser.WordDecoder.DecodeHeader(m.Header.Get("Subject")); err != nil {
		t.Fatalf("%s: Subject: %v", path, err)
	}
	if in.Date, err = mail.ParseDate(m.Header.Get("Date")); err != nil {
		t.Fatalf("%s: Date: %v", path, err)
	}
	in.Followup = m.Header.Get("In-Reply-To") != ""
	readPart(t, &in, textproto.MIMEHeader(m.Header), m.Body)
	return in
}

func latin1(charset string, r io.Reader) (io.Reader, error) {
	if !strings.EqualFold(charset, "iso-8859-1") {
		return nil, fmt.Errorf("charset %s", charset)
	}
	data, err := io.ReadAll(r)
	runes := make([]rune, len(data))
	for i, b := range data {
		runes[i] = rune(b)
	}
	return strings.NewReader(string(runes)), err
}

func readPart(t testing.TB, in *Input, header textproto.MIMEHeader, body io.Reader) {
	t.Helper()
	kind, params, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil {
		kind = "text/plain"
	}
	if strings.HasPrefix(kind, "multipart/") {
		r := multipart.NewReader(body, params["boundary"])
		for {
			part, err := r.NextRawPart()
			if err == io.EOF {
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			readPart(t, in, part.Header, part)
		}
	}
	switch strings.ToLower(header.Get("Content-Transfer-Encoding")) {
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	}
	data, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	_, disposition, _ := mime.ParseMediaType(header.Get("Content-Disposition"))
	if name := disposition["filename"]; name != "" {
		sum := sha256.Sum256(data)
		in.Attachments = append(in.Attachments, psirt.Attached{Mail: 1, Name: name, ContentType: kind, SHA256: hex.EncodeToString(sum[:]), Size: int64(len(data))})
		return
	}
	text := string(data)
	if strings.EqualFold(params["charset"], "iso-8859-1") {
		r, _ := latin1("iso-8859-1", bytes.NewReader(data))
		data, _ = io.ReadAll(r)
		text = string(data)
	}
	switch {
	case in.Text != "": // multipart/alternative: the first will do
	case kind == "text/html":
		in.Text, in.HTML = plain(text), true
	case params["format"] == "flowed":
		in.Text = unflow(text)
	default:
		in.Text = text
	}
}

// unflow undoes format=flowed (RFC 3676 section 4.1).
func unflow(text string) string {
	var out []string
	open := false
	for _, l := range strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n") {
		l = strings.TrimPrefix(l, " ")
		flowed := strings.HasSuffix(l, " ") && l != "-- "
		if open {
			out[len(out)-1] += l
		} else {
			out = append(out, l)
		}
		open = flowed
	}
	return strings.Join(out, "\n")
}

var (
	hidden   = regexp.MustCompile(`(?is)<(style|script|head)\b.*?</(style|script|head)>`)
	cellEnd  = regexp.MustCompile(`(?i)</t[dh]>\s*<t[dh][^>]*>`)
	blockEnd = regexp.MustCompile(`(?i)<(br|/p|/h\d|/tr|/table|/ul|/ol|/div)[^>]*>`)
	itemTag  = regexp.MustCompile(`(?i)<li[^>]*>`)
	anyTag   = regexp.MustCompile(`<[^>]*>`)
)

// plain makes text of the simple HTML of the test mails: a line for each
// paragraph and row, tabs between cells.
func plain(source string) string {
	s := strings.NewReplacer("\r", "", "\n", " ").Replace(hidden.ReplaceAllString(source, ""))
	s = cellEnd.ReplaceAllString(s, "\t")
	s = itemTag.ReplaceAllString(s, "\n- ")
	s = strings.ReplaceAll(s, "</p>", "\n</p>")
	s = blockEnd.ReplaceAllString(s, "\n")
	var out []string
	for _, l := range strings.Split(html.UnescapeString(anyTag.ReplaceAllString(s, "")), "\n") {
		out = append(out, strings.Trim(l, " "))
	}
	return strings.Join(out, "\n")
}
