import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** A small app that requires the verdict. */
public class App {
    private static final List<String> KEYS = List.of(System.getenv("PALISADE_VERDICT_KEY"));
    private static final List<String> users = new CopyOnWriteArrayList<>();

    public static void main(String[] args) throws IOException {
        var server = HttpServer.create(new InetSocketAddress("127.0.0.1", Integer.parseInt(System.getenv("PORT"))), 0);
        server.createContext("/", App::handle);
        server.start();
    }

    private static void handle(HttpExchange x) throws IOException {
        if (x.getRequestMethod().equals("GET")) {
            answer(x, 200, String.join("", users.stream().map(user -> user + "\n").toList()));
            return;
        }
        var lines = x.getRequestHeaders().getOrDefault(PalisadeVerdict.HEADER, List.of());
        var host = x.getRequestHeaders().getFirst("Host");
        byte[] body = PalisadeVerdict.isUnread(lines) ? null : x.getRequestBody().readAllBytes();
        String path = x.getRequestURI().getRawPath();
        if (PalisadeVerdict.verify(lines, KEYS, "signup", true, x.getRequestMethod(), host, path, body) == null) {
            answer(x, 403, "Forbidden\n");
            return;
        }
        if (body == null) {
            body = x.getRequestBody().readAllBytes();
        }
        signup(new String(body, StandardCharsets.UTF_8));
        answer(x, 200, "done");
    }

    private static void signup(String body) {
        String user = body.replaceFirst("^(?s:(?:.*&)?user=([^&]*).*)$", "$1");
        users.add(URLDecoder.decode(user, StandardCharsets.UTF_8));
    }

    private static void answer(HttpExchange x, int status, String text) throws IOException {
        byte[] body = text.getBytes(StandardCharsets.UTF_8);
        x.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
        x.getResponseBody().write(body);
        x.close();
    }
}
