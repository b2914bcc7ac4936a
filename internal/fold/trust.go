package fold

import (
	"crypto/sha256"
	"strings"

	"entente"
	"entente/internal/entry"
)

const demoPrefix = "demo."

func (r *rowSet) foldGenesis(b *entente.Genesis, author entente.Author, audience entente.Audience) {
	r.named(b.Name)
	if b.Writer != author || b.Writer.Agency != "" {
		r.fail(RuleGenesis, "the genesis is of another writer than its author")
	}
	r.origins(b, audience)
	root := rootKey(b)
	r.demo(b.Demo, root.Binding.Name)
	r.keys = append(r.keys, KeyChange{Key: root})
	names := map[string]bool{root.Binding.Name: true}
	for _, k := range b.Keys {
		if names[k.Name] {
			r.fail(RuleKey, "two keys have the name %s", k.Name)
		}
		names[k.Name] = true
		r.binding(k, b.Demo)
		r.keys = append(r.keys, KeyChange{Key: ActiveKey{Binding: k}})
		r.add("key_change", "add", k.Name, string(k.Role), k.Agency)
	}
}

// origins: each log is named for its audience, and this one is among them.
func (r *rowSet) origins(b *entente.Genesis, audience entente.Audience) {
	for _, a := range entente.Audiences {
		o := b.Origins.Of(a)
		if got, _ := entente.OriginAudience(o); o != "" && got != a {
			r.fail(RuleGenesis, "the %s log is named %q, which does not end in /%s", a, o, a)
		}
		wanted := b.Writer.Party != "" || a == entente.Public
		if (o != "") != wanted {
			r.fail(RuleGenesis, "a party has a national, a shared and a public log, an observer a public one only")
		}
		if o != "" {
			r.demo(b.Demo, o)
		}
	}
	if b.Origins.Of(audience) != r.origin {
		r.fail(RuleGenesis, "the genesis names no %s log %s", audience, r.origin)
	}
}

// demo: a demonstration's names say so.
func (r *rowSet) demo(demo bool, name string) {
	if strings.HasPrefix(name, demoPrefix) != demo {
		r.fail(RuleDemo, "%q, with demo %v", name, demo)
	}
}

func (r *rowSet) foldKey(b *entente.Key) {
	k := b.Key
	r.named(entente.Text{ES: k.Name, EN: k.Name})
	r.maybe(b.Reason)
	r.binding(k, strings.HasPrefix(r.origin, demoPrefix))
	was, active := r.active[k.Name]
	revoke := b.Action == "revoke"
	switch {
	case active && was.Root:
		r.fail(RuleKey, "%s is the root key", k.Name)
	case active != revoke:
		r.fail(RuleKey, "%s %s, active: %v", b.Action, k.Name, active)
	case revoke && (was.Binding.Public != k.Public || was.Binding.Role != k.Role):
		r.fail(RuleKey, "the active key %s is another", k.Name)
	}
	r.keys = append(r.keys, KeyChange{Revoke: revoke, Key: ActiveKey{Binding: k}})
	r.add("key_change", b.Action, k.Name, string(k.Role), k.Agency)
}

// binding judges one key by what its role needs.
func (r *rowSet) binding(k entente.KeyBinding, demo bool) {
	r.demo(demo, k.Name)
	switch k.Role {
	case entente.RoleLog, entente.RoleAgency, entente.RoleOfficer:
		if v, err := entry.Verifier(k.Public); err != nil || v.Name() != k.Name {
			r.fail(RuleKey, "%s: public is no Ed25519 verifier key of that name", k.Name)
		}
	case entente.RoleMLDSA:
		if name, _, ok := strings.Cut(k.Public, "+"); !ok || name != k.Name {
			r.fail(RuleKey, "%s: public is no verifier key of that name", k.Name)
		}
	case entente.RoleTLS:
		if _, err := entente.ParseDigest(k.Public); err != nil {
			r.fail(RuleKey, "%s: public is no SHA-256 digest", k.Name)
		}
	case entente.RoleSeal:
		if !hybridRecipient(k.Public) {
			r.fail(RuleKey, "%s: public is no post-quantum age recipient", k.Name)
		}
	}
	if !entry.ValidKeyName(k.Name) {
		r.fail(RuleKey, "%.80q is no key name", k.Name)
	}
	wants := k.Role == entente.RoleAgency && r.party != ""
	may := wants || k.Role == entente.RoleSeal && r.party != ""
	if wants && k.Agency == "" || !may && k.Agency != "" {
		r.fail(RuleKey, "%s: an agency key of a party names its agency, a sealing key may, and no other does", k.Name)
	}
	if (k.Role == entente.RoleOfficer) != (k.Person != nil) {
		r.fail(RuleKey, "%s: an officer's key, and no other, binds a person", k.Name)
	}
	if k.Role == entente.RoleOfficer && r.party == "" {
		r.fail(RuleKey, "%s: an observer has no officers", k.Name)
	}
}

