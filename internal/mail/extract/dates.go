package extract

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

var months = func() map[string]time.Month {
	names := [12]string{
		"january jan janvier janv januar jänner januari enero gennaio janeiro", "february feb février févr februar februari febrero febbraio fevereiro",
		"march mar mars märz maart marzo março", "april apr avril abril aprile", "may mai mei mayo maggio maio", "june jun juin juni junio giugno junho",
		"july jul juillet juli julio luglio julho", "august aug août augustus agosto", "september sep sept septembre septiembre settembre setembro",
		"october oct octobre oktober okt octubre ottobre outubro", "november nov novembre noviembre novembro", "december dec décembre déc dezember dez diciembre dicembre dezembro",
	}
	m := map[string]time.Month{}
	for i, list := range names {
		for _, name := range strings.Fields(list) {
			m[lowered(name)] = time.Month(i + 1)
		}
	}
	return m
}()

// monthWord matches every name in months, the longest first.
var monthWord = func() string {
	names := slices.SortedFunc(maps.Keys(months), func(a, b string) int {
		return cmp.Or(len(b)-len(a), strings.Compare(a, b))
	})
	return "(" + strings.Join(names, "|") + ")"
}()

var (
	isoDate  = lower(`\b(\d{4})[-/](\d{2})[-/](\d{2})(?:[t ]+(\d{2}):(\d{2})(?::(\d{2}))?(?:[.,]\d+)?)?`)
	dayMonth = lower(`\b(\d{1,2})(?:(?:st|nd|rd|th|er|\.)?\s+(?:of\s+|de\s+)?|[-/])` + monthWord + `\b\.?(?:(?:,?\s+|[-/])(?:de\s+|of\s+)?(\d{4})\b)?`)
	monthDay = lower(`\b` + monthWord + `\.?\s+(\d{1,2})(?:st|nd|rd|th)?\b(?:,?\s+(\d{4})\b)?`)
	numDate  = lower(`\b(\d{1,2})([./-])(\d{1,2})[./-](\d{4})\b`)
	relative = lower(`\b(\d{1,2} ?(?:min(?:ute)?s?|hours?|hrs?|h) ago|day before yesterday|yesterday|today|tonight|last night|ce matin|ce soir|cet après-midi|heute (?:morgen|früh|abend)|esta mañana|esta tarde|stamattina|stasera|this (?:morning|afternoon|evening)|(?:one|two|three|four|five|six|\d{1,2}) days ago|vorgestern|gestern|heute|avant-hier|hier|aujourd['’]hui|eergisteren|gisteren|gisteravond|vandaag|vanochtend|vanmiddag|vanavond|anteayer|ayer|hoy|ieri|oggi)\b`)
	weekday  = lower(`\b(?:on|last|since|this past|this|am|seit|letzten) (monday|tuesday|wednesday|thursday|friday|saturday|sunday|montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag)\b`)
	vague    = lower(`\b(?:(?:in )?(?:the )?((?:(?:early|mid|middle of|late|end of|beginning of|start of|spring of|summer of|anfang|mitte|ende|début|fin|mi|(?:first|second|third|last) (?:week|days|half) of)[- ])?` + monthWord + ` \d{4})|((?:(?:first|second|third|last) (?:week|days|half) of|early|late|mid|middle of|end of|beginning of|start of|anfang|mitte|ende|début|fin)[- ]` + monthWord + `)|(last (?:week|month|year|spring|summer|autumn|fall|winter)|(?:a few|some|several|two|three|four|five|six|\d{1,2}|a couple of) (?:days|weeks|months) ago|earlier this (?:week|month|year)|this (?:week|month|spring|summer|autumn|winter)|(?:early|late|mid) (?:spring|summer|autumn|winter) \d{4}|(?:spring|summer|autumn|fall|winter|q[1-4])(?: of)? \d{4}|(?:calendar week|week|cw|kw|kalenderwoche|semaine) ?\d{1,2}(?:,? (?:of )?| ?/ ?)\d{4}|letzte woche|vergangene woche|la semaine dernière|le mois dernier|letzten monat))\b`)
)

// spanOfDays is a time of several days, which is no day.
var spanOfDays = lower(`\b\d{1,2}(?:st|nd|rd|th|\.)? ?(?:to|until|till|bis|-|–) ?(?:the )?\d{1,2}(?:st|nd|rd|th|\.)? (?:of )?` + monthWord + `(?: \d{4})?\b|\b(?:between|from|zwischen|vom|entre|du|tussen|van) (?:the )?\d{1,2}(?:st|nd|rd|th|er|\.)?(?: ` + monthWord + `)?(?: \d{4})? (?:and|to|until|und|bis|et|au|en|tot) (?:the )?\d{1,2}(?:st|nd|rd|th|er|\.)? ` + monthWord + `(?: \d{4})?\b`)

