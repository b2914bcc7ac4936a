package desk

import (
	"bytes"
	"context"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"entente"
	"entente/internal/auth"
	"entente/internal/locale"
	"entente/internal/web/portal"
	"entente/test/demo"
)

const password = "correct horse"

var cheap = auth.HashCost{Time: 1, Memory: 64, Threads: 1}

// bench is the desks of both parties over the demonstration, in one process.
type bench struct {
	*testing.T
	world  *demo.World
	mx, us *httptest.Server
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{T: t, world: demo.New(t)}
	b.mx, b.us = b.desk(b.world.MX), b.desk(b.world.US)
	return b
}

func (b *bench) desk(p *demo.Party) *httptest.Server {
	b.Helper()
	ctx := context.Background()
	s := httptest.NewUnstartedServer(nil)
	_, port, err := net.SplitHostPort(s.Listener.Addr().String())
	b.check(err)
	signIn, err := auth.New(auth.Options{Node: p.Node, Cost: cheap, Origin: "http://localhost:" + port})
	b.check(err)
	b.Cleanup(signIn.Close)
	hash, err := auth.HashPassword(password, cheap)
	b.check(err)
	for _, name := range []string{"first", "second"} {
		u, err := p.Store().User(ctx, name)
		b.check(err)
		u.Password = hash
		b.check(p.Store().UpdateUser(ctx, u))
	}
	agency := b.world.Programme.Leads[p.Writer().Party]
	for name, role := range map[string]auth.Role{"auditor": auth.Auditor, "admin": auth.Administrator, "keyless": auth.Officer} {
		_, err := signIn.AddUser(ctx, auth.NewUser{Name: name, Display: name, Agency: agency, Roles: []auth.Role{role}, Password: password}, "test")
		b.check(err)
	}
	s.Config.Handler = New(Deps{
		Node: p.Node, Auth: signIn, Demo: true, Version: "test",
		Portal: portal.Parts{Figures: p.Figures(), Labels: b.world.Labels(), Reporter: b.world.Reporter()},
		Status: func() []LogStatus {
			return []LogStatus{{Origin: b.world.US.Origin(entente.Public), Phase: "current", Size: 3, Signed: 3}}
		},
		Backup: func(_ context.Context, w io.Writer) error { _, err := io.WriteString(w, "copy"); return err },
	})
	s.Start()
	b.Cleanup(s.Close)
	return s
}

func (b *bench) check(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// person is somebody with a browser at a desk.
type person struct {
	*bench
	base   string
	client *http.Client
}

func (b *bench) person(at *httptest.Server, name string) *person {
	b.Helper()
	jar, err := cookiejar.New(nil)
	b.check(err)
	p := &person{bench: b, base: at.URL, client: &http.Client{Jar: jar}}
	if name != "" {
		status, body := p.post("/es/desk/sign-in", "name", name, "password", password)
		if status != http.StatusOK || !strings.Contains(body, "desk/sign-out") {
			b.Fatalf("%s does not get in: %d", name, status)
		}
	}
	return p
}

func (p *person) read(res *http.Response, err error) (int, string) {
	p.Helper()
	p.check(err)
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	p.check(err)
	body := string(raw)
	if i := strings.Index(body, locale.Missing); i >= 0 {
		p.Errorf("%s: a text is missing: %s", res.Request.URL, body[i:min(i+80, len(body))])
	}
	return res.StatusCode, body
}

func (p *person) get(path string) (int, string) {
	p.Helper()
	return p.read(p.client.Get(p.base + path))
}

func (p *person) post(path string, pairs ...string) (int, string) {
	p.Helper()
	_, status, body := p.submit(path, pairs...)
	return status, body
}

// submit posts a form and returns where it led.
func (p *person) submit(path string, pairs ...string) (at string, status int, body string) {
	p.Helper()
	values := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		values.Add(pairs[i], pairs[i+1])
	}
	res, err := p.client.PostForm(p.base+path, values)
	p.check(err)
	status, body = p.read(res, nil)
	return res.Request.URL.Path, status, body
}

func (p *person) sees(path, want string) {
	p.Helper()
	status, body := p.get(path)
	if status != http.StatusOK || !strings.Contains(body, want) {
		p.Errorf("%s: %d, without %q", path, status, want)
	}
}

func (b *bench) at(t *testing.T) *bench { c := *b; c.T = t; return &c }

// upload posts a form with a file.
func (p *person) upload(to, name string, content []byte, pairs ...string) (int, string) {
	p.Helper()
	var buf bytes.Buffer
	w := multipart.NewWriter(&buf)
	for i := 0; i < len(pairs); i += 2 {
		p.check(w.WriteField(pairs[i], pairs[i+1]))
	}
	f, err := w.CreateFormFile("file", name)
	p.check(err)
	_, err = f.Write(content)
	p.check(err)
	p.check(w.Close())
	return p.read(p.client.Post(p.base+to, w.FormDataContentType(), &buf))
}

// fieldsOf reads what a browser would send of the draft's form.
func fieldsOf(page string) []string {
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		return nil
	}
	var out []string
	var walk func(n *html.Node, in bool, selected string)
	walk = func(n *html.Node, in bool, selected string) {
		a := map[string]string{}
		for _, x := range n.Attr {
			a[x.Key] = x.Val
		}
		_, checked := a["checked"]
		_, chosen := a["selected"]
		switch {
		case n.Type == html.ElementNode && n.Data == "form":
			in = strings.Contains(a["class"], "e-draft")
		case !in || n.Type != html.ElementNode:
		case n.Data == "input" && a["type"] != "file" && (a["type"] != "checkbox" && a["type"] != "radio" || checked):
			out = append(out, a["name"], a["value"])
		case n.Data == "textarea" && n.FirstChild != nil:
			out = append(out, a["name"], n.FirstChild.Data)
		case n.Data == "select":
			selected = a["name"]
		case n.Data == "option" && chosen:
			out = append(out, selected, a["value"])
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c, in, selected)
		}
	}
	walk(doc, false, "")
	return out
}

var tags = regexp.MustCompile(`(?s)<(script|style|head).*?</(script|style|head)>|<[^>]*>|\s+`)

// text is what a page says, for failure messages.
func text(page string) string {
	s := tags.ReplaceAllString(page, " ")
	if i := strings.Index(s, "Not done"); i >= 0 {
		s = s[i:]
	}
	return s[:min(len(s), 2000)]
}
