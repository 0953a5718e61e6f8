package desk_test

import (
	"testing"
	"time"
)

const (
	hour = time.Hour
	day  = 24 * time.Hour
)

// exampleStories make the example cases of each shipped programme: one that is
// closed, one in the middle, one that has just come in. Times are those of
// invented people who keep the policy's deadlines.
var exampleStories = map[string]func(t *testing.T){
	"ingroupe": func(t *testing.T) {
		s := newStage(t, "ingroupe", time.Date(2026, 8, 3, 8, 0, 0, 0, time.UTC))
		ingroupeClosed(s)
		ingroupeSolving(s)
		ingroupeReceived(s)
		s.end()
	},
	"inspur": func(t *testing.T) {
		s := newStage(t, "inspur", time.Date(2026, 8, 4, 1, 30, 0, 0, time.UTC))
		inspurClosed(s)
		inspurSolution(s)
		inspurReceived(s)
		s.end()
	},
	"imengine": func(t *testing.T) {
		s := newStage(t, "imengine", time.Date(2026, 8, 5, 7, 15, 0, 0, time.UTC))
		imengineClosed(s)
		imengineRemediate(s)
		imengineReceived(s)
		s.end()
	},
}

func ingroupeClosed(s *stage) {
	id := s.report("Odile Marchetti", "odile.marchetti@example.org", "Lantern ID applet accepts an old certificate", `
Dear PSIRT,

Product: Lantern ID applet
Part number: LN-7720-C
Type: software
Version: 2.4.0 and 2.4.1

Description:
The applet checks the date of a terminal certificate against the date that it
saw last, and keeps that date in volatile memory. After a reset it accepts a
certificate that ended years ago, and a lost terminal can read the personal
data group again.

Steps to reproduce:
1. Present a certificate of this year. The applet takes it.
2. Reset the card.
3. Present one that ended in 2021. The applet takes it, too.

How discovered: reading the specification, then trying it on our own sample cards
When discovered: 2026-07-28
Exploited: no evidence of it
Publication: a paper is planned for the spring of 2027

Kind regards
Odile Marchetti
`)
	s.later(3 * hour)
	s.move("triage", id, "evaluating", "", "")
	s.later(2 * day)
	s.set("triage", id, "owner=triage", "analysis.in_scope=true", `products[0].type=software`,
		"analysis.text=The reference date is in RAM and starts at 2020-01-01 after each reset. Seen on three sample cards, 2.4.0 and 2.4.1; 2.3 keeps it in EEPROM and is not affected.",
		"analysis.verdict=valid", "analysis.by=triage", `analysis.attempts[]={"by":"triage","at":"NOW","environment":"sample cards 14, 15 and 22","result":"reproduced"}`)
	s.signs("triage", id, "priority=medium", "assessment.ssvc.decision=scheduled", "assessment.cwe[]=CWE-298",
		`assessment.cvss[]={"version":"4.0","vector":"CVSS:4.0/AV:P/AC:L/AT:P/PR:N/UI:N/VC:H/VI:N/VA:N/SC:N/SI:N/SA:N"}`)
	s.signs("lead", id, `analysis.reviews[]={"by":"lead","text":"Checked on a card of another batch: the same."}`)
	s.move("triage", id, "solving", "", "")
	s.later(12 * day)
	s.reply("triage", id, `
Subject: Where we are with the reference date

Dear Odile Marchetti,

the cause is found and a corrected applet is with our test laboratory. It will
take until the end of the month. We would like to agree on a day before which
nothing is published, and propose the last day of this year. Is that good for
your paper?

Kind regards
The IN Groupe PSIRT
`)
	s.later(1 * day)
	s.answer(id, `
Dear PSIRT,

the end of the year is fine, the paper goes to print in February.

Odile Marchetti
`)
	s.signs("triage", id, "disclosure.embargo_until=2026-12-31T12:00:00Z",
		`disclosure.embargo[]={"event":"proposed","at":"NOW","by":"triage","until":"2026-12-31T12:00:00Z"}`,
		`disclosure.embargo[]={"event":"accepted","at":"NOW","by":"reporter","text":"With the second mail."}`)
	s.reply("triage", id, `
Subject: Agreed: nothing before the last day of this year

Dear Odile Marchetti,

thank you. Until then we publish nothing either, and you hear from us when the
corrected applet is there.

Kind regards
The IN Groupe PSIRT
`)
	s.later(9 * day)
	s.set("triage", id, `options[]={"text":"Keep the date in EEPROM, as 2.3 does.","chosen":true,"why":"One write a day, and the cause is gone."}`,
		`options[]={"text":"Set a later start date at each personalisation.","chosen":false,"why":"It only shortens the time."}`,
		`remediation[]={"kind":"fix","status":"available","text":"Applet 2.4.2 keeps the date over a reset. Update at any personalisation desk."}`)
	s.move("triage", id, "communicating", "", `
Subject: Lantern ID applet 2.4.2 is available

Dear Odile Marchetti,

applet 2.4.2 keeps the reference date over a reset. Card issuers have had it
since this morning, and their cards are updated at the next visit. Thank you for
the clear report; it saved us days.

Kind regards
The IN Groupe PSIRT
`)
	s.later(6 * day)
	s.set("lead", id, `disclosure.others.notified[]={"who":"the card issuers","at":"NOW","channel":"targeted"}`)
	s.move("lead", id, "closed", "fixed", "")
	s.later(20 * day)
}

