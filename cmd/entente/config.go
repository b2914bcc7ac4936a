package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/knadh/koanf/parsers/yaml"
	"github.com/knadh/koanf/providers/env"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/v2"
	yamlv3 "gopkg.in/yaml.v3"
)

// configFile is a node's configuration inside its directory; a variable
// ENTENTE_WEB, ENTENTE_LINK, ... of the environment overrides a line of it.
const configFile = "entente.yaml"

// passphraseEnv holds the passphrase of the node's own keys; without it the
// command asks on the terminal.
const passphraseEnv = "ENTENTE_PASSPHRASE"

// config says where a node listens and whom it knows.
type config struct {
	// Web is the address of the public site (of a portal) or the desk (of a party),
	// with the public logs and files; Link that of the peer listener, of a party.
	Web  string `koanf:"web" yaml:"web"`
	Link string `koanf:"link" yaml:"link,omitempty"`
	// Origin is the site's own URL as readers see it; http://Web when empty.
	Origin string `koanf:"origin" yaml:"origin,omitempty"`
	// Programme is a directory of programme files; the built-in one when empty.
	Programme string       `koanf:"programme" yaml:"programme,omitempty"`
	Peers     []configPeer `koanf:"peers" yaml:"peers,omitempty"`
	// Mail is the server that mail is handed to; without one no mail is sent.
	Mail configMail `koanf:"mail" yaml:"mail,omitempty"`
}

// configPeer is another node.
type configPeer struct {
	Writer string `koanf:"writer" yaml:"writer" json:"writer"`
	// Genesis is the file of its genesis entry, relative to the node's directory.
	Genesis string `koanf:"genesis" yaml:"genesis" json:"genesis"`
	Public  string `koanf:"public" yaml:"public" json:"public"`
	Link    string `koanf:"link" yaml:"link,omitempty" json:"link,omitempty"`
}

// readConfig reads a node's configuration.
func readConfig(dir string) (config, error) {
	k := koanf.New(".")
	path := filepath.Join(dir, configFile)
	if err := k.Load(file.Provider(path), yaml.Parser()); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return config{}, fmt.Errorf("%s holds no node (no %s in it): make one with entente init", dir, configFile)
		}
		return config{}, fmt.Errorf("%s: %w", path, err)
	}
	known := map[string]string{"ENTENTE_WEB": "web", "ENTENTE_LINK": "link", "ENTENTE_ORIGIN": "origin", "ENTENTE_PROGRAMME": "programme"}
	if err := k.Load(env.Provider("ENTENTE_", ".", func(s string) string { return known[s] }), nil); err != nil {
		return config{}, err
	}
	var c config
	if err := k.Unmarshal("", &c); err != nil {
		return config{}, fmt.Errorf("%s: %w", path, err)
	}
	if c.Web == "" {
		return config{}, fmt.Errorf("%s: web, the address to listen on, is missing", path)
	}
	return c, nil
}

// write writes the configuration whole or not at all.
func (c config) write(dir string) error {
	raw, err := yamlv3.Marshal(c)
	if err != nil {
		return err
	}
	path := filepath.Join(dir, configFile)
	if err := os.WriteFile(path+".new", raw, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// origin is the site's own URL.
func (c config) origin() string {
	if c.Origin != "" {
		return c.Origin
	}
	return "http://" + c.Web
}
