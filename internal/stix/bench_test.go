package stix

import (
	"bytes"
	"testing"
)

// BenchmarkValidate parses and validates a bundle of 100 objects.
func BenchmarkValidate(b *testing.B) {
	marked, _, err := Mark(examples(b), handling(), "identity--5b4f3b0e-2f0e-4b9e-8a57-0d6a1c3e9f10", releaseTime)
	if err != nil {
		b.Fatal(err)
	}
	var hundred []*Object
	for len(hundred) < 100 {
		hundred = append(hundred, marked...)
	}
	var doc bytes.Buffer
	if err := WriteBundle(&doc, bundleID, hundred[:100]); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.SetBytes(int64(doc.Len()))
	for b.Loop() {
		bundle, err := ParseBundle(bytes.NewReader(doc.Bytes()), Limits{})
		if err != nil {
			b.Fatal(err)
		}
		if f := ValidateBundle(bundle); Refused(f) {
			b.Fatal(listing(f))
		}
	}
	b.ReportMetric(100*float64(b.N)/b.Elapsed().Seconds(), "stix-objects/s")
}
