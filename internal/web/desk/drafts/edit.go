package drafts

import (
	"context"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"entente"
	"entente/internal/node"
	"entente/internal/store"
	"entente/internal/web/desk/form"
	"entente/internal/web/desk/kit"
	"entente/internal/web/shell"
	"entente/internal/web/things"
)

// edit shows the form of a draft; what can no longer be written is shown for review.
func edit(ctx context.Context, a *kit.Ask) (templ.Component, error) {
	d, err := read(ctx, a)
	if err != nil {
		return nil, err
	}
	if !d.mayEdit(a) || d.meta.Inner != nil {
		return review(ctx, a)
	}
	a.Saw("draft", d.ID)
	m, err := editModelOf(ctx, a, d)
	if err != nil {
		return nil, err
	}
	a.Head(d.title(a.Frame), a.T("desk.edit.lead", "Type", a.T("type."+string(d.Type))), "drafts", shell.Link{Text: a.T("desk.drafts.title"), Href: a.Href("/desk/drafts")})
	return editPage(a, m), nil
}

type editModel struct {
	d         *draft
	fields    []form.Field
	logs      shell.Field
	subject   shell.Field
	multipart bool
}

func editModelOf(ctx context.Context, a *kit.Ask, d *draft) (editModel, error) {
	m := editModel{d: d, multipart: hasField(d.Type, "Evidence")}
	in := input(ctx, a, d)
	in.More = a.R.URL.Query().Get("more")
	if a.R.URL.Query().Get("check") != "" || d.State == store.DraftReturned {
		findings, err := a.Kit.Node.CheckDraft(ctx, d.ID)
		if err != nil {
			return m, err
		}
		in.Check, in.Errors = true, fieldErrors(a, findings)
	}
	body := d.Body
	if a.Typed != nil { // refused: what was typed, over what is saved
		typed, err := form.Parse(d.Type, a.Typed, d.Body, resolver(ctx, a))
		if err != nil {
			return m, err
		}
		body = typed
	}
	in.Body = body
	m.fields = form.Build(in)
	m.logs = shell.Field{Name: "audience", Label: a.T("desk.edit.log"), Hint: a.T("desk.edit.log.hint"), Kind: "radio", Value: a.Was("audience", string(d.Audience))}
	for _, aud := range d.rule.Audiences {
		m.logs.Options = append(m.logs.Options, shell.Option{Value: string(aud), Text: a.T("enum.audience." + string(aud)), Hint: a.T("desk.edit.log." + string(aud))})
	}
	m.subject = shell.Field{Name: "subject", Label: a.T("field.subject"), Hint: a.T("desk.edit.subject.hint"), Value: a.Was("subject", d.Subject), MaxLength: 96}
	if deskOf(d.meta).Of != "" || d.Type == entente.TypeWithdrawal {
		m.subject.ReadOnly, m.subject.Hint = true, a.T("desk.edit.subject.fixed")
	}
	return m, nil
}

func input(ctx context.Context, a *kit.Ask, d *draft) form.Input {
	in := form.Input{
		F: a.Frame, Type: d.Type, Body: d.Body, Hide: map[string]bool{},
		Refs: func(field string) []shell.Option { return candidates(ctx, a, d.Type, field) },
		Choices: func(field string) []shell.Option {
			return kit.Choices(ctx, a, field)
		},
	}
	if d.rule.Joint {
		in.Hide["required"], in.Hide["follows"] = true, true
	}
	if deskOf(d.meta).Of == "" {
		in.Hide["correction"] = true
	}
	return in
}

// fieldErrors puts the node's findings beside the fields they name.
func fieldErrors(a *kit.Ask, findings []node.Finding) map[string]string {
	out := map[string]string{}
	for _, f := range findings {
		if f.Field == "" || !f.Blocking {
			continue
		}
		r := kit.FromNode(a, f.Refusal)
		out[f.Field] = r.Rule + " " + r.Mend
	}
	return out
}

func resolver(ctx context.Context, a *kit.Ask) form.Resolver {
	return func(typed string) (entente.Ref, bool) { return kit.Resolve(ctx, a.View, typed) }
}

// candidates are the current things that a field of a type may refer to.
func candidates(ctx context.Context, a *kit.Ask, t entente.Type, field string) []shell.Option {
	own := a.Kit.Node.Writer().Writer()
	q := store.Query{Limit: 500, Order: store.ByTitle, Lang: string(a.Lang()), Writer: own}
	switch field {
	case "commitment", "commitments":
		q.Types = []entente.Type{entente.TypeCommitment}
	case "dataset":
		q.Types = []entente.Type{entente.TypeDataset}
	case "statement":
		q.Types = []entente.Type{entente.TypeStatement}
	case "question":
		q.Types, q.Writer = []entente.Type{entente.TypeQuestion, entente.TypeCitation}, ""
	case "on":
		q.Types, q.Writer = kit.Answerable, ""
	default:
		return nil
	}
	page, err := store.List[json.RawMessage](ctx, a.View, q)
	if err != nil {
		return nil // the picker still takes an entry by name
	}
	var out []shell.Option
	for _, v := range page.Items {
		if field == "on" && v.Writer == own {
			continue
		}
		title := a.Say(v.Title)
		if title == "" {
			title = v.Subject
		}
		out = append(out, shell.Option{Value: v.Ref.String() + " — " + a.Writer(v.Writer) + ": " + title})
	}
	return out
}

