package extract

import (
	"strings"
	"sync"

	"github.com/docket-psirt/docket/internal/psirt"
)

// Paths that a heading may lead to. Those of the report have its JSON names;
// the others only say what a section is not.
const (
	pathTitle        = "title"
	pathProducts     = "products"
	pathName         = "products.name"
	pathPart         = "products.part_number"
	pathType         = "products.type"
	pathVersions     = "products.versions"
	pathDiscovery    = "discovery"
	pathHow          = "discovery.how"
	pathWhen         = "discovery.when"
	pathExploited    = "exploited"
	pathPublic       = "public_info"
	pathDescription  = "description"
	pathSteps        = "steps"
	pathFix          = "suggested_fix"
	pathURL          = "url"
	pathObserved     = "observed_at"
	pathSourceIP     = "source_ip"
	pathCredit       = "credit_wish"
	pathReporter     = "reporter"
	pathReporterName = "reporter.name"
	pathPseudonym    = "reporter.pseudonym"
	pathOrganisation = "reporter.organisation"
	pathEmail        = "reporter.email"

	pathRunning    = "running"    // the version that the reporter has, when another line says which are affected
	pathUnaffected = "unaffected" // versions that are not
	pathKnown      = "known_exploits"
	pathTimeline   = "timeline" // what was done when, and will be
	pathOther      = "other"    // a heading, but of nothing that is a field
)

