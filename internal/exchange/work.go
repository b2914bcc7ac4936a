package exchange

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"entente"
	"entente/internal/entry"
	"entente/internal/fold"
	"entente/internal/store"
)

// The kinds of jobs.
const (
	jobReceive = "receive" // take in a release
	jobFetch   = "fetch"   // get what another entry carries
	jobEnd     = "end"     // shred when it is recalled or its retention is over
	jobPass    = "pass"    // show objects to whom a release was passed on
	jobRenew   = "renew"   // show objects again that could not be read for a time
)

const (
	readAtOnce = 256
	jobsAtOnce = 256
	workers    = 32
	// idle is how often the loop looks without being told to.
	idle = time.Minute
	// heldFor is how long a job waits that a legal hold stops; lifting it wakes it.
	heldFor = 24 * time.Hour
)

// worker is the state of the receiving loop.
type worker struct {
	rounds    sync.Mutex
	worn      string      // the day on which worn keys were last shredded
	swept     string      // and orphans swept
	tidy      atomic.Bool // drafts may have left something
	mu        sync.Mutex
	ended     []string    // drafts whose entry stands since the last round
	submitted atomic.Bool // submissions of programs may wait
	missing   atomic.Bool // payloads may be missing or be back, as after a restore
}

// start has the first round look for what was left behind.
func (w *worker) start() {
	w.tidy.Store(true)
	w.submitted.Store(true)
	w.missing.Store(true)
}

// end notes that the entry of a draft stands.
func (w *worker) end(draft string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended = append(w.ended, draft)
}

// taken returns what was noted, and forgets it.
func (w *worker) taken() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	list := w.ended
	w.ended = nil
	return list
}

// Run does what the node does by itself until ctx ends: it takes in what was
// released to its party, states receipts, and shreds what is recalled or whose
// retention is over.
func (x *Exchange) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		timer := time.NewTimer(x.turn(ctx))
		select {
		case <-x.arrived:
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
	}
	return nil
}

// turn is Once; what fails is tried again in a second.
func (x *Exchange) turn(ctx context.Context) time.Duration {
	wait, err := x.Once(ctx)
	if err != nil && ctx.Err() == nil {
		x.log.ErrorContext(ctx, "the exchange does not go on", "error", err)
		return time.Second
	}
	return wait
}

// Once reads what the logs brought and does what is due, and returns how long it may
// be until something else is.
func (x *Exchange) Once(ctx context.Context) (time.Duration, error) {
	x.work.rounds.Lock()
	defer x.work.rounds.Unlock()
	ended := x.work.taken()
	if x.work.tidy.Swap(false) {
		ended = nil // all of them
	} else if len(ended) == 0 {
		ended = []string{}
	}
	if err := x.tidy(ctx, ended); err != nil {
		x.work.tidy.Store(true)
		return 0, err
	}
	if today := day(x.now()); x.work.worn != today {
		if err := x.wearKeys(ctx, ""); err != nil {
			return 0, err
		}
		x.work.worn = today
	}
	limit := idle
	if x.work.submitted.Swap(false) {
		more, err := x.takeSubmissions(ctx)
		if err != nil {
			x.log.ErrorContext(ctx, "submissions wait on", "error", err)
			more = time.Minute
		}
		if more > 0 {
			x.work.submitted.Store(true)
			limit = more
		}
	}
	if x.work.missing.Swap(false) {
		if err := errors.Join(x.seekMissing(ctx), x.seekRemains(ctx)); err != nil {
			x.work.missing.Store(true)
			return 0, err
		}
	}
	left := map[string]bool{} // to a process that has a network
	for {
		if err := x.read(ctx); err != nil {
			return 0, err
		}
		due, err := x.s.Jobs(ctx, x.now(), jobsAtOnce+len(left))
		if err != nil {
			return 0, err
		}
		due = slices.DeleteFunc(due, func(j store.Job) bool { return left[name(j)] })
		if len(due) == 0 {
			break
		}
		if err := x.doAll(ctx, due, left); err != nil {
			return 0, err
		}
	}
	if today := day(x.now()); x.work.swept != today { // when nothing else is due
		if err := x.sweepOrphans(ctx); err != nil {
			return 0, err
		}
		x.work.swept = today
	}
	if len(left) > 0 {
		return limit, nil
	}
	next, err := x.s.NextJob(ctx)
	if err != nil {
		return 0, err
	}
	if !next.IsZero() {
		limit = max(0, min(limit, next.Sub(x.clock())))
	}
	return limit, nil
}