// save keeps what was typed, and carries out the button pressed.
func save(ctx context.Context, a *kit.Ask) (string, error) {
	d, err := read(ctx, a)
	if err != nil {
		return "", err
	}
	if !d.mayEdit(a) {
		return "", &kit.Refuse{Code: "desk.refused.draftclosed"}
	}
	op, arg, _ := strings.Cut(a.Post("op"), ":")
	if op == "drop" {
		a.R.PostForm.Set(arg+".gone", "1")
		a.R.PostForm.Set(arg+".drop", "1")
	}
	if err := keep(ctx, a, d); err != nil {
		return "", err
	}
	if op == "attach" {
		if err := attach(ctx, a, d, arg); err != nil {
			return "", err
		}
	}
	at := "/desk/drafts/" + d.ID
	switch op {
	case "more":
		return a.Href(at, "more", arg) + "#f-" + arg, nil
	case "drop", "attach":
		list, _, _ := strings.Cut(arg, ".")
		return a.Href(at) + "#f-" + list, nil
	case "review":
		return a.Href(at + "/review"), nil
	}
	a.Tell(ctx, "desk.edit.saved")
	return a.Href(at, "check", "1"), nil
}

// keep saves the form into the draft; d becomes what is stored.
func keep(ctx context.Context, a *kit.Ask, d *draft) error {
	if s := a.Post("revision"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n != d.Revision {
			return store.ErrConflict
		}
	}
	body, err := form.Parse(d.Type, a.R.PostForm, d.Body, resolver(ctx, a))
	if err != nil {
		return err
	}
	d.Body = body
	if aud := entente.Audience(a.Post("audience")); aud.Valid() {
		d.Audience = aud
	}
	if deskOf(d.meta).Of == "" && d.Type != entente.TypeWithdrawal {
		d.Subject = strings.ToLower(a.Post("subject"))
		if d.Subject == "" {
			d.Subject = subjectFor(d, a.Kit.Today())
		}
	}
	saved, err := a.Kit.Node.SaveDraft(ctx, d.WorkDraft)
	if err == nil {
		d.WorkDraft = saved
	}
	return err
}

// autosave saves as the person types and answers with the line that says so.
func autosave(ctx context.Context, a *kit.Ask) error {
	a.R.Body = http.MaxBytesReader(a.W, a.R.Body, 1<<20)
	if strings.HasPrefix(a.R.Header.Get("Content-Type"), "multipart/") {
		if err := a.R.ParseMultipartForm(1 << 20); err != nil {
			return err
		}
	} else if err := a.R.ParseForm(); err != nil {
		return err
	}
	d, err := read(ctx, a)
	if err != nil {
		return err
	}
	said := a.T("desk.edit.autosaved", "At", a.Kit.Now().UTC().Format("15:04:05"))
	if !d.mayEdit(a) {
		said = a.T("desk.refused.draftclosed.rule")
	} else if err := keep(ctx, a, d); err != nil {
		said = a.T("desk.edit.notsaved")
	}
	shell.Render(a.W, a.R, http.StatusOK, savedLine(said, d.Revision))
	return nil
}

// maxEvidence bounds a file of evidence in bytes.
const maxEvidence = 64 << 20

// attach keeps the uploaded file and names it in the draft.
func attach(ctx context.Context, a *kit.Ask, d *draft, path string) error {
	b, err := upload(ctx, a)
	if err != nil {
		return err
	}
	if d.Body, err = form.Attach(d.Type, d.Body, path, b); err != nil {
		return err
	}
	_, err = a.Kit.Node.SaveDraft(ctx, d.WorkDraft)
	return err
}

func upload(ctx context.Context, a *kit.Ask) (entente.Blob, error) {
	f, head, err := a.R.FormFile("upload")
	if err != nil {
		return entente.Blob{}, &kit.Refuse{Code: "desk.refused.nofile", Field: "upload"}
	}
	defer f.Close()
	if head.Size > maxEvidence {
		return entente.Blob{}, &kit.Refuse{Code: "desk.refused.bigfile", Field: "upload", Args: []any{"Max", a.L.Bytes(maxEvidence)}}
	}
	digest, size, err := a.Kit.Node.Blobs().Put(ctx, io.LimitReader(f, maxEvidence))
	if err != nil {
		return entente.Blob{}, err
	}
	name := path.Base(strings.ReplaceAll(head.Filename, `\`, "/"))
	media := mime.TypeByExtension(path.Ext(name))
	if media == "" {
		media = "application/octet-stream"
	}
	if r := []rune(name); len(r) > 200 {
		name = string(r[len(r)-200:])
	}
	return entente.Blob{Digest: digest, Size: size, Name: name, Media: media}, nil
}

// content decodes a draft's body as its type; nil while it does not fit.
func content(d *draft) any {
	body := d.rule.New()
	if d.rule.New == nil || json.Unmarshal(d.Body, body) != nil {
		return nil
	}
	return body
}

func plain(a *kit.Ask, title entente.Text, content any) string {
	var b strings.Builder
	b.WriteString(a.Say(title) + "\n")
	for _, fl := range things.Fields(a.Frame, content) {
		b.WriteString(fl.Label + ": " + fl.Text + "\n")
	}
	return b.String()
}
