package series

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

func data(vs map[string]Vintages) Lookup {
	return func(id string) (Vintages, bool) { v, ok := vs[id]; return v, ok }
}

func assess(t *testing.T, c *Check, vs map[string]Vintages, asOf string) Assessment {
	t.Helper()
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	a, err := Assess(c, data(vs), entDate(asOf))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func yoy(claimed string, subject Subject, spans ...Span) Proposition {
	return Proposition{Claimed: claimed, Unit: Percent, Against: AgainstYearBefore, Subjects: []Subject{subject}, Spans: spans}
}

func twoYears(t *testing.T) Vintages {
	return Vintages{{"aug", "2025-09", parse(t, counts, "component,",
		"2024-05,ofo,100,", "2024-05,usbp,100,", "2024-06,ofo,100,", "2024-06,usbp,100,", "2024-07,ofo,100,", "2024-07,usbp,100,",
		"2025-05,ofo,7,", "2025-05,usbp,7,", "2025-06,ofo,7,", "2025-06,usbp,7,", "2025-07,ofo,7,", "2025-07,usbp,8,")}}
}

func TestAssessReadsEveryOpenChoice(t *testing.T) {
	vs := map[string]Vintages{"enc": twoYears(t)}
	c := &Check{Claim: "CL1", Stated: "2025-09-03", Propositions: []Proposition{yoy("-93",
		Subject{Indicator: "enc", Vary: map[string][]string{"component": {All, "usbp"}}}, Span{Kind: SpanMonth, Each: window(t, "2025-05..2025-07")})}}
	a := assess(t, c, vs, "")
	if a.Outcome != DependsOn || a.Reason != SomeReadings || len(a.Readings) != 6 || a.Propositions[0].Holding != 5 || a.Propositions[0].Decided != 6 {
		t.Fatalf("%+v", a)
	}
	july := a.Readings[2] // −92.5 exactly: half way, and away from zero
	if july.A.String() != "2025-07" || july.Figure.String() != "-92.5" || july.Match != MatchRounds || july.ValueA.String() != "15" || july.B.String() != "2024-07" {
		t.Errorf("%+v", july)
	}
	if short := a.Readings[5]; short.Match != MatchShort || short.Rounds || short.Where["component"] != "usbp" || !slices.Contains(short.Warnings, VintageAfter) || short.Vintages[0].Dataset != "aug" {
		t.Errorf("%+v", short)
	}
	if early := assess(t, c, vs, "2025-09-03"); early.Outcome != CannotBeChecked || early.Reason != OutOfPeriod || early.Readings[0].Match != MatchIncomplete {
		t.Errorf("as of the day itself nothing was published: %+v", early)
	}
}

func TestAssessOutcomes(t *testing.T) {
	vs := map[string]Vintages{"enc": twoYears(t)}
	all := Subject{Indicator: "enc"}
	june := Span{Kind: SpanMonth, Window: window(t, "2025-06")}
	level := func(claimed string) Proposition {
		return Proposition{Claimed: claimed, Unit: "events", Subjects: []Subject{all}, Spans: []Span{june}}
	}
	ofoPart := Subject{Indicator: "enc", Where: Where{"component": "ofo"}, Part: true}
	with := func(p Proposition, change func(*Proposition)) Proposition { change(&p); return p }
	for name, c := range map[string]struct {
		props   []Proposition
		outcome Outcome
		reason  Reason
	}{
		"supported":          {[]Proposition{yoy("-93", all, june)}, Supported, AllReadings},
		"not supported":      {[]Proposition{yoy("-92", all, june)}, NotSupported, NoReading},
		"both":               {[]Proposition{yoy("-93", all, june), level("14")}, Supported, AllReadings},
		"one of two":         {[]Proposition{yoy("-93", all, june), level("20")}, DependsOn, SomeReadings},
		"level off":          {[]Proposition{level("15")}, NotSupported, NoReading},
		"round figure":       {[]Proposition{yoy("-90", all, Span{Kind: SpanMonth, Window: window(t, "2025-07")})}, DependsOn, SomeReadings},
		"beyond the data":    {[]Proposition{yoy("-93", all, Span{Kind: SpanMonth, Window: window(t, "2025-08")})}, CannotBeChecked, OutOfPeriod},
		"half a window":      {[]Proposition{yoy("-93", all, Span{Kind: SpanStated, Window: window(t, "2025-07..2025-08")})}, CannotBeChecked, OutOfPeriod},
		"unknown indicator":  {[]Proposition{yoy("-93", Subject{Indicator: "none"}, june)}, CannotBeChecked, OutOfPeriod},
		"one side unchecked": {[]Proposition{yoy("-93", all, june), yoy("-93", Subject{Indicator: "none"}, june)}, Supported, AllReadings},
		"at least":           {[]Proposition{with(level("10"), func(p *Proposition) { p.Relation = AtLeast })}, Supported, AllReadings},
		"not at least":       {[]Proposition{with(level("1000"), func(p *Proposition) { p.Relation = AtLeast })}, NotSupported, NoReading},
		"at most":            {[]Proposition{with(level("14"), func(p *Proposition) { p.Relation = AtMost })}, Supported, AllReadings},
		"own step":           {[]Proposition{with(yoy("-90", all, june), func(p *Proposition) { p.Step = "10" })}, Supported, AllReadings},
		"parts do not count": {[]Proposition{with(level("14"), func(p *Proposition) { p.Subjects = append(p.Subjects, ofoPart) })}, Supported, AllReadings},
		"peak":               {[]Proposition{{Claimed: "-93", Unit: Percent, Against: AgainstPeakMonth, Subjects: []Subject{all}, Spans: []Span{june}, PeakIn: window(t, "2024-05..2024-07")}}, Supported, AllReadings},
		"lowest":             {[]Proposition{{Unit: "events", Against: AgainstLowest, Subjects: []Subject{all}, Spans: []Span{june}}}, Supported, AllReadings},
		"not lowest":         {[]Proposition{{Unit: "events", Against: AgainstLowest, Subjects: []Subject{all}, Spans: []Span{{Kind: SpanMonth, Window: window(t, "2025-07")}}}}, NotSupported, NoReading},
		"lowest ever":        {[]Proposition{{Unit: "events", Against: AgainstLowest, Subjects: []Subject{all}, Spans: []Span{june}, BeyondHistory: true}}, DependsOn, HistoryTooLate},
		"base":               {[]Proposition{{Claimed: "-93.23", Unit: Percent, Basis: Daily, Against: AgainstBase, Subjects: []Subject{all}, Spans: []Span{{Kind: SpanStated, Window: june.Window, Base: window(t, "2024-07..2024-07")}}}}, NotSupported, NoReading},
		"span's own":         {[]Proposition{{Claimed: "0", Unit: Percent, Against: AgainstYearBefore, Subjects: []Subject{all}, Spans: []Span{{Kind: SpanMonth, Window: june.Window, Against: AgainstPreceding}}}}, Supported, AllReadings},
	} {
		a := assess(t, &Check{Claim: name, Propositions: c.props}, vs, "")
		switch name {
		case "round figure": // −92.5 to the nearest five is −95, halves away from zero
			if a.Outcome != NotSupported {
				t.Errorf("%s: %+v", name, a)
			}
			continue
		}
		if a.Outcome != c.outcome || a.Reason != c.reason {
			t.Errorf("%s: %s, %s: %+v", name, a.Outcome, a.Reason, a.Readings)
		}
	}
}

func TestRoundFigureIsNear(t *testing.T) {
	vs := map[string]Vintages{"w": {{"d", "2025-01", parse(t, counts, "", "2023-01,1000,", "2024-01,483,", "2024-02,1,")}}}
	c := &Check{Claim: "half", Propositions: []Proposition{yoy("-50", Subject{Indicator: "w"}, Span{Kind: SpanMonth, Window: window(t, "2024-01")})}}
	a := assess(t, c, vs, "")
	if a.Outcome != Supported || a.Readings[0].Match != MatchNear || a.Propositions[0].Coarse != "5" || a.Propositions[0].Step != "1" {
		t.Errorf("%+v", a)
	}
}

// A count said before a release came out, off by tenths of a percent, is neither
// borne out nor refuted; once a release of that day is held, it is refuted.
func TestRevisedSince(t *testing.T) {
	p := Proposition{Claimed: "4601", Unit: "events", Subjects: []Subject{{Indicator: "e"}}, Spans: []Span{{Kind: SpanStated, Window: window(t, "2025-07")}}}
	c := &Check{Claim: "july", Stated: "2025-08-05", Propositions: []Proposition{p}}
	later := Vintage{"aug", "2025-09", parse(t, counts, "", "2025-07,4596,")}
	a := assess(t, c, map[string]Vintages{"e": {later}}, "")
	if a.Outcome != DependsOn || a.Reason != RevisedSince || a.Readings[0].Match != MatchRevised || a.Readings[0].Rounds {
		t.Errorf("%+v", a)
	}
	c.Stated = ""
	if a := assess(t, c, map[string]Vintages{"e": {later}}, ""); a.Reason != RevisedSince {
		t.Errorf("undated: %+v", a)
	}
	c.Stated = "2025-10-01"
	if a := assess(t, c, map[string]Vintages{"e": {later}}, ""); a.Outcome != NotSupported {
		t.Errorf("the release was out: %+v", a)
	}
	c.Stated = "2025-08-05"
	first := Vintage{"jul", "2025-08-01", parse(t, counts, "", "2025-07,4601,")}
	a = assess(t, c, map[string]Vintages{"e": {later, first}}, "")
	if len(a.Readings) != 2 || a.Readings[0].AsStated || !a.Readings[1].AsStated || a.Readings[1].Match != MatchRounds || a.Readings[1].Vintages[0].Dataset != "jul" || a.Outcome != DependsOn {
		t.Errorf("both releases are read: %+v", a)
	}
	far := Vintage{"aug", "2025-09", parse(t, counts, "", "2025-07,4700,")}
	if a := assess(t, c, map[string]Vintages{"e": {far}}, ""); a.Outcome != NotSupported {
		t.Errorf("two percent is no revision: %+v", a)
	}
}

func TestAssessConvertsMass(t *testing.T) {
	s, _ := read(t, fiscalRecipe(), fiscalHeader, []string{"2025", "JAN", "Northern Border", "Fentanyl", "X", "21148.15"})
	vs := map[string]Vintages{"w": {{"d", "2025-02", s}}}
	jan := []Span{{Kind: SpanMonth, Window: window(t, "2025-01")}}
	for unit, claimed := range map[Unit]string{Pound: "21148", Kilogram: "9593", Tonne: "9.6"} {
		c := &Check{Claim: "w", Propositions: []Proposition{{Claimed: claimed, Unit: unit, Subjects: []Subject{{Indicator: "w"}}, Spans: jan}}}
		if a := assess(t, c, vs, ""); a.Outcome != Supported || a.Readings[0].Unit != unit {
			t.Errorf("%s %s: %+v", claimed, unit, a)
		}
	}
}

func TestDeclaredReasons(t *testing.T) {
	c := &Check{Claim: "CL081", Reason: ContextOnly}
	if a := assess(t, c, nil, ""); a.Outcome != CannotBeChecked || a.Reason != ContextOnly {
		t.Errorf("%+v", a)
	}
}

func TestAssessRefusesWhatTheDataDoNotHave(t *testing.T) {
	vs := map[string]Vintages{"enc": twoYears(t)}
	for _, where := range []Where{{"state": "US-CA"}, {"component": "amo"}} {
		c := &Check{Claim: "x", Propositions: []Proposition{yoy("-93", Subject{Indicator: "enc", Where: where}, Span{Kind: SpanMonth, Window: window(t, "2025-06")})}}
		if _, err := Assess(c, data(vs), ""); err == nil || !strings.Contains(err.Error(), "check of x: propositions[0]") {
			t.Errorf("%v: %v", where, err)
		}
	}
}

func TestCheckValidateNamesEveryFault(t *testing.T) {
	c := &Check{Stated: "yesterday", Propositions: []Proposition{{Claimed: "much", Unit: "Events!", Step: "-1", Relation: "about", Basis: "weekly", Against: "always",
		Subjects: []Subject{{Part: true, Where: Where{"a": "b"}, Vary: map[string][]string{"a": {"c"}}}}, Spans: []Span{{Kind: "week"}}},
		{Claimed: "1", Unit: "events", Against: AgainstLowest, Subjects: []Subject{{Indicator: "x"}}, Spans: []Span{{Kind: SpanStated, Window: Window{MonthMust(2025, 1), MonthMust(2025, 2)}}}},
		{Claimed: "1", Unit: "events", Against: AgainstBase, Subjects: []Subject{{Indicator: "x"}}, Spans: []Span{{Kind: SpanStated, Window: One(MonthMust(2025, 1))}}}}}
	err := c.Validate()
	if err == nil {
		t.Fatal("valid")
	}
	for _, want := range []string{"claim:", "stated:", "propositions[0].claimed:", "[0].unit:", "[0].step:", "[0].relation:", "[0].basis:", "[0].against:", "[0].subjects: are all parts",
		"subjects[0].indicator:", "subjects[0].vary:", "spans[0].kind:", "spans[0]: wants exactly one", "propositions[1].claimed: has no place", "propositions[1].spans[0]: a peak or a low",
		"propositions[2].unit: a change is in percent", "propositions[2].spans[0].base:"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no fault %q in:\n%v", want, err)
		}
	}
	for _, bad := range []*Check{{Claim: "a"}, {Claim: "a", Reason: "because"}, {Claim: "a", Reason: NotAFigure, Propositions: []Proposition{yoy("1", Subject{Indicator: "x"}, Span{Kind: SpanMonth, Window: One(MonthMust(2025, 1))})}}} {
		if err := bad.Validate(); err == nil || !strings.Contains(err.Error(), "reason:") {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}

// MonthMust is a month of a test's own making.
func MonthMust(y, m int) Month {
	out, err := NewMonth(y, m)
	if err != nil {
		panic(err)
	}
	return out
}

func TestAssessmentAsJSON(t *testing.T) {
	vs := map[string]Vintages{"enc": twoYears(t)}
	c := &Check{Claim: "CL1", Stated: "2025-09-03", Propositions: []Proposition{yoy("-93", Subject{Indicator: "enc", Where: Where{"component": "ofo"}}, Span{Kind: SpanMonth, Window: window(t, "2025-06")})}}
	b, err := json.Marshal(assess(t, c, vs, ""))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"claim":"CL1","outcome":"supported","reason":"all_readings_hold","propositions":[{"claimed":"-93","unit":"percent","step":"1","outcome":"supported","reason":"all_readings_hold","holding":1,"decided":1}],` +
		`"readings":[{"proposition":0,"indicator":"enc","where":{"component":"ofo"},"basis":"total","against":"year_before","kind":"month","a":"2025-06","b":"2024-06","value_a":"7","value_b":"100","figure":"-93","unit":"events","match":"rounds","rounds":true,` +
		`"vintages":[{"dataset":"aug","released":"2025-09"}],"warnings":["vintage_after_claim"]}]}`
	if string(b) != want {
		t.Errorf("%s", b)
	}
	var back Assessment
	if err := json.Unmarshal(b, &back); err != nil || back.Readings[0].Figure.String() != "-93" || back.Readings[0].A != window(t, "2025-06") {
		t.Errorf("%+v %v", back, err)
	}
}
