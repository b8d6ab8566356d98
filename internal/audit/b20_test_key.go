package audit

import (
	"bytes"
	"context"
)

var b20 = &Rule{
	ID: "B20", Title: "The page has a public test key", Severity: Medium, Fix: noBackDoor, Shots: 0,
	Why:  "With the vendor's test keys every token passes. They are for tests, not for a site that people use.",
	Refs: Refs{CWE: 1392, ASVS: "13.4.2"},
	check: func(_ context.Context, p *Probe) Result {
		for _, key := range testKeys {
			if bytes.Contains(p.first.answer.Body, []byte(key)) {
				if p.spec.Token == "testkey" {
					return leftOut("this audit was told that the app has test keys; see to it that the real site has its own")
				}
				return fail(nil, "The page has the public test key %s.", key)
			}
		}
		return pass("The page has none of the %d public test keys.", len(testKeys))
	},
}

// testKeys are the vendors' public site keys, from their documents.
var testKeys = []string{
	"1x00000000000000000000AA", "2x00000000000000000000AB", "1x00000000000000000000BB", "2x00000000000000000000BB", "3x00000000000000000000FF",
	"10000000-ffff-ffff-ffff-000000000001", "20000000-ffff-ffff-ffff-000000000002", "30000000-ffff-ffff-ffff-000000000003",
	"6LeIxAcTAAAAAJcZVRqyHh71UMIEGNQ_MXjiZKhI", "aaaaaaaabbbbccccddddeeeeeeeeeeee", "5EARALUe4HXQwKo5KanZSGGKqJV4VTaytpezFwv8ZHbZewmh",
}