// read reads on in the shared logs and keeps what is to be done about what is there.
func (x *Exchange) read(ctx context.Context) error {
	for _, l := range x.s.Logs(ctx) {
		if l.Audience != entente.Shared {
			continue
		}
		from, err := x.s.ReadSize(ctx, l.Origin)
		if err != nil {
			return err
		}
		for from < l.Size {
			raws, err := x.s.Entries(ctx, l.Origin, from, readAtOnce)
			if err != nil {
				return err
			}
			var jobs []store.Job
			for i, raw := range raws {
				jobs = append(jobs, x.follows(l, from+uint64(i), raw)...)
			}
			to := from + uint64(len(raws))
			if err := x.fail("read"); err != nil {
				return err
			}
			err = x.s.AddJobs(ctx, &store.JobRead{Log: l.Origin, From: from, Size: to}, jobs...)
			if errors.Is(err, store.ErrConflict) { // another process of the node has read on
				to, err = x.s.ReadSize(ctx, l.Origin)
			}
			if err != nil {
				return err
			}
			from = to
		}
	}
	return nil
}

// seekMissing finds what the node should hold and does not: a backup holds no keys
// of payloads, and what it lost is fetched again from the other side.
func (x *Exchange) seekMissing(ctx context.Context) error {
	var jobs []store.Job
	now := x.now()
	add := func(kind string, ref entente.Ref, s *entente.Sealed) {
		if s != nil && !x.has(*s) && !x.payloads.Tombstoned(s.Digest) {
			jobs = append(jobs, store.Job{Kind: kind, Entry: ref, Due: now})
		}
	}
	releases, err := every[entente.Release](ctx, x, store.Query{
		Type: entente.TypeRelease, Where: []store.Cond{{Column: "retain", Op: store.Ge, Value: day(now)}},
	})
	if err != nil {
		return err
	}
	for _, v := range releases {
		kind := jobFetch
		if v.Body.To == x.own {
			kind = jobReceive
		}
		add(kind, v.Ref, &v.Body.Content)
	}
	requests, err := every[entente.Request](ctx, x, store.Query{Type: entente.TypeRequest})
	if err != nil {
		return err
	}
	for _, v := range requests {
		add(jobFetch, v.Ref, &v.Body.Question)
	}
	refusals, err := every[entente.Denial](ctx, x, store.Query{Type: entente.TypeRefusal})
	if err != nil {
		return err
	}
	for _, v := range refusals {
		add(jobFetch, v.Ref, v.Body.Note)
	}
	asked, err := every[entente.PermissionRequest](ctx, x, store.Query{Type: entente.TypePermissionRequest})
	if err != nil {
		return err
	}
	for _, v := range asked {
		add(jobFetch, v.Ref, v.Body.Description)
	}
	reports, err := every[entente.Misuse](ctx, x, store.Query{Type: entente.TypeMisuse})
	if err != nil {
		return err
	}
	for _, v := range reports {
		add(jobFetch, v.Ref, v.Body.Note)
	}
	if len(jobs) == 0 {
		return nil
	}
	return x.s.AddJobs(ctx, nil, jobs...)
}

// follows is what is to be done about an entry. What it says is judged by the fold
// when the job is done; an entry that cannot be read asks for nothing.
func (x *Exchange) follows(l store.LogState, index uint64, raw []byte) []store.Job {
	p, err := entry.Parse(raw)
	if err != nil || !p.Type.Exchange() && p.Type != entente.TypeWithdrawal && !slices.Contains(ruling, p.Type) {
		return nil
	}
	rule, _ := entente.Rule(p.Type)
	body := rule.New()
	if json.Unmarshal(p.Header.Body, body) != nil {
		return nil
	}
	jobs := x.followsFrom(l, index, body)
	if renews(l.Own, body) {
		jobs = append(jobs, store.Job{Kind: jobRenew, Entry: entente.Ref{Log: l.Origin, Index: index}, Due: x.now()})
	}
	return jobs
}

// followsFrom is what is to be done about an entry with this body.
func (x *Exchange) followsFrom(l store.LogState, index uint64, body any) []store.Job {
	self := entente.Ref{Log: l.Origin, Index: index}
	now := x.now()
	job := func(kind string, ref entente.Ref, due time.Time) []store.Job {
		return []store.Job{{Kind: kind, Entry: ref, Due: due}}
	}
	switch b := body.(type) {
	case *entente.Release:
		list := job(jobEnd, self, dayAfter(b.Handling.Retain))
		if !l.Own && b.To == x.own {
			list = append(list, job(jobReceive, self, now)...)
		}
		return list
	case *entente.Recall:
		return job(jobEnd, b.Release, now)
	case *entente.Deletion:
		if l.Own { // after a restore, what was shredded may be back
			return job(jobEnd, b.Release, now)
		}
	case *entente.Withdrawal:
		if l.Own { // of a legal hold, perhaps
			return job(jobEnd, b.Of, now)
		}
	case *entente.Onward:
		if l.Own {
			return job(jobPass, self, now)
		}
	case *entente.Request, *entente.PermissionRequest, *entente.Denial, *entente.Misuse:
		if !l.Own {
			return job(jobFetch, self, now)
		}
	}
	return nil
}

