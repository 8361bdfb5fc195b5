package webhook

// positions is a min-heap of positions.
type positions []int64

func (p *positions) push(v int64) {
	*p = append(*p, v)
	h := *p
	for i := len(h) - 1; i > 0; {
		up := (i - 1) / 2
		if h[up] <= h[i] {
			break
		}
		h[up], h[i] = h[i], h[up]
		i = up
	}
}

func (p *positions) pop() int64 {
	h := *p
	v, n := h[0], len(h)-1
	h[0] = h[n]
	*p = h[:n]
	h = *p
	for i := 0; ; {
		low := 2*i + 1
		if low >= n {
			break
		}
		if low+1 < n && h[low+1] < h[low] {
			low++
		}
		if h[i] <= h[low] {
			break
		}
		h[i], h[low] = h[low], h[i]
		i = low
	}
	return v
}

// dueRows is a heap of the rows that have a time, earliest first, of one time lowest position first.
type dueRows []*row

func (d dueRows) Len() int { return len(d) }

func (d dueRows) Less(i, j int) bool { return d[i].sooner(d[j]) }

// sooner reports whether it is a row's turn before another's; of those whose turn is at one instant, the oldest is first.
func (r *row) sooner(than *row) bool {
	if !r.at.Equal(than.at) {
		return r.at.Before(than.at)
	}
	return r.position < than.position
}

func (d dueRows) Swap(i, j int) {
	d[i], d[j] = d[j], d[i]
	d[i].index, d[j].index = i, j
}

func (d *dueRows) Push(x any) {
	r := x.(*row)
	r.index = len(*d)
	*d = append(*d, r)
}

func (d *dueRows) Pop() any {
	old := *d
	r := old[len(old)-1]
	r.index = -1
	*d = old[:len(old)-1]
	return r
}
