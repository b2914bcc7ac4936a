package fold

import (
	"entente"
	"entente/internal/entry"
)

// Prepared is what can be worked out of the bytes of an entry without a state:
// parsing, decoding and the checking of signatures, which is most of the work. It
// may be made ahead and on any goroutine; it changes no verdict.
type Prepared struct {
	parsed *entry.Parsed
	err    error // of parsing
	digest entente.Digest

	decoded bool
	body    any
	bodyErr error // of decoding

	// vouched holds, by key name, the keys for which all signatures were found valid.
	vouched map[string]string
}

// Prepare parses and decodes an entry. raw must not change afterwards.
func Prepare(raw []byte) *Prepared {
	p := parsedOnly(raw)
	if p.err == nil {
		if _, known := entente.Rule(p.parsed.Type); known {
			_, _ = p.decode() // kept with its error
		}
	}
	return p
}

func parsedOnly(raw []byte) *Prepared {
	p := &Prepared{}
	if p.parsed, p.err = entry.Parse(raw); p.err == nil {
		p.digest = entente.DigestOf(p.parsed.Header.Body)
	}
	return p
}

func (p *Prepared) decode() (any, error) {
	if !p.decoded {
		p.body, p.bodyErr = p.parsed.Decode()
		p.decoded = true
	}
	return p.body, p.bodyErr
}

// Entry returns the parsed entry, nil when the bytes are none.
func (p *Prepared) Entry() *entry.Parsed { return p.parsed }

// Vouch checks the signatures against keys that are likely to be the active ones
// when the entry is folded. The fold checks again what was signed by others.
func (p *Prepared) Vouch(keys map[string]ActiveKey) {
	if p.err != nil {
		return
	}
	used := make(map[string]string, len(p.parsed.Signatures))
	_, err := p.parsed.Verify(func(name string) (string, bool) {
		k, ok := keys[name]
		used[name] = k.Binding.Public
		return k.Binding.Public, ok
	})
	if err == nil {
		p.vouched = used
	}
}

// Made vouches for an entry that this process has signed itself, with the private
// halves of these keys, by name: a signature just made by one holds for the other
// (RFC 8032 section 5.1.6), and is not checked again. false when another signature
// stands in the entry.
func (p *Prepared) Made(by map[string]string) bool {
	if p.err != nil || len(by) == 0 {
		return false
	}
	for _, s := range p.parsed.Signatures {
		if _, ours := by[s.Name]; !ours {
			return false
		}
	}
	p.vouched = by
	return true
}

// holds reports whether the signatures were found valid for these very keys.
func (p *Prepared) holds(active map[string]ActiveKey) bool {
	for name, public := range p.vouched {
		if k, ok := active[name]; !ok || k.Binding.Public != public {
			return false
		}
	}
	return len(p.vouched) > 0
}
