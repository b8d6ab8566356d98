module github.com/palisade-dev/palisade/cmd/palisade

go 1.26.0

require github.com/palisade-dev/palisade v0.0.0

require (
	github.com/alecthomas/kong v1.17.0 // indirect
	github.com/rogpeppe/go-internal v1.15.0 // indirect
	golang.org/x/net v0.62.0 // indirect
)

replace github.com/palisade-dev/palisade => ../..
