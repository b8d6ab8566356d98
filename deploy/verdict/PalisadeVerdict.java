import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Checks that a request came through the Palisade gateway. For Java 17 and newer.
 * Copy this file; it needs nothing else.
 *
 * <p>In a servlet, take the body before anything else does: the signature is over its
 * bytes, and getParameter would read them. So nothing after the filter finds a body or a
 * parameter but through the wrapper, which has to offer both.
 *
 * <p>In mode {@code session} the gateway has passed the body on unread, as it may be
 * endless. The signature does not bind it, so do not read it: pass null. An app that needs
 * the body bound refuses where mode() is {@code session}.
 *
 * <pre>
 * public void doFilter(ServletRequest request, ServletResponse response, FilterChain chain) throws IOException, ServletException {
 *     var r = (HttpServletRequest) request;
 *     var lines = Collections.list(r.getHeaders(PalisadeVerdict.HEADER));
 *     byte[] body = PalisadeVerdict.isUnread(lines) ? null : r.getInputStream().readNBytes(LIMIT + 1);
 *     var verdict = body != null && body.length > LIMIT ? null : PalisadeVerdict.verify(lines, KEYS,
 *             "signup", true, r.getMethod(), r.getHeader("Host"), r.getRequestURI(), body);
 *     if (verdict == null) {
 *         ((HttpServletResponse) response).sendError(403);
 *         return;
 *     }
 *     // Kept is an HttpServletRequestWrapper: getInputStream and getReader over the body, and
 *     // getParameter, getParameterMap, getParameterNames and getParameterValues parsed from it.
 *     chain.doFilter(body == null ? r : new Kept(r, body), response);
 * }
 * </pre>
 *
 * <p>getRequestURI is the path as the client wrote it. getServletPath and getPathInfo are
 * decoded and cleaned, which is not what was signed.
 */
public record PalisadeVerdict(String site, String form, String id, String mode, long t) {
    public static final String HEADER = "Palisade-Verdict";

    private static final String SESSION = "session";
    private static final Set<String> JUDGED = Set.of("enforce", "exempt", SESSION);
    private static final Set<String> NAMES = Set.of("v", "t", "id", "site", "form", "mode", "sig");
    private static final Pattern LINE = Pattern.compile("[!-+\\--~]+(; [!-+\\--~]+){6}");
    private static final Pattern KEY = Pattern.compile("\\s*(?:\\S+\\s+)?([0-9A-Fa-f]{64})\\s*");

    /** Checks a request as of now. */
    public static PalisadeVerdict verify(List<String> lines, List<String> keys, String form, boolean judged,
            String method, String host, String target, byte[] body) {
        return verify(lines, keys, form, judged, method, host, target, body, System.currentTimeMillis());
    }

    /**
     * Returns the verdict, or null. Lines are all lines of the header. Keys are lines of
     * {@code palisade verdict-key} or their hexadecimal parts: the current one and, while it is
     * replaced, the one before. With judged, what was only watched is refused. The body may be
     * null where {@link #isUnread} holds.
     */
    public static PalisadeVerdict verify(List<String> lines, List<String> keys, String form, boolean judged,
            String method, String host, String target, byte[] body, long nowMillis) {
        List<byte[]> known = keys.stream().map(PalisadeVerdict::key).toList();
        Map<String, String> v = parse(lines);
        if (v == null || !v.get("form").equals(form) || judged && !JUDGED.contains(v.get("mode"))
                || !v.get("t").matches("[0-9]{1,15}") || Math.abs(nowMillis - 1000 * Long.parseLong(v.get("t"))) > 30_000) {
            return null;
        }
        boolean unread = v.get("mode").equals(SESSION);
        if (body == null && !unread) {
            return null;
        }
        try {
            String digest = unread ? "-" : HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(body));
            String signed = String.join("\n", "palisade-verdict/1", v.get("site"), form, host, method, path(target),
                    digest, v.get("t"), v.get("id"), v.get("mode"), "");
            boolean held = false;
            for (byte[] key : known) {
                Mac mac = Mac.getInstance("HmacSHA256");
                mac.init(new SecretKeySpec(key, "HmacSHA256"));
                byte[] sig = Base64.getUrlEncoder().withoutPadding().encode(mac.doFinal(bytes(signed)));
                held |= MessageDigest.isEqual(sig, bytes(v.get("sig"))); // in constant time
            }
            return held ? new PalisadeVerdict(v.get("site"), form, v.get("id"), v.get("mode"), Long.parseLong(v.get("t"))) : null;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e); // every Java has both
        }
    }

    /** Reports whether the verdict says that nobody has read the body, nor has to. */
    public static boolean isUnread(List<String> lines) {
        Map<String, String> v = parse(lines);
        return v != null && v.get("mode").equals(SESSION);
    }

    private static Map<String, String> parse(List<String> lines) {
        // A server that joins two headers does so with a comma, which no verdict holds.
        if (lines.size() != 1 || lines.get(0).length() > 1024 || !LINE.matcher(lines.get(0)).matches()) {
            return null;
        }
        Map<String, String> v = new HashMap<>();
        for (String pair : lines.get(0).split("; ")) {
            String[] parts = pair.split("=", 2);
            v.put(parts[0], parts.length == 2 ? parts[1] : "");
        }
        // Of two members with one name one is lost, and then one is missing.
        return v.keySet().equals(NAMES) && v.get("v").equals("1") ? v : null;
    }

    // A key that is not set must not become the empty key, with which anybody can sign.
    private static byte[] key(String text) {
        Matcher match = KEY.matcher(text == null ? "" : text);
        if (!match.matches()) {
            throw new IllegalArgumentException("the key is a line of what `palisade verdict-key` prints");
        }
        return HexFormat.of().parseHex(match.group(1));
    }

    // The path as it is signed, a character a byte, as it need not be UTF-8: escapes decoded
    // once, or as it stands when one is broken.
    private static String path(String target) {
        String path = target.replaceFirst("^[^/?]*://[^/?]*", "").split("\\?", 2)[0];
        if (!Pattern.compile("%(?![0-9A-Fa-f]{2})").matcher(path).find()) {
            path = Pattern.compile("%(..)").matcher(path).replaceAll(
                    m -> Matcher.quoteReplacement(String.valueOf((char) Integer.parseInt(m.group(1), 16))));
        }
        return path.isEmpty() ? "/" : path;
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }
}
