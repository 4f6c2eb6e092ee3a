package scene

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
	"strings"
)

// maxSkews is how many rows of predicted loads are listed; names that somebody skews go first.
const maxSkews = 2000

// readSkews lists the predicted load of each backend of the names that are answered with several addresses.
func readSkews(ctx context.Context, tx *sql.Tx, see Sight, s *Scene) error {
	var x Skew
	var share sql.Null[float64]
	var skewed int
	err := each(ctx, tx, `SELECT COALESCE(network, ''), name, ip, COALESCE(backend, ''), COALESCE(backend_host, ''), fair, share, clients, unjudged, skewed, task_ref FROM resolver_load`,
		[]any{&x.Network, &x.Name, &x.IP, &x.Backend, &x.Host, &x.Fair, &share, &x.Clients, &x.Unjudged, &skewed, &x.Ref}, func() {
			y := x
			y.Network, y.Name, y.IP, y.Backend, y.Host = see.notes.once(x.Network), see.notes.once(x.Name), see.notes.once(x.IP), see.notes.once(x.Backend), see.notes.once(x.Host)
			y.Share, y.Skewed = number[float64](share), skewed > 0
			s.Skews = append(s.Skews, y)
		})
	slices.SortFunc(s.Skews, func(a, b Skew) int {
		return cmp.Or(cmp.Compare(b2i(!a.Skewed), b2i(!b.Skewed)), strings.Compare(a.Network, b.Network), strings.Compare(a.Name, b.Name), strings.Compare(a.Backend, b.Backend), strings.Compare(a.IP, b.IP))
	})
	if s.SkewsLeft = max(0, len(s.Skews)-maxSkews); s.SkewsLeft > 0 {
		s.Skews = slices.Clone(s.Skews[:maxSkews])
	}
	return err
}
