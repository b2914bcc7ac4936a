package entry

import (
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"entente"
)

func testSigner(t testing.TB, name string) (Signer, string) {
	t.Helper()
	seed := entente.DigestOf([]byte(name))
	s, vkey, err := NewSigner(name, seed[:])
	if err != nil {
		t.Fatal(err)
	}
	return s, vkey
}

func testHeader(t testing.TB, body any) entente.Header {
	t.Helper()
	raw, err := Body(body)
	if err != nil {
		t.Fatal(err)
	}
	return entente.Header{
		ID: "01990000-0000-7000-8000-000000000001", Author: entente.Author{Party: entente.MX, Agency: "SRE"},
		Time: time.Date(2025, 9, 3, 6, 0, 0, 0, time.FixedZone("", -6*3600)), Subject: "q1", Body: raw,
	}
}

var question = entente.Question{Code: "Q1", Text: entente.Text{ES: "¿Cuántas <armas> & piezas?", EN: "How many?"}}

// testEntry returns an entry signed by n keys, and their verifier keys by name.
func testEntry(t testing.TB, n int) ([]byte, map[string]string) {
	t.Helper()
	text, err := Build(entente.TypeQuestion, testHeader(t, question))
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string]string{}
	var signers []Signer
	for i := range n {
		s, vkey := testSigner(t, fmt.Sprintf("demo.mx.entente/%08x", i))
		keys[s.Name()] = vkey
		signers = append(signers, s)
	}
	raw, err := Sign(text, signers...)
	if err != nil {
		t.Fatal(err)
	}
	return raw, keys
}

func lookup(keys map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) { k, ok := keys[name]; return k, ok }
}

func TestRoundTrip(t *testing.T) {
	raw, keys := testEntry(t, 3)
	p, err := Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	if p.Type != entente.TypeQuestion || p.Header.Subject != "q1" || !p.Header.Time.Equal(time.Date(2025, 9, 3, 12, 0, 0, 0, time.UTC)) {
		t.Errorf("read back %+v", p.Header)
	}
	if !strings.Contains(string(raw), `"¿Cuántas <armas> & piezas?"`) || !strings.Contains(string(raw), `"2025-09-03T12:00:00Z"`) {
		t.Errorf("not readable with cat:\n%s", raw)
	}
	names, err := p.Verify(lookup(keys))
	if err != nil || len(names) != 3 || names[2] != "demo.mx.entente/00000002" {
		t.Errorf("signed by %v, %v", names, err)
	}
	body, err := p.Decode()
	if err != nil {
		t.Fatal(err)
	}
	if q := body.(*entente.Question); q.Text != question.Text {
		t.Errorf("body %+v", q)
	}
}

// TestGolden pins the bytes: what was written once must be read for ever.
func TestGolden(t *testing.T) {
	raw, _ := testEntry(t, 2)
	name := filepath.Join("testdata", "question.entry")
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if string(raw) != string(want) {
		t.Errorf("got\n%s\nwant\n%s", raw, want)
	}
	const leaf = "03b3b456dab6b86d4685208e39f6b650f451c73705c20b9bbaaa222520c8dede"
	if got := LeafHash(want).String(); got != leaf {
		t.Errorf("leaf hash %s, want %s", got, leaf)
	}
}

func TestBuildKeepsTheBodysBytes(t *testing.T) {
	const body = `{"code":"Q1","text":{"en":"\u00e9 <&> \u2028 /","es":"é"},"group":{"en":"x"}}`
	h := testHeader(t, question)
	h.Body = []byte(body)
	text, err := Build(entente.TypeQuestion, h)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(text, `"body":`+body+"}\n") {
		t.Errorf("the body changed: %s", text)
	}
}

