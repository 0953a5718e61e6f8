package extract

import "strings"

// What reporters say in running text beyond the first lists: turns of phrase of
// everyday English, and prose in French, German, Spanish, Italian, Portuguese
// and Chinese. Each constant goes on with the alternatives of the pattern that
// it is named after.

const (
	foundMore = `|\b(?:came|has come|come) to light\b|\b(?:lo|la|los|las|me|nos) (?:descubrí|descubrimos|encontré|encontramos|detecté|detectamos|di cuenta|dimos cuenta)\b|\b(?:descubrí|descubrimos|encontré|encontramos|detecté|detectamos|descobri|descobrimos|encontrei|percebi|notei)\b|\b(?:ich|wir|bin|sind)\b[^;:]{0,80}\bgestoßen\b|\b(?:je suis|nous sommes) tombée?s? (?:dessus|sur)\b|\bci siamo accorti\b|\bmi sono accort[oa]\b|\b(?:zag|merkte|ontdekte|vond|vonden|merkten) (?:ik|we|wij)\b|我(?:们)?[^，。；]{0,40}发现|发现的$|\b(?:mandant(?:in)?|kund(?:e|in)|kolleg(?:e|in)|mitarbeiter(?:in)?)\b[^;:]{0,120}\b(?:entdeckt|bemerkt|gefunden|festgestellt)\b|\b(?:clients?|customers?)\b[^.;:]{0,60}\b(?:found|noticed|discovered|came across)\b|\b(?:clients?|constituents?|researchers?|finders?|reporters?|engineers?|administrators?|contacts?)\b[^.;:]{0,60}\b(?:found|noticed|discovered|came across|spotted|observed)\b|\b(?:aufgefallen|untergekommen|begegnet) ist (?:es |das |dies )?(?:mir|uns)\b|\b(?:ci siamo|mi sono|me ne sono) (?:accort[oaie]|resi conto)\b|気づき|気付き|発見し|発見いたし|見つけまし|見つかりまし|\b(?:evaluation|testing|review|audit|assessment|examination|penetration test) (?:took place|was (?:done|carried out|performed|conducted))\b|^(?:found|noticed|discovered|spotted) (?:today|yesterday|this (?:morning|afternoon|evening)|last night)\b`

	saysYesMore = `|\b(?:we|i) (?:already |currently |now |also )?(?:see|saw|have seen|observe|observed|noticed|are seeing|detected|caught) (?:\w+ ){0,3}(?:attacks?|attackers|exploitation|exploits|intrusions?|abuse|strangers|criminals|intruders)\b` +
		`|\b(?:machines?|servers?|accounts?|systems?|devices?|hosts?|controllers?|terminals?|customers?|sites?|portals?)\b[^.;,]{0,25}\b(?:was|were|has been|have been|got) (?:already |recently |then )?(?:taken over|hijacked|breached|broken into|emptied|defaced|infected)\b` +
		`|\b(?:somebody|someone|a stranger|strangers|intruders?) (?:from|at|behind) [0-9a-f]+[.:][0-9a-f.:]{4,}` +
		`|\b(?:angreifer|kriminelle) (?:nutzen|haben|verwenden)\b|\b(?:des|les) (?:attaquants|pirates|criminels) (?:l['’] ?)?(?:utilisent|exploitent|ont)\b|\b(?:se está|están|estamos viendo)\b[^.;]{0,30}\b(?:explotando|aprovechando|atacando|ataques)\b|\b(?:foi|está sendo) explorad[ao]\b`

	saysNoMore = `|\b(?:neither|none)(?: of (?:them|these|those|the \w+))? (?:has|have|was|were) (?:ever |yet |so far )?(?:been )?(?:exploited|abused|misused|attacked)\b|\bpersonne n['’](?:a|y a|en a) (?:\w+ )?(?:exploit|abus|utilis|profit)|\bnicht (?:\w+ )?(?:ausgenutzt|missbraucht)\b|\bnão (?:tenho|temos|há|houve)\b|\bpersonne (?:ne semble|n['’]a)\b|\b(?:missbrauch\w*|ausnutzung)\b[^.;]{0,40}\bnicht (?:vor|bekannt)\b|\bnobody is (?:misusing|abusing|exploiting)|\bneither\b[^.;]{0,40}\b(?:know|knows|aware|seen|heard)\b|\b(?:do|does)(?: not|n['’]?t) (?:believe|think) (?:that )?(?:it|this|anyone|anybody|somebody|the \w+)[^.;]{0,30}\b(?:used|exploited|abused|misused)\b|\bnessuno (?:ne |lo |la |se ne )?(?:l['’] ?)?ha\b|\bnadie (?:lo |la )?(?:ha|haya)\b`

	exploitMore = `|\baprovechad[ao]s?\b|\baprovechar|\bexplorad[ao]s?\b|\bmisusing\b|\babusing\b|\bexploiting\b|\bprofité\b|\bapprofittat[oa]\b|\bsfruttat[oa]\b|\bused (?:it )?against (?:any|us|you|some|our)`

	unseenMore = `|\b(?:do|does|did)(?: not|n['’]?t) know (?:of |about )?(?:anybody|anyone|any (?:case|use|attack|abuse|misuse|exploit\w*|person|instance)s?)\b|\b(?:nobody|no one|no-one)\b[^.;:]{0,20}\b(?:misusing|abusing|exploiting|using it|that (?:i|we) know of)\b`

	publicMore = `|\bnothing (?:\w+ )?(?:is )?(?:yet )?public\b|\b(?:has|have)(?: not|n['’]?t)(?: been)? (?:yet )?disclosed\b|\bunpublished\b|\b(?:did|have)(?: not|n['’]?t) (?:say|said|spoken?|tell|told|mention(?:ed)?|talk(?:ed)?)\b[^.;]{0,20}\b(?:no ?body|anybody|anyone|no[ -]one)\b|\bkept (?:it|this) (?:to (?:myself|ourselves)|private|secret)\b` +
		`|\bwill (?:put|place) (?:it|this|everything|all|the \w+) (?:on|in|online)\b|\b(?:i|we) (?:plan|have planned) (?:a|an|the|our) (?:\w+ ){0,2}(?:talk|presentation|paper|article|blog post|publication)\b` +
		`|\bno (?:lo |la |se )?(?:he|hemos|ha) publicado\b|\bno (?:pienso|pensamos|tengo intención|tenemos intención|voy|vamos)\b[^.;]{0,20}\bpublicar|\b(?:publicado|publicada|publicaré|publicaremos|divulgad[ao])\b|\bnon (?:è stat[ao]|ho|abbiamo) (?:ancora )?(?:mai )?pubblicat[ao]|\bnão (?:foi |está )?(?:publiquei|publicad[ao]|publicamos|divulg\w+)` +
		`|未公开|尚未公开|没有公开|不会公开|公开披露|计划公开|未披露|未对外|公開していません|公開する予定|公表していません|\b(?:have|has|did)(?: not|n['’]?t) (?:been )?(?:revealed|disclosed|shared)\b|\bgo to the (?:newspapers?|press|media)\b|\bkeine veröffentlichung\b|没有告诉|未告诉|不会(?:公开|披露)|\bnon (?:ne |lo |l['’])?(?:ho|abbiamo) (?:ancora )?(?:parlato|detto|raccontato|divulgato)|\bno (?:se )?lo (?:he|hemos) (?:contado|dicho|comentado)|\bno public (?:\w+ )?(?:write-?up|information|details?|posts?|reports?|disclosure|mention)\b|\b(?:would like|want|plan|intend|hope)s? to (?:mention|show|demonstrate|cover)\b[^.;]{0,60}\b(?:training|course|lecture|talk|conference|meetup|webinar|workshop|book|class)\b|\byou are the (?:first|only)\b[^.;]{0,20}\b(?:know|hear|people|ones?)\b|公表の予定|公開の予定|公表する予定|\b(?:i|we)(?: have|['’]ve)? only told\b`

	publicNotMore = `|\bnot (?:to )?be named\b`

	futureMore = `|\b(?:will|shall) (?:put|place|post|publish) (?:it|this|everything|all|the \w+) (?:on|in|online)\b|\b(?:i|we) (?:plan|have planned) (?:a|an|the|our) (?:\w+ ){0,2}(?:talk|presentation|paper|article|blog post|publication)\b|\b(?:publicaré|publicaremos|pubblicherò|pubblicheremo)\b|计划公开|将公开|公開する予定|\b(?:will |shall |or )(?:i |we )?(?:go|turn) to the (?:newspapers?|press|media)\b|\bor (?:i|we) go to the (?:newspapers?|press|media)\b|\b(?:would like|want|plan|intend|hope)s? to (?:mention|show|demonstrate|cover)\b[^.;]{0,60}\b(?:training|course|lecture|talk|conference|meetup|webinar|workshop|book|class)\b`

	stepsMore = `|\b(?:the )?(?:procedure|recipe|test|method) is (?:very |quite |rather |really )?(?:simple|easy|short|straightforward)\b|^(?:para|por) (?:reproducir|comprobar|verificar)|^per (?:riprodurre|verificare)|^so lässt (?:es|sich)\b|\b(?:je|u|men|jullie) (?:kan|kunt|kunnen) (?:het|dit|dat) (?:zelf )?(?:zien|nadoen|nagaan|testen|controleren)|^(?:复现|重现|验证)(?:方法|步骤|方式|过程)|^再現|\bzum nachstellen\b|\bil suffit (?:de |d['’])(?:\w+ ){1,3}|\bplease do (?:the needful )?as (?:below|follows)\b|^basta (?:aprire|inviare|cambiare|modificare|cliccare|andare|abrir|enviar|cambiar|hacer)\b|^pour (?:refaire|rejouer|tester|voir)\b|\b(?:nachvollziehen|nachstellen|reproduzieren|auslösen) (?:kann|lässt|können)\b|^how (?:i|we) (?:checked|tested|verified|tried|did it)\b|^to (?:repeat|replay|redo) (?:it|this|that)\b|: (?:just |simply )?(?:send|open|press|log in|click|create|start|take|put|set|change|enter|type|call|run|boot|upload) [^.]*, [^.]*\b(?:and|then)\b|\b(?:just|simply) (?:open|visit|load|click|go to|call)\b[^.]*\b(?:and|then) you\b`

	creditMore = `|\bif you (?:thank|credit|name|list|mention) (?:people|reporters|anyone|anybody|finders|researchers|others)\b|\b(?:need not|needn['’]t|no need to) (?:thank|credit|name|mention)\b|\b(?:write|put|list|call|name|mention|credit|use) me (?:down )?as\b|\bmüssen sie (?:mich|uns) (?:nicht|nirgends)\b|\bnennen müssen sie\b|\b(?:use|consider|take|print|mention) my name\b|\bmijn naam\b[^.;]{0,40}\b(?:vermeld|genoemd)|\bvous pouvez (?:mettre|me citer|indiquer)\b|\b(?:wall|page) of (?:fame|thanks|honou?r)\b|\b(?:need|have) to (?:mention|name|credit|thank) (?:me|us)\b`

	creditNotMore = `|\b(?:he|she|they|it|who|that) (?:really |fully )?deserves? (?:all |some )?(?:the )?credit\b|\b(?:one of our|a|our|my) (?:\w+ ){0,2}(?:clients?|customers?|constituents?|members?|colleagues?)\b[^.;]{0,30}\bnot (?:to |want to |wish to )?be named\b`

	creditNoMore = `|\bneed not\b|\bneedn['’]t\b|\bno need\b|\bnirgends\b|\bnergens\b`

	organisationMore = `|\b(?:cooperativa|coopérative|fundación|fundação|fondation|fondazione|instituto|istituto|asociación|associação|associazione|azienda|clínica|escuela|escola|scuola|prefeitura|fédération|uniwersytet|politechnika|kommune|sykehus|yliopisto)\b|\b(?:\w{3,}(?:büro|amt|betriebe?|praxis|verlag))\b`

	replyMore = `|\b(?:address|direct|send) (?:all |any |your |further )*(?:correspondence|questions?|replies|reply|answers?|responses?|communications?|enquiries|inquiries)\b`

	salutationMore = `|^(?:un (?:cordial )?saludo|atentamente|saludos cordiales|cordiali saluti|distinti saluti|atenciosamente|hartelijke groet(?:en)?|よろしくお願い(?:いた|致)?します|敬具|草々|此致(?:敬礼)?|敬礼|谢谢|祝好|顺祝商祺)[,.。!！]?$`

	negatedMore = `|\b(?:has|have|had|shows?) (?:not|no) (?:the |this |that |such )?(?:problem|issue|bug|weakness|flaw|fault|error|hole)\b|\b(?:does|did) (?:it|this|so) (?:properly|right|correctly)\b|\bworks? (?:properly|correctly|as it should)\b|不受影响|未受影响|不存在|已修复|影響を受けません|\bno (?:está|están|es|son|se ven?) (?:afectad|vulnerable)|\bnon (?:è|sono) (?:vulnerabil|interessat|affett)|\bnão (?:é|são|está|estão) (?:afetad|vulner)|\bn['’](?:est|était|sont)(?: donc)? (?:pas|plus)\b|\bnicht der fall\b|\bn['’](?:est|était) pas le cas\b|\b(?:is|was) not (?:yet )?the case\b|\bno (?:es|era) el caso\b|\bgibt es\b[^.;,]{0,40}\b(?:nicht|keine?n?)\b|再現しません|影響はありません|\bnon (?:ha|hanno|presenta) (?:questo|il|lo stesso) (?:difetto|problema)|\bno (?:tiene|tienen|presenta) (?:este|el|ese) (?:fallo|problema)|\b(?:is|are|was|were) not (?:fooled|tricked|susceptible|concerned|exposed|exploitable)\b`
)

