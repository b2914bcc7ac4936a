package auth

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"entente/internal/store"
)

var (
	nameForm   = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{1,63}$`)
	agencyForm = regexp.MustCompile(`^[A-Z][A-Z0-9-]{1,15}$`)
)

// ErrLastAdministrator means that nobody would be left to add an administrator.
var ErrLastAdministrator = errors.New("the last administrator stays one")

// NewUser is a person to be added.
type NewUser struct {
	Name, Display, Agency string
	Roles                 []Role
	// Password is a first one, to be changed by the person.
	Password string
}

// AddUser adds a person who may sign in; by is the administrator who does it.
func (a *Auth) AddUser(ctx context.Context, n NewUser, by string) (store.User, error) {
	u := store.User{Name: strings.ToLower(strings.TrimSpace(n.Name)), Display: strings.TrimSpace(n.Display), Agency: n.Agency}
	if !nameForm.MatchString(u.Name) {
		return u, fmt.Errorf("%w: a sign-in name has 2 to 64 lower-case letters, digits, dots, hyphens or underscores", ErrForm)
	}
	if u.Display == "" {
		u.Display = u.Name
	}
	if err := fill(&u, n.Agency, n.Roles); err != nil {
		return u, err
	}
	var err error
	if u.Password, err = a.Hash(n.Password); err != nil {
		return u, err
	}
	if u, err = a.store.AddUser(ctx, u); err != nil {
		return u, err
	}
	return u, a.noteOn(ctx, by, "add_user", u.Name)
}

// fill sets agency and roles after judging them.
func fill(u *store.User, agency string, roles []Role) error {
	if !agencyForm.MatchString(agency) {
		return fmt.Errorf("%w: an agency is named by its code, such as SRE", ErrForm)
	}
	if len(roles) == 0 {
		return fmt.Errorf("%w: a person has at least one role", ErrForm)
	}
	u.Agency, u.Roles = agency, nil
	for _, r := range roles {
		if !r.Valid() {
			return fmt.Errorf("%w: there is no role %q", ErrForm, r)
		}
		if !slices.Contains(u.Roles, string(r)) {
			u.Roles = append(u.Roles, string(r))
		}
	}
	return nil
}

// ChangeUser sets what an administrator may change of a person.
func (a *Auth) ChangeUser(ctx context.Context, id int64, display, agency string, roles []Role, disabled bool, by string) error {
	u, err := a.store.UserByID(ctx, id)
	if err != nil {
		return err
	}
	if err := fill(&u, agency, roles); err != nil {
		return err
	}
	if display = strings.TrimSpace(display); display != "" {
		u.Display = display
	}
	u.Disabled = disabled
	if disabled || !slices.Contains(roles, Administrator) {
		if err := a.anotherAdministrator(ctx, id); err != nil {
			return err
		}
	}
	if err := a.store.UpdateUser(ctx, u); err != nil {
		return err
	}
	return a.noteOn(ctx, by, "change_user", u.Name)
}

func (a *Auth) anotherAdministrator(ctx context.Context, id int64) error {
	users, err := a.store.Users(ctx)
	if err != nil {
		return err
	}
	was := false
	for _, u := range users {
		admin := !u.Disabled && slices.Contains(u.Roles, string(Administrator))
		if admin && u.ID != id {
			return nil
		}
		was = was || admin
	}
	if !was {
		return nil
	}
	return ErrLastAdministrator
}

// SetPassword gives a person a new first password; every session of the person
// ends. The officer key keeps its own passphrase, which only the person knows.
func (a *Auth) SetPassword(ctx context.Context, id int64, password, by string) error {
	u, err := a.store.UserByID(ctx, id)
	if err != nil {
		return err
	}
	if u.Password, err = a.Hash(password); err != nil {
		return err
	}
	if err := a.store.UpdateUser(ctx, u); err != nil {
		return err
	}
	return a.noteOn(ctx, by, "set_password", u.Name)
}

func (a *Auth) noteOn(ctx context.Context, actor, act, object string) error {
	return a.store.AddAudit(ctx, store.AuditEvent{Actor: actor, Act: act, Object: object, Outcome: "done"})
}
