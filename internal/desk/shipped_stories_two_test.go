package desk_test

func inspurClosed(s *stage) {
	id := s.report("Teodora Vlaicu", "teodora@example.org", "NF5466 server BMC vulnerability", `
Name and contact of the escalator: Teodora Vlaicu, teodora@example.org
Product: NF5466 server BMC
Version: 4.31

Description:
The page for firmware images takes a file name from the browser and writes the
upload to that place. A user who may only look can replace the login page.

How it was discovered: reading what the browser sends
Reproduction method:
1. Log in as a user with the role Operator.
2. Upload an image under the name ../www/login.html.
3. Open the login page.

Known exploits: none
Recommendation for a possible fix: take the name from the server, never from the browser

Teodora Vlaicu
`)
	s.later(4 * hour)
	s.set("triage", id, "owner=triage", "aware_at=NOW", "awareness.through=report", "awareness.evidence=mail 1", "reporter.type=researcher",
		"routing[0].notified_at=NOW")
	s.move("triage", id, "analyzation", "", "")
	s.later(20 * hour)
	s.reply("triage", id, `
Subject: I am working on your report

Dear Teodora Vlaicu,

I have your report before me and shall be the one who works on it with you. The
team of the servers knows. I will write again once we have tried it ourselves.

Kind regards
The Inspur PSIRT
`)
	s.later(3 * day)
	s.set("triage", id, "routing[0].acknowledged_at=NOW", "analysis.in_scope=true", "analysis.family=server", "analysis.verdict=valid",
		"analysis.weakness.phase=design", "analysis.weakness.exploitable=true", "analysis.weakness.breaches=The separation of roles on the management port.",
		"analysis.text=The name goes unchecked into a path. Every role that may upload an image can write below the web root.",
		"analysis.root_cause=The upload handler joins a name from the request to a folder.",
		"analysis.exploitation=Over the network, with any account that may upload firmware.",
		`analysis.attempts[]={"by":"triage","at":"NOW","environment":"NF5466 in the laboratory, 4.31","result":"reproduced"}`)
	s.set("triage", id, "priority=high", "assessment.cwe[]=CWE-22", "assessment.ssvc.decision=out-of-cycle",
		`assessment.cvss[]={"version":"3.1","vector":"CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H"}`,
		"response_plan.needed=false", "response_plan.text=No sign of use; the usual way is quick enough.")
	s.signs("triage", id, "plan.team=servers", "plan.complete=true",
		`remediation[]={"product":"NF5466 server BMC","versions":["4.31"],"kind":"fix","type":"firmware","status":"planned","text":"The server chooses the name of an upload."}`)
	s.signs("lead", id, `plan.approvals[]={"by":"lead","team":"servers","text":"In the August firmware."}`)
	s.move("triage", id, "solution", "", "")
	s.later(11 * day)
	s.set("triage", id, "remediation[0].status=available", "remediation[0].reference=firmware 4.32",
		"remediation[0].verified.text=The upload of the report, and forty variants of it, write nothing outside the folder.")
	s.move("triage", id, "communication", "", `
Subject: Firmware 4.32 is ready

Dear Teodora Vlaicu,

firmware 4.32 chooses the name of an upload itself. Our customers are told this
week. Please keep the matter confidential until we write to you that they have
it.

Kind regards
The Inspur PSIRT
`)
	s.later(4 * day)
	s.set("triage", id, `disclosure.others.notified[]={"who":"customers with this server","at":"NOW","channel":"targeted","recipients":[{"who":"customer 17","status":"acknowledged"},{"who":"customer 31","status":"delivered"}]}`,
		"disclosure.advisory=INSPUR-SA-EXAMPLE-1", "disclosure.advisory_kind=advisory")
	s.move("triage", id, "feedback", "", "")
	s.later(9 * day)
	s.set("triage", id, `lessons[]={"text":"A shared helper for uploads; handlers of their own are refused in review.","owner":"servers"}`,
		"feedback.with=servers", "feedback.at=NOW")
	s.signs("triage", id, "reward.eligible=true", "reward.decision=A place in the hall of fame, and a voucher.", "reward.triaged_by=triage", "reward.decided_by=lead")
	s.signs("lead", id, `reward.approvals[]={"by":"lead","text":"Clear, and in confidence. Well earned."}`)
	s.move("triage", id, "closed", "fixed", "")
	s.later(15 * day)
}

