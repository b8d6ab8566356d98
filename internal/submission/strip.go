package submission

import "bytes"

// Without returns the body as it would have been sent without the fields that
// own names: they are cut out whole, and all else stays byte for byte.
func (s *Submission) Without(own func(name string) bool) []byte {
	cut := false
	for i := range s.fields {
		cut = cut || own(s.fields[i].Name)
	}
	switch {
	case !cut:
		return s.body
	case s.json:
		return s.membersWithout(own)
	case s.boundary != "":
		return s.partsWithout(own)
	}
	return s.pairsWithout(own)
}

func (s *Submission) pairsWithout(own func(string) bool) []byte {
	kept := make([][]byte, 0, len(s.fields))
	fields, from := s.fields, 0
	for pair := range bytes.SplitSeq(s.body, []byte("&")) {
		mine := false
		if len(fields) > 0 && fields[0].from == from { // an empty pair is no field
			mine = own(fields[0].Name)
			fields = fields[1:]
		}
		if !mine {
			kept = append(kept, pair)
		}
		from += len(pair) + 1
	}
	return bytes.Join(kept, []byte("&"))
}

func (s *Submission) partsWithout(own func(string) bool) []byte {
	kept := make([]byte, 0, len(s.body))
	from := 0
	for i := range s.fields {
		if f := &s.fields[i]; own(f.Name) {
			kept = append(kept, s.body[from:f.from]...)
			from = f.to
		}
	}
	return append(kept, s.body[from:]...)
}

func (s *Submission) membersWithout(own func(string) bool) []byte {
	kept := make([][]byte, 0, len(s.fields))
	for i := range s.fields {
		if f := &s.fields[i]; !own(f.Name) {
			kept = append(kept, bytes.TrimLeft(s.body[f.from:f.to], " \t\r\n,"))
		}
	}
	return append(append([]byte("{"), bytes.Join(kept, []byte(","))...), '}')
}
