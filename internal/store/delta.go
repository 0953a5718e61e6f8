package store

import "errors"

var errDelta = errors.New("a malformed delta")

// deltaSize reads one of the two sizes at the head of a delta
// (gitformat-pack, "Deltified representation").
func deltaSize(delta []byte) (size int64, rest []byte, err error) {
	for i, shift := 0, 0; i < len(delta) && shift < 57; i, shift = i+1, shift+7 {
		size |= int64(delta[i]&0x7f) << shift
		if delta[i]&0x80 == 0 {
			return size, delta[i+1:], nil
		}
	}
	return 0, nil, errDelta
}

// applyDelta makes the object that delta describes on top of base; the caller
// has checked the size that the delta announces.
func applyDelta(base, delta []byte) ([]byte, error) {
	from, delta, err := deltaSize(delta)
	if err != nil || from != int64(len(base)) {
		return nil, errDelta
	}
	size, delta, err := deltaSize(delta)
	if err != nil {
		return nil, err
	}
	out := make([]byte, 0, size)
	for len(delta) > 0 {
		op := delta[0]
		delta = delta[1:]
		var piece []byte
		switch {
		case op&0x80 != 0:
			piece, delta, err = deltaCopy(op, base, delta)
		case op != 0 && int(op) <= len(delta):
			piece, delta = delta[:op], delta[op:]
		default:
			err = errDelta
		}
		if err != nil || int64(len(out)+len(piece)) > size {
			return nil, errDelta
		}
		out = append(out, piece...)
	}
	if int64(len(out)) != size {
		return nil, errDelta
	}
	return out, nil
}

// deltaCopy reads the operands of a copy instruction: offset in up to four
// bytes, length in up to three, as the low bits of op say.
func deltaCopy(op byte, base, delta []byte) (piece, rest []byte, err error) {
	var operand [7]int64
	for i := range operand {
		if op&(1<<i) == 0 {
			continue
		}
		if len(delta) == 0 {
			return nil, nil, errDelta
		}
		operand[i], delta = int64(delta[0]), delta[1:]
	}
	offset := operand[0] | operand[1]<<8 | operand[2]<<16 | operand[3]<<24
	length := operand[4] | operand[5]<<8 | operand[6]<<16
	if length == 0 {
		length = 0x10000
	}
	if offset+length > int64(len(base)) {
		return nil, nil, errDelta
	}
	return base[offset : offset+length], delta, nil
}
