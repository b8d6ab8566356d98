// Package bench measures the gateway against a plain Go reverse proxy, and tests it with
// clients that try to block it.
//
//	go test -run='^$' -bench=. .                        // all, about a minute
//	go test -run='^$' -bench=Small -count=5 .           // one, five times
//	go test -run='^$' -bench=Page -profile=/tmp/prof .  // and where the time goes
//
// Each proxy and the app run in a process of their own, over loopback. The kernel reports
// the processor time of the proxy's process, so the time of the app and of the load
// generator does not count. Rounds of both proxies alternate, and each round is compared
// with the one beside it. The benchmarks report the medians. Other users of the machine
// still change the times, so compare only the ratio, or the time that the guard adds:
//
//	plain-µs, guarded-µs   processor time of a request
//	ratio                  guarded / plain
//	added-µs               guarded - plain
//
// A benchmark that misses its target reports this and does not fail.
//
// The program in folder soak runs the gateway under load for any length of time.
package bench
