package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"entente"
	"entente/internal/auth"
	"entente/internal/node"
	"entente/internal/programme"
	"entente/internal/store"
)

// builtIn is the programme that comes with the binary.
const builtIn = "mx-us-2025"

// demoMark names the file that marks a directory as a demonstration's.
const demoMark = "DEMO"

// A demonstration has no secrets: its passphrase and passwords are printed.
const (
	demoPassphrase = "demostracion-demonstration"
	demoPassword   = "entente-demo-2025"
	// demoWorkFactor keeps scrypt cheap: nothing here is worth guarding.
	demoWorkFactor = 12
)

// demoNode is one node of the demonstration.
type demoNode struct {
	Name   string // of its directory, and in progress lines
	Writer entente.Author
	Title  entente.Text
	Dir    string
	Config config
}

// demoPlan is the demonstration as it is on disk.
type demoPlan struct {
	Dir   string
	Nodes []demoNode
	// Withheld is how many sources' addresses were left out of the record.
	Withheld int
}

// demoWriters are the three nodes; the portal comes first because it is what a
// visitor opens.
func demoWriters() []demoNode {
	return []demoNode{
		{Name: "portal", Writer: entente.Author{Observer: programme.Observer}, Title: entente.Text{ES: "Portal público", EN: "Public portal"}},
		{Name: "mx", Writer: entente.Author{Party: entente.MX}, Title: entente.Text{ES: "Nodo de México", EN: "Node of Mexico"}},
		{Name: "us", Writer: entente.Author{Party: entente.US}, Title: entente.Text{ES: "Nodo de Estados Unidos", EN: "Node of the United States"}},
	}
}

// prepareDemo makes the three nodes in dir, or finds them there.
func prepareDemo(ctx context.Context, dir string, firstPort int, ui *progressUI) (*demoPlan, error) {
	prog, err := loadProgramme("")
	if err != nil {
		return nil, err
	}
	plan := &demoPlan{Dir: dir, Nodes: demoWriters(), Withheld: withheld(prog)}
	for i := range plan.Nodes {
		plan.Nodes[i].Dir = filepath.Join(dir, plan.Nodes[i].Name)
	}
	if _, err := os.Stat(filepath.Join(dir, demoMark)); err == nil {
		return plan, plan.read()
	}
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		if !halfMade(entries) {
			return nil, fmt.Errorf("%s is not empty and holds no demonstration: give another --dir", dir)
		}
		// An earlier start was interrupted before its mark was written.
		if err := os.RemoveAll(dir); err != nil {
			return nil, err
		}
	}
	return plan, plan.make(ctx, prog, firstPort, ui)
}

// halfMade reports whether all that is in a directory is what an interrupted
// start leaves.
func halfMade(entries []os.DirEntry) bool {
	for _, e := range entries {
		if !slices.Contains([]string{"portal", "mx", "us", "genesis"}, e.Name()) && !strings.HasPrefix(e.Name(), ".entente-init-") {
			return false
		}
	}
	return true
}

// read reads the configuration of nodes made before.
func (p *demoPlan) read() error {
	for i := range p.Nodes {
		c, err := readConfig(p.Nodes[i].Dir)
		if err != nil {
			return err
		}
		p.Nodes[i].Config = c
	}
	return nil
}

// make makes keys, genesis files and configurations; the mark comes last, so that
// an interrupted start is not taken for a whole one.
func (p *demoPlan) make(ctx context.Context, prog *programme.Programme, firstPort int, ui *progressUI) error {
	genesisDir := filepath.Join(p.Dir, "genesis")
	if err := os.MkdirAll(genesisDir, 0o700); err != nil {
		return err
	}
	for i, n := range p.Nodes {
		ui.report(n.Name, "init", 0, 1)
		raw, err := node.Init(ctx, n.Dir, demoInit(n, prog))
		if err != nil {
			return fmt.Errorf("making the node %s: %w", n.Name, err)
		}
		if err := os.WriteFile(filepath.Join(genesisDir, n.Name+".note"), raw, 0o600); err != nil {
			return err
		}
		if err := addDemoUsers(ctx, n); err != nil {
			return fmt.Errorf("adding the people of %s: %w", n.Name, err)
		}
		ui.report(n.Name, "init", 1, 1)
		p.Nodes[i] = n
	}
	if err := p.configure(firstPort, genesisDir); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(p.Dir, demoMark), []byte("Demonstration rebuilt from public sources; not a statement of either government.\n"), 0o600)
}

