package extract

import "strings"

// plain recognises headings in everyday words, as people write them who know no
// form: "Has anyone used it in anger?", "What would make it go away". They are
// looked at, in this order, before shapes.
var plain = []struct {
	path string
	re   pattern
}{
	{pathUnaffected, lower(`^(?:versions? )?(?:known (?:to be )?)?(?:good|safe|fine|healthy)(?: (?:versions?|releases?|builds?))$|^(?:clean|immune|in order)$`)},
	{pathReporter, lower(`^(?:entdeckt|gefunden|bemerkt|gemeldet|eingereicht) (?:von|durch)$|^(?:découverte?|trouvée?|signalée?|rapportée?|remarquée?) par$|^(?:ontdekt|gevonden|gemeld|opgemerkt) door$|^(?:descubierto|encontrado|reportado) por$|^(?:scoperto|trovato|segnalato) da$`)},
	{pathCredit, lower(`^(?:please )?(?:mention|name|list|credit|thank|quote|acknowledge) (?:me|us)\b|\bkudos\b|^shout-?outs?\b|\bcredit is due\b`)},
	{pathExploited, lower(`^(?:is|are|was|has)\b.*\b(?:abus|misus|exploit|attack)(?:ed|ing)\b|\bin anger\b|\bunder attack\b|\b(?:bad|evil) (?:guys?|people|actors?|boys)\b|\b(?:in use|used|tried|known) by (?:the )?(?:attackers?|criminals|others|bad)|\b(?:used|using|exploit\w*|abus\w*|misus\w*) (?:it )?against\b|^(?:known |observed |any |real |real[- ]world |real[- ]life |actual |ongoing |active )?(?:abuse|misuse|attacks?|incidents|victims)(?: (?:in progress|by others|to date|out there|in the field))?$|\b(?:misused|abused) by\b|\b(?:criminals|crooks|attackers|hackers|thieves|intruders)\b.*\b(?:us(?:e|es|ed|ing)|abus\w*|know|at it)\b|\b(?:anybody|anyone|somebody|someone)\b.*\b(?:doing|done) (?:this|it|so)\b|^(?:wordt het|wird es|est-elle|est-il) .*(?:misbruikt|ausgenutzt|exploitée?)|\b(?:hurt|harmed|damaged|victimi[sz]ed)\b.*\b(?:any(?:one|body)|some(?:one|body)|people|customers?|users?|victims?)\b|^(?:angriffe|attaques|aanvallen|ataques|attacchi)$`)},
	{pathPublic, lower(`^(?:is (?:it|this|any of (?:it|this)) )?(?:already )?(?:out there|in the open|out in the open)(?: already| yet)?$|\b(?:known|visible|told) to (?:the )?(?:world|outside|public|others|anyone|anybody|press)|\brest of the world\b|\b(?:the )?world know|\bpress\b.*\b(?:blogs?|cve|news|media)\b|\btold (?:any(?:body|one)|others|somebody|someone|the press)\b|\bwho else\b.*\b(?:informed|told|knows?|aware|heard)\b|^(?:talks?|papers?|posts?|blogs?|articles?|lectures?|slides|press)(?:(?:,| and| or|,? &| /) (?:talks?|papers?|posts?|blogs?|articles?|lectures?|slides|press|media))+$|\bpublic knowledge\b|^(?:openbaar|openbaar gemaakt|gepubliceerd|öffentlich|öffentlich bekannt|rendu public|déjà public|público|pubblico)$`)},
	{pathDiscovery, lower(`^(?:came|come) (?:across|upon) (?:it|this)$|^(?:when|how) (?:and|&|or) (?:when|how)\b|^when\b.*\b(?:find|notice|spot|discover|run into|come across|stumble|see|hit|meet)\b.*\band how$|^how\b.*\band when$`)},
	{pathHow, lower(`\b(?:led|brought|took|pointed|drew|put) (?:(?:me|us) )?(?:to|here|there|on|onto) ?(?:it|this|that|the \w+|there|here)?$|^(?:back ?story|story|tale|history) (?:of|behind) (?:the|this|our|my) (?:find|finding|discovery)$|^(?:spotted|found|noticed|discovered|detected) (?:by means of|thanks to|with the help of|because of|through)$|^how\b.*\b(?:came|come|brought) to (?:light|my attention|our attention|notice|the surface)|^how (?:i|we) (?:got|came|ended up|arrived) (?:here|there|to it|at it|at this)$|^how\b.*\b(?:run into|come across|stumble|turned up|surfaced)|^(?:the )?(?:reason|why) (?:i|we) (?:looked|was looking|were looking|checked|noticed)|^(?:hoe|wie|comment|cómo|come)\b.*\b(?:ontdekt|gevonden|opgemerkt|aufgefallen|bemerkt|festgestellt|remarquée?|constatée?|repérée?|descubierto|scoperto)\b`)},
	{pathWhen, lower(`^(?:day|date|time) (?:on which |when |that )?(?:i|we) (?:found|learn(?:ed|t)|discovered|detected)\b|^(?:time|day|date|moment|hour|point in time) of (?:the |my |our )?(?:discovery|finding|find|detection)$|^(?:ontdekt|gevonden|opgemerkt|gevonden op|ontdekt op) (?:op|am|le)?|^(?:entdeckt|gefunden|découverte?|trouvée?|repérée?|descubierto el|scoperto il) (?:am|le|el|il)?$|^when (?:it|this|the \w+) (?:came|was brought|turned up|surfaced)\b`)},
	{pathObserved, lower(`^(?:day|date|time|moment|when) (?:on which |that |when )?(?:i|we) (?:first |last )?(?:noticed|saw|spotted|ran into|came across|stumbled|hit|tried|tested|realised|realized|observed)\b|^(?:first |last )?(?:seen|noticed|spotted|observed) (?:by (?:me|us)|on|at)$|^when\b.*\b(?:run into|come across|stumble|spot)\b|^(?:aufgefallen|bemerkt|festgestellt|gesehen|opgevallen|opgemerkt|remarquée?|constatée?|observée?|vue?) (?:am|op|le)$|^dates? et heures?\b`)},
	{pathPart, lower(`^(?:sach|material|produkt|modell)-?(?:nummer|nr\.?)$|^(?:artikel|product)code$|^réf\.? (?:de l[a'’] ?)?(?:article|produit|pièce)$|^(?:stock|catalog(?:ue)?|order(?:ing)?|item|article|part|inventory|material|type) (?:number|no\.?|nr\.?|code|key|id)$`)},
	{pathVersions, lower(`^also (?:hits|affects|affected|hit|in|seen (?:in|on|with)|present in|vulnerable)$|^versions? (?:string|hit|used|seen|in use|utilisée?s?|testée?s?|installée?s?|gebruikt|getest|verwendet|getestet)$|^(?:firmware|version|build|release)s? (?:seen|found|installed|running|present|loaded)(?: (?:on|in) (?:it|this|the \w+))?$|^(?:which|what) ones?(?: exactly| precisely)?$|^(?:release|version|build|revision|patch|firmware|software)s? (?:level|state|in use|in question|i have|we have|i run|we run|i tested|we tested|at hand|i looked at|we looked at)$|^(?:level|state|version|release|revision|build)s? of (?:the )?(?:firmware|software|programme|program|system|code)$|^(?:stand|version) der (?:firmware|software)$|^(?:firmware|software)[- ]?stand$|^stand van de (?:firmware|software)$`)},
	{pathName, lower(`^(?:reported|reviewed|examined|assessed|audited) (?:products?|software|devices?|systems?|applications?|components?)$|^(?:the )?(?:things?|items?|kit|objects?|articles?|pieces?|box|unit|gadgets?|devices?|products?|software|programmes?|programs?|tools?|machines?|equipment|components?)(?: (?:concerned|in question|hit|affected|involved|at fault|under test|i mean|we mean|i looked at|we looked at|i tested|we tested|it is about|this is about))+$|^(?:the )?(?:product|device|software|programme|program|tool|thing|machine|system) (?:i|we) (?:talk|speak|write|report|am writing|are writing)(?: about| of| on)?$|^name of the (?:beast|thing|device|tool|programme|program|software|system|patient)$|^kit$|^gear$|^(?:afflicted|faulty|troubled|defective|broken|hit|stricken|ailing) (?:products?|software|devices?|systems?|items?|programmes?|programs?|machines?|units?)$|^(?:which|what) of (?:our|your|the|their) (?:products|devices|programmes|programs|tools|systems|services|things)\b|^product ?naam$|^nom du produit$|^produktname$|^produktbezeichnung$|^nombre del producto$|^nome (?:del prodotto|do produto)$`)},
	{pathSteps, lower(`^(?:how|ways?|to|in order to|what)\b[^?]{0,40}\b(?:see|repeat|replay|re-?create|trigger|redo|provoke)\b.{0,30}\b(?:it|this|that|yourself|yourselves|desk|end|side)\b|^re-?creat(?:e|ion|ing)\b|\bplay[- ]by[- ]play\b|\bmarche à suivre\b|\bmode opératoire\b|\bvorgehen(?:sweise)?\b|\bwerkwijze\b|^how (?:you|one|anybody|anyone) (?:can|could|may|might) (?:check|see|verify|test|confirm|try|repeat|provoke)\b|^how to (?:provoke|cause|get there|make it happen|set it off)\b|^seeing is believing$|^(?:let me )?show (?:me|you|it)$|^repeat after me$|^comment (?:le |la |l['’])?(?:refaire|faire|rejouer|vérifier|provoquer)|^(?:zo|hoe) (?:doe je het|na te doen)|^so geht es$|^do (?:this|it|as follows)$|^follow me$|^(?:the )?recipe$`)},
	{pathFix, lower(`^what (?:i|we)(?:'d| would) (?:like|want|love|prefer|wish for)$|^what to do(?: about (?:it|this|that))?$|(?:'s|s'|their|reporter) (?:proposal|suggestion|idea|recommendation)s?$|^what (?:you|one|we|i|operators|users|customers|admins?|administrators) (?:can|could|should|might|may) do\b|^what\b.*\b(?:would|could|might|will)\b.*\b(?:go away|better|safe|right|stop it|close it|help|cure|heal|mend)\b|^(?:what|how)\b[^?]{0,20}\b(?:to change|change|mend|heal|put right|do better)(?: (?:it|this|that|first|there))?$|^pistes? (?:de|pour)\b|^ways? out$|^improvements?$|^verbesserung(?:svorschlag|svorschläge|en)?$|^amélioration(?:s)?$|^if i were you$|^in your (?:place|shoes|stead)$|^mak(?:e|ing) it (?:stop|better|safe|right|good|go away)$|\bcounter-?measures?\b|\bwork-arounds?\b|^(?:my |our )?(?:wish|wishes|hopes?|ideas?|thoughts?|proposals?) (?:for|on|about) (?:the |a )?(?:repair|fix|correction|remedy|cure|solution)$|^(?:remedy|cure|repair|fix|solution) (?:i|we) (?:would|suggest|propose|recommend|want)\b`)},
	{pathOrganisation, lower(`^(?:bedrijf|organisatie|werkgever|empresa|azienda|empleador|dienstgever|from the (?:house|company|firm) of|house|firm|place of work|workplace|working for|i work for|we work for|who i work for|where i work)$`)},
	{pathEmail, lower(`^(?:(?:please )?(?:write|reply|answer|mail)(?: back)? (?:me |us )?(?:to|at)|answers? (?:go |please )?to|replies (?:go )?to|(?:rückfragen|antworten?|fragen) (?:bitte )?an|réponses? à|antwoord(?:en)? (?:aan|naar)|vragen aan)$`)},
	{pathReporter, lower(`^(?:who|whom)\b.{0,12}\b(?:asking|writing|reporting|i am|we are|am i|are we|are you|tells|speaking|talking)\b|^(?:person|people|party|somebody|someone) (?:making contact|to (?:contact|ask|talk to|write to|call)|who (?:reports|found|writes).*)$|^about the (?:sender|author|person|finder|reporter|writer)$|^correspondence$|^(?:signed|yours truly|signed by|brought to you by|with love from|reporting person|your informant)$|^(?:questions|rückfragen) (?:please )?(?:go )?(?:to|an)$`)},
	{pathURL, lower(`^(?:place|page|spot|site|address) (?:of|with) (?:the )?(?:bug|problem|issue|fault|flaw|weakness|hole|trouble|defect)$`)},
	{pathDescription, lower(`^(?:the )?(?:gist|trouble|fault|defect|flaw|hole|bug|failure)(?: itself)?$|^nature (?:of|du|der|van) (?:the |het )?(?:flaw|fault|bug|defect|problem|problème|issue|weakness|trouble|probleem)$|^what (?:the )?(?:matter|trouble|problem|fault|bug) is$|^(?:explication|explications|erklärung|erläuterung|uitleg|toelichting|explicación|spiegazione|explanation)$|^what it does(?: wrong)?$|^what does it do(?: wrong)?$|^what happens\b`)},
}

