package bundle

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"entente"
	"entente/internal/entry"
	"entente/internal/fold"
	"entente/internal/merkle"
)

// logCheck is one log of the bundle. It is the [fold.State] of its own entries.
type logCheck struct {
	v       *verification
	origin  string
	writer  string
	at      frontierLog
	info    fold.LogInfo
	genesis entente.Genesis
	entries map[uint64]*entryCheck
	order   []uint64 // indexes, ascending
	keys    map[string]fold.ActiveKey
	proofs  proofs
	signed  []byte // the checkpoint's bytes
	head    merkle.Checkpoint
	sigs    []note.Signature // of known keys on it
	// What went wrong, by check.
	badEntries, badCheckpoint, badConsistency, badInclusion []reason
	pending                                                 int
}

// entryCheck is one entry of the bundle.
type entryCheck struct {
	ref    entente.Ref
	raw    []byte
	parsed *entry.Parsed
}

// openLog reads the files of one log. Its error is about their form.
func (v *verification) openLog(at frontierLog) (*logCheck, error) {
	l := &logCheck{v: v, origin: at.Origin, at: at, entries: map[uint64]*entryCheck{}, keys: map[string]fold.ActiveKey{}}
	var ok bool
	if l.signed, ok = v.use(checkpointFile(at.Origin)); !ok {
		return nil, errors.New("its checkpoint is missing")
	}
	raw, ok := v.use(proofsFile(at.Origin))
	if !ok {
		return nil, errors.New("its proofs are missing")
	}
	if err := decodeJSON(raw, &l.proofs); err != nil {
		return nil, fmt.Errorf("proofs.json: %w", err)
	}
	for name := range v.files {
		number, ok := strings.CutPrefix(name, entriesDir(at.Origin))
		if !ok {
			continue
		}
		index, err := strconv.ParseUint(number, 10, 63)
		if err != nil || strconv.FormatUint(index, 10) != number {
			return nil, fmt.Errorf("%s is no index", printable(number))
		}
		l.addEntry(index, v.files[name])
		v.used[name] = true
	}
	l.order = slices.Sorted(maps.Keys(l.entries))
	return l, l.readGenesis()
}

func (l *logCheck) addEntry(index uint64, raw []byte) {
	e := &entryCheck{ref: entente.Ref{Log: l.origin, Index: index, Leaf: entry.LeafHash(raw)}, raw: raw}
	if p, err := entry.Parse(raw); err == nil {
		e.parsed = p
	}
	l.entries[index] = e
}

func (l *logCheck) readGenesis() error {
	e := l.entries[0]
	if e == nil || e.parsed == nil || e.parsed.Type != entente.TypeGenesis {
		return errors.New("its first entry is not a genesis entry, or is missing")
	}
	if err := json.Unmarshal(e.parsed.Header.Body, &l.genesis); err != nil {
		return fmt.Errorf("genesis: %w", err)
	}
	l.writer = l.genesis.Writer.Writer()
	for _, a := range entente.Audiences {
		if l.genesis.Origins.Of(a) == l.origin {
			l.info = fold.LogInfo{Origin: l.origin, Writer: l.writer, Audience: a, Genesis: entente.DigestOf(e.raw)}
			return nil
		}
	}
	return errors.New("its genesis entry does not name this log")
}

// Log implements [fold.State] over the logs of the bundle.
func (l *logCheck) Log(origin string) (fold.LogInfo, bool) {
	for _, other := range l.v.logs {
		if other.origin == origin {
			return other.info, true
		}
	}
	return fold.LogInfo{}, false
}

// Keys returns the keys active in the log after the entries folded so far.
func (l *logCheck) Keys(string) (map[string]fold.ActiveKey, error) { return l.keys, nil }

// Seen returns an entry of the bundle, whether or not it has been folded: all of
// them are held against the same frontier.
func (l *logCheck) Seen(origin string, index uint64) (fold.Seen, bool, error) {
	for _, other := range l.v.logs {
		e, ok := other.entries[index]
		if other.origin != origin || !ok || e.parsed == nil {
			continue
		}
		return fold.Seen{Ref: e.ref, Audience: other.info.Audience, Writer: other.writer, Type: e.parsed.Type, Subject: e.parsed.Header.Subject}, true, nil
	}
	return fold.Seen{}, false, nil
}

// Waiting returns nothing: every entry is folded once, with all others in sight.
func (l *logCheck) Waiting(string, uint64) ([]fold.Input, error) { return nil, nil }

