package forge

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

// text is a field that holds text; empty text is left out.
func text(key string, v *string) field {
	return field{
		key: key,
		write: func() string {
			if *v == "" {
				return ""
			}
			return writeScalar(*v)
		},
		read: func(c *cursor) (err error) {
			*v, err = c.scalar()
			return err
		},
	}
}

// commit is a field that holds a commit: bare in memory, with "git:" in the
// file, because bare hexadecimal digits are a number to some readers.
func commit(key string, v *string) field {
	return field{
		key: key,
		write: func() string {
			if *v == "" {
				return ""
			}
			return "git:" + *v
		},
		read: func(c *cursor) error {
			if !c.take("git:") {
				return errors.New("no git: and a commit where one is expected")
			}
			s, err := c.scalar()
			*v = s
			return err
		},
	}
}

// count is a field that holds a number; 0 is left out.
func count(key string, v *int) field {
	return field{
		key: key,
		write: func() string {
			if *v == 0 {
				return ""
			}
			return strconv.Itoa(*v)
		},
		read: func(c *cursor) error {
			s, err := c.scalar()
			if err != nil {
				return err
			}
			*v, err = number(s)
			return err
		},
	}
}

// flag is a field that holds true, or is left out.
func flag(key string, v *bool) field {
	return field{
		key: key,
		write: func() string {
			if !*v {
				return ""
			}
			return "true"
		},
		read: func(c *cursor) error {
			*v = c.take("true")
			if !*v {
				return errors.New("something other than true")
			}
			return nil
		},
	}
}

// instant is a field that holds a time (RFC 3339, UTC, seconds); the zero time
// is left out.
func instant(key string, v *time.Time) field {
	return field{
		key: key,
		write: func() string {
			if v.IsZero() {
				return ""
			}
			return v.UTC().Format(time.RFC3339)
		},
		read: func(c *cursor) error {
			s, err := c.scalar()
			if err != nil {
				return err
			}
			t, err := time.Parse(time.RFC3339, s)
			if err != nil {
				return errors.New("no RFC 3339 time where one is expected")
			}
			*v = t.UTC()
			return nil
		},
	}
}

// texts is a field that holds a list of texts; an empty one is left out.
func texts(key string, v *[]string) field {
	return field{
		key: key,
		write: func() string {
			if len(*v) == 0 {
				return ""
			}
			parts := make([]string, len(*v))
			for i, s := range *v {
				parts[i] = writeScalar(s)
			}
			return "[" + strings.Join(parts, ", ") + "]"
		},
		read: func(c *cursor) (err error) {
			*v, err = c.sequence()
			return err
		},
	}
}

// rows is a field that holds a list of mappings.
func rows[T any](key string, v *[]T, fields func(*T) []field) field {
	return field{
		key: key,
		rows: func() []string {
			list := make([]string, len(*v))
			for i := range *v {
				list[i] = writeMapping(fields(&(*v)[i]))
			}
			return list
		},
		readRow: func(c *cursor) error {
			var row T
			if err := c.mapping(fields(&row)); err != nil {
				return err
			}
			*v = append(*v, row)
			return nil
		},
	}
}

// counts is a field that holds a list of numbers; an empty one is left out.
func counts(key string, v *[]int) field {
	return field{
		key: key,
		write: func() string {
			if len(*v) == 0 {
				return ""
			}
			parts := make([]string, len(*v))
			for i, n := range *v {
				parts[i] = strconv.Itoa(n)
			}
			return "[" + strings.Join(parts, ", ") + "]"
		},
		read: func(c *cursor) error {
			words, err := c.sequence()
			if err != nil {
				return err
			}
			for _, word := range words {
				n, err := number(word)
				if err != nil {
					return err
				}
				*v = append(*v, n)
			}
			return nil
		},
	}
}

// number reads 1, 2, 3 … up to what 31 bits hold.
func number(s string) (int, error) {
	n, err := strconv.ParseInt(s, 10, 32)
	if err != nil || n < 1 {
		return 0, errors.New("no positive number where one is expected")
	}
	return int(n), nil
}