// name tells jobs apart.
func name(j store.Job) string { return fmt.Sprintf("%s %s#%d", j.Kind, j.Entry.Log, j.Entry.Index) }

// errElsewhere leaves a job as it is, for another process of the node.
var errElsewhere = errors.New("it is fetched by a process that has a network, or comes with a pouch")

// doAll does jobs side by side, and drops those that are done. Those that another
// process has to do are noted in left.
func (x *Exchange) doAll(ctx context.Context, jobs []store.Job, left map[string]bool) error {
	done, leave := make([]bool, len(jobs)), make([]bool, len(jobs))
	err := aside(len(jobs), func(i int) (err error) {
		done[i], err = x.do(ctx, jobs[i])
		if leave[i] = errors.Is(err, errElsewhere); leave[i] {
			return nil
		}
		return err
	})
	var drop []store.Job
	for i, j := range jobs {
		if done[i] {
			drop = append(drop, j)
		}
		if leave[i] {
			left[name(j)] = true
		}
	}
	if len(drop) > 0 && ctx.Err() == nil {
		err = errors.Join(err, x.s.DoneJobs(ctx, drop...))
	}
	return err
}

// aside does things side by side and returns all that went wrong.
func aside(n int, do func(i int) error) error {
	var wait sync.WaitGroup
	var next atomic.Int64
	errs := make([]error, n)
	for range min(workers, n) {
		wait.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				errs[i] = do(i)
			}
		})
	}
	wait.Wait()
	return errors.Join(errs...)
}

// later says that a job is done at another moment; why is "" when that is as it
// should be.
type later struct {
	at  time.Time
	why error
}

// Error implements error.
func (l *later) Error() string {
	return fmt.Sprintf("put off until %s: %v", l.at.Format(time.RFC3339), l.why)
}

// Unwrap returns why.
func (l *later) Unwrap() error { return l.why }

// do does one job, or puts it off.
func (x *Exchange) do(ctx context.Context, j store.Job) (done bool, err error) {
	err = x.job(ctx, j)
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	if err == nil {
		err := x.fail("done")
		return err == nil, err
	}
	if errors.Is(err, errStop) || errors.Is(err, errElsewhere) {
		return false, err
	}
	var put *later
	if errors.As(err, &put) && put.why == nil {
		j.Due, j.Tries, j.Error = put.at, 0, ""
		return false, x.s.PutOffJob(ctx, j)
	}
	j.Tries++
	j.Due, j.Error = x.now().Add(backoff(j.Tries)), err.Error()
	x.log.WarnContext(ctx, "put off", "job", j.Kind, "entry", j.Entry.String(), "tries", j.Tries, "error", err)
	return false, x.s.PutOffJob(ctx, j)
}

// errStop ends the loop's round where a test has it crash.
var errStop = errors.New("stopped")

// backoff grows from a fifth of a second to an hour.
func backoff(tries int) time.Duration {
	return min(time.Hour, 200*time.Millisecond<<min(tries-1, 15))
}

func (x *Exchange) job(ctx context.Context, j store.Job) error {
	switch j.Kind {
	case jobReceive:
		return x.receive(ctx, j)
	case jobFetch:
		return x.fetchOf(ctx, j)
	case jobEnd:
		return x.end(ctx, j)
	case jobPass:
		return x.showPassed(ctx, j)
	case jobRenew:
		return x.renew(ctx, j)
	}
	return nil
}

// errPending puts a job off until what its entry refers to is here.
var errPending = errors.New("what the entry refers to has not arrived")

// settled reads the entry of a job once the fold has judged it: nil for one that
// counts for nothing, and put off while what it refers to has not arrived.
func settled[B any](ctx context.Context, x *Exchange, j store.Job, t entente.Type) (*store.Version[B], error) {
	v, err := store.ByRef[B](ctx, x.view(), j.Entry.Log, j.Entry.Index)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, err
	case v.Status == fold.Pending:
		return nil, errPending
	case v.Type != t || v.Status != fold.Admissible || v.Body == nil:
		return nil, nil
	}
	return v, nil
}

// stateBy is the id of what the node states about an entry: the same whenever it is
// stated (UUIDv7, RFC 9562, of the entry's own time).
func stateBy(what string, about entente.Ref, stated time.Time) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "entente/%s\n%s\n%d\n%s", what, about.Log, about.Index, about.Leaf))
	var id uuid.UUID
	copy(id[:], sum[:])
	var ms [8]byte
	binary.BigEndian.PutUint64(ms[:], uint64(max(0, stated.UnixMilli())))
	copy(id[:6], ms[2:])
	id[6] = id[6]&0x0f | 0x70
	id[8] = id[8]&0x3f | 0x80
	return id.String()
}
