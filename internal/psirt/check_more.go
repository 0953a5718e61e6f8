package psirt

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// KnowsRole reports whether people can have a role in the programme: team, lead,
// auditor, or one that it declares.
func (p *Program) KnowsRole(role string) bool {
	_, declared := p.Roles[role]
	return declared || role == RoleTeam || role == RoleLead || role == RoleAuditor
}

// length judges how long a clock runs, and what it does when it has run out.
func (c *checker) length(path string, clock Clock) {
	ways := 0
	for _, is := range []bool{clock.Within > 0 || clock.WithinBy != nil, clock.Months > 0, clock.Until != ""} {
		if is {
			ways++
		}
	}
	if ways != 1 {
		c.add(path+".within", "say how long: within 90m, 24h or 14d (or within_by), or months, or until")
	}
	if by := clock.WithinBy; by != nil {
		for _, value := range names(by.Values) {
			if by.Values[value] <= 0 {
				c.add(path+".within_by.values."+value, "say how long: 90m, 24h or 14d")
			}
		}
		if by.Path == "" || len(by.Values) == 0 {
			c.add(path+".within_by", "names a path of the report and how long for each value there")
		}
	}
	if clock.Ahead != 0 && clock.Until == "" {
		c.add(path+".ahead", "goes with until")
	}
	if clock.Statutory && (len(clock.Paused) > 0 || clock.Calendar != "") {
		c.add(path+".statutory", "no law stands still: no paused, and no calendar")
	}
	if clock.Calendar != "" && c.p.Calendars[clock.Calendar] == nil {
		c.unknown(path+".calendar", "calendar", clock.Calendar, names(c.p.Calendars))
	}
	c.known(path+".when", clock.When)
	c.reminds(path+".remind", clock)
}

// reminds holds that the reminder of a clock can be told from every other
// update, since it is sent once in each run.
func (c *checker) reminds(path string, clock Clock) {
	kind := clock.Remind
	if kind == "" {
		return
	}
	if clock.Sealed() {
		c.fault(path, openClock, "the clock reads the report, which the bot does not open")
	}
	for _, other := range c.p.Clocks[:slices.IndexFunc(c.p.Clocks, func(x Clock) bool { return x.Name == clock.Name })] {
		if other.Remind == kind {
			c.fault(path, "give it a text of its own, in templates/KIND.txt", "the clock %s sends the text %s too, and which of them is meant could not be told", other.Name, kind)
		}
	}
	if slices.ContainsFunc(c.p.Standing, func(s Standing) bool { return s.Kind == kind }) ||
		slices.ContainsFunc(c.p.Transitions, func(t Transition) bool { return contains(t.Kinds(), kind) }) {
		c.add(path, "%s is sent on other occasions too: a reminder has a text of its own", kind)
	}
}

func (c *checker) calendars() {
	for _, name := range names(c.p.Calendars) {
		cal, path := c.p.Calendars[name], "calendars."+name
		if cal == nil {
			c.add(path, "say zone, hours and days")
			continue
		}
		if _, _, ok := cal.span(); !ok {
			c.add(path+".hours", "are written 09:00-18:00, the beginning before the end")
		}
		if cal.location == nil {
			c.add(path+".zone", "was not looked up: there is no such time zone here")
		}
		if len(cal.Days) == 0 {
			c.add(path+".days", "name the days on which work is done: mon, tue, wed, thu, fri, sat, sun")
		}
		for _, day := range cal.Days {
			if _, ok := weekdays[day]; !ok {
				c.add(path+".days", "a day is one of mon, tue, wed, thu, fri, sat, sun")
			}
		}
		for _, day := range cal.Holidays {
			date := strings.Replace(day, "--", "2024-", 1) // a leap year has every day
			if _, err := time.Parse(time.DateOnly, date); err != nil {
				c.add(path+".holidays", "a holiday is a date, 2026-12-25, or --12-25 for every year")
			}
		}
	}
}

func (c *checker) standing() {
	seen := map[string]bool{}
	for i, s := range c.p.Standing {
		path := fmt.Sprintf("standing[%d]", i)
		if !ValidName(s.Kind) || s.Kind == Silent || seen[s.Kind] {
			c.add(path+".kind", "each text has a name of its own, and stands here once")
		}
		seen[s.Kind] = true
		if s.By != "team" && s.By != "bot" {
			c.add(path+".by", "is team or bot")
		}
		if s.Most < 0 {
			c.add(path+".most", "is 0 or more")
		}
		if s.By == "bot" && s.Approvals.Count > 0 {
			c.add(path+".approvals", "what the bot sends by itself asks for no approval")
		}
		c.rule(path+".approvals", s.Approvals)
		c.known(path+".guards", s.Guards)
		for _, guard := range s.Guards {
			if fact, ok := c.p.Facts[strings.TrimPrefix(guard, "not ")]; ok && s.By == "bot" && !fact.Clear {
				c.add(path+".guards", "the bot opens no report: of what it sends a guard is a fact with clear: true, or by is team")
			}
		}
	}
}

func (c *checker) teams() {
	for _, name := range names(c.p.Roles) {
		if !ValidName(name) || name == RoleTeam || name == RoleLead || name == RoleAuditor {
			c.add("roles."+name, "a role has a name of its own, beyond team, lead and auditor")
		}
	}
	for _, name := range names(c.p.Teams) {
		if !ValidName(name) {
			c.add("teams."+name, "a name has lower-case letters, digits and hyphens, and begins with a letter")
		}
		for _, handle := range c.p.Teams[name].People {
			if _, ok := c.p.ByHandle(handle); !ok {
				c.fault("teams."+name+".people", "name one of the people, or add them (docket init --team, docket keys add)", "there is nobody with the handle %s", handle)
			}
		}
	}
	for i, r := range c.p.Routing {
		path := fmt.Sprintf("routing[%d]", i)
		if len(r.Products) == 0 {
			c.add(path+".products", "name products or families, or \"*\" for any")
		}
		if _, ok := c.p.Teams[r.Team]; !ok {
			c.unknown(path+".team", "team", r.Team, names(c.p.Teams))
		}
	}
	for i, r := range c.p.Regulation {
		if _, err := time.Parse(time.DateOnly, r.Since); r.Since != "" && err != nil {
			c.add(fmt.Sprintf("regulation[%d].since", i), "is a date, 2026-09-11")
		}
	}
}
