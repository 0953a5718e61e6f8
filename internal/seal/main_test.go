package seal

import (
	"os"
	"testing"

	"github.com/docket-psirt/docket/internal/peer"
)

func TestMain(m *testing.M) {
	peer.Plain()
	os.Exit(m.Run())
}