func demoInit(n demoNode, prog *programme.Programme) node.InitOptions {
	o := node.InitOptions{
		Writer: n.Writer, Name: n.Title, Demo: true, Base: "demo." + n.Name + ".entente",
		Passphrase: demoPassphrase, RootPassphrase: demoPassphrase, WorkFactor: demoWorkFactor,
	}
	for _, a := range prog.Agencies {
		if a.Party == n.Writer.Party {
			o.Agencies = append(o.Agencies, a.Code)
		}
	}
	if n.Writer.Party == "" {
		return o
	}
	for _, s := range demoPeople(n) {
		if slices.Contains(s.Roles, string(auth.Officer)) || slices.Contains(s.Roles, string(auth.ReleasingOfficer)) {
			o.Officers = append(o.Officers, node.NewOfficer{
				Name: s.Name, Display: s.Display, Agency: prog.Leads[n.Writer.Party], Roles: s.Roles, Passphrase: demoPassword,
			})
		}
	}
	return o
}

// signIn is a person of the demonstration.
type signIn struct {
	Site     string   `json:"site"`
	Name     string   `json:"name"`
	Display  string   `json:"display"`
	Roles    []string `json:"roles"`
	Password string   `json:"password"`
}

// demoPeople are the people of a party's desk, one a role; none is a real person.
func demoPeople(n demoNode) []signIn {
	people := []signIn{
		{Name: n.Name + "-officer", Display: "Oficial / Officer", Roles: []string{string(auth.Officer)}},
		{Name: n.Name + "-releasing", Display: "Autorizante / Releasing officer", Roles: []string{string(auth.Officer), string(auth.ReleasingOfficer)}},
		{Name: n.Name + "-auditor", Display: "Auditoría / Auditor", Roles: []string{string(auth.Auditor)}},
		{Name: n.Name + "-admin", Display: "Administración / Administrator", Roles: []string{string(auth.Administrator)}},
	}
	for i := range people {
		people[i].Password = demoPassword
	}
	return people
}

// addDemoUsers gives every person of a party's desk a password.
func addDemoUsers(ctx context.Context, n demoNode) error {
	if n.Writer.Party == "" {
		return nil
	}
	nd, err := node.Open(ctx, n.Dir, node.Options{Passphrase: demoPassphrase, WorkFactor: demoWorkFactor})
	if err != nil {
		return err
	}
	for _, s := range demoPeople(n) {
		if err = setPassword(ctx, nd.Store(), s); err != nil {
			break
		}
	}
	return errors.Join(err, nd.Close())
}

func setPassword(ctx context.Context, s *store.Store, p signIn) error {
	hash, err := auth.HashPassword(p.Password, auth.DefaultCost)
	if err != nil {
		return err
	}
	u, err := s.User(ctx, p.Name)
	if errors.Is(err, store.ErrNotFound) {
		_, err = s.AddUser(ctx, store.User{Name: p.Name, Display: p.Display, Roles: p.Roles, Password: hash})
		return err
	}
	if err != nil {
		return err
	}
	u.Password = hash
	return s.UpdateUser(ctx, u)
}

// configure gives the nodes their addresses and tells them of each other.
func (p *demoPlan) configure(firstPort int, genesisDir string) error {
	addresses, err := freeAddresses(firstPort, 5)
	if err != nil {
		return err
	}
	web := map[string]string{"portal": addresses[0], "mx": addresses[1], "us": addresses[2]}
	link := map[string]string{"mx": addresses[3], "us": addresses[4]}
	for i, n := range p.Nodes {
		c := config{Web: web[n.Name], Link: link[n.Name]}
		for _, other := range p.Nodes {
			if other.Name == n.Name {
				continue
			}
			// The node keeps its own copy, so that its directory can be moved and restored.
			file := other.Name + ".genesis.note"
			if err := copyGenesis(filepath.Join(genesisDir, other.Name+".note"), filepath.Join(n.Dir, file)); err != nil {
				return err
			}
			peer := configPeer{Writer: other.Writer.Writer(), Genesis: file, Public: "http://" + web[other.Name]}
			if n.Writer.Party != "" && other.Writer.Party != "" {
				peer.Link = "https://" + link[other.Name]
			}
			c.Peers = append(c.Peers, peer)
		}
		if err := c.write(n.Dir); err != nil {
			return err
		}
		p.Nodes[i].Config = c
	}
	return nil
}

func copyGenesis(from, to string) error {
	raw, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, raw, 0o600)
}

// freeAddresses returns n loopback addresses: consecutive ports from first on when
// they are free, else ports that the system picks.
func freeAddresses(first, n int) ([]string, error) {
	var out []string
	var held []net.Listener
	defer func() {
		for _, l := range held {
			_ = l.Close()
		}
	}()
	for i := range n {
		port := 0
		if first != 0 {
			port = first + i
		}
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil && port != 0 {
			l, err = net.Listen("tcp", "127.0.0.1:0")
		}
		if err != nil {
			return nil, err
		}
		held = append(held, l)
		out = append(out, l.Addr().String())
	}
	return out, nil
}

