package seal

import (
	"bufio"
	"fmt"
	"io"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// RecipientsOf is Recipients for a binary message that is read as a stream: the
// encrypted data is passed over, so memory does not grow with it. It reads r to
// its end when the message is what it must be.
func RecipientsOf(r io.Reader) ([]uint64, error) {
	source := &watched{r: r}
	in := bufio.NewReaderSize(source, 32<<10)
	m := reading{}
	data, keys, err := m.header(in)
	if source.err != nil {
		return nil, fmt.Errorf("read message: %w", source.err)
	}
	if err != nil {
		return nil, err
	}
	sealed, ok := data.(*packet.SymmetricallyEncrypted)
	if !ok || !sealed.IntegrityProtected {
		return nil, ErrNoIntegrity
	}
	if _, err := io.Copy(io.Discard, sealed.Contents); err != nil {
		return nil, fmt.Errorf("%w: the encrypted data is cut off", ErrMalformed)
	}
	if _, err := in.Peek(1); err != io.EOF {
		return nil, fmt.Errorf("%w: something follows the encrypted message", ErrMalformed)
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("%w: it names no recipient", ErrMalformed)
	}
	ids := make([]uint64, len(keys))
	for i, k := range keys {
		ids[i] = k.KeyId
	}
	return ids, nil
}
