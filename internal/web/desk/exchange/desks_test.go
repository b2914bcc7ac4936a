package exchange_test

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"entente"
	"entente/internal/auth"
	"entente/internal/locale"
	"entente/internal/report"
	"entente/internal/web/desk"
	"entente/internal/web/labels"
	"entente/internal/web/portal"
	"entente/test/parties"
)

func TestMain(m *testing.M) {
	code := m.Run()
	parties.Clean()
	os.Exit(code)
}

var cheap = auth.HashCost{Time: 1, Memory: 64, Threads: 1}

// desks are those of both parties over two founded nodes.
type desks struct {
	*testing.T
	world  *parties.World
	mx, us *httptest.Server
	in     map[string]*person // who has signed in, by desk and name
}

func newDesks(t *testing.T) *desks {
	t.Helper()
	b := &desks{T: t, world: parties.New(t), in: map[string]*person{}}
	b.mx, b.us = b.desk(b.world.MX), b.desk(b.world.US)
	return b
}

func (b *desks) at(t *testing.T) *desks { c := *b; c.T = t; return &c }

func (b *desks) check(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// overseers sign nothing.
var overseers = map[string]auth.Role{"auditor": auth.Auditor, "admin": auth.Administrator}

func (b *desks) desk(p *parties.Party) *httptest.Server {
	b.Helper()
	s := httptest.NewUnstartedServer(nil)
	signIn, err := auth.New(auth.Options{Node: p.Node, Cost: cheap, Origin: "http://localhost", Lifetime: 1000 * time.Hour}) // the nodes' time is moved
	b.check(err)
	hash, err := auth.HashPassword(parties.Passphrase, cheap)
	b.check(err)
	for name := range p.Officers {
		u := p.User(name)
		u.Password = hash
		b.check(p.Store().UpdateUser(b.Context(), u))
	}
	agency := map[entente.Party]string{entente.MX: "SEDENA", entente.US: "ATF"}[p.Writer().Party]
	for name, role := range overseers {
		_, err := signIn.AddUser(b.Context(), auth.NewUser{Name: name, Display: name, Agency: agency, Roles: []auth.Role{role}, Password: parties.Passphrase}, "test")
		b.check(err)
	}
	reporter := report.New(report.Options{Store: p.Store(), Demo: true, TempDir: b.TempDir()})
	s.Config.Handler = desk.New(desk.Deps{
		Node: p.Node, Auth: signIn, Demo: true, Version: "test", Exchange: p.Exchange, Proof: reporter.Proof, Clock: p.Clock().Now,
		Portal: portal.NewParts(p.Figures(), labels.New(labels.Source{}), reporter),
	})
	s.Start()
	b.Cleanup(func() { s.Close(); signIn.Close() })
	return s
}

// person is somebody with a browser at a desk.
type person struct {
	*desks
	name, base string
	client     *http.Client
}

// person signs somebody in, once; "" is somebody who has not.
func (b *desks) person(at *httptest.Server, name string) *person {
	b.Helper()
	key := at.URL + " " + name
	if was := b.in[key]; was != nil {
		c := *was
		c.desks = b
		return &c
	}
	jar, err := cookiejar.New(nil)
	b.check(err)
	p := &person{desks: b, name: name, base: at.URL, client: &http.Client{Jar: jar}}
	b.in[key] = p
	if name != "" {
		if a := p.post("/en/desk/sign-in", "name", name, "password", parties.Passphrase); a.status != http.StatusOK || !strings.Contains(a.body, "desk/sign-out") {
			b.Fatalf("%s does not get in: %d", name, a.status)
		}
	}
	return p
}

// answer is what a page answered, and where it led.
type answer struct {
	status   int
	at, body string
	header   http.Header
}

// says reports whether the page says something.
func (a answer) says(want string) bool { return strings.Contains(a.text(), want) }

// text is what the page says.
func (a answer) text() string {
	doc, err := html.Parse(strings.NewReader(a.body))
	if err != nil {
		return a.body
	}
	var out strings.Builder
	for n := range doc.Descendants() {
		if n.Type == html.TextNode && (n.Parent == nil || !slices.Contains([]string{"script", "style", "head"}, n.Parent.Data)) {
			out.WriteString(n.Data + " ")
		}
	}
	return strings.Join(strings.Fields(out.String()), " ")
}

// brief is the text from what was refused on, for failure messages.
func (a answer) brief() string {
	s := a.text()
	for _, mark := range []string{"What both sides stated", "Not done", "May not leave"} {
		if i := strings.Index(s, mark); i >= 0 {
			s = s[i:]
		}
	}
	return s[:min(len(s), 1500)]
}

func (p *person) read(res *http.Response, err error) answer {
	p.Helper()
	p.check(err)
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	p.check(err)
	a := answer{res.StatusCode, res.Request.URL.Path, string(raw), res.Header}
	if i := strings.Index(a.body, locale.Missing); i >= 0 {
		p.Errorf("%s: a text is missing: %s", res.Request.URL, a.body[i:min(i+80, len(a.body))])
	}
	return a
}

func (p *person) get(path string) answer {
	p.Helper()
	return p.read(p.client.Get(p.base + path))
}

func (p *person) post(path string, pairs ...string) answer {
	p.Helper()
	return p.send(path, valuesOf(pairs))
}

func (p *person) send(path string, v url.Values) answer {
	p.Helper()
	return p.read(p.client.PostForm(p.base+path, v))
}

func valuesOf(pairs []string) url.Values {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return v
}

// sees checks that a page is there and says something.
func (p *person) sees(path string, want ...string) answer {
	p.Helper()
	a := p.get(path)
	for _, w := range want {
		if a.status != http.StatusOK || !a.says(w) {
			p.Errorf("%s at %s: %d, without %q\n%s", p.name, path, a.status, w, a.brief())
		}
	}
	return a
}

// patience is how long what nodes do by themselves may take.
const patience = 15 * time.Second

// soon waits until a page says something.
func (p *person) soon(path, want string) answer {
	p.Helper()
	return p.until(want, func() answer { return p.get(path) })
}

// reads presses a button until what it opens has arrived.
func (p *person) reads(path, button, want string) answer {
	p.Helper()
	return p.until(want, func() answer { return p.press(path, button) })
}

func (p *person) until(want string, look func() answer) answer {
	p.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		a := look()
		if a.status == http.StatusOK && a.says(want) {
			return a
		}
		if time.Now().After(deadline) {
			p.Fatalf("%s at %s: %d, never %q\n%s", p.name, a.at, a.status, want, a.brief())
		}
	}
}

