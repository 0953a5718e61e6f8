package desk

import (
	"fmt"

	"github.com/docket-psirt/docket/internal/mail/extract"
	"github.com/docket-psirt/docket/internal/psirt"
)

// Spoken refuses words for the reporter of a case, or for a third party, that are
// plainly not in the programme's language: standard texts are judged by
// CheckPolicy, and a person's words here, before anything is drafted. Also names
// another language that is meant (BCP 47), or is empty. The error is a *Refused,
// which names the line and no word of the message.
func (d *Desk) Spoken(id psirt.CaseID, words, also string) error {
	c, err := d.onMain(id)
	if err != nil {
		return err
	}
	language := c.setting.Program.Language
	f, ok := extract.OtherLanguage(words, language, also)
	if !ok {
		return nil
	}
	return &Refused{What: "nothing was drafted for " + string(id), Verdict: psirt.Failed(
		fmt.Sprintf("line %d of the message reads as %s, and the programme's language is %s", f.Line, f.Name, language),
		"write it in that language, put what is quoted in quotation marks or behind \">\", or say what is meant: --language "+f.Language)}
}
