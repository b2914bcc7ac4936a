package tabular

import "entente/internal/series"

// Preview is what importing a file would change, before anything is drafted.
type Preview struct {
	New         int `json:"new"`
	Revised     int `json:"revised"`
	Unchanged   int `json:"unchanged"`
	Withdrawn   int `json:"withdrawn"`
	NotRestated int `json:"not_restated"` // observations of months that the file does not cover
	Unreadable  int `json:"unreadable"`   // rows
	// Differences are the new, revised and withdrawn observations, in canonical
	// order; Findings the unreadable rows.
	Differences []series.Difference `json:"differences,omitempty"`
	Findings    []Finding           `json:"findings,omitempty"`
	Unlisted    int                 `json:"unlisted"` // findings beyond those listed
}

// Compare holds a result against the series known before, which may be nil.
func Compare(old *series.Series, res Result) (Preview, error) {
	d, err := series.Diff(old, res.Series)
	if err != nil {
		return Preview{}, err
	}
	return Preview{
		New: d.New, Revised: d.Revised, Unchanged: d.Unchanged, Withdrawn: d.Withdrawn, NotRestated: d.NotRestated,
		Unreadable: res.Unreadable, Differences: d.Differences, Findings: res.Findings, Unlisted: res.Unlisted,
	}, nil
}
