package locale

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"sort"
	"strings"
	"sync"

	"github.com/BurntSushi/toml"
	"github.com/nicksnyder/go-i18n/v2/i18n"
)

//go:embed messages
var messageFiles embed.FS

// catalogue holds the messages of one language.
type catalogue struct {
	bundle *i18n.Bundle
	plain  map[string]string        // messages without placeholder or plural: the common case, no template run
	all    map[string]*i18n.Message // every message by id
	origin map[string]string        // file that each id comes from
}

// loaded reads the embedded files once; they are part of the program, so a broken one stops it at its first use.
var loaded = sync.OnceValue(func() map[Lang]*catalogue {
	out := map[Lang]*catalogue{}
	for _, lang := range Langs() {
		c, err := loadCatalogue(messageFiles, lang)
		if err != nil {
			panic("locale: " + err.Error())
		}
		out[lang] = c
	}
	return out
})

func loadCatalogue(files fs.FS, lang Lang) (*catalogue, error) {
	c := &catalogue{
		bundle: i18n.NewBundle(lang.tag()),
		plain:  map[string]string{},
		all:    map[string]*i18n.Message{},
		origin: map[string]string{},
	}
	c.bundle.RegisterUnmarshalFunc("toml", toml.Unmarshal)
	dir := path.Join("messages", string(lang))
	names, err := fs.Glob(files, dir+"/*.toml")
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("no message files in %s", dir)
	}
	sort.Strings(names)
	for _, name := range names {
		if err := c.load(files, name, lang); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return c, nil
}

func (c *catalogue) load(files fs.FS, name string, lang Lang) error {
	raw, err := fs.ReadFile(files, name)
	if err != nil {
		return err
	}
	// go-i18n reads the language from the file's name, so it is given one of that form.
	parsed, err := c.bundle.ParseMessageFileBytes(raw, lang.Tag()+".toml")
	if err != nil {
		return err
	}
	for _, m := range parsed.Messages {
		if other, twice := c.origin[m.ID]; twice {
			return fmt.Errorf("message %q is already in %s", m.ID, other)
		}
		if m.Other == "" {
			return fmt.Errorf("message %q has no text", m.ID)
		}
		c.origin[m.ID], c.all[m.ID] = name, m
		if m.One == "" && !strings.Contains(m.Other, "{{") {
			c.plain[m.ID] = m.Other
		}
	}
	return nil
}