// tellsFix reports whether a sentence says what would help.
func tellsFix(low string) bool { return fixTalk.in(low) || fixAlso.in(low) }

// kindsAbroad are kinds of products in other languages, by the English word.
var kindsAbroad = map[string]string{
	"server":  "servidor serveur servidores 服务器 伺服器 サーバ",
	"storage": "almacenamiento stockage speichersystem armazenamento 存储 儲存 ストレージ",
}

// abroad reports whether a text names a kind of product in another language than
// English.
func abroad(text, kind string) bool {
	for _, word := range strings.Fields(kindsAbroad[kind]) {
		if strings.Contains(text, word) {
			return true
		}
	}
	return false
}

var (
	// fixAlso is a pattern of its own, because fixTalk has as many literals as are
	// worth searching for.
	fixAlso = lower(`\b(?:correction|solution|parade|remède) (?:possible|envisageable|simple) (?:serait|est|consiste)\b|\b(?:mein|unser) (?:vorschlag|rat)\b|\bcomo (?:posible )?solución\b|\b(?:propongo|proponemos|sugiero|sugerimos|recomiendo|recomendamos|suggerisco|consiglio|sugiro|sugerimos)\b|\buna (?:posible )?solución (?:sería|es)\b` +
		`|\b(?:client|team|colleagues?|engineers?|he|she|they) (?:would )?(?:suggests?|recommends?|proposes?|advises?) (?:that|to)\b|^for (?:the |a )?(?:fix|repair|correction|solution|remedy)\b|\bplease (?:just |simply )?(?:release|ship|backport|roll out) (?:that|it|this|the)\b|^建议|[，,]建议|建议(?:在|对|将|使用|增加|限制)|\bmoeten jullie\b|\bjullie (?:moeten|zouden)\b|\bmy (?:\w+ )?(?:suggestion|proposal|recommendation|advice)\b|\b(?:mandant(?:in)?|kunde|kollege|er|sie|wir|ich) (?:regt?|regen|schlägt|schlagen|empfiehlt|empfehlen)\b|\bbasterebbe\b|\bbastar[íi]a\b|\bwould do ?[;,]|\bwould be a (?:good|useful|welcome) (?:\w+ )?(?:line|measure|step|addition)\b|\b(?:besser|sinnvoll|gut|hilfreich) wäre\b|\bconstituent suggests?\b|^(?:they|you|someone|somebody|whoever) (?:should|could|might|ought to) (?:\w+ )?(?:kill|close|end|drop|stop|block|strip|remove|limit|hide|reset|lock|delete|filter|mask|log out)\b|\b(?:you|u) (?:might|may) (?:wanna|want to)\b|お勧めします|推奨します|すべきです|提案します`)

	// elsewhere is said of something that the report is not about: the product of
	// another vendor, another bug.
	elsewhere = lower(`\b(?:another|a different|some other) (?:vendor|manufacturer|supplier|maker|company|bug|weakness|vulnerability)\b|\bother vendors?\b|\b(?:is|are|was) not (?:the |a |part of the )?(?:same|subject|topic|matter)\b|\bnot the (?:same|subject)\b|\bunrelated (?:to|bug|issue|weakness|product)\b`)

	// versionOf ends in front of a version in languages that say "the version of
	// the firmware of the controller is".
	versionOf = lower(`\b(?:versión|versiones|versione|versioni|versão|versions?|versie) (?:(?:del?|de la|della?|do|da|van|of)(?: the| el| la| het| de)? [\w ]{1,40}? )?(?:es|è|é|is|are|son|sono)(?: la| el| il| a)? $|\b(?:version|firmware|release|build)(?: (?:on|at|in|of|that|which|we|i|my|our|your|their|the|use|run|have|here|side|end|machine|device|server|site)){1,6} (?:is|was) $|版本(?:号)?(?:是|为|：|:)?\s*$|(?:ファームウェア|バージョン|ファーム)(?:は|の)?\s*$`)

	// alsoHas follows a version that is affected too: "2.1 and 2.2 have the same
	// problem".
	alsoHas = lower(`^(?:(?:,| and| or|/| &) ?` + versionToken + `)* (?:is|are|has|have|had|do|does|seems?|shows?|behaves?|suffers?)\b[^.;,]{0,30}\b(?:affected|vulnerable|same|too|also|impacted|as well)\b`)
)