// foldEntries holds each entry against the rules of the fold, signatures
// included, with the keys that the entries before it made active.
func (l *logCheck) foldEntries() {
	for _, index := range l.order {
		e := l.entries[index]
		folded, err := fold.Fold(l, fold.Input{Origin: l.origin, Index: index, Leaf: e.ref.Leaf, Raw: e.raw})
		if err != nil {
			l.badEntries = append(l.badEntries, failure(e.ref.String(), "El asiento no se pudo comprobar", "The entry could not be checked", err))
			continue
		}
		f := folded[0]
		switch f.Status {
		case fold.Admissible:
		case fold.Pending:
			l.pending++
		default:
			l.badEntries = append(l.badEntries, failure(e.ref.String(), "El asiento no cumple las reglas", "The entry breaks the rules", fmt.Errorf("%s: %s", f.Rule, f.Detail)))
			continue
		}
		for _, change := range f.Keys {
			if change.Revoke {
				delete(l.keys, change.Key.Binding.Name)
			} else {
				l.keys[change.Key.Binding.Name] = change.Key
			}
		}
	}
}

// logVerifiers returns the verifiers of the writer's own checkpoint signatures.
func (l *logCheck) logVerifiers(roles ...entente.KeyRole) []note.Verifier {
	var out []note.Verifier
	for _, name := range slices.Sorted(maps.Keys(l.keys)) {
		b := l.keys[name].Binding
		if !slices.Contains(roles, b.Role) {
			continue
		}
		if verifier, err := merkle.NewVerifier(b.Public); err == nil {
			out = append(out, verifier)
		}
	}
	return out
}

// openCheckpoint checks the writer's own signatures on the checkpoint.
func (l *logCheck) openCheckpoint() {
	head, sigs, err := merkle.Open(l.signed, l.origin, append(l.logVerifiers(entente.RoleLog), l.logVerifiers(entente.RoleMLDSA)...)...)
	if err != nil {
		l.badCheckpoint = append(l.badCheckpoint, failure(l.origin, "El punto de control no vale", "The checkpoint does not hold", err))
		return
	}
	l.head, l.sigs = head, sigs
	if len(l.signedBy(l.logVerifiers(entente.RoleLog))) == 0 {
		l.badCheckpoint = append(l.badCheckpoint, failure(l.origin, "El punto de control no vale", "The checkpoint does not hold", errors.New("the log's Ed25519 key did not sign it")))
	}
}

// signedBy returns the names of those of the verifiers that signed.
func (l *logCheck) signedBy(verifiers []note.Verifier) []string {
	var names []string
	for _, one := range verifiers {
		if slices.ContainsFunc(l.sigs, func(s note.Signature) bool { return s.Name == one.Name() && s.Hash == one.KeyHash() }) {
			names = append(names, one.Name())
		}
	}
	return names
}

func (l *logCheck) proveConsistency() {
	if len(l.badCheckpoint) > 0 {
		return
	}
	err := merkle.VerifyConsistency(l.proofs.Consistency, l.head.Size, l.head.Root, l.at.Size, l.at.Root)
	if err != nil {
		l.badConsistency = append(l.badConsistency, failure(l.origin, "El corte no es el principio de la bitácora firmada", "The frontier is not the beginning of the signed log", err))
	}
}

// proveInclusion checks that exactly the included entries are proved: those
// before the frontier in its tree, later key entries in the checkpoint's.
func (l *logCheck) proveInclusion() {
	proved := make([]uint64, 0, len(l.proofs.Inclusion))
	for _, p := range l.proofs.Inclusion {
		proved = append(proved, p.Index)
	}
	if !slices.Equal(proved, l.order) {
		l.badInclusion = append(l.badInclusion, reason{l.origin, "Las pruebas no son las de los asientos incluidos.", "The proofs are not those of the included entries."})
		return
	}
	tree := merkle.Checkpoint{Origin: l.origin, Size: l.at.Size, Root: l.at.Root}
	for _, p := range l.proofs.Inclusion {
		e := l.entries[p.Index]
		in := tree
		if p.Index >= l.at.Size {
			in = l.head
		}
		if err := merkle.VerifyInclusion(p.Proof, in, p.Index, e.ref.Leaf); err != nil {
			l.badInclusion = append(l.badInclusion, failure(e.ref.String(), "El asiento no está en la bitácora", "The entry is not in the log", err))
		}
	}
}

// HasID reports whether an included entry of the log before index below has the id.
func (l *logCheck) HasID(_, id string, below uint64) (bool, error) {
	for _, index := range l.order {
		if e := l.entries[index]; index < below && e.parsed != nil && e.parsed.Header.ID == id {
			return true, nil
		}
	}
	return false, nil
}
