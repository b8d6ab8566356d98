package signal

// Reasons of the signal "browser".
const (
	ReasonWebDriver  Reason = "webdriver"  // the browser says that a program drives it
	ReasonPatched    Reason = "patched"    // a script hides whether a program drives it
	ReasonDriver     Reason = "driver"     // a driver left its names in the page
	ReasonFrames     Reason = "frames"     // a driver's script made the events of the page
	ReasonFullScreen Reason = "fullscreen" // the view is as large as the screen
)

// inspectBrowser looks at what the page's script saw of the browser.
func inspectBrowser(e *Evidence, list []Finding) []Finding {
	if e.Report == nil {
		return list
	}
	for _, about := range [...]struct {
		what Environment
		why  Reason
	}{
		{WebDriver, ReasonWebDriver}, {Patched, ReasonPatched}, {Driver, ReasonDriver}, {Frames, ReasonFrames}, {Bare, ReasonFullScreen},
	} {
		if e.Report.Environment.Has(about.what) {
			list = append(list, Finding{Reason: about.why})
		}
	}
	return list
}