// headings are the words that stand alone in a heading or before a colon.
var headings = map[string]string{
	pathTitle:        "título|titolo|asunto|onderwerp|title|subject|vulnerability|vulnerability name|vulnerability title|name of the vulnerability|name of vulnerability|report title|issue title|headline|what|titre|objet|intitulé|titel|betreff|bezeichnung",
	pathName:         "prod|which|which one|which ones|which product|which box|box|sys|affected model|affected models|concerned|domain|domain name|affected domain|affected domains|subdomain|hostname|host name|affected host|affected hosts|affected website|affected site|affected service|vulnerable service|vulnerable application|vulnerable asset|affects|subject of this report|subject of the report|what this is about|concerns|it concerns|betrifft|concerne|where it sits|producto|producto afectado|productos afectados|prodotto|prodotti|prodotto interessato|getroffen product|produto|produto afetado|sistema|dispositivo|product|products|product name|affected product|affected products|affected product name|affected|affected system|affected systems|affected device|affected devices|affected software|affected component|affected asset|affected assets|affected package|package|package name|affected equipment|concerned product|concerned equipment|equipment concerned|concerned system|vulnerable component|vulnerable system|vulnerable software|impacted system|impacted component|product affected|products affected|system affected|name of the product|name of product|tested product|tested device|tested system|device under test|target system|target product|affected item|affected items|vulnerable product|impacted product|impacted products|device|equipment|appliance|model|what it is|item concerned|product concerned|system|software|hardware|application|app|target|asset|produit|produit concerné|produits concernés|produit affecté|logiciel|appareil|produkt|produkte|betroffenes produkt|betroffene produkte|betroffenes system|gerät|modell|anwendung",
	pathProducts:     "identification|affected product code base|affected product(s)/code base|product code base|product and version|product and versions|products and versions|products and versions affected|product and version affected|product and versions affected|affected products and versions|product identification|product details|scope|produit et version|produkt und version|product / version|product/version",
	pathPart:         "referencia|número de pieza|riferimento|referência|part number|part no|part-number|p/n|pn|reference|product reference|product ref|reference number|ref|article number|article no|sku|model number|model no|order number|référence|référence produit|artikelnummer|artikel-nr|teilenummer|bestellnummer|product code|product id",
	pathType:         "kind|nature|type|product type|hardware or software|hw/sw|hardware/software|kind of product|type de produit|produktart",
	pathVersions:     "vers|which version|which versions|affected firmware version|affected firmware versions|build number|build numbers|version numbers|release number|firmware level|firmware levels|patch level|releases affected|versions concerned|versión|versiones|versión afectada|versiones afectadas|versione|versioni|versioni interessate|versie|versies|getroffen versies|versão|versões|version|versions|version(s)|version number|affected version|affected versions|affected version(s)|versions affected|version affected|vulnerable version|vulnerable versions|impacted version|impacted versions|impacted builds|affected builds|affected releases|releases|release|build|builds|affected firmware|tested version|tested versions|version concernée|versions concernées|version affectée|versions affectées|betroffene version|betroffene versionen|versionen|software version|product version",
	pathRunning:      "firmware|firmware version|firmware rev|firmware revision|firmware release|my version|our version|installed version|running version|current version|software revision|software release|rev|revision|version du micrologiciel|firmware-version",
	pathUnaffected:   "does not affect|not concerned|safe versions|good versions|not affected|unaffected|not vulnerable|unaffected versions|not affected versions|fixed version|fixed versions|fixed in|patched in|patched version|patched versions|unaffected version|not impacted|non concerné|versions non concernées|nicht betroffen",
	pathDiscovery:    "when/how|how/when|when, how|how, when|detected|identified|uncovered|encountered|came up|disc|first noticed|how i came to it|how it came up|origin of the finding|origin|spotted|noticed by accident|story|story of the finding|history of the finding|the story|path to discovery|descubrimiento|scoperta|ontdekking|descoberta|discovery|discovered|found|how and when|how and when discovered|how and when it was discovered|how and when found|circumstances of discovery|circonstances de la découverte|découverte|entdeckung|entdeckt|fund",
	pathHow:          "discovered with|found with|detected with|seen how|noticed how|seen by|observed by|noticed by|spotted by|how|found by|how found|how discovered|discovered how|discovered through|discovered via|found through|found via|detection|detected by|way of discovery|research method|how i found it|how we found it|how it was found|how it was discovered|discovery method|method of discovery|method|how i found this|how we noticed|found how|found while|comment découvert|wie gefunden|fundweg",
	pathWhen:         "date found|when found|found when|discovered when|first discovered|initially discovered|found on|discovered on|date of discovery|discovery date|date discovered|when discovered|first noticed on|date de découverte|date de la découverte|datum der entdeckung|entdeckungsdatum|gefunden am|entdeckt am|discovery time",
	pathExploited:    "expl|wild|exploitation seen|malicious exploitation|explotación|explotado|sfruttamento|misbruik|exploração|exploited|exploitation|exploited in the wild|in the wild|seen in the wild|active exploitation|actively exploited|evidence of exploitation|exploitation status|exploit status|abuse|known abuse|exploited by others|observed exploitation|exploitation in the wild|abuse seen|misuse known|malicious use|known exploitation|known attacks|attacks|attacks seen|misuse|exploitation malveillante|exploitation connue|ausnutzung|bekannte ausnutzung|missbrauch|wird ausgenutzt",
	pathKnown:        "known exploits|exploits|exploits known|existing exploits|exploit|exploit available|public exploits|exploits connus|bekannte exploits",
	pathPublic:       "told|known to|publ|pub|going public|publicity so far|made public|who knows about it|told anyone|secrecy|confidentiality|disclosure calendar|told to|who knows|who else knows|publication date|publicación|divulgación|pubblicazione|divulgazione|publicatie|openbaarmaking|publicação|divulgação|public|publication|publications|public information|public disclosure|disclosure|disclosure status|disclosure plans|disclosure plan|planned disclosure|planned publication|publication plans|plans for publication|plans to publish|disclosure timeline|disclosure policy|our disclosure policy|public status|publication status|published|publicity|anything public|public info|publicly known|already public|coordinated disclosure|information publique|informations publiques|divulgation|publications prévues|veröffentlichung|veröffentlichungen|offenlegung|bekanntmachung",
	pathDescription:  "desc|descr|short description|vuln description|what is wrong exactly|in detail|in a nutshell|nutshell|synopsis|observation|observations|bug summary|issue summary|vulnerability summary|finding description|descripción|descripción técnica|descripción del problema|resumen|detalles|descrizione|descrizione tecnica|riepilogo|dettagli|beschrijving|omschrijving|samenvatting|descrição|detalhes|resumo|description|technical description|complete technical description|technical details|technical detail|details|detail|summary|executive summary|overview|abstract|what happens|what goes wrong|what is wrong|the problem|problem|the issue|issue|weakness|vulnerability description|vulnerability details|description of the vulnerability|the vulnerability|the bug|bug|finding|findings|our finding|my finding|what we found|what i found|finding details|issue description|bug description|issue details|technical analysis|root cause|overview of the vulnerability|nature of the problem|vulnerability overview|description of the issue|description of the problem|detailed description|detailed technical description|security issue|security problem|analysis|explanation|background|what is the problem|description technique|description du problème|description de la vulnérabilité|détails|détails techniques|résumé|problème|beschreibung|technische beschreibung|technische details|zusammenfassung|problembeschreibung|schwachstelle|problematik|symptom|in short|tl;dr",
	pathSteps:        "how to|verification|how to verify|check it|repr|step by step|step-by-step|test|tests|how to see it yourself|do it yourself|walk through it|recipe to reproduce|how i tested|how we tested|how tested|how it was tested|what i did|what we did|my test|our test|test performed|steps performed|pasos a seguir|walk through|replay|replay it|try it|try it yourself|see it|see it yourself|how to check|how to verify|how to test|how to confirm|how to see it|to repeat|how to repeat|way to reproduce|ways to reproduce|pour reproduire|zum reproduzieren|zum nachstellen|om te reproduceren|para reproducir|per riprodurre|proof|our proof|proof of the problem|how to see it|see for yourself|how to trigger|trigger|method of reproduction|reproduction method|reproduction guide|steps for reproduction|technical steps|test procedure|test steps|attack steps|attack scenario|exploit steps|exploitation steps|recipe|pasos|pasos para reproducir|cómo reproducir|reproducción|prueba de concepto|passi|passaggi|come riprodurre|riproduzione|stappen|stappenplan|reproductie|passos|passos para reproduzir|reprodução|steps|steps to reproduce|steps to confirm|steps to repeat|reproduce|reproduction|reproduction steps|reproducing|how to reproduce|to reproduce|repro|repro steps|poc|proof of concept|proof-of-concept|demonstration|demo|test case|replication|comment reproduire|reproduire|étapes|étapes de reproduction|étapes pour reproduire|preuve de concept|schritte|schritte zur reproduktion|schritte zum reproduzieren|reproduktion|reproduzieren|reproduzierbarkeit|nachstellen|procedure|walkthrough|walk-through|exploit code",
	pathFix:          "ideas|our idea|my idea|our ideas|my ideas|our advice to you|sol|mitig|mit|my two cents|two cents|our two cents|correction proposal|proposal for correction|what would help|what could help|how to close it|a cure|wish|fix suggestion|fix suggestions|fix proposal|fix recommendation|fix advice|possible solutions|possible remediation|possible mitigation|possible mitigations|recommended remediation|recommended mitigation|recommended solution|recommended fixes|remediation suggestion|remediation recommendation|mitigation suggestion|mitigation recommendation|patch suggestion|suggested patch|proposed patch|patches|a way out|way out|cure|idea for a fix|idea|countermeasure|what i suggest|what we suggest|i suggest|we suggest|suggérée|suggestie|voorstel|vorschlag zur behebung|propuesta|proposta|our proposal|my proposal|proposal|proposed solution|proposed remediation|proposed mitigation|remediation advice|remediation guidance|mitigation advice|what to do|advice|our advice|my advice|our suggestion|my suggestion|our recommendation|my recommendation|suggested change|solución|solución propuesta|corrección|recomendación|mitigación|correzione|soluzione|raccomandazione|oplossing|voorgestelde oplossing|aanbeveling|correção|solução|recomendação|fix|fixes|fix idea|fix ideas|suggested fix|suggested fixes|proposed fix|possible fix|recommended fix|suggested correction|proposed correction|possible correction|correction|suggested remedy|proposed remedy|remedy|repair|mitigation|mitigations|mitigation idea|mitigation ideas|suggested mitigation|suggested remediation|remediation|recommendation|recommendations|recommended action|suggestion|suggestions|suggested solution|solution|workaround|workarounds|how to fix|how to fix it|what i would do|correction proposée|correctif|correctif proposé|proposition de correction|recommandation|recommandations|solution proposée|lösung|lösungsvorschlag|lösungsvorschläge|vorschlag|empfehlung|empfehlungen|behebung|abhilfe|gegenmaßnahme|gegenmaßnahmen",
	pathURL:          "spot|the spot|place|where it is|where it happens|web page address|path|adresse de la page|page web|plek|plaats|link to the page|entry point|enlace|dirección|indirizzo|collegamento|url|urls|link|where|location|affected url|affected urls|vulnerable url|endpoint|affected endpoint|page|web page|website|site|web address|address of the page|address|host|uri|adresse|lien|page concernée|url concernée|seite|ort|betroffene url|betroffene seite",
	pathObserved:     "clock|constaté le|constatée le|vu le|observé le|gezien op|vastgesteld op|datum en tijdstip|festgestellt am|bemerkt am|visto el|rilevato il|test time|test date|tested at|tested on date|fecha y hora|data e ora|datum en tijd|tijdstip|data e hora|hora|fecha|when|time|date|date and time|date/time|time and date|noticed|seen|seen at|seen on|noticed at|noticed on|observed|observed at|observed on|time noticed|time of day|time observed|timestamp|time of test|time of testing|first seen|first observed|date et heure|heure|moment|quand|zeit|zeitpunkt|uhrzeit|datum|datum und uhrzeit|wann",
	pathSourceIP:     "tested from ip|ip tested from|from|i came from|came from|i tested from|connecting from|requests came from|my requests came from|requests from|traffic from|mon adresse|my public ip|public ip|wan ip|outgoing ip|client ip|ip-adres van de tester|von ip|test source|mi ip|dirección ip|indirizzo ip|mijn ip|ip-adres|mijn ip-adres|endereço ip|source ip|source ips|source ip address|source ip addresses|my source ip|our source ip|my ip|my ips|our ip|our ips|my ip address|my address|ip|ips|ip address|ip addresses|from ip|from ips|tester ip|testing ip|test ip|ip used|ip used for testing|tested from|testing from|source address|ip source|adresse ip|mon adresse ip|mon ip|adresse ip source|quell-ip|quell-ip-adresse|ip-adresse|meine ip|meine ip-adresse",
	pathCredit:       "créditos|agradecimientos|crediti|ringraziamenti|naamsvermelding|agradecimentos|credit|credits|credit as|credit to|credit wish|crediting|acknowledgement|acknowledgements|acknowledgment|acknowledgments|acknowledge as|hall of fame|recognition|attribution|thanks|thanks to|remerciements|crédit|crédits|danksagung|nennung|namensnennung",
	pathReporter:     "reporting party|reporting organisation|reporting organization|meldende stelle|meldende person|ansprechpartnerin|meldende|melderin|hinweisgeber|gemeldet durch|declarant|déclarant|personne à contacter|contactpersoon|melder van het lek|discoverer|discoverers|discoverer(s)/credits|finders|credit to the finder|author(s)|authors|escalated by|raised by|filed by|sent by|written by|notified by|reported from|who to write to|who to contact|whom to contact|whom to write to|write to|answer to|reply address|my contact|point of contact|poc contact|contacto|contatto|contatti|contactgegevens|contato|autor|contact|contacts|contact information|contact info|contact details|contact data|contact person|contact for questions|how to reach me|how to reach us|reachable at|reporter|reported by|by|discovered by|credited researcher|best reached at|reach me at|reporter details|reporter information|escalator|submitter|submitted by|researcher|researchers|finder|found by us|author|about me|about us|about the reporter|who i am|who we are|who|names|names and such|me|us|contact me at|contact me|contact us|contact us at|reach us at|mail me at|your contact|my contact|name and contact|my details|sender|coordonnées|contactez|rapporteur|signalé par|auteur|kontakt|kontaktdaten|ansprechpartner|melder|gemeldet von|meine daten|absender",
	pathReporterName: "first name|given name|forename|vorname|prénom|voornaam|last name|family name|surname|nachname|familienname|nom de famille|achternaam|apellidos|name|my name|full name|your name|reporter name|name of reporter|contact name|nom|nom complet|mein name",
	pathPseudonym:    "researcher handle|hacker handle|hacker alias|reporter handle|researcher username|researcher alias|my handle|online handle|handle|pseudonym|alias|nick|nickname|pseudo|pseudonyme",
	pathBehalf:       "on behalf of|on behalf|reporting on behalf of|reported on behalf of|submitted on behalf of|im auftrag von|pour le compte de|namens|en nombre de|per conto di|em nome de",
	pathOrganisation: "customer|end customer|org|organisation|organization|company|employer|affiliation|institution|university|entreprise|société|organisme|employeur|firma|unternehmen|arbeitgeber",
	pathEmail:        "e-mail|email|mail|e-mail address|email address|mail address|contact e-mail|contact email|reply to|reply-to|courriel|adresse e-mail|adresse mail|e-mail-adresse",
	pathOther:        "product url|product urls|product url(s)|product page|product link|product website|vendor|vendor url|vendor urls|vendor homepage|vendor website|vendor status|vendor contact|homepage|project url|software link|download link|link to the software|see also|risk factor|plugin information|plugin output|plugin id|exploitable with|cvss v3.0 base score|cvss v2.0 base score|cvss temporal score|platform tested|installer file|crash information|confidential|date of report|report date|date of this report|type of weakness|has vendor confirmed or acknowledged the vulnerability|vendor confirmed or acknowledged|vendor of product|vendor of the product(s)|vendor name|attack vectors|impact code execution|cve impact other|cve id|cve ids|cve|cve-id|vulnerabilitytype other|vulnerability type other|type of vulnerability|type of issue|type of bug|bug category|owasp|owasp category|cvss v3|cvss v3.1|cvss v4|cvss v4.0|cvss 3.1|cvss 4.0|cvss base score|cvss v3.1 vector|cvss v4.0 vector|tlp|traffic light protocol|tracking number|http request|http response|raw request|raw response|account|account used|test account|shot|shots|secrets|vulnerability id|case number|your reference|our reference|language|time spent|severity|impact|risk|category|weakness type|vulnerability type|vulnerability class|cwe|cvss|cvss score|score|references|attachments|attachment|attached|screenshot|screenshots|evidence|environment|test environment|tested with|tested on|browser|browsers|operating system|os|tools|tools used|set-up|setup|further information|additional information|anything else|other|remarks|notes|note|comments|tracking number|vendor|deadline|priority|user agent|log excerpt|logs|background information|preconditions|prerequisites|attack vector|auswirkung|auswirkungen|gravité|schweregrad|anhang|anhänge|bildschirmfoto|captures d'écran|pièces jointes|weiteres|sonstiges|autres informations|umgebung|environnement|expected result|expected|actual result|actual|result|results|expected behaviour|expected behavior|phone|telephone|mobile|ecosystem|security impact|business impact|technical impact|vrt|vrt category|target type|bug type|class|attack type|attack complexity|privileges required|user interaction|weaknesses|cwe id|cvss vector|vector|likelihood|indicators|indicators of compromise|iocs|ioc|supporting material|supporting materials|supporting material/references|scenario|consequence|consequences|gevolgen|ernst|telefon|téléphone|pgp|pgp key|fingerprint|legal|payload|request|response|field|hardware revision|license|serial number",
}

