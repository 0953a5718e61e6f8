package store

import (
	"os"
	"strings"
	"sync"
	"time"
)

// bootID names this boot of this kernel; containers share it with their host.
var bootID = sync.OnceValue(func() string {
	text, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
})

// bootTime is when it began; zero when nothing tells.
func bootTime() time.Time {
	stat, err := os.ReadFile("/proc/stat")
	if err != nil {
		return time.Time{}
	}
	return bootLine(stat)
}