func (r *rowSet) foldCharter(b *entente.Charter) {
	r.half(b.Joint)
	r.named(b.Title)
	r.words(b.Code)
	r.date("announced", b.Announced)
	r.add("charter", b.Code, string(b.Announced))
	r.pins(b)
	codes := map[string]bool{}
	once := func(kind, code string) {
		if codes[kind+code] {
			r.fail(RuleCharter, "%s %q twice", kind, code)
		}
		codes[kind+code] = true
	}
	r.wordings(b.Nature)
	r.wordings(b.Disclaimer)
	for _, p := range b.Principles {
		once("principle", p.Code)
		r.text(p.Name, p.Text)
		r.wordings(p.Wordings)
		r.sources(p.Sources...)
	}
	for _, a := range b.Areas {
		once("area", a.Code)
		r.text(a.Name, a.Text)
		r.sources(a.Sources...)
	}
	for _, l := range b.AreaLists {
		r.text(l.Title)
		for _, i := range l.Items {
			r.text(i.Text)
		}
		r.sources(l.Sources...)
	}
	for _, g := range b.Groups {
		once("group", g.Code)
		r.text(g.Name, g.Text)
		r.sources(g.Sources...)
	}
	for _, g := range b.Gates {
		once("gate", string(g.Gate))
	}
	r.sources(b.Sources...)
}

// pins: the genesis of each required party, and of no other.
func (r *rowSet) pins(b *entente.Charter) {
	pinned := map[entente.Party]bool{}
	for _, g := range b.Genesis {
		if pinned[g.Party] {
			r.fail(RuleCharter, "two genesis digests of %s", g.Party)
		}
		pinned[g.Party] = true
	}
	for _, p := range b.Required {
		if !pinned[p] {
			r.fail(RuleCharter, "no genesis digest of %s", p)
		}
	}
	if len(b.Genesis) != len(b.Required) {
		r.fail(RuleCharter, "a genesis digest of a party that is not required")
	}
}

func (r *rowSet) wordings(list []entente.PartyText) {
	for _, w := range list {
		r.text(w.Text)
		r.sources(w.Sources...)
	}
}

func (r *rowSet) foldPolicy(b *entente.Policy) {
	r.half(b.Joint)
	r.named(entente.Text{ES: b.Code, EN: b.Code})
	r.add("policy", b.Code)
}

func (r *rowSet) foldAgency(b *entente.Agency) {
	r.named(b.Name)
	r.words(b.Code)
	r.text(b.Role)
	r.add("agency", b.Code, r.writer)
	r.sources(b.Sources...)
	r.corrects(b.Correction)
}

func (r *rowSet) foldConsent(b *entente.Consent) {
	name := string(b.Type) + "/" + b.Subject
	r.named(entente.Text{ES: name, EN: name})
	if rule, ok := entente.Rule(b.Type); !ok || !rule.Joint {
		r.fail(RuleConsent, "%s is no joint type", b.Type)
	}
	if !entente.ValidSubject(b.Subject) {
		r.fail(RuleConsent, "%.100q is no subject", b.Subject)
	}
	r.add("consent", string(b.Type), b.Subject, b.Body.String(), r.writer)
}

func (r *rowSet) foldPublication(b *entente.Publication) {
	if b.Inner.Log != r.origin {
		r.fail(RuleLink, "the published entry stands in %s, not in this log", b.Inner.Log)
	}
	if b.Link != InnerLink(b.Salt, b.Inner.Leaf) {
		r.fail(RuleLink, "%s is not the digest of salt and leaf", b.Link)
	}
	r.add("publication", b.Inner.Log, index(b.Inner), b.Link.String())
	r.refer("inner", LinkPublished, b.Inner, ones, publishable...)
}

// InnerLink returns SHA-256(salt ‖ leaf): what a publication's decision carries
// as Inner, and its publication entry as Link.
func InnerLink(salt, leaf entente.Digest) entente.Digest {
	return sha256.Sum256(append(salt[:], leaf[:]...))
}
