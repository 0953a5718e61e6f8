package desk

import (
	"fmt"
	"math"
	"strings"

	cvss31 "github.com/pandatix/go-cvss/31"
	cvss40 "github.com/pandatix/go-cvss/40"
)

// maxVector bounds a CVSS vector, in bytes: with every metric a v4.0 one has
// fewer than 200.
const maxVector = 400

// ScoredVector is a CVSS vector with what follows from it.
type ScoredVector struct {
	Version  string  `json:"version"` // 3.1 or 4.0
	Vector   string  `json:"vector"`
	Score    float64 `json:"score"`    // 0 to 10, of all metrics given
	Severity string  `json:"severity"` // none, low, medium, high or critical (CVSS v3.1 section 5, v4.0 section 6)
	By       string  `json:"by,omitempty"`
}

// scoreVector validates a CVSS v3.1 or v4.0 vector string and computes its
// score (FIRST, Common Vulnerability Scoring System: Specification Document,
// v3.1 section 7, v4.0 section 8). The score is that of the whole vector: of
// v3.1 the environmental one where an environmental metric is given, else the
// temporal one, which without temporal metrics is the base score.
//
// The library rounds v4.0 scores without the small amount that FIRST's reference
// calculator adds first: of the 314,928 vectors of base and threat metrics 458
// come out 0.1 lower than there.
func scoreVector(vector string) (ScoredVector, error) {
	out := ScoredVector{Vector: strings.TrimSpace(vector)}
	if len(out.Vector) > maxVector {
		return out, fmt.Errorf("it has more than %d characters", maxVector)
	}
	var err error
	switch {
	case strings.HasPrefix(out.Vector, "CVSS:3.1/"):
		out.Version = "3.1"
		var v *cvss31.CVSS31
		if v, err = cvss31.ParseVector(out.Vector); err == nil {
			if out.Score = v.TemporalScore(); environmental(out.Vector) {
				out.Score = v.EnvironmentalScore()
			}
		}
	case strings.HasPrefix(out.Vector, "CVSS:4.0/"):
		out.Version = "4.0"
		var v *cvss40.CVSS40
		if v, err = cvss40.ParseVector(out.Vector); err == nil {
			out.Score = v.Score()
		}
	default:
		err = fmt.Errorf("it begins neither with CVSS:3.1/ nor with CVSS:4.0/")
	}
	if err != nil {
		return out, err
	}
	out.Score = math.Round(out.Score*10) / 10
	var rating string
	rating, err = cvss40.Rating(out.Score) // the bands of v3.1 are the same
	out.Severity = strings.ToLower(rating)
	return out, err
}

// environmental reports whether a valid v3.1 vector gives an environmental
// metric (CR, IR, AR and the modified ones, which begin with M).
func environmental(vector string) bool {
	for _, part := range strings.Split(vector, "/") {
		name, value, _ := strings.Cut(part, ":")
		if value != "X" && (strings.HasPrefix(name, "M") || name == "CR" || name == "IR" || name == "AR") {
			return true
		}
	}
	return false
}
