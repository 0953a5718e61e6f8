package forge

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
)

// savePull puts a changed pull request into the draft, together with the
// entries by which it is found while it is open. before is what the board
// holds now, nil for a new one.
func (d *draft) savePull(before *Pull, after Pull) error {
	data, err := encodePull(after)
	if err != nil {
		return err
	}
	d.put(pullPath(after.Number), data)
	wasOpen := before != nil && before.State == StateOpen
	isOpen := after.State == StateOpen
	switch {
	case isOpen && !wasOpen:
		d.put(openPath(after.Number), encodeIndex([]int{after.Number}))
		d.put(branchPath(after.Branch), encodeIndex([]int{after.Number}))
	case wasOpen && !isOpen:
		d.drop(openPath(after.Number))
		d.drop(branchPath(after.Branch))
	}
	if wasOpen && (!isOpen || before.Head != after.Head) {
		if err := d.setHead(before.Head, after.Number, false); err != nil {
			return err
		}
	}
	if isOpen && (!wasOpen || before.Head != after.Head) {
		return d.setHead(after.Head, after.Number, true)
	}
	return nil
}

// setHead says whether an open pull request has that head.
func (d *draft) setHead(head string, n int, has bool) error {
	numbers, err := d.index(headPath(head))
	if err != nil {
		return err
	}
	numbers = slices.DeleteFunc(numbers, func(other int) bool { return other == n })
	if has {
		numbers = append(numbers, n)
		slices.Sort(numbers)
	}
	if len(numbers) == 0 {
		d.drop(headPath(head))
		return nil
	}
	d.put(headPath(head), encodeIndex(numbers))
	return nil
}

func encodeIndex(numbers []int) []byte {
	return encode([]field{counts("pulls", &numbers)})
}

// index reads the numbers of the open pull requests that a branch or a head
// has; there may be none.
func (d *draft) index(path string) ([]int, error) {
	data, err := d.read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var numbers []int
	if err := decode(path, data, []field{counts("pulls", &numbers)}); err != nil {
		return nil, err
	}
	if len(numbers) == 0 {
		return nil, &RecordError{Path: path, Problem: "it names no pull request"}
	}
	return numbers, nil
}

// newNumber takes the next number.
func (d *draft) newNumber() (int, error) {
	n, err := d.last()
	if err != nil {
		return 0, err
	}
	n++
	// Whoever set the counter back by hand must not make us write over a record.
	if _, err := d.read(pullPath(n)); !errors.Is(err, fs.ErrNotExist) {
		if err != nil {
			return 0, err
		}
		return 0, &RecordError{Path: numbersPath, Problem: fmt.Sprintf("it is behind: there is a pull request %d already", n)}
	}
	d.put(numbersPath, encode([]field{count("pull", &n)}))
	return n, nil
}
