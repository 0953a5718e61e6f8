package seal

// ReopenForeign opens a message again with the session key that OpenForeign
// answered, under the same rules.
func ReopenForeign(message []byte, session string, limit int64) ([]byte, error) {
	m := reading{session: session, limit: limit, foreign: true}
	if err := m.readForeign(message); err != nil {
		return nil, err
	}
	return m.plain, nil
}
