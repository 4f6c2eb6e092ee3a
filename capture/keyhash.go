package capture

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"
	"strings"
)

// keyHasher makes, of the keys of one IPsec association, what may be written down.
//
// The hash is HMAC-SHA256 of the key, under a key that is made of the association's own name. Both ends of an association
// have that name, so they get the same hash if they hold the same key. The same key in another association gives another
// hash, so nobody can tell which associations share one, and a table of hashes made in advance helps for one association
// only.
type keyHasher struct {
	src, dst   netip.Addr
	spi, proto int64
}

// keyHashDomain keeps these hashes apart from any other use of the same keys.
const keyHashDomain = "netmortem xfrm key 1"

// keyHashSize is how many bytes of it are kept: enough to tell two keys apart, and less than a key.
const keyHashSize = 16

// alg reads an algorithm: a name of 64 bytes, the length of the key in bits, what else there is up to header, and the key.
// The hash is empty when there is no key, or when the kernel hides it and shows zeros (lockdown).
func (h keyHasher) alg(role string, v []byte, header int) (name string, keyBits int64, hash string) {
	if len(v) < header {
		return algName(v), 0, ""
	}
	name, keyBits = algName(v), u32(v[64:])
	size := (keyBits + 7) / 8
	if size <= 0 || size > int64(len(v)-header) {
		return name, keyBits, ""
	}
	return name, keyBits, h.hash(role, name, v[header:header+int(size)])
}

// hash is the hash of a key in hex. Nothing of the key stays in memory but in key itself.
func (h keyHasher) hash(role, alg string, key []byte) string {
	if zero(key) {
		return ""
	}
	name := fmt.Sprintf("%s|%s|%s|%s|%s|%d|%d", keyHashDomain, role, alg, h.src, h.dst, h.spi, h.proto)
	m := hmac.New(sha256.New, []byte(name))
	m.Write(key)
	sum := m.Sum(nil)
	m.Write(make([]byte, sha256.BlockSize)) // the end of the key still waits in the block of the hash
	return hex.EncodeToString(sum[:keyHashSize])
}

// algName is the name of an algorithm, in the letters that the kernel's crypto names are made of: whatever else may stand
// in its place is not written down.
func algName(v []byte) string {
	name := cstring(v[:min(len(v), 64)])
	if strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789()_-,") != "" {
		return ""
	}
	return name
}
