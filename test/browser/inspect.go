package browser

import (
	"fmt"
	"strings"

	"golang.org/x/net/html"
)

// facts is what a page's markup says.
type facts struct {
	lang   string
	other  string // address in the other language
	links  []string
	files  []string // styles, scripts and images that it loads from the site
	ids    map[string]bool
	broken []string
	h1     int
	title  bool
}

// inspect reads a page's markup and notes what no page may do.
func inspect(doc *html.Node) *facts {
	f := &facts{ids: map[string]bool{}}
	f.walk(doc)
	if f.h1 != 1 {
		f.broken = append(f.broken, fmt.Sprintf("%d h1", f.h1))
	}
	if !f.title {
		f.broken = append(f.broken, "no title")
	}
	return f
}

func (f *facts) walk(n *html.Node) {
	if n.Type == html.ElementNode {
		f.element(n)
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		f.walk(c)
	}
}

func (f *facts) element(n *html.Node) {
	attr := map[string]string{}
	for _, a := range n.Attr {
		attr[a.Key] = a.Val
		if a.Key == "style" || strings.HasPrefix(a.Key, "on") {
			f.broken = append(f.broken, fmt.Sprintf("<%s> has an inline %s", n.Data, a.Key))
		}
	}
	if id := attr["id"]; id != "" {
		if f.ids[id] {
			f.broken = append(f.broken, "id "+id+" twice")
		}
		f.ids[id] = true
	}
	switch n.Data {
	case "html":
		f.lang = attr["lang"]
	case "h1":
		f.h1++
	case "title":
		f.title = f.title || n.FirstChild != nil && strings.TrimSpace(n.FirstChild.Data) != ""
	case "style":
		f.broken = append(f.broken, "an inline style sheet")
	case "script":
		f.load(attr["src"])
	case "img":
		f.load(attr["src"])
	case "link":
		if attr["rel"] == "stylesheet" || attr["rel"] == "icon" {
			f.load(attr["href"])
		}
	case "a":
		if strings.Contains(" "+attr["class"]+" ", " e-lang ") {
			f.other = attr["href"]
		} else if href, ok := attr["href"]; ok {
			f.links = append(f.links, href)
		}
	}
}

// load notes a file that the page loads; nothing may be inline or come from elsewhere.
func (f *facts) load(src string) {
	if !strings.HasPrefix(src, "/") || strings.HasPrefix(src, "//") {
		f.broken = append(f.broken, fmt.Sprintf("loads %q", src))
		return
	}
	f.files = append(f.files, src)
}