// press opens a page and presses a button on it, which is named by its value
// ("op=review", "op=outcome:…") or by its words, with the form filled in: what is not
// named stays as the page has it. It fails when the page has no such button, field or
// choice.
func (p *person) press(path, button string, pairs ...string) answer {
	p.Helper()
	return p.on(p.get(path), button, pairs...)
}

// on is press on a page that is open.
func (p *person) on(page answer, button string, pairs ...string) answer {
	p.Helper()
	f := formOf(p, page, button)
	for i := 0; i < len(pairs); i += 2 {
		p.fits(page.at, f, pairs[i], pairs[i+1])
		f.values.Del(pairs[i])
	}
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" || f.free[pairs[i]] {
			f.values.Add(pairs[i], pairs[i+1])
		}
	}
	return p.send(f.action, f.values)
}

// formOf is the form of a page that a button sends.
func formOf(p *person, page answer, button string) *webForm {
	p.Helper()
	doc, err := html.Parse(strings.NewReader(page.body))
	p.check(err)
	f := findForm(doc, button)
	if f == nil {
		p.Fatalf("%s has no button %q for %s\n%s", page.at, button, p.name, page.text())
	}
	return f
}

// fits checks that a form can be filled in so.
func (p *person) fits(at string, f *webForm, name, value string) {
	p.Helper()
	if !f.free[name] && f.choices[name] == nil {
		p.Errorf("%s: the form has no field %q", at, name)
	}
	if !f.free[name] && value != "" && !slices.Contains(f.choices[name], value) {
		p.Errorf("%s: %q is no choice for %s: %v", at, value, name, f.choices[name])
	}
}