// loadProgramme loads a directory of programme files, or the built-in ones.
func loadProgramme(dir string) (*programme.Programme, error) {
	files, err := programmeFiles(dir)
	if err != nil {
		return nil, err
	}
	return programme.Load(files)
}

// withheld counts the sources whose address was left out.
func withheld(p *programme.Programme) int {
	n := 0
	for _, s := range p.Sources {
		if s.URL == "" {
			n++
		}
	}
	return n
}

// demoSite is where a node of the demonstration is opened.
type demoSite struct {
	Name string `json:"name"`
	URL  string `json:"url"`
}

func (p *demoPlan) sites() []demoSite {
	var out []demoSite
	for _, n := range p.Nodes {
		out = append(out, demoSite{Name: n.Title.ES + " / " + n.Title.EN, URL: n.Config.origin() + "/"})
	}
	return out
}

func (p *demoPlan) signIns() []signIn {
	var out []signIn
	for _, n := range p.Nodes {
		if n.Writer.Party == "" {
			continue
		}
		for _, s := range demoPeople(n) {
			s.Site = n.Config.origin()
			out = append(out, s)
		}
	}
	return out
}

// demoSummary is what the demonstration loaded.
type demoSummary struct {
	comparison
	Nodes []nodeState `json:"nodes"`
	// Withheld is how many source addresses were left out because they carry a
	// name that the record withholds, or because the source has none.
	Withheld int            `json:"urls_left_out"`
	Claims   map[string]int `json:"claims"`
	// Exchange is how it stands with what the parties' nodes exchanged; nil when they
	// do not agree.
	Exchange *demoExchange `json:"exchange,omitempty"`
}

func (p *demoPlan) summarise(states []nodeState) demoSummary {
	s := demoSummary{comparison: compareStates(states), Nodes: states, Withheld: p.Withheld}
	for _, st := range states {
		if len(st.Claims) > 0 {
			s.Claims = st.Claims
		}
	}
	return s
}

func (s demoSummary) writeText(w io.Writer) error {
	var b strings.Builder
	seen := map[string]bool{}
	b.WriteString("entries per log\n")
	for _, n := range s.Nodes {
		for _, l := range n.Logs {
			if !seen[l.Origin] {
				seen[l.Origin] = true
				fmt.Fprintf(&b, "  %-34s %6d\n", l.Origin, l.Size)
			}
		}
	}
	b.WriteString("digests per audience\n")
	for _, a := range entente.Audiences {
		for _, writer := range slices.Sorted(maps.Keys(s.Digests[a])) {
			fmt.Fprintf(&b, "  %-9s %-7s %s\n", a, writer, s.Digests[a][writer])
		}
	}
	for _, n := range s.Nodes {
		for _, a := range entente.Audiences {
			if p, ok := n.Projections[a]; ok {
				fmt.Fprintf(&b, "  %-7s %s: %s\n", n.Writer, a, counts(p.Entries))
				break
			}
		}
	}
	fmt.Fprintf(&b, "claims by assessment: %s\nsource addresses left out: %d\n", counts(s.Claims), s.Withheld)
	if s.Exchange != nil {
		s.Exchange.writeText(&b)
	}
	if s.Agree {
		b.WriteString("the three nodes agree\n")
	} else {
		b.WriteString("THE NODES DO NOT AGREE\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// demoWelcome is printed when the demonstration stays up.
type demoWelcome struct {
	demoSummary
	Sites   []demoSite `json:"sites"`
	SignIns []signIn   `json:"sign_ins"`
	// Program is the account of a TAXII client, and TAXII where it reads.
	Program *demoProgram `json:"program,omitempty"`
	TAXII   string       `json:"taxii"`
}

func (d demoWelcome) writeText(w io.Writer) error {
	if err := d.demoSummary.writeText(w); err != nil {
		return err
	}
	var b strings.Builder
	b.WriteString("\nDemonstration rebuilt from public sources; not a statement of either government.\nDemostración reconstruida de fuentes públicas; no es declaración de ninguno de los gobiernos.\n\n")
	for _, s := range d.Sites {
		fmt.Fprintf(&b, "  %-44s %s\n", s.Name, s.URL)
	}
	fmt.Fprintf(&b, "\nsign in at the desks with the password %s as\n", demoPassword)
	for _, s := range d.SignIns {
		fmt.Fprintf(&b, "  %-14s %-34s %s\n", s.Name, s.Display, s.Site)
	}
	if p := d.Program; p != nil {
		fmt.Fprintf(&b, "\nread %s with a TAXII 2.1 client as %s of %s, password\n  %s\n", d.TAXII, p.Name, p.Agency, p.Secret)
	}
	b.WriteString("\nCtrl-C stops all three; the next start continues from here.\n")
	_, err := io.WriteString(w, b.String())
	return err
}
