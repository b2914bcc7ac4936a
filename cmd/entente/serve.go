package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"entente"
	"entente/internal/exchange"
	"entente/internal/fold"
	"entente/internal/network"
	"entente/internal/node"
	"entente/internal/outbox"
	"entente/internal/peer"
	"entente/internal/programme"
	"entente/internal/store"
)

// serveCmd runs one node.
type serveCmd struct {
	Dir      string `help:"The node's directory." default:"." type:"existingdir"`
	Load     bool   `help:"Load the programme's files first, what this node's writer states of them (demonstrations only)."`
	Attached bool   `help:"Talk over standard input and output to the process that started this one." hidden:""`
	Verbose  bool   `help:"Log what the node does, not only what goes wrong." short:"v"`
}

// Run serves until the process is told to stop.
func (c *serveCmd) Run(g *globals) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	level := slog.LevelWarn
	if c.Verbose {
		level = slog.LevelInfo
	}
	logger := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
	r, err := openRunning(ctx, c.Dir, logger)
	if err != nil {
		return err
	}
	defer r.close()
	events := newEventWriter(io.Discard)
	if c.Attached {
		events = newEventWriter(os.Stdout)
	}
	if c.Attached {
		var cancel context.CancelFunc
		ctx, cancel = context.WithCancel(ctx)
		go r.answer(ctx, cancel, events)
	} else {
		fmt.Fprintf(g.out, "%s: %s/\n", r.node.Writer().Writer(), r.config.origin())
	}
	group, ctx := errgroup.WithContext(ctx)
	if err := r.serve(ctx, group); err != nil {
		return err
	}
	events.send(event{Event: "ready", Web: r.config.origin()})
	go rest(ctx, r.node.Store(), logger)
	group.Go(func() error { return quiet(r.network.Run(ctx)) })
	group.Go(func() error { return quiet(r.node.Run(ctx)) })
	group.Go(func() error { return quiet(r.recover(ctx)) })
	if r.outbox != nil {
		group.Go(func() error { return quiet(r.outbox.Run(ctx)) })
		group.Go(func() error { return quiet(r.exchange.Run(ctx)) })
	}
	group.Go(func() error {
		err := quiet(r.load(ctx, c.Load, events))
		if err != nil {
			events.send(event{Event: "failed", Error: err.Error()})
		}
		return err
	})
	return group.Wait()
}

// quiet makes the end of the context no error.
func quiet(err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// running is an open node with everything around it.
type running struct {
	dir       string
	config    config
	node      *node.Node
	network   *network.Network
	programme *programme.Programme
	handler   http.Handler
	exchange  *exchange.Exchange // of a party's node
	outbox    *outbox.Outbox     // of a party's node
	logger    *slog.Logger
}

// openRunning opens the node in dir and joins it to its peers.
func openRunning(ctx context.Context, dir string, logger *slog.Logger) (*running, error) {
	cfg, err := readConfig(dir)
	if err != nil {
		return nil, err
	}
	r := &running{dir: dir, config: cfg, logger: logger}
	if r.programme, err = loadProgramme(cfg.Programme); err != nil {
		return nil, err
	}
	r.node, err = openNode(ctx, dir, node.Options{Log: logger})
	if err != nil {
		return nil, err
	}
	if err := r.join(ctx); err != nil {
		return nil, errors.Join(err, r.node.Close())
	}
	if r.node.Writer().Party != "" {
		if err := r.joinExchange(); err != nil {
			return nil, errors.Join(err, r.node.Close())
		}
	}
	if r.handler, err = r.handlers(ctx); err != nil {
		return nil, errors.Join(err, r.node.Close())
	}
	return r, nil
}

// joinExchange prepares what only a party's node has: the exchange of information,
// and those who are told of it.
func (r *running) joinExchange() (err error) {
	r.exchange, err = exchange.New(exchange.Options{
		Node: r.node, Fetch: r.network, Log: r.logger,
	})
	if err != nil {
		return err
	}
	r.outbox, err = newOutbox(r.node, r.config, outbox.Options{Logger: r.logger, Clocks: r.exchange})
	return err
}

// join pins the peers and prepares the network.
func (r *running) join(ctx context.Context) error {
	r.node.Figures().SetChecks(r.programme.Checks)
	var peers []network.Peer
	for _, p := range r.config.Peers {
		path := p.Genesis
		if !filepath.IsAbs(path) {
			path = filepath.Join(r.dir, path)
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("the genesis of %s: %w", p.Writer, err)
		}
		if err := r.node.Pin(ctx, raw); err != nil {
			return fmt.Errorf("the genesis of %s: %w", p.Writer, err)
		}
		peers = append(peers, network.Peer{Writer: p.Writer, Public: p.Public, Link: p.Link})
	}
	var err error
	r.network, err = network.New(ctx, network.Options{
		Store: r.node.Store(), Blobs: r.node.Blobs(), Ring: r.node.Ring(), Payloads: r.node.Payloads(), Peers: peers, Logger: r.logger,
		Withholds: func(ctx context.Context, writer string, d entente.Digest) bool {
			return r.exchange != nil && r.exchange.Withholds(ctx, writer, d)
		},
	})
	if err == nil {
		r.node.Figures().SetFetcher(r.network)
	}
	return err
}

// serve opens the listeners.
func (r *running) serve(ctx context.Context, group *errgroup.Group) error {
	if err := listen(ctx, group, r.config.Web, peer.HTTPServer(r.handler, nil, r.logger)); err != nil {
		return err
	}
	if r.config.Link == "" {
		return nil
	}
	return listen(ctx, group, r.config.Link, peer.HTTPServer(r.network.PeerHandler(), r.network.PeerTLS(), r.logger))
}

// listen serves on an address until ctx ends, and lets what is under way end.
func listen(ctx context.Context, group *errgroup.Group, address string, server *http.Server) error {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("cannot listen on %s: %w", address, err)
	}
	group.Go(func() error {
		if server.TLSConfig != nil {
			return quiet(server.ServeTLS(l, "", ""))
		}
		return quiet(server.Serve(l))
	})
	group.Go(func() error {
		<-ctx.Done()
		late, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		return server.Shutdown(late)
	})
	return nil
}

