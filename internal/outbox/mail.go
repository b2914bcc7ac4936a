package outbox

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	netmail "net/mail"
	"strings"
	"time"

	"github.com/wneessen/go-mail"

	"entente/internal/locale"
	"entente/internal/store"
)

// MailServer is the server that mail is handed to (RFC 5321), and how it is reached.
type MailServer struct {
	Host string
	Port int // 0 for 587, or 465 with Implicit
	// Implicit speaks TLS from the first byte (RFC 8314); otherwise STARTTLS is
	// required (RFC 3207), unless the server is on this machine.
	Implicit bool
	User     string // "" for a server that asks for none
	Password string
	From     string // the address that mail comes from
	TLS      *tls.Config
}

// ErrNoMail means that the node has no mail server.
var ErrNoMail = errors.New("this node has no mail server: set mail.host and mail.from in its configuration")

// Check reports what is wrong with the server's settings.
func (m MailServer) Check() error {
	if m.Host == "" {
		return ErrNoMail
	}
	if err := CheckAddress(m.From); err != nil {
		return fmt.Errorf("mail.from: %w", err)
	}
	if m.Port < 0 || m.Port > 65535 {
		return fmt.Errorf("mail.port is a port, not %d", m.Port)
	}
	return nil
}

// CheckAddress reports what keeps a text from being a bare mail address.
func CheckAddress(address string) error {
	a, err := netmail.ParseAddress(address)
	if err != nil || a.Address != address || strings.ContainsAny(address, "\r\n") {
		return fmt.Errorf("%.100q is no mail address such as duty@example.org", address)
	}
	return nil
}

// client makes the client for one message.
func (m MailServer) client() (*mail.Client, error) {
	options := []mail.Option{mail.WithTimeout(postTimeout)}
	switch {
	case m.Implicit:
		options = append(options, mail.WithSSLPort(false))
	case loopback(m.Host):
		options = append(options, mail.WithTLSPortPolicy(mail.TLSOpportunistic))
	default:
		options = append(options, mail.WithTLSPortPolicy(mail.TLSMandatory))
	}
	if m.Port != 0 {
		options = append(options, mail.WithPort(m.Port))
	}
	if m.TLS != nil {
		options = append(options, mail.WithTLSConfig(m.TLS))
	}
	if m.User != "" {
		options = append(options, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(m.User), mail.WithPassword(m.Password))
	}
	return mail.NewClient(m.Host, options...)
}

// mail tells one subscription that things wait: how many, until when, and where the
// desk is. What they are is not said.
func (b *Outbox) mail(ctx context.Context, s store.Subscription, due []store.Delivery) error {
	msg, err := letter(*b.o.Mail, s, due, b.o.Origin)
	if err != nil {
		return err
	}
	c, err := b.o.Mail.client()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 3*postTimeout)
	defer cancel()
	return c.DialAndSendWithContext(ctx, msg)
}

// letter writes the message.
func letter(m MailServer, s store.Subscription, due []store.Delivery, origin string) (*mail.Msg, error) {
	lang, ok := locale.Parse(s.Lang)
	if !ok {
		lang = locale.ES
	}
	say := locale.For(lang)
	lines := []string{say.N("outbox.mail.waits", len(due)), ""}
	if at := earliest(due); !at.IsZero() {
		lines = append(lines, say.T("outbox.mail.due", "When", say.Moment(at.UTC())), "")
	}
	lines = append(lines, say.T("outbox.mail.desk", "Link", origin+"/"), "", say.T("outbox.mail.nothing"), "")
	msg := mail.NewMsg()
	if err := msg.From(m.From); err != nil {
		return nil, err
	}
	if err := msg.To(s.Target); err != nil {
		return nil, err
	}
	msg.Subject(say.T("outbox.mail.subject"))
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834, §5
	msg.SetGenHeader(mail.HeaderContentLang, lang.Tag())
	msg.SetBodyString(mail.TypeTextPlain, strings.Join(lines, "\n"))
	return msg, nil
}

// earliest is the first clock that runs; zero when none does.
func earliest(due []store.Delivery) (at time.Time) {
	for _, d := range due {
		if t := d.Event.Due; !t.IsZero() && (at.IsZero() || t.Before(at)) {
			at = t
		}
	}
	return at
}
