package outbox

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"mime/quotedprintable"
	"net"
	"net/http/httptest"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"entente"
	"entente/internal/store"
)

// postOffice is a mail server that keeps what it is handed. It speaks as much of RFC
// 5321 and RFC 3207 as a client needs.
type postOffice struct {
	net.Listener
	config   *tls.Config
	starttls bool
	refuse   bool

	mu   sync.Mutex
	mail []string
	to   []string
	tls  []bool
}

func newPostOffice(t *testing.T, starttls bool) *postOffice {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	site := httptest.NewTLSServer(nil)
	t.Cleanup(site.Close)
	p := &postOffice{Listener: l, config: &tls.Config{Certificates: site.TLS.Certificates}, starttls: starttls}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go p.talk(c)
		}
	}()
	return p
}

func (p *postOffice) talk(c net.Conn) {
	defer c.Close()
	secure := false
	in := bufio.NewReader(c)
	say := func(format string, a ...any) { fmt.Fprintf(c, format+"\r\n", a...) }
	say("220 office ESMTP")
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		verb := strings.ToUpper(strings.TrimSpace(line))
		switch {
		case strings.HasPrefix(verb, "EHLO"):
			if p.starttls && !secure {
				say("250-office")
				say("250 STARTTLS")
			} else {
				say("250 office")
			}
		case verb == "STARTTLS":
			say("220 go on")
			c = tls.Server(c, p.config)
			in, secure = bufio.NewReader(c), true
		case strings.HasPrefix(verb, "RCPT"):
			p.mu.Lock()
			refuse := p.refuse
			p.to, p.tls = append(p.to, strings.TrimSpace(line)), append(p.tls, secure)
			p.mu.Unlock()
			if refuse {
				say("550 no such person")
				continue
			}
			say("250 ok")
		case verb == "DATA":
			say("354 go on")
			var b strings.Builder
			for {
				line, err := in.ReadString('\n')
				if err != nil {
					return
				}
				if line == ".\r\n" {
					break
				}
				b.WriteString(line)
			}
			p.mu.Lock()
			p.mail = append(p.mail, b.String())
			p.mu.Unlock()
			say("250 ok")
		case verb == "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

func (p *postOffice) server() *MailServer {
	addr := p.Addr().(*net.TCPAddr)
	return &MailServer{Host: "127.0.0.1", Port: addr.Port, From: "node@example.org", TLS: &tls.Config{InsecureSkipVerify: true}}
}

// TestMailHoldsNoContent: one message for all that waits, in the reader's language,
// that says how much, until when and where, and nothing of what it is.
func TestMailHoldsNoContent(t *testing.T) {
	for _, c := range []struct {
		lang  string
		wants []string
	}{
		{"es", []string{"2 asuntos esperan en su mesa de trabajo", "4 de marzo de 2026", "https://desk.example.org/"}},
		{"en", []string{"2 matters wait at your desk", "March 4, 2026", "https://desk.example.org/"}},
	} {
		d := newDesk(t)
		office := newPostOffice(t, true)
		d.o.Mail = office.server()
		_, err := d.s.AddSubscription(t.Context(), store.Subscription{Kind: store.ByMail, Target: "duty@example.org", Lang: c.lang})
		check(t, err)
		second := release("evt_2")
		second.Due = time.Time{}
		d.happens(release("evt_1"), second)
		d.round(t)
		if len(office.mail) != 1 || !strings.Contains(office.to[0], "<duty@example.org>") || !office.tls[0] {
			t.Fatalf("%d messages, to %v, under TLS %v", len(office.mail), office.to, office.tls)
		}
		msg, err := mail.ReadMessage(strings.NewReader(office.mail[0]))
		check(t, err)
		var body strings.Builder
		if _, err := fmt.Fprint(&body, readAll(t, msg)); err != nil {
			t.Fatal(err)
		}
		for _, want := range c.wants {
			if !strings.Contains(body.String(), want) {
				t.Errorf("%s: it does not say %q:\n%s", c.lang, want, body.String())
			}
		}
		for _, never := range []string{"demo.mx", "release", "remisión", "air", "CBP", "evt_"} {
			if strings.Contains(strings.ToLower(office.mail[0]), strings.ToLower(never)) {
				t.Errorf("%s: it says %q:\n%s", c.lang, never, office.mail[0])
			}
		}
		if got := state(t, d.s); strings.Join(got, ",") != "evt_1 delivered,evt_2 delivered" {
			t.Errorf("deliveries %v", got)
		}
	}
}

func readAll(t *testing.T, m *mail.Message) string {
	t.Helper()
	var b strings.Builder
	s := bufio.NewScanner(m.Body)
	if m.Header.Get("Content-Transfer-Encoding") == "quoted-printable" {
		s = bufio.NewScanner(quotedprintable.NewReader(m.Body))
	}
	for s.Scan() {
		b.WriteString(s.Text() + "\n")
	}
	check(t, s.Err())
	return b.String()
}

// TestMailThatIsRefusedWaits: and mail waits while there is no server.
func TestMailThatIsRefusedWaits(t *testing.T) {
	d := newDesk(t)
	_, err := d.s.AddSubscription(t.Context(), store.Subscription{Kind: store.ByMail, Target: "duty@example.org", Lang: "en"})
	check(t, err)
	d.happens(release("evt_1"))
	d.round(t)
	office := newPostOffice(t, false)
	office.refuse = true
	d.o.Mail = office.server()
	d.round(t)
	all, err := d.s.Deliveries(t.Context(), 0, store.DeliveryWaiting, 10)
	check(t, err)
	if len(all) != 1 || all[0].Tries != 1 || !strings.Contains(all[0].Error, "550") {
		t.Fatalf("deliveries %+v", all)
	}
	office.mu.Lock()
	office.refuse = false
	office.mu.Unlock()
	d.now = d.now.Add(time.Minute)
	d.round(t)
	if len(office.mail) != 1 {
		t.Errorf("%d messages", len(office.mail))
	}
}

// TestMailNeedsTLS: a server elsewhere that does not speak TLS is handed nothing.
func TestMailNeedsTLS(t *testing.T) {
	m := MailServer{Host: "smtp.example.org", From: "node@example.org"}
	c, err := m.client()
	check(t, err)
	if got := c.TLSPolicy(); got != "TLSMandatory" {
		t.Errorf("the policy is %s", got)
	}
	office := newPostOffice(t, false)
	strict := office.server()
	d := newDesk(t)
	d.o.Mail = strict
	sub := store.Subscription{Kind: store.ByMail, Target: "duty@example.org", Lang: "en"}
	check(t, d.Test(t.Context(), sub)) // on this machine, in the clear
	strict.Implicit = true
	if err := d.Test(t.Context(), sub); err == nil {
		t.Error("it spoke TLS to a server that does not")
	}
	for _, bad := range []MailServer{{}, {Host: "h", From: "x"}, {Host: "h", From: "a@example.org", Port: 70000}} {
		if bad.Check() == nil {
			t.Errorf("%+v is taken", bad)
		}
	}
	check(t, strict.Check())
}

func TestEarliestClock(t *testing.T) {
	at := func(due time.Time) store.Delivery {
		return store.Delivery{Event: store.Event{EventData: store.EventData{Entry: entente.Ref{}, Due: due}}}
	}
	if got := earliest([]store.Delivery{at(time.Time{}), at(noon.Add(time.Hour)), at(noon)}); !got.Equal(noon) {
		t.Errorf("earliest is %v", got)
	}
	if got := earliest([]store.Delivery{at(time.Time{})}); !got.IsZero() {
		t.Errorf("a clock runs: %v", got)
	}
}
