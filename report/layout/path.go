package layout

import (
	"strconv"
	"strings"
)

// A Point is a place in pixels, to the right and down.
type Point struct{ X, Y int }

// A Path is the way of an edge: a start, then three points for each cubic Bézier curve, of which the last is on the way.
type Path []Point

// String is the path as SVG's attribute d has it.
func (p Path) String() string {
	var b strings.Builder
	for i, q := range p {
		switch {
		case i == 0:
			b.WriteByte('M')
		case i%3 == 1:
			b.WriteByte('C')
		default:
			b.WriteByte(' ')
		}
		b.WriteString(strconv.Itoa(q.X))
		b.WriteByte(' ')
		b.WriteString(strconv.Itoa(q.Y))
	}
	return b.String()
}

const (
	fine  = 64 // parts of a pixel in which a curve is cut
	steps = 32 // parts of a curve by which its length is measured
)

// Cut divides a path at a part of its length, in thousandths; at is on both sides.
func (p Path) Cut(thousandths int) (before, after Path, at Point) {
	if len(p) < 4 {
		return p, p, Point{}
	}
	var lengths []int // of the way up to the end of each step
	total := 0
	for c := 0; c+3 < len(p); c += 3 {
		last := scaled(p[c])
		for s := 1; s <= steps; s++ {
			q := curveAt(p[c:c+4], s)
			total += root((q.X-last.X)*(q.X-last.X) + (q.Y-last.Y)*(q.Y-last.Y))
			lengths = append(lengths, total)
			last = q
		}
	}
	want := total * min(max(thousandths, 0), 1000) / 1000
	i := 0
	for i < len(lengths)-1 && lengths[i] < want {
		i++
	}
	c, s := i/steps*3, i%steps+1
	left, right := divide(p[c:c+4], s)
	before = append(append(Path{}, p[:c+1]...), left[1:]...)
	after = append(append(Path{}, right...), p[c+4:]...)
	return before, after, right[0]
}

// Direction is where a path leads at its end, as a vector of about a thousand.
func (p Path) Direction() Point {
	if len(p) < 4 {
		return Point{1000, 0}
	}
	end := p[len(p)-1]
	for i := len(p) - 2; i >= 0; i-- {
		d := Point{end.X - p[i].X, end.Y - p[i].Y}
		if l := root((d.X*d.X + d.Y*d.Y) * 10000); l > 0 {
			return Point{d.X * 100000 / l, d.Y * 100000 / l}
		}
	}
	return Point{1000, 0}
}

func scaled(p Point) Point { return Point{p.X * fine, p.Y * fine} }

func unscaled(p Point) Point {
	return Point{floorDiv(p.X+fine/2, fine), floorDiv(p.Y+fine/2, fine)}
}

func between(a, b Point, s int) Point {
	return Point{floorDiv(a.X*(steps-s)+b.X*s, steps), floorDiv(a.Y*(steps-s)+b.Y*s, steps)}
}

// corner is de Casteljau's scheme for a curve at s of steps, in parts of a pixel.
func corner(p Path, s int) (ab, bc, cd, abc, bcd, at Point) {
	a, b, c, d := scaled(p[0]), scaled(p[1]), scaled(p[2]), scaled(p[3])
	ab, bc, cd = between(a, b, s), between(b, c, s), between(c, d, s)
	abc, bcd = between(ab, bc, s), between(bc, cd, s)
	return ab, bc, cd, abc, bcd, between(abc, bcd, s)
}

func curveAt(p Path, s int) Point {
	_, _, _, _, _, at := corner(p, s)
	return at
}

func divide(p Path, s int) (left, right Path) {
	ab, _, cd, abc, bcd, at := corner(p, s)
	m := unscaled(at)
	return Path{p[0], unscaled(ab), unscaled(abc), m}, Path{m, unscaled(bcd), unscaled(cd), p[3]}
}
