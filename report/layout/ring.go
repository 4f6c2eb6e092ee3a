package layout

// quarter is the sine of 0 to 90 degrees in steps of one, in parts of 1<<14.
var quarter = [91]int{0, 286, 572, 857, 1143, 1428, 1713, 1997, 2280, 2563, 2845, 3126, 3406, 3686, 3964, 4240, 4516, 4790, 5063, 5334, 5604,
	5872, 6138, 6402, 6664, 6924, 7182, 7438, 7692, 7943, 8192, 8438, 8682, 8923, 9162, 9397, 9630, 9860, 10087, 10311, 10531,
	10749, 10963, 11174, 11381, 11585, 11786, 11982, 12176, 12365, 12551, 12733, 12911, 13085, 13255, 13421, 13583, 13741, 13894, 14044, 14189,
	14330, 14466, 14598, 14726, 14849, 14968, 15082, 15191, 15296, 15396, 15491, 15582, 15668, 15749, 15826, 15897, 15964, 16026, 16083, 16135,
	16182, 16225, 16262, 16294, 16322, 16344, 16362, 16374, 16382, 16384}

// sine of an angle in tenths of a degree, in parts of 1<<14.
func sine(tenths int) int {
	tenths = (tenths%3600 + 3600) % 3600
	switch {
	case tenths > 1800:
		return -sine(tenths - 1800)
	case tenths > 900:
		return sine(1800 - tenths)
	}
	d, rest := tenths/10, tenths%10
	if rest == 0 {
		return quarter[d]
	}
	return quarter[d] + (quarter[d+1]-quarter[d])*rest/10
}

// Ring sets n points on an ellipse around the centre c, the first at the top, clockwise. One point stands in the centre.
func Ring(n int, c Point, rx, ry int) []Point {
	if n == 1 {
		return []Point{c}
	}
	out := make([]Point, n)
	for i := range out {
		a := 3600 * i / n
		out[i] = Point{c.X + floorDiv(rx*sine(a)+1<<13, 1<<14), c.Y - floorDiv(ry*sine(a+900)+1<<13, 1<<14)}
	}
	return out
}
