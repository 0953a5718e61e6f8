package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/docket-psirt/docket/internal/desk"
	"github.com/docket-psirt/docket/internal/psirt"
)

// languageFlag lets a person write in another language than the programme's.
func languageFlag(c *cobra.Command, into *string) {
	c.Flags().StringVar(into, "language", "", "the language of --message, where it is not the programme's: fr, de …")
}

// spoken holds a message to the programme's language, before it is drafted. What
// was written in the editor (file is empty) would be lost by a refusal: there it is
// said, and whoever approves the message decides.
func (a *app) spoken(d *desk.Desk, id psirt.CaseID, words, language, file string) error {
	if words == "" {
		return nil
	}
	err := d.Spoken(id, words, language)
	var refused *desk.Refused
	if file == "" && errors.As(err, &refused) {
		fmt.Fprintf(a.err, "docket: %s\n", safe(refused.Verdict.What))
		return nil
	}
	return err
}
