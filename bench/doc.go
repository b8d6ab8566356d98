// Package bench measures the gateway against a plain Go reverse proxy, and has it
// meet clients that want it to stand still.
//
//	go test -run='^$' -bench=. .                        // all, about a minute
//	go test -run='^$' -bench=Small -count=5 .           // one, five times
//	go test -run='^$' -bench=Page -profile=/tmp/prof .  // and where the time goes
//
// What is compared runs in processes of its own, one for each proxy and one for the
// app, over loopback. The processor time of the proxy's process is read from the
// kernel, so what the app and the load generator take does not count. Rounds of
// both proxies alternate and each is compared with the one beside it; the medians
// are reported. A machine that others use too still changes the times, so only the
// ratio, or what the guard adds, is to be looked at:
//
//	plain-µs, guarded-µs   processor time of a request
//	ratio                  guarded / plain
//	added-µs               guarded - plain
//
// A benchmark that misses what it is to reach says so and does not fail.
//
// The program in folder soak runs the gateway under load for as long as one likes.
package bench