// shapes recognise headings by their words, in this order, when headings has
// them not.
var shapes = []struct {
	path string
	re   pattern
}{
	{pathDescription, lower(`^(complete |full |detailed )*(technical )?description\b`)},
	{pathOther, lower(`\b(reported|told|sent) (to )?(them|the (other )?(vendor|maker|manufacturer)|others) separately\b|\b(an)?other (vendor|maker|manufacturer)s?\b`)},
	{pathURL, lower(`^location of\b`)},
	{pathUnaffected, lower(`\b(not|un|non|nicht)[ -]?(concerned|affected|tested|checked|vulnerable|impacted|concerné|betroffen)|\bfixed (in|version)`)},
	{pathTimeline, lower(`\btimeline\b|\btimetable\b|\bchronolog\w*|\bzeitlicher ablauf\b`)},
	{pathCredit, lower(`^(this|the) (vulnerability|issue|bug|weakness|flaw)\b.*\b(discovered|found|reported|identified) by$|\b(credit(ed|s)?|acknowledge(d|ment)?s?|hall of fame|thank[- ]you|thanks page|(mention|name) (me|us|you)\b.*\bas|(may|can|shall|should) .{1,30} be (named|mentioned|credited|thanked)|(may|can|shall|should) we (name|mention|credit|thank|list)|\b(want|like|wish|prefer) to be (credited|named|mentioned|acknowledged)\b|\bname in (public|print|the advisory|(a|the|your) hall)\b|\bpublic name\b|\b(for|in) (the )?(thanks|thank[- ]yous?|advisory)$|how (to|shall we|should we|do you want to be) (credit|name|mention)(ed)?|thank you list)\b`)},
	{pathKnown, lower(`^(any |other |public |existing |working |available )?exploits? (out there|around|known|available|seen|in use|in circulation|status)\b|\bknown exploits?\b`)},
	{pathObserved, lower(`^when\b.{0,12}\b(from (where|which|what)|where from)\b|^(first|earliest) (malicious|suspicious|attack|hit|request|attempt|exploit)|\b(time|hour|moment|heure|uhrzeit|zeitpunkt)\b.*\b(noticed|observed|seen|test|constat|beobacht|day|date)|\b(date|day) (and|et|und|/|&) (time|heure|uhrzeit)\b|^when (did|was|were|have) .*\b(notice|observe|see|test|happen|occur)|^(noticed|observed|seen|tested) (at|on|when)\b`)},
	{pathDiscovery, lower(`\b(date|when|time) (and|&|/) (manner|way|circumstances|method|how|place)\b|\b(manner|way) of (the )?(discovery|finding)\b`)},
	{pathWhen, lower(`^since when\b.*\b(know|known|aware)\b|^(when|wann|quand)\b.*\b(find|found|discover(ed)?|gefunden|entdeckt|découvert\w*)\b|\bdate\b.*\b(discover|found|finding|discovery|découverte)|\bdiscover\w* (date|on)\b`)},
	{pathDiscovery, lower(`\b(story|history|path|origin|background) (of|to|behind) (the |this |our |my )?(finding|find|discovery)\b|\bhow and when\b|\bwhen and how\b|\bcircumstances\b|\bdiscovery\b|\bdécouverte?\b|\bentdeck`)},
	{pathHow, lower(`^(how|wie|comment)\b.*\b(stumbled?|ran into|hit|met|learn(ed|t)|find|found|discover(ed)?|notic(e|ed)|came (across|to|upon)|spotted|detect(ed)?|gefunden|entdeckt|découvert\w*|trouvé\w*)\b`)},
	{pathSteps, lower(`^how to (check|verify|test|confirm|see|trigger|repeat|replay)\b|\b(steps?|reproduc\w*|repro|proof[- ]of[- ]concept|poc|reproduire|étapes?|schritte|nachvollziehen|nachstellen|reproduktion|stappen|pasos|passaggi|replicate)\b`)},
	{pathFix, lower(`^how (i|we|you|one|it) (would|could|should|can|might) (be )?(correct|fix|solve|repair|close|cure|mend|handle)|^what (could|should|can|would|might|may) (be done|help|cure|solve|stop|prevent|improve|i do|we do|you do)\b|\b(have|got) (a|any) (suggestions?|ideas?|proposals?)\b|^how to (close|solve|correct|repair)\b|\b(fix(ed)?|remed(y|iation|iate)|mitigat\w*|repair(ed)?|correction|corriger|workaround|recommendations?|recommended|lösung\w*|behebung|behoben|countermeasures?)\b`)},
	{pathExploited, lower(`\b(signs?|evidence|traces?|indications?|reports?) of (abuse|misuse|attacks?|exploit\w*|use)\b|\b(exploitation|exploited|in the wild|malicious (actor|use|activity)s?|attacks? (seen|observed|known)|abused?|misused?|ausgenutzt|ausnutzung|exploitée?)\b`)},
	{pathPublic, lower(`\bknown (outside|elsewhere|to others|already)\b|\b(anybody|anyone|who) (else )?(knows?|told|informed)\b|\b(plan|intend|want) to (publish|disclose)\b|\b(public(ly|ation|ations)?|publi(sh|shed|shing|c|que|ques|é)|disclos\w*|veröffentlich\w*|divulgation|embargo)\b`)},
	{pathSourceIP, lower(`\b(source|my|our|your|tester'?s?|testing|client|own|mon|meine|quell)\b.*\b(ips?|ip[- ]address(es)?|address(es)?)$|\bips? (address(es)? )?(used|of|from)\b`)},
	{pathURL, lower(`\burls?\b|\b(link|address|location)\b.*\b(issue|page|problem|vulnerab\w*)\b|^(where|wo|où)\b.*\b(is|occurs?|found|happens?|see)\b`)},
	{pathPart, lower(`\b(part|article|item) (number|no|nr)\b|\bproduct ref(erence)?\b|\bartikel-?(nummer|nr)\b`)},
	{pathProducts, lower(`\bproducts?\b.*\bversions?\b|\bproduct identification\b|\bidentification (of|du|des) (the )?produ|\bproduits?\b.*\bversions?\b|\bprodukte?\b.*\bversion(en)?\b`)},
	{pathRunning, lower(`^(?:bmc|bios|controller|device|system|server|app|agent|client|sdk|applet|reader|gateway|console) (?:firmware|software|version|release|build)(?: version)?$`)},
	{pathVersions, lower(`\b(affected|vulnerable|impacted|tested|concerned|betroffene|software|which|what|quelle)\b.*\b(versions?|releases?|builds?|versionen|firmwares?)\b|^(versions?|releases?|builds?|firmwares?)\b.*\b(affected|vulnerable|impacted|tested|concerned)\b`)},
	{pathName, lower(`\b(affect(s|ing)?|concern(s|ing)?|impact(s|ing)?|found in|present in) the following (products?|systems?|devices?|software|components?|applications?)$|\b(affected|vulnerable|impacted|concerned|which|what|betroffene\w*|quel)\b.*\b(products?|systems?|devices?|software|hardware|components?|applications?|assets?|produkte?|geräte?|produits?|logiciels?)\b|\bproduits? (concernés?|affectés?)\b`)},
	{pathReporter, lower(`\bnames? and contact\b`)},
	{pathOrganisation, lower(`\b(name of )?(your |my )?(organi[sz]ation|company|employer|affiliation)$`)},
	{pathReporter, lower(`\b(contact|reporter|reach (me|us|you)|escalator|submitter|coordonnées|kontakt\w*)\b`)},
	{pathDescription, lower(`^what (did (you|i|we) (find|see|discover|notice)|have (you|i|we) found|is (broken|wrong|the matter)|i saw|we saw|breaks|happened)\b|\b(description|technical|details?|vulnerabilit(y|é)|weakness|problem|problème|issue|beschreibung|schwachstelle|sicherheitslücke|what (goes|went|is|happens)|finding)\b`)},
	{pathOther, lower(`\bcvss\w*|\bscore\b|\b(information|impact|severity|references?|timeline|screen ?(shots?|captures?)|attach(ed|ments?)|informations|tested (on|with)|environment)\b`)},
}

