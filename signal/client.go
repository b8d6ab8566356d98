package signal

import (
	"net/http"
	"strconv"
	"strings"
)

// Reasons of the signal "client".
const (
	ReasonHeadless       Reason = "headless"         // the browser names itself headless
	ReasonNoLanguage     Reason = "no-language"      // a browser without Accept-Language
	ReasonNoFetchHeaders Reason = "no-fetch-headers" // a browser that sends Sec-Fetch-Mode, without it
	ReasonFetchHeaders   Reason = "fetch-headers"    // Sec-Fetch headers that no browser sends together
	ReasonHints          Reason = "hints"            // client hints of a browser that has none, or of another version
	ReasonHintsSystem    Reason = "hints-system"     // client hints of another system
	ReasonBrand          Reason = "brand"            // a made-up brand that this version does not make up
)

// inspectClient compares what the headers of a submission say about the browser. A program
// that names no browser says nothing wrong.
func inspectClient(e *Evidence, list []Finding) []Finding {
	h := e.Header
	b := browserOf(first(h, "User-Agent"))
	if b.family == "" {
		return list
	}
	found := func(is bool, why Reason) {
		if is {
			list = append(list, Finding{Reason: why})
		}
	}
	found(b.headless, ReasonHeadless)
	found(!e.Told && len(h["Accept-Language"]) == 0, ReasonNoLanguage)
	mode, dest := first(h, "Sec-Fetch-Mode"), first(h, "Sec-Fetch-Dest")
	found(!e.Told && mode == "" && len(h["Sec-Fetch-Site"]) == 0 && b.sendsMetadata() && overTLS(h), ReasonNoFetchHeaders)
	found(!e.Told && mode != "" && !fitTogether(mode, dest, h), ReasonFetchHeaders)
	brands := first(h, "Sec-Ch-Ua")
	if brands == "" {
		return list
	}
	hinted := majorOf(brands, "Chromium")
	found(b.family != chromium || hinted > 0 && hinted != b.major, ReasonHints)
	found(b.contradicts(first(h, "Sec-Ch-Ua-Platform")), ReasonHintsSystem)
	found(b.family == chromium && b.major >= firstMadeUp && hinted == b.major && !strings.Contains(brands, madeUpBrand(b.major)), ReasonBrand)
	return list
}

// browser is what a user agent says.
type browser struct {
	family   string
	major    int
	system   string
	headless bool
}

const (
	chromium = "chromium"
	firefox  = "firefox"
	safari   = "safari"
)

// browserOf reads the parts of a user agent that current browsers freeze. The family is
// "" for one that it does not know.
func browserOf(agent string) (b browser) {
	if !strings.HasPrefix(agent, "Mozilla/5.0 (") {
		return b
	}
	switch {
	case strings.Contains(agent, "HeadlessChrome/"):
		b.family, b.major, b.headless = chromium, versionAfter(agent, "HeadlessChrome/"), true
	case strings.Contains(agent, " Chrome/"):
		b.family, b.major = chromium, versionAfter(agent, " Chrome/")
	case strings.Contains(agent, " Firefox/"):
		b.family, b.major = firefox, versionAfter(agent, " Firefox/")
	case strings.Contains(agent, " Version/") && strings.Contains(agent, " Safari/"):
		b.family, b.major = safari, versionAfter(agent, " Version/")
	}
	for _, s := range [...]struct{ word, system string }{ // Android and iOS name Linux and Mac OS X too
		{"Android", "Android"}, {"iPhone", "iOS"}, {"iPad", "iOS"}, {"CrOS", "Chrome OS"}, {"Windows", "Windows"}, {"Macintosh", "macOS"}, {"Linux", "Linux"},
	} {
		if strings.Contains(agent, s.word) {
			b.system = s.system
			break
		}
	}
	return b
}

func versionAfter(agent, name string) int {
	_, rest, _ := strings.Cut(agent, name)
	end := strings.IndexFunc(rest, func(c rune) bool { return c < '0' || c > '9' })
	if end < 0 {
		end = len(rest)
	}
	n, err := strconv.Atoi(rest[:end])
	if err != nil {
		return 0
	}
	return n
}

// sendsMetadata reports whether the browser sends Sec-Fetch-Mode over TLS: Chrome from 80,
// Firefox from 90, Safari from 16.4 on (MDN, browser compatibility data).
func (b browser) sendsMetadata() bool {
	return b.family == chromium && b.major >= 80 || b.family == firefox && b.major >= 90 || b.family == safari && b.major >= 17
}

// contradicts reports whether a hint names another system than the user agent. A phone that
// asks for the desktop's page says Linux, and an iPad says macOS.
func (b browser) contradicts(hint string) bool {
	hint = strings.Trim(hint, `"`)
	switch {
	case hint == "" || b.system == "" || hint == b.system:
		return false
	case hint == "Android" && b.system == "Linux", hint == "Chromium OS" && b.system == "Chrome OS":
		return false
	}
	return true
}

// overTLS reports whether the client says that its page came over TLS. A browser sends no
// Sec-Fetch headers otherwise.
func overTLS(h http.Header) bool { return strings.HasPrefix(first(h, "Origin"), "https://") }

// fitTogether reports whether a browser sends a mode with this destination (Fetch,
// "Request").
func fitTogether(mode, dest string, h http.Header) bool {
	navigates := mode == "navigate"
	switch dest {
	case "document", "iframe", "frame", "fencedframe", "embed", "object":
		return navigates
	case "":
		return len(h["Sec-Fetch-Dest"]) == 0 // it was left out on the way
	}
	return !navigates && len(h["Sec-Fetch-User"]) == 0
}

// majorOf returns the version of a brand in Sec-CH-UA, or 0.
func majorOf(brands, name string) int {
	_, rest, found := strings.Cut(brands, `"`+name+`";v="`)
	if !found {
		return 0
	}
	return versionAfter(`v="`+rest, `v="`)
}

// firstMadeUp is a version from which all of Chromium makes brands up in this way.
const firstMadeUp = 110

// madeUpBrand returns the brand that Chromium makes up for a version, so that nobody relies
// on the list (Chromium, components/embedder_support/user_agent_utils.cc).
func madeUpBrand(major int) string {
	const chars = " (:-./);=?_"
	versions := [...]string{"8", "99", "24"}
	return `"Not` + chars[major%len(chars):major%len(chars)+1] + "A" + chars[(major+1)%len(chars):(major+1)%len(chars)+1] +
		`Brand";v="` + versions[major%len(versions)] + `"`
}

func first(h http.Header, name string) string {
	if lines := h[name]; len(lines) > 0 {
		return lines[0]
	}
	return ""
}
