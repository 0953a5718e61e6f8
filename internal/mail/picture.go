package mail

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
)

// pngKept are the chunks that a picture needs to look as it does (W3C PNG, third
// edition, section 11). All others are metadata or unknown: eXIf, tEXt, zTXt,
// iTXt (XMP), tIME.
var pngKept = []string{"IHDR", "PLTE", "IDAT", "IEND", "tRNS", "cHRM", "gAMA", "iCCP", "sRGB", "cICP", "sBIT", "bKGD", "hIST", "pHYs", "sPLT", "acTL", "fcTL", "fdAT"}

var pngSignature = []byte("\x89PNG\r\n\x1a\n")

// WithoutMetadata gives a PNG or JPEG file without what it tells beside the
// picture: EXIF with its GPS position, XMP, IPTC, comments, previews, and what
// follows the picture's end. The picture itself is copied as it is. Of anything
// else it gives the same bytes and ok = false. The error is set for a picture
// that is broken: nothing is known to be taken out then.
//
// removed names what was taken out, such as eXIf or APP1.
func WithoutMetadata(data []byte) (clean []byte, removed []string, ok bool, err error) {
	switch {
	case bytes.HasPrefix(data, pngSignature):
		clean, removed, err = cleanPNG(data)
	case bytes.HasPrefix(data, []byte{0xff, 0xd8}):
		clean, removed, err = cleanJPEG(data)
	default:
		return data, nil, false, nil
	}
	slices.Sort(removed)
	return clean, slices.Compact(removed), true, err
}

func cleanPNG(data []byte) (clean []byte, removed []string, err error) {
	clean = append(clean, pngSignature...)
	for rest := data[len(pngSignature):]; ; {
		if len(rest) < 12 {
			return nil, nil, fmt.Errorf("the PNG file ends within a chunk")
		}
		size := uint64(binary.BigEndian.Uint32(rest)) + 12
		if size > uint64(len(rest)) {
			return nil, nil, fmt.Errorf("a chunk of the PNG file is longer than the file")
		}
		name, chunk := string(rest[4:8]), rest[:size]
		rest = rest[size:]
		if !slices.Contains(pngKept, name) {
			removed = append(removed, safeChunk(name))
			continue
		}
		clean = append(clean, chunk...)
		if name == "IEND" {
			if len(rest) > 0 {
				removed = append(removed, "trailer")
			}
			return clean, removed, nil
		}
	}
}

// safeChunk is the name of a chunk, which anybody may have written.
func safeChunk(name string) string {
	for _, c := range []byte(name) {
		if (c|0x20) < 'a' || (c|0x20) > 'z' {
			return "unknown"
		}
	}
	return name
}

// Markers of JPEG (ITU-T T.81, table B.1).
const (
	jpegSOI, jpegEOI, jpegSOS = 0xd8, 0xd9, 0xda
	jpegAPP0, jpegAPP15       = 0xe0, 0xef
	jpegCOM                   = 0xfe
)

func cleanJPEG(data []byte) (clean []byte, removed []string, err error) {
	clean = append(clean, 0xff, jpegSOI)
	for rest := data[2:]; ; {
		for len(rest) > 1 && rest[0] == 0xff && rest[1] == 0xff { // fill bytes
			rest = rest[1:]
		}
		if len(rest) < 2 || rest[0] != 0xff {
			return nil, nil, fmt.Errorf("a segment of the JPEG file begins with no marker")
		}
		marker := rest[1]
		if marker == jpegEOI {
			if len(rest) > 2 {
				removed = append(removed, "trailer")
			}
			return append(clean, 0xff, jpegEOI), removed, nil
		}
		if len(rest) < 4 || marker == jpegSOI || marker == 0 {
			return nil, nil, fmt.Errorf("the JPEG file ends within a segment")
		}
		size := 2 + int(binary.BigEndian.Uint16(rest[2:]))
		if size < 4 || size > len(rest) {
			return nil, nil, fmt.Errorf("a segment of the JPEG file is longer than the file")
		}
		segment := rest[:size]
		rest = rest[size:]
		kept, name := jpegSegment(segment)
		clean = append(clean, kept...)
		if name != "" {
			removed = append(removed, name)
		}
		if marker == jpegSOS {
			n := scanEnd(rest)
			clean, rest = append(clean, rest[:n]...), rest[n:]
		}
	}
}

// jpegSegment is what stays of a segment, and the name of what does not.
func jpegSegment(segment []byte) (kept []byte, removed string) {
	marker, body := segment[1], segment[4:]
	name := fmt.Sprintf("APP%d", int(marker)-jpegAPP0)
	switch {
	case marker == jpegCOM:
		return nil, "COM"
	case marker < jpegAPP0 || marker > jpegAPP15:
		return segment, ""
	case marker == jpegAPP0 && bytes.HasPrefix(body, []byte("JFIF\x00")) && len(body) >= 14:
		if len(body) == 14 {
			return segment, ""
		}
		kept = append([]byte{0xff, jpegAPP0, 0, 16}, body[:12]...) // without the preview
		return append(kept, 0, 0), name
	case marker == jpegAPP0+2 && bytes.HasPrefix(body, []byte("ICC_PROFILE\x00")), // how colours look
		marker == jpegAPP0+14 && bytes.HasPrefix(body, []byte("Adobe")): // how they are stored
		return segment, ""
	}
	return nil, name
}

// scanEnd is where the coded data of a scan ends: at a marker that is neither a
// stuffed byte nor a restart.
func scanEnd(data []byte) int {
	for i := 0; i+1 < len(data); i++ {
		if data[i] == 0xff && data[i+1] != 0 && data[i+1] != 0xff && (data[i+1] < 0xd0 || data[i+1] > 0xd7) {
			return i
		}
	}
	return len(data)
}