func inspurSolution(s *stage) {
	id := s.report("Kaito Brandvold", "kaito@example.net", "InCloudOS console vulnerability", `
Organization: Brandvold Hosting
Name and contact of the escalator: Kaito Brandvold, kaito@example.net
Product: InCloudOS
Version: 6.2

Description:
The console of a virtual machine is opened with a ticket in its address. The
ticket is good for a day and for whoever has it, so an address in a proxy's log
is enough to take the machine over.

How it was discovered: our own proxy log
Reproduction method:
1. Open a console.
2. Open the same address from another computer.

Known exploits: none that we know of
Recommendation for a possible fix: tickets for one use

Kaito Brandvold
`)
	s.later(6 * hour)
	s.set("lead", id, "owner=lead", "aware_at=NOW", "awareness.through=report", "awareness.evidence=mail 1", "reporter.type=customer",
		"routing[0].notified_at=NOW")
	s.move("lead", id, "analyzation", "", "")
	s.later(1 * day)
	s.reply("lead", id, `
Subject: A person has read it

Dear Kaito Brandvold,

your report is with me and with the cloud team. Until we write again, switch the
proxy's log of addresses off, or cut it before the question mark.

Kind regards
The Inspur PSIRT
`)
	s.later(4 * day)
	s.set("lead", id, "routing[0].acknowledged_at=NOW", "analysis.in_scope=true", "analysis.family=InCloudOS", "analysis.verdict=valid",
		"analysis.weakness.phase=design", "analysis.weakness.exploitable=true", "analysis.weakness.breaches=The login of the console.",
		"analysis.text=The ticket is bound neither to an account nor to a use.",
		"analysis.root_cause=Tickets were made for a network without proxies.",
		"analysis.exploitation=By anybody who reads an address: logs, history, a shared screen.",
		`analysis.attempts[]={"by":"lead","at":"NOW","environment":"InCloudOS 6.2, two networks","result":"reproduced"}`)
	s.set("lead", id, "priority=medium", "assessment.cwe[]=CWE-598", "assessment.ssvc.decision=scheduled",
		`assessment.cvss[]={"version":"3.1","vector":"CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:U/C:H/I:H/A:N"}`,
		"response_plan.needed=true", "response_plan.text=Support tells customers with a proxy what to switch off.")
	s.signs("lead", id, "plan.team=cloud", "plan.complete=true",
		`remediation[]={"product":"InCloudOS","versions":["6.2"],"kind":"fix","type":"upgrade","status":"planned","text":"Tickets for one use, bound to the account."}`,
		`plan.approvals[]={"by":"lead","team":"cloud","text":"With 6.2.1."}`)
	s.move("lead", id, "solution", "", "")
	s.later(10 * day)
}

func inspurReceived(s *stage) {
	s.report("Айгүл Серікова", "aigul@example.com", "AS13000 storage vulnerability", `
Name of the escalator: Айгүл Серікова
Product: AS13000 storage
Version: 3.5

Description:
The page of volumes lists those of other tenants when it is sorted by size.

How it was discovered: with two tenants of our own
Known exploits: none

Айгүл Серікова
`)
}