var baseWords = sync.OnceValue(func() map[string]string {
	words := map[string]string{}
	for _, table := range [...]map[string]string{headings, eastHeadings} {
		for path, list := range table {
			for _, word := range strings.Split(list, "|") {
				words[lowered(word)] = path
			}
		}
	}
	return words
})

// vocabulary leads from a heading to a path of the report.
type vocabulary struct{ own map[string]string }

func newVocabulary(form psirt.ReportForm) vocabulary {
	own := map[string]string{}
	for path, words := range form.Words {
		for _, word := range words {
			own[normalLabel(word)] = path
		}
	}
	return vocabulary{own}
}

// exact reports where a heading leads that is a phrase of the vocabulary.
func (v vocabulary) exact(label string) (string, bool) {
	if path, ok := v.own[label]; ok {
		return path, true
	}
	if path, ok := baseWords()[label]; ok {
		return path, true
	}
	return v.variant(label)
}

var spelling = strings.NewReplacer("_", " ", "(s)", "s", "(en)", "en", "(e)", "e", " & ", " and ")

// variant is exact for a label in another spelling, as in "affected_version",
// or in two languages, as in "Heure / Time".
func (v vocabulary) variant(label string) (string, bool) {
	if other := spelling.Replace(label); other != label {
		return v.exact(collapse(other))
	}
	if hyphened := strings.ReplaceAll(label, "-", " "); hyphened != label {
		if path, ok := v.exact(hyphened); ok {
			return path, true
		}
	}
	first, rest, ok := strings.Cut(label, "/")
	if !ok || wordCount(label) > 8 {
		return "", false
	}
	if path, ok := v.exact(strings.TrimSpace(first)); ok {
		return path, true
	}
	return v.exact(strings.TrimSpace(rest))
}

