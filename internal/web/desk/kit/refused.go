package kit

import (
	"errors"
	"net/http"
	"strings"

	"entente/internal/auth"
	"entente/internal/locale"
	"entente/internal/node"
	"entente/internal/store"
)

// Refused is a refusal in the reader's language.
type Refused struct {
	Status int
	// Rule is the rule, Mend what would make it possible, Detail what exactly broke
	// it (in English, for those who run the node), Code its stable name.
	Rule, Mend, Detail, Code string
	// Field is the form field that is meant, "" for none.
	Field string
	// Unlock is true when the officer's key must be unlocked first.
	Unlock bool
}

// Refuse is an error of a desk page: the messages of Code + ".rule" and ".mend".
type Refuse struct {
	Code  string
	Field string
	Args  []any
}

// Error names the code.
func (r *Refuse) Error() string { return "refused: " + r.Code }

// refusal says an error in the reader's language; nil for one that is a fault and
// no refusal.
func (a *Ask) refusal(err error) *Refused {
	var byNode *node.Refusal
	var byDesk *Refuse
	var wait *auth.WaitError
	say := func(status int, code string, args ...any) *Refused {
		return &Refused{Status: status, Code: code, Rule: a.T(code+".rule", args...), Mend: a.T(code+".mend", args...)}
	}
	switch {
	case errors.As(err, &byNode):
		return FromNode(a, byNode)
	case errors.As(err, &byDesk):
		r := say(http.StatusUnprocessableEntity, byDesk.Code, byDesk.Args...)
		r.Field = byDesk.Field
		return r
	case errors.As(err, &wait):
		return say(http.StatusTooManyRequests, "desk.refused.wait", "Wait", a.L.Elapsed(wait.Wait))
	case errors.Is(err, auth.ErrLocked):
		r := say(http.StatusForbidden, "desk.refused.locked")
		r.Unlock = true
		return r
	case errors.Is(err, auth.ErrCredentials):
		return say(http.StatusForbidden, "desk.refused.credentials")
	case errors.Is(err, auth.ErrPasswordForm):
		return say(http.StatusUnprocessableEntity, "desk.refused.password")
	case errors.Is(err, auth.ErrLastAdministrator):
		return say(http.StatusConflict, "desk.refused.lastadmin")
	case errors.Is(err, auth.ErrNoPasskeys):
		return say(http.StatusConflict, "desk.refused.nopasskeys")
	case errors.Is(err, auth.ErrForm):
		r := say(http.StatusUnprocessableEntity, "desk.refused.form")
		r.Detail = strings.TrimPrefix(err.Error(), auth.ErrForm.Error()+": ")
		return r
	case errors.Is(err, store.ErrConflict):
		return say(http.StatusConflict, "desk.refused.conflict")
	case errors.Is(err, auth.ErrPassphrase):
		return say(http.StatusForbidden, "desk.refused.passphrase")
	}
	return nil
}

// FromNode says a refusal of the node in the reader's language.
func FromNode(a *Ask, r *node.Refusal) *Refused {
	rule, mend := r.In(string(a.Lang()))
	if rule == "" {
		rule = r.Code
	}
	if mend == "" {
		mend = a.T("desk.refused.nomend")
	}
	return &Refused{
		Status: http.StatusUnprocessableEntity, Code: r.Code, Rule: rule, Mend: mend, Detail: r.Detail, Field: r.Field,
		Unlock: r.Code == "node.officer_locked",
	}
}

// langOf cuts the language off a request's path.
func langOf(r *http.Request) (locale.Lang, string) {
	for _, l := range locale.Langs() {
		if rest, ok := strings.CutPrefix(r.URL.Path, "/"+string(l)); ok && (rest == "" || rest[0] == '/') {
			return l, rest
		}
	}
	return locale.Match(r.Header.Get("Accept-Language")), r.URL.Path
}
