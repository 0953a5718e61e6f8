package mail

import (
	netmail "net/mail"
	"strings"
)

// Address is a mailbox: Name is the display name in UTF-8, or empty, and Addr
// the addr-spec (RFC 5322 section 3.4.1) as written.
type Address struct{ Name, Addr string }

// mostAddresses bounds what one field gives.
const mostAddresses = 1000

// addresses reads a field that lists mailboxes. Entries that cannot be read
// are left out.
func addresses(value string) []Address {
	if strings.TrimSpace(value) == "" {
		return nil
	}
	parser := netmail.AddressParser{WordDecoder: words}
	if list, err := parser.ParseList(value); err == nil {
		var found []Address
		for _, a := range list {
			if validAddr(a.Address) && len(found) < mostAddresses {
				found = append(found, Address{text(a.Name), a.Address})
			}
		}
		return found
	}
	var found []Address
	for _, entry := range splitEntries(value) {
		if a, ok := looseAddress(entry); ok && len(found) < mostAddresses {
			found = append(found, a)
		}
	}
	return found
}

// splitEntries cuts at commas outside quoted strings and angle brackets.
func splitEntries(value string) []string {
	var entries []string
	quoted, angle, start := false, false, 0
	for i := 0; i < len(value); i++ {
		switch c := value[i]; {
		case c == '\\' && quoted:
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '<':
			angle = true
		case c == '>':
			angle = false
		case c == ',' && !angle:
			entries = append(entries, value[start:i])
			start = i + 1
		}
	}
	return append(entries, value[start:])
}

// looseAddress reads one entry that the grammar refuses, such as a display
// name with a dot or with raw octets.
func looseAddress(entry string) (Address, bool) {
	entry = strings.TrimSpace(entry)
	name, addr := "", entry
	if open := strings.LastIndexByte(entry, '<'); open >= 0 {
		name = entry[:open]
		addr, _, _ = strings.Cut(entry[open+1:], ">")
	}
	addr = strings.TrimSpace(addr)
	if !validAddr(addr) {
		return Address{}, false
	}
	return Address{text(strings.Trim(strings.TrimSpace(name), `"`)), addr}, true
}

// validAddr holds what can be written into an envelope: one line, no blank, no
// bracket, a local part and a domain (RFC 5321 section 4.5.3.1 for lengths).
func validAddr(addr string) bool {
	at := strings.LastIndexByte(addr, '@')
	if at < 1 || at == len(addr)-1 || len(addr) > 320 {
		return false
	}
	return !strings.ContainsFunc(addr, func(r rune) bool {
		return r <= ' ' || r == 0x7f || r == '<' || r == '>' || r == ',' || r == 0xFFFD
	})
}

func firstAddress(value string) *Address {
	if list := addresses(value); len(list) > 0 {
		return &list[0]
	}
	return nil
}
