package extract

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // a city's clock must be known on every machine
)

var (
	clockTime  = lower(`\b([01]?\d|2[0-3])(?::|\s?[hu]\s?)([0-5]\d)(?::([0-5]\d))?(?:\s?([ap])\.?m\b\.?)?`)
	dotClock   = lower(`\b([01]?\d|2[0-3])\.([0-5]\d)()(?:\s?([ap])\.?m\b| (?:o['’]clock|uhr|uur)\b| (?:o['’]clock )?(?:in the |at )(?:morning|afternoon|evening|night)\b)`)
	afterNoon  = lower(`^(?: o['’]clock)? (?:in the (?:afternoon|evening)|at night|['’]s (?:middags|avonds))\b`)
	offsetNext = lower(`^(z|[+-]\d{2}:\d{2})\b`)
	shortClock = lower(`\b(1[0-2]|0?[1-9])\s?([ap])\.?m\b`)
	clockJoin  = lower(`^\s*(?:[a-z]{1,5}\s*)?(?:and|to|until|till|-|–|—|bis|und|et|à)\s*$`)
	zoneOffset = lower(`(?:\b(?:utc|gmt)\s*)?([+-])(\d{1,2})(?::?(\d{2}))?\b`)
	zoneName   = lower(`\b(utc|gmt|cest|cet|mesz|mez|bst|eest|eet|edt|est|pdt|pst|mdt|mst|cdt|jst|wet|west)\b|\d(z)\b`)
	zonePlace  = lower(`\b([a-z_]+(?: [a-z_]+)?) (?:local )?(?:time|tijd|uhr)\b|\bheure (?:de |d['’]|locale de )?([a-z_]+)|\b([a-z_]+)er (?:orts)?zeit\b|\b([a-z_]+e) (?:orts)?zeit\b|\bhora de ([a-z_]+)|\bora di ([a-z_]+)|(?:\d|\blocal(?: time)?)\s?\(([a-z_]+)\)|\d{2}(?:,| in) ([a-z_]+)(?:[.;)]|$| \()`)
)

var zoneHours = map[string]int{
	"utc": 0, "gmt": 0, "wet": 0, "cet": 1, "mez": 1, "bst": 1, "west": 1, "cest": 2, "mesz": 2, "eet": 2, "eest": 3,
	"est": -5, "edt": -4, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7, "jst": 9,
}

// observation is a time of day, or two, on a day.
type observation struct {
	from, to string // HH:MM or HH:MM:SS
	zone     string // Z, +01:00, or empty when not said
}

// clockIn finds the time of day that s names, or the first two when they are
// the ends of a period. day decides what a city's clock showed.
func clockIn(low string, m moment) (observation, bool) {
	rest := low
	var o observation
	if m.clock != "" {
		o.from = m.clock
		if zone := offsetNext.groups(low[m.end:]); zone != nil {
			o.zone = zone[1]
			if o.zone == "z" {
				o.zone = "Z"
			}
			o.upTo(low, m.end+len(zone[0]))
			return o, true
		}
		rest = o.upTo(low, m.end)
	} else {
		at := clockTime.groupsAt(low)
		if at == nil {
			at = dotClock.groupsAt(low)
		}
		if at == nil {
			return shortTime(low, m)
		}
		g := groupsAt(low, at)
		if afterNoon.in(low[at[5]:]) && g[4] == "" {
			g[4] = "p"
		}
		o.from = timeOf(g)
		if rest = low[at[1]-1:]; len(rest) > 0 {
			rest = o.upTo(low, at[1])
		}
	}
	o.zone = zoneOf(rest, m.day)
	if o.zone == "" {
		o.zone = namedZone(clip(low, 200), m.day) // said before the time, as in "Time (CET)"
	}
	return o, true
}

// upTo reads the end of a period that begins before low[from:], and returns
// what follows.
func (o *observation) upTo(low string, from int) string {
	at := clockTime.groupsAt(low[from:])
	if at != nil && clockJoin.in(low[from:from+at[0]]) {
		o.to = timeOf(groupsAt(low[from:], at))
		from += at[1]
	}
	return low[from-1:]
}

func shortTime(low string, m moment) (observation, bool) {
	at := shortClock.groupsAt(low)
	if at == nil {
		return observation{}, false
	}
	g := groupsAt(low, at)
	o := observation{from: timeOf([]string{"", g[1], "00", "", g[2]})}
	o.zone = zoneOf(low[at[1]-1:], m.day)
	return o, true
}

// timeOf makes HH:MM or HH:MM:SS of hour, minute, second and a or p.
func timeOf(g []string) string {
	hour, _ := strconv.Atoi(g[1])
	if g[4] == "p" && hour < 12 {
		hour += 12
	}
	if g[4] == "a" && hour == 12 {
		hour = 0
	}
	t := fmt.Sprintf("%02d:%s", hour, g[2])
	if g[3] != "" {
		t += ":" + g[3]
	}
	return t
}

