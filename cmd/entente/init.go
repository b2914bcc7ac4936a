package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"entente"
	"entente/internal/node"
)

// rootPassphraseEnv holds the passphrase of the offline root key.
const rootPassphraseEnv = "ENTENTE_ROOT_PASSPHRASE"

// initCmd makes a node.
type initCmd struct {
	Dir      string   `help:"Directory to make; it must not exist or be empty." required:"" type:"path"`
	Writer   string   `help:"Party (ISO 3166 code, such as MX) or name of an observer (lower case)." required:""`
	NameES   string   `help:"Name of the node in Spanish." name:"name-es" required:""`
	NameEN   string   `help:"Name of the node in English." name:"name-en" required:""`
	Base     string   `help:"Where origins and key names begin, such as mx.entente.example." required:""`
	Agencies []string `help:"Codes of the party's agencies that get a key." name:"agency"`
	Web      string   `help:"Address of the site." default:"127.0.0.1:8440"`
	Link     string   `help:"Address of the peer listener, for a party."`
	Demo     bool     `help:"A demonstration: base begins with demo."`
}

type initResult struct {
	Writer  string         `json:"writer"`
	Dir     string         `json:"dir"`
	Genesis string         `json:"genesis"`
	Digest  entente.Digest `json:"digest"`
}

func (r initResult) writeText(w io.Writer) error {
	_, err := fmt.Fprintf(w, `node of %s made in %s
genesis file    %s
genesis digest  %s
Give the file to the other nodes and read the digest to them over another way; they pin it with entente peer add.
Keep keys/root.age offline from now on: only it can change keys.
`, r.Writer, r.Dir, r.Genesis, r.Digest)
	return err
}

// Run makes keys, genesis and database.
func (c *initCmd) Run(g *globals) error {
	author := entente.Author{Observer: c.Writer}
	if entente.Party(c.Writer).Valid() {
		author = entente.Author{Party: entente.Party(c.Writer)}
	}
	if c.Demo != strings.HasPrefix(c.Base, "demo.") {
		return errors.New("the base of a demonstration begins with demo., and only that one does")
	}
	passphrase, err := askPassphrase("passphrase for the node's keys", passphraseEnv)
	if err != nil {
		return err
	}
	root, err := askPassphrase("passphrase for the root key", rootPassphraseEnv)
	if err != nil {
		return err
	}
	raw, err := node.Init(context.Background(), c.Dir, node.InitOptions{
		Writer: author, Name: entente.Text{ES: c.NameES, EN: c.NameEN}, Demo: c.Demo, Base: c.Base,
		Agencies: c.Agencies, Passphrase: passphrase, RootPassphrase: root, WorkFactor: workFactor(),
	})
	if err != nil {
		return err
	}
	if err := (config{Web: c.Web, Link: c.Link}).write(c.Dir); err != nil {
		return err
	}
	file := filepath.Join(c.Dir, strings.ToLower(c.Writer)+".genesis.note")
	if err := os.WriteFile(file, raw, 0o600); err != nil {
		return err
	}
	return g.print(initResult{Writer: author.Writer(), Dir: c.Dir, Genesis: file, Digest: entente.DigestOf(raw)})
}

// peerCmd manages the other nodes.
type peerCmd struct {
	Add  peerAddCmd  `cmd:"" help:"Pin another node's genesis and say where the node is reached."`
	List peerListCmd `cmd:"" help:"List the other nodes."`
}

type peerAddCmd struct {
	Dir     string         `help:"The node's directory." default:"." type:"existingdir"`
	Genesis string         `arg:"" help:"The other node's genesis file." type:"existingfile"`
	Digest  entente.Digest `help:"Its SHA-256 digest, as told over another way." required:""`
	Public  string         `help:"Base URL of its public site; none for a node that is reached by pouches alone."`
	Link    string         `help:"https URL of its peer listener, between parties."`
}

type peerList []configPeer

func (l peerList) writeText(w io.Writer) error {
	for _, p := range l {
		if _, err := fmt.Fprintf(w, "%-8s %-36s %s\n", p.Writer, p.Public, p.Link); err != nil {
			return err
		}
	}
	return nil
}

// Run checks the genesis against its digest and adds it to the configuration.
func (c *peerAddCmd) Run(g *globals) error {
	cfg, err := readConfig(c.Dir)
	if err != nil {
		return err
	}
	raw, err := os.ReadFile(c.Genesis)
	if err != nil {
		return err
	}
	if got := entente.DigestOf(raw); got != c.Digest {
		return notHolding{fmt.Errorf("the file's digest is %s, not %s: do not trust it", got, c.Digest)}
	}
	genesis, err := genesisOf(raw)
	if err != nil {
		return err
	}
	writer := genesis.Writer.Writer()
	name := strings.ToLower(writer) + ".genesis.note"
	if err := os.WriteFile(filepath.Join(c.Dir, name), raw, 0o600); err != nil {
		return err
	}
	peers := []configPeer{{Writer: writer, Genesis: name, Public: c.Public, Link: c.Link}}
	for _, p := range cfg.Peers {
		if p.Writer != writer {
			peers = append(peers, p)
		}
	}
	cfg.Peers = peers
	if err := cfg.write(c.Dir); err != nil {
		return err
	}
	return g.print(peerList(peers))
}

type peerListCmd struct {
	Dir string `help:"The node's directory." default:"." type:"existingdir"`
}

// Run lists the peers of the configuration.
func (c *peerListCmd) Run(g *globals) error {
	cfg, err := readConfig(c.Dir)
	if err != nil {
		return err
	}
	return g.print(append(peerList{}, cfg.Peers...))
}
