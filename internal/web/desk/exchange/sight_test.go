package exchange_test

import (
	"context"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"entente"
	"entente/internal/store"
)

// TestThePagesOfTheProgrammeHideTheExchange reads the pages that list, find and show
// entries: what passes between the parties is there for whom it is for, and for
// auditors, and for nobody else.
func TestThePagesOfTheProgrammeHideTheExchange(t *testing.T) {
	b := newDesks(t)
	at := b.release("recipients", "CBP")
	us := b.person(b.us, "cbp-first")
	us.soon(at, "Received")
	list, err := store.List[entente.Release](context.Background(), b.world.US.View(entente.Shared), store.Query{Type: entente.TypeRelease})
	b.check(err)
	if len(list.Items) != 1 {
		t.Fatalf("%d releases", len(list.Items))
	}
	v := list.Items[0]
	page := "/en/entries/" + v.Ref.Log + "/" + strconv.FormatUint(v.Ref.Index, 10)
	none := "/en/entries/" + v.Ref.Log + "/99999"
	for name, sees := range map[string]bool{"cbp-first": true, "auditor": true, "fbi-first": false, "fbi-second": false} {
		p := b.person(b.us, name)
		a := p.get(page)
		if sees != (a.status == http.StatusOK) || !sees && (a.status != p.get(none).status || strings.Contains(a.body, v.Subject)) {
			t.Errorf("the entry's page for %s: %d", name, a.status)
		}
		if sees && !a.says("Handling") {
			t.Errorf("the entry's page does not say its handling in words: %s", a.brief())
		}
		all := name == "auditor" // lists are for those who oversee; the others have their own
		for _, path := range []string{"/en/latest", "/en/latest?type=release", "/en/latest?type=receipt", "/en/search?q=" + v.Subject, "/en/corrections"} {
			a := p.get(path)
			if tells := strings.Contains(a.body, v.Ref.String()) || strings.Contains(a.body, ">"+v.Subject+"<"); tells && !all {
				t.Errorf("%s tells %s of the release", path, name)
			} else if !tells && all && path == "/en/latest?type=release" {
				t.Errorf("%s does not show an auditor the release", path)
			}
		}
		if a := p.get("/en/latest"); !all && strings.Contains(a.body, `value="release"`) {
			t.Errorf("%s is offered releases to filter by", name)
		}
	}
}

// TestNoListLeadsToADraftThatIsNotRead follows every link to a draft that those who
// oversee are shown: they know of the drafts of an exchange, and read none.
func TestNoListLeadsToADraftThatIsNotRead(t *testing.T) {
	b := newDesks(t)
	b.release("recipients", "CBP")
	href := regexp.MustCompile(`href="(/en/desk/(?:exchange/)?drafts/[^"?]+)"`)
	for _, name := range []string{"auditor", "admin"} {
		p := b.person(b.mx, name)
		for _, page := range []string{"/en/desk/today", "/en/desk/drafts", "/en/desk/drafts?view=done"} {
			list := p.get(page)
			if page == "/en/desk/drafts?view=done" && !strings.Contains(list.body, "Release") {
				t.Errorf("%s does not know of the release: %s", name, list.brief())
			}
			for _, m := range href.FindAllStringSubmatch(list.body, -1) {
				if a := p.get(m[1]); m[1] != "/en/desk/drafts/new" && a.status != http.StatusOK {
					t.Errorf("%s leads %s to %s: %d", page, name, m[1], a.status)
				}
			}
		}
	}
	first := b.person(b.mx, "sspc-first").get("/en/desk/drafts?view=done")
	if href.FindString(first.body) == "" {
		t.Errorf("whoever wrote the release has no link to it: %s", first.brief())
	}
}