// moment is a day that a text names, and where.
type moment struct {
	day   time.Time // midnight UTC of the day
	words string    // the words themselves, when they name no day
	start int
	end   int
	clock string // time of day written together with the date: HH:MM or HH:MM:SS
}

// known reports whether the moment is a day.
func (m moment) known() bool { return !m.day.IsZero() }

// String is the day in ISO 8601, or the words used.
func (m moment) String() string {
	if m.known() {
		return m.day.Format(time.DateOnly)
	}
	return m.words
}

// firstMoment finds the first day that s names, or else the first words for a
// time that is not a day. low is s in lower case; sent is the mail's date.
func firstMoment(s, low string, sent time.Time) (moment, bool) {
	var best moment
	found := false
	for _, reader := range [...]func(string, time.Time) (moment, bool){readISO, readDayMonth, readMonthDay, readNumbers, readEastern} {
		if m, ok := reader(low, sent); ok && (!found || m.start < best.start) {
			best, found = m, true
		}
	}
	for _, reader := range [...]func(string, time.Time) (moment, bool){readRelative, readWeekday} {
		m, ok := reader(low, sent)
		if ok && (!found || (m.start < best.start && !explains.in(low[m.end:max(m.end, best.start)]))) {
			best, found = m, true
		}
	}
	if at := spanOfDays.at(low); at != nil && (!found || at[0] <= best.start) {
		return moment{words: collapse(s[at[0]:at[1]]), start: at[0], end: at[1]}, true
	}
	if found {
		return best, true
	}
	at := vague.groupsAt(low)
	if at == nil {
		return moment{}, false
	}
	from, to := at[0], at[1]
	for g := len(at) - 2; g > 0; g -= 2 { // the first group that matched holds the others
		if at[g] >= 0 {
			from, to = at[g], at[g+1]
		}
	}
	return moment{words: collapse(s[from:to]), start: at[0], end: at[1]}, true
}

// explains joins a day in words to the same one as a date: "today (13 May 2027)".
var explains = lower(`^(?:\s*[,(:–—-]\s*|\s+)(?:the )?$`)

func date(year, month, day string) (time.Time, bool) {
	y, _ := strconv.Atoi(year)
	m, ok := months[month]
	if !ok {
		n, _ := strconv.Atoi(month)
		m = time.Month(n)
	}
	n, _ := strconv.Atoi(day)
	t := time.Date(y, m, n, 0, 0, 0, 0, time.UTC)
	return t, y >= 1970 && y < 2200 && m >= 1 && m <= 12 && t.Day() == n && t.Month() == m
}

// slices gives the groups of a match, empty where one has none.
func groupsAt(low string, at []int) []string {
	out := make([]string, len(at)/2)
	for g := range out {
		if at[2*g] >= 0 {
			out[g] = low[at[2*g]:at[2*g+1]]
		}
	}
	return out
}

func readISO(low string, _ time.Time) (moment, bool) {
	at := isoDate.groupsAt(low)
	if at == nil {
		return moment{}, false
	}
	g := groupsAt(low, at)
	day, ok := date(g[1], g[2], g[3])
	m := moment{day: day, start: at[0], end: at[7]}
	if g[4] != "" {
		m.clock, m.end = g[4]+":"+g[5], at[1]
		if g[6] != "" {
			m.clock += ":" + g[6]
		}
	}
	return m, ok
}

func readDayMonth(low string, sent time.Time) (moment, bool) {
	at := dayMonth.groupsAt(low)
	if at == nil {
		return moment{}, false
	}
	g := groupsAt(low, at)
	day, ok := date(yearOr(g[3], g[2], g[1], sent), g[2], g[1])
	return moment{day: day, start: at[0], end: at[1]}, ok
}

func readMonthDay(low string, sent time.Time) (moment, bool) {
	at := monthDay.groupsAt(low)
	if at == nil {
		return moment{}, false
	}
	g := groupsAt(low, at)
	day, ok := date(yearOr(g[3], g[1], g[2], sent), g[1], g[2])
	return moment{day: day, start: at[0], end: at[1]}, ok
}

// yearOr is the year, or the one that puts the day last before the mail.
func yearOr(year, month, day string, sent time.Time) string {
	if year != "" || sent.IsZero() {
		return year
	}
	t, ok := date(strconv.Itoa(sent.Year()), month, day)
	if ok && t.After(sent.AddDate(0, 0, 1)) {
		return strconv.Itoa(sent.Year() - 1)
	}
	return strconv.Itoa(sent.Year())
}