func ingroupeSolving(s *stage) {
	id := s.report("Bastien Auclair", "b.auclair@example.net", "Enrolment kiosk shows the last photo", `
Hello,

Product: Enrolment kiosk

When the kiosk is woken by touching its lower left corner, it shows for half a
second the photo of the person who was enrolled before. I have seen it in two
town halls.

How discovered: waiting in line
When discovered: 2026-09-21
Exploited: no
Publication: nothing planned

Bastien Auclair
`)
	s.later(5 * hour)
	s.move("lead", id, "evaluating", "", "")
	s.move("lead", id, "needs-info", "", `
Subject: Which version does the kiosk show?

Dear Bastien Auclair,

thank you for your report. Could you tell us the version of the kiosk? It stands
in small letters at the top of the first page.

Kind regards
The IN Groupe PSIRT
`)
	s.later(2 * day)
	s.answer(id, `
Version: 5.1
Part number: KSK-5

Bastien Auclair
`)
	s.later(1 * day)
	s.set("lead", id, "owner=lead", "analysis.in_scope=true", `products=[{"name":"Enrolment kiosk","part_number":"KSK-5","type":"hardware","versions":["5.1"]}]`,
		"analysis.text=The last frame stays in the display buffer while the camera wakes. 400 ms on the test kiosk.",
		"analysis.verdict=valid", "analysis.by=lead")
	s.signs("lead", id, "priority=low", "assessment.ssvc.decision=scheduled", "assessment.cwe[]=CWE-226",
		`assessment.cvss[]={"version":"4.0","vector":"CVSS:4.0/AV:P/AC:L/AT:N/PR:N/UI:N/VC:L/VI:N/VA:N/SC:N/SI:N/SA:N"}`)
	s.signs("triage", id, `analysis.reviews[]={"by":"triage","text":"I filmed it: eleven frames."}`)
	s.move("lead", id, "solving", "", "")
	s.later(8 * day)
	s.signs("lead", id, `options[]={"text":"Clear the buffer before sleep.","chosen":true,"why":"Two lines in the display driver."}`)
	s.reply("lead", id, `
Subject: We see it, too

Dear Bastien Auclair,

we filmed it on our own kiosk. A new display driver clears the picture before
the kiosk goes to sleep; it is in test now. You hear from us when it is out.

Kind regards
The IN Groupe PSIRT
`)
	s.later(9 * day)
}

func ingroupeReceived(s *stage) {
	s.report("Wren Holloway", "wren@example.com", "Session of the card portal outlives the logout", `
Dear PSIRT,

Product: Card issuing portal
Type: software
Version: 9.2.3

Description:
After a logout the session cookie is still good for the export page, for about
an hour.

How discovered: with two browsers on my own test account
When discovered: 2026-10-19
Exploited: no
Publication: nothing published, nothing planned

Wren Holloway
`)
}