// find is exact, or else by the words in the heading.
func (v vocabulary) find(label string) (string, bool) {
	if path, ok := v.exact(label); ok {
		return path, true
	}
	if i := strings.IndexAny(label, "(["); i > 0 { // "Severity (ours)"
		if path, ok := v.exact(strings.TrimSpace(label[:i])); ok {
			return path, true
		}
	}
	if n := wordCount(label); n == 0 || n > 20 {
		return "", false
	}
	if path, ok := plainPath(label); ok {
		return path, true
	}
	for _, shape := range shapes {
		if shape.re.in(label) {
			return shape.path, true
		}
	}
	if short := core(label); short != "" {
		return v.find(short)
	}
	return "", false
}

var labelNumber = lower(`^(?:[ivx]{1,4}\.\d{1,2}[.)]?\s|[一二三四五六七八九十]{1,2}[、．.]|[(（]?\d{1,2}[、．）]|\d{1,2}(?:\.\d{1,2})+\s|\d{1,2}\s|\(?(?:\d{1,2}(?:\.\d{1,2})*|[ivx]{1,4}|[a-h])[.):]+|§|#+|\d\x{fe0f}?\x{20e3})\s*`)

// normalLabel is a heading without number, marks and case.
func normalLabel(label string) string {
	low := lowered(strings.Trim(collapse(label), "*_ ")) // an accent leaves a "_" behind its letter
	low = strings.ReplaceAll(strings.ReplaceAll(low, "’", "'"), "‑", "-")
	low = labelNumber().ReplaceAllString(strings.TrimLeft(low, "*_#=<[|•-–—· \t【「"), "")
	return strings.TrimLeft(strings.Trim(low, "*#=<>[]|:：?？.·•~ \t-–—【】「」"), "_")
}