func imengineClosed(s *stage) {
	id := s.report("Silver Plover", "plover@example.org", "Documents of other accounts by number", `
Pseudonym: Silver Plover

Technical description and details:
The page of documents takes the number of a document from its address and does
not compare its owner with the account that is logged in. I saw it with two
accounts of my own, and looked at nobody else's.

Steps to reproduce:
1. Log in with the first account.
2. Put the number of a document of the second account into the address.

URL: https://portal.imengine.example/documents?number=20117
Time of day: 2026-08-04 21:40 CEST
Source IP: 203.0.113.88

Silver Plover
`)
	s.later(2 * hour)
	s.move("triage", id, "verify", "", "")
	s.later(1 * day)
	s.set("triage", id, "owner=triage", "analysis.in_scope=true", "analysis.asset=developed", "analysis.verdict=valid",
		"analysis.text=Any number is answered. The log shows the two accounts of the report, and nobody else with a number of another account.",
		`analysis.attempts[]={"by":"triage","at":"NOW","environment":"portal, staging","result":"reproduced"}`,
		"priority=high", "assessment.customer_impact=Contracts of customers can be read.", "assessment.cwe[]=CWE-639")
	s.signs("triage", id, "conduct.status=ok", "conduct.evidence=Two accounts of their own, says the log.", "conduct.data_accessed=no",
		"risk.decision=fix", "risk.text=It is a missing check, and quickly added.", "risk.by=triage")
	s.signs("lead", id, `risk.approvals[]={"by":"lead","text":"This week."}`)
	s.move("triage", id, "remediate", "", "")
	s.later(3 * day)
	s.set("triage", id, `remediation[]={"kind":"fix","status":"available","text":"The owner is compared with the account.","risk":"None: links of one's own documents go on."}`)
	s.move("triage", id, "inform", "", `
Subject: The portal asks whose document it is

Dear Silver Plover,

since this morning the portal compares the owner of a document with the account.
Please look again: does it hold? And please confirm that nothing is left on your
side of what the test showed.

Kind regards
The Imengine Information Security Team
`)
	s.later(1 * day)
	s.answer(id, `
It holds. I have kept nothing.

Silver Plover
`)
	s.later(1 * day)
	s.set("triage", id, "conduct.deletion.confirmed_at=NOW", "commitments="+
		`[{"name":"risk","kept":true},{"name":"dialogue","kept":true},{"name":"progress","kept":true},{"name":"confidentiality","kept":true},{"name":"personal-data","kept":true},{"name":"no-legal-action","kept":true}]`)
	s.move("triage", id, "closed", "fixed", "")
	s.later(30 * day)
}

func imengineRemediate(s *stage) {
	id := s.report("Joost Halverson", "joost.halverson@example.net", "Password reset tells which addresses have an account", `
Technical description and details:
The page that resets a password answers at once for an address without account,
and after a second for one that has one.

URL: https://login.imengine.example/reset
Time of day: 2026-09-12 10:15 CEST
Source IP: 198.51.100.23

Joost Halverson
`)
	s.later(3 * hour)
	s.move("lead", id, "verify", "", "")
	s.move("lead", id, "waiting-for-reporter", "", `
Subject: How did you measure it?

Dear Joost Halverson,

thank you for your report. Could you send us the steps that show the difference,
and how many addresses you tried?

Kind regards
The Imengine Information Security Team
`)
	s.later(1 * day)
	s.answer(id, `
Steps to reproduce:
1. Ask for a reset of an address of your own.
2. Ask for one of an address that nobody has.
3. Compare the times. I tried three addresses, all mine.

Joost Halverson
`)
	s.later(2 * day)
	s.set("lead", id, "owner=lead", "analysis.in_scope=true", "analysis.asset=both", "analysis.verdict=valid",
		"steps=Ask for a reset of a known and of an unknown address, and compare the times (mail 2).",
		"analysis.text=980 ms against 35 ms: the mail is sent before the answer.",
		"priority=low", "assessment.customer_impact=Who is a customer can be guessed, one address at a time.", "assessment.cwe[]=CWE-208")
	s.signs("lead", id, "conduct.status=ok", "conduct.evidence=Three requests in the log.", "conduct.data_accessed=no",
		"risk.decision=fix", "risk.text=A queue for the mails is due anyway.", "risk.by=lead")
	s.signs("triage", id, `risk.approvals[]={"by":"triage","text":"With the next release."}`)
	s.move("lead", id, "remediate", "", "")
	s.later(5 * day)
	s.reply("lead", id, `
Subject: The fix comes with the next release

Dear Joost Halverson,

the answer will no longer wait for the mail. It comes with the release of the
first week of October.

Kind regards
The Imengine Information Security Team
`)
	s.later(4 * day)
}

func imengineReceived(s *stage) {
	s.report("Marit Zwaan", "marit@example.com", "Open redirect after login", `
Technische omschrijving:
The login page sends the browser to any address that stands in its parameter
"next", also to one outside of Imengine.

Stappen om te reproduceren:
1. Open the address below.
2. Log in.

URL: https://login.imengine.example/login?next=https://example.com/
Tijdstip van vaststelling: 2026-09-26 16:05 CEST

Marit Zwaan
`)
}
