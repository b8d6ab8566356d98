module github.com/palisade-dev/palisade

go 1.25.0