func TestBuildRefuses(t *testing.T) {
	good := testHeader(t, question)
	cases := []struct {
		name   string
		typ    entente.Type
		change func(*entente.Header)
		want   Code
	}{
		{"ill-formed type", "Question", func(*entente.Header) {}, CodeFirstLine},
		{"no subject", "question", func(h *entente.Header) { h.Subject = "" }, CodeHeader},
		{"too large", "question", func(h *entente.Header) { h.Body = []byte(`{"x":"` + strings.Repeat("x", entente.MaxEntry) + `"}`) }, CodeSize},
		{"key twice", "question", func(h *entente.Header) { h.Body = []byte(`{"x":1,"x":1}`) }, CodeDuplicate},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			h := good
			c.change(&h)
			_, err := Build(c.typ, h)
			wantCode(t, err, c.want)
		})
	}
	good.Body = []byte("{")
	if _, err := Build(entente.TypeQuestion, good); err == nil {
		t.Error("built an entry with half a body")
	}
}

func TestSignRefuses(t *testing.T) {
	s, _ := testSigner(t, "demo.mx.entente/00000000")
	_, err := Sign(strings.Repeat("x", entente.MaxEntry-10)+"\n", s)
	wantCode(t, err, CodeSize)
	if _, err := Sign("no line feed", s); err == nil {
		t.Error("signed a text without a line feed")
	}
	if got := (&Error{CodeSize, "why"}).Error(); got != "size: why" {
		t.Errorf("reads %q", got)
	}
	for name, seed := range map[string]int{"demo.mx.entente/1": 31, "x": 32, "demo mx": 32} {
		if _, _, err := NewSigner(name, make([]byte, seed)); err == nil {
			t.Errorf("a signer named %q with a seed of %d bytes", name, seed)
		}
	}
}

func TestVerifyRefuses(t *testing.T) {
	raw, keys := testEntry(t, 2)
	_, strange := testSigner(t, "demo.us.entente/00000000")
	forged := []byte(strings.Replace(string(raw), "How many", "How Many", 1))
	cases := []struct {
		name string
		raw  []byte
		keys func(string) (string, bool)
		want Code
	}{
		{"unknown key", raw, lookup(map[string]string{"demo.mx.entente/00000000": keys["demo.mx.entente/00000000"]}), CodeUnknownKey},
		{"other key of that name", raw, func(string) (string, bool) { return strange, true }, CodeUnknownKey},
		{"text changed", forged, lookup(keys), CodeForged},
		{"no key at all", raw, func(string) (string, bool) { return "nonsense", true }, CodeKey},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p, err := Parse(c.raw)
			if err != nil {
				t.Fatal(err)
			}
			_, err = p.Verify(c.keys)
			wantCode(t, err, c.want)
		})
	}
}

func wantCode(t *testing.T, err error, want Code) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || e.Code != want || e.Detail == "" {
		t.Errorf("got %v, want code %s", err, want)
	}
}

// malformed is an entry whose bytes break a rule.
type malformed struct {
	name, raw string
	want      Code
}

