package mail

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"slices"
	"testing"
)

const secret = "48.8584 N 2.2945 E, Kim's phone"

func picture() image.Image {
	m := image.NewRGBA(image.Rect(0, 0, 33, 17))
	for x := range 33 {
		for y := range 17 {
			m.Set(x, y, color.RGBA{uint8(7 * x), uint8(13 * y), uint8(x * y), 255})
		}
	}
	return m
}

func chunk(name, data string) []byte {
	out := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
	out = append(append(out, name...), data...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[4:]))
}

func segment(marker byte, data string) []byte {
	return append(binary.BigEndian.AppendUint16([]byte{0xff, marker}, uint16(len(data)+2)), data...)
}

// samePicture decodes both, and holds that they look the same.
func samePicture(t *testing.T, a, b []byte) {
	t.Helper()
	x, _, err := image.Decode(bytes.NewReader(a))
	if err != nil {
		t.Fatal(err)
	}
	y, _, err := image.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 33 {
		for j := range 17 {
			if x.At(i, j) != y.At(i, j) {
				t.Fatalf("the picture changed at %d,%d", i, j)
			}
		}
	}
}

func TestWithoutMetadataPNG(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := png.Encode(&b, picture()); err != nil {
		t.Fatal(err)
	}
	bare := b.Bytes()
	head := len(pngSignature) + 25 // IHDR
	dirty := slices.Concat(bare[:head], chunk("eXIf", secret), chunk("tEXt", "Comment\x00"+secret), chunk("iTXt", "XML:com.adobe.xmp\x00"+secret),
		chunk("zTXt", secret), chunk("tIME", "1234567"), chunk("gAMA", "\x00\x01\x86\xa0"), chunk("prVt", secret), bare[head:], []byte(secret))
	clean, removed, ok, err := WithoutMetadata(dirty)
	if err != nil || !ok || !slices.Equal(removed, []string{"eXIf", "iTXt", "prVt", "tEXt", "tIME", "trailer", "zTXt"}) {
		t.Fatalf("%v %v %v", removed, ok, err)
	}
	if bytes.Contains(clean, []byte(secret)) || !bytes.Contains(clean, []byte("gAMA")) {
		t.Error("what tells of the maker is still there, or what the picture needs is not")
	}
	samePicture(t, bare, clean)
}

func TestWithoutMetadataJPEG(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, picture(), nil); err != nil {
		t.Fatal(err)
	}
	bare := b.Bytes()
	dirty := slices.Concat(bare[:2], segment(0xe0, "JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x01\x01"+secret[:3]), segment(0xe1, "Exif\x00\x00"+secret),
		segment(0xe1, "http://ns.adobe.com/xap/1.0/\x00"+secret), segment(0xed, "Photoshop 3.0\x00"+secret), segment(0xfe, secret),
		segment(0xe2, "MPF\x00"+secret), segment(0xe2, "ICC_PROFILE\x00\x01\x01p"), bare[2:], dup(bare), []byte(secret))
	clean, removed, ok, err := WithoutMetadata(dirty)
	if err != nil || !ok || !slices.Equal(removed, []string{"APP0", "APP1", "APP13", "APP2", "COM", "trailer"}) {
		t.Fatalf("%v %v %v", removed, ok, err)
	}
	if bytes.Contains(clean, []byte(secret)) || !bytes.Contains(clean, []byte("ICC_PROFILE")) {
		t.Error("what tells of the maker is still there, or what the picture needs is not")
	}
	samePicture(t, bare, clean)
	again, removed, _, err := WithoutMetadata(clean)
	if err != nil || len(removed) > 0 || !bytes.Equal(again, clean) {
		t.Errorf("cleaning twice changes it: %v %v", removed, err)
	}
}

func dup(b []byte) []byte { return append([]byte{}, b...) }

// TestWithoutMetadataBroken: of a broken picture nothing is given out as clean.
func TestWithoutMetadataBroken(t *testing.T) {
	t.Parallel()
	for _, data := range []string{string(pngSignature), string(pngSignature) + "\xff\xff\xff\xffIDATxxxxxxxx", "\xff\xd8", "\xff\xd8\xff\xe1\xff\xff", "\xff\xd8text", "\xff\xd8\xff\xda\x00\x02abc"} {
		if clean, _, ok, err := WithoutMetadata([]byte(data)); !ok || err == nil || clean != nil {
			t.Errorf("%q: %q %v %v", data, clean, ok, err)
		}
	}
	if clean, _, ok, err := WithoutMetadata([]byte("no picture")); ok || err != nil || string(clean) != "no picture" {
		t.Error("what is no picture stays as it is")
	}
}

func FuzzWithoutMetadata(f *testing.F) {
	f.Add([]byte("\xff\xd8\xff\xe1\x00\x04ab\xff\xd9"))
	f.Add(append(dup(pngSignature), chunk("IEND", "")...))
	f.Fuzz(func(t *testing.T, data []byte) {
		clean, _, ok, err := WithoutMetadata(data)
		if !ok || err != nil {
			return
		}
		again, removed, ok, err := WithoutMetadata(clean)
		if !ok || err != nil || len(removed) > 0 || !bytes.Equal(again, clean) {
			t.Fatalf("not clean: %v %v", removed, err)
		}
	})
}
