package nftables

import (
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/netmortem/netmortem/schema"
)

// setFlags are the bits NFT_SET_*.
var setFlags = []string{"anonymous", "constant", "interval", "map", "timeout", "eval", "object", "concat", "expr"}

// ParseSet reads the message NFT_MSG_NEWSET. The caller fills in the namespace.
func ParseSet(msg []byte) (uint8, schema.NftSet, error) {
	fam, a, err := body(msg, 18)
	if err != nil {
		return fam, schema.NftSet{}, fmt.Errorf("set: %w", err)
	}
	return fam, schema.NftSet{
		Family: Family(fam), Tbl: str(a[1]), Name: str(a[2]), Flags: flags(be32(a[3]), setFlags),
		KeyType: int64(be32(a[4])), KeyLen: int64(be32(a[5])), DataType: int64(be32(a[6])), DataLen: int64(be32(a[7])),
	}, nil
}

// ParseElements reads the message NFT_MSG_NEWSETELEM: one part of a set's elements.
func ParseElements(msg []byte) ([]schema.NftElement, error) {
	fam, a, err := body(msg, 4)
	if err != nil {
		return nil, fmt.Errorf("elements: %w", err)
	}
	list, err := parse(a[3])
	rows := make([]schema.NftElement, 0, len(list))
	for _, l := range list {
		e := known(l.data, 11)
		row := schema.NftElement{
			Family: Family(fam), Tbl: str(a[1]), Set: str(a[2]), Flags: flags(be32(e[3]), []string{"interval_end", "catchall"}),
			Key: hex.EncodeToString(known(e[1], 2)[1]),
		}
		if e[10] != nil {
			row.KeyEnd = hex.EncodeToString(known(e[10], 2)[1])
		}
		switch d := known(e[2], 2); {
		case e[9] != nil: // NFTA_SET_ELEM_OBJREF
			row.Data = str(e[9])
		case d[2] != nil:
			row.Data = verdict(d[2])
		default:
			row.Data = hex.EncodeToString(d[1])
		}
		rows = append(rows, row)
	}
	if err != nil {
		return rows, fmt.Errorf("elements of %s %s: %w", str(a[1]), str(a[2]), err)
	}
	return rows, nil
}

// Verdicts: NF_* of netfilter.h and enum nft_verdicts.
const (
	vDrop     = 0
	vAccept   = 1
	vQueue    = 3
	vContinue = -1
	vBreak    = -2
	vJump     = -3
	vGoto     = -4
	vReturn   = -5
)

// verdict puts NFTA_DATA_VERDICT into nft's words.
func verdict(b []byte) string {
	v := known(b, 3)
	code, chain := int32(be32(v[1])), str(v[2])
	switch code {
	case vDrop:
		return "drop"
	case vAccept:
		return "accept"
	case vQueue:
		return "queue"
	case vContinue:
		return "continue"
	case vBreak:
		return "break"
	case vJump:
		return "jump " + chain
	case vGoto:
		return "goto " + chain
	case vReturn:
		return "return"
	}
	return fmt.Sprintf("verdict#%d", code)
}

// flags names the bits that are set; one without a name stands as a hexadecimal number.
func flags(v uint32, names []string) string {
	var out []string
	for i := range 32 {
		if v&(1<<i) == 0 {
			continue
		}
		if i < len(names) {
			out = append(out, names[i])
		} else {
			out = append(out, fmt.Sprintf("0x%x", uint32(1)<<i))
		}
	}
	return strings.Join(out, ",")
}