func malformedEntries(t *testing.T) []malformed {
	t.Helper()
	raw, _ := testEntry(t, 1)
	good := string(raw)
	swap := func(old, new string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("no %q in the entry", old)
		}
		return strings.Replace(good, old, new, 1)
	}
	text, sig, _ := strings.Cut(good, "\n\n")
	deep := strings.Repeat(`{"a":`, 40) + "1" + strings.Repeat("}", 40)
	b64 := sig[strings.LastIndex(sig, " ")+1 : len(sig)-1]
	bytes64, _ := base64.StdEncoding.DecodeString(b64)
	loose := []byte(b64)
	loose[len(loose)-2]++ // unused bits of the last base64 digit
	return []malformed{
		{"empty", "", CodeLines},
		{"one line", "entente/v1 question\n", CodeLines},
		{"no blank line", text + "\n" + sig, CodeLines},
		{"no signatures", text + "\n\n", CodeSignatures},
		{"another version", swap("entente/v1", "entente/v2"), CodeFirstLine},
		{"type in capitals", swap("entente/v1 question", "entente/v1 Question"), CodeFirstLine},
		{"two spaces before the type", swap("entente/v1 question", "entente/v1  question"), CodeFirstLine},
		{"carriage return", swap("question\n", "question\r\n"), CodeFirstLine},
		{"too large", swap("How many?", strings.Repeat("x", entente.MaxEntry)), CodeSize},
		{"space in the JSON", swap(`,"author"`, `, "author"`), CodeCompact},
		{"tab in the JSON", swap(`,"author"`, ",\t\"author\""), CodeUTF8},
		{"invalid UTF-8", swap("How many?", "How\xff"), CodeUTF8},
		{"control character", swap("How many?", "How\x01"), CodeUTF8},
		{"delete character", swap("How many?", "How\x7f"), CodeUTF8},
		{"lone high surrogate", swap("How many?", `\ud800`), CodeUTF8},
		{"lone low surrogate", swap("How many?", `\udc00`), CodeUTF8},
		{"two high surrogates", swap("How many?", `\ud800\ud800`), CodeUTF8},
		{"escaped NUL", swap("How many?", `\u0000`), CodeUTF8},
		{"escaped control character", swap("How many?", `\u001f`), CodeUTF8},
		{"half an escape", swap("How many?", `\u00`), CodeUTF8},
		{"key twice in the header", swap(`,"subject"`, `,"subject":"q0","subject"`), CodeDuplicate},
		{"key twice in the body", swap(`"code":"Q1"`, `"code":"Q1","code":"Q1"`), CodeDuplicate},
		{"key twice, escaped", swap(`"code":"Q1"`, `"code":"Q1","cod\u0065":"Q1"`), CodeDuplicate},
		{"trailing data", swap("}\n\n", "}{}\n\n"), CodeJSON},
		{"trailing comma", swap("}}\n\n", ",}}\n\n"), CodeJSON},
		{"not JSON", swap(`{"id"`, `{id`), CodeJSON},
		{"deep", swap(`{"code":"Q1"`, `{"x":`+deep+`,"code":"Q1"`), CodeJSON},
		{"unknown escape", swap("How many?", `\x`), CodeJSON},
		{"unknown word", swap(`"code":"Q1"`, `"code":"Q1","n":nil`), CodeJSON},
		{"string without end", text[:len(text)-20] + "\n\n" + sig, CodeJSON},
		{"leading zero", swap(`"code":"Q1"`, `"code":"Q1","n":01`), CodeJSON},
		{"leading plus", swap(`"code":"Q1"`, `"code":"Q1","n":+1`), CodeJSON},
		{"minus alone", swap(`"code":"Q1"`, `"code":"Q1","n":-`), CodeJSON},
		{"no digit after the point", swap(`"code":"Q1"`, `"code":"Q1","n":1.`), CodeJSON},
		{"exponent", swap(`"code":"Q1"`, `"code":"Q1","n":1e9`), CodeJSON},
		{"long number", swap(`"code":"Q1"`, `"code":"Q1","n":`+strings.Repeat("1", 25)), CodeJSON},
		{"a list", swap(text[strings.Index(text, "\n")+1:], "[]"), CodeHeader},
		{"unknown header field", swap(`,"subject"`, `,"visible":true,"subject"`), CodeHeader},
		{"header field in capitals", swap(`,"subject"`, `,"Subject"`), CodeHeader},
		{"no id", swap(`"id":"01990000-0000-7000-8000-000000000001",`, ""), CodeHeader},
		{"a UUIDv4", swap("-7000-8000-", "-4000-8000-"), CodeHeader},
		{"id in capitals", swap("01990000-0000", "0199000A-0000"), CodeHeader},
		{"time not in UTC", swap("12:00:00Z", "12:00:00+00:00"), CodeHeader},
		{"no such time", swap("12:00:00Z", "25:00:00Z"), CodeHeader},
		{"subject with a slash", swap(`"q1"`, `"q/1"`), CodeHeader},
		{"body is no object", swap(`"body":{`, `"body":[],"bod":{`), CodeHeader},
		{"body is null", text[:strings.Index(text, `"body":`)] + `"body":null}` + "\n\n" + sig, CodeHeader},
		{"no last line feed", strings.TrimSuffix(good, "\n"), CodeSignatures},
		{"hyphen for a dash", swap("— ", "- "), CodeSignatures},
		{"blank line after signatures", good + "\n", CodeSignatures},
		{"text after the signatures", good + "more\n", CodeSignatures},
		{"key name with a space", swap("— demo", "— de mo"), CodeSignatures},
		{"signature is not base64", swap(b64, b64[:8]+"*"+b64[9:]), CodeSignatures},
		{"signature with loose bits", swap(b64, string(loose)), CodeSignatures},
		{"signature too short", swap(b64, base64.StdEncoding.EncodeToString(bytes64[:4])), CodeSignatures},
		{"too many signatures", text + "\n\n" + strings.Repeat(sig, maxSignatures+1), CodeSignatures},
	}
}