var eastDate = lower(`(?:(\d{4})\s?年\s?)?(\d{1,2})\s?月\s?(\d{1,2})\s?[日号號]`)

// readEastern reads 2027年1月31日, as Chinese and Japanese write a day.
func readEastern(low string, sent time.Time) (moment, bool) {
	at := eastDate.groupsAt(low)
	if at == nil {
		return moment{}, false
	}
	g := groupsAt(low, at)
	day, ok := date(yearOr(g[1], g[2], g[3], sent), g[2], g[3])
	return moment{day: day, start: at[0], end: at[1]}, ok
}

// readNumbers reads 31.1.2027, and 31/1/2027 or 31-1-2027 where only one order
// makes sense.
func readNumbers(low string, sent time.Time) (moment, bool) {
	at := numDate.groupsAt(low)
	if at == nil {
		return moment{}, false
	}
	g := groupsAt(low, at)
	day, month := g[1], g[3]
	if g[2] != "." {
		a, _ := strconv.Atoi(day)
		b, _ := strconv.Atoi(month)
		switch {
		case a <= 12 && b <= 12 && a != b:
			return eitherOrder(low[at[0]:at[1]], g, at, sent)
		case b > 12:
			day, month = month, day
		}
	}
	t, ok := date(g[4], month, day)
	return moment{day: t, start: at[0], end: at[1]}, ok
}

// eitherOrder reads 3/9/2027: the day that is not after the mail, if only one of
// the two is not, or that is close before it, if the other one is not; or else
// the words.
func eitherOrder(words string, g []string, at []int, sent time.Time) (moment, bool) {
	m := moment{words: words, start: at[0], end: at[1]}
	european, ok := date(g[4], g[3], g[1])
	american, too := date(g[4], g[1], g[3])
	if !ok || !too || sent.IsZero() {
		return m, ok
	}
	last := sent.AddDate(0, 0, 1)
	fresh := func(day, other time.Time) bool { // a find is reported soon, and not months later
		return !day.After(last) && day.After(sent.AddDate(0, 0, -14)) && other.Before(sent.AddDate(0, -2, 0))
	}
	switch {
	case fresh(european, american):
		m.day = european
	case fresh(american, european):
		m.day = american
	case european.After(last) && !american.After(last):
		m.day = american
	case american.After(last) && !european.After(last):
		m.day = european
	}
	return m, true
}

func midnight(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
}

var hoursAgo = lower(`^(\d{1,2}) ?(min|h)`)

var numerals = map[string]int{"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6}

func readRelative(low string, sent time.Time) (moment, bool) {
	at := relative.at(low)
	if at == nil || sent.IsZero() {
		return moment{}, false
	}
	back := 0
	word := low[at[0]:at[1]]
	if g := hoursAgo.groups(word); g != nil {
		n, _ := strconv.Atoi(g[1])
		unit := time.Minute
		if strings.HasPrefix(g[2], "h") {
			unit = time.Hour
		}
		return moment{day: midnight(sent.Add(-time.Duration(n) * unit)), start: at[0], end: at[1]}, true
	}
	switch {
	case strings.HasSuffix(word, "days ago"):
		number, _, _ := strings.Cut(word, " ")
		if back = numerals[number]; back == 0 {
			back, _ = strconv.Atoi(number)
		}
	case word == "day before yesterday", word == "vorgestern", word == "avant-hier", word == "eergisteren", word == "anteayer":
		back = 2
	case word == "yesterday", word == "last night", word == "gestern", word == "hier", word == "gisteren", word == "gisteravond", word == "ayer", word == "ieri":
		back = 1
	}
	return moment{day: midnight(sent).AddDate(0, 0, -back), start: at[0], end: at[1]}, true
}

var weekdays = map[string]time.Weekday{
	"monday": 1, "tuesday": 2, "wednesday": 3, "thursday": 4, "friday": 5, "saturday": 6, "sunday": 0,
	"montag": 1, "dienstag": 2, "mittwoch": 3, "donnerstag": 4, "freitag": 5, "samstag": 6, "sonntag": 0,
}

// readWeekday reads "on Tuesday" as the last one before the mail.
func readWeekday(low string, sent time.Time) (moment, bool) {
	at := weekday.groupsAt(low)
	if at == nil || sent.IsZero() {
		return moment{}, false
	}
	back := (int(sent.Weekday()) - int(weekdays[low[at[2]:at[3]]]) + 7) % 7
	if back == 0 {
		back = 7
	}
	return moment{day: midnight(sent).AddDate(0, 0, -back), start: at[0], end: at[1]}, true
}
