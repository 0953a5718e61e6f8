package extract

var (
	givenLabel  = lower(`^(?:(?:your |my )?(?:first|given) name|forename|vorname|prénom|voornaam|nombre)$`)
	familyLabel = lower(`^(?:(?:your |my )?(?:last|family) name|surname|nachname|familienname|nom de famille|achternaam|apellidos?)$`)
)

// twoLabels is a name that a form asks for in two parts.
func (d *document) twoLabels() string {
	given, family := "", ""
	for _, s := range d.at(pathReporterName) {
		switch label := normalLabel(s.label); {
		case givenLabel.in(label):
			given = firstOf(given, d.first(s))
		case familyLabel.in(label):
			family = firstOf(family, d.first(s))
		}
	}
	if given == "" || family == "" {
		return ""
	}
	return given + " " + family
}