func TestParseRefuses(t *testing.T) {
	for _, c := range malformedEntries(t) {
		t.Run(c.name, func(t *testing.T) {
			_, err := Parse([]byte(c.raw))
			wantCode(t, err, c.want)
		})
	}
}

func TestDecodeBodyRefuses(t *testing.T) {
	cases := []struct {
		name string
		typ  entente.Type
		body string
		want Code
	}{
		{"unknown type", "wish", `{}`, CodeType},
		{"missing field", entente.TypeQuestion, `{"code":"Q1"}`, CodeBody},
		{"unknown field", entente.TypeQuestion, `{"code":"Q1","text":{"es":"¿?"},"visible":true}`, CodeBody},
		{"field in capitals", entente.TypeQuestion, `{"Code":"Q1","text":{"es":"¿?"}}`, CodeBody},
		{"empty text", entente.TypeQuestion, `{"code":"Q1","text":{}}`, CodeBody},
		{"area of two words", entente.TypeQuestion, `{"code":"Q1","text":{"es":"¿?"},"areas":["a b"]}`, CodeBody},
		{"third language", entente.TypeQuestion, `{"code":"Q1","text":{"fr":"?"}}`, CodeBody},
		{"null", entente.TypeQuestion, `{"code":"Q1","text":null}`, CodeBody},
		{"number for a string", entente.TypeQuestion, `{"code":1,"text":{"es":"¿?"}}`, CodeBody},
		{"number too large", entente.TypeWithdrawal, `{"of":{"log":"a/public","index":18446744073709551616,"leaf":"` + zeros + `"},"reason":{"es":"x"}}`, CodeBody},
		{"negative index", entente.TypeWithdrawal, `{"of":{"log":"a/public","index":-1,"leaf":"` + zeros + `"},"reason":{"es":"x"}}`, CodeBody},
		{"fraction", entente.TypeWithdrawal, `{"of":{"log":"a/public","index":1.5,"leaf":"` + zeros + `"},"reason":{"es":"x"}}`, CodeBody},
		{"digest in capitals", entente.TypeWithdrawal, `{"of":{"log":"a/public","index":1,"leaf":"` + strings.Repeat("A", 64) + `"},"reason":{"es":"x"}}`, CodeBody},
		{"compact", entente.TypeQuestion, `{ "code":"Q1","text":{"es":"¿?"}}`, CodeCompact},
		{"duplicate", entente.TypeQuestion, `{"code":"Q1","code":"Q1","text":{"es":"¿?"}}`, CodeDuplicate},
		{"trailing data", entente.TypeQuestion, `{"code":"Q1","text":{"es":"¿?"}}1`, CodeJSON},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := DecodeBody(c.typ, []byte(c.body))
			wantCode(t, err, c.want)
		})
	}
}

var zeros = entente.Digest{}.String()

func TestEverySchemaCompiles(t *testing.T) {
	compiled, err := compile()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range entente.Types {
		if compiled[string(r.Type)].shape == nil {
			t.Errorf("no schema for %s", r.Type)
		}
	}
	if len(compiled) != len(entente.Types)+1 {
		t.Errorf("%d schemas for %d types and the header", len(compiled), len(entente.Types))
	}
}
