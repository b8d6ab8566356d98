// Package signals measures the signals of the judgement. It drives real browser automation,
// and stand-ins for people, at a form behind the gateway and records what the gateway found.
//
// Automations are the tools that bots are made of, each with its usual options. Controls are
// stand-ins for people: real browsers that run as they run on a desktop, without any option of
// automation, and that get mouse and keyboard from the X server, with the timing of a hand.
// What is found in a control would be found in people, so a signal must not find it.
//
//	go test ./e2e/signals                                                    evaluates a small recording, as a test of the evaluation
//	go test ./e2e/signals -timeout 0 -args -runs 5 -controls 60 -record FILE drives, and appends to FILE
//	go test ./e2e/signals -args -from FILE -write                            evaluates FILE and writes docs/signals.md
//
// -only drives the clients whose names contain a text, and -events FILE records what the page
// saw of each run: facts of the browser and all events. scripts/tools.sh signals installs what
// the runs need.
package signals