// recoverEvery is how often a restored node asks its peers for its tails.
const recoverEvery = 10 * time.Second

// recover lets a restored node append again once it has its own tails back.
func (r *running) recover(ctx context.Context) error {
	for r.node.Store().Restored() {
		_, err := r.network.Recover(ctx)
		if err == nil {
			r.logger.InfoContext(ctx, "recovered the tails of its own logs")
			return nil
		}
		r.logger.WarnContext(ctx, "read-only: the tails of its own logs are not recovered", "error", err)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(recoverEvery):
		}
	}
	return nil
}

// answer answers the one who started this process, and stops when that one is gone.
func (r *running) answer(ctx context.Context, cancel context.CancelFunc, events *eventWriter) {
	readLines(os.Stdin, func(q question) {
		switch q.Ask {
		case "state":
			s, err := readState(ctx, r.node)
			if err != nil {
				events.send(event{Event: "failed", Error: err.Error()})
				return
			}
			events.send(event{Event: "state", State: &s})
		case "show":
			// Beside this loop, which must see when the asker is gone.
			go func() { events.send(r.show(ctx, q)) }()
		case "stop":
			cancel()
		}
	}, func(string) {})
	cancel()
}

// close closes the node.
func (r *running) close() {
	if err := r.node.Close(); err != nil {
		r.logger.Warn("closing", "error", err)
	}
}

// readState reads what a node knows.
func readState(ctx context.Context, n *node.Node) (nodeState, error) {
	s := nodeState{Writer: n.Writer().Writer(), Fold: fold.Version, Projections: map[entente.Audience]projectionState{}}
	for _, l := range n.Store().Logs(ctx) {
		s.Logs = append(s.Logs, logState{Origin: l.Origin, Audience: l.Audience, Own: l.Own, Size: l.Size, Root: l.Root})
	}
	for _, a := range entente.Audiences {
		if a.Rank() > n.Audience().Rank() {
			continue
		}
		p, err := readProjection(ctx, n, a)
		if err != nil {
			return s, err
		}
		s.Projections[a] = p
	}
	var err error
	if s.Figures, err = readFigures(ctx, n); err != nil {
		return s, err
	}
	assessed, err := n.Figures().Assessments(ctx, n.Audience(), "")
	if err != nil {
		return s, err
	}
	s.Claims = map[string]int{}
	for _, a := range assessed {
		s.Claims[string(a.Outcome)]++
	}
	return s, nil
}

// readFigures counts the observations entries by what recomputing their series gave.
func readFigures(ctx context.Context, n *node.Node) (map[string]int, error) {
	counts := map[string]int{}
	q := store.Query{Type: entente.TypeObservations, Versions: true, Limit: 500}
	for {
		page, err := store.List[entente.Observations](ctx, n.View(n.Audience()), q)
		if err != nil {
			return nil, err
		}
		for _, v := range page.Items {
			f, err := n.Store().Figure(ctx, v.Body.Series)
			switch {
			case errors.Is(err, store.ErrNotFound):
				counts[figurePending]++
			case err != nil:
				return nil, err
			default:
				counts[string(f.State)]++
			}
		}
		if q.After = page.Next; q.After == "" {
			return counts, nil
		}
	}
}

func readProjection(ctx context.Context, n *node.Node, a entente.Audience) (projectionState, error) {
	v := n.View(a)
	frontier, err := v.Frontier(ctx)
	if err != nil {
		return projectionState{}, err
	}
	digest, err := v.Digest(ctx)
	if err != nil {
		return projectionState{}, err
	}
	all, err := v.Counts(ctx)
	if err != nil {
		return projectionState{}, err
	}
	p := projectionState{Frontier: frontier.Digest(), Digest: digest, Entries: map[string]int{}}
	for _, c := range all {
		p.Entries[string(c.Status)] += c.Entries
	}
	return p, nil
}
