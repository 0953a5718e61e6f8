package desk

// policyWords are what reporters read in a new programme, in one language.
type policyWords struct {
	Consent, Safe                                  string
	Product, Versions, Describe, How, Used, Public string   // questions
	Methods                                        []string // that the policy does not authorise; English ones count besides
}

// englishWords are for every language that has none of its own here: docket
// policy check then names what is to be translated.
var englishWords = policyWords{
	Consent:  "By submitting a report, the reporter lets us use it for analysis and correction.",
	Safe:     "We take no legal action against those who look for weaknesses in good faith and keep to our policy.",
	Product:  "Which product is affected? Please give its name or part number.",
	Versions: "Which versions of the product are affected?",
	Describe: "Please describe the weakness in full technical detail.",
	How:      "How was the weakness discovered?",
	Used:     "Do you have evidence that somebody has exploited it? If so, please share the details.",
	Public:   "Is anything about it public already, or planned to be? Please tell us where and when.",
	Methods:  []string{"denial of service", "ddos", "flooding", "load test", "social engineering", "phishing", "physical intrusion"},
}

var otherWords = map[string]policyWords{
	"de": {
		Consent:  "Mit der Meldung erlaubt uns der Melder, sie für Analyse und Behebung zu verwenden.",
		Safe:     "Wir gehen nicht rechtlich gegen Menschen vor, die in gutem Glauben nach Schwachstellen suchen und sich an unsere Richtlinie halten.",
		Product:  "Welches Produkt ist betroffen? Bitte nennen Sie Namen oder Teilenummer.",
		Versions: "Welche Versionen des Produkts sind betroffen?",
		Describe: "Bitte beschreiben Sie die Schwachstelle mit allen technischen Einzelheiten.",
		How:      "Wie wurde die Schwachstelle gefunden?",
		Used:     "Haben Sie Hinweise darauf, dass die Schwachstelle schon ausgenutzt wurde? Wenn ja, welche?",
		Public:   "Ist etwas darüber schon öffentlich, oder ist das geplant? Bitte sagen Sie uns, wo und wann.",
		Methods:  []string{"überlastung", "lasttest", "einbruch"},
	},
	"fr": {
		Consent:  "En envoyant un rapport, son auteur nous permet de l'utiliser pour l'analyse et la correction.",
		Safe:     "Nous n'engageons aucune poursuite contre les personnes qui cherchent des failles de bonne foi et respectent notre politique.",
		Product:  "Quel produit est concerné ? Merci d'indiquer son nom ou sa référence.",
		Versions: "Quelles versions du produit sont concernées ?",
		Describe: "Merci de décrire la faille avec tous les détails techniques.",
		How:      "Comment la faille a-t-elle été découverte ?",
		Used:     "Avez-vous des indices que la faille est déjà exploitée ? Si oui, lesquels ?",
		Public:   "Est-ce que quelque chose est déjà public, ou va le devenir ? Merci de nous dire où et quand.",
		Methods:  []string{"déni de service", "test de charge", "hameçonnage", "ingénierie sociale", "intrusion physique"},
	},
}

// wordsIn are the words of a language, or English ones.
func wordsIn(language string) policyWords {
	w, ok := otherWords[language]
	if !ok {
		return englishWords
	}
	w.Methods = append(append([]string{}, w.Methods...), englishWords.Methods...)
	return w
}
