package extract

import (
	"os"

	"github.com/docket-psirt/docket/internal/casefile"
	"github.com/docket-psirt/docket/internal/psirt"
)

// programme is what a reader needs to know of a programme.
type programme struct {
	form     psirt.ReportForm
	scope    psirt.Scope
	language string
}

func asked(tokens ...string) []psirt.Asked {
	var list []psirt.Asked
	for _, token := range tokens {
		list = append(list, psirt.Asked{Token: token})
	}
	return list
}

// programmes are the shipped ones, as their files have them.
var programmes = func() map[string]programme {
	all := map[string]programme{}
	for _, name := range []string{"ingroupe", "inspur", "imengine"} {
		data, err := os.ReadFile("../../../cases/" + name + "/program.yaml")
		if err != nil {
			panic(err)
		}
		p, err := casefile.ParseProgram(data)
		if err != nil {
			panic(err)
		}
		all[name] = programme{form: p.Report, scope: p.Scope, language: p.Language}
	}
	return all
}()