// zoneOf finds the offset from UTC that a text names close to its beginning:
// by number, by a name that is not ambiguous, or by a city.
func zoneOf(low string, day time.Time) string {
	low = clip(low, 80)
	if g := zoneOffset.groups(low); g != nil && (strings.Contains(g[0], "utc") || strings.Contains(g[0], "gmt") || g[3] != "" || len(g[2]) == 2) {
		hours, _ := strconv.Atoi(g[2])
		minutes := g[3]
		if minutes == "" {
			minutes = "00"
		}
		if hours <= 14 && minutes < "60" {
			return fmt.Sprintf("%s%02d:%s", g[1], hours, minutes)
		}
	}
	return namedZone(low, day)
}

// namedZone is zoneOf without numbers.
func namedZone(low string, day time.Time) string {
	if g := zoneName.groups(low); g != nil {
		if g[2] != "" || g[1] == "utc" || g[1] == "gmt" {
			return "Z"
		}
		return offset(zoneHours[g[1]] * 3600)
	}
	for _, at := range zonePlace().FindAllStringSubmatchIndex(low, 4) {
		for _, place := range groupsAt(low, at)[1:] {
			if zone, ok := placeOffset(place, day); ok {
				return zone
			}
		}
	}
	return ""
}

func offset(seconds int) string {
	sign := "+"
	if seconds < 0 {
		sign, seconds = "-", -seconds
	}
	return fmt.Sprintf("%s%02d:%02d", sign, seconds/3600, seconds/60%60)
}

// exonyms are cities whose name in the time zone database is not the one that
// their neighbours use.
var exonyms = map[string]string{
	"bruxelles": "brussels", lowered("brüssel"): "brussels", "brussel": "brussels", "londres": "london", "wien": "vienna",
	"vienne": "vienna", "rom": "rome", "lisbonne": "lisbon", "lissabon": "lisbon", "prag": "prague", "warschau": "warsaw",
	"varsovie": "warsaw", "kopenhagen": "copenhagen", "copenhague": "copenhagen", "moskau": "moscow", "peking": "shanghai",
	"beijing": "shanghai", "tokio": "tokyo",
	// people's names for the time of their whole country
	"belgium": "brussels", "france": "paris", "germany": "berlin", "netherlands": "amsterdam", "poland": "warsaw", "spain": "madrid", "italy": "rome",
	"belgian": "brussels", "belgische": "brussels", "belge": "brussels", "french": "paris", "dutch": "amsterdam", "nederlandse": "amsterdam",
	"german": "berlin", "deutsche": "berlin", "swiss": "zurich", "schweizer": "zurich", "austrian": "vienna", "italian": "rome", "spanish": "madrid",
	"british": "london", "uk": "london", "irish": "dublin", "polish": "warsaw", "swedish": "stockholm", "danish": "copenhagen", "norwegian": "oslo",
	"finnish": "helsinki", "greek": "athens", "indian": "kolkata", "india": "kolkata", "china": "shanghai", "chinese": "shanghai", "japan": "tokyo",
	"japanese": "tokyo", "korea": "seoul", "korean": "seoul", "parigi": "paris", "milano": "rome", "roma": "rome",
}

// placeOffset is the offset of a city that the IANA time zone database names.
func placeOffset(place string, day time.Time) (string, bool) {
	if place == "" || day.IsZero() {
		return "", false
	}
	if english, ok := exonyms[place]; ok {
		place = english
	}
	names := []string{titled(place)}
	if _, last, ok := strings.Cut(place, " "); ok { // "of Belgium"
		names = append(names, titled(firstOf(exonyms[last], last)))
	}
	for _, name := range names {
		for _, area := range [...]string{"Europe/", "America/", "Asia/", "Africa/", "Australia/", "Pacific/"} {
			if zone, err := time.LoadLocation(area + name); err == nil {
				_, seconds := time.Date(day.Year(), day.Month(), day.Day(), 12, 0, 0, 0, zone).Zone()
				return offset(seconds), true
			}
		}
	}
	return "", false
}

func titled(s string) string {
	words := strings.Fields(s)
	for i, word := range words {
		words[i] = strings.ToUpper(word[:1]) + word[1:]
	}
	return strings.Join(words, "_")
}

// ISO is the observation on a day, as ISO 8601 has it; a period is a/b.
func (o observation) ISO(day time.Time) string {
	prefix := day.Format(time.DateOnly) + "T"
	if o.to == "" {
		return prefix + o.from + o.zone
	}
	end := day
	if o.to < o.from { // past midnight
		end = day.AddDate(0, 0, 1)
	}
	return prefix + o.from + o.zone + "/" + end.Format(time.DateOnly) + "T" + o.to + o.zone
}
