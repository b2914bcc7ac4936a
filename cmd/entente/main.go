// Command entente runs one node of a cooperation programme, or three of them as a
// demonstration, and holds the tools that go with it.
//
// Exit codes: 0 done; 1 it failed, and one line on standard error says why; 2 the
// command line was not understood; 3 what was checked does not hold.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"time"

	"github.com/alecthomas/kong"
)

// version is set at build time by -ldflags.
var version = "dev"

// globals are the flags that every command takes.
type globals struct {
	JSON  bool `help:"Print results as JSON."`
	Quiet bool `help:"Show no progress." short:"q"`

	out io.Writer // where results go
}

// cli is the command line.
type cli struct {
	globals

	Demo    demoCmd    `cmd:"" help:"Run a demonstration: portal, Mexico and the United States as three nodes on this machine."`
	Init    initCmd    `cmd:"" help:"Make a node: keys, genesis, database."`
	Serve   serveCmd   `cmd:"" help:"Run a node."`
	Import  importCmd  `cmd:"" help:"Read a published data file by the indicators' recipes; a dry run unless --commit."`
	Claim   claimCmd   `cmd:"" help:"Hold a claim against the data, under every reading."`
	Report  reportCmd  `cmd:"" help:"Make the progress report, or its verification bundle."`
	Verify  verifyCmd  `cmd:"" help:"Check a verification bundle or evidence offline, and say what was checked."`
	Entry   entryCmd   `cmd:"" help:"State, check, publish, withdraw, concur: what the desk does, from the command line."`
	Policy  policyCmd  `cmd:"" help:"Policies: run their cases, explain what a gate says of a draft."`
	Log     logCmd     `cmd:"" help:"Show entries of a log, or export it as plain C2SP tlog-tiles files."`
	State   stateCmd   `cmd:"" help:"Print frontier and digest of every projection."`
	Rebuild rebuildCmd `cmd:"" help:"Drop the projection and fold all logs again."`
	User    userCmd    `cmd:"" help:"People who sign in to the desk."`
	Key     keyCmd     `cmd:"" help:"Keys: list, add, rotate, revoke."`
	Peer    peerCmd    `cmd:"" help:"Other nodes: pin a genesis, set addresses."`
	Webhook webhookCmd `cmd:"" help:"Programs that are told of arrivals and clocks."`
	Client  clientCmd  `cmd:"" help:"Accounts of programs that read and submit objects over TAXII."`
	Mail    mailCmd    `cmd:"" help:"People who are told by mail that something waits."`
	Pouch   pouchCmd   `cmd:"" help:"Logs and payloads on a disk, between nodes that no network joins."`
	Backup  backupCmd  `cmd:"" help:"Write a consistent copy of a node while it runs."`
	Restore restoreCmd `cmd:"" help:"Make a node's directory from a backup; it starts read-only until its tails are recovered."`

	exchangeNouns

	Version kong.VersionFlag `help:"Print the version."`
}

// notHolding is an error of a check that was made and does not hold.
type notHolding struct{ error }

// Unwrap returns what does not hold.
func (n notHolding) Unwrap() error { return n.error }

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run parses and runs one command line.
func run(args []string, stdout, stderr io.Writer) int {
	var c cli
	left := -1
	parser, err := kong.New(&c, kong.Name("entente"), kong.Writers(stdout, stderr),
		kong.Description("Entente runs a programme between sovereign states: each its own node, every fact a signed entry, every figure checkable."),
		kong.Vars{"version": version}, kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.TypeMapper(reflect.TypeFor[time.Time](), kong.MapperFunc(decodeMoment)), kong.Exit(func(code int) { left = code }))
	if err != nil {
		fmt.Fprintln(stderr, "entente:", err)
		return 1
	}
	command, err := parser.Parse(args)
	if left >= 0 { // --help and --version have answered
		return left
	}
	if err != nil {
		fmt.Fprintf(stderr, "entente: %v; see entente --help\n", err)
		return 2
	}
	c.out = stdout
	if err := command.Run(&c.globals); err != nil {
		fmt.Fprintln(stderr, "entente:", err)
		return exitCode(err)
	}
	return 0
}

// decodeMoment reads a moment as entries have it.
func decodeMoment(ctx *kong.DecodeContext, target reflect.Value) error {
	var word string
	if err := ctx.Scan.PopValueInto("moment", &word); err != nil {
		return err
	}
	t, err := time.Parse(time.RFC3339, word)
	if err != nil {
		return fmt.Errorf("%q is no moment: write one such as 2026-03-04T12:00:00Z", word)
	}
	target.Set(reflect.ValueOf(t))
	return nil
}

// print writes v as JSON, or as its own text.
func (g *globals) print(v interface{ writeText(io.Writer) error }) error {
	if !g.JSON {
		return v.writeText(g.out)
	}
	enc := json.NewEncoder(g.out)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// exitCode is the code for an error.
func exitCode(err error) int {
	var n notHolding
	switch {
	case err == nil:
		return 0
	case errors.As(err, &n):
		return 3
	}
	return 1
}
