package entente

import "encoding/json"

// Indicator is a defined statistical measure of the programme: a joint body.
type Indicator struct {
	Joint
	Code       string   `json:"code" jsonschema:"minLength=2,maxLength=96"`
	Areas      []string `json:"areas" jsonschema:"minItems=1,maxItems=8,pattern=^[A-Za-z0-9][A-Za-z0-9._-]{0\\,31}$"`
	Title      Text     `json:"title"`
	Definition Text     `json:"definition"`
	Unit       string   `json:"unit" jsonschema:"minLength=1,maxLength=40"`
	Kind       string   `json:"kind" jsonschema:"enum=input,enum=output,enum=outcome"`
	Direction  string   `json:"direction" jsonschema:"enum=more_is_better,enum=less_is_better,enum=contested"`
	// DirectionNote explains a contested direction.
	DirectionNote *Text  `json:"direction_note,omitempty"`
	Limits        []Text `json:"limits,omitempty" jsonschema:"maxItems=20"`
	Party         Party  `json:"party"`     // whose figures they are
	Publisher     string `json:"publisher"` // agency code
	// Recipes are the declarative recipes, one a dataset family (internal/series).
	Recipes  []json.RawMessage `json:"recipes" jsonschema:"minItems=1,maxItems=16"`
	Baseline *Text             `json:"baseline,omitempty"`
	Sources  []Source          `json:"sources,omitempty"`
}

// Target is a joint target for an indicator. Without one, pages say "no agreed
// target".
type Target struct {
	Joint
	Indicator string `json:"indicator"` // subject of the indicator
	Value     string `json:"value" jsonschema:"pattern=^-?[0-9]+(\\.[0-9]+)?$,maxLength=40"`
	Threshold string `json:"threshold,omitempty" jsonschema:"pattern=^-?[0-9]+(\\.[0-9]+)?$,maxLength=40"`
	By        Date   `json:"by"`
	Text      Text   `json:"text,omitzero"`
}

// Link ties a commitment of the author to the indicators that test it.
type Link struct {
	Commitment Ref      `json:"commitment"`
	Indicators []string `json:"indicators" jsonschema:"minItems=1,maxItems=16"` // subjects
	Text       Text     `json:"text,omitzero"`
	Correction *Text    `json:"correction,omitempty"`
}

// Dataset is a published file of figures, kept whole as a public blob.
type Dataset struct {
	Code      string `json:"code" jsonschema:"minLength=2,maxLength=96"`
	Title     Text   `json:"title"`
	Publisher string `json:"publisher"` // agency code
	Released  Date   `json:"released"`  // the vintage
	Licence   Text   `json:"licence"`
	URL       string `json:"url,omitempty" jsonschema:"maxLength=1000"`
	// Provenance says by which way the file came.
	Provenance Text     `json:"provenance"`
	File       Blob     `json:"file"`
	Rows       int      `json:"rows" jsonschema:"minimum=0"`
	Sources    []Source `json:"sources,omitempty"`
	Correction *Text    `json:"correction,omitempty"`
}

// Observations reports that a recipe applied to a dataset gives a series with
// this digest. Any node, and any outsider, recomputes it from the public file.
type Observations struct {
	Indicator  string `json:"indicator"`  // subject of the indicator
	Definition Digest `json:"definition"` // digest of the joint indicator body
	Dataset    Ref    `json:"dataset"`
	Recipe     Digest `json:"recipe"` // digest of the recipe used
	Series     Digest `json:"series"` // digest of the canonical series
	Count      int    `json:"count" jsonschema:"minimum=0"`
	From       string `json:"from" jsonschema:"pattern=^[0-9]{4}-[0-9]{2}$"`
	To         string `json:"to" jsonschema:"pattern=^[0-9]{4}-[0-9]{2}$"`
	New        int    `json:"new" jsonschema:"minimum=0"`
	Revised    int    `json:"revised" jsonschema:"minimum=0"`
	Unchanged  int    `json:"unchanged" jsonschema:"minimum=0"`
	Unreadable int    `json:"unreadable" jsonschema:"minimum=0"`
	Correction *Text  `json:"correction,omitempty"`
}
