import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.List;

/** Prints the mode of a verdict, and whether the body was read; see unread_test.go. */
public class Unread {
    public static void main(String[] args) throws IOException {
        var lines = List.of(args[1]);
        var in = new ByteArrayInputStream(new byte[] {'a', '=', '1'});
        byte[] body = PalisadeVerdict.isUnread(lines) ? null : in.readAllBytes();
        var v = PalisadeVerdict.verify(lines, List.of(args[0]), "signup", true, "POST", "example.com", "/signup", body);
        System.out.println(v == null ? "refused" : v.mode() + ", " + (in.available() == 3 ? "unread" : "read"));
        if (PalisadeVerdict.verify(lines, List.of(args[0]), "signup", true, "POST", "example.com", "/signup", null) == null) {
            System.out.println("without a body: refused");
        }
    }
}
