package fold

import "strings"

// The form of a post-quantum hybrid recipient of age: "age1pq1" and Bech32 (BIP 173,
// without its limit of length) of the 1216 bytes of an ML-KEM-768 and an X25519 key.
const (
	hybridPrefix  = "age1pq"
	hybridLength  = len(hybridPrefix) + 1 + (1216*8+4)/5 + 6
	bech32Charset = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
)

// hybridRecipient reports whether s has the form of a post-quantum recipient, its
// checksum included.
func hybridRecipient(s string) bool {
	data, ok := strings.CutPrefix(s, hybridPrefix+"1")
	if !ok || len(s) != hybridLength {
		return false
	}
	sum := uint32(1)
	for _, c := range []byte(hybridPrefix) {
		sum = bech32Step(sum, c>>5)
	}
	sum = bech32Step(sum, 0)
	for _, c := range []byte(hybridPrefix) {
		sum = bech32Step(sum, c&31)
	}
	for _, c := range []byte(data) {
		v := strings.IndexByte(bech32Charset, c)
		if v < 0 {
			return false
		}
		sum = bech32Step(sum, byte(v))
	}
	return sum == 1
}

// bech32Step takes one value of five bits into the checksum.
func bech32Step(sum uint32, v byte) uint32 {
	top := sum >> 25
	sum = sum&0x1ffffff<<5 ^ uint32(v)
	for i, g := range [...]uint32{0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3} {
		if top>>i&1 == 1 {
			sum ^= g
		}
	}
	return sum
}
