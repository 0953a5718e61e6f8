package store

import (
	"syscall"
	"time"
)

// bootID names this boot of this kernel.
func bootID() string {
	id, err := syscall.Sysctl("kern.bootsessionuuid")
	if err != nil {
		return ""
	}
	return id
}

// bootTime: what a power cut leaves here is a person's to remove.
func bootTime() time.Time { return time.Time{} }