// plainPath is where a heading in everyday words leads.
func plainPath(label string) (string, bool) {
	for _, p := range plain {
		if p.re.in(label) {
			return p.path, true
		}
	}
	return "", false
}

// ownFind is said of the moment at which the reporter came upon the weakness.
var ownFind = lower(`^(?:date and )?time of (?:the |my |our )?(?:finding|discovery|find)$|\b(?:notic|spot|stumbl|came across|ran into|reali[sz]ed|aufgefallen|bemerkt|opgevallen|opgemerkt|remarqu|constat)|^when (?:i|we)\b|\bby (?:me|us)$`)

// asAsked is where a heading leads in view of what the programme asks for: "When
// I noticed" is the day of the finding where it does not ask for the time of the
// test.
func (d *document) asAsked(h heading) string {
	if h.path == pathObserved && !d.asks(pathObserved) && ownFind.in(normalLabel(h.label)) {
		return pathWhen
	}
	return h.path
}

var (
	// leadWords and tailWords are what a heading may have around the name of a
	// field.
	leadWords = lower(`^(?:(?:so|and|but|now|well|then|ok|okay|also)(?:,\s*|\s+))?(?:(?:the|its|our|my|their|le|la|les|der|die|das|het|possible|probable|potential|suggested|proposed) )?`)
	tailWords = lower(`,? (?:in question|so far|to date|until now|till now|by now|yet|if any|if known|known|bekend|bekannt|connue?s?|conocid[ao]s?|beobachtet|gesehen|constatée?s?|observée?s?|gezien|waargenomen|observed|seen|noticed|in one go|in brief|in a few words|in plain words)$`)
)

// core is a label without the words around the name of a field, or empty when it
// has none.
func core(label string) string {
	short := label[len(leadWords().FindString(label)):]
	if at := tailWords.at(short); at != nil {
		short = short[:at[0]]
	}
	if short = strings.TrimSpace(short); short == label {
		return ""
	}
	return short
}