// webForm is a form as a browser reads it.
type webForm struct {
	action  string
	values  url.Values
	free    map[string]bool     // what takes any text
	choices map[string][]string // what is chosen
}

func attr(n *html.Node, key string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val, true
		}
	}
	return "", false
}

// findForm finds the form that a button sends, filled in as it stands.
func findForm(doc *html.Node, button string) *webForm {
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode || n.Data != "button" || !isButton(n, button) {
			continue
		}
		form := n.Parent
		if id, ok := attr(n, "form"); ok {
			form = byID(doc, id)
		}
		for form != nil && form.Data != "form" {
			form = form.Parent
		}
		if form == nil {
			continue
		}
		f := readForm(form)
		if name, ok := attr(n, "name"); ok {
			value, _ := attr(n, "value")
			f.values.Set(name, value)
		}
		return f
	}
	return nil
}

func isButton(n *html.Node, want string) bool {
	if name, value, ok := strings.Cut(want, "="); ok {
		has, _ := attr(n, "name")
		v, _ := attr(n, "value")
		return has == name && (v == value || strings.HasSuffix(value, ":") && strings.HasPrefix(v, value))
	}
	var words strings.Builder
	for c := range n.Descendants() {
		if c.Type == html.TextNode {
			words.WriteString(c.Data)
		}
	}
	return strings.TrimSpace(words.String()) == want
}

func byID(doc *html.Node, id string) *html.Node {
	for n := range doc.Descendants() {
		if has, _ := attr(n, "id"); n.Type == html.ElementNode && has == id {
			return n
		}
	}
	return nil
}

func readForm(form *html.Node) *webForm {
	f := &webForm{values: url.Values{}, free: map[string]bool{}, choices: map[string][]string{}}
	f.action, _ = attr(form, "action")
	for n := range form.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		name, _ := attr(n, "name")
		value, _ := attr(n, "value")
		switch n.Data {
		case "input":
			kind, _ := attr(n, "type")
			_, checked := attr(n, "checked")
			switch {
			case kind == "file":
			case kind == "checkbox" || kind == "radio":
				f.choices[name] = append(f.choices[name], value)
				if checked {
					f.values.Add(name, value)
				}
			default:
				f.free[name] = true
				f.values.Add(name, value)
			}
		case "textarea":
			f.free[name] = true
			text := ""
			if n.FirstChild != nil {
				text = n.FirstChild.Data
			}
			f.values.Add(name, text)
		case "select":
			f.choose(n, name)
		}
	}
	return f
}

// choose reads a select: what is selected, else its first option.
func (f *webForm) choose(n *html.Node, name string) {
	first, chosen := "", ""
	for o := range n.Descendants() {
		if o.Type != html.ElementNode || o.Data != "option" {
			continue
		}
		v, _ := attr(o, "value")
		if f.choices[name] == nil {
			first = v
		}
		f.choices[name] = append(f.choices[name], v)
		if _, ok := attr(o, "selected"); ok {
			chosen = v
		}
	}
	if chosen == "" {
		chosen = first
	}
	f.values.Set(name, chosen)
}

// upload attaches a file on the page of a draft, with all that its form says.
func (p *person) upload(draft, name, content string, pairs ...string) answer {
	p.Helper()
	form := formOf(p, p.get(draft), "op=attach")
	for i := 0; i < len(pairs); i += 2 {
		p.fits(draft, form, pairs[i], pairs[i+1])
		form.values.Set(pairs[i], pairs[i+1])
	}
	var buf bytes.Buffer
	w := multipart.NewWriter(&buf)
	f, err := w.CreateFormFile("upload", name)
	p.check(err)
	_, err = io.WriteString(f, content)
	p.check(err)
	for name, list := range form.values {
		for _, value := range list {
			p.check(w.WriteField(name, value))
		}
	}
	p.check(w.Close())
	return p.read(p.client.Post(p.base+form.action, w.FormDataContentType(), &buf))
}
