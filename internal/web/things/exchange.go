package things

import (
	"strings"
	"time"

	"entente"
	"entente/internal/web/shell"
	"entente/internal/web/site"
)

// exchange puts a value that only bodies of the exchange hold into words; false
// for any other.
func (fl *Field) exchange(f *site.Frame, value any) bool {
	switch v := value.(type) {
	case time.Time:
		fl.Text = f.L.Moment(v.UTC())
	case entente.Sealed:
		fl.Text = sealedText(f, v)
	case *entente.Sealed:
		fl.Text = sealedText(f, *v)
	case entente.Handling, *entente.Authorisation, *entente.Alert:
		fl.list(KeyValues(f, v))
	case []entente.Term:
		fl.list(termList(f, v))
	case []entente.Purpose:
		fl.list(purposeList(f, v))
	case []entente.DutyGroup:
		fl.list(dutyList(f, v))
	case []entente.Count:
		fl.list(countList(f, v))
	case []entente.UseCount:
		fl.list(useList(f, v))
	default:
		return false
	}
	return true
}

// list shows several named values; as text, one a line.
func (fl *Field) list(kvs []shell.KV) {
	lines := make([]string, len(kvs))
	for i, kv := range kvs {
		lines[i] = kv.Key + ": " + kv.Text
	}
	fl.Text, fl.Body = strings.Join(lines, "\n"), shell.KeyValues(kvs)
}

// sealedText says how much is sealed and which bytes they are; what it says is
// in no log.
func sealedText(f *site.Frame, s entente.Sealed) string {
	return f.T("things.sealed", "Size", f.L.Bytes(s.Size), "Digest", s.Digest.String())
}

func termList(f *site.Frame, terms []entente.Term) []shell.KV {
	out := make([]shell.KV, len(terms))
	for i, t := range terms {
		out[i] = shell.KV{Key: f.Say(t.Name), Text: t.Code}
	}
	return out
}

func purposeList(f *site.Frame, purposes []entente.Purpose) []shell.KV {
	out := make([]shell.KV, len(purposes))
	for i, p := range purposes {
		out[i] = shell.KV{Key: f.Say(p.Name), Text: EnumText(f, "rule", string(p.Rule)), Hint: p.Code}
	}
	return out
}

func dutyList(f *site.Frame, groups []entente.DutyGroup) []shell.KV {
	out := make([]shell.KV, len(groups))
	for i, g := range groups {
		kvs := []shell.KV{
			{Key: f.T("field.code"), Text: g.Code},
			{Key: f.T("field.agencies"), Text: strings.Join(g.Agencies, ", ")},
			{Key: f.T("field.minutes"), Text: f.L.Int(int64(g.Minutes))},
		}
		if len(g.Escalate) > 0 {
			kvs = append(kvs, shell.KV{Key: f.T("field.escalate"), Text: strings.Join(g.Escalate, ", ")})
		}
		var inner Field
		inner.list(kvs)
		out[i] = shell.KV{Key: f.Say(g.Name), Text: strings.ReplaceAll(inner.Text, "\n", "; "), Body: inner.Body}
	}
	return out
}

func countList(f *site.Frame, counts []entente.Count) []shell.KV {
	out := make([]shell.KV, len(counts))
	for i, c := range counts {
		out[i] = shell.KV{Key: EnumText(f, "kind", c.Kind), Text: f.L.Int(int64(c.N))}
	}
	return out
}

func useList(f *site.Frame, uses []entente.UseCount) []shell.KV {
	out := make([]shell.KV, len(uses))
	for i, u := range uses {
		out[i] = shell.KV{Key: u.Agency + ", " + codeText(f, "purpose", u.Purpose), Text: f.L.Int(int64(u.N))}
	}
	return out
}

// codeText is a code in words: a choice of the field, an item of the lists that
// the parties agreed on, or the code itself.
func codeText(f *site.Frame, field, code string) string {
	if id := enumID(field, code); f.L.Has(id) {
		return f.T(id)
	}
	switch field {
	case "purpose", "purposes", "consented", "basis", "reason":
		return f.Term(code)
	}
	return code
}
