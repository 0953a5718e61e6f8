//go:build !unix

package peer

func plainUmask() {}
