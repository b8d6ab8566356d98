module github.com/palisade-dev/palisade/cmd/palisade

go 1.25.0

require (
	github.com/alecthomas/kong v1.17.0
	github.com/palisade-dev/palisade v0.0.0
	github.com/rogpeppe/go-internal v1.15.0
	golang.org/x/net v0.57.0
)

require (
	golang.org/x/sys v0.47.0 // indirect
	golang.org/x/tools v0.48.0 // indirect
)

replace github.com/palisade-dev/palisade => ../..
