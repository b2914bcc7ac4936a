package bundle

import (
	"fmt"
	"strconv"

	"entente"
)

// Check names one kind of thing that [Verify] looks at.
type Check string

// The checks, in the order in which findings stand.
const (
	CheckFiles       Check = "files"       // manifest and digests
	CheckGenesis     Check = "genesis"     // who writes each log, and the pins
	CheckCheckpoint  Check = "checkpoint"  // signatures of each log on its checkpoint
	CheckCosignature Check = "cosignature" // others' signatures on it
	CheckConsistency Check = "consistency" // the frontier is where the checkpoint's log was
	CheckInclusion   Check = "inclusion"   // each entry is in its log
	CheckEntries     Check = "entries"     // form, keys, signatures, rules of each entry
	CheckModel       Check = "model"       // the model names included entries only
	CheckFigures     Check = "figures"     // each figure follows from its entries
	CheckPages       Check = "pages"       // the pages say what the model says
	CheckExchange    Check = "exchange"    // who released what to whom under which policy
	CheckScope       Check = "scope"       // what no bundle can show
)

// Outcome is how a check came out.
type Outcome string

// The outcomes.
const (
	Passed     Outcome = "passed"
	Failed     Outcome = "failed"
	NotChecked Outcome = "not_checked"
)

// Finding says in words what was checked, or was not, and how it came out.
type Finding struct {
	Check   Check   `json:"check"`
	Outcome Outcome `json:"outcome"`
	// About is the log, entry or file concerned, or empty.
	About string       `json:"about,omitempty"`
	Text  entente.Text `json:"text"`
}

// Findings are all findings about one bundle.
type Findings struct {
	// Demonstration is the label of a demonstration; nil otherwise.
	Demonstration *entente.Text `json:"demonstration,omitempty"`
	Frontier      []LogAt       `json:"frontier"`
	Entries       int           `json:"entries"`
	Figures       int           `json:"figures"`
	List          []Finding     `json:"findings"`
}

// LogAt is one log at the frontier.
type LogAt struct {
	Origin string         `json:"origin"`
	Writer string         `json:"writer"`
	Size   uint64         `json:"size"`
	Root   entente.Digest `json:"root"`
	// Genesis is the SHA-256 of the log's genesis entry, to be compared with a
	// digest had from elsewhere.
	Genesis entente.Digest `json:"genesis"`
}

// OK reports whether no check failed and something was checked at all. What was
// not checked stays not checked.
func (f *Findings) OK() bool {
	passed := false
	for _, one := range f.List {
		if one.Outcome == Failed {
			return false
		}
		passed = passed || one.Outcome == Passed
	}
	return passed
}

// maxDetails bounds the failures of one kind that are told one by one.
const maxDetails = 20

func (f *Findings) add(c Check, o Outcome, about, es, en string) {
	f.List = append(f.List, Finding{c, o, about, entente.Text{ES: es, EN: en}})
}

// failures adds the reasons, the first ones word for word. It reports whether
// there were any.
func (f *Findings) failures(c Check, reasons []reason) bool {
	for i, r := range reasons {
		if i == maxDetails {
			n := len(reasons) - maxDetails
			f.add(c, Failed, "", fmt.Sprintf("Y %s más de la misma clase.", count(n)), fmt.Sprintf("And %s more of the same kind.", count(n)))
			break
		}
		f.add(c, Failed, r.about, r.es, r.en)
	}
	return len(reasons) > 0
}

// reason is why a check failed. The cause in detail is in English, since it names
// fields and rules of the specification.
type reason struct {
	about  string
	es, en string
}

func failure(about, es, en string, err error) reason {
	return reason{about, es + ": " + err.Error() + ".", en + ": " + err.Error() + "."}
}

// count writes a number with thousands separators, which both languages write
// alike.
func count(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// plural chooses the noun's form.
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return count(n) + " " + many
}
