package fold

import (
	"slices"

	"entente"
	"entente/internal/series"
)

func (r *rowSet) foldIndicator(b *entente.Indicator) {
	r.half(b.Joint)
	r.named(b.Title)
	r.words(b.Code, b.Publisher)
	r.text(b.Definition)
	r.maybe(b.DirectionNote, b.Baseline)
	r.text(b.Limits...)
	r.areas = b.Areas
	if !slices.Contains(b.Required, b.Party) {
		r.fail(RuleFigures, "figures of %s, which is not among the required parties", b.Party)
	}
	if _, err := series.ParseRecipes(b.Recipes, series.Unit(b.Unit)); err != nil {
		r.fail(RuleRecipe, "%v", err)
	}
	r.add("indicator", b.Code, b.Unit, b.Kind, b.Direction, string(b.Party), b.Publisher, r.digest.String())
	r.sources(b.Sources...)
}

func (r *rowSet) foldTarget(b *entente.Target) {
	r.half(b.Joint)
	r.named(firstOf(b.Text, entente.Text{ES: b.Indicator, EN: b.Indicator}))
	r.words(b.Indicator)
	r.subject("indicator", b.Indicator)
	r.date("by", b.By)
	r.add("target", b.Indicator, b.Value, b.Threshold, string(b.By))
}

func (r *rowSet) foldLink(b *entente.Link) {
	r.named(b.Text)
	r.refer("commitment", LinkAbout, b.Commitment, ones, entente.TypeCommitment)
	for _, i := range b.Indicators {
		r.subject("indicators", i)
		r.words(i)
		r.add("link_indicator", b.Commitment.Log, index(b.Commitment), i)
	}
	r.corrects(b.Correction)
}

func (r *rowSet) foldDataset(b *entente.Dataset) {
	r.named(b.Title)
	r.words(b.Code, b.Publisher)
	r.text(b.Licence, b.Provenance)
	r.date("released", b.Released)
	r.url(b.URL)
	r.add("dataset", b.Code, b.Publisher, string(b.Released), b.File.Digest.String(), int64(b.Rows))
	r.file(b.File)
	r.sources(b.Sources...)
	r.corrects(b.Correction)
}

func (r *rowSet) foldObservations(b *entente.Observations) {
	r.named(entente.Text{ES: b.Indicator, EN: b.Indicator})
	r.subject("indicator", b.Indicator)
	r.span("to", entente.Date(b.From), entente.Date(b.To))
	r.refer("dataset", LinkAbout, b.Dataset, ones, entente.TypeDataset)
	r.add("observations", b.Indicator, b.Definition.String(), b.Dataset.Log, index(b.Dataset), b.Recipe.String(),
		b.Series.String(), int64(b.Count), b.From, b.To)
	r.corrects(b.Correction)
}

// subject: the name of a thing.
func (r *rowSet) subject(field, s string) {
	if !entente.ValidSubject(s) {
		r.fail(RuleFigures, "%s: %.100q is no subject", field, s)
	}
}
